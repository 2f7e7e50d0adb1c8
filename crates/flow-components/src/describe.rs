//! Short forms for the descriptions of properties.

use flow_model::{Choice, Component, PropertyDescription, PropertyKind};
use serde_json::Value;

/// A property that a flow cannot run without.
pub(crate) fn required(
    name: &'static str,
    title: &'static str,
    kind: PropertyKind,
    help: &'static str,
) -> PropertyDescription {
    PropertyDescription { name, title, help, kind, default: Value::Null, required: true, shown_when: Vec::new() }
}

/// A property with a default.
pub(crate) fn optional(
    name: &'static str,
    title: &'static str,
    kind: PropertyKind,
    default: impl Into<Value>,
    help: &'static str,
) -> PropertyDescription {
    PropertyDescription { name, title, help, kind, default: default.into(), required: false, shown_when: Vec::new() }
}

/// One of several values, each with its label.
pub(crate) fn choice(choices: &[(&'static str, &'static str)]) -> PropertyKind {
    PropertyKind::Choice { choices: choices.iter().map(|(value, title)| Choice { value, title }).collect() }
}

const EXACTLY_ONCE: &str = "ExactlyOnce";

/// The property by which what a component does to the world counts once, however often it runs.
pub(crate) fn exactly_once(help: &'static str) -> PropertyDescription {
    optional(EXACTLY_ONCE, "Exactly once", PropertyKind::Boolean, false, help)
}

/// Whether it is set, so that the input is saved first.
pub(crate) fn acts_once(component: &Component) -> bool {
    component.properties.get(EXACTLY_ONCE).and_then(Value::as_bool).unwrap_or_default()
}
