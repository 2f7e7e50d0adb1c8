use super::Knowledge;
use crate::describe::optional;
use crate::testing::Bench;
use crate::{Component, ComponentError, ComponentType, Design, Examination, Outcome, Palette, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::datatypes::{DataType, Field, Schema};
use flow_model::{ComponentDescription, ComponentId, Effect, Family, Flow, OUT, PropertyKind};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A component that puts out one field, named by its property, and counts how often it is looked at.
struct Counting(Arc<AtomicUsize>);

struct Prepared {
    field: String,
    looks: Arc<AtomicUsize>,
}

impl ComponentType for Counting {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Counting",
            title: "Counting",
            family: Family::Transform,
            icon: "",
            summary: "",
            help: "",
            properties: vec![
                optional("Field", "Field", PropertyKind::Text, "a", ""),
                optional("Note", "Note", PropertyKind::Text, "", ""),
            ],
            effect: Effect::None,
            saves: false,
            line: "",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { field: properties.text("Field"), looks: Arc::clone(&self.0) })
    }
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, _: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        Ok(Outcome::none())
    }

    fn design(&self, design: &mut Design<'_>) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let field = Field::new(&self.field, DataType::Utf8, true);
        design.outlet(OUT, Arc::new(Schema::new(vec![field])));
    }
}

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).unwrap()
}

/// Start, then three of them.
fn flow() -> Flow {
    let json = json!({
        "format": 1,
        "components": [
            {"id": "start", "type": "Start", "name": "Start"},
            {"id": "one", "type": "Counting", "name": "One"},
            {"id": "two", "type": "Counting", "name": "Two"},
            {"id": "three", "type": "Counting", "name": "Three"}
        ],
        "links": [
            {"from": "start.out", "to": "one.in"},
            {"from": "one.out", "to": "two.in"},
            {"from": "two.out", "to": "three.in"}
        ],
        "layout": {}
    });
    Flow::from_json(&json.to_string()).unwrap()
}

fn set(flow: &mut Flow, component: &str, property: &str, value: impl Into<Value>) {
    flow.components[&id(component)].properties.insert(property.to_owned(), value.into());
}

fn same(one: &Examination, other: &Examination) {
    assert_eq!(one.diagnostics, other.diagnostics);
    assert_eq!(one.schemas, other.schemas);
}

#[test]
fn only_what_changed_and_what_gets_other_fields_from_it_is_looked_at_again() {
    let looks = Arc::new(AtomicUsize::new(0));
    let palette = Palette::standard_with(vec![Box::new(Counting(Arc::clone(&looks)))]);
    let (mut flow, bench, mut known) = (flow(), Bench::new(), Knowledge::default());
    let mut looked = |flow: &Flow| {
        looks.store(0, Ordering::Relaxed);
        let found = palette.examine_again(flow, &bench, &mut known);
        let count = looks.load(Ordering::Relaxed);
        same(&found, &palette.examine(flow, &bench));
        count
    };
    assert_eq!(looked(&flow), 3);
    assert_eq!(looked(&flow), 0);

    set(&mut flow, "one", "Note", "which changes no field");
    assert_eq!(looked(&flow), 1);

    set(&mut flow, "one", "Field", "b");
    assert_eq!(looked(&flow), 2, "itself and what follows it, whose own fields stay the same");

    flow.links.retain(|link| link.to.component != id("three"));
    assert_eq!(looked(&flow), 1, "nothing arrives there any more");

    flow.components.shift_remove(&id("three"));
    assert_eq!(looked(&flow), 0);
}

#[test]
fn what_looks_at_files_is_looked_at_every_time() {
    let flow = json!({
        "format": 1,
        "components": [
            {"id": "start", "type": "Start", "name": "Start"},
            {"id": "read", "type": "FileRead", "name": "Read", "properties": {"Path": "project:a.csv"}},
            {"id": "map", "type": "Mapper", "name": "Map",
             "properties": {"Fields": [{"field": "b", "expression": "a"}]}}
        ],
        "links": [{"from": "start.out", "to": "read.in"}, {"from": "read.out", "to": "map.in"}],
        "layout": {}
    });
    let flow = Flow::from_json(&flow.to_string()).unwrap();
    let (palette, mut known) = (Palette::standard(), Knowledge::default());
    let good = Bench::new().with_project_file("a.csv", "a\n1\n");
    assert_eq!(palette.examine_again(&flow, &good, &mut known).diagnostics, []);
    let bad = Bench::new().with_project_file("a.csv", "c\n1\n");
    let found = palette.examine_again(&flow, &bad, &mut known).diagnostics;
    assert_eq!(found.iter().map(|found| found.code.as_str()).collect::<Vec<_>>(), ["data/unknown-field"]);
}

#[test]
fn after_any_change_the_same_is_found_as_by_looking_at_everything() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows-sample/orders/flows/daily-report.flow.json");
    let flow = Flow::from_json(&std::fs::read_to_string(sample).unwrap()).unwrap();
    let (palette, bench, mut known) = (Palette::standard(), Bench::new(), Knowledge::default());
    palette.examine_again(&flow, &bench, &mut known);
    for (id, component) in &flow.components {
        for property in component.properties.keys() {
            let mut changed = flow.clone();
            changed.components[id].properties.remove(property);
            same(&palette.examine_again(&changed, &bench, &mut known), &palette.examine(&changed, &bench));
        }
        let mut without = flow.clone();
        without.links.retain(|link| link.to.component != *id);
        same(&palette.examine_again(&without, &bench, &mut known), &palette.examine(&without, &bench));
    }
}
