use super::*;

const NOW: Timestamp = Timestamp(1_000_000_000);

fn project() -> ProjectName {
    ProjectName::parse("orders").unwrap()
}

/// A lane with as many requests as there are, which have waited so long.
fn line(id: i64, priority: i32, waited_ms: u64, requests: usize) -> Line {
    let first = id * 1000;
    let ready = (first..).take(requests).map(|id| (NOW.minus_ms(waited_ms), RequestId(id))).collect();
    Line { lane: Lane { id, project: project(), priority, limits: Vec::new(), served: None }, ready }
}

fn limited(mut line: Line, limits: &[Limit]) -> Line {
    line.lane.limits = limits.to_vec();
    line
}

fn lanes_of(choice: &Choice) -> Vec<i64> {
    choice.requests.iter().map(|request| request.0 / 1000).collect()
}

fn flow(most: u32) -> Limit {
    Limit { of: Limited::Flow("import".to_owned()), most }
}

#[test]
fn a_higher_priority_comes_first() {
    let lines = [line(1, 0, 10, 2), line(2, 5, 5, 2), line(3, -5, 20, 2)];
    let choice = choose(&lines, Limits::default(), 5, NOW);
    assert_eq!(lanes_of(&choice), [2, 2, 1, 1, 3]);
    assert_eq!(choice.requests[..2], [RequestId(2000), RequestId(2001)]);
}

#[test]
fn lanes_of_the_same_priority_take_turns() {
    let flood = line(1, 0, 50_000, 100);
    let other = line(2, 0, 10, 3);
    let choice = choose(&[flood, other], Limits::default(), 8, NOW);
    assert_eq!(lanes_of(&choice), [1, 2, 1, 2, 1, 2, 1, 1]);
    assert_eq!(choice.served, [1, 2]);
}

#[test]
fn one_at_a_time_they_take_turns_as_well() {
    let mut lines = [line(1, 0, 50_000, 100), line(2, 0, 10, 100)];
    let mut order = Vec::new();
    for turn in 0..6 {
        let now = NOW.plus_ms(turn);
        let choice = choose(&lines, Limits::default(), 1, now);
        order.extend(lanes_of(&choice));
        for line in &mut lines {
            line.ready.retain(|(_, request)| !choice.requests.contains(request));
            if choice.served.contains(&line.lane.id) {
                line.lane.served = Some(now);
            }
        }
    }
    assert_eq!(order, [1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_lane_that_is_passed_over_rises_and_falls_back_with_its_turn() {
    let mut high = line(1, 2, 600_000, 10);
    high.lane.served = Some(NOW);
    let mut low = line(2, 0, 2 * RISES_MS, 10);
    assert_eq!(lanes_of(&choose(&[high.clone(), low.clone()], Limits::default(), 3, NOW)), [2, 1, 1]);
    low.lane.served = Some(NOW.minus_ms(2 * RISES_MS - 1));
    assert_eq!(lanes_of(&choose(&[high, low], Limits::default(), 3, NOW)), [1, 1, 1]);
}

#[test]
fn who_is_alone_is_noted_now_and_then() {
    let mut alone = line(1, 0, 10, 10);
    assert_eq!(choose(std::slice::from_ref(&alone), Limits::default(), 2, NOW).served, [1]);
    alone.lane.served = Some(NOW.minus_ms(NOTED_MS - 1));
    assert!(choose(std::slice::from_ref(&alone), Limits::default(), 2, NOW).served.is_empty());
}

#[test]
fn a_limit_that_is_reached_lets_others_pass() {
    let under = limited(line(1, 5, 10, 10), &[flow(3)]);
    let free = line(2, 0, 10, 10);
    let mut limits = Limits::default();
    limits.run(&project(), &[flow(3)], 2);
    let choice = choose(&[under, free], limits, 4, NOW);
    assert_eq!(lanes_of(&choice), [1, 2, 2, 2]);
}

#[test]
fn a_limit_of_a_connection_holds_for_all_flows_together() {
    let connection = |most| Limit { of: Limited::Connection("warehouse".to_owned()), most };
    let lines = [limited(line(1, 0, 10, 5), &[connection(3)]), limited(line(2, 0, 5, 5), &[flow(9), connection(2)])];
    // The second lane lets two run at most, whoever they are; the first one three.
    assert_eq!(lanes_of(&choose(&lines, Limits::default(), 9, NOW)), [1, 2, 1]);
}

#[test]
fn what_an_operator_sets_counts_in_place_of_what_the_project_says() {
    let key = flow(3).of.setting(&project());
    assert_eq!(key, "limit.flow.orders/import");
    let setting =
        |value: serde_json::Value| Setting { key: key.clone(), value, version: 1, by: "ann".to_owned(), at: NOW };
    let lines = [limited(line(1, 0, 10, 5), &[flow(3)])];
    for (value, taken) in [(1, 1), (0, 0), (5, 5)] {
        let limits = Limits::of_settings(&[setting(value.into())]);
        assert_eq!(choose(&lines, limits, 9, NOW).requests.len(), taken);
    }
    assert_eq!(
        Limited::of_setting("limit.connection.a b/c/d"),
        Some((ProjectName::parse("a b").unwrap(), Limited::Connection("c/d".to_owned())))
    );
    assert_eq!(Limited::of_setting("limits.stop_seconds"), None);
    assert_eq!(Limited::of_setting("limit.flow.orders/"), None);
}
