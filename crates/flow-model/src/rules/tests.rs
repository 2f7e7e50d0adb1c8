mod fixes;
mod paths;

use crate::example::{Tiny, flow, id};
use crate::{Connection, Diagnostic, Flow, Severity, check_connections, check_structure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn check(flow: &Flow) -> Vec<Diagnostic> {
    check_structure(flow, &Tiny::new())
}

fn codes(flow: &Flow) -> Vec<String> {
    check(flow).into_iter().map(|found| found.code).collect()
}

fn set(flow: &mut Flow, component: &str, property: &str, value: Value) {
    flow.components[&id(component)].properties.insert(property.to_owned(), value);
}

fn sound() -> Flow {
    flow("start:Start a check:Checkpoint end:End", "start>a a>check check>end")
}

#[test]
fn a_sound_flow_has_no_problems() {
    assert_eq!(check(&sound()), []);
}

#[test]
fn a_flow_needs_exactly_one_start() {
    assert_eq!(codes(&flow("a end:End", "a>end")), ["flow/no-start"]);
    let several = check(&flow("start:Start other:Start end:End", "start>end other>end"));
    assert_eq!(
        (several[0].code.as_str(), several[0].place.component.clone()),
        ("flow/several-starts", Some(id("other")))
    );
}

#[test]
fn what_no_path_leads_to_is_a_warning() {
    let found = check(&flow("start:Start a end:End", "start>end"));
    assert_eq!((found[0].code.as_str(), found[0].severity), ("flow/unreachable", Severity::Warning));
}

#[test]
fn a_circle_is_named_by_the_names_on_it() {
    let found = check(&flow("start:Start a b", "start>a a>b b>a"));
    assert_eq!(found[0].code, "flow/cycle");
    assert!(found[0].message.contains("“a”, “b”"), "{}", found[0].message);
}

#[test]
fn links_need_both_ends() {
    for (link, code) in [
        ("a>gone", "link/no-such-component"),
        ("a.nowhere>end", "link/no-such-outlet"),
        ("end>a", "link/no-such-outlet"),
        ("a>start", "link/no-such-inlet"),
    ] {
        let found = check(&flow("start:Start a end:End", &format!("start>a start>end {link}")));
        assert_eq!((found[0].code.as_str(), found[0].place.link.clone()), (code, Some(crate::example::link(link))));
    }
}

#[test]
fn unknown_types_and_properties_are_problems_and_no_more() {
    let mut flow = sound();
    flow.components[&id("a")].kind = "FromTheFuture".to_owned();
    set(&mut flow, "check", "Colour", json!("red"));
    assert_eq!(codes(&flow), ["component/unknown-type", "property/unknown"]);
}

#[test]
fn a_required_property_must_be_there_and_not_blank() {
    for value in [Value::Null, json!("  ")] {
        let mut flow = sound();
        set(&mut flow, "a", "Path", value);
        let found = check(&flow);
        assert_eq!((found[0].code.as_str(), found[0].place.property.as_deref()), ("property/missing", Some("Path")));
    }
}

#[test]
fn properties_are_of_their_type() {
    let cases = [
        ("start", "OtherServerRetry", json!("true")),
        ("start", "BeginCheckpoint", json!("Sometimes")),
        ("start", "RetryCount", json!(101)),
        ("start", "RetryCount", json!(1.5)),
        ("start", "RetryInterval", json!(-1)),
        ("start", "Inputs", json!([{"name": "a b", "type": "Text"}])),
        ("start", "Inputs", json!([{"name": "a", "type": "Date"}])),
        ("start", "Inputs", json!([{"name": "a", "type": "Integer", "default": "x"}])),
        ("start", "Inputs", json!([{"name": "a", "type": "Text"}, {"name": "a", "type": "Text"}])),
        ("a", "Path", json!(7)),
        ("a", "Fields", json!(["x", "x"])),
        ("a", "Fields", json!("x")),
        ("a", "Mapping", json!([{"field": "x"}])),
        ("a", "Mapping", json!([{"field": "", "expression": "1"}])),
        ("a", "Mapping", json!([{"field": "x", "expression": "1"}, {"field": "x", "expression": "2"}])),
        ("a", "Pairs", json!([{"name": "Accept", "value": 1}])),
        ("a", "Connection", json!(["x"])),
        ("a", "Names", json!("left")),
        ("a", "Names", json!(["1st"])),
        ("a", "Names", json!(["left", "left"])),
        ("a", "Columns", json!([{"name": "id"}])),
        ("a", "Columns", json!([{"name": "id", "type": "Text"}, {"name": "id", "type": "Text"}])),
        ("a", "Layout", json!([{"name": "id", "type": "Text"}])),
        ("a", "Layout", json!([{"name": "id", "type": "Text", "start": 0, "length": 3}])),
        ("a", "SortKeys", json!([{"expression": "id", "order": "Up"}])),
        ("a", "SortKeys", json!([{"order": "Ascending"}])),
        ("a", "JoinKeys", json!([{"left": "id"}])),
    ];
    for (component, property, value) in cases {
        let mut flow = sound();
        set(&mut flow, component, property, value.clone());
        let found = check(&flow);
        assert_eq!(found.len(), 1, "{property} = {value}: {found:?}");
        assert_eq!(
            (found[0].code.as_str(), found[0].place.property.as_deref()),
            ("property/type", Some(property)),
            "{value}"
        );
    }
}

#[test]
fn lists_of_the_right_form_are_no_problem() {
    for (property, value) in [
        ("Names", json!(["orders", "price_list"])),
        ("Columns", json!([{"name": "id", "type": "Integer"}])),
        (
            "Layout",
            json!([{"name": "id", "type": "Integer", "length": 8}, {"name": "x", "type": "Text", "start": 12, "length": 3}]),
        ),
        ("SortKeys", json!([{"expression": "id"}, {"expression": "lower(name)", "order": "Descending"}])),
        ("JoinKeys", json!([{"left": "customer_id", "right": "id"}])),
    ] {
        let mut flow = sound();
        set(&mut flow, "a", property, value);
        assert_eq!(check(&flow), [], "{property}");
    }
}

#[test]
fn a_header_may_occur_twice() {
    let mut flow = sound();
    set(&mut flow, "a", "Pairs", json!([{"name": "Accept", "value": "a"}, {"name": "Accept", "value": "b"}]));
    assert_eq!(check(&flow), []);
}

#[test]
fn a_branch_cannot_take_the_name_of_an_outlet_that_every_component_has() {
    let mut flow = flow("start:Start choice:Branch end:End", "start>choice choice.otherwise>end");
    set(&mut flow, "choice", "Branches", json!([{"outlet": "error", "condition": "true"}]));
    assert_eq!(codes(&flow), ["property/type"]);
}

fn moving() -> Flow {
    let mut flow = sound();
    set(&mut flow, "start", "OtherServerRetry", json!(true));
    flow
}

#[test]
fn local_paths_matter_only_when_other_servers_take_over() {
    let local = |mut flow: Flow, path: &str| {
        set(&mut flow, "a", "Path", json!(path));
        codes(&flow)
    };
    for path in ["/data/orders.csv", "orders.csv", "C:\\orders.csv"] {
        assert_eq!(local(moving(), path), ["restart/local-path"], "{path}");
        assert!(local(sound(), path).is_empty());
    }
    for path in ["storage:orders.csv", "project:data/orders.csv", "${folder}/orders.csv"] {
        assert!(local(moving(), path).is_empty(), "{path}");
    }
}

#[test]
fn addresses_of_the_machine_itself_are_found() {
    let found = |text: &str| {
        let mut flow = moving();
        set(&mut flow, "a", "Text", json!(text));
        codes(&flow) == ["restart/local-address"]
    };
    for text in [
        "http://localhost:7499/x",
        "https://LOCALHOST",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "see http://u:p@127.1.2.3?q",
    ] {
        assert!(found(text), "{text}");
    }
    for text in ["http://localhost.example.org/", "https://example.org/localhost", "localhost", "http://10.0.0.1/"] {
        assert!(!found(text), "{text}");
    }
}

#[test]
fn takeover_without_any_saved_point_is_a_warning() {
    let mut flow = flow("start:Start a end:End", "start>a a>end");
    set(&mut flow, "start", "OtherServerRetry", json!(true));
    assert_eq!(codes(&flow), ["restart/no-saved-point"]);
    set(&mut flow, "start", "BeginCheckpoint", json!("Use"));
    assert!(check(&flow).is_empty());
}

#[test]
fn connections_exist_fit_and_lead_to_one_place() {
    let connections: BTreeMap<String, Connection> = [
        ("shared", r#"{"kind": "sqlite", "settings": {"path": "storage:warehouse.db"}}"#),
        ("local", r#"{"kind": "sqlite", "settings": {"path": "/data/warehouse.db"}}"#),
        ("web", r#"{"format": 1, "kind": "http", "settings": {"url": "http://example.org"}}"#),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), Connection::from_json(name, text).expect("reads")))
    .collect();
    let found = |name: &str| -> Vec<String> {
        let mut flow = moving();
        set(&mut flow, "a", "Connection", json!(name));
        check_connections(&flow, &Tiny::new(), &connections).into_iter().map(|found| found.code).collect()
    };
    assert!(found("shared").is_empty());
    assert_eq!(found("local"), ["restart/local-path"]);
    assert_eq!(found("web"), ["connection/kind"]);
    assert_eq!(found("gone"), ["connection/unknown"]);
}

#[test]
fn a_connection_file_comes_back_and_its_errors_name_the_place() {
    let text =
        "{\n  \"format\": 1,\n  \"kind\": \"http\",\n  \"settings\": {\n    \"url\": \"http://example.org\"\n  }\n}\n";
    let connection = Connection::from_json("web", text).expect("reads");
    assert_eq!((connection.to_json().as_str(), connection.text("url")), (text, Some("http://example.org")));
    for (text, code, place) in [
        ("{", "connection/syntax", "line 1"),
        ("{}", "connection/shape", "kind"),
        (r#"{"kind": "http", "url": "x"}"#, "connection/shape", "settings"),
        (r#"{"format": 9, "kind": "http"}"#, "connection/too-new", "9"),
    ] {
        let error = Connection::from_json("web", text).expect_err("is refused");
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(place) && error.to_string().contains("web"), "{error}");
    }
}
