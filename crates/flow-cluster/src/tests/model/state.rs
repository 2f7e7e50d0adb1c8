//! What the model's cluster looks like at one moment: one request with its row in the database, the servers, the writes
//! on their way, and what the world has seen.

use flow_store::transition::{self, Change};
use flow_store::{
    AttemptEnd, Epoch, Fence, NewRequest, Owner, ProjectName, Request, RequestError, RequestId, RequestSettings,
    RequestState, SavedData, SavedKind, SavedPoint, ServerId, ServerRef, ServerState, Timestamp, VersionId,
};
use std::hash::Hash;

/// Time stands still: retries are due at once, and no rule here compares times.
pub(super) const NOW: Timestamp = Timestamp(1000);

/// One component of the model's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    /// Changes the world.
    Effect(usize),
    /// Saves.
    Checkpoint(u8),
    /// Only computes.
    Compute,
}

/// The flow: something that acts before, between and after two checkpoints, and something between them that only
/// computes, so that there is something to speculate with.
pub(super) const FLOW: [Component; 5] = [
    Component::Effect(0),
    Component::Checkpoint(0),
    Component::Compute,
    Component::Checkpoint(1),
    Component::Effect(1),
];

/// Where the components behind each checkpoint begin.
const BEHIND: [usize; 2] = [2, 4];

/// Where an attempt begins that finds these checkpoints.
pub(super) fn resume(saved: &[u8]) -> usize {
    saved.iter().map(|checkpoint| BEHIND[usize::from(*checkpoint)]).max().unwrap_or(0)
}

/// The checkpoints before the component at this place.
pub(super) fn checkpoints_before(place: usize) -> impl Iterator<Item = u8> {
    FLOW[..place].iter().filter_map(|component| match component {
        Component::Checkpoint(checkpoint) => Some(*checkpoint),
        _ => None,
    })
}

/// How a write ends its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    Finished,
    Failed,
    Released,
}

impl End {
    pub(super) fn of_attempt(self) -> AttemptEnd {
        let error = || RequestError { code: "model/failed".to_owned(), message: String::new(), component: None };
        match self {
            Self::Finished => AttemptEnd::Finished { reply: None },
            Self::Failed => AttemptEnd::Failed { error: error(), retryable: true },
            Self::Released => AttemptEnd::Released,
        }
    }
}

/// How far a write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// On its way to the database.
    Sent,
    /// In the database; the answer is on its way back.
    Committed,
    /// Refused for its fence; the answer is on its way back.
    Refused,
    /// On its way to the database, and nobody waits for the answer any more.
    Forgotten,
}

/// A write of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) server: usize,
    pub(super) fence: Fence,
    pub(super) points: Vec<u8>,
    pub(super) end: Option<End>,
    pub(super) way: Way,
}

/// An attempt in a server's memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    pub(super) fence: Fence,
    /// The next component.
    pub(super) at: usize,
    /// Checkpoints that no write has taken yet.
    pub(super) pending: Vec<u8>,
    /// It broke off because its server may not act, and waits until that may again.
    pub(super) paused: bool,
}

/// A server: its process and its row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Server {
    pub(super) up: bool,
    /// It has not beaten for so long that others may take it for dead, and its guard says so.
    pub(super) lapsed: bool,
    /// The epoch that it believes to live in.
    pub(super) epoch: i64,
    pub(super) attempt: Option<Attempt>,
    pub(super) known_epoch: i64,
    pub(super) known: ServerState,
}

/// How often each fault may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Faults {
    pub(super) crashes: u8,
    pub(super) lapses: u8,
    /// Answers of a living database that are lost.
    pub(super) lost: u8,
    pub(super) outages: u8,
    pub(super) failures: u8,
    pub(super) cancels: u8,
    pub(super) re_executions: u8,
    /// Re-executions from an earlier saved point, or from the start.
    pub(super) rewinds: u8,
    /// Takeovers of a running request by a person.
    pub(super) takes: u8,
    pub(super) drains: u8,
    pub(super) restarts: u8,
}

/// One moment.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) request: Request,
    /// The checkpoints in the database, in the order of their commits.
    pub(super) saved: Vec<u8>,
    pub(super) servers: Vec<Server>,
    pub(super) writes: Vec<Write>,
    pub(super) out: bool,
    pub(super) left: Faults,
    /// How often each effect was seen.
    pub(super) effects: [u8; 2],
    /// Whether a reply was given.
    pub(super) replied: bool,
    /// The server that may go on with a request without `OtherServerRetry`.
    pub(super) home: Option<usize>,
    /// The attempts that a person ended while they ran: their servers learn of it with the next write.
    pub(super) ended_by_person: Vec<Fence>,
    /// What has happened in this story, for properties that say that it can.
    pub(super) told: Told,
    /// The first rule that was broken.
    pub(super) broken: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Told {
    pub(super) taken_over: bool,
    pub(super) refused: bool,
    pub(super) speculated: bool,
    pub(super) raced: bool,
    pub(super) taken: bool,
    pub(super) rewound: bool,
}

impl Moment {
    /// What tells one moment from another.
    fn key(&self) -> impl Hash + PartialEq + '_ {
        let row = &self.request;
        let row = (
            (row.state, &row.owner, row.fence, row.due, row.settings.other_server_retry),
            (row.attempt, row.retries_used, row.takeovers_without_progress, row.saved_points),
        );
        let seen = (self.effects, self.replied, self.home, &self.ended_by_person, self.told, self.broken);
        (row, &self.saved, &self.servers, &self.writes, self.out, self.left, seen)
    }

    /// A cluster of `count` servers and a request, which the first of them made or nobody has yet.
    pub(super) fn first(count: usize, left: Faults, other_server_retry: bool, owned: bool) -> Self {
        let settings = RequestSettings { other_server_retry, retry_count: 1, ..RequestSettings::default() };
        let new = NewRequest {
            project: ProjectName::parse("p").unwrap(),
            version: VersionId::parse("v").unwrap(),
            flow: String::new(),
            trigger: String::new(),
            requested_by: String::new(),
            inputs: serde_json::Value::Null,
            settings,
            idempotency_key: None,
        };
        let owner = owned.then(|| owner(0, 1));
        let request = transition::create(RequestId(1), new, owner, false, NOW).request;
        let server =
            Server { up: true, lapsed: false, epoch: 1, attempt: None, known_epoch: 1, known: ServerState::Running };
        let mut moment = Self {
            request,
            saved: Vec::new(),
            servers: vec![server; count],
            writes: Vec::new(),
            out: false,
            left,
            effects: [0; 2],
            replied: false,
            home: owned.then_some(0),
            ended_by_person: Vec::new(),
            told: Told::default(),
            broken: None,
        };
        if owned {
            moment.begin_attempt(0);
        }
        moment
    }

    /// The server has been given the request and begins where its saved points say.
    pub(super) fn begin_attempt(&mut self, server: usize) {
        let (fence, at) = (self.request.fence, resume(&self.saved));
        self.servers[server].attempt = Some(Attempt { fence, at, pending: Vec::new(), paused: false });
    }

    pub(super) fn apply(&mut self, change: Change) {
        self.request = change.request;
    }

    /// Notes that a rule was broken, unless one was before.
    pub(super) fn breaks(&mut self, rule: &'static str) {
        self.broken.get_or_insert(rule);
    }

    /// The server's life as it believes it to be.
    pub(super) fn life(&self, server: usize) -> ServerRef {
        ServerRef { owner: owner(server, self.servers[server].epoch), name: String::new() }
    }

    /// Whether the database knows the server's life.
    pub(super) fn is_known(&self, server: usize) -> bool {
        let server = &self.servers[server];
        server.epoch == server.known_epoch && server.known != ServerState::Terminated
    }

    /// The server that the request belongs to, if the database takes it for alive.
    pub(super) fn living_owner(&self) -> Option<ServerRef> {
        let lives = |place: &usize| self.servers[*place].known != ServerState::Terminated;
        let mut alive =
            (0..self.servers.len()).filter(lives).map(|place| owner(place, self.servers[place].known_epoch));
        let owner = alive.find(|alive| self.request.owner.as_ref() == Some(alive))?;
        Some(ServerRef { owner, name: String::new() })
    }

    /// Whether the attempt of this server waits for the answer to a write.
    pub(super) fn awaits(&self, server: usize) -> bool {
        self.writes.iter().any(|write| write.server == server && write.way != Way::Forgotten)
    }

    /// Whoever waits for a write of this server waits no longer.
    pub(super) fn forget_writes(&mut self, server: usize) {
        for write in self.writes.iter_mut().filter(|write| write.server == server && write.way == Way::Sent) {
            write.way = Way::Forgotten;
        }
        self.writes.retain(|write| write.server != server || write.way == Way::Forgotten);
    }
}

compared_by_key!(Moment);

pub(super) fn owner(server: usize, epoch: i64) -> Owner {
    Owner { server: ServerId::parse(["a", "b", "c"][server]).unwrap(), epoch: Epoch(epoch) }
}

/// A checkpoint as it is written.
pub(super) fn point(checkpoint: u8) -> SavedPoint {
    SavedPoint {
        kind: SavedKind::Checkpoint,
        component: checkpoint.to_string(),
        name: String::new(),
        iteration: String::new(),
        attempt: 1,
        data: SavedData::None,
        variables: serde_json::Value::Null,
        outlets: Vec::new(),
        due: None,
        rows: 0,
        at: NOW,
    }
}

/// Whether the request waits for an automatic retry.
pub(super) fn waits_for_retry(request: &Request) -> bool {
    request.state == RequestState::WaitingForRetry && request.error.is_some()
}
