//! All formats: what is written is read again, and what is nonsense is an error.

use super::*;
use crate::arrow::datatypes::{DataType, TimeUnit};
use crate::{DataError, Spool, Stream, parse_type};
use serde_json::{Value, json};

fn records(stream: &Stream) -> Value {
    serde_json::to_value(stream.to_json_records().unwrap()).unwrap()
}

fn read(format: Format, text: impl Into<bytes::Bytes>) -> Result<Stream, DataError> {
    Reading::new(format).read(&Source::bytes(text.into()))?.hold(&Spool::in_memory())
}

fn written(format: &Format, stream: &Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    Writing::new(format.clone()).write(stream, &mut bytes).unwrap();
    bytes
}

fn lines() -> Format {
    Format::JsonLines { columns: Vec::new() }
}

fn json(records: &str) -> Format {
    Format::Json { records: records.to_owned(), columns: Vec::new() }
}

fn xml(records: &str) -> Format {
    Format::Xml { records: records.to_owned(), columns: Vec::new() }
}

fn fixed() -> Format {
    let column = |name: &str, data_type, length| Column { length: Some(length), ..Column::new(name, data_type) };
    Format::FixedLength {
        columns: vec![
            column("id", DataType::Int64, 4),
            column("name", DataType::Utf8, 6),
            Column { start: Some(13), ..column("day", DataType::Date32, 10) },
        ],
    }
}

#[test]
fn json_lines_may_be_nested_and_of_mixed_types() {
    let text = "{\"id\": 1, \"tags\": [\"a\", \"b\"], \"at\": {\"x\": 1.5}, \"mixed\": 1}\n\n\
                {\"id\": 2, \"tags\": [], \"at\": {\"x\": 2, \"y\": null}, \"mixed\": {\"k\": true}}\r\n{\"id\": null}";
    let stream = read(lines(), text).unwrap();
    assert_eq!(
        records(&stream),
        json!([
            {"id": 1, "tags": ["a", "b"], "at": {"x": 1.5, "y": null}, "mixed": "1"},
            {"id": 2, "tags": [], "at": {"x": 2.0, "y": null}, "mixed": "{\"k\":true}"},
            {"id": null, "tags": null, "at": null, "mixed": null},
        ])
    );
}

#[test]
fn a_json_line_that_is_none_or_does_not_fit_is_named() {
    let columns = vec![Column::new("n", DataType::Int64)];
    let format = Format::JsonLines { columns };
    for (text, message) in [
        ("{\"n\": 1}\n{\"n\": 1,}\n", "record 2 (line 2): it is not JSON: trailing comma (character 9)"),
        ("{\"n\": 1}\n\n[1]\n", "record 2 (line 3): it is no object, so it has no fields"),
        ("{\"n\": 1}\n{\"n\": \"many\"}\n", "row 2, field “n”: “many” is no integer"),
    ] {
        let error = read(format.clone(), text).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.row(), Some(2));
    }
    let text = "{\"n\": 1}\nnonsense\n{\"n\": \"many\"}\n{\"n\": 4}\n";
    let (good, bad) = Reading::new(format).read_parted(&Source::bytes(text), &Spool::in_memory()).unwrap();
    assert_eq!(records(&good), json!([{"n": 1}, {"n": 4}]));
    let rows: Vec<_> =
        bad.to_json_records().unwrap().iter().map(|bad| (bad["row"].clone(), bad["text"].clone())).collect();
    assert_eq!(rows, [(json!(2), json!("nonsense")), (json!(3), json!("{\"n\":\"many\"}"))]);
}

#[test]
fn a_field_that_comes_late_is_not_dropped_silently() {
    let mut text = "{\"n\": 1, \"t\": \"some text to make it long\"}\n".repeat(110_000);
    text.push_str("{\"n\": 1, \"late\": 2}\n");
    let stream = Reading::new(lines()).read(&Source::bytes(text)).unwrap();
    let error = stream.batches().unwrap().find_map(Result::err).unwrap();
    assert_eq!(error.row(), Some(110_001));
    assert!(error.to_string().contains("“late”"), "{error}");
}

#[test]
fn the_records_of_a_document_are_found_wherever_they_are() {
    let expected = json!([{"a": 1}, {"a": 2}]);
    for (path, text) in [
        ("", "[{\"a\": 1}, {\"a\": 2}]"),
        ("", " [ {\"a\":1}\n,\n{\"a\":2} ] \n"),
        (
            "data.items",
            "{\"x\": [1, {\"items\": \"}\"}], \"data\": {\"n\": -1.5e3, \"items\": [{\"a\":1},{\"a\":2}], \"m\": []}, \"z\": \"\\\"\"}",
        ),
    ] {
        assert_eq!(records(&read(json(path), text).unwrap()), expected, "{text}");
    }
    assert_eq!(records(&read(json(""), "{\"a\": 1}").unwrap()), json!([{"a": 1}]));
    assert_eq!(records(&read(json("one"), "{\"one\": {\"a\": 1}, \"two\": 2}").unwrap()), json!([{"a": 1}]));
    assert_eq!(read(json(""), "[]").unwrap().rows(), Some(0));
}

#[test]
fn a_document_that_is_cut_off_or_none_is_an_error() {
    let whole = "{\"data\": {\"items\": [{\"a\": 1}, {\"a\": [2, \"x\"]}], \"more\": {}}}";
    assert!(read(json("data.items"), whole).is_ok());
    for end in 0..whole.len() {
        let error = read(json("data.items"), whole[..end].to_owned()).unwrap_err();
        assert_eq!(error.code(), "data/malformed", "{end}: {error}");
    }
    for (path, text) in
        [("", "[1, 2]"), ("", "17"), ("x", "{\"y\": []}"), ("", "[{}] x"), ("", "[{} {}]"), ("", "[,]"), ("x", "[]")]
    {
        let error = read(json(path), text).unwrap_err();
        assert_eq!(error.code(), "data/malformed", "{text}: {error}");
    }
    let error = read(json(""), "[{\"a\": 1},\n{\"a\" 2}]").unwrap_err();
    assert!(error.to_string().starts_with("record 2 (line 2): it is not JSON"), "{error}");
    let deep = format!("[{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(json(""), deep).unwrap_err().code(), "data/malformed");
}

#[test]
fn large_documents_are_read_in_order_piece_by_piece() {
    let items: Vec<String> = (0..60_000).map(|n| format!("{{\"n\": {n}, \"text\": \"[{{number {n}\"}}")).collect();
    let stream = Reading::new(json("")).read(&Source::bytes(format!("[{}]", items.join(",\n")))).unwrap();
    let batches: Vec<_> = stream.batches().unwrap().collect::<Result<_, _>>().unwrap();
    assert!(batches.len() > 2);
    let found = records(&stream);
    assert!(found.as_array().unwrap().iter().zip(0..).all(|(record, n)| record["n"] == json!(n)));
}

#[test]
fn xml_elements_are_records_of_one_shape() {
    let text = "<?xml version=\"1.0\"?><!-- c --><orders at=\"x\"><order id=\"1\"><line>a &lt; b</line><c>Zo&#235;</c></order>\n\
                <other/><order id=\"2\"><line n=\"7\">b</line><line><![CDATA[<c>]]></line></order><order/></orders>";
    assert_eq!(
        records(&read(xml("orders/order"), text).unwrap()),
        json!([
            {"@id": "1", "line": [{"#text": "a < b", "@n": null}], "c": "Zoë"},
            {"@id": "2", "line": [{"#text": "b", "@n": "7"}, {"#text": "<c>", "@n": null}], "c": null},
            {"@id": null, "line": null, "c": null},
        ])
    );
    assert_eq!(records(&read(xml(""), "<a><b>1</b></a>").unwrap()), json!([{"b": "1"}]));
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a><b>Zo\xeb</b></a>";
    assert_eq!(records(&read(xml(""), &latin[..]).unwrap()), json!([{"b": "Zoë"}]));
    let columns = vec![Column::new("n", DataType::Int64)];
    let typed = Format::Xml { records: "r/n".to_owned(), columns };
    let stream = read(typed, "<r><n><n>5</n></n></r>").unwrap();
    assert_eq!(records(&stream), json!([{"n": 5}]));
}

#[test]
fn xml_bombs_and_nonsense_are_errors() {
    let bomb = "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;\">]><a><b>&m;</b></a>";
    let outside = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a><b>&x;</b></a>";
    let deep = format!("<a><b>{}</b></a>", "<c>".repeat(200));
    let long = format!("<a><b>{}</b></a>", "x".repeat(9 << 20));
    let many = format!("<a><b>{}</b></a>", "<c>xxxxxxxx</c>".repeat(1 << 19));
    for (text, part) in [
        (bomb.to_owned(), "entities"),
        (outside.to_owned(), "the entity &x; is not known"),
        (deep, "too deep"),
        (long, "longer than"),
        (many, "longer than"),
        ("<a><b>".to_owned(), "ends"),
        ("<a><b></c></a>".to_owned(), "not XML"),
        ("<x/>".to_owned(), "no elements “a/b”"),
        ("<a><b x=1></b></a>".to_owned(), "not XML"),
    ] {
        let error = read(xml("a/b"), text).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn fixed_length_lines_have_their_values_at_their_places() {
    let text = "   1Ada   xx2024-02-29\n\n22  Zoë   xx2024-03-01\r\n3\n";
    let expected = json!([
        {"id": 1, "name": "Ada", "day": "2024-02-29"},
        {"id": 22, "name": "Zoë", "day": "2024-03-01"},
        {"id": 3, "name": null, "day": null},
    ]);
    let stream = read(fixed(), text).unwrap();
    assert_eq!(records(&stream), expected);
    let text = String::from_utf8(written(&fixed(), &stream)).unwrap();
    assert!(text.starts_with("   1Ada     2024-02-29\n  22Zoë     2024-03-01\n"), "{text}");
    assert_eq!(records(&read(fixed(), text).unwrap()), expected);
    let error = read(fixed(), "   1Ada\nx\n").unwrap_err();
    assert_eq!(error.to_string(), "row 2, field “id”: “x” is no integer");
    let long =
        Stream::from_record(&[("id".into(), json!(12345)), ("name".into(), json!("")), ("day".into(), json!(null))]);
    let error = Writing::new(fixed()).write(&long, Vec::new()).unwrap_err();
    assert_eq!((error.row(), error.to_string().contains("field “id”")), (Some(1), true), "{error}");
}

#[test]
fn text_lines_and_bytes() {
    assert_eq!(records(&read(Format::Text, "a\nb").unwrap()), json!([{"text": "a\nb"}]));
    assert_eq!(records(&read(Format::Lines, "a\r\n\nb").unwrap()), json!([{"line": "a"}, {"line": ""}, {"line": "b"}]));
    let bytes = read(Format::Bytes, &b"\x00\xff"[..]).unwrap();
    assert_eq!(written(&Format::Bytes, &bytes), b"\x00\xff");
    assert_eq!(written(&Format::Lines, &read(Format::Lines, "a\nb").unwrap()), b"a\nb\n");
    assert_eq!(read(Format::Text, &b"\xff"[..]).unwrap_err().code(), "data/encoding");
    let two = Stream::from_record(&[("a".into(), json!("x")), ("b".into(), json!("y"))]);
    assert_eq!(Writing::new(Format::Text).write(&two, Vec::new()).unwrap_err().code(), "data/type");
}

#[test]
fn what_is_written_is_read_again_in_every_format_and_packing() {
    let record = |n: i64| {
        let fields = [
            ("n", DataType::Int64, json!(n)),
            ("text", DataType::Utf8, json!(format!("<Zoë> \"{n}\" & co,"))),
            ("ok", DataType::Boolean, json!(n % 2 == 0)),
            ("none", DataType::Float64, json!(null)),
            ("day", DataType::Date32, json!("2024-02-29")),
            ("at", DataType::Timestamp(TimeUnit::Microsecond, None), json!("2024-02-29T10:11:12.5")),
        ];
        Stream::from_typed_record(&fields).unwrap()
    };
    let stream = Stream::append(&(0..50).map(record).collect::<Vec<_>>()).unwrap();
    let columns: Vec<Column> =
        stream.schema().fields().iter().map(|field| Column::new(field.name(), field.data_type().clone())).collect();
    let formats = [
        Format::Csv { header: true, delimiter: b';', quote: b'\'', columns: columns.clone(), crlf: true },
        Format::JsonLines { columns: columns.clone() },
        Format::Json { records: "data.items".to_owned(), columns: columns.clone() },
        Format::Xml { records: "all/one".to_owned(), columns },
        Format::Parquet,
    ];
    for format in formats {
        for (compression, encoding) in [
            (Compression::None, "utf-8"),
            (Compression::Gzip, "utf-8"),
            (Compression::Zstd, "windows-1252"),
            (Compression::None, "utf-16le"),
        ] {
            let is_parquet = format == Format::Parquet;
            if is_parquet && compression != Compression::None {
                continue;
            }
            let encoding = Encoding::for_label(encoding).unwrap();
            let mut bytes = Vec::new();
            let writing = Writing { format: format.clone(), compression, encoding };
            assert_eq!(writing.write(&stream, &mut bytes).unwrap(), 50);
            let reading = Reading { compression, encoding, ..Reading::new(format.clone()) };
            let again = reading.read(&Source::bytes(bytes)).unwrap();
            assert_eq!(again.schema(), stream.schema(), "{format:?}");
            assert_eq!(records(&again), records(&stream), "{format:?} {compression:?} {encoding:?}");
        }
    }
    let reading = Encoding::for_label("windows-1252").unwrap();
    let snow = Stream::from_record(&[("text".into(), json!("☃"))]);
    let writing = Writing { encoding: reading, ..Writing::new(Format::Text) };
    let error = writing.write(&snow, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("“☃”"), "{error}");
}

#[test]
fn nested_values_survive_json_and_parquet() {
    let text = "{\"a\": {\"b\": [{\"c\": 1}, null, {\"c\": 2}]}, \"d\": [[1], []]}\n{\"a\": null, \"d\": null}\n";
    let stream = read(lines(), text).unwrap();
    assert_eq!(stream.schema().field(0).data_type(), &parse_type("Record<b List<Record<c Integer>>>").unwrap());
    for format in [lines(), json("x"), Format::Parquet] {
        assert_eq!(records(&read(format.clone(), written(&format, &stream)).unwrap()), records(&stream), "{format:?}");
    }
}

#[test]
fn a_damaged_parquet_file_is_an_error_and_never_a_panic() {
    let stream = read(lines(), "{\"n\": 1, \"t\": \"x\"}\n".repeat(300)).unwrap();
    let good = written(&Format::Parquet, &stream);
    for place in (0..good.len()).step_by(3) {
        let mut bad = good.clone();
        bad[place] ^= 0x55;
        let _ = read(Format::Parquet, bad);
        let _ = read(Format::Parquet, good[..place].to_vec());
    }
}

#[test]
fn memory_stays_flat_however_large_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let limits = crate::SpoolLimits { stream: 1 << 20, streams: 2 << 20, plans: 1 << 20 };
    let spool = Spool::new(folder.path(), limits);
    let text = bytes::Bytes::from(format!("n,t\n{}", "12345678,some text\n".repeat(400_000)));
    let csv = Format::Csv { header: true, delimiter: b',', quote: b'"', columns: Vec::new(), crlf: false };
    let stream = Reading::new(csv.clone()).read(&Source::bytes(text.clone())).unwrap();
    let kept = stream.hold(&spool).unwrap();
    assert_eq!((kept.rows(), kept.held().is_none()), (Some(400_000), true));
    assert!(spool.most_held() <= 2 << 20, "{}", spool.most_held());
    let mut count = 0;
    Writing::new(csv).write(&kept, Counting(&mut count)).unwrap();
    assert_eq!(count, text.len());
}

struct Counting<'a>(&'a mut usize);

impl std::io::Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_records_or_an_error_in_every_format(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        for format in [lines(), json(""), json("a"), xml("a/b"), xml(""), fixed(), Format::Lines, Format::Text, Format::Parquet] {
            let _ = read(format, bytes.clone());
        }
    }

    #[test]
    fn any_json_like_text_is_records_or_an_error(text in "([\\[\\]{}\",:0-9a\\\\ \n]|true|null|\"a\":){0,60}") {
        for format in [lines(), json(""), json("a"), json("a.a")] {
            let _ = read(format, text.clone());
        }
    }

    #[test]
    fn any_xml_like_text_is_records_or_an_error(text in "(<a>|</a>|<b>|</b>|<b/>|&lt;|&|x|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<|>|\"|=| ){0,40}") {
        for format in [xml("a/b"), xml(""), xml("a")] {
            let _ = read(format, text.clone());
        }
    }
}
