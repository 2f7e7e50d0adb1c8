//! Starting components: what each one begins with.

use super::save::{Save, Then};
use super::{Attempt, From};
use crate::journal::AfterCommit;
use crate::plan::Role;
use crate::schedule::Arrived;
use crate::scope::{At, Scopes};
use flow_components::ComponentError;
use flow_model::OUT;
use flow_store::SavedKind;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

impl Attempt {
    /// Starts a component with what its links carry.
    pub(super) fn start(&mut self, at: At) {
        self.start_after(at, false);
    }

    /// The same, right after a commit or not: a commit shows that the request is still this attempt's.
    pub(super) fn start_after(&mut self, at: At, commit: bool) {
        let plan = Arc::clone(&self.scopes[at.scope].plan);
        let planned = &plan.components[at.component];
        // One whose input is saved first runs after the commit of that, and so of all before it.
        let saves_input = planned.saves_input && self.records(at);
        if planned.changes_world && !saves_input {
            let doubted = !commit && self.watched.progress.is_doubted();
            let held = self.journal.hold(at);
            if doubted && !held {
                self.journal.then(AfterCommit::Start(at));
            }
            if doubted || held {
                return self.scopes.begin(at.scope);
            }
        }
        let arrived = match planned.role {
            Role::Entry => return self.enter(at),
            // What arrived stays where it is until the iteration is over.
            Role::Exit => {
                self.scopes[at.scope].schedule.end(at.component);
                return self.over.push_back(at.scope);
            }
            Role::Start => self.given(at),
            _ => self.scopes[at.scope].schedule.take_arrived(at.component),
        };
        match arrived {
            Ok(arrived) if planned.role == Role::Checkpoint => {
                let Arrived { mut inlets, variables } = arrived;
                let streams = inlets.pop_first().map(|(_, stream)| (OUT.to_owned(), stream)).into_iter().collect();
                self.save(Save { at, kind: SavedKind::Checkpoint, streams, variables, then: Then::Deliver });
            }
            Ok(arrived) if saves_input => self.save(Save::input(at, arrived, Then::Run)),
            Ok(arrived) => self.launch(at, arrived, From::Links),
            Err(error) => self.failed(at, error, Instant::now(), &Arrived::default()),
        }
    }

    /// Starts a component whose input an earlier attempt saved: all that led to it is durable.
    pub(super) fn start_with_saved(&mut self, at: At, arrived: Arrived) {
        if self.scopes[at.scope].component(at.component).changes_world && self.watched.progress.is_doubted() {
            return self.after_commit(AfterCommit::Run(at, arrived));
        }
        self.launch(at, arrived, From::SavedInput);
    }

    /// The records of an iteration go into the body.
    fn enter(&mut self, at: At) {
        let scope = &mut self.scopes[at.scope];
        let (records, variables) = (scope.given.records.take(), scope.given.variables.clone());
        let outlets = &scope.plan.components[at.component].outlets;
        let outlets =
            records.map(|records| outlets.iter().map(|outlet| (outlet.name.clone(), records.clone())).collect());
        self.deliver(at, outlets.unwrap_or_default(), &variables);
    }

    /// What a flow begins with: the inputs of the request, or of the call.
    fn given(&self, at: At) -> Result<Arrived, ComponentError> {
        let scope = &self.scopes[at.scope];
        let variables = match at.scope {
            Scopes::TOP => scope.plan.inputs(&self.request.inputs)?,
            _ => scope.given.variables.clone(),
        };
        Ok(Arrived { inlets: BTreeMap::new(), variables })
    }
}
