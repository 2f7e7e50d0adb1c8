//! What stands between a test and the services that it starts: their processes, and lines to them that fail.

// A test says what it expects by ending when it is not so.
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, clippy::unwrap_used)]

mod line;

pub use line::Line;
use std::process::{Child, Command};
use std::sync::mpsc;

/// Starts a child from a thread that lives on: a child that is to die with its parent dies with the thread that made it.
pub fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(command.spawn());
        loop {
            std::thread::park();
        }
    });
    receiver.recv().unwrap().unwrap_or_else(|error| panic!("{error}: run `scripts/setup test`"))
}
