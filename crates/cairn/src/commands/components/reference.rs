//! The reference of components in Markdown.

use flow_model::{
    Catalogue, Component, ComponentDescription, Effect, Family, PropertyDescription, PropertyKind, ShownWhen,
};
use serde_json::Value;
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# Components

Everything that a flow can be made of, as the designer shows it beside the inspector. This page is written by
`cairn components > docs/components.md`; what it says comes from the components themselves.

Properties with a star must be set. Next to the outlet `error` there is always an outlet `always`: see
[Errors and rollback](guide/errors.md).
";

const FAMILIES: [(Family, &str); 6] = [
    (Family::Control, "Control"),
    (Family::Checkpoint, "Checkpoint"),
    (Family::File, "Files"),
    (Family::Transform, "Records"),
    (Family::Database, "Databases"),
    (Family::Network, "Networks"),
];

/// What there is to know of `chosen`; as a page with a table of contents if it is a `page`.
pub(super) fn markdown(chosen: &[&ComponentDescription], catalogue: &dyn Catalogue, page: bool) -> String {
    let mut text = String::new();
    if page {
        text.push_str(INTRODUCTION);
        contents(&mut text, chosen);
    }
    for (family, title) in FAMILIES {
        let mut of_family = chosen.iter().filter(|description| description.family == family).peekable();
        if page && of_family.peek().is_some() {
            let _ = write!(text, "\n## {title}\n");
        }
        for description in of_family {
            component(&mut text, description, catalogue);
        }
    }
    text
}

fn contents(text: &mut String, chosen: &[&ComponentDescription]) {
    text.push_str("\n| | |\n|---|---|\n");
    for (family, title) in FAMILIES {
        let of_family = chosen.iter().filter(|description| description.family == family);
        let links: Vec<String> = of_family
            .map(|description| {
                format!("[{}](#{})", description.title, description.title.to_lowercase().replace(' ', "-"))
            })
            .collect();
        let _ = writeln!(text, "| {title} | {} |", links.join(", "));
    }
}

fn component(text: &mut String, description: &ComponentDescription, catalogue: &dyn Catalogue) {
    let _ = write!(text, "\n### {}\n\n`{}` · {}", description.title, description.kind, description.summary);
    text.push_str(match description.effect {
        Effect::None => ".\n",
        Effect::Reads => ". It reads from outside.\n",
        Effect::Changes => ". It changes the world.\n",
    });
    ports(text, description, catalogue);
    let _ = write!(text, "\n{}\n", description.help.trim());
    if !description.properties.is_empty() {
        text.push_str("\n| property | values | default | meaning |\n|---|---|---|---|\n");
        for property in &description.properties {
            row(text, property);
        }
    }
}

/// The inlets and outlets of a component without any properties.
fn ports(text: &mut String, description: &ComponentDescription, catalogue: &dyn Catalogue) {
    let Some(ports) = catalogue.ports(&Component::new(description.kind, description.title)) else { return };
    let names = |ports: &[flow_model::PortDescription]| {
        let names: Vec<String> = ports.iter().map(|port| format!("`{}`", port.name)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let _ = write!(text, "\nInlets: {}. Outlets: {}.", names(&ports.inlets), names(&ports.outlets));
    if ports.has_body() {
        let _ = write!(text, " Inside: from {}, back to {}.", names(&ports.body_outlets), names(&ports.body_inlets));
    }
    text.push('\n');
}

fn row(text: &mut String, property: &PropertyDescription) {
    let star = if property.required { " *" } else { "" };
    let default = match &property.default {
        Value::Null => String::new(),
        Value::String(text) if text.is_empty() => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    };
    let meaning = format!("{}{}", property.help, conditions(property));
    let cells = [format!("`{}`{star}", property.name), values(&property.kind), default, meaning];
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// When the property matters: ` For `Format` `Csv`.`
fn conditions(property: &PropertyDescription) -> String {
    let one = |condition: &ShownWhen| {
        let value = |value: &Value| format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let values: Vec<String> = condition.values.iter().map(value).collect();
        format!("`{}` {}", condition.property, values.join(", "))
    };
    let all: Vec<String> = property.shown_when.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(" Only for {}.", all.join(" and ")) }
}

/// What may be written there.
fn values(kind: &PropertyKind) -> String {
    match kind {
        PropertyKind::Text => "text".to_owned(),
        PropertyKind::Multiline => "text of several lines".to_owned(),
        PropertyKind::Path => "path".to_owned(),
        PropertyKind::Integer { min, max } => format!("whole number, {min} to {max}"),
        PropertyKind::Seconds { .. } => "seconds".to_owned(),
        PropertyKind::Boolean => "`true`, `false`".to_owned(),
        PropertyKind::Choice { choices } => {
            choices.iter().map(|choice| format!("`{}`", choice.value)).collect::<Vec<_>>().join(", ")
        }
        PropertyKind::Expression { condition: true } => "condition".to_owned(),
        PropertyKind::Expression { condition: false } => "expression".to_owned(),
        PropertyKind::Mapping => "list of `field`, `expression`".to_owned(),
        PropertyKind::Branches => "list of `outlet`, `condition`".to_owned(),
        PropertyKind::Pairs => "list of `name`, `value`".to_owned(),
        PropertyKind::Script => "JavaScript".to_owned(),
        PropertyKind::Sql => "SQL".to_owned(),
        PropertyKind::Fields => "list of fields".to_owned(),
        PropertyKind::Field => "field".to_owned(),
        PropertyKind::Names => "list of names".to_owned(),
        PropertyKind::Columns { fixed: false } => "list of `name`, `type`".to_owned(),
        PropertyKind::Columns { fixed: true } => "list of `name`, `type`, `start`, `length`".to_owned(),
        PropertyKind::SortKeys => "list of `expression`, `order`".to_owned(),
        PropertyKind::JoinKeys => "list of `left`, `right`".to_owned(),
        PropertyKind::Inputs => "list of `name`, `type`, `default`".to_owned(),
        PropertyKind::Flow => "flow".to_owned(),
        PropertyKind::Connection { kinds } => format!("connection of kind {}", kinds.join(", ")),
    }
}
