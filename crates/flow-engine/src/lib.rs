//! Runs one attempt of one request: from the plan of its flow at the pinned version, starting where its saved points
//! leave it, to one of its ends.
//!
//! * `plan`: a flow in the form in which it runs, compiled once per version.
//! * `resume`, `saved`: from saved points to the state in which an attempt begins.
//! * `scope`: what is under way: the flow, and inside of it the iterations of its ForEach components and the flows that
//!   its SubFlow components call; `schedule`: which component of a scope may start.
//! * `attempt`: drives them; components that may run together do, truly at the same time.
//! * `journal`, `streams`: what is to be written, and when it goes on after the commit.
//!
//! [`Engine`] is the door for servers; [`LocalRun`] runs a flow of open project files without any cluster.

mod attempt;
mod bucket;
mod engine;
mod error;
mod fit;
mod guard;
mod iterations;
mod journal;
mod local;
mod observe;
mod plan;
mod progress;
mod projects;
mod resume;
mod saved;
mod schedule;
mod scope;
mod services;
mod streams;
mod taps;

pub use bucket::storage_files;
pub use engine::{Engine, EngineParts};
pub use error::EngineError;
pub use fit::{Fit, FitComponent, FlowFields, Misfit, Why};
pub use guard::{AlwaysOwner, OwnerGuard};
pub use local::{LocalRun, request_settings};
pub use observe::{Observer, OutletStream, RunEvent, RunEventKind};
pub use progress::Standstill;
pub use projects::{OpenFiles, ProjectFiles, ProjectSource, StoredProjects};

#[cfg(test)]
mod tests;
