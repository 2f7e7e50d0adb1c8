//! Scopes: what an attempt has under way. The request's flow is one; each iteration of a ForEach and each call of a
//! SubFlow is one inside of it, with a schedule of its own over its own plan.

mod place;

use crate::iterations::Iterating;
use crate::plan::{Plan, PlannedComponent};
use crate::resume::{Past, Resumption};
use crate::schedule::{Arrived, Schedule};
use flow_data::{Stream, Variables};
use flow_store::{RequestError, SavedPoint};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::{Index, IndexMut};
use std::sync::Arc;
use std::time::Instant;

/// Which scope, by when it began. An id never comes to mean another scope: whoever still has that of one that has ended
/// finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScopeId(u64);

/// A component in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub(crate) scope: ScopeId,
    pub(crate) component: usize,
}

/// The component that a scope runs inside of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) at: At,
    /// The number of the iteration; 0 for a call.
    pub(crate) number: u64,
}

/// A scope under way.
pub(crate) struct Scope {
    pub(crate) plan: Arc<Plan>,
    /// None at the top.
    pub(crate) owner: Option<Owner>,
    pub(crate) schedule: Schedule,
    /// What it begins with: the records of the iteration (none in a flow) and the flow variables.
    pub(crate) given: Given,
    /// Whether what happens in it is recorded, so that it need not happen again.
    pub(crate) records: bool,
    /// Whether the log and observers tell of normal progress in it.
    pub(crate) told: bool,
    /// Components that go on from their saved input, and are not waiting for a time.
    pub(crate) held: VecDeque<(usize, Arrived)>,
    pub(crate) past: Past,
    /// The streams of the End components that have finished.
    pub(crate) replies: Vec<(usize, Stream)>,
    /// The ForEach and SubFlow components whose iterations or call are under way.
    pub(crate) inside: HashMap<usize, Inside>,
    /// The components whose flowing streams were passed on, and what was heard of them.
    pub(crate) taps: HashMap<usize, Arc<crate::taps::Listening>>,
    /// How much is under way in it and inside of it: components, writes that something waits for, streams on their way.
    pub(crate) busy: usize,
    /// Set once an error in it is not handled.
    pub(crate) failing: Option<Failing>,
}

/// What a scope begins with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    pub(crate) records: Option<Stream>,
    pub(crate) variables: Variables,
    /// The request's inputs, which need not be saved with every point; nothing in a called flow, which has others.
    pub(crate) base: Variables,
}

/// What runs inside of a component.
pub(crate) struct Inside {
    pub(crate) arrived: Arrived,
    pub(crate) begun: Instant,
    pub(crate) what: InsideWhat,
    /// Why the component fails, once what runs inside has come to its end.
    pub(crate) failure: Option<Failure>,
}

pub(crate) enum InsideWhat {
    Iterations(Box<Iterating>),
    /// Without a scope while what is saved of it is loaded.
    Call(Option<ScopeId>),
    /// The call has ended.
    Ended,
}

/// A scope in which an error was not handled: it starts nothing more, save what is behind the `always` outlet of what
/// failed, lets what runs come to its end, and then fails itself.
pub(crate) struct Failing {
    /// None while the error is still inside of one of its components.
    pub(crate) failure: Option<Failure>,
    /// The components that may still start.
    pub(crate) may_start: Vec<bool>,
}

/// An error that ends a scope.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: RequestError,
    pub(crate) row: Option<u64>,
    pub(crate) retryable: bool,
    /// If a Fail component did it: the handled errors that led to it, which are to be tried again.
    pub(crate) withdrawn: Option<Vec<SavedPoint>>,
}

impl Scope {
    pub(crate) fn new(
        plan: Arc<Plan>,
        owner: Option<Owner>,
        (records, told): (bool, bool),
        given: Given,
        from: Resumption,
    ) -> Self {
        Self {
            plan,
            owner,
            schedule: from.schedule,
            given,
            records,
            told,
            held: VecDeque::new(),
            past: from.past,
            replies: from.replies,
            inside: HashMap::new(),
            taps: HashMap::new(),
            busy: 0,
            failing: None,
        }
    }

    pub(crate) fn component(&self, component: usize) -> &PlannedComponent {
        &self.plan.components[component]
    }

    /// Whether everything in it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.schedule.is_over() && self.busy == 0
    }

    /// Whether anything waits to be started.
    pub(crate) fn has_ready(&self) -> bool {
        self.schedule.has_ready() || !self.held.is_empty()
    }

    /// Whether `component` may start, as far as this scope is concerned.
    pub(crate) fn may_start(&self, component: usize) -> bool {
        self.failing.as_ref().is_none_or(|failing| failing.may_start[component])
    }

    /// Whether what `component` does is recorded, as far as this scope is concerned. What follows an error that nothing handles is not: it belongs to the
    /// run of the component that failed, and happens again with it.
    fn records(&self, component: usize) -> bool {
        let follows = |failing: &Failing| failing.failure.is_some() && failing.may_start[component];
        self.records && !self.failing.as_ref().is_some_and(follows)
    }
}

/// The scopes of an attempt.
#[derive(Default)]
pub(crate) struct Scopes {
    under_way: BTreeMap<ScopeId, Box<Scope>>,
    /// How many have begun.
    begun: u64,
    /// How many are failing.
    pub(crate) failing: usize,
    /// In how many components something failed that runs inside of them.
    pub(crate) failing_inside: usize,
}

impl Scopes {
    /// The scope of the request's flow.
    pub(crate) const TOP: ScopeId = ScopeId(0);

    pub(crate) fn add(&mut self, scope: Scope) -> ScopeId {
        let id = ScopeId(self.begun);
        self.begun += 1;
        self.under_way.insert(id, Box::new(scope));
        id
    }

    pub(crate) fn get(&self, id: ScopeId) -> Option<&Scope> {
        self.under_way.get(&id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: ScopeId) -> Option<&mut Scope> {
        self.under_way.get_mut(&id).map(Box::as_mut)
    }

    /// Removes a scope and all inside of it.
    pub(crate) fn remove(&mut self, id: ScopeId) {
        let Some(scope) = self.under_way.remove(&id) else { return };
        self.failing -= usize::from(scope.failing.is_some());
        for inside in scope.inside.values() {
            self.failing_inside -= usize::from(inside.failure.is_some());
            for inner in inside.scopes() {
                self.remove(inner);
            }
        }
    }

    /// Notes why a component fails by what runs inside of it. What came first holds.
    pub(crate) fn fail_inside(&mut self, at: At, failure: Failure) {
        let inside = self.get_mut(at.scope).and_then(|scope| scope.inside.get_mut(&at.component));
        if let Some(inside) = inside.filter(|inside| inside.failure.is_none()) {
            inside.failure = Some(failure);
            self.failing_inside += 1;
        }
    }

    /// Nothing more runs inside of a component: what there was.
    pub(crate) fn take_inside(&mut self, at: At) -> Option<Inside> {
        let inside = self.get_mut(at.scope)?.inside.remove(&at.component)?;
        self.failing_inside -= usize::from(inside.failure.is_some());
        Some(inside)
    }

    /// All scopes.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ScopeId> {
        self.under_way.keys().copied()
    }

    /// A component that failed by what ran inside of it, and in which nothing runs any more.
    pub(crate) fn failed_inside(&self) -> Option<At> {
        if self.failing_inside == 0 {
            return None;
        }
        self.ids().find_map(|scope| {
            let has_failed = |inside: &Inside| {
                inside.failure.is_some() && !inside.is_loading() && inside.scopes().iter().all(|id| self[*id].busy == 0)
            };
            let found = self[scope].inside.iter().find(|(_, inside)| has_failed(inside));
            found.map(|(component, _)| At { scope, component: *component })
        })
    }

    /// Counts something that is under way in a scope, and so in all around it.
    pub(crate) fn begin(&mut self, id: ScopeId) {
        self.around(id, |scope| scope.busy += 1);
    }

    /// Counts the end of it.
    pub(crate) fn end(&mut self, id: ScopeId) {
        self.around(id, |scope| scope.busy -= 1);
    }

    fn around(&mut self, id: ScopeId, change: impl Fn(&mut Scope)) {
        let mut next = Some(id);
        while let Some(scope) = next.and_then(|id| self.get_mut(id)) {
            change(scope);
            next = scope.owner.map(|owner| owner.at.scope);
        }
    }

    /// Whether a component may start: no scope around it is failing, or it is behind the `always` outlet of what failed.
    pub(crate) fn may_start(&self, at: At) -> bool {
        if self.failing == 0 {
            return true;
        }
        let mut next = Some(at);
        while let Some(at) = next {
            if !self[at.scope].may_start(at.component) {
                return false;
            }
            next = self[at.scope].owner.map(|owner| owner.at);
        }
        true
    }

    /// Whether what a component does is recorded.
    pub(crate) fn records(&self, at: At) -> bool {
        if self.failing == 0 {
            return self[at.scope].records;
        }
        let mut next = Some(at);
        while let Some(at) = next {
            if !self[at.scope].records(at.component) {
                return false;
            }
            next = self[at.scope].owner.map(|owner| owner.at);
        }
        true
    }
}

impl Inside {
    /// The scopes that are under way in it.
    pub(crate) fn scopes(&self) -> Vec<ScopeId> {
        match &self.what {
            InsideWhat::Iterations(iterating) => iterating.under_way.values().copied().flatten().collect(),
            InsideWhat::Call(scope) => scope.iter().copied().collect(),
            InsideWhat::Ended => Vec::new(),
        }
    }

    /// Whether what earlier attempts left is on its way here, or records are.
    fn is_loading(&self) -> bool {
        match &self.what {
            InsideWhat::Iterations(iterating) => {
                iterating.feed.is_reading() || iterating.under_way.values().any(Option::is_none)
            }
            InsideWhat::Call(scope) => scope.is_none(),
            InsideWhat::Ended => false,
        }
    }

    /// Forgets an iteration, or the call.
    pub(crate) fn forget(&mut self, number: u64) {
        match &mut self.what {
            InsideWhat::Iterations(iterating) => drop(iterating.under_way.remove(&number)),
            InsideWhat::Call(_) | InsideWhat::Ended => self.what = InsideWhat::Ended,
        }
    }
}

impl Index<ScopeId> for Scopes {
    type Output = Scope;

    fn index(&self, id: ScopeId) -> &Scope {
        self.get(id).expect("a scope lives as long as anything of it is under way")
    }
}

impl IndexMut<ScopeId> for Scopes {
    fn index_mut(&mut self, id: ScopeId) -> &mut Scope {
        self.get_mut(id).expect("a scope lives as long as anything of it is under way")
    }
}
