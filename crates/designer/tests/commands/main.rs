//! The designer by its commands, as a host would call them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;
mod connections;
mod flows;
mod projects;
mod runs;
mod versions;
mod workbench;
