//! A simulated cluster: the servers' own code (membership, guard, peers, takeover, dispatcher) on the reference store in
//! virtual time, under faults drawn from a seed. Thousands of stories in each run of the tests; what happens in each is
//! decided by its seed alone, so that one that fails is told again by `CAIRN_SEED=NUMBER`. That it finds mistakes is
//! tested by making some.

mod chaos;
mod firing;
mod lives;
mod mistake;
mod server;
pub(crate) mod time;
mod work;
mod world;

use mistake::Mistake;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::Arc;
use world::World;

/// Stories in one run of the tests; `CAIRN_SEEDS` makes it more or fewer.
const STORIES: u64 = 2000;
/// Tests that share them, so that they take all processors.
const PARTS: u64 = 4;

/// A mistake must be found within so many.
const FOUND_WITHIN: u64 = 1000;

/// Tells one story and gives what came of it.
fn tell(seed: u64, mistake: Option<Mistake>) -> world::Told {
    time::run(async move {
        let aloud = asked("CAIRN_SEED") == Some(seed);
        let world = Arc::new(World::new(StdRng::seed_from_u64(seed), mistake, aloud));
        chaos::run(&world).await;
        world.told()
    })
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// Tells it and says what is wrong with it.
fn judge(seed: u64, mistake: Option<Mistake>) -> Result<world::Told, String> {
    let told = std::panic::catch_unwind(|| tell(seed, mistake)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })?;
    if told.wrong.is_empty() { Ok(told) } else { Err(told.wrong.join("\n")) }
}

/// One of the equal parts of all stories; they run beside each other.
fn stories(part: u64) {
    if let Some(seed) = asked("CAIRN_SEED") {
        if part == 0 {
            let told = tell(seed, Mistake::asked());
            assert!(told.wrong.is_empty(), "{}", told.wrong.join("\n"));
        }
        return;
    }
    let number = asked("CAIRN_SEEDS").unwrap_or(STORIES).div_ceil(PARTS);
    let first = asked("CAIRN_FIRST_SEED").unwrap_or(1) + part * number;
    let mut all = world::Counted::default();
    for seed in first..first + number {
        match judge(seed, None) {
            Ok(told) => all.add(&told.counted),
            Err(wrong) => panic!(
                "{wrong}\n\nTell this story again, with all that happens in it: CAIRN_SEED={seed} cargo nextest run \
                 -p flow-cluster -E 'test(a_simulated_cluster)' --no-capture"
            ),
        }
    }
    println!("{number} stories: {all:?}");
    let happened = [all.takeovers, all.refused, all.finished, all.repeated, all.fired];
    assert!(happened.iter().all(|times| *times > 0), "nothing happens: {all:?}");
}

#[test]
fn a_simulated_cluster_under_faults_loses_and_repeats_nothing() {
    stories(0);
}

#[test]
fn a_simulated_cluster_under_faults_loses_and_repeats_nothing_in_a_second_part_of_the_stories() {
    stories(1);
}

#[test]
fn a_simulated_cluster_under_faults_loses_and_repeats_nothing_in_a_third_part_of_the_stories() {
    stories(2);
}

#[test]
fn a_simulated_cluster_under_faults_loses_and_repeats_nothing_in_a_fourth_part_of_the_stories() {
    stories(3);
}

#[test]
fn a_story_is_the_same_whenever_it_is_told() {
    for seed in 1..=5 {
        let (one, again) = (tell(seed, None), tell(seed, None));
        let differs = one.trace.iter().zip(&again.trace).position(|(one, again)| one != again);
        assert_eq!(differs.map(|place| (&one.trace[place], &again.trace[place])), None, "seed {seed}");
        assert_eq!(one.trace.len(), again.trace.len(), "seed {seed}");
    }
}

#[test]
fn a_mistake_is_found_by_a_seed_that_finds_it_again() {
    for mistake in Mistake::ALL {
        let found = (1..=FOUND_WITHIN).find_map(|seed| Some((seed, judge(seed, Some(mistake)).err()?)));
        let (seed, wrong) = found.unwrap_or_else(|| panic!("{mistake:?} is not found by {FOUND_WITHIN} stories"));
        println!(
            "{mistake:?}: {}\n    CAIRN_MISTAKE={mistake:?} CAIRN_SEED={seed} cargo nextest run -p flow-cluster \
             -E 'test(a_simulated_cluster)' --no-capture",
            wrong.lines().next().unwrap_or_default()
        );
        assert_eq!(judge(seed, Some(mistake)).err(), Some(wrong), "seed {seed} of {mistake:?}");
    }
}
