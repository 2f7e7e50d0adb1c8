//! Files in every format: what is read is records with the fields that were told before, or an error.

use super::fuzz;
use flow_data::arrow::datatypes::DataType;
use flow_data::formats::{Column, Compression, Encoding, Format, OnBadRecord, Reading, Source, Writing};
use flow_data::{Spool, Stream};

/// Reads to the end or to an error.
fn read_all(stream: &Stream) {
    let Ok(batches) = stream.batches() else { return };
    for batch in batches.map_while(Result::ok) {
        assert_eq!(batch.schema().fields(), stream.schema().fields());
    }
}

/// Reads bytes as a file, in every way that bad records can be treated.
fn read(format: &Format, input: &[u8], changes: impl Fn(Reading) -> Reading) {
    let source = Source::bytes(input.to_vec());
    for on_bad in [OnBadRecord::Fail, OnBadRecord::Skip] {
        let reading = changes(Reading { on_bad, ..Reading::new(format.clone()) });
        if let Ok(stream) = reading.read(&source) {
            read_all(&stream);
        }
    }
    if let Ok((good, bad)) = changes(Reading::new(format.clone())).read_parted(&source, &Spool::in_memory()) {
        read_all(&good);
        read_all(&bad);
    }
    changes(Reading::new(format.clone())).schema(&source, 10).ok();
}

fn columns() -> Vec<Column> {
    vec![Column::new("id", DataType::Int64), Column::new("at", DataType::Date32), Column::new("a", DataType::Boolean)]
}

#[test]
fn any_csv_is_records_or_an_error() {
    let csv = |header, delimiter, columns| Format::Csv { header, delimiter, quote: b'"', columns, crlf: false };
    let formats = [csv(true, b',', vec![]), csv(false, b';', vec![]), csv(true, b',', columns())];
    let samples = [
        "id,name,at\n1,\"Zoë, \"\"x\"\"\",2024-01-01\n2,,\n",
        "a;b\r\n1.5;true\r\n\r\n2;false",
        "id\n9223372036854775807\n",
        "x,x,\n1,2,3\n1,2\n1,2,3,4\n",
    ];
    fuzz(
        "csv",
        samples.map(|sample| sample.as_bytes().to_vec()).to_vec(),
        &[",", ";", "\"", "\n", "\r\n", "id"],
        |input| {
            formats.iter().for_each(|format| read(format, input, |reading| reading));
        },
    );
}

#[test]
fn any_json_is_records_or_an_error() {
    let json = |records: &str, columns| Format::Json { records: records.to_owned(), columns };
    let lines = |columns| Format::JsonLines { columns };
    let formats = [json("", vec![]), json("data.items", vec![]), json("", columns()), lines(vec![]), lines(columns())];
    let samples = [
        r#"[{"id": 1, "tags": ["a", null], "of": {"x": 1.5, "y": []}}, {"id": "two", "of": null, "more": true}]"#,
        r#"{"data": {"items": [{"id": 1}, {"id": 2, "at": "2024-01-01"}]}}"#,
        "{\"id\": 1}\n{\"id\": 2, \"a\": [[1], [[2]]]}\n\n{\"b\": {\"c\": {}}}\n",
        "[1, \"a\", null, [], {}]",
    ];
    let words =
        ["{", "}", "[", "]", ":", ",", "\"", "\"id\"", "\"data\"", "\"items\"", "1e5", "\\u0000", "\\ud800", "\n"];
    fuzz("json", samples.map(|sample| sample.as_bytes().to_vec()).to_vec(), &words, |input| {
        formats.iter().for_each(|format| read(format, input, |reading| reading));
    });
}

#[test]
fn any_xml_is_records_or_an_error() {
    let xml = |records: &str, columns| Format::Xml { records: records.to_owned(), columns };
    let formats = [xml("a/b", vec![]), xml("", vec![]), xml("a/b", columns())];
    let samples = [
        "<?xml version=\"1.0\"?><a x='1'><b id=\"1\"><c>t &amp; u</c><c/></b><!-- n --><b id='2'>x<c>y</c></b></a>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a><b><![CDATA[ <x> ]]></b></a>",
        "<!DOCTYPE a [<!ENTITY x \"y\"><!ENTITY z \"&x;&x;\">]><a><b>&z;</b></a>",
        "<n:a xmlns:n='u'><n:b at=\"2024-01-01\">&#x10FFFF;&#65;</n:b></n:a>",
    ];
    let words = [
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<b/>",
        "<c>",
        "</c>",
        " x='1'",
        "&lt;",
        "&#0;",
        "&#xD800;",
        "&z;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "<?",
        "?>",
        "<",
        ">",
        "=",
        "\"",
    ];
    fuzz("xml", samples.map(|sample| sample.as_bytes().to_vec()).to_vec(), &words, |input| {
        formats.iter().for_each(|format| read(format, input, |reading| reading));
        if let Ok(text) = std::str::from_utf8(input) {
            flow_data::formats::xml_to_json(text, "a/b").ok();
        }
    });
}

#[test]
fn any_bytes_in_any_other_format_are_records_or_an_error() {
    let fixed =
        |start, length, name: &str| Column { start, length: Some(length), ..Column::new(name, DataType::Int64) };
    let fixed =
        Format::FixedLength { columns: vec![fixed(Some(1), 3, "id"), fixed(None, 2, "n"), fixed(Some(9), 1, "x")] };
    let formats = [fixed, Format::Parquet, Format::Lines, Format::Text, Format::Bytes];
    let records = Stream::from_record(&[("id".to_owned(), 7.into()), ("text".to_owned(), "Zoë".into())]);
    let written = |format: Format, compression| {
        let mut bytes = Vec::new();
        Writing { compression, ..Writing::new(format) }.write(&records, &mut bytes).unwrap();
        bytes
    };
    let lines = || Format::JsonLines { columns: vec![] };
    let samples = vec![
        b"  1 2 x\n999\n123456789\n".to_vec(),
        written(Format::Parquet, Compression::None),
        written(lines(), Compression::Gzip),
        written(lines(), Compression::Zstd),
        b"\xff\xfea\0\n\0".to_vec(),
        b"\x81\x40\n\x81".to_vec(),
    ];
    fuzz("file", samples, &["\n", "PAR1", "   "], |input| {
        formats.iter().for_each(|format| read(format, input, |reading| reading));
        for compression in [Compression::Gzip, Compression::Zstd] {
            read(&lines(), input, |reading| Reading { compression, ..reading });
        }
        for encoding in ["utf-16le", "shift_jis", "windows-1252"].map(|label| Encoding::for_label(label).unwrap()) {
            read(&Format::Lines, input, |reading| Reading { encoding, ..reading });
        }
    });
}
