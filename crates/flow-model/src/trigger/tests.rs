use super::*;
use crate::{Calendar, Calendars, Day, InputDeclaration};
use jiff::Timestamp;

fn schedule(cron: &str, zone: &str) -> Trigger {
    let flow = FlowName::parse("import").unwrap();
    Trigger::new("nightly", "trigger-aaaaaa", "schedule", &flow).with("Cron", cron).with("TimeZone", zone)
}

fn of(trigger: &Trigger) -> Schedule {
    match trigger.action(&Calendars::new()).unwrap() {
        TriggerAction::Schedule(schedule) => schedule,
        other => panic!("{other:?}"),
    }
}

fn ms(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}

fn due(trigger: &Trigger, after: &str, count: usize) -> Vec<String> {
    let due = of(trigger).due(ms(after), i64::MAX, count);
    due.into_iter().map(|due| Timestamp::from_millisecond(due).unwrap().to_string()).collect()
}

#[test]
fn a_file_is_the_same_after_reading_and_writing() {
    let text = r#"{
  "format": 1,
  "id": "trigger-k3x9ab",
  "kind": "schedule",
  "flow": "orders/import",
  "description": "Every morning",
  "enabled": false,
  "inputs": {
    "day": "today"
  },
  "properties": {
    "Cron": "30 6 * * MON-FRI",
    "TimeZone": "Europe/Berlin",
    "Except": [
      "12-25"
    ]
  }
}
"#;
    let trigger = Trigger::from_json("morning", text).unwrap();
    assert_eq!(trigger.to_json(), text);
    assert_eq!(trigger.problems(&Calendars::new()), []);
    let bare = schedule("@daily", "UTC");
    assert_eq!(Trigger::from_json("nightly", &bare.to_json()).unwrap(), bare);
    assert!(!bare.to_json().contains("enabled"), "defaults are left out");
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_place() {
    let code = |text: &str| Trigger::from_json("t", text).unwrap_err().code();
    assert_eq!(code("{"), "trigger/syntax");
    assert_eq!(code(r#"{"format": 9}"#), "trigger/too-new");
    for broken in [
        "[]",
        r#"{"id": "a", "kind": "http", "flow": "f"}"#,
        r#"{"format": 1, "kind": "http", "flow": "f"}"#,
        r#"{"format": 1, "id": "a b", "kind": "http", "flow": "f"}"#,
        r#"{"format": 1, "id": "a", "flow": "f"}"#,
        r#"{"format": 1, "id": "a", "kind": "http"}"#,
        r#"{"format": 1, "id": "a", "kind": "http", "flow": "f", "cron": "* * * * *"}"#,
        r#"{"format": 1, "id": "a", "kind": "http", "flow": "f", "enabled": 1}"#,
    ] {
        assert_eq!(code(broken), "trigger/shape", "{broken}");
    }
}

#[test]
fn properties_are_checked_against_the_kind() {
    let flow = FlowName::parse("f").unwrap();
    let codes =
        |trigger: Trigger| trigger.problems(&Calendars::new()).iter().map(TriggerError::code).collect::<Vec<_>>();
    let new = |kind: &str| Trigger::new("t", "trigger-aaaaaa", kind, &flow);
    assert_eq!(codes(new("timer")), ["trigger/unknown-kind"]);
    assert_eq!(codes(new("schedule")), ["trigger/missing-property"]);
    assert_eq!(codes(new("schedule").with("Cron", "61 * * * *")), ["trigger/cron"]);
    assert_eq!(codes(new("schedule").with("Cron", "0 0 30 2 *")), ["trigger/never-due"]);
    assert_eq!(codes(schedule("* * * * *", "Europe/Atlantis")), ["trigger/time-zone"]);
    assert_eq!(codes(schedule("* * * * *", "UTC").with("Except", vec!["25.12."])), ["trigger/property"]);
    assert_eq!(codes(schedule("* * * * *", "UTC").with("Misssed", "All")), ["trigger/unknown-property"]);
    assert_eq!(codes(schedule("* * * * *", "UTC").with("Missed", "Some")), ["trigger/property"]);
    assert_eq!(codes(new("http").with("Path", "a b")), ["trigger/property"]);
    assert_eq!(codes(new("http").with("Path", "a").with("Authentication", "Secret")), ["trigger/missing-property"]);
    assert_eq!(codes(new("file").with("Folder", "incoming")), ["trigger/property"]);
    assert_eq!(codes(new("file").with("Folder", "storage:../x")), ["trigger/property"]);
    assert_eq!(codes(new("file").with("Folder", "/srv/in")), ["trigger/missing-property"]);
    assert_eq!(codes(new("file").with("Folder", "storage:in")), [""; 0]);
    // Between a disk and the storage nothing is moved, wherever the storage is.
    let moving = |from: &str, to: &str| {
        let file = new("file").with("Folder", from).with("Afterwards", "Move").with("MoveTo", to);
        codes(if from.starts_with('/') { file.with("Server", "north") } else { file })
    };
    assert_eq!(moving("storage:in", "/srv/done"), ["trigger/property"]);
    assert_eq!(moving("/srv/in", "storage:done"), ["trigger/property"]);
    assert_eq!(moving("storage:in", "storage:in"), ["trigger/property"]);
    assert_eq!(moving("storage:in", "storage:done"), [""; 0]);
    assert_eq!(moving("/srv/in", "/srv/done"), [""; 0]);
    assert_eq!(codes(new("request").with("Flow", "g").with("States", vec!["Gone"])), ["trigger/property"]);
}

#[test]
fn a_time_that_clocks_skip_is_due_as_soon_as_it_is_over() {
    // In Berlin 02:30 does not exist on 29 March 2026: the clocks go from 02:00 to 03:00.
    let found = due(&schedule("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00:00Z", 3);
    assert_eq!(found, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
}

#[test]
fn a_time_that_comes_twice_is_due_once() {
    // On 25 October 2026 the clocks go back from 03:00 to 02:00.
    let found = due(&schedule("30 2 * * *", "Europe/Berlin"), "2026-10-24T00:00:00Z", 3);
    assert_eq!(found, ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn several_set_times_of_a_day_are_each_due_once_where_clocks_change() {
    for pattern in ["0,30 2 * * *", "0-30/30 2 * * *"] {
        let trigger = schedule(pattern, "Europe/Berlin");
        // The hour from 02:00 to 03:00 is left out: both are due as soon as it is over, and that is one time.
        let forward = due(&trigger, "2026-03-28T12:00:00Z", 2);
        assert_eq!(forward, ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"], "{pattern}");
        // It comes twice: both are due the first time.
        let back = due(&trigger, "2026-10-24T12:00:00Z", 3);
        assert_eq!(back, ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"], "{pattern}");
    }
    let hours = schedule("30 1-3 * * *", "Europe/Berlin");
    let forward = due(&hours, "2026-03-29T00:00:00Z", 3);
    assert_eq!(forward, ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
    let back = due(&hours, "2026-10-24T22:30:00Z", 4);
    assert_eq!(
        back,
        ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", "2026-10-26T00:30:00Z"],
        "not at 02:30 for the second time"
    );
    // Whoever looks first while the hour comes for the second time.
    let late = due(&schedule("0,30 2 * * *", "Europe/Berlin"), "2026-10-25T01:10:00Z", 1);
    assert_eq!(late, ["2026-10-26T01:00:00Z"]);
}

#[test]
fn a_day_that_a_zone_left_out_is_due_when_it_is_over() {
    // Samoa went from 29 to 31 December 2011.
    let found = due(&schedule("0 9,17 30 12 *", "Pacific/Apia"), "2011-12-29T12:00:00Z", 2);
    assert_eq!(found, ["2011-12-30T10:00:00Z", "2012-12-29T19:00:00Z"]);
}

#[test]
fn what_is_due_every_half_hour_goes_by_the_time_that_passes() {
    let back = due(&schedule("*/30 * * * *", "Europe/Berlin"), "2026-10-24T23:59:00Z", 5);
    let hours = ["00:00", "00:30", "01:00", "01:30", "02:00"];
    assert_eq!(back, hours.map(|hour| format!("2026-10-25T{hour}:00Z")));
    let forward = due(&schedule("*/30 * * * *", "Europe/Berlin"), "2026-03-29T00:29:00Z", 3);
    assert_eq!(forward, ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
}

#[test]
fn excluded_days_are_left_out_by_the_local_calendar() {
    let trigger = schedule("0 0 * * *", "Asia/Tokyo").with("Except", vec!["12-25", "2026-12-26"]);
    let found = due(&trigger, "2026-12-23T16:00:00Z", 2);
    // Midnight of 27 December in Tokyo is 15:00 of the day before here.
    assert_eq!(found, ["2026-12-26T15:00:00Z", "2026-12-27T15:00:00Z"]);
    let leap = schedule("0 12 29 2 *", "UTC");
    assert_eq!(due(&leap, "2026-01-01T00:00:00Z", 1), ["2028-02-29T12:00:00Z"]);
}

fn calendars(of: &[(&str, &[&str])]) -> Calendars {
    let calendar = |(name, days): &(&str, &[&str])| {
        let days = days.iter().map(|day| Day::parse(day).unwrap()).collect();
        ((*name).to_owned(), Calendar { name: (*name).to_owned(), description: String::new(), days })
    };
    of.iter().map(calendar).collect()
}

fn due_by(trigger: &Trigger, calendars: &Calendars, after: &str, count: usize) -> Vec<String> {
    let TriggerAction::Schedule(schedule) = trigger.action(calendars).unwrap() else { panic!("is a schedule") };
    let due = schedule.due(ms(after), i64::MAX, count);
    due.into_iter().map(|due| Timestamp::from_millisecond(due).unwrap().to_string()).collect()
}

#[test]
fn a_calendar_is_shared_and_its_days_are_left_out_by_each_schedules_own_clock() {
    let calendars = calendars(&[("holidays", &["12-25"]), ("plant", &["2026-12-27"])]);
    let shared = |zone: &str| schedule("0 0 * * *", zone).with("Calendars", vec!["holidays"]);
    let berlin = due_by(&shared("Europe/Berlin"), &calendars, "2026-12-23T12:00:00Z", 2);
    assert_eq!(berlin, ["2026-12-23T23:00:00Z", "2026-12-25T23:00:00Z"]);
    let tokyo = due_by(&shared("Asia/Tokyo"), &calendars, "2026-12-23T12:00:00Z", 2);
    assert_eq!(tokyo, ["2026-12-23T15:00:00Z", "2026-12-25T15:00:00Z"]);
    let joined =
        schedule("0 0 * * *", "UTC").with("Calendars", vec!["holidays", "plant"]).with("Except", vec!["12-26"]);
    let found = due_by(&joined, &calendars, "2026-12-23T12:00:00Z", 2);
    assert_eq!(found, ["2026-12-24T00:00:00Z", "2026-12-28T00:00:00Z"], "and none of 25 to 27 December");
}

#[test]
fn a_calendar_that_is_not_there_is_named_with_the_nearest_and_stops_the_schedule() {
    let calendars = calendars(&[("holidays-de", &["12-25"]), ("plant", &[])]);
    let problem = |name: &str| {
        let trigger = schedule("0 0 * * *", "UTC").with("Calendars", vec![name]);
        assert!(trigger.action(&calendars).is_err(), "it does not start on days that are to be left out");
        let mut problems = trigger.problems(&calendars);
        let (error, others) = (problems.remove(0), problems);
        assert_eq!(
            (error.code(), error.member().as_deref(), others),
            ("trigger/unknown-calendar", Some("Calendars"), vec![])
        );
        error.to_string()
    };
    let near = problem("Holydays-DE");
    assert!(near.contains("“Holydays-DE”") && near.ends_with("did you mean “holidays-de”?"), "{near}");
    let far = problem("x");
    assert!(far.ends_with("add it, or mend its file"), "{far}");
    let never = schedule("0 0 25 12 *", "UTC").with("Calendars", vec!["holidays-de"]);
    assert_eq!(never.problems(&calendars).iter().map(TriggerError::code).collect::<Vec<_>>(), ["trigger/never-due"]);
}

#[test]
fn seconds_may_stand_in_front_and_no_due_time_comes_twice() {
    let every = of(&schedule("* * * * * *", "UTC"));
    let start = ms("2026-05-04T06:00:00Z");
    let found = every.due(start + 300, start + 3000, 100);
    assert_eq!(found, [start + 1000, start + 2000, start + 3000]);
    assert_eq!(every.next_after(start), Some(start + 1000), "after, not at");
}

#[test]
fn jitter_is_the_same_wherever_it_is_asked_for() {
    let mut trigger = of(&schedule("* * * * *", "UTC"));
    assert_eq!(trigger.delay_ms("a", 60_000), 0);
    trigger.jitter_ms = 5000;
    let delays: Vec<u64> = (0..200).map(|minute| trigger.delay_ms("a", minute * 60_000)).collect();
    assert_eq!(delays, (0..200).map(|minute| trigger.delay_ms("a", minute * 60_000)).collect::<Vec<_>>());
    assert!(delays.iter().all(|delay| *delay <= 5000));
    assert!(delays.iter().any(|delay| *delay < 1000) && delays.iter().any(|delay| *delay > 4000), "{delays:?}");
}

#[test]
fn a_schedule_is_told_in_words() {
    let trigger = of(&schedule("30 6 * * MON-FRI", "Europe/Berlin"));
    assert!(trigger.in_words().contains("06:30"), "{}", trigger.in_words());
    assert_eq!(trigger.shown(ms("2026-05-04T04:30:00Z")), "Mon 4 May 2026, 06:30 +02:00");
}

fn start(inputs: &[(&str, crate::InputType, Option<Value>)]) -> StartSettings {
    let json = serde_json::json!({
        "format": 2,
        "components": [{"id": "start-aaaaaa", "type": "Start", "name": "Start"}]
    });
    let flow = crate::Flow::from_json(&json.to_string()).unwrap();
    let inputs = inputs.iter().map(|(name, kind, default)| InputDeclaration {
        name: (*name).to_owned(),
        kind: *kind,
        default: default.clone(),
    });
    StartSettings { inputs: inputs.collect(), ..StartSettings::of(&flow).unwrap() }
}

use crate::{InputType, StartSettings};

#[test]
fn inputs_come_from_the_trigger_and_from_the_firing() {
    let mut trigger = schedule("* * * * *", "UTC");
    trigger.inputs.insert("limit".to_owned(), 5.into());
    let start = start(&[
        ("limit", InputType::Integer, None),
        ("due", InputType::Text, None),
        ("size", InputType::Integer, Some(1.into())),
    ]);
    assert_eq!(trigger.check_inputs(&start), []);
    let inputs =
        trigger.inputs_of(&start, &[("due", "2026".into()), ("size", "7".into()), ("other", 1.into())]).unwrap();
    assert_eq!(Value::Object(inputs), serde_json::json!({"limit": 5, "due": "2026", "size": 7}));
    trigger.inputs.insert("limit".to_owned(), "five".into());
    trigger.inputs.insert("nothing".to_owned(), 1.into());
    let codes: Vec<_> = trigger.check_inputs(&start).iter().map(TriggerError::code).collect();
    assert_eq!(codes, ["trigger/input-type", "trigger/unknown-input"]);
    let needs = self::start(&[("path", InputType::Text, None)]);
    assert!(
        schedule("* * * * *", "UTC").check_inputs(&needs).iter().any(|error| error.code() == "trigger/missing-input")
    );
}

#[test]
fn triggers_are_checked_together() {
    let name = |name: &str| FlowName::parse(name).unwrap();
    let names = [name("a"), name("b")];
    let (flows, connections, calendars) = (BTreeMap::new(), BTreeMap::new(), Calendars::new());
    let around = TriggerSurroundings { flows: &flows, names: &names, connections: &connections, calendars: &calendars };
    let follow = |trigger: &str, id: &str, from: &str, to: &str| {
        Trigger::new(trigger, id, "request", &name(to)).with("Flow", from)
    };
    let http = |trigger: &str, id: &str| Trigger::new(trigger, id, "http", &name("a")).with("Path", "/new/");
    let triggers = [
        follow("one", "trigger-1", "a", "b"),
        follow("two", "trigger-2", "b", "a"),
        follow("three", "trigger-1", "a", "c"),
        http("four", "trigger-4"),
        http("five", "trigger-5").with("Authentication", "Secret").with("Connection", "none"),
    ];
    let found = check_triggers(&triggers, around);
    let codes: Vec<_> = found.iter().map(|(name, error)| (name.as_str(), error.code())).collect();
    assert_eq!(
        codes,
        [
            ("one", "trigger/circle"),
            ("two", "trigger/circle"),
            ("three", "trigger/unknown-flow"),
            ("three", "trigger/same-id"),
            ("five", "trigger/same-path"),
            ("five", "trigger/unknown-connection"),
        ]
    );
    assert!(found[0].1.to_string().contains("a → b → a"), "{}", found[0].1);
}

#[test]
fn the_schema_is_one_and_takes_what_is_right() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let file = |trigger: &Trigger| serde_json::from_str::<Value>(&trigger.to_json()).unwrap();
    assert!(validator.is_valid(&file(&schedule("* * * * *", "UTC").with("Missed", "All"))));
    assert!(!validator.is_valid(&file(&schedule("* * * * *", "UTC").with("Missed", "Some"))));
    assert!(!validator.is_valid(&file(&schedule("* * * * *", "UTC").with("Path", "x"))));
}
