//! Bringing back what a crash left in the journal.

use super::OpenFlow;
use crate::journal::{Journal, Left, Step};
use crate::{LoadedFlow, Project, ProjectError};
use flow_model::{Change, FlowName, diff};
use std::path::Path;
use std::time::SystemTime;

/// Edits of a flow that a crash left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftEdits {
    /// The flow.
    pub flow: FlowName,
    /// What they change.
    pub changes: Vec<Change>,
    /// When the last of them was made.
    pub at: Option<SystemTime>,
    /// Whether the file was changed since by another program: then both are merged.
    pub file_changed: bool,
}

impl Project {
    /// What a crash left of a flow's unsaved edits, if it left any that the file does not hold.
    pub fn left_edits(&self, name: &FlowName, state_folder: &Path) -> Option<LeftEdits> {
        let left = Journal::left(state_folder, self.root(), name)?;
        let (base, at, stamp) = (left.base.clone(), left.at, left.stamp.clone());
        let recovered = recover(name, left, self.load(name).as_ref().ok())?;
        let file_changed = self.stamp(name).is_ok_and(|now| now != stamp);
        Some(LeftEdits { flow: name.clone(), changes: diff(&base, recovered.flow()), at, file_changed })
    }

    /// Drops what a crash left of a flow's unsaved edits.
    pub fn drop_left_edits(&self, name: &FlowName, state_folder: &Path) -> Result<(), ProjectError> {
        Journal::drop_left(state_folder, self.root(), name).map_err(ProjectError::writing(state_folder))
    }
}

/// Repeats the edits in `left` on the flow that they were made on, with their undo history. `None` when there is
/// nothing to bring back because the file, as `on_disk`, holds all of it. When another program changed the file since,
/// the next save says so, because the stamp is that of the file before.
pub(super) fn recover(name: &FlowName, left: Left, on_disk: Option<&LoadedFlow>) -> Option<OpenFlow> {
    let mut open = OpenFlow::new(name.clone(), left.base, left.stamp);
    for (step, edit) in left.edits {
        let done = match step {
            Step::Apply { .. } => edit.repeat(&mut open.flow),
            Step::Undo | Step::Redo => edit.restore(&mut open.flow),
        };
        let inverse = match done {
            Ok(inverse) => inverse,
            Err(error) => {
                tracing::warn!(flow = %name, %error, "not every unsaved edit could be brought back");
                break;
            }
        };
        let label = match step {
            Step::Apply { gesture, label } => {
                open.history.record(inverse, &label, gesture.as_deref());
                label
            }
            // What was saved before the crash is no longer in the history; its undoing is a step like any other.
            Step::Undo if open.history.next_undo().is_some() => {
                open.history.undone(inverse);
                String::new()
            }
            Step::Redo if open.history.next_redo().is_some() => {
                open.history.redone(inverse);
                String::new()
            }
            Step::Undo | Step::Redo => {
                open.history.record(inverse, "Undo or redo", None);
                String::new()
            }
        };
        open.performed(edit, label);
    }
    let is_on_disk = on_disk.is_some_and(|on_disk| on_disk.flow.to_json() == open.flow.to_json());
    (!is_on_disk).then_some(open)
}
