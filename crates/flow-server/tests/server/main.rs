//! A real server over a real checkpoint database, called as its callers call it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authorisation;
mod events;
mod harness;
mod login;
mod problems;
mod projects;
mod requests;
mod secrets;
mod starting;
