//! A real server over a real checkpoint database, called as its callers call it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod authorisation;
mod bulk;
mod connections;
mod documentation;
mod entrance;
mod events;
mod harness;
mod history;
mod login;
mod problems;
mod projects;
mod queue;
mod request_events;
mod requests;
mod saved;
mod secrets;
mod settings;
mod stalled;
mod starting;
mod trigger_calls;
mod trigger_chains;
mod trigger_files;
mod trigger_metrics;
mod triggers;
mod versions;
mod watching;
