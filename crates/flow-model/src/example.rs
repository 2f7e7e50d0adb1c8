//! A tiny catalogue and flows made of it, for tests.

use crate::{
    Catalogue, Choice, Component, ComponentDescription, ComponentId, Effect, Family, Flow, Link, PortRef, Ports,
    Position, PropertyDescription, PropertyKind,
};
use serde_json::{Value, json};

/// Start, Step (with a property of most kinds), Put (changes the world), Set (sets flow variables), Branch, Checkpoint,
/// ForEach, SubFlow, Fail, Wait, End.
pub(crate) struct Tiny(Vec<ComponentDescription>);

impl Tiny {
    pub(crate) fn new() -> Self {
        let choices = vec![Choice { value: "NotUse", title: "Not use" }, Choice { value: "Use", title: "Use" }];
        let start = [
            property("OtherServerRetry", PropertyKind::Boolean, json!(false)),
            property("BeginCheckpoint", PropertyKind::Choice { choices }, json!("NotUse")),
            property("RetryCount", PropertyKind::Integer { min: 0, max: 100 }, json!(0)),
            property("RetryInterval", PropertyKind::Seconds { min: 0.0 }, json!(10)),
            property("Timeout", PropertyKind::Seconds { min: 0.0 }, Value::Null),
            property("Inputs", PropertyKind::Inputs, json!([])),
        ];
        let step = [
            PropertyDescription { required: true, ..property("Path", PropertyKind::Path, Value::Null) },
            property("Text", PropertyKind::Text, json!("")),
            property("Fields", PropertyKind::Fields, json!([])),
            property("Mapping", PropertyKind::Mapping, json!([])),
            property("Names", PropertyKind::Names, json!([])),
            property("Columns", PropertyKind::Columns { fixed: false }, json!([])),
            property("Layout", PropertyKind::Columns { fixed: true }, json!([])),
            property("SortKeys", PropertyKind::SortKeys, json!([])),
            property("JoinKeys", PropertyKind::JoinKeys, json!([])),
            property("Pairs", PropertyKind::Pairs, json!([])),
            property("Connection", PropertyKind::Connection { kinds: vec!["sqlite"] }, Value::Null),
        ];
        let put = [property("ExactlyOnce", PropertyKind::Boolean, json!(false))];
        let set = [property("Variables", PropertyKind::Fields, json!([]))];
        let branch = [property("Branches", PropertyKind::Branches, json!([]))];
        let sub_flow = [property("Flow", PropertyKind::Flow, Value::Null)];
        Self(vec![
            description("Start", start.into()),
            description("Step", step.into()),
            description("Branch", branch.into()),
            ComponentDescription { effect: Effect::Changes, ..description("Put", put.into()) },
            description("Set", set.into()),
            description("ForEach", Vec::new()),
            description("SubFlow", sub_flow.into()),
            description("Fail", Vec::new()),
            description("Wait", Vec::new()),
            ComponentDescription { saves: true, ..description("Checkpoint", Vec::new()) },
            description("End", Vec::new()),
        ])
    }
}

fn property(name: &'static str, kind: PropertyKind, default: Value) -> PropertyDescription {
    PropertyDescription { name, title: name, help: "", kind, default, required: false, shown_when: Vec::new() }
}

fn description(kind: &'static str, properties: Vec<PropertyDescription>) -> ComponentDescription {
    ComponentDescription {
        kind,
        title: kind,
        family: Family::Control,
        icon: "box",
        summary: "",
        help: "",
        properties,
        effect: Effect::None,
        saves: false,
        line: "",
    }
}

impl Catalogue for Tiny {
    fn describe(&self, kind: &str) -> Option<&ComponentDescription> {
        self.0.iter().find(|description| description.kind == kind)
    }

    fn ports(&self, component: &Component) -> Option<Ports> {
        match component.kind.as_str() {
            "Start" => Some(Ports::named(&[], &["out"])),
            "End" | "Fail" => Some(Ports::named(&["in"], &[])),
            "Step" | "Checkpoint" | "Put" | "Set" | "SubFlow" | "Wait" => Some(Ports::ordinary()),
            "ForEach" => Some(Ports::ordinary().with_body(&["each"], &["result"])),
            "Branch" => {
                let branches = component.properties.get("Branches").and_then(Value::as_array);
                let names = branches.into_iter().flatten().filter_map(|branch| branch.get("outlet")?.as_str());
                let outlets: Vec<&str> = names.chain(["otherwise", "error"]).collect();
                Some(Ports::named(&["in"], &outlets))
            }
            _ => None,
        }
    }

    fn all(&self) -> Vec<&ComponentDescription> {
        self.0.iter().collect()
    }

    fn saves_input(&self, component: &Component) -> bool {
        component.properties.get("ExactlyOnce") == Some(&json!(true))
    }

    fn sets(&self, component: &Component) -> Vec<String> {
        let names = component.properties.get("Variables").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
    }
}

pub(crate) fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("a valid id")
}

/// A link written `from.outlet>to.inlet` (`out` and `in` when left out).
pub(crate) fn link(text: &str) -> Link {
    let (from, to) = text.split_once('>').expect("from>to");
    let (from, outlet) = from.split_once('.').unwrap_or((from, "out"));
    let (to, inlet) = to.split_once('.').unwrap_or((to, "in"));
    Link { from: PortRef::new(&id(from), outlet), to: PortRef::new(&id(to), inlet) }
}

/// A flow of components written `id:Type` (a Step when the type is left out), or `foreach/id:Type` in a body, with
/// links as in [`link`].
pub(crate) fn flow(components: &str, links: &str) -> Flow {
    let mut flow = Flow::default();
    for component in components.split_whitespace() {
        let (path, kind) = component.split_once(':').unwrap_or((component, "Step"));
        let (parent, name) = path.split_once('/').map_or((None, path), |(parent, name)| (Some(id(parent)), name));
        let mut component = Component { parent, ..Component::new(kind, name) };
        if kind == "Step" {
            component = component.with("Path", "storage:file");
        }
        flow.components.insert(id(name), component);
        flow.layout.insert(id(name), Position::default());
    }
    flow.links = links.split_whitespace().map(link).collect();
    flow
}
