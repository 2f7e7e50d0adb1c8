//! A flow that is being edited: its revision, its undo history and what of it is not saved yet.

mod history;
mod outside;
mod recovery;

#[cfg(test)]
mod tests;

use crate::journal::{Journal, Step};
use crate::{Project, ProjectError, Stamp};
use flow_model::{Catalogue, Edit, Flow, FlowName};
use history::History;
pub use outside::{Outside, TakenIn};
pub use recovery::LeftEdits;
use std::collections::VecDeque;
use std::path::Path;

/// How many performed edits are kept to rebase edits that were made on older revisions.
const REMEMBERED: usize = 1000;

/// An open flow. Every change goes through [`Self::apply`], [`Self::undo`] or [`Self::redo`].
#[derive(Debug)]
pub struct OpenFlow {
    name: FlowName,
    flow: Flow,
    /// What its file held when it was last read or written here: what the unsaved changes are made on.
    base: Flow,
    stamp: Option<Stamp>,
    revision: u64,
    history: History,
    /// The performed edits that led to the newest revisions, the last one to `revision`.
    performed: VecDeque<Edit>,
    journal: Option<Journal>,
    recovered: bool,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The revision after it. The same as before when the edit changed nothing.
    pub revision: u64,
    /// The edit as it was performed, with defaults left out.
    pub edit: Edit,
    /// What it does, in words.
    pub label: String,
}

impl OpenFlow {
    /// Opens a flow of a project. With a `state_folder` (outside of the project and of git), edits that are not saved
    /// are kept in a crash journal there, and what a crash left in it is brought back: see [`Self::recovered`].
    pub fn open(project: &Project, name: &FlowName, state_folder: Option<&Path>) -> Result<Self, ProjectError> {
        let Some((mut journal, left)) = state_folder.and_then(|folder| Journal::open(folder, project.root(), name))
        else {
            let loaded = project.load(name)?;
            return Ok(Self::new(name.clone(), loaded.flow, Some(loaded.stamp)));
        };
        let loaded = project.load(name);
        if let Some(left) = left
            && let Some(recovered) = recovery::recover(name, left, loaded.as_ref().ok())
        {
            return Ok(Self { journal: Some(journal), recovered: true, ..recovered });
        }
        let loaded = loaded?;
        journal.begin(Some(&loaded.stamp), &loaded.flow);
        Ok(Self { journal: Some(journal), ..Self::new(name.clone(), loaded.flow, Some(loaded.stamp)) })
    }

    /// An open flow without a journal. `stamp` is that of the file that `flow` was read from; without one it counts as
    /// not saved yet.
    pub fn new(name: FlowName, flow: Flow, stamp: Option<Stamp>) -> Self {
        Self {
            name,
            base: flow.clone(),
            flow,
            history: History::new(stamp.is_some()),
            stamp,
            revision: 0,
            performed: VecDeque::new(),
            journal: None,
            recovered: false,
        }
    }

    /// The flow's name.
    pub fn name(&self) -> &FlowName {
        &self.name
    }

    /// The flow as it is now.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The flow as it was in its file when that was last read or written here.
    pub fn saved(&self) -> &Flow {
        &self.base
    }

    /// Counts every change since the flow was opened.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The stamp of the file that the unsaved changes are made on.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// Whether the flow is different from its file. Undoing everything since the last save makes it clean again.
    pub fn dirty(&self) -> bool {
        !self.history.is_saved()
    }

    /// Whether a crash now would lose none of the unsaved changes: every one of them is in the crash journal.
    pub fn is_journaled(&self) -> bool {
        !self.dirty() || self.journal.as_ref().is_some_and(Journal::is_whole)
    }

    /// Whether changes that were never saved were brought back from the crash journal.
    pub fn recovered(&self) -> bool {
        self.recovered
    }

    /// What undo would take back, in words; `None` when there is nothing.
    pub fn undo_label(&self) -> Option<&str> {
        self.history.undo_label()
    }

    /// What redo would do again, in words; `None` when there is nothing.
    pub fn redo_label(&self) -> Option<&str> {
        self.history.redo_label()
    }

    /// Applies an author's edit that was made on revision `base`. When the flow has changed since, the edit is applied
    /// all the same if what changed touches other components, else it is refused as stale. Edits with the same
    /// `gesture` (a word being typed) become one undo step. On an error nothing changes.
    pub fn apply(
        &mut self,
        base: u64,
        edit: Edit,
        gesture: Option<&str>,
        catalogue: &dyn Catalogue,
    ) -> Result<Applied, ProjectError> {
        self.check_base(base, &edit)?;
        let edit = edit.without_defaults(&self.flow, catalogue);
        let label = edit.describe(&self.flow);
        let inverse = edit.apply(&mut self.flow, catalogue)?;
        if inverse == edit || edit == (Edit::Batch { edits: Vec::new() }) {
            return Ok(Applied { revision: self.revision, edit, label });
        }
        self.journal_edit(Step::Apply { gesture: gesture.map(str::to_owned), label: label.clone() }, &edit);
        self.history.record(inverse, &label, gesture);
        Ok(self.performed(edit, label))
    }

    /// Takes back the last step.
    pub fn undo(&mut self) -> Result<Applied, ProjectError> {
        let entry = self.history.next_undo().ok_or_else(|| ProjectError::NothingToUndo { flow: self.name.clone() })?;
        let (edit, label) = (entry.edit.clone(), entry.label.clone());
        let inverse = edit.restore(&mut self.flow)?;
        self.history.undone(inverse);
        self.journal_edit(Step::Undo, &edit);
        Ok(self.performed(edit, label))
    }

    /// Does again what was taken back last.
    pub fn redo(&mut self) -> Result<Applied, ProjectError> {
        let entry = self.history.next_redo().ok_or_else(|| ProjectError::NothingToRedo { flow: self.name.clone() })?;
        let (edit, label) = (entry.edit.clone(), entry.label.clone());
        let inverse = edit.restore(&mut self.flow)?;
        self.history.redone(inverse);
        self.journal_edit(Step::Redo, &edit);
        Ok(self.performed(edit, label))
    }

    /// Writes the flow to its file. Refused when another program changed the file meanwhile, unless `overwrite`.
    pub fn save(&mut self, project: &Project, overwrite: bool) -> Result<(), ProjectError> {
        let expected = if overwrite { project.stamp(&self.name)? } else { self.stamp.clone() };
        let stamp = project.save(&self.name, &self.flow, expected.as_ref())?;
        self.stamp = Some(stamp);
        self.base = self.flow.clone();
        self.history.saved();
        self.recovered = false;
        if let Some(journal) = &mut self.journal {
            journal.begin(self.stamp.as_ref(), &self.flow);
        }
        Ok(())
    }

    /// Ends the editing and drops what is not saved, from the crash journal too. (Without it, what is not saved is
    /// brought back when the flow is opened again.)
    pub fn discard(mut self) {
        if let Some(journal) = &mut self.journal {
            journal.clear();
        }
    }

    fn check_base(&self, base: u64, edit: &Edit) -> Result<(), ProjectError> {
        let stale = || ProjectError::StaleRevision { flow: self.name.clone(), base };
        let missed = self.revision.checked_sub(base).ok_or_else(stale)?;
        let missed = usize::try_from(missed).map_err(|_| stale())?;
        if missed > self.performed.len() || self.performed.iter().rev().take(missed).any(|later| later.meets(edit)) {
            return Err(stale());
        }
        Ok(())
    }

    fn performed(&mut self, edit: Edit, label: String) -> Applied {
        self.revision += 1;
        if self.performed.len() == REMEMBERED {
            self.performed.pop_front();
        }
        self.performed.push_back(edit.clone());
        Applied { revision: self.revision, edit, label }
    }

    /// An edit goes into the journal after it has changed the flow in memory, so that the journal holds only edits that
    /// can be repeated.
    fn journal_edit(&mut self, step: Step, edit: &Edit) {
        let Some(journal) = &mut self.journal else { return };
        if journal.is_whole() {
            journal.append(step, edit);
        }
        if !journal.is_whole() {
            self.begin_journal();
        }
    }

    /// Begins the journal anew, with all unsaved changes as one.
    fn begin_journal(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        journal.begin(self.stamp.as_ref(), &self.base);
        if self.flow != self.base {
            let title = "All unsaved changes".to_owned();
            let whole = Edit::Replace { flow: Box::new(self.flow.clone()), title: title.clone() };
            journal.append(Step::Apply { gesture: None, label: title }, &whole);
        }
    }
}
