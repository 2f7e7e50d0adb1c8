use super::*;
use crate::{Stream, type_name};
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
    assert_eq!(error.code(), "data/csv-encoding");
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
    write_csv(&stream, &mut written, &CsvOptions::default()).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
}
