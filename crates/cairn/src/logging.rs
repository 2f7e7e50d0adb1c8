//! The log of the process, on standard error.

use crate::output::Output;
use tracing_subscriber::EnvFilter;

/// The variable that chooses what is logged: `info`, or `flow_cluster=debug,warn`.
const FILTER: &str = "CAIRN_LOG";

/// Starts the log. `level` is what is logged unless `CAIRN_LOG` says otherwise.
pub fn start(level: &str, output: Output) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if output.is_json() { log.json().init() } else { log.with_target(false).init() }
}
