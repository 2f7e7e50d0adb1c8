//! The flow service: one server of a cluster. It joins the checkpoint database, the cluster and the engine, and serves
//! the HTTP API with its event stream and the management console.
//!
//! * [`serve`] starts and stops it.
//! * `routes` are the endpoints, each declared with who may call it; `auth` finds the caller.
//! * `work` is the server's place in the cluster and the requests it works on.
//! * `projects` and `update` are the project versions that it has, and how it gets newer ones.
//! * `triggers` are what starts requests by itself.
//! * `secrets` are those of connections, encrypted with the cluster's key.
//! * `events` tells those who watch what changed.
//! * `http`, `tls`, `caller_address` and `bodies` are the way in; `readiness`, `log_files` and `metrics` are for those who
//!   watch over servers.

mod announced;
mod auth;
mod bodies;
mod caller_address;
mod cluster_key;
mod config;
mod connections;
mod console;
pub mod credentials;
mod endings;
mod error;
mod events;
mod extract;
mod first_administrator;
mod git_access;
mod history;
mod http;
mod identity;
mod log_files;
mod machine_clock;
mod metrics;
mod names;
mod problem;
mod process;
mod projects;
mod readiness;
mod routes;
mod secrets;
mod serve;
mod settings;
mod state;
mod throttle;
mod tls;
mod traces;
mod triggers;
pub mod ui;
mod update;
mod waits;
mod watchdog;
mod wire;
mod work;

pub use cluster_key::{CannotOpen, ClusterKey, Sealed};
pub use config::{DEFAULT_PORT, Given, Patience, ServerConfig, TlsFiles};
pub use error::ServeError;
pub use first_administrator::FirstAdministrator;
pub use log_files::{LogFiles, LogLayer};
pub use serve::{ServingAt, serve};
