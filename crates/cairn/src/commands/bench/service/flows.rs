//! The flows that are asked for.

use super::super::flows::{Drawing, mapper, start};
use crate::outcome::Failure;
use flow_model::{Component, Connection, Flow, FlowName};
use flow_project::Project;
use std::path::{Path, PathBuf};

/// The project's name on the cluster.
pub const PROJECT: &str = "bench";
/// 10 components with one Checkpoint, and a reply.
pub const REPLY: &str = "reply";
/// A Checkpoint, and a call behind it that is held for as long as the service likes.
pub const HOLD: &str = "hold";

/// Makes the project below `folder` and gives the repository that servers update from.
pub fn publish(folder: &Path, service: &str) -> Result<PathBuf, Failure> {
    let root = folder.join("work");
    let project = Project::create(&root, PROJECT)?;
    for (name, flow) in [(REPLY, reply()?), (HOLD, hold()?)] {
        let name = FlowName::parse(name).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        project.create_flow(&name, &flow)?;
    }
    let path = root.join("connections/service.json");
    let connection = Connection::new("service", "http").with("url", service);
    std::fs::write(&path, connection.to_json()).map_err(|error| Failure::file("write", &path, &error))?;
    crate::repository::publish(&root, &folder.join("remote.git"))
}

fn reply() -> Result<Flow, Failure> {
    let mut drawing = Drawing::default().then("start", start())?;
    for number in 1..=7 {
        drawing = drawing.then(&format!("mapper-{number}"), mapper("Mapper"))?;
        if number == 4 {
            drawing = drawing.then("checkpoint", Component::new("Checkpoint", "Checkpoint"))?;
        }
    }
    drawing.end_with_reply()
}

fn hold() -> Result<Flow, Failure> {
    let start = Component::new("Start", "Start").with("OtherServerRetry", true).with("BeginCheckpoint", "Use");
    let call = Component::new("HttpRequest", "Call").with("Connection", "service").with("Method", "POST");
    // Held for as long as the measurement takes, however slow the machine is.
    let call = call.with("Timeout", 600);
    Drawing::default()
        .then("start", start)?
        .then("checkpoint", Component::new("Checkpoint", "Checkpoint"))?
        .then("call", call)?
        .end()
}
