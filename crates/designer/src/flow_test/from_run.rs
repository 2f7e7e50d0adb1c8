//! A flow test that expects what a run here did.

use super::TestDraft;
use crate::background::blocking;
use crate::project::OpenProject;
use crate::run::{FinishedRun, RunId, RunOutcome};
use crate::{Command, CommandError, Designer};
use flow_components::Palette;
use flow_model::{Catalogue, Component, ComponentId, Connection, Effect, Flow, OUT, PropertyKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ts_rs::TS;

/// Streams of at most so many records are expected whole; of longer ones their number and the first records.
const WHOLE: u64 = 20;
/// How many first records are expected of longer streams.
const FIRST: usize = 5;

/// Makes a flow test of a local run that has ended: its inputs, stand-ins for the connections that the flow uses, and what
/// it gave as what is expected. Nothing is written yet. Errors: `run/unknown`, `run/still-running`.
#[derive(Debug, Deserialize, TS)]
pub struct TestFromRun {
    /// The run.
    pub run: RunId,
}

impl Command for TestFromRun {
    const NAME: &'static str = "test_from_run";
    type Output = TestDraft;

    async fn run(self, designer: Arc<Designer>) -> Result<TestDraft, CommandError> {
        let project = designer.project()?;
        let run = designer.finished_run(self.run)?;
        let palette = Arc::clone(designer.palette());
        blocking(move || Draft { run: &run, palette: &palette, project: &project, notes: Vec::new() }.make()).await
    }
}

/// A test in the making.
struct Draft<'a> {
    run: &'a FinishedRun,
    palette: &'a Palette,
    project: &'a OpenProject,
    notes: Vec<String>,
}

impl Draft<'_> {
    fn make(mut self) -> Result<TestDraft, CommandError> {
        let flow = self.run.view.flow.clone();
        let mut test = Map::new();
        test.insert("flow".to_owned(), json!(flow.as_str()));
        if !self.run.view.inputs.is_empty() {
            test.insert("inputs".to_owned(), Value::Object(self.run.view.inputs.clone()));
        }
        for (member, value) in [("connections", self.stand_ins()), ("files", self.files()), ("expect", self.expected())]
        {
            if !value.is_empty() {
                test.insert(member.to_owned(), Value::Object(value));
            }
        }
        if self.run.view.to.is_some() || !self.run.view.left_out.is_empty() {
            self.notes.push("Only a part of the flow ran, and a test runs all of it.".to_owned());
        }
        let mut content = serde_json::to_string_pretty(&test).map_err(|error| CommandError::internal(&error))?;
        content.push('\n');
        Ok(TestDraft { name: self.free_name(flow.as_str())?, flow, content, notes: self.notes })
    }

    fn free_name(&self, flow: &str) -> Result<String, CommandError> {
        let taken = self.project.files().test_names()?;
        let numbered = (2..).map(|number| format!("{flow}-{number}"));
        let mut names = std::iter::once(flow.to_owned()).chain(numbered);
        Ok(names.find(|name| !taken.contains(name)).unwrap_or_default())
    }

    /// What stands in for the connections that the flow uses.
    fn stand_ins(&mut self) -> Map<String, Value> {
        let connections = self.project.connections();
        let mut stand_ins = Map::new();
        for name in self.connections_in_use() {
            let Some(connection) = connections.get(&name) else { continue };
            let stand_in = self.stand_in(connection);
            stand_ins.insert(name, stand_in);
        }
        stand_ins
    }

    fn stand_in(&mut self, connection: &Connection) -> Value {
        let name = &connection.name;
        if connection.kind == "http" {
            self.notes.push(format!(
                "“{name}” is answered by the test: write the bodies that the flow needs into its answers."
            ));
            return json!({"answers": [{"status": 200, "body": {}}]});
        }
        self.notes.push(format!(
            "“{name}” is an empty SQLite database in the test: name flows in “before” that make and fill its tables."
        ));
        json!({"kind": "sqlite", "settings": {"path": format!("storage:{name}.db")}})
    }

    fn connections_in_use(&self) -> BTreeSet<String> {
        let used = |component: &Component| -> Vec<String> {
            let properties = self.palette.describe(&component.kind).into_iter().flat_map(|kind| &kind.properties);
            let of_connections = properties.filter(|property| matches!(property.kind, PropertyKind::Connection { .. }));
            let named = of_connections.filter_map(|property| component.properties.get(property.name)?.as_str());
            named.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        self.run.document.components.values().flat_map(used).collect()
    }

    /// The files that the flow reads and that a test does not have by itself.
    fn files(&mut self) -> Map<String, Value> {
        let mut files = Map::new();
        for component in self.run.document.components.values() {
            if self.palette.effect(component) != Effect::Reads {
                continue;
            }
            let Some(path) = path_of(component, self.palette).filter(|path| !path.starts_with("project:")) else {
                continue;
            };
            let inside = !path.contains(':') && !path.contains("${") && !path.starts_with('/');
            if inside && self.project.files().root().join(&path).is_file() {
                files.insert(path.clone(), json!({"file": path}));
            } else {
                self.notes
                    .push(format!("“{}” reads {path}: put what it is to find there into “files”.", component.name));
            }
        }
        files
    }

    /// What the run gave.
    fn expected(&self) -> Map<String, Value> {
        let mut expected = Map::new();
        match &self.run.view.outcome {
            RunOutcome::Finished { reply: Some(reply) } if !reply.is_null() => {
                expected.insert("reply".to_owned(), reply.clone());
            }
            RunOutcome::Error { code, component, .. } => {
                let named = component.as_ref().and_then(|id| self.run.document.components.get(id));
                let mut error = Map::from_iter([("code".to_owned(), json!(code))]);
                error.extend(named.map(|component| ("component".to_owned(), json!(component.name))));
                expected.insert("error".to_owned(), Value::Object(error));
            }
            _ => {}
        }
        let records: Map<String, Value> = self.records().into_iter().collect();
        if !records.is_empty() {
            expected.insert("records".to_owned(), Value::Object(records));
        }
        expected
    }

    /// What was put out where it matters: before what changes the world, before checkpoints, and at the ends.
    fn records(&self) -> BTreeMap<String, Value> {
        let document = &self.run.document;
        let matters = |id: &ComponentId| {
            let mut next = document.links_from(id).filter(|link| link.from.port == OUT).peekable();
            next.peek().is_none() || next.any(|link| self.is_watched(document, &link.to.component))
        };
        let mut records = BTreeMap::new();
        for (id, component) in document.components.iter().filter(|(id, one)| one.parent.is_none() && matters(id)) {
            let Some((rows, total)) = self.run.first_rows(id, OUT) else { continue };
            let is_whole = total == rows.len() as u64 && total <= WHOLE;
            let expected = if is_whole {
                Value::Array(rows)
            } else {
                json!({"count": total, "first": rows.into_iter().take(FIRST).collect::<Vec<_>>()})
            };
            let is_alone = document.components.values().filter(|other| other.name == component.name).count() == 1;
            records.insert(if is_alone { component.name.clone() } else { id.to_string() }, expected);
        }
        records
    }

    fn is_watched(&self, document: &Flow, id: &ComponentId) -> bool {
        document.components.get(id).is_some_and(|component| {
            let saves = self.palette.describe(&component.kind).is_some_and(|kind| kind.saves);
            saves || component.kind == "End" || self.palette.effect(component) == Effect::Changes
        })
    }
}

/// The place for files that a component names, as it is written.
fn path_of(component: &Component, palette: &Palette) -> Option<String> {
    let properties = &palette.describe(&component.kind)?.properties;
    let property = properties.iter().find(|property| property.kind == PropertyKind::Path)?;
    Some(component.properties.get(property.name)?.as_str()?.to_owned())
}
