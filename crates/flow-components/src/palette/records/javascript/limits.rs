//! How far a script may go.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How far a script may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// For one call.
    pub(super) time: Duration,
    /// In bytes, for all that the script keeps.
    pub(super) memory: usize,
}

/// What is asked again and again while a script runs: whether it must stop.
#[derive(Default)]
pub(super) struct Watch {
    deadline: Cell<Option<Instant>>,
    cancel: RefCell<CancellationToken>,
    stopped: Cell<Option<Stopped>>,
}

/// Why a script was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It took too long.
    Time,
    /// The attempt must come to an end.
    Cancelled,
}

impl Watch {
    /// From now on `cancel` stops the script.
    pub(super) fn listen(&self, cancel: &CancellationToken) {
        *self.cancel.borrow_mut() = cancel.clone();
        self.stopped.set(None);
    }

    /// A call begins, which may take so long.
    pub(super) fn start(&self, time: Duration) {
        self.deadline.set(Instant::now().checked_add(time));
    }

    /// Whether the script must stop; remembers why.
    pub(super) fn must_stop(&self) -> bool {
        let stopped = if self.cancel.borrow().is_cancelled() {
            Some(Stopped::Cancelled)
        } else {
            self.deadline.get().filter(|deadline| Instant::now() >= *deadline).map(|_| Stopped::Time)
        };
        if stopped.is_some() {
            self.stopped.set(stopped);
        }
        stopped.is_some()
    }

    /// Why the script was stopped, if it was.
    pub(super) fn stopped(&self) -> Option<Stopped> {
        self.stopped.get()
    }
}
