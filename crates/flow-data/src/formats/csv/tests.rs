use super::super::{Format, Reading};
use super::*;
use crate::arrow::array::{Array, AsArray};
use crate::arrow::datatypes::Int64Type;
use crate::type_name;
use serde_json::json;

fn read(text: &str) -> Stream {
    read_csv(text.as_bytes(), &CsvOptions::default()).unwrap()
}

fn types(stream: &Stream) -> Vec<String> {
    stream.schema().fields().iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect()
}

#[test]
fn types_follow_from_all_values() {
    let stream = read(
        "id,price,code,ok,day,at,zoned,mixed,empty,big\n\
         1,2,007,true,2024-02-29,2024-02-29T10:00:00,2024-02-29T10:00:00Z,1,,1\n\
         -2,3.5,12,FALSE,2024-03-01,2024-02-29 10:00:00.25,2024-02-29T10:00:00+02:00,x,,99999999999999999999\n\
         ,,,,,,,,,\n",
    );
    assert_eq!(
        types(&stream),
        [
            "id integer",
            "price number",
            "code text",
            "ok boolean",
            "day date",
            "at time stamp",
            "zoned time stamp in UTC",
            "mixed text",
            "empty text",
            "big text"
        ]
    );
    let rows = stream.to_json_records().unwrap();
    assert_eq!(rows[0]["code"], json!("007"));
    assert_eq!(rows[1]["zoned"], json!("2024-02-29T08:00:00Z"));
    assert_eq!(rows[1]["at"], json!("2024-02-29T10:00:00.250"));
    assert_eq!(rows[1]["big"], json!("99999999999999999999"));
    assert!(rows[2].values().all(|value| value.is_null()), "{:?}", rows[2]);
}

#[test]
fn a_late_value_changes_the_type_of_the_whole_column() {
    let mut text = "n\n".to_owned();
    text.extend((0..40_000).map(|n| format!("{n}\n")));
    assert_eq!(types(&read(&text)), ["n integer"]);
    text.push_str("0.5\n");
    assert_eq!(types(&read(&text)), ["n number"]);
    assert_eq!(read(&text).rows(), Some(40_001));
}

#[test]
fn a_ragged_row_is_named() {
    let error = read_csv("a,b\n1,2\n3\n".as_bytes(), &CsvOptions::default()).unwrap_err();
    assert_eq!((error.code(), error.row()), ("data/csv-ragged", Some(2)));
    assert_eq!(error.to_string(), "row 2 (line 3) has 1 fields, 2 are expected");
    let error =
        read_csv("1,2\n3,4,5\n".as_bytes(), &CsvOptions { header: false, ..CsvOptions::default() }).unwrap_err();
    assert_eq!(error.row(), Some(2));
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let error = read_csv(&b"a,b\n1,x\n2,caf\xe9\n"[..], &CsvOptions::default()).unwrap_err();
    assert_eq!(error.code(), "data/encoding");
    assert_eq!(error.to_string(), "row 2 (line 3), field “b”: not UTF-8 text; save the file as UTF-8");
}

#[test]
fn names_are_made_unique_and_a_byte_order_mark_is_ignored() {
    let stream = read("\u{feff}a,a, ,b\n1,2,3,4\n");
    assert_eq!(types(&stream), ["a integer", "a_2 integer", "column_3 integer", "b integer"]);
    let bare =
        read_csv("1;x\n2;y\n".as_bytes(), &CsvOptions { header: false, delimiter: b';', ..CsvOptions::default() })
            .unwrap();
    assert_eq!(types(&bare), ["column_1 integer", "column_2 text"]);
    assert_eq!(bare.rows(), Some(2));
}

#[test]
fn asked_types_are_kept_to() {
    let options =
        |name: &str, data_type| CsvOptions { types: [(name.to_owned(), data_type)].into(), ..CsvOptions::default() };
    let stream = read_csv("n\n1\n".as_bytes(), &options("n", DataType::Utf8)).unwrap();
    assert_eq!(types(&stream), ["n text"]);
    let error = read_csv("n\n1\nmany\n".as_bytes(), &options("n", DataType::Int64)).unwrap_err();
    assert_eq!(error.to_string(), "row 2, field “n”: “many” is no integer");
    let error = read_csv("name\nx\n".as_bytes(), &options("nmae", DataType::Int64)).unwrap_err();
    assert_eq!(error.code(), "data/unknown-field");
}

#[test]
fn empty_files_and_headers_alone_are_streams_without_records() {
    assert_eq!(read("").rows(), Some(0));
    let stream = read("a,b\n");
    assert_eq!((stream.rows(), types(&stream)), (Some(0), vec!["a text".to_owned(), "b text".to_owned()]));
}

#[test]
fn what_is_written_is_read_again() {
    let text =
        "id,name,price,day,ok\n1,\"Smith, \"\"Jo\"\"\",2.5,2024-02-29,true\n2,\"two\nlines\",,2024-03-01,false\n";
    let stream = read(text);
    let mut written = Vec::new();
    assert_eq!(write_csv(&stream, &mut written, &CsvOptions::default()).unwrap(), 2);
    assert_eq!(String::from_utf8(written).unwrap(), text);
}

fn csv() -> Format {
    Format::Csv { header: true, delimiter: b',', quote: b'"', columns: Vec::new(), crlf: false }
}

fn with_types(columns: &[(&str, DataType)]) -> Format {
    let columns = columns.iter().map(|(name, data_type)| Column::new(*name, data_type.clone())).collect();
    Format::Csv { header: true, delimiter: b',', quote: b'"', columns, crlf: false }
}

/// Some 6 MB with everything that makes borders hard to find.
fn large(rows: usize) -> String {
    let mut text = String::from("id,name,amount,day\r\n");
    for n in 0..rows {
        let name = match n % 7 {
            0 => "\"two\nlines\"".to_owned(),
            1 => "\"a, \"\"quoted\"\" one\"".to_owned(),
            2 => "5\" pipe".to_owned(),
            3 => String::new(),
            4 => "\"\"".to_owned(),
            _ => format!("Müller {n}"),
        };
        text.push_str(&format!("{n},{name},{}.5,2024-02-{:02}\r\n", n % 100, 1 + n % 28));
        if n % 1_000 == 0 {
            text.push_str("\r\n");
        }
    }
    text
}

#[test]
fn a_large_file_is_read_in_order_whatever_stands_at_the_borders_of_its_pieces() {
    let rows = 150_000;
    let stream = Reading::new(csv()).read(&Source::bytes(large(rows))).unwrap();
    assert!(stream.is_flowing());
    assert_eq!(types(&stream), ["id integer", "name text", "amount number", "day date"]);
    let (mut next, mut batches) = (0_i64, 0);
    for batch in stream.batches().unwrap() {
        let batch = batch.unwrap();
        batches += 1;
        let (id, name) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
        for row in 0..batch.num_rows() {
            assert_eq!(id.value(row), next);
            let found = name.is_valid(row).then(|| name.value(row));
            match next % 7 {
                0 => assert_eq!(found, Some("two\nlines")),
                1 => assert_eq!(found, Some("a, \"quoted\" one")),
                2 => assert_eq!(found, Some("5\" pipe")),
                3 => assert_eq!(found, None),
                4 => assert_eq!(found, Some("")),
                n => assert_eq!(found.unwrap(), format!("Müller {next}"), "{n}"),
            }
            next += 1;
        }
    }
    assert_eq!(next, rows as i64);
    assert!(batches > 5, "{batches}");
}

#[test]
fn an_error_far_down_the_file_names_row_line_and_value() {
    let mut text = large(200_000);
    text.push_str("many,x,1,2024-01-01\n");
    let error = Reading::new(csv()).read(&Source::bytes(text)).unwrap().to_batch().unwrap_err();
    assert_eq!((error.code(), error.row()), ("data/value", Some(200_001)));
    assert!(
        error.to_string().starts_with("row 200001, field “id”: “many” is no integer; its type was found"),
        "{error}"
    );

    let mut text = large(200_000);
    let lines = text.lines().count();
    text.push_str("1,2\n");
    let error = Reading::new(csv()).read(&Source::bytes(text)).unwrap().to_batch().unwrap_err();
    assert_eq!(error, DataError::CsvRagged { row: 200_001, line: lines as u64 + 1, expected: 4, found: 2 });
}

#[test]
fn bad_records_are_skipped_or_parted_with_their_place_and_reason() {
    let text = "n,t\n1,a\n2\nx,b\n4,\"c\"d\n5,e\n";
    let format = with_types(&[("n", DataType::Int64)]);
    let skipping = Reading { on_bad: OnBadRecord::Skip, ..Reading::new(format.clone()) };
    let stream = skipping.read(&Source::bytes(text)).unwrap();
    assert_eq!(
        serde_json::to_value(stream.to_json_records().unwrap()).unwrap(),
        json!([{"n": 1, "t": "a"}, {"n": 5, "t": "e"}])
    );
    let (good, bad) = Reading::new(format).read_parted(&Source::bytes(text), &Spool::in_memory()).unwrap();
    assert_eq!(good.rows(), Some(2));
    let bad = bad.to_json_records().unwrap();
    let found: Vec<_> = bad
        .iter()
        .map(|bad| (bad["row"].clone(), bad["line"].clone(), bad["code"].clone(), bad["text"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            (json!(2), json!(3), json!("data/csv-ragged"), json!("2")),
            (json!(3), json!(4), json!("data/value"), json!("x,b")),
            (json!(4), json!(5), json!("data/csv-quotes"), json!("4,\"c\"d")),
        ]
    );
    assert!(bad[0]["message"].as_str().unwrap().starts_with("row 2 (line 3) has 1 fields"), "{bad:?}");
}

#[test]
fn a_quote_that_is_never_closed_is_named() {
    let error = read_csv("a\n1\n\"2\n3\n".as_bytes(), &CsvOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "row 2 (line 3): a quote that opens here is never closed");
}

#[test]
fn encodings_and_packing_are_undone() {
    let expected = json!([{"name": "Zoë", "n": 1}]);
    let latin: &[u8] = b"name,n\nZo\xeb,1\n";
    let utf16: Vec<u8> = "\u{feff}name,n\nZoë,1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, "name,n\nZoë,1\n".as_bytes()).unwrap();
    let zstd = zstd::encode_all("name,n\nZoë,1\n".as_bytes(), 1).unwrap();
    let latin1 = Encoding::for_label("windows-1252").unwrap();
    for (bytes, compression, encoding) in [
        (latin.to_vec(), Compression::None, latin1),
        (utf16, Compression::None, Encoding::default()),
        (gzip.finish().unwrap(), Compression::Gzip, Encoding::default()),
        (zstd, Compression::Zstd, Encoding::default()),
    ] {
        let reading = Reading { compression, encoding, ..Reading::new(csv()) };
        let stream = reading.read(&Source::bytes(bytes)).unwrap();
        assert_eq!(serde_json::to_value(stream.to_json_records().unwrap()).unwrap(), expected);
    }
    let shift_jis = Encoding::for_label("shift_jis").unwrap();
    let reading = Reading { encoding: shift_jis, ..Reading::new(csv()) };
    let error = reading.read(&Source::bytes(&b"a\n\x81\xff\n"[..])).unwrap_err();
    assert_eq!(error.code(), "data/encoding");
    let broken = Reading { compression: Compression::Gzip, ..Reading::new(csv()) };
    assert_eq!(broken.read(&Source::bytes(&b"a\n1\n"[..])).unwrap_err().code(), "data/file");
}

#[test]
fn texts_of_every_encoding_are_whole_at_the_borders_of_pieces_and_broken_ones_are_named() {
    const RECORDS: usize = 12_000;
    for (label, word, broken) in [
        ("utf-8", "テキスト", &b"\xff"[..]),
        ("utf-16le", "テキスト😀", &b"\x00\xd8a\0"[..]),
        ("utf-16be", "テキスト😀", &b"\xdc\x00\0a"[..]),
        ("shift_jis", "テキスト", &b"\x81\xff"[..]),
        ("windows-1252", "café", &b""[..]),
    ] {
        let encoding = Encoding::for_label(label).unwrap();
        let text: String = (0..RECORDS).map(|n| format!("{n},{word}{n}\n")).collect();
        // In UTF-8 and UTF-16 a mark at the beginning says so, whatever is asked for.
        let is_marked = label.starts_with("utf");
        let (mark, asked) = if is_marked { ("\u{feff}", Encoding::default()) } else { ("", encoding) };
        let good = encoding.bytes(&format!("{mark}n,text\n{text}")).unwrap();
        let read = |bytes: Vec<u8>, encoding| {
            let stream = Reading { encoding, ..Reading::new(csv()) }.read(&Source::bytes(bytes))?;
            stream.to_json_records()
        };
        let records = read(good.clone(), asked).unwrap();
        assert_eq!(records.len(), RECORDS, "{label}");
        for at in [0, 9_999, RECORDS - 1] {
            assert_eq!(records[at]["text"], json!(format!("{word}{at}")), "{label}");
        }
        if broken.is_empty() {
            // Every byte is a character of this one.
            continue;
        }
        let (before, behind) = (encoding.bytes("1,").unwrap(), encoding.bytes("\n").unwrap());
        for end in [[broken, &behind].concat(), broken[..1].to_vec()] {
            let error = read([&good[..], &before, &end].concat(), asked).unwrap_err();
            assert_eq!(error.code(), "data/encoding", "{label}: {error}");
        }
    }
}

#[test]
fn a_record_without_an_end_is_an_error_and_takes_no_more_memory_than_a_record_may() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static READ: AtomicU64 = AtomicU64::new(0);
    struct Endless;
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            READ.fetch_add(buffer.len() as u64, Ordering::SeqCst);
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    let source = Source::opening(|| Ok(Box::new(Read::chain(&b"a\n1\n"[..], Endless.take(5 << 30)))));
    let error = Reading::new(csv()).read(&source).unwrap_err();
    assert_eq!(error.code(), "data/record-too-long");
    assert_eq!(error.to_string(), "line 3: the record that begins here is longer than 4 MiB");
    assert!(READ.load(Ordering::SeqCst) < 10 << 20, "no more was read than may be held");
}

#[test]
fn the_fields_are_known_from_the_beginning_alone() {
    let text = format!("a,b\n1,x\n{}", "2,y\n".repeat(400_000));
    let schema = Reading::new(csv()).schema(&Source::bytes(text), 10).unwrap();
    assert_eq!(schema.fields().len(), 2);
    let error = Reading::new(with_types(&[("c", DataType::Int64)])).schema(&Source::bytes("a\n1\n"), 10).unwrap_err();
    assert_eq!(error.code(), "data/unknown-field");
}

#[test]
fn old_line_ends_and_missing_last_ones_are_line_ends() {
    for text in ["a,b\r1,2\r3,4", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n\r\n3,4\r\n"] {
        assert_eq!(read(text).rows(), Some(2), "{text:?}");
    }
    assert_eq!(read("a,b\n1,").to_json_records().unwrap()[0]["b"], json!(null));
}

/// Reads the same text in pieces of every size: the borders never change what is read.
#[test]
fn borders_are_borders_of_records() {
    let marks = Marks { delimiter: b',', quote: b'"' };
    let text = large(60);
    let all = marks.index(text.as_bytes(), Some(4));
    for end in 0..text.len() {
        let Some(border) = marks.border(&text.as_bytes()[..end]) else { continue };
        let (head, tail) = text.as_bytes().split_at(border);
        let (head, tail) = (marks.index(head, Some(4)), marks.index(tail, Some(4)));
        assert_eq!(head.count + tail.count, all.count, "{end}");
        assert!(head.bad.is_empty() && tail.bad.is_empty(), "{end}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_records_or_an_error(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), header: bool) {
        let format = Format::Csv { header, delimiter: b',', quote: b'"', columns: Vec::new(), crlf: false };
        for on_bad in [OnBadRecord::Fail, OnBadRecord::Skip] {
            let reading = Reading { on_bad, ..Reading::new(format.clone()) };
            let read = reading.read(&Source::bytes(bytes.clone())).and_then(|stream| stream.hold(&Spool::in_memory()));
            if on_bad == OnBadRecord::Skip {
                read.unwrap();
            }
        }
    }

    #[test]
    fn any_text_of_marks_is_records_or_an_error(text in "[ab,\"\n\r1.-]{0,200}") {
        let (good, bad) = Reading::new(csv()).read_parted(&Source::bytes(text.clone()), &Spool::in_memory()).unwrap();
        let total = good.rows().unwrap() + bad.rows().unwrap();
        let marks = Marks { delimiter: b',', quote: b'"' };
        let (_, body) = marks.first_record(text.as_bytes());
        proptest::prop_assert_eq!(total as u64, marks.index(&text.as_bytes()[body..], Some(good.schema().fields().len())).count);
    }

    #[test]
    fn what_is_written_is_read_again_whatever_the_texts(texts in proptest::collection::vec(proptest::option::of("[a-z,\"\n\r ;é]{0,6}"), 1..40)) {
        let rows: Vec<Stream> = texts.iter().enumerate().map(|(n, text)| {
            Stream::from_typed_record(&[("n", DataType::Int64, json!(n)), ("text", DataType::Utf8, json!(text))]).unwrap()
        }).collect();
        let stream = Stream::append(&rows).unwrap();
        for crlf in [false, true] {
            let options = CsvOptions { crlf, ..CsvOptions::default() };
            let mut written = Vec::new();
            write_csv(&stream, &mut written, &options).unwrap();
            let types = [("text".to_owned(), DataType::Utf8)].into();
            let again = read_csv(&written[..], &CsvOptions { types, ..options }).unwrap();
            proptest::prop_assert_eq!(again.to_json_records().unwrap(), stream.to_json_records().unwrap());
        }
    }
}
