//! Mapper and Filter.

use crate::testing::{Bench, outlet, rows, stream};
use flow_model::Component;
use serde_json::json;

fn mapper(fields: serde_json::Value) -> Component {
    Component::new("Mapper", "To form").with("Fields", fields)
}

#[tokio::test]
async fn a_mapper_makes_new_fields_from_fields_and_variables() {
    let bench = Bench::new().with_variable("month", "1997-01");
    let fields = json!([
        {"field": "id", "expression": "\"Order ID\""},
        {"field": "gross", "expression": "round(net * 1.19, 2)"},
        {"field": "batch", "expression": "$month"},
    ]);
    let outcome = bench.run(&mapper(fields), stream("Order ID,net\n7,10\n8,\n")).await.unwrap();
    let expected = json!([{"id": 7, "gross": 11.9, "batch": "1997-01"}, {"id": 8, "gross": null, "batch": "1997-01"}]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
    assert_eq!(outcome.note.as_deref(), Some("2 records"));
}

#[tokio::test]
async fn a_mapper_can_keep_the_other_fields() {
    let component = mapper(json!([{"field": "b", "expression": "b + 1"}, {"field": "c", "expression": "a"}]))
        .with("KeepOtherFields", true);
    let outcome = Bench::new().run(&component, stream("a,b,x\"y\n1,2,3\n")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"a": 1, "x\"y": 3, "b": 3, "c": 1}]));
}

#[tokio::test]
async fn an_error_in_a_mapper_names_field_record_and_reason() {
    let bench = Bench::new();
    let fields = json!([{"field": "ok", "expression": "a"}, {"field": "number", "expression": "CAST(b AS INT)"}]);
    let error = bench.run(&mapper(fields), stream("a,b\n1,2\n1,x\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.row, error.property.as_deref()), ("data/evaluate", Some(2), Some("Fields")));
    assert!(error.message.starts_with("field “number”: record 2: ") && error.message.contains("'x'"), "{error}");
    for (expression, code, part) in [
        ("aa + 1", "data/unknown-field", "field “f”: there is no field “aa”; did you mean “a”?"),
        ("a +", "data/expression-syntax", "field “f”: syntax error at character 4"),
        ("$a", "data/unknown-variable", "there is no flow variable “$a”"),
    ] {
        let error =
            bench.run(&mapper(json!([{"field": "f", "expression": expression}])), stream("a\n1\n")).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_filter_parts_the_records_and_always_delivers_both() {
    let component = Component::new("Filter", "Paid").with("Condition", "amount > $least");
    let bench = Bench::new().with_variable("least", 10);
    let outcome = bench.run(&component, stream("id,amount\n1,5\n2,50\n3,\n")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"id": 2, "amount": 50}]));
    assert_eq!(rows(outlet(&outcome, "rejected")), json!([{"id": 1, "amount": 5}, {"id": 3, "amount": null}]));
    assert_eq!(outcome.note.as_deref(), Some("1 record, 2 rejected"));
    let nothing = bench.run(&component, stream("id,amount\n1,5\n").slice(0, 0).unwrap()).await.unwrap();
    assert_eq!(nothing.outlets.len(), 2);
}

#[tokio::test]
async fn a_condition_that_is_no_condition_is_refused() {
    let component = Component::new("Filter", "Paid").with("Condition", "amount");
    let error = Bench::new().run(&component, stream("amount\n1\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("data/type", Some("Condition")));
    assert!(error.message.contains("true or false"), "{error}");
}
