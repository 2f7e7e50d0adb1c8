use super::*;
use serde_json::json;

fn numbers(range: std::ops::Range<i64>) -> Stream {
    let rows: Vec<Stream> = range.map(|n| Stream::from_record(&[("n".to_owned(), json!(n))])).collect();
    Stream::append(&rows).unwrap()
}

fn values(stream: &Stream) -> Vec<i64> {
    stream.to_json_records().iter().map(|row| row["n"].as_i64().unwrap()).collect()
}

#[test]
fn slices_cross_batches() {
    let stream = numbers(0..10);
    for (offset, len, expected) in [(0, 3, 0..3), (4, 4, 4..8), (8, 99, 8..10), (10, 1, 0..0), (3, 0, 0..0)] {
        assert_eq!(values(&stream.slice(offset, len)), expected.collect::<Vec<_>>(), "{offset} {len}");
    }
}

#[test]
fn appending_needs_the_same_fields_and_lets_null_take_a_type() {
    let record = |name: &str, value| Stream::from_record(&[(name.to_owned(), value)]);
    let joined = Stream::append(&[record("n", json!(null)), record("n", json!(5))]).unwrap();
    assert_eq!(joined.schema().field(0).data_type(), &DataType::Int64);
    assert_eq!(joined.to_batch().unwrap().num_rows(), 2);
    for (other, part) in [
        (record("m", json!(1)), "“n” against “m”"),
        (record("n", json!("x")), "“n” is integer in one and text in another"),
    ] {
        let error = Stream::append(&[record("n", json!(1)), other]).unwrap_err();
        assert_eq!(error.code(), "data/different-fields");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn wide_numbers_are_text_for_people_and_numbers_for_programs() {
    let stream =
        Stream::from_record(&[("n".to_owned(), json!(9_007_199_254_740_993_i64)), ("f".to_owned(), json!(1.5))]);
    assert_eq!(Value::from(stream.to_json_rows(1).remove(0)), json!({"n": "9007199254740993", "f": 1.5}));
    assert_eq!(Value::from(stream.to_json_records().remove(0)), json!({"n": 9_007_199_254_740_993_i64, "f": 1.5}));
    assert!(stream.to_json_rows(0).is_empty());
}

#[test]
fn a_typed_record_keeps_its_types_whatever_the_values() {
    let stream =
        Stream::from_typed_record(&[("n", DataType::Float64, json!(3)), ("t", DataType::Utf8, json!(null))]).unwrap();
    assert_eq!(stream.schema().field(0).data_type(), &DataType::Float64);
    assert_eq!(stream.schema().field(1).data_type(), &DataType::Utf8);
    let error = Stream::from_typed_record(&[("n", DataType::Int64, json!("many"))]).unwrap_err();
    assert_eq!(error.to_string(), "“n”: \"many\" is no integer");
}
