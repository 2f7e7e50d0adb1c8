//! The document that a flow author edits: components, links and properties; the edits that change it and their
//! inverses; the rules it must keep; and what follows from its shape alone (order, settled components).
//!
//! This crate has no I/O, no clock and no async, and knows no other crate of Cairn. What component types exist it
//! learns through the [`Catalogue`] trait, which `flow-components` implements.

mod body;
mod calendar;
mod canonical;
mod catalogue;
mod connection;
mod diagnostic;
mod diff;
mod document;
mod edit;
mod failure;
mod graph;
mod id;
mod layout;
mod merge;
mod resume;
mod rules;
mod schema;
mod start;
mod trigger;

#[cfg(test)]
mod example;

pub use body::LinkPlace;
pub use calendar::{Calendar, CalendarError, Calendars, Day};
pub use canonical::{DocumentError, FORMAT};
pub use catalogue::{
    Catalogue, Choice, ComponentDescription, Effect, Family, PortDescription, Ports, PropertyDescription, PropertyKind,
    ShownWhen, is_missing,
};
pub use connection::{
    Connection, ConnectionError, ConnectionField, ConnectionKind, FieldValues, Secret, connection_kind,
    connection_kinds,
};
pub use diagnostic::{Diagnostic, Fix, Place, Severity, TextPlace};
pub use diff::{Change, ChangeKind, diff};
pub use document::{Area, Component, Flow, Group, Link, PortRef, Position};
pub use edit::{Edit, EditError};
pub use failure::{FailureAt, FailureReport, Resumes, Saving, failure_at, failure_report, is_unprotected};
pub use graph::{Entry, Exit, Graph, GraphError, GraphLink};
pub use id::{ComponentId, FlowName, InvalidName};
pub use merge::{Conflict, Merge, Side, merge, merge_deciding};
pub use resume::{SavedState, runs_again, settled};
pub use rules::{Surroundings, calls_flows, check_connections, check_structure, check_sub_flows, connections_of};
pub use schema::{calendar_schema, json_schema, trigger_schema};
pub use start::{
    BeginCheckpoint, FAIL, InputDeclaration, InputError, InputType, PRIORITIES, START, StartSettings, WAIT,
};
pub use trigger::{
    Afterwards, Answer, FileTrigger, HttpAuthentication, HttpTrigger, Missed, RequestTrigger, Schedule, Trigger,
    TriggerAction, TriggerError, TriggerKind, TriggerProperty, TriggerSurroundings, WatchedState, check_triggers,
    trigger_kind, trigger_kinds,
};

/// Name of the outlet that every component has which can fail and be handled (all but Start, End, Checkpoint and Fail): the
/// error as a record.
pub const ERROR_OUTLET: &str = "error";
/// Name of the outlet that gives one record when the component has ended, well or not. Every component with an error
/// outlet has it.
pub const ALWAYS_OUTLET: &str = "always";
/// Name of the ordinary outlet.
pub const OUT: &str = "out";
/// Name of the ordinary inlet.
pub const IN: &str = "in";
