//! Taking in what other programs (another window, an editor, git) wrote to the file of a flow that is open.

use super::{Applied, OpenFlow};
use crate::journal::Step;
use crate::{Project, ProjectError, Stamp};
use flow_model::{Change, Conflict, Edit, Flow, Side, diff, merge_deciding};

/// What another program made of an open flow's file.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Outside {
    /// It holds what the flow was loaded from or saved to.
    Same,
    /// It is gone. What is open stays, and saving writes it anew.
    Gone,
    /// It holds something else.
    Changed {
        /// The flow that it holds.
        flow: Flow,
        /// Its stamp.
        stamp: Stamp,
        /// What the other program changed.
        changes: Vec<Change>,
    },
}

/// What came of taking in what another program wrote.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum TakenIn {
    /// Both sides are in the flow now: the edit that brought the other program's changes, `None` when there was nothing
    /// to change here.
    Merged(Option<Applied>),
    /// Both sides changed the same, each differently. Nothing is taken in until that is decided.
    Conflicts(Vec<Conflict>),
}

impl OpenFlow {
    /// Looks at the flow's file. An error when it cannot be read as a flow (any more).
    pub fn outside(&self, project: &Project) -> Result<Outside, ProjectError> {
        if project.stamp(&self.name)? == self.stamp {
            return Ok(Outside::Same);
        }
        match project.load(&self.name) {
            Ok(loaded) => {
                let changes = diff(&self.base, &loaded.flow);
                Ok(Outside::Changed { flow: loaded.flow, stamp: loaded.stamp, changes })
            }
            Err(ProjectError::NoSuchFlow { .. }) => Ok(Outside::Gone),
            Err(error) => Err(error),
        }
    }

    /// Merges what another program wrote to the file, `theirs` with the stamp `stamp`, with the unsaved changes here, by
    /// component and as one step that can be undone. Where both changed the same, `decide` says whose change counts
    /// (ours are those here); what it leaves open is named and nothing is taken in.
    pub fn take_in(&mut self, theirs: Flow, stamp: Stamp, decide: &dyn Fn(&Conflict) -> Option<Side>) -> TakenIn {
        let merged = merge_deciding(&self.base, &self.flow, &theirs, decide);
        if !merged.conflicts.is_empty() {
            return TakenIn::Conflicts(merged.conflicts);
        }
        let is_as_in_file = merged.flow == theirs;
        self.base = theirs;
        self.stamp = Some(stamp);
        let applied =
            (merged.flow != self.flow).then(|| self.replace(merged.flow, "Take in what another program changed"));
        self.history.on_file(is_as_in_file);
        // The journal is for changes to the file as it is now.
        self.begin_journal();
        applied.map_or(TakenIn::Merged(None), |applied| TakenIn::Merged(Some(applied)))
    }

    /// What both the unsaved changes here and `theirs`, which another program wrote, changed differently.
    pub fn conflicts_with(&self, theirs: &Flow) -> Vec<Conflict> {
        merge_deciding(&self.base, &self.flow, theirs, &|_| None).conflicts
    }

    /// Takes note that the file is gone: saving writes it anew.
    pub fn file_is_gone(&mut self) {
        self.stamp = None;
        self.history.on_file(false);
        self.begin_journal();
    }

    /// Puts another version in the place of the flow, as one step that can be undone.
    pub fn replace(&mut self, flow: Flow, title: &str) -> Applied {
        let before = std::mem::replace(&mut self.flow, flow.clone());
        let edit = Edit::Replace { flow: Box::new(flow), title: title.to_owned() };
        let inverse = Edit::Replace { flow: Box::new(before), title: title.to_owned() };
        self.journal_edit(Step::Apply { gesture: None, label: title.to_owned() }, &edit);
        self.history.record(inverse, title, None);
        self.performed(edit, title.to_owned())
    }
}
