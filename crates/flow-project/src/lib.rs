//! A project on disk: a folder with a `project.json`, flows under `flows/`, connections under
//! `connections/`, triggers under `triggers/` and calendars under `calendars/`.
//!
//! Nothing is lost here: a save is all or nothing and never writes over what another program wrote, edits that were
//! not saved survive a crash in a journal, and a broken file never hides the good ones.

mod atomic;
mod error;
mod journal;
mod merge;
mod open_flow;
mod project;
mod stamp;
mod watch;

pub use error::{Problem, ProjectError};
pub use merge::{FileMerge, merge_file, merge_file_deciding, merge_flows};
pub use open_flow::{Applied, LeftEdits, OpenFlow, Outside, TakenIn};
pub use project::{CalendarEntry, ConnectionEntry, FlowEntry, LoadedFlow, Project, TriggerEntry};
pub use stamp::Stamp;
pub use watch::{Change, ProjectChange, ProjectWatch};
