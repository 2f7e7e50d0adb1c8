//! Schedules on a virtual clock.

use crate::{Due, MissedRuns, Plan, Planned, plan};
use flow_store::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;

/// Due every so many milliseconds, with a delay that goes up and down.
struct Every {
    period: i64,
    jitter: u64,
    grace: u64,
    missed: MissedRuns,
}

impl Due for Every {
    fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        Some(Timestamp((moment.0.div_euclid(self.period) + 1) * self.period))
    }

    fn delay_ms(&self, due: Timestamp) -> u64 {
        if self.jitter == 0 { 0 } else { due.0.unsigned_abs().wrapping_mul(2_654_435_761) % self.jitter }
    }

    fn grace_ms(&self) -> u64 {
        self.grace
    }

    fn missed_runs(&self) -> MissedRuns {
        self.missed
    }
}

fn every_second(missed: MissedRuns) -> Every {
    Every { period: 1000, jitter: 0, grace: 5000, missed }
}

fn fires(due: &[i64]) -> Vec<Planned> {
    due.iter().map(|due| Planned::Fire { due: Timestamp(*due), missed: 0 }).collect()
}

#[test]
fn nothing_is_done_before_it_is_due() {
    let quiet = plan(&every_second(MissedRuns::Skip), Timestamp(1000), Timestamp(1999));
    assert_eq!(quiet, Plan { now: vec![], next: Some(Timestamp(2000)) });
}

#[test]
fn what_is_a_little_late_fires_under_every_policy() {
    for missed in [MissedRuns::Skip, MissedRuns::Once, MissedRuns::All] {
        let late = plan(&every_second(missed), Timestamp(1000), Timestamp(4700));
        assert_eq!(late, Plan { now: fires(&[2000, 3000, 4000]), next: Some(Timestamp(5000)) });
    }
}

#[test]
fn what_was_missed_is_skipped_fired_once_or_all_of_it() {
    // At 20,500 ms all that was due up to 15,000 ms is more than 5 s late.
    let at = |missed| plan(&every_second(missed), Timestamp(10_000), Timestamp(20_500)).now;
    let in_time = fires(&[16_000, 17_000, 18_000, 19_000, 20_000]);
    let skip = [vec![Planned::Miss { due: Timestamp(15_000), missed: 5 }], in_time.clone()].concat();
    assert_eq!(at(MissedRuns::Skip), skip);
    let once = [vec![Planned::Fire { due: Timestamp(15_000), missed: 4 }], in_time.clone()].concat();
    assert_eq!(at(MissedRuns::Once), once);
    let all = [fires(&[11_000, 12_000, 13_000, 14_000, 15_000]), in_time].concat();
    assert_eq!(at(MissedRuns::All), all);
}

/// What an outage until 2,500,500 ms comes to: all that is written, and in how many looks.
fn after_an_outage(missed: MissedRuns) -> (Vec<Planned>, usize) {
    let (schedule, now) = (every_second(missed), Timestamp(2_500_500));
    let (mut reached, mut written, mut looks) = (Timestamp(0), Vec::new(), 0);
    loop {
        let plan = plan(&schedule, reached, now);
        looks += 1;
        if let Some(Planned::Miss { due, .. } | Planned::Fire { due, .. }) = plan.now.last() {
            reached = *due;
        }
        written.extend(plan.now);
        if plan.next != Some(now) {
            return (written, looks);
        }
    }
}

#[test]
fn a_long_outage_is_dealt_with_in_several_looks() {
    let (written, looks) = after_an_outage(MissedRuns::Skip);
    let missed = |planned: &Planned| match planned {
        Planned::Miss { missed, .. } | Planned::Fire { missed, .. } => *missed,
    };
    assert_eq!((written.iter().map(missed).sum::<u64>(), looks), (2495, 3));
    assert_eq!(written.last(), fires(&[2_500_000]).last());
}

#[test]
fn however_long_an_outage_was_one_firing_stands_for_all_that_was_missed() {
    let (written, _) = after_an_outage(MissedRuns::Once);
    let miss = |due, missed| Planned::Miss { due: Timestamp(due), missed };
    let once = Planned::Fire { due: Timestamp(2_495_000), missed: 494 };
    let before = vec![miss(1_000_000, 1000), miss(2_000_000, 1000), once];
    assert_eq!(written, [before, fires(&[2_496_000, 2_497_000, 2_498_000, 2_499_000, 2_500_000])].concat());
}

#[test]
fn each_due_time_fires_once_whatever_servers_do() {
    for seed in 0..300_u64 {
        let mut random = StdRng::seed_from_u64(seed);
        let schedule = Every {
            period: random.random_range(200..3000),
            jitter: random.random_range(0..4000),
            grace: 1_000_000,
            missed: MissedRuns::Skip,
        };
        // What the database holds; each firing is one write, which a server may or may not live to make.
        let (mut reached, mut fired) = (Timestamp(0), BTreeSet::new());
        let mut now = Timestamp(0);
        while now < Timestamp(60_000) {
            now = now.plus_ms(random.random_range(1..4000));
            // Servers look at different moments, some with an old view, some die half-way through their plan.
            let views = [reached, reached];
            for view in views {
                let plan = plan(&schedule, view, now);
                let lives_for = random.random_range(0..=plan.now.len());
                for planned in plan.now.into_iter().take(lives_for) {
                    let Planned::Fire { due, .. } = planned else { panic!("seed {seed}: nothing is missed") };
                    if due <= reached {
                        continue;
                    }
                    assert!(fired.insert(due), "seed {seed}: {due} fired twice");
                    assert!(due.plus_ms(schedule.delay_ms(due)) <= now, "seed {seed}: {due} fired too soon");
                    reached = due;
                }
            }
        }
        let all = plan(&schedule, reached, Timestamp(1_000_000));
        fired.extend(all.now.iter().map(|planned| match planned {
            Planned::Fire { due, .. } | Planned::Miss { due, .. } => *due,
        }));
        let expected: Vec<Timestamp> =
            (1..).map(|number| Timestamp(number * schedule.period)).take(fired.len()).collect();
        assert_eq!(fired.into_iter().collect::<Vec<_>>(), expected, "seed {seed}: none is left out");
    }
}
