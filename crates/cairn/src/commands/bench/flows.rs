//! Flows to measure with, drawn by the program.

use crate::outcome::Failure;
use flow_model::{Component, ComponentId, Connection, Flow, Link, PortRef};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Draws a flow: every component that is added follows the one before.
#[derive(Default)]
pub struct Drawing {
    flow: Flow,
    last: Option<PortRef>,
}

impl Drawing {
    /// Adds a component behind the last one.
    pub fn then(mut self, id: &str, component: Component) -> Result<Self, Failure> {
        let id = self.add(id, component)?;
        self.last = Some(PortRef::new(&id, flow_model::OUT));
        Ok(self)
    }

    /// Adds a ForEach behind the last component, with `body` inside, one component after the other.
    pub fn then_for_each(
        mut self,
        id: &str,
        for_each: Component,
        body: Vec<(&str, Component)>,
    ) -> Result<Self, Failure> {
        let frame = self.add(id, for_each)?;
        self.last = Some(PortRef::new(&frame, "each"));
        for (id, mut component) in body {
            component.parent = Some(frame.clone());
            self = self.then(id, component)?;
        }
        if let Some(from) = self.last.take() {
            self.flow.links.insert(Link { from, to: PortRef::new(&frame, "result") });
        }
        self.last = Some(PortRef::new(&frame, flow_model::OUT));
        Ok(self)
    }

    /// The flow, ended by an End that replies nothing.
    pub fn end(self) -> Result<Flow, Failure> {
        Ok(self.then("end", Component::new("End", "End").with("Reply", "Nothing"))?.flow)
    }

    /// The flow, ended by an End that replies the records that arrive.
    pub fn end_with_reply(self) -> Result<Flow, Failure> {
        Ok(self.then("end", Component::new("End", "End"))?.flow)
    }

    fn add(&mut self, id: &str, component: Component) -> Result<ComponentId, Failure> {
        let id = ComponentId::parse(id).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        self.flow.components.insert(id.clone(), component);
        if let Some(from) = self.last.take() {
            self.flow.links.insert(Link { from, to: PortRef::new(&id, flow_model::IN) });
        }
        Ok(id)
    }
}

/// A Start with the inputs `id` (a number) and `text`.
pub fn start() -> Component {
    let inputs = json!([{"name": "id", "type": "Integer"}, {"name": "text", "type": "Text"}]);
    Component::new("Start", "Start").with("Inputs", inputs)
}

/// A Mapper that does something to both fields.
pub fn mapper(name: &str) -> Component {
    let fields = json!([{"field": "id", "expression": "id + 1"}, {"field": "text", "expression": "reverse(text)"}]);
    Component::new("Mapper", name).with("Fields", fields)
}

/// Makes a project of one flow and the connection that it uses, and gives its folder.
pub fn save_project(folder: &Path, name: &str, flow: &Flow, connection: &Connection) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::file("write in", folder, &error);
    flow_project::Project::create(folder, "bench")?;
    std::fs::write(folder.join("flows").join(format!("{name}.flow.json")), flow.to_json()).map_err(failed)?;
    let connections = folder.join("connections");
    std::fs::create_dir_all(&connections).map_err(failed)?;
    std::fs::write(connections.join(format!("{}.json", connection.name)), connection.to_json()).map_err(failed)?;
    Ok(folder.to_owned())
}
