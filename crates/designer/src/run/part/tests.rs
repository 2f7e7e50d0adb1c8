use super::{up_to, without};
use flow_model::{ComponentId, Flow};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// start → read → each { map → write → log } → sort → end, and read → other.
fn flow() -> Flow {
    let component = |id: &str, parent: Option<&str>| -> Value {
        let mut component = json!({"id": id, "type": "Mapper", "name": id});
        if let Some(parent) = parent {
            component["parent"] = json!(parent);
        }
        component
    };
    let each = Some("each-aaaaaa");
    let document = json!({
        "format": 1,
        "components": [
            component("start-aaaaaa", None), component("read-aaaaaa", None), component("each-aaaaaa", None),
            component("map-aaaaaa", each), component("write-aaaaaa", each), component("log-aaaaaa", each),
            component("sort-aaaaaa", None), component("end-aaaaaa", None), component("other-aaaaaa", None)],
        "links": [
            {"from": "each-aaaaaa.each", "to": "map-aaaaaa.in"},
            {"from": "each-aaaaaa.out", "to": "sort-aaaaaa.in"},
            {"from": "log-aaaaaa.out", "to": "each-aaaaaa.result"},
            {"from": "map-aaaaaa.out", "to": "write-aaaaaa.in"},
            {"from": "read-aaaaaa.out", "to": "each-aaaaaa.in"},
            {"from": "read-aaaaaa.out", "to": "other-aaaaaa.in"},
            {"from": "sort-aaaaaa.out", "to": "end-aaaaaa.in"},
            {"from": "start-aaaaaa.out", "to": "read-aaaaaa.in"},
            {"from": "write-aaaaaa.out", "to": "log-aaaaaa.in"}],
        "layout": {}
    });
    Flow::from_json(&document.to_string()).unwrap()
}

fn id(name: &str) -> ComponentId {
    ComponentId::parse(&format!("{name}-aaaaaa")).unwrap()
}

fn names(flow: &Flow) -> Vec<&str> {
    flow.components.keys().filter_map(|id| id.as_str().split_once('-')).map(|(name, _)| name).collect()
}

#[test]
fn up_to_a_component_runs_what_is_before_it() {
    assert_eq!(names(&up_to(&flow(), &id("read"))), ["start", "read"]);
    assert_eq!(names(&up_to(&flow(), &id("sort"))), ["start", "read", "each", "map", "write", "log", "sort"]);
    assert_eq!(names(&up_to(&flow(), &id("each"))), ["start", "read", "each", "map", "write", "log"]);
}

#[test]
fn up_to_a_component_of_a_body_runs_what_is_before_it_there() {
    let part = up_to(&flow(), &id("write"));
    assert_eq!(names(&part), ["start", "read", "each", "map", "write"]);
    assert!(part.links.iter().all(|link| link.from.component != id("log")));
}

#[test]
fn without_an_effect_what_waits_for_it_is_left_out() {
    let left_out = BTreeSet::from([id("write")]);
    assert_eq!(names(&without(&flow(), &left_out)), ["start", "read", "each", "map", "other"]);
    assert_eq!(names(&without(&flow(), &BTreeSet::from([id("each")]))), ["start", "read", "other"]);
    let others = without(&flow(), &BTreeSet::from([id("other")]));
    assert_eq!(others.components.len(), flow().components.len() - 1);
}
