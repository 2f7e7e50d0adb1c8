use super::*;
use crate::Side;
use serde_json::Value;

fn calendar(days: &[&str]) -> Calendar {
    let days = days.iter().map(|day| Day::parse(day).unwrap()).collect();
    Calendar { name: "holidays".to_owned(), description: String::new(), days }
}

fn shown(calendar: &Calendar) -> Vec<String> {
    calendar.days.iter().map(Day::to_string).collect()
}

fn ms(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}

#[test]
fn a_file_is_the_same_after_reading_and_writing() {
    let text = r#"{
  "format": 1,
  "description": "Nobody is in the office",
  "days": [
    "01-01",
    "12-25",
    "2026-04-03",
    "2026-05-14"
  ]
}
"#;
    let read = Calendar::from_json("holidays", text).unwrap();
    assert_eq!(read.to_json(), text);
    let unsorted = r#"{"format": 1, "days": ["2026-05-14", "12-25", "2026-04-03", "01-01", "12-25"]}"#;
    assert_eq!(Calendar::from_json("holidays", unsorted).unwrap().days, read.days, "each day once, and in order");
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert!(validator.is_valid(&serde_json::from_str::<Value>(text).unwrap()));
    assert!(!validator.is_valid(&serde_json::json!({"format": 1, "days": ["25.12."]})));
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_place() {
    for (text, place) in [
        ("{", "line 1"),
        ("[]", "the file"),
        (r#"{"days": []}"#, "format"),
        (r#"{"format": 9, "days": []}"#, "format 9"),
        (r#"{"format": 1, "days": "12-25"}"#, "days"),
        (r#"{"format": 1, "days": ["12-25", "13-01"]}"#, "days[1]"),
        (r#"{"format": 1, "days": ["2026-02-29"]}"#, "days[0]"),
        (r#"{"format": 1, "days": [1225]}"#, "days[0]"),
        (r#"{"format": 1, "dates": []}"#, "dates"),
    ] {
        let error = Calendar::from_json("holidays", text).unwrap_err();
        assert_eq!((error.code(), error.is_warning()), ("calendar/document", false));
        let message = error.to_string();
        assert!(message.starts_with("calendar “holidays”: ") && message.contains(place), "{message}");
    }
}

#[test]
fn a_calendar_is_known_by_its_path() {
    assert_eq!(Calendar::name_in("calendars/holidays-de.json"), Some("holidays-de"));
    assert_eq!(Calendar::name_in(&Calendar::path_of("plants/north")), Some("plants/north"));
    for other in ["calendars/.hidden.json", "calendars/notes.txt", "connections/x.json", "calendars/../x.json"] {
        assert_eq!(Calendar::name_in(other), None, "{other}");
    }
}

#[test]
fn days_that_both_sides_add_and_remove_are_merged_without_conflict() {
    let base = calendar(&["12-25", "12-26", "2026-05-14"]);
    let ours = calendar(&["12-25", "2026-05-14", "2026-12-24"]);
    let theirs = calendar(&["01-01", "12-25", "12-26"]);
    let (merged, conflicts) = Calendar::merge(Some(&base), &ours, &theirs, &|_| None);
    assert_eq!(shown(&merged), ["01-01", "12-25", "2026-12-24"]);
    assert_eq!(conflicts, []);
    let (both, _) = Calendar::merge(None, &ours, &theirs, &|_| None);
    assert_eq!(both.days, ours.days.union(&theirs.days).copied().collect::<BTreeSet<_>>(), "where both added the file");
    assert_eq!(base.differences(&ours), ["12-26 removed", "2026-12-24 added"]);
}

#[test]
fn a_description_that_both_sides_changed_is_a_conflict_until_it_is_decided() {
    let with = |text: &str| Calendar { description: text.to_owned(), ..calendar(&["12-25"]) };
    let (base, ours, theirs) = (with("a"), with("b"), with("c"));
    let (merged, conflicts) = Calendar::merge(Some(&base), &ours, &theirs, &|_| None);
    assert_eq!((merged.description.as_str(), conflicts.len()), ("b", 1));
    assert_eq!(conflicts[0].what, "description of calendar “holidays”");
    let (merged, conflicts) = Calendar::merge(Some(&base), &ours, &theirs, &|_| Some(Side::Theirs));
    assert_eq!((merged.description.as_str(), conflicts.len()), ("c", 0));
    let (merged, conflicts) = Calendar::merge(Some(&base), &base, &theirs, &|_| None);
    assert_eq!((merged.description.as_str(), conflicts.len()), ("c", 0), "only they changed it");
}

#[test]
fn a_calendar_is_past_when_its_last_day_is_over_everywhere() {
    let dated = calendar(&["2026-05-14", "2025-12-25"]);
    // At UTC-12 the day lasts until noon of the next one.
    assert_eq!(dated.past(ms("2026-05-15T11:59:59Z")), None);
    let past = dated.past(ms("2026-05-15T12:00:00Z")).unwrap();
    assert_eq!((past.code(), past.is_warning()), ("calendar/past", true));
    assert!(past.to_string().contains("2026-05-14"), "{past}");
    assert_eq!(calendar(&["12-25", "2025-12-24"]).past(ms("2026-05-15T12:00:00Z")), None, "one comes every year");
    assert_eq!(calendar(&[]).past(ms("2026-05-15T12:00:00Z")), None);
}
