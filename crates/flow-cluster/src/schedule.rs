//! What a schedule has to do at a moment: which due times fire, which count as missed, and when to look again. Pure: the
//! times come from outside, and no clock is looked at, so every server comes to the same answer.

use flow_store::Timestamp;

/// So many due times are dealt with in one look; the rest in the next, which follows at once.
const AT_ONCE: usize = 1000;

/// What happens to due times that nobody could fire in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedRuns {
    /// They are only counted.
    Skip,
    /// One firing stands for all of them.
    Once,
    /// Each is fired.
    All,
}

/// When something is due, and what of it may be late.
pub trait Due {
    /// The first due time after a moment; none if nothing will ever be due again.
    fn next_after(&self, moment: Timestamp) -> Option<Timestamp>;

    /// How many milliseconds after its due time it is to fire. The same for the same due time, whoever asks.
    fn delay_ms(&self, due: Timestamp) -> u64;

    /// So many milliseconds late, it is not yet missed.
    fn grace_ms(&self) -> u64;

    /// What happens to what was missed.
    fn missed_runs(&self) -> MissedRuns;
}

/// Something to be written, in the order of the due times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planned {
    /// A request for this due time; so many due times before it are given up.
    Fire {
        /// The due time.
        due: Timestamp,
        /// How many are given up.
        missed: u64,
    },
    /// No request: so many due times, up to this one, are given up.
    Miss {
        /// The last of them.
        due: Timestamp,
        /// How many.
        missed: u64,
    },
}

/// What is to be done now, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// To be written now, one after the other.
    pub now: Vec<Planned>,
    /// When the next comes; none if nothing will ever be due again.
    pub next: Option<Timestamp>,
}

/// What a schedule that has `reached` a moment (all that was due up to then is dealt with) has to do at `now`.
pub fn plan(schedule: &dyn Due, reached: Timestamp, now: Timestamp) -> Plan {
    let (mut late, mut in_time, mut next) = (Vec::new(), Vec::new(), None);
    let (mut from, mut more_is_late) = (reached, false);
    while let Some(due) = schedule.next_after(from) {
        let starts = due.plus_ms(schedule.delay_ms(due));
        let is_late = starts.plus_ms(schedule.grace_ms()) < now;
        // In their order: one that starts sooner than the one before it waits for it.
        if starts > now || late.len() + in_time.len() == AT_ONCE {
            next = Some(starts.max(now));
            more_is_late = is_late && in_time.is_empty();
            break;
        }
        if is_late && in_time.is_empty() {
            late.push(due)
        } else {
            in_time.push(due)
        }
        from = due;
    }
    // The firing that stands for all that was missed stands for the last of it.
    let policy = match schedule.missed_runs() {
        MissedRuns::Once if more_is_late => MissedRuns::Skip,
        policy => policy,
    };
    let mut planned = give_up(policy, &late);
    planned.extend(in_time.into_iter().map(|due| Planned::Fire { due, missed: 0 }));
    Plan { now: planned, next }
}

fn give_up(policy: MissedRuns, late: &[Timestamp]) -> Vec<Planned> {
    let Some(last) = late.last().copied() else { return Vec::new() };
    let count = late.len() as u64;
    match policy {
        MissedRuns::Skip => vec![Planned::Miss { due: last, missed: count }],
        MissedRuns::Once => vec![Planned::Fire { due: last, missed: count - 1 }],
        MissedRuns::All => late.iter().map(|due| Planned::Fire { due: *due, missed: 0 }).collect(),
    }
}
