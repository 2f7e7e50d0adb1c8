//! Set Variable, Assert, Log, HTTP Reply.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{LogLevel, Palette};
use flow_data::Stream;
use flow_model::{Catalogue, Component, Flow};
use serde_json::{Value, json};

fn set(entries: Value) -> Component {
    Component::new("SetVariable", "Set").with("Variables", entries)
}

#[tokio::test]
async fn variables_are_set_from_the_first_record_and_the_variables_before() {
    let bench = Bench::new().with_variable("page", 4);
    let component = set(json!([
        {"field": "page", "expression": "$page + 1"},
        {"field": "before", "expression": "$page"},
        {"field": "customer", "expression": "upper(name)"},
        {"field": "since", "expression": "CAST('2024-02-29' AS DATE)"},
    ]));
    let input = stream("name\nada\nbob\n");
    let outcome = bench.run(&component, input.clone()).await.unwrap();
    let expected =
        [("page", json!(5)), ("before", json!(4)), ("customer", json!("ADA")), ("since", json!("2024-02-29"))];
    assert_eq!(outcome.variables, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(outlet(&outcome, "out"), &input);
    let nothing = bench.run(&component, input.slice(0, 0).unwrap()).await.unwrap();
    assert_eq!(nothing.variables[2], ("customer".to_owned(), Value::Null));
    assert_eq!(Palette::standard().sets(&component), ["page", "before", "customer", "since"]);
}

#[tokio::test]
async fn a_wrong_variable_is_named() {
    let wrong = set(json!([{"field": "x", "expression": "nme"}]));
    let error = Bench::new().run(&wrong, stream("name\nada\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("data/unknown-field", Some("Variables")));
    assert!(error.message.starts_with("variable “x”: there is no field “nme”; did you mean “name”?"), "{error}");
    for name in ["a b", "1st", "a-b"] {
        let component = set(json!([{"field": name, "expression": "1"}]));
        let problems = Palette::standard().prepare(&crate::testing::id("s-aaaaaa"), &component).err().unwrap();
        assert_eq!(problems[0].code, "property/value", "{name}");
    }
}

#[test]
fn what_is_set_is_known_behind_it_and_only_there() {
    let check = |end: &str| {
        let flow = Flow::from_json(&json!({"format": 1, "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start"},
            {"id": "log-aaaaaa", "type": "Log", "name": "Before", "properties": {"Message": "${count}"}},
            {"id": "set-aaaaaa", "type": "SetVariable", "name": "Set", "properties": {"Variables": [{"field": "count", "expression": "1 + 1"}]}},
            {"id": "filter-aaaaaa", "type": "Filter", "name": "Behind", "properties": {"Condition": end}},
        ], "links": [
            {"from": "start-aaaaaa.out", "to": "log-aaaaaa.in"},
            {"from": "log-aaaaaa.out", "to": "set-aaaaaa.in"},
            {"from": "set-aaaaaa.out", "to": "filter-aaaaaa.in"},
        ]}).to_string()).unwrap();
        let found = Palette::standard().check_expressions(&flow, &Bench::new());
        found.into_iter().map(|problem| (problem.code, problem.message)).collect::<Vec<_>>()
    };
    let found = check("$count > 1");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "template/unknown-name", "it is not set yet: {found:?}");
    let found = check("$count");
    assert!(found.iter().any(|(code, message)| code == "data/type" && message.contains("integer")), "{found:?}");
}

#[tokio::test]
async fn assert_looks_at_every_record_before_any_goes_on() {
    let component = Component::new("Assert", "Sane").with("Condition", "total >= 0");
    let good = stream("id,total\n1,5\n2,0\n");
    let outcome = Bench::new().run(&component, good.clone()).await.unwrap();
    assert_eq!((outlet(&outcome, "out"), outcome.note.as_deref()), (&good, Some("2 records hold")));
    for (bad, row) in [("id,total\n1,5\n2,-1\n3,-2\n", 2), ("id,total\n1,\n2,1\n", 1)] {
        let error = Bench::new().run(&component, stream(bad)).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.row, error.retryable), ("flow/assertion", Some(row), false));
        assert_eq!(error.message, format!("record {row}: “total >= 0” does not hold"));
    }
    let told = component.with("Message", "order ${id} of ${month} costs ${total}").with("Retry", true);
    let bench = Bench::new().with_variable("month", "May");
    let error = bench.run(&told, stream("id,total\n7,-1\n")).await.unwrap_err();
    assert_eq!((error.message.as_str(), error.retryable), ("record 1: order 7 of May costs -1", true));
}

#[tokio::test]
async fn assert_can_ask_about_the_number_of_records() {
    let component = Component::new("Assert", "Any").with("Of", "Stream").with("Condition", "count BETWEEN 1 AND $most");
    let bench = Bench::new().with_variable("most", 2);
    bench.run(&component, stream("a\n1\n2\n")).await.unwrap();
    let component = component.with("Message", "${count} records are too many or too few");
    for input in [stream("a\n1\n").slice(0, 0).unwrap(), stream("a\n1\n2\n3\n")] {
        let error = bench.run(&component, input.clone()).await.unwrap_err();
        let count = input.rows().unwrap();
        assert_eq!((error.message, error.row), (format!("{count} records are too many or too few"), None));
    }
}

#[tokio::test]
async fn log_writes_for_the_stream_or_for_each_record_up_to_a_limit() {
    let bench = Bench::new().with_variable("month", "May");
    let component = Component::new("Log", "Note").with("Message", "${name} in ${month}").with("Level", "Warning");
    let lines = async |component: &Component, input: Stream| {
        let outcome = bench.run(component, input.clone()).await.unwrap();
        assert_eq!(outlet(&outcome, "out"), &input);
        assert!(outcome.log.iter().all(|line| line.level == LogLevel::Warning));
        outcome.log.into_iter().map(|line| line.message).collect::<Vec<_>>()
    };
    let input = stream("name\nAda\nBob\nEve\n");
    assert_eq!(lines(&component, input.clone()).await, ["Ada in May"]);
    assert_eq!(lines(&component, input.slice(0, 0).unwrap()).await, [" in May"]);
    let each = component.with("Per", "Record").with("Limit", 2);
    let more = "… and more: only the first 2 records are written";
    assert_eq!(lines(&each, input.clone()).await, ["Ada in May", "Bob in May", more]);
    assert_eq!(lines(&each.with("Limit", 3), input).await.len(), 3);
}

#[tokio::test]
async fn a_reply_has_status_headers_and_body() {
    let bench = Bench::new().with_variable("month", "May");
    let reply = async |component: Component, input: Stream| {
        let outcome = bench.run(&component, input).await?;
        Ok::<_, crate::ComponentError>(rows(outlet(&outcome, "out"))[0].clone())
    };
    let component = || Component::new("HttpReply", "Answer");
    let input = || stream("id,name\n1,Ada\n2,Bob\n");
    let json_type = json!([{"name": "content-type", "value": "application/json"}]);
    assert_eq!(
        reply(component(), input()).await.unwrap(),
        json!({"status": 200, "headers": json_type, "body": r#"[{"id":1,"name":"Ada"},{"id":2,"name":"Bob"}]"#, "encoding": "text"})
    );
    let first = reply(component().with("Body", "Record").with("Status", 201), input()).await.unwrap();
    assert_eq!((&first["status"], &first["body"]), (&json!(201), &json!(r#"{"id":1,"name":"Ada"}"#)));
    let headers = json!([{"name": "Content-Type", "value": "text/csv"}, {"name": "X-Month", "value": "${month}"}]);
    let text = component().with("Body", "Text").with("Text", "Hello ${name}").with("Headers", headers.clone());
    let text = reply(text, input()).await.unwrap();
    assert_eq!(text["body"], "Hello Ada");
    assert_eq!(
        text["headers"],
        json!([{"name": "Content-Type", "value": "text/csv"}, {"name": "X-Month", "value": "May"}])
    );
    let nothing = reply(component().with("Body", "None").with("Status", 204), input()).await.unwrap();
    assert_eq!((&nothing["body"], &nothing["headers"]), (&json!(""), &json!([])));
    let document = reply(component().with("Body", "Document"), stream("xml\n<a/>\n")).await.unwrap();
    assert_eq!(document["body"], "<a/>");
    let error = reply(component().with("Body", "Document"), input()).await.unwrap_err();
    assert_eq!(error.code, "http/no-document");
    let split = json!([{"name": "X-A", "value": "${name}"}]);
    let error = reply(component().with("Headers", split), stream("name\n\"a\nb\"\n")).await.unwrap_err();
    assert_eq!(error.code, "http/bad-header");
}
