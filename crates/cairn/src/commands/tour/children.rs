//! The designers that a tour opens, in processes of their own.

use super::workplace::Workplace;
use crate::outcome::Failure;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long the designer may take to say where it is.
const START: Duration = Duration::from_secs(30);

/// The designer's program, if there is one and a display to open its window on.
pub fn window_program() -> Option<PathBuf> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return None;
    }
    let beside_this = std::env::current_exe().ok()?.with_file_name("cairn-designer");
    beside_this.is_file().then_some(beside_this)
}

/// Opens the designer's window on the tour's project. It is closed when the child is dropped.
pub fn start_window(program: &Path, place: &Workplace) -> Result<Child, Failure> {
    let mut command = Command::new(program);
    surroundings(command.arg(place.project()), place)
        .spawn()
        .map_err(|error| Failure::file("start", program, &error))
}

/// The designer for a browser.
pub struct BrowserDesigner {
    /// Where the browser finds it; good for one browser.
    pub address: String,
    _child: Child,
}

impl BrowserDesigner {
    /// Starts it on the tour's project.
    pub async fn start(place: &Workplace) -> Result<Self, Failure> {
        let failed = |why: String| Failure::new("tour/designer", format!("the designer for the browser cannot be started: {why}"));
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.args(["--json", "design"]).arg(place.project()).stdout(Stdio::piped());
        let mut child = surroundings(&mut command, place).spawn().map_err(|error| failed(error.to_string()))?;
        let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut lines = lines.ok_or_else(|| failed("it has no output".to_owned()))?;
        let said = tokio::time::timeout(START, lines.next_line()).await;
        let line = said.ok().and_then(Result::ok).flatten().ok_or_else(|| failed("it said nothing".to_owned()))?;
        let said: serde_json::Value = serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        let address = said["address"].as_str().ok_or_else(|| failed(format!("it said {line}")))?.to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address, _child: child })
    }
}

/// The tour's own settings, among them which servers the Failover tour may kill.
fn surroundings<'a>(command: &'a mut Command, place: &Workplace) -> &'a mut Command {
    command
        .env("CAIRN_CONFIG", place.designer_config())
        .stdin(Stdio::null())
        .kill_on_drop(true)
}
