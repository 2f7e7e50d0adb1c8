//! The flow service: one server of a cluster. It joins the checkpoint database, the cluster and the engine, and serves
//! the HTTP API with its event stream and the management console.
//!
//! * [`serve`] starts and stops it.
//! * `routes` are the endpoints, each declared with who may call it; `auth` finds the caller.
//! * `work` is the server's place in the cluster and the requests it works on.
//! * `projects` and `update` are the project versions that it has, and how it gets newer ones.
//! * `secrets` are those of connections, encrypted with the cluster's key.
//! * `events` tells those who watch what changed.

mod auth;
mod cluster_key;
mod config;
mod console;
pub mod credentials;
mod endings;
mod error;
mod events;
mod extract;
mod identity;
mod problem;
mod projects;
mod routes;
mod secrets;
mod serve;
mod state;
mod throttle;
pub mod ui;
mod update;
mod wire;
mod work;

pub use config::{DEFAULT_PORT, ServerConfig};
pub use error::ServeError;
pub use serve::{ServingAt, serve};
