//! Samples of figures, and takeovers as they are remembered.

use super::{Fixture, anywhere, here_only};
use crate::sample::{ALL_KEPT_MS, SAMPLED_MS, SAMPLES_KEPT_MS, THINNED_MS};
use crate::{Epoch, Figures, Owner, ServerReport, Timestamp};

fn figures(created: u64) -> Figures {
    Figures { created, resident_bytes: 5_000_000_000, ..Figures::of(std::array::from_fn(|place| place as u64)) }
}

impl Fixture {
    async fn sample(&self, owner: &Owner, created: u64) {
        let report = ServerReport { version: "1.2.3".to_owned(), resident_bytes: 1 };
        self.store.report(owner, report, figures(created)).await.unwrap();
    }

    /// Server, epoch and requests made of each sample of a step.
    async fn sampled(&self, from: Timestamp, step_ms: u64) -> Vec<(String, i64, u64)> {
        let samples = self.store.samples(from, step_ms).await.unwrap();
        let told =
            |sample: crate::Sample| (sample.owner.server.to_string(), sample.owner.epoch.0, sample.figures.created);
        samples.into_iter().map(told).collect()
    }

    fn pass(&self, ms: u64) {
        self.clock.advance_ms(i64::try_from(ms).unwrap());
    }

    /// Moves on to the beginning of the next so many milliseconds, counted from 1970.
    fn to_next(&self, ms: u64) {
        let over = self.store.now().0.rem_euclid(ms as i64) as u64;
        self.pass(ms - over);
    }
}

pub(super) async fn a_sample_comes_with_each_report(fixture: Fixture) {
    let a = fixture.server("a").await;
    let begun = fixture.store.now();
    fixture.sample(&a, 7).await;
    let samples = fixture.store.samples(begun, SAMPLED_MS).await.unwrap();
    assert_eq!(samples.len(), 1);
    assert_eq!((&samples[0].owner, samples[0].at, samples[0].figures), (&a, begun, figures(7)));
    let again = fixture.server("a").await;
    assert_eq!(fixture.sampled(begun, SAMPLED_MS).await.len(), 1, "what the old epoch counted stays");
    let report = ServerReport { version: "1.2.3".to_owned(), resident_bytes: 1 };
    assert!(fixture.store.report(&a, report, figures(8)).await.unwrap_err().is_stale());
    assert_eq!(fixture.sampled(begun, SAMPLED_MS).await, [("a".to_owned(), 1, 7)]);
    fixture.sample(&again, 1).await;
    let mut sampled = fixture.sampled(begun, SAMPLED_MS).await;
    sampled.sort();
    assert_eq!(sampled, [("a".to_owned(), 1, 7), ("a".to_owned(), 2, 1)]);
}

pub(super) async fn the_last_sample_of_each_step_is_told(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    fixture.to_next(60_000);
    let begun = fixture.store.now();
    for number in 0..12 {
        fixture.sample(&a, number).await;
        if number < 3 {
            fixture.sample(&b, 100 + number).await;
        }
        fixture.pass(SAMPLED_MS);
    }
    let told = |server: &str, created: &[u64]| -> Vec<(String, i64, u64)> {
        created.iter().map(|created| (server.to_owned(), 1, *created)).collect()
    };
    assert_eq!(fixture.sampled(begun, 60_000).await, [told("b", &[102]), told("a", &[5, 11])].concat());
    assert_eq!(fixture.sampled(begun, 1).await.len(), 15);
    assert_eq!(fixture.sampled(begun.plus_ms(110_000), 1).await, told("a", &[11]));
    assert_eq!(fixture.sampled(begun.plus_ms(110_001), 0).await, []);
}

pub(super) async fn samples_are_thinned_and_go_after_a_day(fixture: Fixture) {
    let a = fixture.server("a").await;
    fixture.to_next(THINNED_MS);
    let begun = fixture.store.now();
    for number in 0..12 {
        fixture.sample(&a, number).await;
        fixture.pass(SAMPLED_MS);
    }
    assert_eq!(fixture.store.thin_samples().await.unwrap(), 0, "what is young is kept");
    fixture.pass(ALL_KEPT_MS);
    fixture.sample(&a, 99).await;
    assert_eq!(fixture.store.thin_samples().await.unwrap(), 10);
    assert_eq!(fixture.store.thin_samples().await.unwrap(), 0);
    let created: Vec<u64> = fixture.sampled(begun, 1).await.into_iter().map(|(_, _, created)| created).collect();
    assert_eq!(created, [5, 11, 99]);
    fixture.pass(SAMPLES_KEPT_MS + 1);
    assert_eq!(fixture.store.thin_samples().await.unwrap(), 3);
    assert_eq!(fixture.sampled(begun, 1).await, []);
}

pub(super) async fn takeovers_are_remembered_for_a_day(fixture: Fixture) {
    let (a, b) = (fixture.server("a").await, fixture.server("b").await);
    let begun = fixture.store.now();
    for settings in [anywhere(), anywhere(), here_only()] {
        fixture.request(Some(&a), settings).await;
    }
    fixture.pass(5);
    for _ in 0..2 {
        fixture.store.take_over(&b, &a).await.unwrap();
    }
    let takeovers = fixture.store.takeovers(begun, 10).await.unwrap();
    assert_eq!(takeovers.len(), 1, "only the first one is one");
    let takeover = &takeovers[0];
    assert_eq!((&takeover.dead, &takeover.survivor), (&a, &b));
    assert_eq!((takeover.at, takeover.requests), (begun.plus_ms(5), 2));
    // A new start of the lost server changes nothing of what was.
    let again = fixture.server("a").await;
    assert_eq!(again.epoch, Epoch(2));
    fixture.pass(1000);
    fixture.store.take_over(&again, &b).await.unwrap();
    let dead = async |from, limit| -> Vec<Owner> {
        fixture.store.takeovers(from, limit).await.unwrap().into_iter().map(|takeover| takeover.dead).collect()
    };
    assert_eq!(dead(begun, 10).await, [a, b.clone()]);
    assert_eq!(dead(begun, 1).await, std::slice::from_ref(&b), "the newest ones");
    assert_eq!(dead(begun.plus_ms(6), 10).await, [b]);
    fixture.pass(SAMPLES_KEPT_MS + 1);
    fixture.store.thin_samples().await.unwrap();
    assert_eq!(dead(begun, 10).await, []);
}
