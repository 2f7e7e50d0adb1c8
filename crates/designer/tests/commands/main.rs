//! The designer by its commands, as a host would call them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;
mod connections;
mod flow_tests;
mod flows;
mod never_lost;
mod odd_projects;
mod problems;
mod projects;
mod runs;
mod settings;
mod versions;
mod workbench;
