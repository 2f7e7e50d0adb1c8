//! What other programs (another window, an editor, git) write to the files of open flows: it is merged with what is not
//! saved, and asked about only where both changed the same.

use super::{FlowChange, Session};
use crate::background::blocking;
use crate::conflict::{ConflictView, Keep, Side};
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{Change, Conflict, FlowName};
use flow_project::{Outside, Project, TakenIn};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// So many changes of a flow are told in words.
const WORDS: usize = 30;

/// What became of another program's changes to the file of an open flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OutsideOutcome {
    /// Nothing was unsaved here: the flow is now as in the file.
    Followed,
    /// They are merged with what is not saved here.
    Merged,
    /// Both changed the same, each differently: ask `flow_conflicts`. Nothing is taken in and nothing is lost.
    Conflict,
    /// The file is gone. What is not saved here stays, and saving writes the file anew.
    Gone,
    /// The file cannot be read any more, say because git left conflict marks in it. The flow stays as it was.
    Unreadable,
}

/// What came of looking at the file of an open flow.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It holds what the flow was loaded from.
    Nothing,
    /// It is taken in.
    Merged {
        /// What it changed here.
        change: Box<FlowChange>,
        /// What the other program had changed.
        changes: Vec<Change>,
    },
    /// Both sides changed the same.
    Conflicts,
    /// It is gone.
    Gone,
}

impl Session {
    /// Takes in what another program wrote to the file; `decide` says whose change counts where both changed the same.
    fn take_in(
        &mut self,
        project: &Project,
        decide: &dyn Fn(&Conflict) -> Option<flow_model::Side>,
    ) -> Result<Taken, CommandError> {
        let outside = self.open.outside(project).inspect_err(|_| self.has_conflict = true)?;
        let (flow, stamp, changes) = match outside {
            Outside::Same => {
                self.has_conflict = false;
                return Ok(Taken::Nothing);
            }
            Outside::Gone => {
                self.open.file_is_gone();
                self.has_conflict = false;
                return Ok(Taken::Gone);
            }
            Outside::Changed { flow, stamp, changes } => (flow, stamp, changes),
        };
        let (taken, change) = self.change(|open, _| Ok(open.take_in(flow, stamp, decide)))?;
        self.has_conflict = matches!(taken, TakenIn::Conflicts(_));
        Ok(match taken {
            TakenIn::Merged(_) => Taken::Merged { change: Box::new(change), changes },
            TakenIn::Conflicts(_) => Taken::Conflicts,
        })
    }

    /// What both this window and another program changed, each differently.
    fn conflicts(&self, project: &Project) -> Result<Vec<Conflict>, CommandError> {
        match self.open.outside(project)? {
            Outside::Same | Outside::Gone => Ok(Vec::new()),
            Outside::Changed { flow, .. } => Ok(self.open.conflicts_with(&flow)),
        }
    }
}

impl Designer {
    /// Takes in what another program wrote to the file of an open flow, and tells the windows. A flow without changes of
    /// its own whose file is gone is closed.
    pub(crate) fn take_in_outside(
        self: &Arc<Self>,
        project: &OpenProject,
        session: &Arc<Mutex<Session>>,
    ) -> Result<Taken, CommandError> {
        self.take_in_deciding(project, session, &|_| None)
    }

    fn take_in_deciding(
        self: &Arc<Self>,
        project: &OpenProject,
        session: &Arc<Mutex<Session>>,
        decide: &dyn Fn(&Conflict) -> Option<flow_model::Side>,
    ) -> Result<Taken, CommandError> {
        let mut locked = session.lock();
        let (flow, was_dirty) = (locked.name().clone(), locked.is_dirty());
        let taken = locked.take_in(project.files(), decide);
        // Told while the flow is locked, so that windows see the changes in their order.
        let tell = |outcome, words| self.emit(Event::FlowChangedOutside { flow: flow.clone(), outcome, words });
        match &taken {
            Ok(Taken::Nothing) => {}
            Ok(Taken::Merged { change, changes }) => {
                self.emit(Event::FlowChanged((**change).clone()));
                let outcome = if was_dirty { OutsideOutcome::Merged } else { OutsideOutcome::Followed };
                tell(outcome, words(changes));
            }
            Ok(Taken::Conflicts) => tell(OutsideOutcome::Conflict, Vec::new()),
            Ok(Taken::Gone) => tell(OutsideOutcome::Gone, Vec::new()),
            Err(error) => tell(OutsideOutcome::Unreadable, vec![error.message.clone()]),
        }
        drop(locked);
        match &taken {
            Ok(Taken::Gone) if !was_dirty => project.close_flow(&flow, true)?,
            Ok(Taken::Merged { .. }) => self.check(session),
            _ => {}
        }
        taken
    }
}

/// Changes of a flow in words, boxes that moved last and not all too many.
pub(crate) fn words(changes: &[Change]) -> Vec<String> {
    let is_moved = |change: &&Change| change.kind == flow_model::ChangeKind::Moved;
    let (moved, others): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(is_moved);
    let mut words: Vec<String> = others.into_iter().map(|change| change.words.clone()).collect();
    match moved.as_slice() {
        [] => {}
        [one] => words.push(one.words.clone()),
        several => words.push(format!("moved {} components on the canvas", several.len())),
    }
    if words.len() > WORDS {
        let more = words.len() - WORDS;
        words.truncate(WORDS);
        words.push(format!("and {more} changes more"));
    }
    words
}

/// What both this window and another program changed in a flow, each differently, since it was opened or saved here. Empty
/// when nothing is open. Errors: the file cannot be read as a flow (`document/…`).
#[derive(Debug, Deserialize, TS)]
pub struct FlowConflicts {
    /// The flow.
    pub flow: FlowName,
}

impl Command for FlowConflicts {
    const NAME: &'static str = "flow_conflicts";
    type Output = Vec<ConflictView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<ConflictView>, CommandError> {
        let project = designer.project()?;
        let session = project.session(&self.flow)?;
        blocking(move || {
            let conflicts = session.lock().conflicts(project.files())?;
            Ok(conflicts.iter().map(ConflictView::of).collect())
        })
        .await
    }
}

/// Takes in what another program wrote to the file of an open flow, as one step that can be undone. The answer is what is
/// left to decide; while anything is, nothing is taken in.
#[derive(Debug, Deserialize, TS)]
pub struct FlowTakeIn {
    /// The flow.
    pub flow: FlowName,
    /// Whose change counts, by the keys of the conflicts.
    #[serde(default)]
    #[ts(as = "Option<std::collections::BTreeMap<String, Side>>", optional)]
    pub keep: Keep,
}

impl Command for FlowTakeIn {
    const NAME: &'static str = "flow_take_in";
    type Output = Vec<ConflictView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<ConflictView>, CommandError> {
        let project = designer.project()?;
        let session = project.session(&self.flow)?;
        let working = Arc::clone(&designer);
        let open = blocking(move || {
            let decide = |conflict: &Conflict| self.keep.get(&conflict.key()).map(|side| (*side).into());
            match working.take_in_deciding(&project, &session, &decide)? {
                Taken::Conflicts => {
                    let conflicts = session.lock().conflicts(project.files())?;
                    let open = conflicts.iter().filter(|conflict| decide(conflict).is_none());
                    Ok(open.map(ConflictView::of).collect())
                }
                Taken::Nothing | Taken::Gone | Taken::Merged { .. } => Ok(Vec::new()),
            }
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(open)
    }
}

#[cfg(test)]
mod tests {
    use super::{WORDS, words};
    use flow_model::{Component, ComponentId, Flow, Position, diff};

    #[test]
    fn many_changes_are_told_shortly() {
        let mut before = Flow::default();
        for number in 0..40 {
            let id = ComponentId::parse(&format!("step-{number}")).unwrap();
            before.components.insert(id.clone(), Component::new("Step", &format!("Step {number}")));
            before.layout.insert(id, Position::default());
        }
        let mut after = before.clone();
        after.layout.values_mut().for_each(|position| position.x += 8.0);
        assert_eq!(words(&diff(&before, &after)), ["moved 40 components on the canvas"]);
        after.components.values_mut().for_each(|component| component.name.push('!'));
        let told = words(&diff(&before, &after));
        assert_eq!((told.len(), told[WORDS].as_str()), (WORDS + 1, "and 11 changes more"));
    }
}
