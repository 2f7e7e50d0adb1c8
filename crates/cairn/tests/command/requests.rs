//! The commands on requests, against real servers.

use super::cluster::Cluster;
use super::{DOUBLE, code, text};
use serde_json::json;

#[test]
fn a_request_is_started_listed_shown_and_its_data_downloaded() {
    let cluster = Cluster::start(&[], &["north"]);
    let started = cluster.json(&["request", "start", "numbers", "double", "-i", "number=4", "--count", "2", "--wait"]);
    assert_eq!(started["requests"][0]["reply"], json!([{"double": "8"}]), "{started}");
    let id = started["requests"][0]["id"].to_string();

    let shown = cluster.json(&["request", "show", &id]);
    let point = shown["savedPoints"].as_array().unwrap().iter().find(|point| point["kind"] == "checkpoint").unwrap();
    let number = point["number"].to_string();
    assert_eq!(cluster.json(&["request", "data", &id, &number])["rows"], json!([{"double": "8"}]));
    let file = cluster.run(&["request", "data", &id, &number, "--format", "csv", "--write", "double.csv"]);
    assert_eq!(code(&file), 0, "{}", text(&file));
    assert_eq!(std::fs::read_to_string(cluster.place.0.path().join("double.csv")).unwrap().trim(), "double\n8");

    let listed = cluster.json(&["request", "list", "--state", "finished", "--owner", "north", "--since", "1h"]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(cluster.json(&["request", "list", "--until", "1h"])["items"], json!([]));
    let page = cluster.run(&["request", "list", "--limit", "1"]);
    let next = text(&page).lines().last().unwrap().trim_start_matches("more: ").to_owned();
    let rest = cluster.json(&["request", "list", "--before", next.trim_start_matches("--before ")]);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1, "{}", text(&page));

    let table = text(&cluster.run(&["request", "list"]));
    assert!(table.lines().next().unwrap().trim_start().starts_with("ID  STATE"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colours outside of a terminal: {table:?}");
    let log = text(&cluster.run(&["request", "log", &id, "--follow"]));
    assert!(log.contains("checkpoint-saved"), "{log}");
    let cancelled = cluster.run(&["request", "cancel", &id]);
    assert!(code(&cancelled) == 3 && text(&cancelled).contains("request/state"), "{}", text(&cancelled));
}

#[test]
fn many_requests_are_changed_at_once_after_a_look() {
    let zero = DOUBLE.replace("number * 2", "10 / number");
    let cluster = Cluster::start(&[("zero", &zero)], &["north"]);
    let failed = cluster.run(&["request", "start", "numbers", "zero", "-i", "number=0", "--count", "3", "--wait"]);
    assert_eq!(code(&failed), 1, "{}", text(&failed));

    let chosen = ["request", "re-execute", "--flow", "zero"];
    let preview = cluster.json(&[&chosen[..], &["--dry-run"]].concat());
    assert_eq!((&preview["matched"], &preview["done"]), (&json!(3), &json!(3)), "{preview}");
    let unasked = cluster.run(&chosen);
    assert!(code(&unasked) == 3 && text(&unasked).contains("request/not-confirmed"), "{}", text(&unasked));
    let done = cluster.run(&[&chosen[..], &["--yes"]].concat());
    assert_eq!((code(&done), text(&done).trim()), (0, "re-executed 3 of 3 requests (3 Error)"));
    let ids: Vec<String> = (1..=3).map(|id: i32| id.to_string()).collect();
    for id in &ids {
        assert_eq!(code(&cluster.run(&["request", "wait", id])), 1);
        assert_eq!(cluster.json(&["request", "show", id])["request"]["attempt"], 2);
    }
    let anew = cluster.run(&["request", "re-execute", &ids[0], "--from-start", "--dry-run"]);
    let told = text(&anew);
    assert!(code(&anew) == 0 && told.contains("would go on") && told.contains("would run: Start"), "{told}");
    let refused = cluster.run(&["request", "cancel", &ids[0], &ids[1], "4711"]);
    assert_eq!(code(&refused), 1);
    assert!(text(&refused).contains("cancelled 0 of"), "{}", text(&refused));
    let neither = cluster.run(&["request", "cancel"]);
    assert!(code(&neither) == 3 && text(&neither).contains("request/which"), "{}", text(&neither));
}

#[test]
fn of_many_requests_those_go_on_at_the_newest_version_that_fit_it() {
    let zero = DOUBLE.replace("number * 2", "10 / number");
    let cluster = Cluster::start(&[("mended", &zero), ("asks", &zero)], &["north"]);
    for flow in ["mended", "asks"] {
        let failed = cluster.run(&["request", "start", "numbers", flow, "-i", "number=0", "--wait"]);
        assert_eq!(code(&failed), 1, "{}", text(&failed));
    }
    let number = r#"{"name": "number", "type": "Integer"}"#;
    let more = format!(r#"{number}, {{"name": "currency", "type": "Text"}}"#);
    cluster.place.write_flow("mended", &zero.replace("10 / number", "10 / (number + 1)"));
    cluster.place.write_flow("asks", &zero.replace(number, &more));
    cluster.place.push("Mend the one, and ask for more in the other");
    let updated = cluster.run(&["update", "numbers"]);
    assert_eq!(code(&updated), 0, "{}", text(&updated));

    let chosen = ["request", "re-execute", "1", "2", "--version", "newest"];
    let preview = cluster.json(&[&chosen[..], &["--dry-run"]].concat());
    assert_eq!((&preview["matched"], &preview["done"]), (&json!(2), &json!(1)), "{preview}");
    let left = &preview["skipped"][0];
    assert_eq!((&left["id"], &left["code"]), (&json!(2), &json!("request/version-does-not-fit")), "{preview}");
    assert!(left["inputs"].as_str().is_some_and(|what| what.contains("currency")), "{preview}");
    let done = cluster.run(&chosen);
    let told = text(&done);
    assert_eq!(code(&done), 1, "{told}");
    assert!(told.starts_with("re-executed 1 of 2 requests at the newest version (2 Error)\n  not 2: "), "{told}");
    assert!(told.contains("currency"), "{told}");
    assert_eq!(code(&cluster.run(&["request", "wait", "1"])), 0);
    assert_eq!(cluster.json(&["request", "show", "2"])["request"]["attempt"], 1);
}
