//! A project whose flow waits for a service behind a Checkpoint, in a git repository.

use crate::outcome::Failure;
use flow_model::{Component, ComponentId, Connection, Flow, FlowName, Link};
use flow_project::Project;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The project's name on the cluster.
pub const NAME: &str = "bench";
/// The flow.
pub const FLOW: &str = "failover";

/// Makes the project below `folder` and gives the repository that servers update from.
pub fn make(folder: &Path, service: &str) -> Result<PathBuf, Failure> {
    let root = folder.join("work");
    let project = Project::create(&root, NAME)?;
    let name = FlowName::parse(FLOW).map_err(|error| Failure::new("flow/name", error.to_string()))?;
    project.create_flow(&name, &flow()?)?;
    let connection = Connection::new("service", "http").with("url", service);
    let path = root.join("connections/service.json");
    std::fs::write(&path, connection.to_json()).map_err(|error| Failure::file("write", &path, &error))?;
    crate::repository::publish(&root, &folder.join("remote.git"))
}

/// Start → Mapper → Checkpoint → HTTP Request → End.
fn flow() -> Result<Flow, Failure> {
    let fields = json!([{"field": "text", "expression": "upper('bench')"}]);
    let components = [
        ("start", Component::new("Start", "Start").with("OtherServerRetry", true).with("BeginCheckpoint", "Use")),
        ("mapper", Component::new("Mapper", "Mapper").with("Fields", fields)),
        ("checkpoint", Component::new("Checkpoint", "Checkpoint")),
        (
            "service",
            Component::new("HttpRequest", "Service")
                .with("Connection", "service")
                .with("Method", "POST")
                .with("Path", "/"),
        ),
        ("end", Component::new("End", "End")),
    ];
    let mut flow = Flow::default();
    let mut last: Option<ComponentId> = None;
    for (id, component) in components {
        let id = ComponentId::parse(id).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        flow.components.insert(id.clone(), component);
        if let Some(last) = &last {
            flow.links.insert(Link::between(last, &id));
        }
        last = Some(id);
    }
    Ok(flow)
}
