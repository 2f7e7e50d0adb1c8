//! Every kind of finding about triggers and calendars.

use super::{Expected, chain, inputs, none};
use serde_json::{Value, json};

pub(super) fn of_triggers() -> Vec<(Expected, Vec<(&'static str, String)>)> {
    let file = |changes: Value| {
        let mut file = json!({"format": 1, "id": "trigger-t", "kind": "schedule", "flow": "x", "properties": {"Cron": "0 6 * * *"}});
        for (member, value) in changes.as_object().unwrap() {
            file[member] = value.clone();
        }
        ("triggers/t.trigger.json", file.to_string())
    };
    let starts = |start: Value| ("flows/x.flow.json", chain(start, &[("end", "End", none())]));
    let of = |code: &'static str, member: &'static str, changes: Value| {
        ((code, "", member, false), vec![starts(inputs()), file(changes)])
    };
    let schedule = |code: &'static str, member: &'static str, properties: Value| {
        of(code, member, json!({"properties": properties}))
    };
    let of_kind = |code: &'static str, member: &'static str, kind: &str, properties: Value| {
        of(code, member, json!({"kind": kind, "properties": properties}))
    };
    let needs = json!({"Inputs": [{"name": "day", "type": "Text"}]});
    let call = json!({"kind": "http", "properties": {"Path": "new"}});
    let mut other_call = call.clone();
    other_call["id"] = json!("trigger-u");
    let beside = |text: String| ("triggers/u.trigger.json", text);
    vec![
        (("trigger/syntax", "", "", false), vec![starts(none()), ("triggers/t.trigger.json", "{".to_owned())]),
        of("trigger/too-new", "", json!({"format": 99})),
        of("trigger/shape", "", json!({"every": "day"})),
        of("trigger/unknown-kind", "kind", json!({"kind": "moon"})),
        schedule("trigger/unknown-property", "Every", json!({"Cron": "0 6 * * *", "Every": "day"})),
        schedule("trigger/property", "Missed", json!({"Cron": "0 6 * * *", "Missed": "Some"})),
        schedule("trigger/missing-property", "Cron", none()),
        schedule("trigger/cron", "Cron", json!({"Cron": "99 6 * * *"})),
        schedule("trigger/never-due", "Cron", json!({"Cron": "0 0 30 2 *"})),
        schedule("trigger/time-zone", "TimeZone", json!({"Cron": "0 6 * * *", "TimeZone": "Moon/Tycho"})),
        schedule("trigger/unknown-calendar", "Calendars", json!({"Cron": "0 6 * * *", "Calendars": ["gone"]})),
        (
            ("calendar/document", "", "", false),
            vec![("calendars/c.json", json!({"format": 1, "days": ["25.12."]}).to_string())],
        ),
        (
            ("calendar/past", "", "days", false),
            vec![("calendars/c.json", json!({"format": 1, "days": ["2001-12-25"]}).to_string())],
        ),
        of("trigger/unknown-flow", "flow", json!({"flow": "gone"})),
        of("trigger/unknown-input", "inputs.gone", json!({"inputs": {"gone": 1}})),
        of("trigger/input-type", "inputs.id", json!({"inputs": {"id": "one"}})),
        (("trigger/missing-input", "", "inputs.day", false), vec![starts(needs), file(none())]),
        (("trigger/same-id", "", "id", false), vec![starts(inputs()), file(none()), beside(file(none()).1)]),
        (("trigger/same-path", "", "Path", false), vec![starts(inputs()), file(call), beside(file(other_call).1)]),
        of_kind(
            "trigger/unknown-connection",
            "Connection",
            "http",
            json!({"Path": "new", "Authentication": "Secret", "Connection": "gone"}),
        ),
        of_kind("trigger/circle", "Flow", "request", json!({"Flow": "x"})),
        of_kind("trigger/this-server-only", "Folder", "file", json!({"Folder": "/srv/in", "Server": "north"})),
    ]
}
