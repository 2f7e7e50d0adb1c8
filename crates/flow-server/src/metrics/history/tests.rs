use super::*;
use flow_api::Time;
use flow_store::Epoch;

const NOW: i64 = 1_800_000_000_000;

fn query(ago_ms: i64, step: Option<u32>) -> MetricsQuery {
    MetricsQuery { from: Some(Time::from_millisecond(NOW - ago_ms)), step }
}

fn span(ago_ms: i64, step: Option<u32>) -> Span {
    Span::of(&query(ago_ms, step), Timestamp(NOW)).unwrap()
}

fn sample(server: &str, epoch: i64, at: i64, created: u64) -> Sample {
    let owner = Owner { server: ServerId::parse(server).unwrap(), epoch: Epoch(epoch) };
    let figures = Figures { created, resident_bytes: created * 10, queued: created, ..Figures::default() };
    Sample { owner, at: Timestamp(at), figures }
}

#[test]
fn no_span_has_more_points_than_can_be_drawn_nor_finer_ones_than_are_kept() {
    let hour = 3_600_000;
    for (ago, asked, step) in [
        (hour, None, 10),
        (hour, Some(10), 10),
        (hour, Some(45), 45),
        (6 * hour, None, 60),
        (6 * hour, Some(10), 60),
        (24 * hour, None, 240),
        (24 * hour, Some(600), 600),
        (900 * hour, Some(10), 240),
        (5_000, None, 10),
    ] {
        let span = span(ago, asked);
        assert_eq!(span.step, step * 1000, "{ago} {asked:?}");
        assert!(span.points >= 1 && span.points as i64 <= MOST_POINTS, "{span:?}");
        assert_eq!(span.from % span.step, 0);
        let end = span.from + span.points as i64 * span.step;
        assert!(span.from >= NOW - 24 * hour - span.step && end >= NOW && end < NOW + span.step, "{span:?}");
    }
    for (ago, step) in [(0, None), (-hour, None), (hour, Some(9)), (hour, Some(3601))] {
        assert!(Span::of(&query(ago, step), Timestamp(NOW)).is_err(), "{ago} {step:?}");
    }
}

#[test]
fn rates_are_those_of_the_time_between_two_samples_wherever_the_steps_begin() {
    let span = span(60_000, None);
    // Samples are 10 s apart and never at the beginning of a step: 2 a second, then 5 a second.
    let begin = span.from + 3_000;
    let counted = [0, 20, 40, 90, 140];
    let samples: Vec<Sample> =
        counted.into_iter().zip(0..).map(|(created, place)| sample("a", 1, begin + place * 10_000, created)).collect();
    let servers = servers(&samples, &span);
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].created[..6], [Some(2.0), Some(2.0), Some(4.1), Some(5.0), Some(5.0), None]);
    assert_eq!(servers[0].memory[..2], [Some(200.0), Some(340.0)]);
}

#[test]
fn a_restart_begins_anew_and_a_lost_server_has_an_end() {
    let span = span(120_000, None);
    let from = span.from;
    let samples = [
        sample("a", 1, from, 1000),
        sample("b", 1, from, 0),
        sample("a", 1, from + 10_000, 1100),
        sample("b", 1, from + 10_000, 10),
        // “a” is lost and comes back with a count that began anew; “b” stays away.
        sample("a", 2, from + 30_000, 0),
        sample("a", 2, from + 40_000, 50),
    ];
    let servers = servers(&samples, &span);
    let created = |place: usize| &servers[place].created[..5];
    assert_eq!(created(0), [Some(10.0), None, None, Some(5.0), None]);
    assert_eq!(created(1), [Some(1.0), None, None, None, None]);
}

#[test]
fn what_is_kept_by_the_minute_has_no_holes() {
    let span = span(6 * 3_600_000, None);
    let samples: Vec<Sample> = (0..5).map(|minute| sample("a", 1, span.from + minute * 60_000 + 55_000, 0)).collect();
    let known = servers(&samples, &span)[0].created.iter().take(5).filter(|point| point.is_some()).count();
    assert_eq!(known, 5);
}

#[test]
fn the_requests_of_the_cluster_are_known_as_long_as_any_server_lives() {
    let span = span(120_000, None);
    let samples = [
        sample("a", 1, span.from - 5_000, 1),
        sample("a", 1, span.from + 15_000, 2),
        sample("b", 1, span.from + 24_000, 3),
    ];
    let queued = requests(&samples, &span).queued;
    assert_eq!(queued[..6], [Some(1.0), Some(2.0), Some(3.0), Some(3.0), Some(3.0), None]);
    assert_eq!(queued.len(), span.points);
}
