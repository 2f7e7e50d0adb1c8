//! Whether this server may act: the server's own half of the lease.

use crate::lease::{LeaseSettings, Moment};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Asked before every effect on the world. Cheap enough to ask always.
///
/// A server may act for 75% of a lease from *sending* its last successful heartbeat. After a longer silence, which ends
/// when the others can see a heartbeat, it may act again only once the database has confirmed that nobody declared it dead meanwhile; once it was declared
/// dead, never again under this epoch.
#[derive(Debug)]
pub struct Guard {
    settings: LeaseSettings,
    /// When the last successful heartbeat was sent.
    sent: AtomicU64,
    /// Since when heartbeats have followed one another without a gap.
    steady_since: AtomicU64,
    /// When the first heartbeat was sent after a silence so long that others may have acted; zero once the
    /// database has confirmed that they have not.
    unconfirmed_since: AtomicU64,
    /// This epoch is over.
    ended: AtomicBool,
}

impl Guard {
    pub(crate) fn new(settings: LeaseSettings) -> Self {
        Self::starting(settings, Moment::now())
    }

    /// The guard of a server that begins now, with its first heartbeat just sent.
    pub(crate) fn starting(settings: LeaseSettings, now: Moment) -> Self {
        let now = now.nanos();
        Self {
            settings,
            sent: AtomicU64::new(now),
            steady_since: AtomicU64::new(now),
            unconfirmed_since: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether this server may still do work in the name of its epoch.
    pub fn may_act(&self) -> bool {
        self.may_act_at(Moment::now())
    }

    /// Whether this epoch is over for good: it left, or others declared it dead.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn may_act_at(&self, now: Moment) -> bool {
        !self.has_ended()
            && self.unconfirmed_since.load(Ordering::Acquire) == 0
            && now.since(Moment::from_nanos(self.sent.load(Ordering::Acquire))) < self.settings.may_act_for()
    }

    /// A heartbeat that was sent at `sent` has succeeded; the others could see it by `shown` at the latest. A thread may
    /// be held up between the two, so the silence that others saw lasted until `shown`.
    pub(crate) fn heartbeat_succeeded(&self, sent: Moment, shown: Moment) {
        let last = Moment::from_nanos(self.sent.load(Ordering::Acquire));
        let gap = sent.since(last);
        if shown.since(last) >= self.settings.may_act_for() {
            self.unconfirmed_since.store(shown.nanos(), Ordering::Release);
        }
        if gap > self.settings.steady_gap() {
            self.steady_since.store(sent.nanos(), Ordering::Release);
        }
        self.sent.store(sent.nanos(), Ordering::Release);
    }

    /// Since when this server's own heartbeats have all succeeded and on time; `None` if the last one is overdue.
    pub(crate) fn steady_since(&self, now: Moment) -> Option<Moment> {
        let sent = Moment::from_nanos(self.sent.load(Ordering::Acquire));
        let steady = now.since(sent) <= self.settings.steady_gap();
        steady.then(|| Moment::from_nanos(self.steady_since.load(Ordering::Acquire)))
    }

    /// The database, asked after the moment `asked`, still knows this epoch as living.
    pub(crate) fn confirmed(&self, asked: Moment) {
        let since = self.unconfirmed_since.load(Ordering::Acquire);
        if since <= asked.nanos() {
            // Not a plain store: a second long silence may have begun and ended meanwhile.
            let _ = self.unconfirmed_since.compare_exchange(since, 0, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Whether the database is to be asked whether this epoch still lives.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.unconfirmed_since.load(Ordering::Acquire) != 0
    }

    /// Others may have taken this server for dead: it acts again once the database has confirmed that they have not.
    pub(crate) fn doubt(&self, now: Moment) {
        self.unconfirmed_since.store(now.nanos(), Ordering::Release);
    }

    /// This epoch is over.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// All that it goes by: the last heartbeat, since when they are steady, since when others may have acted, and
    /// whether the epoch is over.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (u64, u64, u64, bool) {
        let load = |value: &AtomicU64| value.load(Ordering::Acquire);
        (load(&self.sent), load(&self.steady_since), load(&self.unconfirmed_since), self.has_ended())
    }

    /// A guard in the same place.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> Self {
        let (sent, steady_since, unconfirmed_since, ended) = self.parts();
        Self {
            settings: self.settings,
            sent: AtomicU64::new(sent),
            steady_since: AtomicU64::new(steady_since),
            unconfirmed_since: AtomicU64::new(unconfirmed_since),
            ended: AtomicBool::new(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LEASE: LeaseSettings = LeaseSettings { heartbeat: Duration::from_millis(500), lease: Duration::from_secs(2) };

    fn started() -> (Guard, Moment) {
        let guard = Guard::new(LEASE);
        let start = Moment::now();
        guard.heartbeat_succeeded(start, start);
        (guard, start)
    }

    #[test]
    fn a_server_stops_acting_at_three_quarters_of_a_lease_after_its_last_heartbeat() {
        let (guard, start) = started();
        assert!(guard.may_act_at(start.after(Duration::from_millis(1499))));
        assert!(!guard.may_act_at(start.after(Duration::from_millis(1500))));
    }

    #[test]
    fn after_a_long_silence_it_acts_again_only_when_the_database_confirmed_it() {
        let (guard, start) = started();
        let woke = start.after(Duration::from_millis(1600));
        guard.heartbeat_succeeded(woke, woke);
        assert!(!guard.may_act_at(woke));
        guard.confirmed(start.after(Duration::from_millis(1599)));
        assert!(!guard.may_act_at(woke), "an answer from before the heartbeat proves nothing");
        guard.confirmed(woke.after(Duration::from_millis(1)));
        assert!(guard.may_act_at(woke.after(Duration::from_millis(1))));
    }

    #[test]
    fn a_server_in_doubt_acts_again_only_when_the_database_confirmed_it() {
        let (guard, start) = started();
        guard.doubt(start.after(Duration::from_millis(100)));
        guard.heartbeat_succeeded(start.after(Duration::from_millis(110)), start.after(Duration::from_millis(110)));
        assert!(!guard.may_act_at(start.after(Duration::from_millis(120))));
        guard.confirmed(start.after(Duration::from_millis(130)));
        assert!(guard.may_act_at(start.after(Duration::from_millis(140))));
    }

    #[test]
    fn a_heartbeat_that_was_held_up_before_anybody_could_see_it_counts_as_silence() {
        let (guard, start) = started();
        // Sent in time; but others had a whole lease to declare this server dead before they could see it.
        guard.heartbeat_succeeded(start.after(Duration::from_millis(1400)), start.after(Duration::from_millis(2100)));
        assert!(!guard.may_act_at(start.after(Duration::from_millis(2100))));
        guard.confirmed(start.after(Duration::from_millis(2110)));
        assert!(guard.may_act_at(start.after(Duration::from_millis(2120))));
    }

    #[test]
    fn an_ended_epoch_never_acts_again() {
        let (guard, start) = started();
        guard.end();
        guard.heartbeat_succeeded(start.after(Duration::from_millis(500)), start.after(Duration::from_millis(500)));
        guard.confirmed(start.after(Duration::from_millis(600)));
        assert!(!guard.may_act_at(start.after(Duration::from_millis(600))));
    }

    #[test]
    fn a_late_own_heartbeat_makes_the_view_of_others_start_anew() {
        let (guard, start) = started();
        let later = start.after(Duration::from_millis(1200));
        assert_eq!(guard.steady_since(later), None);
        guard.heartbeat_succeeded(later, later);
        assert_eq!(guard.steady_since(later), Some(later));
    }
}
