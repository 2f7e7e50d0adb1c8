use crate::example::{flow, id};
use crate::{Area, Component, ComponentId, DocumentError, Flow, Group, Link, PortRef, Position};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const CANONICAL: &str = r#"{
  "format": 2,
  "description": "Imports \"orders\"",
  "futureMember": {
    "kept": [1, 2.5, 0.1234567890123456]
  },
  "components": [
    {
      "id": "start-ab12cd",
      "type": "Start",
      "name": "Start",
      "properties": {
        "OtherServerRetry": true
      }
    },
    {
      "id": "mapper-k3x9ab",
      "type": "Mapper",
      "name": "In Ordnung ✓",
      "properties": {
        "Fields": [
          {"field": "id", "expression": "order_id"},
          {"field": "total", "expression": "price * quantity"}
        ],
        "Unknown to this release": "stays"
      },
      "futureMember": 18446744073709551615
    }
  ],
  "links": [
    {"from": "start-ab12cd.out", "to": "mapper-k3x9ab.in"}
  ],
  "groups": [
    {
      "id": "group-q4w5e6",
      "title": "Prices",
      "note": "In **cents**",
      "members": ["mapper-k3x9ab"],
      "futureMember": true
    },
    {
      "id": "group-z7z8z9",
      "note": "To do",
      "area": [0, 400.5, 200, 80]
    }
  ],
  "layout": {
    "mapper-k3x9ab": [312.5, -80],
    "start-ab12cd": [40, 80]
  }
}
"#;

#[test]
fn a_canonical_file_comes_back_byte_for_byte() {
    let text = CANONICAL;
    assert_eq!(Flow::from_json(text).expect("reads").to_json(), text);
}

#[test]
fn what_this_release_does_not_know_survives() {
    let flow = Flow::from_json(CANONICAL).expect("reads");
    assert_eq!(flow.unknown["futureMember"], json!({"kept": [1, 2.5, 0.1234567890123456]}));
    let mapper = &flow.components[&id("mapper-k3x9ab")];
    assert_eq!(mapper.unknown["futureMember"], json!(18446744073709551615_u64));
    assert_eq!(mapper.properties["Unknown to this release"], json!("stays"));
}

#[test]
fn a_property_of_null_is_a_property_not_set() {
    let text = r#"{"format": 1, "components": [{"id": "a", "type": "End", "properties": {"Reply": null}}]}"#;
    let flow = Flow::from_json(text).expect("reads");
    assert!(flow.components[&id("a")].properties.is_empty());
    assert_eq!(flow.components[&id("a")].name, "End", "a name left out is the type");
}

#[test]
fn components_without_a_position_stand_in_columns_by_distance_from_the_start() {
    let mut drawn = flow("start:Start a b end:End", "start>a start>b a>end b>end");
    drawn.layout.clear();
    let read = Flow::from_json(&drawn.to_json()).expect("reads");
    let place = |name: &str| read.layout[&id(name)];
    assert!(place("start").x < place("a").x && place("a").x == place("b").x && place("b").x < place("end").x);
    assert_ne!(place("a").y, place("b").y);
}

#[test]
fn a_circle_of_components_without_positions_is_read_too() {
    let mut drawn = flow("a b", "a>b b>a");
    drawn.layout.clear();
    assert_eq!(Flow::from_json(&drawn.to_json()).expect("reads").layout.len(), 2);
}

fn error(text: &str) -> DocumentError {
    Flow::from_json(text).expect_err("is refused")
}

#[test]
fn a_syntax_error_names_line_and_column() {
    let found = error("{\n  \"format\": 1,\n  \"components\": [}\n}");
    assert_eq!(found.code(), "document/syntax");
    assert!(matches!(found, DocumentError::Syntax { line: 3, column: 18, .. }), "{found:?}");
    assert!(!found.to_string().contains("at line"), "the place is named once: {found}");
}

#[test]
fn conflict_marks_of_git_are_named_as_such() {
    let found = error("{\n<<<<<<< HEAD\n\"format\": 1\n=======\n>>>>>>> other\n}");
    assert!(
        matches!(&found, DocumentError::Syntax { line: 2, .. }) && found.to_string().contains("conflict"),
        "{found}"
    );
}

#[test]
fn a_key_that_occurs_twice_is_refused_because_one_value_would_be_lost() {
    let found = error(r#"{"format": 1, "components": [{"id": "a", "type": "End", "name": "x", "name": "y"}]}"#);
    assert!(found.code() == "document/syntax" && found.to_string().contains("“name” occurs twice"), "{found}");
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let found = error(r#"{"format": 7, "whatever": true}"#);
    assert_eq!(found, DocumentError::TooNew { found: 7, supported: 2 });
}

#[test]
fn numbers_are_exact_whatever_stands_beside_them() {
    let text =
        r#"{"format": 1, "7 \"-1": ["-5\\", -0.5, 927648.9057556875, 1e-7, -0, 12345678901234567890123, "\\\"8"]}"#;
    let flow = Flow::from_json(text).expect("reads");
    let expected = json!(["-5\\", -0.5, 927648.9057556875, 1e-7, -0.0, 12345678901234567890123.0, "\\\"8"]);
    assert_eq!(flow.unknown["7 \"-1"], expected);
}

#[test]
fn a_wrong_shape_is_named_by_its_path() {
    let cases = [
        ("[]", "the file"),
        ("{}", "format"),
        (r#"{"format": "1"}"#, "format"),
        (r#"{"format": 1, "components": {}}"#, "components"),
        (r#"{"format": 1, "components": [{"type": "End"}]}"#, "components[0].id"),
        (r#"{"format": 1, "components": [{"id": "a b", "type": "End"}]}"#, "components[0].id"),
        (r#"{"format": 1, "components": [{"id": "a"}]}"#, "components[0].type"),
        (r#"{"format": 1, "components": [{"id": "a", "type": "X", "properties": []}]}"#, "components[0].properties"),
        (r#"{"format": 1, "components": [{"id": "a", "type": "X"}, {"id": "a", "type": "X"}]}"#, "components[1].id"),
        (r#"{"format": 1, "links": [{"from": "a.out"}]}"#, "links[0].to"),
        (r#"{"format": 1, "links": [{"from": "a", "to": "b.in"}]}"#, "links[0].from"),
        (r#"{"format": 1, "links": [{"from": "a.out", "to": "b.in", "colour": 1}]}"#, "links[0].colour"),
        (r#"{"format": 1, "groups": [{}]}"#, "groups[0].id"),
        (r#"{"format": 1, "groups": [{"id": "a", "members": [1]}]}"#, "groups[0].members[0]"),
        (r#"{"format": 1, "groups": [{"id": "a", "area": [1, 2]}]}"#, "groups[0].area"),
        (r#"{"format": 1, "groups": [{"id": "a"}, {"id": "a"}]}"#, "groups[1].id"),
        (r#"{"format": 1, "layout": {"a": [1]}}"#, "layout.a"),
    ];
    for (text, place) in cases {
        match error(text) {
            DocumentError::Shape { path, .. } => assert_eq!(path, place, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(error(&text).code(), "document/syntax");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| if number.is_finite() { json!(number) } else { json!(0) }),
        ".*".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_members() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("new[A-Z]{1,3}", any_value()), 0..3).prop_map(|members| members.into_iter().collect())
}

fn any_id() -> impl Strategy<Value = ComponentId> + Clone {
    "[a-z]{1,3}-[a-z0-9]{2}".prop_map(|text| id(&text))
}

fn any_component() -> impl Strategy<Value = Component> {
    let property = ("\\PC{0,8}", any_value().prop_filter("null is not set", |value| !value.is_null()));
    let properties = prop::collection::btree_map(property.0, property.1, 0..4);
    (".*", ".*", prop::option::of(any_id()), properties, any_members())
        .prop_map(|(kind, name, parent, properties, unknown)| Component { kind, name, parent, properties, unknown })
}

fn any_group() -> impl Strategy<Value = Group> {
    let area = prop::option::of((-1e3..1e3, -1e3..1e3, 0.0..1e3, 0.0..1e3))
        .prop_map(|area: Option<(f64, f64, f64, f64)>| area.map(|(x, y, width, height)| Area { x, y, width, height }));
    (".*", ".*", prop::collection::btree_set(any_id(), 0..3), area, any_members())
        .prop_map(|(title, note, members, area, unknown)| Group { title, note, members, area, unknown })
}

fn any_flow() -> impl Strategy<Value = Flow> {
    let position = (any::<i32>(), -1e6..1e6).prop_map(|(x, y): (i32, f64)| Position { x: f64::from(x), y });
    let component = (any_id(), any_component(), position);
    let port = (any_id(), "\\PC{1,8}").prop_map(|(component, port)| PortRef { component, port });
    let link = (port.clone(), port).prop_map(|(from, to)| Link { from, to });
    let groups = prop::collection::btree_map(any_id(), any_group(), 0..3);
    (".*", prop::collection::vec(component, 0..6), prop::collection::btree_set(link, 0..6), groups, any_members())
        .prop_map(|(description, parts, links, groups, unknown)| {
            let layout = parts.iter().map(|(id, _, position)| (id.clone(), *position)).collect();
            let components = parts.into_iter().map(|(id, component, _)| (id, component)).collect();
            Flow { description, components, links, groups, layout, unknown }
        })
}

proptest! {
    #[test]
    fn save_then_load_is_identity(flow in any_flow()) {
        let text = flow.to_json();
        let read = Flow::from_json(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&read, &flow);
        prop_assert_eq!(read.to_json(), text);
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in ".*") {
        let _ = Flow::from_json(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Flow::from_json(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_without_a_panic(
        flow in any_flow(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, "[\\x00-\\x7f]{0,3}"), 1..6),
    ) {
        let mut text: Vec<char> = flow.to_json().chars().collect();
        for (at, cut, put) in damage {
            let from = at.index(text.len() + 1);
            let to = (from + cut).min(text.len());
            text.splice(from..to, put.chars());
        }
        let text: String = text.into_iter().collect();
        // What can be read is a flow like any other: it comes back, and its faults are told.
        if let Ok(flow) = Flow::from_json(&text) {
            prop_assert_eq!(&Flow::from_json(&flow.to_json()).expect("reads"), &flow);
            crate::check_structure(&flow, &crate::example::Tiny::new());
            crate::failure_report(&flow, &crate::example::Tiny::new(), &Default::default());
        }
    }
}
