//! Triggers on the cluster: whether each is on, how far it has come, and what it has fired.
//!
//! What a trigger is stands in the files of its project's version. The store knows it by its id, and keeps what must be
//! the same for all servers: a firing and the request that it makes are one write under one key, so that each fires once
//! whoever is alive.

use crate::{
    Created, NewRequest, Owner, ProjectName, ProjectVersion, Request, RequestId, RequestState, StoreError, Timestamp,
};
use async_trait::async_trait;
use serde::Serialize;

/// Firings of a trigger that are kept at least, whatever their age.
pub const FIRINGS_KEPT: usize = 1000;
/// How long firings beyond those are kept, in milliseconds.
pub const FIRINGS_KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// A trigger of the version that a project's triggers go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTrigger {
    /// Its id, which never changes.
    pub trigger: String,
    /// A mark of what it says about when it fires. With another one it begins anew: what was due before does not count.
    pub mark: String,
    /// Whether it is on where the cluster has not known it yet.
    pub on: bool,
}

/// What the cluster knows of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerState {
    /// Its project.
    pub project: ProjectName,
    /// Its id.
    pub trigger: String,
    /// The mark of what it says.
    pub mark: String,
    /// Whether the version that the project's triggers go by has it.
    pub present: bool,
    /// Whether it is switched on.
    pub on: bool,
    /// Who switched it last; none if nobody has.
    pub switched_by: Option<String>,
    /// When.
    pub switched: Option<Timestamp>,
    /// How far it has come: what was due up to then is dealt with.
    pub reached: Timestamp,
    /// How often it has fired.
    pub fired: u64,
    /// How many due times were missed.
    pub missed: u64,
    /// When it fired last.
    pub last_fired: Option<Timestamp>,
    /// The request of the last firing.
    pub last_request: Option<RequestId>,
}

impl TriggerState {
    /// A trigger that the cluster gets to know.
    pub fn new(project: ProjectName, new: NewTrigger, now: Timestamp) -> Self {
        Self {
            project,
            trigger: new.trigger,
            mark: new.mark,
            present: true,
            on: new.on,
            switched_by: None,
            switched: None,
            reached: now,
            fired: 0,
            missed: 0,
            last_fired: None,
            last_request: None,
        }
    }

    /// Whether it may fire.
    pub fn is_active(&self) -> bool {
        self.present && self.on
    }

    /// The version that the project's triggers go by has it (again). What was due while it had not, or under another
    /// mark, does not count.
    pub fn adopt(&mut self, new: NewTrigger, now: Timestamp) {
        if !self.present || self.mark != new.mark {
            self.reached = now;
        }
        self.present = true;
        self.mark = new.mark;
    }

    /// Somebody switches it. What was due while it was off does not count.
    pub fn switch(&mut self, on: bool, by: &str, now: Timestamp) {
        if on && !self.on {
            self.reached = now;
        }
        self.on = on;
        self.switched_by = Some(by.to_owned());
        self.switched = Some(now);
    }

    /// What a firing that is to be made comes to, before its key is looked for: none if it may be made.
    pub fn refuses(&self, firing: &NewFiring) -> Option<Fired> {
        if !self.is_active() && !firing.by_hand {
            return Some(Fired::Off);
        }
        let is_past = firing.reached.is_some_and(|reached| reached <= self.reached);
        is_past.then_some(Fired::Before(None))
    }

    /// It has fired.
    pub fn note(&mut self, firing: &NewFiring, request: Option<RequestId>, now: Timestamp) {
        self.reached = firing.reached.unwrap_or(self.reached).max(self.reached);
        self.missed += firing.missed;
        if request.is_some() {
            self.fired += 1;
            self.last_fired = Some(now);
            self.last_request = request;
        }
    }
}

/// A firing that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFiring {
    /// The project.
    pub project: ProjectName,
    /// The trigger's id.
    pub trigger: String,
    /// What it fires for: a due time, a file, a request. A trigger fires once for each.
    pub key: String,
    /// When that was due, or came.
    pub due: Timestamp,
    /// How far the trigger has come with it, if it counts by time. It never goes back.
    pub reached: Option<Timestamp>,
    /// How many due times are given up with it.
    pub missed: u64,
    /// Whether its key is remembered for good.
    pub lasting: bool,
    /// Whether a person fires it, which may be done while it is off.
    pub by_hand: bool,
    /// Whether no other server than its owner can run its request: it is made only while that takes requests and the limits
    /// of the request have room, and runs at once. Were it queued, the others would claim it when its owner is gone.
    pub here_only: bool,
    /// The request that it makes; none if it only notes what was missed.
    pub request: Option<NewRequest>,
}

/// What came of a firing.
#[derive(Debug, Clone, PartialEq)]
pub enum Fired {
    /// It was made, with its request: the caller must execute one that is this server's own.
    New(Option<Box<Request>>),
    /// The trigger had fired for this before, and made that request.
    Before(Option<RequestId>),
    /// The trigger is off, or no longer there; or no other server than its owner could run the request, and that takes none
    /// or the request's limits are reached.
    Off,
}

/// A firing that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Firing {
    /// What it was for.
    pub key: String,
    /// When that was due, or came.
    pub due: Timestamp,
    /// When it was made.
    pub at: Timestamp,
    /// How many due times were given up with it.
    pub missed: u64,
    /// The request that it made. Retention may have removed it.
    pub request: Option<RequestId>,
}

/// The triggers of the cluster.
#[async_trait]
pub trait TriggerStore: Send + Sync {
    /// The version that the triggers of each project go by, by project.
    async fn trigger_versions(&self) -> Result<Vec<(ProjectName, ProjectVersion)>, StoreError>;

    /// The triggers of a project go by `version` from now on, which has these. Nothing changes and the answer is false
    /// unless every running server has that version of the project: so they change over when a Push update has finished.
    async fn adopt_triggers(
        &self,
        project: &ProjectName,
        version: &ProjectVersion,
        triggers: Vec<NewTrigger>,
    ) -> Result<bool, StoreError>;

    /// What the cluster knows of each trigger, by project and id, those that are no longer there too.
    async fn trigger_states(&self) -> Result<Vec<TriggerState>, StoreError>;

    /// Switches a trigger on or off, for all servers at once. Fails with `store/not-found`.
    async fn switch_trigger(
        &self,
        project: &ProjectName,
        trigger: &str,
        on: bool,
        by: &str,
    ) -> Result<TriggerState, StoreError>;

    /// Makes a firing and its request in one write, unless the trigger is off or has fired for the same before. With an
    /// owner the request is its own and `Running`, as with [`crate::RequestStore::create_requests`]; under limits it is that
    /// only if nobody else can run it ([`NewFiring::only_with_room`]). Fails with `store/not-found` if the cluster does not
    /// know the trigger.
    async fn fire(&self, firing: NewFiring, owner: Option<Owner>) -> Result<Fired, StoreError>;

    /// Notes that a trigger which counts by time has come as far as this without firing.
    async fn trigger_reached(&self, project: &ProjectName, trigger: &str, reached: Timestamp)
    -> Result<(), StoreError>;

    /// Notes firings that were made without [`TriggerStore::fire`]: so many more requests, and the last of them.
    async fn note_fired(
        &self,
        project: &ProjectName,
        trigger: &str,
        more: u64,
        last: RequestId,
    ) -> Result<(), StoreError>;

    /// The newest firings of a trigger, newest first.
    async fn firings(&self, project: &ProjectName, trigger: &str, limit: usize) -> Result<Vec<Firing>, StoreError>;

    /// The requests of a flow that ended in one of `states` at `from` or later, in the order of their ends.
    async fn ended_requests(
        &self,
        project: &ProjectName,
        flow: &str,
        states: &[RequestState],
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Request>, StoreError>;
}

impl NewFiring {
    /// Its request, if that is made only while its limits have room: the store looks at them as for a claim, in the write that
    /// makes it run.
    pub fn only_with_room(&self) -> Option<&NewRequest> {
        self.request.as_ref().filter(|new| self.here_only && !new.settings.limits.is_empty())
    }
}

impl Fired {
    /// The request that was made by this very call.
    pub fn created(self) -> Option<Created> {
        match self {
            Self::New(Some(request)) => Some(Created { request: *request, new: true }),
            _ => None,
        }
    }
}

/// That the cluster does not know a trigger.
pub fn no_trigger(project: &ProjectName, trigger: &str) -> StoreError {
    StoreError::NotFound { what: "trigger", name: format!("{project} {trigger}") }
}
