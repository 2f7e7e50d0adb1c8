use crate::edit::tests::any_edit;
use crate::example::{Tiny, flow, id};
use crate::{Flow, check_structure, json_schema};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = json_schema(&Tiny::new());
    jsonschema::draft202012::meta::validate(&schema).expect("is a schema");
    jsonschema::validator_for(&schema).expect("is a schema")
});

fn document(flow: &Flow) -> Value {
    serde_json::from_str(&flow.to_json()).expect("is JSON")
}

#[test]
fn sound_files_are_valid_and_unknown_things_are_allowed() {
    let mut flow = flow("start:Start loop:ForEach loop/a end:End", "start>loop loop.each>a a>loop.result loop>end");
    flow.components.insert(id("future"), crate::Component::new("Unheard-of", "x").with("Any", 1));
    flow.components[&id("a")].properties.insert("Made up".to_owned(), json!([]));
    flow.groups.insert(id("g"), crate::Group { area: Some(crate::Area::default()), ..Default::default() });
    flow.unknown.insert("futureMember".to_owned(), json!(true));
    let found: Vec<String> = VALIDATOR.iter_errors(&document(&flow)).map(|error| error.to_string()).collect();
    assert_eq!(found, [""; 0]);
    let old = include_str!("../canonical/fixtures/order-import.format-1.flow.json");
    assert!(VALIDATOR.is_valid(&serde_json::from_str(old).expect("is JSON")), "older formats are valid too");
}

#[test]
fn wrong_files_are_refused_at_their_place() {
    let start = |properties: Value| json!({"format": 2, "components": [{"id": "a", "type": "Start", "properties": properties}]});
    let step =
        |properties: Value| json!({"format": 2, "components": [{"id": "a", "type": "Step", "properties": properties}]});
    let cases = [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"format": 99}), "/format"),
        (json!({"format": 2, "components": [{"id": "a b", "type": "End"}]}), "/components/0/id"),
        (json!({"format": 2, "components": [{"id": "a"}]}), "/components/0"),
        (json!({"format": 2, "links": [{"from": "a.out", "to": "b"}]}), "/links/0/to"),
        (json!({"format": 2, "links": [{"from": "a.out", "to": "b.in", "colour": 1}]}), "/links/0"),
        (json!({"format": 2, "layout": {"a": [1]}}), "/layout/a"),
        (json!({"format": 2, "groups": [{"id": "g", "area": [1, 2]}]}), "/groups/0/area"),
        (start(json!({"RetryCount": 101})), "/components/0/properties/RetryCount"),
        (start(json!({"BeginCheckpoint": "Sometimes"})), "/components/0/properties/BeginCheckpoint"),
        (start(json!({"Inputs": [{"name": "a", "type": "Date"}]})), "/components/0/properties/Inputs/0/type"),
        (step(json!({})), "/components/0/properties"),
        (step(json!({"Path": 7})), "/components/0/properties/Path"),
        (step(json!({"Path": "x", "Mapping": [{"field": "x"}]})), "/components/0/properties/Mapping/0"),
        (step(json!({"Path": "x", "Fields": ["x", "x"]})), "/components/0/properties/Fields"),
    ];
    for (document, place) in cases {
        let places: Vec<String> =
            VALIDATOR.iter_errors(&document).map(|error| error.instance_path().to_string()).collect();
        assert!(places.iter().any(|found| found == place), "{document}: {places:?}");
    }
}

proptest! {
    #[test]
    fn what_the_rules_find_no_wrong_property_in_is_valid(edits in prop::collection::vec(any_edit(), 1..20)) {
        let mut made = flow("start:Start", "");
        for edit in edits {
            let _ = edit.apply(&mut made, &Tiny::new());
        }
        let is_wrong = check_structure(&made, &Tiny::new()).iter().any(|found| found.code.starts_with("property/") && found.code != "property/unknown");
        prop_assert_eq!(VALIDATOR.is_valid(&document(&made)), !is_wrong);
    }
}
