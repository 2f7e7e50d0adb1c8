//! The log of the process: on standard error, and for servers into files as well.

use crate::output::Output;
use flow_server::LogLayer;
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The variable that chooses what is logged: `info`, or `flow_cluster=debug,warn`.
const FILTER: &str = "CAIRN_LOG";

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// What is written to. A command that runs a server adds to it.
static LAYERS: OnceLock<reload::Handle<Layers, Registry>> = OnceLock::new();

/// Starts the log. `level` is what is logged unless `CAIRN_LOG` says otherwise.
pub fn start(level: &str, output: Output) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(level));
    let (layers, handle) = reload::Layer::new(if output.is_json() { json() } else { text() });
    tracing_subscriber::registry().with(layers).with(filter).init();
    // This is called once, so nothing is there yet.
    let _ = LAYERS.set(handle);
}

/// A JSON object a line from now on.
pub fn as_json() {
    change(|layers| *layers = json());
}

/// Also into files from now on.
pub fn also_to(files: LogLayer) {
    change(|layers| layers.push(files.boxed()));
}

fn change(how: impl FnOnce(&mut Layers)) {
    if let Some(handle) = LAYERS.get() {
        // Fails only when the log has gone with the process.
        let _ = handle.modify(how);
    }
}

// A log that cannot be written (its disk is full, its reader has gone) must not end the thread that writes it, which is
// what telling of that on standard error would do.

fn text() -> Layers {
    let log = fmt::layer().with_writer(std::io::stderr).with_target(false).log_internal_errors(false);
    vec![log.with_ansi(std::io::stderr().is_terminal()).boxed()]
}

fn json() -> Layers {
    vec![fmt::layer().json().with_writer(std::io::stderr).log_internal_errors(false).boxed()]
}
