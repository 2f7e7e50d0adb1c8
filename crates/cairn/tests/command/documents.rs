//! The commands that look at flows and never run them: check, schema, diff, merge.

use super::{DOUBLE, Place, code, git, json, text};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The flow with another expression.
fn with(expression: &str) -> String {
    DOUBLE.replace("number * 2", expression)
}

#[test]
fn check_says_what_the_loss_of_a_server_means() {
    let place = Place::new();
    let told = place.run(&["check", "project", "--failures"]);
    assert_eq!(code(&told), 0, "{}", text(&told));
    let line = text(&told).lines().find(|line| line.starts_with("End")).unwrap().to_owned();
    assert!(line.contains("on any server") && line.contains("Start, Double, Doubled"), "{line}");
    let report = json(&place.run(&["--json", "check", "project", "--failures"]));
    let end = &report["flows"][0]["components"][3];
    assert_eq!(report["flows"][0]["flow"], "double");
    assert_eq!((&end["runsAgain"], &end["resumes"]), (&json!(["end-1"]), &json!("anyServer")));
    assert_eq!(end["settled"], json!(["start-1", "mapper-1", "checkpoint-1"]));
}

#[test]
fn findings_are_given_as_sarif_with_their_lines() {
    let place = Place::new();
    place.write_flow("typo", &with("numbr * 2"));
    place.write_flow("broken", "{\n");
    let found = place.run(&["check", "project", "--sarif"]);
    assert_eq!(code(&found), 1);
    let log = json(&found);
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |file: &str| {
        let is_there = |result: &&Value| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                == format!("project/flows/{file}.flow.json")
        };
        results.iter().find(is_there).unwrap()
    };
    let line = DOUBLE.lines().position(|line| line.contains("\"Fields\"")).unwrap() + 1;
    let typo = of("typo");
    assert_eq!(typo["locations"][0]["physicalLocation"]["region"]["startLine"], line);
    assert_eq!(typo["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "mapper-1.Fields");
    assert_eq!((&of("broken")["level"], &of("broken")["ruleId"]), (&json!("error"), &json!("document/syntax")));
}

#[test]
fn flows_that_call_each_other_in_a_circle_are_found() {
    let place = Place::new();
    let calls = |called: &str| {
        format!(
            r#"{{"format": 2, "components": [
            {{"id": "start", "type": "Start"}},
            {{"id": "call", "type": "SubFlow", "properties": {{"Flow": "{called}"}}}}],
            "links": [{{"from": "start.out", "to": "call.in"}}]}}"#
        )
    };
    place.write_flow("one", &calls("two"));
    place.write_flow("two", &calls("one"));
    place.write_flow("three", &calls("gone"));
    let found = text(&place.run(&["check", "project"]));
    assert_eq!(found.matches("[sub-flow/circle]").count(), 2, "{found}");
    assert_eq!(found.matches("[sub-flow/unknown]").count(), 1, "{found}");
}

#[test]
fn the_schema_knows_every_component() {
    let schema = json(&Place::new().run(&["schema"]));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let kinds = schema["$defs"]["component"]["properties"]["type"]["anyOf"][0]["enum"].as_array().unwrap();
    assert!(kinds.contains(&json!("Start")) && kinds.contains(&json!("SqlPut")), "{kinds:?}");
}

#[test]
fn the_sample_flows_fit_the_schema_and_wrong_ones_do_not() {
    let schema = json(&Place::new().run(&["schema"]));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows-sample");
    let flows: Vec<PathBuf> = std::fs::read_dir(samples)
        .unwrap()
        .filter_map(|project| std::fs::read_dir(project.unwrap().path().join("flows")).ok())
        .flat_map(|flows| flows.map(|flow| flow.unwrap().path()))
        .filter(|path| path.to_string_lossy().ends_with(".flow.json"))
        .collect();
    assert!(!flows.is_empty());
    for path in flows {
        let flow: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let found: Vec<String> =
            validator.iter_errors(&flow).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(found, [""; 0], "{}", path.display());
        let start = flow["components"].as_array().unwrap().iter().position(|part| part["type"] == "Start").unwrap();
        let mut wrong = flow.clone();
        wrong["components"][start]["properties"]["RetryCount"] = json!("three");
        assert!(!validator.is_valid(&wrong), "{}", path.display());
    }
}

#[test]
fn a_difference_is_told_in_words_between_files_and_since_a_commit() {
    let place = Place::new();
    place.publish();
    place.write_flow("double", &with("number * 3"));
    let since = place.run(&["diff", "project/flows/double.flow.json"]);
    assert_eq!((code(&since), text(&since).trim()), (0, "changed Fields of “Double”"), "{}", text(&since));
    let between =
        place.run(&["--json", "diff", "HEAD:project/flows/double.flow.json", "project/flows/double.flow.json"]);
    assert_eq!(json(&between)["changes"][0]["kind"], "property", "{}", text(&between));
}

#[test]
fn git_merges_flows_by_component_when_it_is_told_to() {
    let place = Place::new();
    place.publish();
    let project = place.project();
    let configure = |name: &str, value: &str| git(&project, &["config", name, value]);
    configure("user.name", "t");
    configure("user.email", "t@localhost");
    configure("merge.cairn.driver", &format!("{} merge %O %A %B", env!("CARGO_BIN_EXE_cairn")));
    std::fs::write(project.join(".git/info/attributes"), "*.flow.json merge=cairn\n").unwrap();
    // Both sides change the same line of the file: different properties of one component.
    let retry = |properties: &str| DOUBLE.replace(r#""OtherServerRetry": true"#, properties);
    let commit = |text: &str, message: &str| {
        place.write_flow("double", text);
        git(&project, &["commit", "-q", "-a", "-m", message]);
    };
    git(&project, &["checkout", "-q", "-b", "other"]);
    commit(&retry(r#""OtherServerRetry": true, "RetryCount": 3"#), "Theirs");
    git(&project, &["checkout", "-q", "main"]);
    commit(&retry(r#""OtherServerRetry": false"#), "Ours");
    git(&project, &["merge", "-q", "--no-edit", "other"]);
    let merged = std::fs::read_to_string(project.join("flows/double.flow.json")).unwrap();
    assert!(merged.contains(r#""OtherServerRetry": false"#) && merged.contains(r#""RetryCount": 3"#), "{merged}");
}

#[test]
fn a_conflict_is_named_and_ours_is_kept() {
    let place = Place::new();
    for (name, factor) in [("base", 2), ("ours", 3), ("theirs", 4)] {
        place.write_flow(name, &with(&format!("number * {factor}")));
    }
    let files = ["base", "ours", "theirs"].map(|name| format!("project/flows/{name}.flow.json"));
    let merged = place.run(&["merge", &files[0], &files[1], &files[2]]);
    assert_eq!(code(&merged), 1);
    assert!(text(&merged).contains("conflict: Fields of “Double”"), "{}", text(&merged));
    let kept = std::fs::read_to_string(place.project().join("flows/ours.flow.json")).unwrap();
    assert!(kept.contains("number * 3") && !kept.contains("number * 4"), "{kept}");
    let printed = place.run(&["merge", "--print", &files[0], &files[0], &files[2]]);
    assert!(code(&printed) == 0 && text(&printed).contains("number * 4"), "{}", text(&printed));
}

#[test]
fn what_is_wrong_with_triggers_is_found_with_its_line() {
    let place = Place::new();
    let folder = place.project().join("triggers");
    std::fs::create_dir_all(&folder).unwrap();
    let trigger = |flow: &str, cron: &str| {
        let file = json!({"format": 1, "id": "trigger-aaaaaa", "kind": "schedule", "flow": flow, "properties": {"Cron": cron}});
        format!("{file:#}\n")
    };
    std::fs::write(folder.join("good.trigger.json"), trigger("double", "30 6 * * MON-FRI")).unwrap();
    std::fs::write(folder.join("bad.trigger.json"), trigger("nothing", "99 6 * * *")).unwrap();
    std::fs::write(folder.join("broken.trigger.json"), "{\n").unwrap();
    let found = json(&place.run(&["--json", "check", "project"]));
    let codes = |file: &str| -> Vec<String> {
        let files = found["files"].as_array().unwrap();
        let file = files.iter().find(|one| one["file"] == format!("triggers/{file}.trigger.json")).unwrap();
        let found = file["diagnostics"].as_array().unwrap();
        found.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes("bad"), ["trigger/cron", "trigger/unknown-flow"]);
    assert_eq!(codes("broken"), ["trigger/syntax"]);
    assert!(codes("good").iter().all(|code| code == "trigger/same-id" || code == "trigger/missing-input"), "{found}");
    let log = json(&place.run(&["check", "project", "--sarif"]));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let cron = results.iter().find(|result| result["ruleId"] == "trigger/cron").unwrap();
    let region = &cron["locations"][0]["physicalLocation"]["region"];
    let line = trigger("nothing", "99 6 * * *").lines().position(|line| line.contains("\"Cron\"")).unwrap() + 1;
    assert_eq!(region["startLine"], line);
    let schema = json(&place.run(&["schema", "trigger"]));
    assert_eq!(schema["title"], "Cairn trigger");
    assert_eq!(json(&place.run(&["schema", "calendar"]))["title"], "Cairn calendar");
}
