//! Speaking HTTP: where a connection of kind `http` leads, and the clients that requests go through.

mod clients;
pub(crate) mod content;
mod endpoint;

pub use clients::{ClientSettings, HttpClients, Redirects};
pub use endpoint::Endpoint;
