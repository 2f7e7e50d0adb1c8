//! What is known of a flow before it runs.

use crate::testing::{Bench, id};
use crate::{Palette, PortKey};
use flow_data::type_name;
use flow_model::{Component, Diagnostic, Flow, Link, PortRef, Severity, check_structure};
use serde_json::json;
use std::fs;
use std::path::Path;

/// A flow of the given components, one behind the other.
fn chain(components: Vec<Component>) -> Flow {
    let mut flow = Flow::default();
    let mut before = None;
    for (at, component) in components.into_iter().enumerate() {
        let here = id(&format!("c-{at}"));
        flow.components.insert(here.clone(), component);
        if let Some(before) = before {
            flow.links.insert(Link::between(&before, &here));
        }
        before = Some(here);
    }
    flow
}

fn start() -> Component {
    Component::new("Start", "Start").with(
        "Inputs",
        json!([{"name": "month", "type": "Text", "default": "1997-01"}, {"name": "day", "type": "Text"}]),
    )
}

fn orders() -> Component {
    Component::new("FileRead", "Read").with("Path", "project:data/${month}.csv")
}

fn bench() -> Bench {
    Bench::new().with_project_file("data/1997-01.csv", "order_id,amount,on\nA1,2.5,1997-01-02\n")
}

fn mapper(field: &str, expression: &str) -> Component {
    Component::new("Mapper", "Map").with("Fields", json!([{"field": field, "expression": expression}]))
}

fn fields(flow: &Flow, outlet: &str) -> Option<Vec<String>> {
    let (component, port) = outlet.split_once('.').unwrap();
    let schemas = Palette::standard().output_schemas(flow, &bench());
    let schema = schemas.get(&PortKey::new(&id(component), port))?;
    Some(schema.fields().iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect())
}

fn problems(flow: &Flow) -> Vec<Diagnostic> {
    Palette::standard().check_expressions(flow, &bench())
}

#[test]
fn fields_are_known_on_every_link() {
    let flow = chain(vec![
        start(),
        orders(),
        Component::new("Filter", "Paid").with("Condition", "amount > 0"),
        mapper("total", "amount * 2"),
        Component::new("Checkpoint", "Saved"),
        Component::new("SqlPut", "Put").with("Connection", "w").with("Table", "t"),
        Component::new("HttpRequest", "Notice").with("Connection", "n").with("Path", "/${total}"),
        Component::new("End", "End"),
    ]);
    assert_eq!(problems(&flow), []);
    for (outlet, expected) in [
        ("c-0.out", vec!["month text", "day text"]),
        ("c-1.out", vec!["order_id text", "amount number", "on date"]),
        ("c-2.rejected", vec!["order_id text", "amount number", "on date"]),
        ("c-3.out", vec!["total number"]),
        ("c-5.out", vec!["total number"]),
        ("c-5.error", vec!["code text", "message text", "component text", "row integer", "total number"]),
        ("c-6.out", vec!["status integer", "body text"]),
    ] {
        assert_eq!(fields(&flow, outlet).unwrap(), expected, "{outlet}");
    }
    assert_eq!(fields(&flow, "c-4.error"), None);
}

#[test]
fn wrong_names_and_types_are_reported_at_their_property() {
    let branch = |condition: &str| {
        Component::new("Branch", "Way").with("Branches", json!([{"outlet": "a", "condition": condition}]))
    };
    for (component, code, property, part) in [
        (
            mapper("f", "amont"),
            "data/unknown-field",
            "Fields",
            "“Map”, field “f”: there is no field “amont”; did you mean “amount”?",
        ),
        (mapper("f", "amount +"), "data/expression-syntax", "Fields", "field “f”: syntax error"),
        (mapper("f", "$mont"), "data/unknown-variable", "Fields", "did you mean “month”?"),
        (Component::new("Filter", "F").with("Condition", "amount"), "data/type", "Condition", "true or false"),
        (branch("order_id AND true"), "data/type", "Branches", "outlet “a”"),
        (
            Component::new("FileWrite", "W").with("Path", "storage:${yeer}.csv"),
            "template/unknown-name",
            "Path",
            "${yeer}",
        ),
        (Component::new("FileWrite", "W").with("Path", "project:x.csv"), "file/read-only", "Path", "storage:"),
        (
            Component::new("Fail", "No").with("Message", "${order}"),
            "template/unknown-name",
            "Message",
            "did you mean “${order_id}”?",
        ),
        (
            Component::new("SqlPut", "Put")
                .with("Connection", "w")
                .with("Table", "t")
                .with("Mode", "Upsert")
                .with("Keys", json!(["id"])),
            "data/unknown-field",
            "Keys",
            "“id”",
        ),
        (
            Component::new("HttpRequest", "H").with("Connection", "n").with("ExpectStatus", "ok"),
            "property/value",
            "ExpectStatus",
            "“ok”",
        ),
    ] {
        let flow = chain(vec![start(), orders(), component]);
        let found = problems(&flow);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].code.as_str(), found[0].severity), (code, Severity::Error), "{found:?}");
        assert_eq!(
            (found[0].place.component.as_ref(), found[0].place.property.as_deref()),
            (Some(&id("c-2")), Some(property))
        );
        assert!(found[0].message.contains(part), "{}", found[0].message);
    }
}

#[test]
fn one_mistake_is_one_problem_and_not_many_behind_it() {
    let flow = chain(vec![start(), orders(), mapper("a", "nothing"), mapper("b", "a + 1"), mapper("c", "b +")]);
    let found = problems(&flow);
    let codes: Vec<&str> = found.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["data/unknown-field", "data/expression-syntax"], "{found:?}");
}

#[test]
fn files_that_are_missing_or_broken_are_reported_as_far_as_they_are_sure() {
    let read = |path: &str| chain(vec![start(), Component::new("FileRead", "Read").with("Path", path)]);
    for (path, expected) in [
        ("project:data/nowhere.csv", Some(("file/not-found", Severity::Error))),
        ("project:other/${month}.csv", Some(("file/not-found", Severity::Warning))),
        ("project:data/${day}.csv", None),
        ("storage:later.csv", None),
        ("storage:../x.csv", Some(("file/bad-path", Severity::Error))),
    ] {
        let found = problems(&read(path));
        assert_eq!(
            found.first().map(|problem| (problem.code.as_str(), problem.severity)),
            expected,
            "{path}: {found:?}"
        );
    }
    let broken = Bench::new().with_project_file("r.csv", "a,b\n1\n");
    let found = Palette::standard().check_expressions(&read("project:r.csv"), &broken);
    assert_eq!((found[0].code.as_str(), found[0].place.property.as_deref()), ("data/csv-ragged", Some("Path")));
}

#[test]
fn streams_with_different_fields_cannot_meet() {
    let mut flow = chain(vec![start(), orders(), mapper("x", "amount"), Component::new("Checkpoint", "Meet")]);
    let link = Link { from: PortRef::new(&id("c-1"), "out"), to: PortRef::new(&id("c-3"), "in") };
    flow.links.insert(link);
    let found = problems(&flow);
    assert_eq!((found[0].code.as_str(), &found[0].place.component), ("data/different-fields", &Some(id("c-3"))));
    assert!(found[0].place.link.is_some());
}

#[test]
fn large_files_are_known_by_their_beginning() {
    let mut text = "n,text\n".to_owned();
    text.extend((0..40_000).map(|n| format!("{n},some text\n")));
    let flow = chain(vec![
        Component::new("Start", "Start"),
        Component::new("FileRead", "Read").with("Path", "project:big.csv"),
    ]);
    let found = Palette::standard().examine(&flow, &Bench::new().with_project_file("big.csv", text));
    assert_eq!(found.diagnostics, []);
    assert_eq!(found.schemas[&PortKey::new(&id("c-1"), "out")].fields().len(), 2);
}

/// Every file below a folder, by its path within it.
fn files(folder: &Path, below: &str, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push((path, fs::read(entry.path()).unwrap()));
        }
    }
}

#[test]
fn the_sample_projects_have_no_problems() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows-sample");
    let palette = Palette::standard();
    let mut flows = 0;
    for project in fs::read_dir(samples).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let mut found = Vec::new();
        files(&project.path(), "", &mut found);
        let bench =
            found.iter().fold(Bench::new(), |bench, (path, content)| bench.with_project_file(path, content.clone()));
        for (path, content) in found.iter().filter(|(path, _)| path.ends_with(".flow.json")) {
            let text = std::str::from_utf8(content).unwrap();
            let flow = Flow::from_json(text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(
                flow.to_json(),
                text,
                "{path}: not as the designer writes it, so the first save would change it"
            );
            let examination = palette.examine(&flow, &bench);
            assert_eq!(examination.diagnostics, [], "{path}");
            let errors = check_structure(&flow, palette.as_ref())
                .into_iter()
                .filter(|problem| problem.severity == Severity::Error);
            assert_eq!(errors.collect::<Vec<_>>(), [], "{path}");
            flows += 1;
        }
    }
    assert!(flows > 0);
}
