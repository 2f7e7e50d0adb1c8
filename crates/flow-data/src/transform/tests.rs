use super::*;
use crate::Variables;
use serde_json::json;

fn letters() -> Stream {
    let rows: Vec<Stream> = [json!("a"), json!("b"), json!(null), json!("c")]
        .into_iter()
        .map(|letter| {
            Stream::from_typed_record(&[("letter", crate::arrow::datatypes::DataType::Utf8, letter)]).unwrap()
        })
        .collect();
    Stream::append(&rows).unwrap()
}

fn compile(sql: &str, stream: &Stream) -> Arc<Expression> {
    Arc::new(Expression::compile(sql, stream.schema(), &Variables::default().with("v", 3)).unwrap())
}

#[test]
fn split_loses_no_record_and_counts_null_as_false() {
    let stream = letters();
    for (condition, matching, others) in
        [("letter < 'c'", 2, 2), ("letter IS NULL", 1, 3), ("true", 4, 0), ("NULL", 0, 4), ("$v = 3", 4, 0)]
    {
        let condition_alone = compile(condition, &stream);
        assert_eq!(keep(&stream, &condition_alone, false).unwrap().rows(), Some(matching), "{condition}");
        assert_eq!(keep(&stream, &condition_alone, true).unwrap().rows(), Some(others), "{condition}");
        let (yes, no) = split(&stream, &compile(condition, &stream), &Spool::in_memory()).unwrap();
        assert_eq!((yes.rows(), no.rows()), (Some(matching), Some(others)), "{condition}");
    }
}

#[test]
fn a_projection_maps_every_record_and_names_the_field_that_fails() {
    let stream = letters();
    let good = Projection::new([("upper", compile("upper(letter)", &stream)), ("three", compile("$v", &stream))]);
    let mapped = good.map(&stream).unwrap();
    assert_eq!(serde_json::Value::from(mapped.to_json_records().unwrap().remove(1)), json!({"upper": "B", "three": 3}));
    let bad =
        Projection::new([("fine", compile("letter", &stream)), ("number", compile("CAST(letter AS INT)", &stream))]);
    let error = bad.map(&stream).unwrap_err();
    assert_eq!((error.code(), error.row()), ("data/evaluate", Some(1)));
    assert!(error.to_string().starts_with("field “number”: record 1: "), "{error}");
}

#[test]
fn deciding_looks_at_the_first_record_or_at_nulls() {
    let stream = letters();
    assert!(holds_for_first(&stream, &compile("letter = 'a'", &stream)).unwrap());
    let empty = Stream::empty(Arc::clone(stream.schema()));
    assert!(!holds_for_first(&empty, &compile("letter = 'a'", &empty)).unwrap());
    assert!(holds_for_first(&empty, &compile("$v > 2", &empty)).unwrap());
}
