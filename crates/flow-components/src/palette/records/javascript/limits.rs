//! How far a script may go.

use crate::ComponentError;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
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

impl Limits {
    /// What becomes of a call that took longer than it may.
    pub(super) fn out_of_time(self) -> ComponentError {
        let message = format!("the script ran longer than {} s, and was stopped", self.time.as_secs_f64());
        ComponentError::new("script/time", message).on("TimeLimit").for_good()
    }
}

/// What the outside sees of a script that runs on a thread of its own: by when its present call must be over. The engine
/// asks whether it must stop wherever a script can loop, but a few of its own functions can loop as well
/// (`Array.prototype.includes.call({length: 1e15})`).
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// In milliseconds since `BEGIN`; 0 between calls.
    due: AtomicU64,
}

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
/// How long after its time a call counts as stuck.
const GRACE: Duration = Duration::from_secs(3);

impl Pulse {
    fn set(&self, deadline: Option<Instant>) {
        let since = deadline.map(|deadline| deadline.saturating_duration_since(*BEGIN) + GRACE);
        let due = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1));
        self.due.store(due, Ordering::Relaxed);
    }

    /// Comes back when a call is stuck.
    pub(super) async fn stuck(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let due = self.due.load(Ordering::Relaxed);
            if due > 0 && BEGIN.elapsed().as_millis() > u128::from(due) {
                return;
            }
        }
    }
}

/// What is asked again and again while a script runs: whether it must stop.
#[derive(Default)]
pub(super) struct Watch {
    deadline: Cell<Option<Instant>>,
    cancel: RefCell<CancellationToken>,
    pulse: RefCell<Arc<Pulse>>,
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
    /// From now on `cancel` stops the script, and `pulse` tells how it does.
    pub(super) fn listen(&self, cancel: &CancellationToken, pulse: &Arc<Pulse>) {
        *self.cancel.borrow_mut() = cancel.clone();
        *self.pulse.borrow_mut() = Arc::clone(pulse);
        self.stopped.set(None);
    }

    /// A call begins, which may take so long.
    pub(super) fn start(&self, time: Duration) {
        self.deadline.set(Instant::now().checked_add(time));
        self.pulse.borrow().set(self.deadline.get());
    }

    /// The call is over.
    pub(super) fn end(&self) {
        self.pulse.borrow().set(None);
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
