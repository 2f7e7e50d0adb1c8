//! Bringing back what a crash left in the journal.

use super::OpenFlow;
use crate::LoadedFlow;
use crate::journal::{Left, Step};
use flow_model::FlowName;

/// Repeats the edits in `left` on the flow that they were made on, with their undo history. `None` when there is
/// nothing to bring back because the file, as `on_disk`, holds all of it. When another program changed the file since,
/// the next save says so, because the stamp is that of the file before.
pub(super) fn recover(name: &FlowName, left: Left, on_disk: Option<&LoadedFlow>) -> Option<OpenFlow> {
    let mut open = OpenFlow::new(name.clone(), left.base, left.stamp);
    for (step, edit) in left.edits {
        let inverse = match edit.restore(&mut open.flow) {
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
