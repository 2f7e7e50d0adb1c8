//! The document that a flow author edits: components, links and properties; the edits that change it and their
//! inverses; the rules it must keep; and what follows from its shape alone (order, settled components).
//!
//! This crate has no I/O, no clock and no async, and knows no other crate of Cairn. What component types exist it
//! learns through the [`Catalogue`] trait, which `flow-components` implements.

mod canonical;
mod catalogue;
mod connection;
mod diagnostic;
mod document;
mod edit;
mod graph;
mod id;
mod layout;
mod resume;
mod rules;
mod start;

#[cfg(test)]
mod example;

pub use canonical::{DocumentError, FORMAT};
pub use catalogue::{
    Catalogue, Choice, ComponentDescription, Effect, Family, PortDescription, Ports, PropertyDescription, PropertyKind,
};
pub use connection::{Connection, ConnectionError};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use document::{Component, Flow, Link, PortRef, Position};
pub use edit::{Edit, EditError};
pub use graph::{Graph, GraphError, GraphLink};
pub use id::{ComponentId, FlowName, InvalidName};
pub use resume::{SavedState, runs_again, settled};
pub use rules::{check_connections, check_structure};
pub use start::{BeginCheckpoint, InputDeclaration, InputError, InputType, START, StartSettings};

/// Name of the outlet that every component has which can fail and be handled (all but Start, End, Checkpoint and Fail): the
/// error as a record.
pub const ERROR_OUTLET: &str = "error";
/// Name of the ordinary outlet.
pub const OUT: &str = "out";
/// Name of the ordinary inlet.
pub const IN: &str = "in";
