use crate::example::flow;
use crate::{BeginCheckpoint, Component, Flow, InputError, StartSettings};
use serde_json::{Map, Value, json};

fn with_start(properties: Value) -> Flow {
    let mut flow = flow("", "");
    let mut start = Component::new("Start", "Start");
    start.properties = properties.as_object().expect("an object").clone().into_iter().collect();
    flow.components.insert(crate::example::id("start"), start);
    flow
}

fn settings(properties: Value) -> StartSettings {
    StartSettings::of(&with_start(properties)).expect("has a start")
}

fn given(inputs: Value) -> Map<String, Value> {
    inputs.as_object().expect("an object").clone()
}

#[test]
fn a_flow_without_start_has_no_settings() {
    assert_eq!(StartSettings::of(&flow("a end:End", "a>end")), None);
}

#[test]
fn what_is_not_set_or_ill_typed_is_at_its_default() {
    let defaults = settings(json!({}));
    assert_eq!((defaults.other_server_retry, defaults.begin_checkpoint), (false, BeginCheckpoint::NotUse));
    assert_eq!((defaults.retry_count, defaults.retry_interval, defaults.timeout), (0, 10.0, None));
    let broken = json!({"OtherServerRetry": "yes", "BeginCheckpoint": 1, "RetryCount": -1, "RetryInterval": "x", "Timeout": -5, "Inputs": 7, "Priority": 10, "ConcurrencyLimit": 0});
    assert_eq!(settings(broken), defaults);
}

#[test]
fn what_is_set_is_read() {
    let found = settings(
        json!({"OtherServerRetry": true, "BeginCheckpoint": "Use", "RetryCount": 3, "RetryInterval": 0.5, "Timeout": 60}),
    );
    assert!(found.other_server_retry && found.begin_checkpoint == BeginCheckpoint::Use);
    assert_eq!((found.retry_count, found.retry_interval, found.timeout), (3, 0.5, Some(60.0)));
    let found = settings(json!({"Priority": -3, "ConcurrencyLimit": 2}));
    assert_eq!((found.priority, found.concurrency_limit), (-3, Some(2)));
}

fn with_inputs() -> StartSettings {
    settings(json!({"Inputs": [
        {"name": "file", "type": "Text"},
        {"name": "limit", "type": "Integer", "default": 100},
        {"name": "rate", "type": "Number", "default": 1.5},
        {"name": "dry", "type": "Boolean", "default": false},
    ]}))
}

#[test]
fn defaults_are_filled_in_in_the_order_of_declaration() {
    let inputs = with_inputs().check_inputs(&given(json!({"dry": true, "rate": null, "file": "a.csv"}))).expect("fits");
    assert_eq!(Value::Object(inputs.clone()), json!({"file": "a.csv", "limit": 100, "rate": 1.5, "dry": true}));
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["file", "limit", "rate", "dry"]);
}

#[test]
fn inputs_that_do_not_fit_are_refused_by_name() {
    let refused =
        |inputs: Value| -> InputError { with_inputs().check_inputs(&given(inputs)).expect_err("does not fit") };
    assert_eq!(refused(json!({})).code, "input/missing");
    assert_eq!(refused(json!({"file": 1})).code, "input/type");
    assert_eq!(refused(json!({"file": "a", "limit": 1.5})).name, "limit");
    let unknown = refused(json!({"file": "a", "flie": "b"}));
    assert_eq!((unknown.code, unknown.name.as_str()), ("input/unknown", "flie"));
    assert!(unknown.message.contains("file, limit, rate, dry"), "{}", unknown.message);
}

#[test]
fn text_from_a_command_line_is_read_by_the_type() {
    let inputs = with_inputs().inputs;
    assert_eq!(inputs[0].parse("12").expect("a text"), json!("12"));
    assert_eq!(inputs[1].parse(" 12 ").expect("a number"), json!(12));
    assert_eq!(inputs[3].parse("true").expect("a boolean"), json!(true));
    assert_eq!(inputs[2].parse("NaN").expect_err("is no number").code, "input/type");
    assert_eq!(inputs[1].parse("1.5").expect_err("is not whole").code, "input/type");
}
