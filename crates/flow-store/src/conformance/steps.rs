//! Random commands.

use crate::SavedKind;

/// Servers that take part.
pub(super) const SERVERS: usize = 3;

/// One command. Servers and requests are given by number, modulo how many there are.
#[derive(Debug, Clone)]
pub enum Step {
    /// Time passes, in milliseconds.
    Wait(u16),
    /// A server starts.
    Register(usize),
    /// A request is made; with a server it is that one's.
    Create {
        /// Its owner.
        owner: Option<usize>,
        /// `OtherServerRetry`.
        anywhere: bool,
        /// `RetryCount`.
        retries: u8,
        /// Its idempotency key, from a few.
        key: Option<u8>,
        /// Its place in the queue: its priority, and which limits it is under.
        queue: u8,
    },
    /// Several requests are made at once, all or none.
    CreateMany {
        /// Their owner.
        owner: Option<usize>,
        /// The idempotency key of each, from a few.
        keys: Vec<Option<u8>>,
        /// Which limits they are under.
        limits: u8,
        /// Whether the audit trail tells of them.
        audited: bool,
    },
    /// A server claims.
    Claim(usize, usize),
    /// The current attempt of a request writes.
    Write {
        /// The request.
        request: usize,
        /// What it saves.
        kinds: Vec<SavedKind>,
        /// Log entries.
        log: u8,
        /// Whether it is an earlier attempt that writes.
        stale: bool,
    },
    /// The current attempt of a request ends: finished, failed, failed for good, waiting, released.
    End(usize, u8),
    /// A survivor takes over.
    TakeOver(usize, usize),
    /// A server drains, or works again.
    Drain(usize, bool),
    /// A server is put into maintenance, or it ends; during maintenance it hands over what waits.
    Maintain(usize, bool),
    /// An operator sets how many requests of a flow, or of a connection, run at most, or no longer does.
    SetLimit {
        /// Whether it is a connection.
        connection: bool,
        /// How many.
        most: Option<u8>,
    },
    /// A server stops.
    Terminate(usize),
    /// A request is re-executed at a server, from the newest saved point or an earlier one.
    ReExecute(usize, usize, Option<u8>),
    /// A request is re-executed at a server and at another version.
    Pin {
        /// The request.
        request: usize,
        /// The server.
        server: usize,
        /// Whether it was found to fit as it was before.
        stale: bool,
        /// From the newest saved point or an earlier one.
        from: Option<u8>,
    },
    /// A request is marked as stalled and taken from its owner for a server.
    TakeFrom(usize, usize),
    /// A request is marked as stalled, or no longer so.
    Stall(usize, bool),
    /// Requests that ended some milliseconds ago are removed, or only their logs and saved points.
    Retain {
        /// How old they must be.
        age: u8,
        /// How many of a state are kept.
        number: Option<u8>,
        /// Whether only logs and saved points go.
        details: bool,
    },
    /// A request is cancelled.
    Cancel(usize),
    /// All servers but so many have a version, by which the triggers are to go from then on.
    Adopt(u8, usize),
    /// A trigger is switched on or off.
    Switch(u8, bool),
    /// A server comes with a firing.
    Fire {
        /// The trigger.
        trigger: u8,
        /// What it fires for, from a few.
        key: u8,
        /// Whose its request is to be.
        owner: Option<usize>,
        /// What it says beside that: whether it counts by time, makes a request, lasts and is fired by a person.
        how: u8,
    },
    /// A trigger has come as far as some milliseconds ago without firing.
    Reach(u8, u8),
    /// A trigger has fired elsewhere: so many times, for a request in the end.
    NoteFired(u8, u8, usize),
    /// Somebody asks for so many requests of a flow that ended in the last milliseconds.
    Ended(u8, usize),
    /// A server reports what it has counted.
    Report(usize, u8),
}
