//! The command as a user meets it: real processes, their output and their exit status.

#![allow(clippy::unwrap_used, reason = "a test ends with what went wrong")]

#[path = "command/cluster.rs"]
mod cluster;
#[path = "command/documents.rs"]
mod documents;
#[path = "command/error_codes.rs"]
mod error_codes;
#[path = "command/operations.rs"]
mod operations;
#[path = "command/requests.rs"]
mod requests;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A flow that doubles a number.
const DOUBLE: &str = r#"{
  "format": 1,
  "components": [
    {"id": "start-1", "type": "Start", "name": "Start",
     "properties": {"OtherServerRetry": true, "BeginCheckpoint": "Use", "Inputs": [{"name": "number", "type": "Integer"}]}},
    {"id": "mapper-1", "type": "Mapper", "name": "Double",
     "properties": {"Fields": [{"field": "double", "expression": "number * 2"}]}},
    {"id": "checkpoint-1", "type": "Checkpoint", "name": "Doubled"},
    {"id": "end-1", "type": "End", "name": "End"}
  ],
  "links": [
    {"from": "checkpoint-1.out", "to": "end-1.in"},
    {"from": "mapper-1.out", "to": "checkpoint-1.in"},
    {"from": "start-1.out", "to": "mapper-1.in"}
  ]
}"#;

/// A folder with a project of one flow, and with everything else that a command needs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(place.project().join("flows")).unwrap();
        std::fs::write(place.project().join("project.json"), r#"{"format": 1, "name": "numbers"}"#).unwrap();
        place.write_flow("double", DOUBLE);
        place
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn write_flow(&self, name: &str, text: &str) {
        std::fs::write(self.project().join(format!("flows/{name}.flow.json")), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
        command.args(arguments).current_dir(self.0.path());
        command.env_remove("CAIRN_TOKEN").env_remove("CAIRN_LOG").env("CAIRN_KEYRING", "off");
        command.env("CAIRN_CONFIG", self.0.path().join("config"));
        command.env("CAIRN_CHECKPOINT_CONNECTION", format!("sqlite:{}", self.0.path().join("cairn.db").display()));
        command.env("CAIRN_CHECKPOINT_STORAGE", self.0.path().join("storage"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Puts the project under git, with a repository to update from.
    fn publish(&self) -> PathBuf {
        let remote = self.0.path().join("remote.git");
        git(self.0.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        git(&self.project(), &["init", "-q", "-b", "main"]);
        git(&self.project(), &["add", "."]);
        git(&self.project(), &["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "Begin"]);
        git(&self.project(), &["push", "-q", &remote.to_string_lossy(), "main"]);
        remote
    }

    /// Commits what has changed in the project, and pushes it.
    fn push(&self, message: &str) {
        git(
            &self.project(),
            &["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-a", "-m", message],
        );
        git(&self.project(), &["push", "-q", &self.0.path().join("remote.git").to_string_lossy(), "main"]);
    }

    fn serve_as(&self, name: &str) -> Server {
        let mut command =
            self.command(&["--json", "serve", "--listen", "127.0.0.1:0", "--name", name, "--state", name]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Server { child, address: said["address"].as_str().unwrap().to_owned() }
    }
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git").args(arguments).current_dir(folder).status().unwrap();
    assert!(done.success(), "git {arguments:?}");
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} in {}", text(output)))
}

#[test]
fn check_names_file_component_and_property_and_a_bad_flow_never_hides_the_good_ones() {
    let place = Place::new();
    assert_eq!(code(&place.run(&["check", "project"])), 0);

    place.write_flow("typo", &DOUBLE.replace("number * 2", "numbr * 2"));
    place.write_flow("broken", "{");
    let checked = place.run(&["check", "project"]);
    assert_eq!(code(&checked), 1);
    let lines = text(&checked);
    assert!(lines.contains("flows/typo.flow.json: Double (mapper-1) Fields: error:"), "{lines}");
    assert!(lines.contains("flows/broken.flow.json: error:"), "{lines}");

    let files = json(&place.run(&["--json", "check", "project"]));
    assert_eq!((&files["errors"], files["files"].as_array().unwrap().len()), (&Value::from(2), 3));
    assert_eq!(code(&place.run(&["check", "project", "double"])), 0, "only the flow that was asked for");
}

#[test]
fn run_answers_with_the_flows_reply_and_its_exit_status_is_the_flows_result() {
    let place = Place::new();
    let ran = place.run(&["--json", "run", "project", "double", "--input", "number=21"]);
    assert_eq!(code(&ran), 0, "{}", text(&ran));
    let last: Value = serde_json::from_str(text(&ran).lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["state"]), (&Value::from("ended"), &Value::from("Finished")));
    assert_eq!(last["reply"], serde_json::json!([{"double": "42"}]));

    place.write_flow("zero", &DOUBLE.replace("number * 2", "10 / number"));
    let failed = place.run(&["run", "project", "zero", "-i", "number=0"]);
    assert_eq!(code(&failed), 1, "{}", text(&failed));
}

#[test]
fn what_cannot_be_done_is_said_with_a_code_and_exit_status_3() {
    let place = Place::new();
    for (arguments, wanted) in [
        (&["run", "project", "double", "-i", "number=many"][..], "input/type"),
        (&["run", "project", "double"], "input/missing"),
        (&["run", "project", "triple"], "no flow “triple”"),
        (&["check", "nowhere"], "no folder"),
        (&["request", "list"], "token/missing"),
        (&["user", "list"], "cairn/no-database"),
    ] {
        let failed = place.run(arguments);
        assert_eq!(code(&failed), 3, "{arguments:?}: {}", text(&failed));
        assert!(text(&failed).contains(wanted), "{arguments:?}: {}", text(&failed));
    }
    assert_eq!(code(&place.run(&["run"])), 2);
    let error: Value = serde_json::from_slice(&place.run(&["--json", "check", "nowhere"]).stderr).unwrap();
    assert!(error["error"]["code"].is_string(), "{error}");
}

#[test]
fn accounts_are_made_without_a_password_ever_being_on_the_command_line() {
    let place = Place::new();
    let weak = place.run_with_input(&["user", "add", "anna", "--role", "Administrator", "--password-stdin"], "short");
    assert_eq!(code(&weak), 3);
    let made =
        place.run_with_input(&["user", "add", "anna", "--role", "administrator", "--password-stdin"], "long enough\n");
    assert_eq!(code(&made), 0);
    assert_eq!(code(&place.run(&["user", "passwd", "anna"])), 3, "nobody is there to be asked");
    assert_eq!(code(&place.run(&["user", "disable", "anna"])), 3, "the last administrator");
    assert_eq!(json(&place.run(&["--json", "user", "list"]))[0]["name"], "anna");
    let elsewhere = format!("sqlite:{}", place.0.path().join("other.db").display());
    let said_last =
        ["user", "add", "otto", "--role", "Viewer", "--password-stdin", "--checkpoint-connection", &elsewhere];
    assert_eq!(code(&place.run_with_input(&said_last, "long enough")), 0);
    assert_eq!(json(&place.run(&["--json", "user", "list"])).as_array().unwrap().len(), 1);
}

#[test]
fn secrets_are_kept_apart_from_the_project_and_never_shown() {
    let place = Place::new();
    std::fs::create_dir_all(place.project().join("connections")).unwrap();
    let file = place.project().join("connections/warehouse.json");
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(r#"{{"host": "127.0.0.1", "port": {unused}, "database": "d", "user": "u"}}"#);
    std::fs::write(&file, format!(r#"{{"format": 1, "kind": "postgres", "settings": {settings}}}"#)).unwrap();
    let seen = |output: &Output| {
        let text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned();
        assert!(!text.contains("hunter2"), "{text}");
        text
    };
    let set = place.run_with_input(&["secret", "set", "warehouse", "password", "--project", "project"], "hunter2\n");
    assert!(set.status.success() && seen(&set).contains("warehouse.password is set"), "{}", seen(&set));
    let list = place.run(&["--json", "secret", "list", "--project", "project"]);
    let listed: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(
        listed,
        serde_json::json!([
            {"connection": "warehouse", "field": "password", "set": true},
            {"connection": "warehouse", "field": "clientCertificate", "set": false},
        ])
    );
    let test = place.run(&["--json", "connection", "test", "warehouse", "--project", "project"]);
    let tested: Value = serde_json::from_slice(&test.stdout).unwrap();
    assert_eq!((test.status.code(), &tested["error"]["code"]), (Some(1), &Value::from("sql/cannot-connect")));
    seen(&test);
    let unknown = place.run(&["connection", "schema", "nowhere", "--project", "project"]);
    assert_eq!(unknown.status.code(), Some(3));
    assert!(seen(&unknown).contains("it has warehouse"), "{}", seen(&unknown));
    let wrong = place.run_with_input(&["secret", "set", "warehouse", "host", "--project", "project"], "hunter2");
    assert!(seen(&wrong).contains("secret/unknown-field"));
    assert!(
        seen(&place.run(&["secret", "remove", "warehouse", "password", "--project", "project"])).contains("forgotten")
    );
    assert!(!std::fs::read_to_string(&file).unwrap().contains("hunter2"));
}

/// A flow that sends orders from a file to a server, and keeps those that the server did not take.
const SEND: &str = r#"{
  "format": 1,
  "components": [
    {"id": "start-1", "type": "Start", "name": "Start", "properties": {"Inputs": [{"name": "month", "type": "Text"}]}},
    {"id": "fileread-1", "type": "FileRead", "name": "Orders", "properties": {"Path": "in/${month}.csv"}},
    {"id": "filter-1", "type": "Filter", "name": "Paid", "properties": {"Condition": "total > 0"}},
    {"id": "log-1", "type": "Log", "name": "Note", "properties": {"Message": "orders of ${month}"}},
    {"id": "httprequest-1", "type": "HttpRequest", "name": "Send",
     "properties": {"Connection": "shop", "Path": "/orders", "RetryPause": 0.001}},
    {"id": "filewrite-1", "type": "FileWrite", "name": "Rest", "properties": {"Path": "storage:rest.csv"}},
    {"id": "end-1", "type": "End", "name": "End"}
  ],
  "links": [
    {"from": "start-1.out", "to": "fileread-1.in"},
    {"from": "fileread-1.out", "to": "filter-1.in"},
    {"from": "filter-1.out", "to": "log-1.in"},
    {"from": "filter-1.rejected", "to": "filewrite-1.in"},
    {"from": "log-1.out", "to": "httprequest-1.in"},
    {"from": "httprequest-1.out", "to": "end-1.in"}
  ]
}"#;

const SEND_TEST: &str = r#"{
  "about": "Two orders, one of them not paid",
  "flow": "send",
  "inputs": {"month": "May"},
  "files": {"in/May.csv": "id,total\n1,12.5\n2,0\n"},
  "connections": {"shop": {"answers": [{"status": 503, "times": 1}, {"path": "/ord*", "status": 201, "body": {"taken": 1}}]}},
  "expect": {
    "reply": [{"status": 201}],
    "records": {"Orders": {"count": 2, "first": [{"id": 1}]}, "Paid": [{"id": 1, "total": 12.5}], "filter-1.rejected": [{"id": 2}]},
    "requests": {"shop": [{"method": "POST"}, {"path": "/orders", "body": [{"id": 1, "total": 12.5}]}]},
    "files": {"storage:rest.csv": "id,total\n2,0.0\n", "storage:none.csv": null},
    "log": ["orders of May"]
  }
}"#;

fn place_with_tests(tests: &[(&str, &str)]) -> Place {
    let place = Place::new();
    place.write_flow("send", SEND);
    for folder in ["connections", "tests"] {
        std::fs::create_dir_all(place.project().join(folder)).unwrap();
    }
    let shop = r#"{"format": 1, "kind": "http", "settings": {"url": "https://shop.example"}}"#;
    std::fs::write(place.project().join("connections/shop.json"), shop).unwrap();
    for (name, text) in tests {
        std::fs::write(place.project().join(format!("tests/{name}.test.json")), text).unwrap();
    }
    place
}

#[test]
fn a_flow_test_runs_the_real_flow_with_other_files_and_connections() {
    let double = r#"{"flow": "double", "inputs": {"number": 21}, "expect": {"reply": [{"double": 42}]}}"#;
    let place = place_with_tests(&[("send", SEND_TEST), ("double", double)]);
    let tested = place.run(&["test", "project", "--junit", "report.xml"]);
    assert_eq!(code(&tested), 0, "{}", text(&tested));
    assert!(text(&tested).contains("2 passed, 0 failed"), "{}", text(&tested));
    let junit = std::fs::read_to_string(place.0.path().join("report.xml")).unwrap();
    assert!(junit.contains(r#"<testcase name="double" classname="double""#), "{junit}");
    let one = json(&place.run(&["--json", "test", "project", "dou"]));
    assert_eq!((&one["passed"], &one["tests"][0]["name"]), (&Value::from(1), &Value::from("double")));
    assert!(!place.project().join("in").exists(), "nothing is written into the project");
}

#[test]
fn a_flow_test_sees_the_records_of_an_error_that_the_flow_handles() {
    let flow = r#"{"format": 1, "components": [
        {"id": "start-1", "type": "Start", "name": "Start", "properties": {"Inputs": [{"name": "n", "type": "Integer"}]}},
        {"id": "mapper-1", "type": "Mapper", "name": "Share", "properties": {"Fields": [{"field": "share", "expression": "12 / n"}]}},
        {"id": "end-1", "type": "End", "name": "End"},
        {"id": "log-1", "type": "Log", "name": "Note", "properties": {"Message": "no share"}}
    ], "links": [
        {"from": "mapper-1.error", "to": "log-1.in"},
        {"from": "mapper-1.out", "to": "end-1.in"},
        {"from": "start-1.out", "to": "mapper-1.in"}
    ]}"#;
    let handled = r#"{"flow": "share", "inputs": {"n": 0}, "expect": {"records": {
        "Share.error": [{"code": "data/evaluate", "component": "Share", "row": 1, "n": 0}]
    }}}"#;
    let well = r#"{"flow": "share", "inputs": {"n": 3}, "expect": {"records": {"Share.error": {"count": 0}}}}"#;
    let place = place_with_tests(&[("handled", handled), ("well", well)]);
    place.write_flow("share", flow);
    let tested = text(&place.run(&["test", "project", "--jobs", "1"]));
    assert!(tested.contains("✓ handled") && tested.contains("nothing left there; it put out out"), "{tested}");
}

#[test]
fn a_flow_test_that_fails_says_what_differs_and_where() {
    let wrong = SEND_TEST
        .replace("\"reply\": [{\"status\": 201}]", "\"reply\": [{\"status\": 200}]")
        .replace("\"first\": [{\"id\": 1}]", "\"first\": [{\"id\": 7}]")
        .replace("id,total\\n2,0.0\\n\", \"storage:none", "id,total\\n3,0.0\\n\", \"storage:none");
    let no_answer = SEND_TEST.replace("/ord*", "/other");
    let error = r#"{"flow": "double", "inputs": {"number": "many"}, "expect": {"error": {"code": "input/*", "message": "number"}}}"#;
    let unknown = r#"{"flow": "double", "inputs": {}, "expects": {}}"#;
    let place =
        place_with_tests(&[("wrong", &wrong), ("no-answer", &no_answer), ("error", error), ("unknown", unknown)]);
    let tested = place.run(&["test", "project", "--jobs", "1"]);
    assert_eq!(code(&tested), 1, "{}", text(&tested));
    let told = text(&tested);
    for part in [
        "✓ error",
        "✗ no-answer",
        "requests to shop\n        expected: a request that the test has an answer for\n        found:    POST /orders",
        "✗ wrong",
        "reply[0].status\n        expected: 200\n        found:    201",
        "records at Orders: first[0].id\n        expected: 7\n        found:    1",
        "file storage:rest.csv, line 2\n        expected: “3,0.0”\n        found:    “2,0.0”",
        "unknown field `expects`",
        "1 passed, 3 failed",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let failed = json(&place.run(&["--json", "test", "project", "wrong"]));
    assert_eq!(failed["tests"][0]["differences"][0]["place"], "reply[0].status");
    assert_eq!(code(&place.run(&["test", "project", "nothing"])), 3);
}

#[test]
fn run_traces_the_first_records_on_every_link() {
    let place = place_with_tests(&[]);
    std::fs::create_dir(place.project().join("in")).unwrap();
    std::fs::write(place.project().join("in/May.csv"), "id,total\n1,0\n2,0\n").unwrap();
    let traced = place.run(&["run", "project", "send", "-i", "month=May", "--trace", "--storage", "storage"]);
    let told = text(&traced);
    assert!(told.contains("rejected → Rest: 2 records\n        {\"id\":\"1\""), "{told}");
    let events = place.run(&["--json", "run", "project", "send", "-i", "month=May", "--trace", "--storage", "storage"]);
    let events: Vec<Value> = text(&events).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let finished = events.iter().find(|event| event["component"] == "fileread-1" && event["ms"].is_number()).unwrap();
    assert_eq!(finished["outlets"][0]["to"], serde_json::json!(["filter-1.in"]));
    assert_eq!(finished["outlets"][0]["first"][1]["id"], "2");
    let logged = events.iter().find(|event| event["event"] == "logged").unwrap();
    assert_eq!(logged["message"], "Note: orders of May");
}
