use super::*;
use crate::arrow::datatypes::Schema;
use crate::json::{Numbers, record as as_json};
use crate::{json_schema_of, parse_type};
use serde_json::json;

fn records(value: Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

fn schema(columns: &[(&str, &str)]) -> SchemaRef {
    let field = |(name, text): &(&str, &str)| Field::new(*name, parse_type(text).unwrap(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

fn back(batch: &RecordBatch) -> Value {
    (0..batch.num_rows()).map(|row| Value::Object(as_json(batch, row, Numbers::AsText))).collect()
}

#[test]
fn records_show_their_fields_and_come_back_as_they_were() {
    let given = records(json!([
        {"id": 1, "name": "Ada", "tags": ["a", "b"], "address": {"town": "Rome", "zip": "00100"}},
        {"id": 2, "share": 0.5, "tags": [], "address": null, "ok": true},
        {"id": null, "share": 1, "tags": null, "address": {"town": null, "floor": 3}},
    ]));
    let schema = json_schema_of(&given);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name", "tags", "address", "share", "ok"]);
    let batch = json_to_batch(&given, &schema).unwrap();
    let expected = json!([
        {"id": "1", "name": "Ada", "tags": ["a", "b"], "address": {"town": "Rome", "zip": "00100", "floor": null}, "share": null, "ok": null},
        {"id": "2", "name": null, "tags": [], "address": null, "share": 0.5, "ok": true},
        {"id": null, "name": null, "tags": null, "address": {"town": null, "zip": null, "floor": "3"}, "share": 1.0, "ok": null},
    ]);
    assert_eq!(back(&batch), expected);
}

#[test]
fn a_field_of_several_kinds_is_text_and_keeps_what_it_holds() {
    let given = records(json!([{"a": 1}, {"a": "x"}, {"a": {"b": [1]}}, {"a": 18446744073709551615_u64}]));
    let batch = json_to_batch(&given, &json_schema_of(&given)).unwrap();
    assert_eq!(back(&batch), json!([{"a": "1"}, {"a": "x"}, {"a": "{\"b\":[1]}"}, {"a": "18446744073709551615"}]));
}

#[test]
fn no_digit_is_lost() {
    let schema = schema(&[("id", "Integer"), ("price", "Decimal(20,4)"), ("at", "TimestampTz"), ("day", "Date")]);
    let given = records(json!([
        {"id": "9223372036854775807", "price": "1234567890123456.7891", "at": "2024-02-29T12:00:00+01:00", "day": "2024-02-29"},
        {"id": 3.0, "price": 12.5, "at": null},
    ]));
    let batch = json_to_batch(&given, &schema).unwrap();
    let expected = json!([
        {"id": "9223372036854775807", "price": "1234567890123456.7891", "at": "2024-02-29T11:00:00Z", "day": "2024-02-29"},
        {"id": "3", "price": "12.5000", "at": null, "day": null},
    ]);
    assert_eq!(back(&batch), expected);
}

#[test]
fn what_does_not_fit_is_named_with_record_field_and_value() {
    let schema = schema(&[("a", "Record<b List<Integer>>"), ("d", "Date"), ("x", "Boolean")]);
    for (given, row, field, value) in [
        (json!([{}, {"a": {"b": [1]}}, {"a": {"b": [1, "many"]}}]), 3, "a.b[1]", "many"),
        (json!([{"a": 3}]), 1, "a", "3"),
        (json!([{"d": "2024-01-01"}, {"d": "2024-13-01"}]), 2, "d", "2024-13-01"),
        (json!([{"x": "yes"}]), 1, "x", "yes"),
    ] {
        let error = json_to_batch(&records(given), &schema).unwrap_err();
        let DataError::WrongValue { row: at, field: place, value: found, .. } = &error else { panic!("{error}") };
        assert_eq!((*at, place.as_str(), found.as_str()), (row, field, value), "{error}");
    }
}
