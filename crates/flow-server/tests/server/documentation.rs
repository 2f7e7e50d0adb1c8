//! What the API says of itself: the OpenAPI document and the examples for people.

use crate::harness::{Cluster, TestProject, create_one, until};
use flow_api::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::process::Command;

fn in_project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[tokio::test]
async fn the_examples_of_the_documentation_work() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let text = std::fs::read_to_string(in_project("docs/api/README.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 10);
    let script = format!("set -euo pipefail\n{}", blocks.join("\n"));
    let token = cluster.token(Role::Administrator).await;
    let mut shell = Command::new("bash");
    let ran = shell.arg("-c").arg(script).env("CAIRN", &server.at.address).env("TOKEN", token).output();
    let output = ran.await.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
    server.stop().await;
}

#[tokio::test]
async fn every_metric_is_explained_and_every_explained_one_exists() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    create_one(&client, "short").await;
    // What has labels is there once it has counted something.
    let text = until("the attempt is counted", async || {
        let text = client.metrics().await.unwrap();
        text.contains("cairn_attempts_total").then_some(text)
    })
    .await;
    let named = |line: &str| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some(if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
    };
    let there: BTreeSet<String> = text.lines().filter_map(named).collect();
    let page = std::fs::read_to_string(in_project("docs/operations/watching.md")).unwrap();
    let first_cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let names = first_cells.flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>());
    let is_metric = |name: &String| name.starts_with("cairn_") || name.starts_with("process_");
    let explained: BTreeSet<String> = names.filter(is_metric).collect();
    assert_eq!(explained, there, "docs/operations/watching.md against what a server tells");
    server.stop().await;
}

#[tokio::test]
async fn every_operation_is_described_with_its_answers_and_its_errors() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let viewer = cluster.token(Role::Viewer).await;
    let call = reqwest::Client::new().get(server.url("/api/v1/openapi.json")).bearer_auth(viewer);
    let document: Value = call.send().await.unwrap().json().await.unwrap();
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{} {path}", method.to_uppercase());
            if operation["summary"].as_str().or(operation["description"].as_str()).is_none_or(str::is_empty) {
                wrong.push(format!("{what} says nothing of what it does"));
            }
            let answers = operation["responses"].as_object().unwrap();
            if !answers.keys().any(|status| status.starts_with('2')) {
                wrong.push(format!("{what} has no good answer"));
            }
            if operation["x-access"] != "Anybody" && !["401", "403"].iter().all(|status| answers.contains_key(*status))
            {
                wrong.push(format!("{what} does not say that it may be refused"));
            }
            let bodies = answers.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
            for body in bodies.chain(operation.get("requestBody")) {
                let json = body.pointer("/content/application~1json");
                if let Some(json) = json {
                    let schema =
                        json!({"$ref": "#/body", "body": json["schema"], "components": document["components"]});
                    match jsonschema::validate(&schema, &json["example"]) {
                        _ if json["example"].is_null() => wrong.push(format!("{what} has a body without example")),
                        Err(error) => wrong.push(format!("the example of {what} does not fit: {error}")),
                        Ok(()) => {}
                    }
                }
            }
            let codes = |of: &Value| of["x-codes"].as_array().cloned().unwrap_or_default();
            let passes =
                ["server/fenced", "server/stopping", "server/maintenance", "store/unavailable", "request/queue-full"];
            for (status, answer) in answers {
                let may_pass = codes(answer).iter().any(|code| passes.iter().any(|passing| code == passing));
                if may_pass && answer.pointer("/headers/Retry-After/schema").is_none() {
                    wrong.push(format!("{what} does not say that its {status} tells when to try again"));
                }
            }
            let refusals = answers.iter().filter(|(status, _)| status.starts_with(['4', '5']));
            let named: Vec<Value> = refusals.clone().flat_map(|(_, answer)| codes(answer)).collect();
            if operation.get("x-codes").is_none() {
                wrong.push(format!("{what} does not state its codes: give it `refusals!(…)` in its `extensions`"));
            } else if named.len() != codes(operation).len() {
                wrong.push(format!("{what} does not tell with which status each of its codes comes"));
            }
            for (status, _) in refusals.filter(|(_, answer)| codes(answer).is_empty()) {
                wrong.push(format!("{what} names no code of its {status}"));
            }
            if operation.get("requestBody").is_some() && !answers.contains_key("413") {
                wrong.push(format!("{what} does not say that a body may be too large"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.stop().await;
}

/// Calls every operation with what the document allows and with what it does not. Installed by `make setup-test`.
#[tokio::test]
async fn no_call_that_the_document_leads_to_ends_in_a_server_error() {
    let tool = std::env::var("CAIRN_SCHEMATHESIS").unwrap_or_else(|_| {
        let home = std::env::var("HOME").unwrap_or_default();
        format!("{home}/.cache/cairn/schemathesis/bin/schemathesis")
    });
    assert!(std::path::Path::new(&tool).exists(), "{tool} is missing: `make setup-test` installs it");
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let long = crate::harness::create_one(&client, "long").await;
    let token = cluster.token(Role::Administrator).await;
    let run = async |token: &str, paths: [&str; 2], patience: &str| {
        let mut command = Command::new(&tool);
        command
            .args(["run", &server.url("/api/v1/openapi.json"), "--url", &server.at.address])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args(["--checks", "not_a_server_error", "--max-examples", "3", "--seed", "1", "--workers", "1"])
            .args(["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color"])
            .args(paths)
            .args(["--request-timeout", patience])
            .current_dir(cluster.folder.path());
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    };
    // Streams have no end. The token that is called with must not be revoked, and what waits or reaches out takes its time.
    let slow = "/wait$|/test$|/test-access$|/update$|/tokens/";
    run(&token, ["--exclude-path-regex", &format!("/events$|{slow}")], "20").await;
    // Whoever waits for it would wait for an hour; it may have been cancelled by now.
    let _ = client.cancel(long.id).await;
    run(&cluster.token(Role::Author).await, ["--include-path-regex", slow], "90").await;
    server.stop().await;
}
