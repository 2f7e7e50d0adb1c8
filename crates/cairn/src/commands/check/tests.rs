//! A broken project for every kind of finding, checked as the command checks it.

mod flow_tests;
mod flows;
mod several_files;
mod triggers;

use super::{Args, Checked, CheckedFile, Opened, meanings, sarif, text};
use flow_model::{Diagnostic, Severity};
use flow_tests::of_flow_tests;
use flows::of_one_flow;
use serde_json::{Value, json};
use several_files::of_several_files;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use triggers::of_triggers;

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

fn data(path: &str, content: &str) -> (&'static str, String) {
    assert_eq!(path, "data/x.csv");
    ("data/x.csv", content.to_owned())
}

fn reads(properties: Value) -> (&'static str, String) {
    let mut all = json!({"Path": "project:data/x.csv"});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    ("flows/x.flow.json", chain(none(), &[("x", "FileRead", all)]))
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
