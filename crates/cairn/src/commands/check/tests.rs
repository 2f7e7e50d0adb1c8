//! A broken project for every kind of finding, checked as the command checks it.

use super::{Args, Checked, CheckedFile, Opened, meanings, sarif, text};
use flow_model::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A project in a folder of its own.
struct Place(TempDir);

impl Place {
    fn new(files: &[(&str, String)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let project = ("project.json", json!({"format": 1, "name": "broken"}).to_string());
        for (path, content) in files.iter().chain([&project]) {
            let path = place.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        place
    }

    fn args(&self) -> Args {
        Args {
            project: self.0.path().to_owned(),
            flows: Vec::new(),
            failures: false,
            sarif: false,
            explain: None,
            checkpoint_storage: self.0.path().join("storage"),
        }
    }

    fn checked(&self) -> Checked {
        Opened::read(&self.args()).unwrap().checked()
    }
}

/// A flow of components (`id: (type, properties)`, those of a body with `parent`) and links.
fn flow(components: &[(&str, &str, Value)], links: &[&str]) -> String {
    let component = |(id, kind, properties): &(&str, &str, Value)| {
        let (parent, id) = id.split_once('/').map_or((None, *id), |(parent, id)| (Some(parent), id));
        let mut component = json!({"id": id, "type": kind, "name": id, "properties": properties});
        if let Some(parent) = parent {
            component["parent"] = json!(parent);
        }
        component
    };
    let link = |link: &&str| {
        let (from, to) = link.split_once('>').unwrap();
        let port = |end: &str, port: &str| if end.contains('.') { end.to_owned() } else { format!("{end}.{port}") };
        json!({"from": port(from, "out"), "to": port(to, "in")})
    };
    json!({
        "format": 1,
        "components": components.iter().map(component).collect::<Vec<_>>(),
        "links": links.iter().map(link).collect::<Vec<_>>(),
    })
    .to_string()
}

/// Start with the given properties, then components one behind the other.
fn chain(start: Value, components: &[(&str, &str, Value)]) -> String {
    let mut all = vec![("start", "Start", start)];
    all.extend_from_slice(components);
    let links: Vec<String> = all.windows(2).map(|pair| format!("{}>{}", pair[0].0, pair[1].0)).collect();
    flow(&all, &links.iter().map(String::as_str).collect::<Vec<_>>())
}

fn none() -> Value {
    json!({})
}

fn inputs() -> Value {
    json!({"Inputs": [{"name": "id", "type": "Integer", "default": 1}]})
}

fn moving() -> Value {
    json!({"OtherServerRetry": true, "BeginCheckpoint": "Use"})
}

fn mapper(expression: &str) -> Value {
    json!({"Fields": [{"field": "x", "expression": expression}]})
}

/// What a case expects: the code, the component and property that it names (empty for none), and whether there is a fix.
type Expected = (&'static str, &'static str, &'static str, bool);

/// Every kind of finding that one flow alone can have.
fn of_one_flow() -> Vec<(Expected, String)> {
    let end = ("end", "End", none());
    vec![
        (("flow/no-start", "", "", false), flow(std::slice::from_ref(&end), &[])),
        (
            ("flow/several-starts", "start-2", "", true),
            flow(&[("start", "Start", none()), ("start-2", "Start", none())], &[]),
        ),
        (
            ("flow/start-in-body", "start", "", true),
            flow(
                &[("each", "ForEach", none()), ("each/start", "Start", none()), ("start-0", "Start", none())],
                &["start-0>each", "each.each>start"],
            ),
        ),
        (
            ("flow/cycle", "a", "", true),
            flow(
                &[("start", "Start", none()), ("a", "Union", none()), ("b", "Filter", json!({"Condition": "true"}))],
                &["start>a.first", "a>b", "b>a.second"],
            ),
        ),
        (("flow/unreachable", "end", "", true), flow(&[("start", "Start", none()), end.clone()], &[])),
        (("flow/never-ends-well", "start", "", false), chain(none(), &[("fail", "Fail", json!({"Message": "no"}))])),
        (
            ("variable/set-on-parallel-paths", "join", "", false),
            flow(
                &[
                    ("start", "Start", none()),
                    ("a", "SetVariable", json!({"Variables": [{"field": "v", "expression": "1"}]})),
                    ("b", "SetVariable", json!({"Variables": [{"field": "v", "expression": "2"}]})),
                    ("join", "Union", none()),
                ],
                &["start>a", "start>b", "a>join.first", "b>join.second"],
            ),
        ),
        (("component/unknown-type", "x", "", false), chain(none(), &[("x", "FromTheFuture", none())])),
        (
            ("component/no-such-parent", "x", "", true),
            flow(&[("start", "Start", none()), ("gone/x", "End", none())], &[]),
        ),
        (
            ("component/parent-has-no-body", "x", "", true),
            flow(&[("start", "Start", none()), end.clone(), ("end/x", "End", none())], &["start>end"]),
        ),
        (
            ("component/parent-circle", "each", "", true),
            flow(&[("start", "Start", none()), ("each/each", "ForEach", none())], &[]),
        ),
        (("body/empty", "each", "", false), chain(none(), &[("each", "ForEach", none())])),
        (("link/no-such-component", "", "", true), flow(&[("start", "Start", none())], &["start>gone"])),
        (
            ("link/no-such-outlet", "start", "", true),
            flow(&[("start", "Start", none()), end.clone()], &["start.gone>end"]),
        ),
        (
            ("link/no-such-inlet", "end", "", true),
            flow(&[("start", "Start", none()), end.clone()], &["start>end.gone"]),
        ),
        (
            ("link/crosses-border", "", "", true),
            flow(
                &[("start", "Start", none()), ("each", "ForEach", none()), ("each/x", "End", none())],
                &["start>each", "start>x"],
            ),
        ),
        (("group/no-such-component", "", "", true), {
            let mut flow: Value = serde_json::from_str(&chain(none(), std::slice::from_ref(&end))).unwrap();
            flow["groups"] = json!([{"id": "group-1", "title": "G", "members": ["gone"]}]);
            flow.to_string()
        }),
        (("property/missing", "x", "Condition", false), chain(none(), &[("x", "Filter", none())])),
        (
            ("property/type", "start", "RetryCount", true),
            chain(json!({"RetryCount": "three"}), std::slice::from_ref(&end)),
        ),
        (
            ("property/value", "x", "Records", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "storage:a.xml", "Format": "Xml"}))]),
        ),
        (
            ("property/unknown", "start", "retry_count", true),
            chain(json!({"retry_count": 3}), std::slice::from_ref(&end)),
        ),
        (("data/expression-syntax", "x", "Fields", false), chain(inputs(), &[("x", "Mapper", mapper("id +"))])),
        (("data/unknown-field", "x", "Fields", true), chain(inputs(), &[("x", "Mapper", mapper("ids + 1"))])),
        (("data/unknown-variable", "x", "Fields", true), chain(inputs(), &[("x", "Mapper", mapper("$ids + 1"))])),
        (("data/type", "x", "Condition", false), chain(inputs(), &[("x", "Filter", json!({"Condition": "id + 1"}))])),
        (
            ("data/different-fields", "x", "", false),
            flow(
                &[
                    ("start", "Start", inputs()),
                    ("a", "Mapper", mapper("1")),
                    ("b", "Mapper", json!({"Fields": [{"field": "y", "expression": "'text'"}]})),
                    ("x", "Checkpoint", none()),
                ],
                &["start>a", "start>b", "a>x", "b>x"],
            ),
        ),
        (
            ("template/unknown-name", "x", "Path", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "storage:${gone}.csv"}))]),
        ),
        (
            ("file/read-only", "x", "Path", false),
            chain(inputs(), &[("x", "FileWrite", json!({"Path": "project:x.csv"}))]),
        ),
        (
            ("file/not-found", "x", "Path", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "project:gone.csv"}))]),
        ),
        (
            ("restart/no-saved-point", "start", "OtherServerRetry", true),
            chain(json!({"OtherServerRetry": true}), std::slice::from_ref(&end)),
        ),
        (
            ("restart/local-path", "x", "Path", true),
            chain(moving(), &[("x", "FileRead", json!({"Path": "/data/orders.csv"}))]),
        ),
        (
            ("restart/local-address", "x", "Message", false),
            chain(moving(), &[("x", "Log", json!({"Message": "see http://localhost:8080/"}))]),
        ),
        (("document/syntax", "", "", false), "<<<<<<< ours".to_owned()),
        (("document/too-new", "", "", false), json!({"format": 99}).to_string()),
        (("document/shape", "", "", false), json!({"format": 1, "components": 3}).to_string()),
    ]
}

fn data(path: &str, content: &str) -> (&'static str, String) {
    assert_eq!(path, "data/x.csv");
    ("data/x.csv", content.to_owned())
}

fn reads(properties: Value) -> (&'static str, String) {
    let mut all = json!({"Path": "project:data/x.csv"});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    ("flows/x.flow.json", chain(none(), &[("x", "FileRead", all)]))
}

fn uses(connection: &str, start: Value) -> (&'static str, String) {
    let query = json!({"Connection": connection, "Query": "SELECT 1"});
    ("flows/x.flow.json", chain(start, &[("x", "SqlGet", query)]))
}

fn connection(text: Value) -> (&'static str, String) {
    ("connections/c.json", text.to_string())
}

fn calls(flow: &str, properties: Value, start: Value) -> (&'static str, String) {
    let mut all = json!({"Flow": flow});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    ("flows/x.flow.json", chain(start, &[("x", "SubFlow", all)]))
}

fn called(start: Value, properties: Value) -> (&'static str, String) {
    ("flows/called.flow.json", chain(start, &[("read", "FileRead", properties)]))
}

/// Those that take more than one file.
fn of_several_files() -> Vec<(Expected, Vec<(&'static str, String)>)> {
    let http = |settings: Value| connection(json!({"format": 1, "kind": "http", "settings": settings}));
    let needs = json!({"Inputs": [{"name": "day", "type": "Text"}]});
    let local = json!({"Path": "/data/orders.csv"});
    let there = json!({"Path": "storage:orders.csv"});
    vec![
        (("data/csv-ragged", "x", "Path", false), vec![data("data/x.csv", "a,b\n1,2\n3\n"), reads(none())]),
        (
            ("data/value", "x", "Path", false),
            vec![data("data/x.csv", "a,b\n1,2\nx,4\n"), reads(json!({"Columns": [{"name": "a", "type": "Integer"}]}))],
        ),
        (("data/csv-quotes", "x", "Path", false), vec![data("data/x.csv", "a,b\n1,\"2\n3,4\n"), reads(none())]),
        (
            ("data/malformed", "x", "Path", false),
            vec![data("data/x.csv", "nonsense"), reads(json!({"Format": "Json"}))],
        ),
        (("connection/unknown", "x", "Connection", false), vec![uses("gone", none())]),
        (
            ("connection/kind", "x", "Connection", false),
            vec![http(json!({"url": "http://example.org"})), uses("c", none())],
        ),
        (("connection/syntax", "", "", false), vec![("connections/c.json", "{".to_owned())]),
        (("connection/too-new", "", "", false), vec![connection(json!({"format": 99, "kind": "http"}))]),
        (("connection/shape", "", "", false), vec![connection(json!({}))]),
        (("connection/unknown-kind", "", "", false), vec![connection(json!({"kind": "telex", "settings": {}}))]),
        (("connection/unknown-field", "", "", false), vec![http(json!({"url": "http://example.org", "uri": "x"}))]),
        (("connection/field-type", "", "", false), vec![http(json!({"url": 3}))]),
        (("connection/missing-field", "", "", false), vec![http(json!({}))]),
        (
            ("connection/secret-in-file", "", "", false),
            vec![http(json!({"url": "http://example.org", "password": "x"}))],
        ),
        (
            ("sql/unknown-name", "x", "Query", false),
            vec![
                connection(json!({"kind": "sqlite", "settings": {"path": "storage:x.db"}})),
                (
                    "flows/x.flow.json",
                    chain(none(), &[("x", "SqlGet", json!({"Connection": "c", "Query": "SELECT $gone"}))]),
                ),
            ],
        ),
        (("sub-flow/unknown", "x", "Flow", false), vec![calls("gone", none(), none())]),
        (("sub-flow/circle", "x", "Flow", false), vec![calls("x", none(), none())]),
        (
            ("sub-flow/unknown-input", "x", "Inputs", false),
            vec![
                calls("called", json!({"Inputs": [{"field": "gone", "expression": "1"}]}), inputs()),
                called(none(), there.clone()),
            ],
        ),
        (("sub-flow/missing-input", "x", "Inputs", false), vec![calls("called", none(), none()), called(needs, there)]),
        (("restart/local-path", "x", "Flow", false), vec![calls("called", none(), moving()), called(none(), local)]),
        (
            ("restart/local-path", "x", "Connection", false),
            vec![connection(json!({"kind": "sqlite", "settings": {"path": "/data/x.db"}})), uses("c", moving())],
        ),
        (
            ("restart/local-address", "x", "Connection", false),
            vec![
                connection(
                    json!({"kind": "postgres", "settings": {"host": "localhost", "database": "d", "user": "u"}}),
                ),
                uses("c", moving()),
            ],
        ),
        (
            ("restart/this-server-only", "x", "Connection", false),
            vec![
                connection(json!({"kind": "mysql", "settings":
                    {"host": "db", "database": "d", "user": "u", "ThisServerOnly": true}})),
                uses("c", moving()),
            ],
        ),
    ]
}

/// Every kind of finding about flow tests.
fn of_flow_tests() -> Vec<(Expected, Vec<(&'static str, String)>)> {
    let of = |code: &'static str, place: &'static str, test: Value| {
        let flow = ("flows/x.flow.json", chain(inputs(), &[("end", "End", none())]));
        ((code, "", place, false), vec![flow, ("tests/of/x.test.json", test.to_string())])
    };
    let records = json!({"start": [], "gone.error": []});
    vec![
        of("test/syntax", "", json!({"flow": "x", "expects": {}})),
        of("test/too-new", "", json!({"format": 99, "flow": "x"})),
        of("test/unknown-flow", "flow", json!({"flow": "gone"})),
        of("test/unknown-component", "expect.records.gone.error", json!({"flow": "x", "expect": {"records": records}})),
    ]
}

/// Every kind of finding about triggers.
fn of_triggers() -> Vec<(Expected, Vec<(&'static str, String)>)> {
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

/// Bytes that are no text; the others are written as they are.
fn not_text() -> (Expected, Place) {
    let place = Place::new(&[data("data/x.csv", "a,b\n"), reads(none())]);
    fs::write(place.0.path().join("data/x.csv"), b"a,b\n1,\xff\xfe\n").unwrap();
    (("data/encoding", "x", "Path", false), place)
}

fn cases() -> Vec<(Expected, Place)> {
    let one = of_one_flow().into_iter().map(|(expected, flow)| (expected, vec![("flows/x.flow.json", flow)]));
    let cases = one
        .chain(of_several_files())
        .chain(of_triggers())
        .chain(of_flow_tests())
        .map(|(expected, files)| (expected, Place::new(&files)));
    cases.chain([not_text()]).collect()
}

fn found(checked: &Checked) -> impl Iterator<Item = (&CheckedFile, &Diagnostic)> {
    checked.files.iter().flat_map(|file| file.diagnostics.iter().map(move |found| (file, found)))
}

#[test]
fn every_kind_of_finding_is_found_at_its_place_with_its_fix_and_is_explained() {
    let mut tried = BTreeSet::new();
    let mut wrong = Vec::new();
    for (expected, place) in cases() {
        let (code, component, property, has_fix) = expected;
        let checked = place.checked();
        let at = |found: &Diagnostic| {
            let place = &found.place;
            found.code == code
                && place.component.as_ref().map_or("", |id| id.as_str()) == component
                && place.property.as_deref().unwrap_or("") == property
                && found.fix.is_some() == has_fix
                && meanings::explain(code).is_ok_and(|meaning| meaning.severity == found.severity)
        };
        if !found(&checked).any(|(_, diagnostic)| at(diagnostic)) {
            let all: Vec<&Diagnostic> = found(&checked).map(|(_, found)| found).collect();
            wrong.push(format!("{expected:?} is not among {all:#?}"));
        }
        // Nothing that a case brings along is unexplained, either.
        for (_, other) in found(&checked) {
            match meanings::explain(&other.code) {
                Ok(meaning) if other.fix.is_none() || !meaning.fix.is_empty() => {}
                _ => wrong.push(format!("{} or its fix is not explained", other.code)),
            }
        }
        tried.insert(code);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let explained: BTreeSet<&str> = meanings::all().map(|meaning| meaning.code).collect();
    assert_eq!(explained.difference(&tried).collect::<Vec<_>>(), Vec::<&&str>::new(), "these are never found");
}

#[test]
fn a_finding_names_file_line_component_and_property_in_text_and_in_sarif() {
    let place = Place::new(&[("flows/x.flow.json", chain(inputs(), &[("map", "Mapper", mapper("ids"))]))]);
    // As the designer writes it: a component a block, a property a line.
    let path = place.0.path().join("flows/x.flow.json");
    let flow = flow_model::Flow::from_json(&fs::read_to_string(&path).unwrap()).unwrap();
    fs::write(&path, flow.to_json()).unwrap();
    let checked = place.checked();
    assert_eq!((checked.errors, checked.warnings), (1, 0));
    let text = text::findings(&checked);
    assert!(text.contains("flows/x.flow.json: map (map) Fields: error: "), "{text}");
    assert!(text.contains("[data/unknown-field]"), "{text}");
    let log = sarif::log(&checked, Path::new("."));
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("data/unknown-field"), &json!("error")));
    let location = &result["locations"][0];
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "map.Fields");
    let line = location["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
    let content = fs::read_to_string(&path).unwrap();
    let line = content.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    assert!(line.contains("Fields"), "{line}");
    assert!(run["tool"]["driver"]["rules"][0]["help"]["text"].is_string());
}

#[test]
fn a_flow_test_that_names_a_component_which_is_not_there_is_found_on_its_line() {
    let test = "{\n  \"flow\": \"x\",\n  \"expect\": {\"records\": {\n    \"gone\": []\n  }}\n}\n";
    let flow = ("flows/x.flow.json", chain(inputs(), &[("end", "End", none())]));
    let checked = Place::new(&[flow, ("tests/x.test.json", test.to_owned())]).checked();
    assert_eq!((checked.errors, checked.warnings), (0, 1));
    let log = sarif::log(&checked, Path::new("."));
    let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["region"]["startLine"], json!(4), "{location}");
}

#[test]
fn the_page_of_findings_is_what_the_command_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnostics.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.trim_end() == meanings::markdown(), "write it again: cairn check --explain > docs/diagnostics.md");
}

#[test]
fn severities_come_in_words_in_json() {
    let place =
        Place::new(&[("flows/x.flow.json", chain(json!({"OtherServerRetry": true}), &[("end", "End", none())]))]);
    let checked = serde_json::to_value(place.checked()).unwrap();
    let found = &checked["files"][0]["diagnostics"][0];
    assert_eq!((&found["severity"], &found["place"]["component"]), (&json!("warning"), &json!("start")));
    assert_eq!(found["fix"]["edit"]["value"], "Use");
    assert_eq!(place.checked().files[0].diagnostics[0].severity, Severity::Warning);
}
