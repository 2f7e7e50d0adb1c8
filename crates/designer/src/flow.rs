//! Open flows: the document lives here, the user interface holds what it draws and patches what a reply says changed.

mod checks;
mod clipboard;
mod commands;
mod outside;
mod patch;
mod session;
mod view;

pub(crate) use checks::{Checks, check_references};
pub use commands::*;
pub(crate) use outside::words;
pub use outside::*;
pub(crate) use session::{Session, new_id};
pub(crate) use view::line;

use flow_model::{Component, ComponentId, Diagnostic, Flow, FlowName, Group, Link, Ports, Position};
use serde::Serialize;
use std::collections::BTreeMap;
use ts_rs::TS;

/// An open flow as a whole.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FlowView {
    /// Its name.
    pub flow: FlowName,
    /// The document.
    pub document: Flow,
    /// What follows from the document for each component.
    pub views: BTreeMap<ComponentId, ComponentView>,
    /// Where the editing of it stands.
    pub state: FlowState,
    /// The problems that can be found at once: the flow's shape and its properties. The slower checks (schemas,
    /// expressions, and what the flow refers to) come in `checked`, and later in the event `flow-checked`.
    pub diagnostics: Vec<Diagnostic>,
    /// What the slower checks found when they last ran, with the fields of all components; null before they have.
    pub checked: Option<FlowChecked>,
    /// Whether changes that were never saved were brought back from the crash journal.
    pub recovered: bool,
    /// Whether the file holds what another program wrote and what is not taken in: ask `flow_conflicts`.
    pub conflict: bool,
}

/// Where the editing of an open flow stands.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FlowState {
    /// Counts every change to the document. An edit names the revision on which it was made.
    pub revision: u64,
    /// Whether there are changes that are not saved.
    pub dirty: bool,
    /// Whether a crash now would lose none of them. False where the crash journal cannot be written, say on a full disk.
    pub journaled: bool,
    /// What undo would take back, in words ("Rename Mapper"); null when there is nothing to undo.
    pub undo: Option<String>,
    /// What redo would do again, in words; null when there is nothing to redo.
    pub redo: Option<String>,
}

/// What follows from the document for one component, beside what the document itself says.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ComponentView {
    /// Its inlets and outlets as its properties make them; for an unknown type, those that its links use.
    pub ports: Ports,
    /// The one line of its card that says what it does: `3 fields`. Empty when there is nothing to say.
    pub line: String,
    /// Whether it never runs again once every Checkpoint of the flow (and the begin checkpoint, where used) has saved:
    /// every path from it crosses a saved point. The others may run again until the ends of their paths are reached.
    pub settles: bool,
    /// Whether its effect on the world may happen twice, when a server dies or a request is tried again.
    pub unprotected: bool,
    /// The flow variables that it sets for what comes behind it.
    pub sets: Vec<String>,
}

/// A change to an open flow: the reply to an edit, to undo and to redo, and the event for the other windows.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FlowChange {
    /// The flow.
    pub flow: FlowName,
    /// The revision that `patch` applies to: the one before the change. A window that holds another one asks
    /// `flow_open` for the whole flow.
    pub base: u64,
    /// Where the editing stands now.
    pub state: FlowState,
    /// What changed in the document.
    pub patch: FlowPatch,
    /// The components for which what follows from the document changed.
    pub views: BTreeMap<ComponentId, ComponentView>,
    /// All problems that can be found at once, not only the new ones.
    pub diagnostics: Vec<Diagnostic>,
}

/// What changed in a document, by place: to patch, take out what is removed, then put in what is here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FlowPatch {
    /// Components that are new or changed.
    pub components: BTreeMap<ComponentId, Component>,
    /// Components that are gone.
    pub removed_components: Vec<ComponentId>,
    /// Links that are new.
    pub links: Vec<Link>,
    /// Links that are gone.
    pub removed_links: Vec<Link>,
    /// Groups that are new or changed.
    #[ts(type = "Record<string, Group>")]
    pub groups: BTreeMap<ComponentId, Group>,
    /// Groups that are gone.
    pub removed_groups: Vec<ComponentId>,
    /// Positions that are new or changed. Those of removed components are gone with them.
    pub layout: BTreeMap<ComponentId, Position>,
    /// The description, if it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
}

/// What the slower checks found: schemas, expressions, and the connections and flows that the flow refers to.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FlowChecked {
    /// The flow.
    pub flow: FlowName,
    /// Counts the checks of the flow since it was opened. A window that missed one asks `flow_open` for the whole flow.
    pub number: u64,
    /// The revision that was checked; older than the flow's own while the author types on, or after boxes moved.
    pub revision: u64,
    /// The problems found, beside those that came with the edit.
    pub diagnostics: Vec<Diagnostic>,
    /// The fields on every outlet where they can be known: by component, by outlet. They serve completion (the
    /// fields of the outlets linked to an inlet) and the hover text of links. In an event only those components are
    /// here whose fields are others than at the check before.
    pub fields: BTreeMap<ComponentId, BTreeMap<String, Vec<Field>>>,
    /// The expressions that were looked at, with their types: by component, and told like the fields.
    pub expressions: BTreeMap<ComponentId, Vec<TypedExpression>>,
}

/// An expression in a property, and the type of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TypedExpression {
    /// The property.
    pub property: String,
    /// Of a list: which entry, from 0.
    pub entry: Option<u32>,
    /// Of a list: which member of that entry.
    pub member: Option<String>,
    /// The type of its values for people; null where it is wrong or the fields are not known.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A field of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type for people: `Int64`, `Utf8`, `Timestamp(ms)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A flow was written to its file.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FlowSaved {
    /// The flow.
    pub flow: FlowName,
    /// Where the editing stands now; `dirty` is false unless it was edited while it was written.
    pub state: FlowState,
    /// The flow tests that got the new names of its components with it.
    pub tests: Vec<String>,
}

/// A component that is not in a flow yet: for an `addComponent` edit.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct NewComponent {
    /// Its id.
    pub id: ComponentId,
    /// The component, with a name that the flow does not have yet and every property at its default.
    pub component: Component,
    /// Its ports with these properties.
    pub ports: Ports,
}

/// Components and the links between them as text, for the clipboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CopiedText {
    /// The text; it pastes into another flow, another window or a chat.
    pub text: String,
}

/// What runs again when a component fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RunsAgain {
    /// The components, in the order in which they run, the failed one last.
    pub components: Vec<ComponentId>,
}
