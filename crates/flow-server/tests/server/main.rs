//! A real server over a real checkpoint database, called as its callers call it.

mod authorisation;
mod events;
mod harness;
mod login;
mod problems;
mod projects;
mod requests;
mod starting;
