//! A designer with a project of its own, to be called like a host does.

use designer::{CommandError, Designer, DesignerOptions, Event, Host, NoHost};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;

pub struct Workbench {
    pub designer: Arc<Designer>,
    pub events: broadcast::Receiver<Event>,
    pub folder: TempDir,
}

pub const FLOW: &str = "orders";

impl Workbench {
    /// A designer without a project.
    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let designer = Designer::new(DesignerOptions::without_host(folder.path().join("config")));
        let events = designer.events();
        Self { designer, events, folder }
    }

    /// A designer with a new project under git, in which there are a data file and the flow `orders`:
    /// Start → Read → Double → Save → End.
    pub async fn with_project() -> Self {
        let bench = Self::empty();
        bench.call("project_create", json!({"path": bench.project(), "name": "Test project"})).await;
        for (key, value) in [("user.name", "Ada"), ("user.email", "ada@example.org"), ("commit.gpgsign", "false")] {
            git(&bench.project(), &["config", key, value]);
        }
        bench.write("data/orders.csv", "id,amount\n1,10\n2,20\n3,30\n");
        bench.write("flows/orders.flow.json", &orders_flow().to_string());
        bench.call("flow_open", json!({"flow": FLOW})).await;
        bench
    }

    /// A designer as it would be after a new start, on the same settings, without a project.
    pub fn restarted(&self) -> Arc<Designer> {
        self.hosted_by(NoHost)
    }

    /// A designer on the same settings, without a project, in another host.
    pub fn hosted_by(&self, host: impl Host + 'static) -> Arc<Designer> {
        let options = DesignerOptions::without_host(self.folder.path().join("config"));
        Designer::new(DesignerOptions { host: Arc::new(host), ..options })
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub async fn call(&self, name: &str, input: Value) -> Value {
        match self.designer.call(name, input).await {
            Ok(output) => output,
            Err(error) => panic!("{name} failed: {} ({})", error.message, error.code),
        }
    }

    pub async fn fails(&self, name: &str, input: Value) -> CommandError {
        match self.designer.call(name, input).await {
            Ok(output) => panic!("{name} should have failed, but answered {output}"),
            Err(error) => error,
        }
    }

    /// Applies an edit on the newest revision.
    pub async fn edit(&self, edit: Value) -> Value {
        let revision = self.call("flow_open", json!({"flow": FLOW})).await["state"]["revision"].clone();
        self.call("flow_apply_edit", json!({"flow": FLOW, "revision": revision, "edit": edit})).await
    }

    /// Waits for the event that `wanted` makes something of.
    pub async fn event<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.events.recv().await.expect("the designer lives");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("no event: {what}"))
    }
}

pub fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn orders_flow() -> Value {
    json!({
        "format": 1,
        "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start", "properties": {
                "Inputs": [{"name": "factor", "type": "Integer", "default": 2}]}},
            {"id": "read-aaaaaa", "type": "FileRead", "name": "Read", "properties": {"Path": "project:data/orders.csv"}},
            {"id": "double-aaaaaa", "type": "Mapper", "name": "Double", "properties": {"Fields": [
                {"field": "id", "expression": "id"},
                {"field": "double", "expression": "amount * $factor"}]}},
            {"id": "save-aaaaaa", "type": "Checkpoint", "name": "Save"},
            {"id": "end-aaaaaa", "type": "End", "name": "End"}],
        "links": [
            {"from": "double-aaaaaa.out", "to": "save-aaaaaa.in"},
            {"from": "read-aaaaaa.out", "to": "double-aaaaaa.in"},
            {"from": "save-aaaaaa.out", "to": "end-aaaaaa.in"},
            {"from": "start-aaaaaa.out", "to": "read-aaaaaa.in"}],
        "layout": {
            "double-aaaaaa": [600, 0], "end-aaaaaa": [1200, 0], "read-aaaaaa": [300, 0],
            "save-aaaaaa": [900, 0], "start-aaaaaa": [0, 0]}
    })
}
