//! The commands on open flows.

use super::outside::Taken;
use super::{CopiedText, FlowChange, FlowSaved, FlowView, NewComponent, RunsAgain, Session, clipboard};
use crate::background::blocking;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{ComponentId, Edit, FlowName, Position, failure_at};
use serde::Deserialize;
use std::sync::Arc;
use ts_rs::TS;

impl Designer {
    /// Changes an open flow: tells the windows, and has the flow checked.
    pub(crate) fn change_flow(
        self: &Arc<Self>,
        flow: &FlowName,
        change: impl FnOnce(&mut Session) -> Result<FlowChange, CommandError>,
    ) -> Result<FlowChange, CommandError> {
        let project = self.project()?;
        let session = project.session(flow)?;
        let (changed, follows) = {
            let mut session = session.lock();
            let changed = change(&mut session)?;
            // Sent while the flow is locked, so that windows see the changes in their order.
            self.emit(Event::FlowChanged(changed.clone()));
            (changed, session.has_conflict && !session.is_dirty())
        };
        if follows {
            // All that the file was in conflict with is taken back. What becomes of it is told, errors too.
            let _ = self.take_in_outside(&project, &session);
        }
        if !changed.patch.is_layout_only() {
            self.check(&session);
        }
        Ok(changed)
    }
}

/// Opens a flow; one that is open already is shown as it is. Errors: `project/none-open`, `project/no-such-flow`,
/// `document/syntax`, `document/too-new`, `document/shape`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowOpen {
    /// The flow.
    pub flow: FlowName,
}

impl Command for FlowOpen {
    const NAME: &'static str = "flow_open";
    type Output = FlowView;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowView, CommandError> {
        let project = designer.project()?;
        let (session, is_new) = project.open_flow(&self.flow, designer.palette())?;
        if is_new {
            // What a crash left may have been made on another file than there is now.
            let is_recovered = session.lock().open_flow().recovered();
            if is_recovered && let Err(error) = designer.take_in_outside(&project, &session) {
                tracing::info!(flow = %self.flow, %error, "what another program wrote is not taken in");
            }
            designer.check(&session);
        }
        let view = session.lock().view();
        Ok(view)
    }
}

/// Closes a flow. Errors: `flow/unsaved` when it has changes that are not saved and `discard` is not set.
#[derive(Debug, Deserialize, TS)]
pub struct FlowClose {
    /// The flow.
    pub flow: FlowName,
    /// Drop the changes that are not saved.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub discard: bool,
}

impl Command for FlowClose {
    const NAME: &'static str = "flow_close";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.project()?.close_flow(&self.flow, self.discard)
    }
}

/// Prepares a new component of a type: an id and a free name. The flow does not change; an `addComponent` edit puts
/// it in. Errors: `flow/unknown-type`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowNewComponent {
    /// The flow.
    pub flow: FlowName,
    /// The component type: `FileRead`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Command for FlowNewComponent {
    const NAME: &'static str = "flow_new_component";
    type Output = NewComponent;

    async fn run(self, designer: Arc<Designer>) -> Result<NewComponent, CommandError> {
        designer.project()?.session(&self.flow)?.lock().new_component(&self.kind)
    }
}

/// Changes a flow: the one way for the mouse, the keyboard, menus and paste. The flow either changes as asked or
/// not at all. An edit made on an older revision is applied all the same when what changed since touches other
/// components. Errors: `edit/…` (the edit breaks a rule of the document), `flow/stale-revision`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowApplyEdit {
    /// The flow.
    pub flow: FlowName,
    /// The revision on which the edit was made.
    pub revision: u64,
    /// The edit.
    pub edit: Edit,
    /// Edits of the same gesture (a word being typed, a box being dragged with the keys) become one undo step: any
    /// text that is the same for them and new for the next gesture.
    #[serde(default)]
    #[ts(optional)]
    pub gesture: Option<String>,
}

impl Command for FlowApplyEdit {
    const NAME: &'static str = "flow_apply_edit";
    type Output = FlowChange;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowChange, CommandError> {
        designer.change_flow(&self.flow, |session| session.apply(self.revision, self.edit, self.gesture.as_deref()))
    }
}

/// Takes back the last step. Errors: `flow/nothing-to-undo`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowUndo {
    /// The flow.
    pub flow: FlowName,
}

impl Command for FlowUndo {
    const NAME: &'static str = "flow_undo";
    type Output = FlowChange;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowChange, CommandError> {
        designer.change_flow(&self.flow, Session::undo)
    }
}

/// Does again what was taken back last. Errors: `flow/nothing-to-redo`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowRedo {
    /// The flow.
    pub flow: FlowName,
}

impl Command for FlowRedo {
    const NAME: &'static str = "flow_redo";
    type Output = FlowChange;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowChange, CommandError> {
        designer.change_flow(&self.flow, Session::redo)
    }
}

/// Writes a flow to its file, all of it or nothing. What another program wrote to the file meanwhile is merged in first.
/// Flow tests that name components of it get the names that these have now.
/// Errors: `project/changed-outside` when both changed the same and `overwrite` is not set (ask `flow_conflicts`);
/// `project/disk-full`, `project/read-only`, `project/cannot-write`.
#[derive(Debug, Deserialize, TS)]
pub struct FlowSave {
    /// The flow.
    pub flow: FlowName,
    /// Write over what another program wrote.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub overwrite: bool,
}

impl Command for FlowSave {
    const NAME: &'static str = "flow_save";
    type Output = FlowSaved;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowSaved, CommandError> {
        let project = designer.project()?;
        let session = project.session(&self.flow)?;
        let saving = Arc::clone(&designer);
        let saved = blocking(move || {
            let files = project.files();
            let first = session.lock().save(files, self.overwrite);
            match first {
                Err(error) if error.code == "project/changed-outside" => {
                    match saving.take_in_outside(&project, &session) {
                        Ok(Taken::Merged { .. } | Taken::Gone | Taken::Nothing) => session.lock().save(files, false),
                        Ok(Taken::Conflicts) | Err(_) => Err(error),
                    }
                }
                first => first,
            }
        })
        .await?;
        designer.emit(Event::FlowSaved(saved.clone()));
        designer.emit(Event::VcsChanged);
        Ok(saved)
    }
}

/// Loads a flow anew from its file and drops the changes that are not saved.
#[derive(Debug, Deserialize, TS)]
pub struct FlowReload {
    /// The flow.
    pub flow: FlowName,
}

impl Command for FlowReload {
    const NAME: &'static str = "flow_reload";
    type Output = FlowView;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowView, CommandError> {
        let project = designer.project()?;
        let session = project.session(&self.flow)?;
        session.lock().reload(project.files(), project.state_folder())?;
        designer.check(&session);
        let view = session.lock().view();
        Ok(view)
    }
}

/// Which components run again, with it, when a component fails after everything before it has succeeded, and a new
/// attempt (a retry or a takeover) goes on from what was saved.
#[derive(Debug, Deserialize, TS)]
pub struct FlowRunsAgain {
    /// The flow.
    pub flow: FlowName,
    /// The component that fails.
    pub component: ComponentId,
}

impl Command for FlowRunsAgain {
    const NAME: &'static str = "flow_runs_again";
    type Output = RunsAgain;

    async fn run(self, designer: Arc<Designer>) -> Result<RunsAgain, CommandError> {
        let project = designer.project()?;
        let session = project.session(&self.flow)?;
        let (palette, document) = (Arc::clone(designer.palette()), session.lock().flow().clone());
        blocking(move || {
            let flows = project.saved_flows().now();
            let found = failure_at(&document, &*palette, &flows, &self.component);
            Ok(RunsAgain { components: found.map(|found| found.runs_again).unwrap_or_default() })
        })
        .await
    }
}

/// Components and the links between them as text, for the clipboard.
#[derive(Debug, Deserialize, TS)]
pub struct FlowCopy {
    /// The flow.
    pub flow: FlowName,
    /// The components; what is in their bodies comes along.
    pub components: Vec<ComponentId>,
    /// The notes and groups. A group comes along anyway where all of its components do.
    #[serde(default)]
    #[ts(as = "Option<Vec<ComponentId>>", optional)]
    pub groups: Vec<ComponentId>,
}

impl Command for FlowCopy {
    const NAME: &'static str = "flow_copy";
    type Output = CopiedText;

    async fn run(self, designer: Arc<Designer>) -> Result<CopiedText, CommandError> {
        let session = designer.project()?.session(&self.flow)?;
        let text = clipboard::copy(session.lock().flow(), &self.components, &self.groups);
        Ok(CopiedText { text })
    }
}

/// Puts copied components into a flow, with new ids and free names, as one undo step. The new components are those
/// of the reply's patch. Errors: `flow/nothing-to-paste` when the text holds nothing that could be
/// pasted.
#[derive(Debug, Deserialize, TS)]
pub struct FlowPaste {
    /// The flow.
    pub flow: FlowName,
    /// What `flow_copy` gave.
    pub text: String,
    /// Where the upper left corner of the whole goes; in a body, relative to the component that has it.
    pub position: Position,
    /// The component into whose body it goes; none is the top level.
    #[serde(default)]
    #[ts(optional)]
    pub parent: Option<ComponentId>,
}

impl Command for FlowPaste {
    const NAME: &'static str = "flow_paste";
    type Output = FlowChange;

    async fn run(self, designer: Arc<Designer>) -> Result<FlowChange, CommandError> {
        designer.change_flow(&self.flow, |session| {
            let edit = clipboard::paste(session.flow(), &self.text, self.position, self.parent.as_ref())?;
            session.apply(session.revision(), edit, None)
        })
    }
}
