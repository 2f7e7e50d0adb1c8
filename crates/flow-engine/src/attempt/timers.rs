//! What happens by itself after a time: the attempt's `Timeout`, the end of patience with what was told to stop, the next
//! write of the log.

use super::Attempt;
use crate::scope::Failure;
use flow_store::{Request, RequestError};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Log entries are written after this time at the latest, so that what takes long can be watched.
const LOG_DELAY: Duration = Duration::from_millis(500);
/// How long components may take to come to a safe end once they were told to.
const GRACE: Duration = if cfg!(test) { Duration::from_millis(200) } else { Duration::from_secs(10) };
/// What a timer is set to that has nothing to wait for.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

/// When something is to happen by itself.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// The attempt's `Timeout`.
    timeout: Option<Instant>,
    /// When components that were told to end are left behind.
    grace: Option<Instant>,
    /// When pending log entries are written even if nothing else is.
    log: Instant,
}

impl Deadlines {
    /// Those of an attempt that begins now.
    pub(super) fn of(request: &Request) -> Self {
        let now = Instant::now();
        let timeout = request.settings.timeout_ms.map(|timeout| now + Duration::from_millis(timeout).min(FAR * 365));
        Self { timeout, grace: None, log: now + LOG_DELAY }
    }

    pub(super) fn timer(&self) -> Sleep {
        sleep_until(self.log)
    }
}

impl Attempt {
    /// Tells what runs to come to a safe end.
    pub(super) fn stop_running(&mut self) {
        self.stop.cancel();
        self.deadlines.grace.get_or_insert(Instant::now() + GRACE);
    }

    pub(super) fn set_timer(&self, mut timer: Pin<&mut Sleep>) {
        let next = [self.deadlines.timeout, self.deadlines.grace, self.next_wait()].into_iter().flatten().min();
        let next = next.map_or(self.deadlines.log, |next| next.min(self.deadlines.log));
        if next < timer.deadline() {
            timer.as_mut().reset(next);
        }
    }

    pub(super) fn is_grace_over(&self) -> bool {
        self.deadlines.grace.is_some_and(|grace| grace <= Instant::now())
    }

    /// Does what is due. Waits that are over start by themselves.
    pub(super) fn time_is_up(&mut self, timer: Pin<&mut Sleep>) {
        let now = Instant::now();
        if self.deadlines.timeout.is_some_and(|timeout| timeout <= now) {
            self.deadlines.timeout = None;
            self.timed_out();
        }
        if self.deadlines.log <= now {
            self.deadlines.log = now + LOG_DELAY;
            self.write_if_wanted(true);
        }
        timer.reset(now + FAR);
    }

    fn timed_out(&mut self) {
        let seconds = Duration::from_millis(self.request.settings.timeout_ms.unwrap_or(0)).as_secs_f64();
        let message = format!(
            "the attempt took longer than its Timeout of {seconds} s: raise Timeout of Start, or find what is slow in the log"
        );
        let error = RequestError { code: "engine/timeout".to_owned(), message, component: None };
        self.ending.failure.get_or_insert(Failure { error, row: None, retryable: true, withdrawn: None });
        self.stop_running();
    }
}
