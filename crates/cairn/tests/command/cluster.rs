//! The commands that act on a cluster, against real servers.

use super::{DOUBLE, Place, Server, code, json, text};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long something may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(90);
pub const PASSWORD: &str = "long enough";

/// A cluster with the project `numbers`, and an administrator who is signed in.
pub struct Cluster {
    pub place: Place,
    servers: Vec<Server>,
}

impl Cluster {
    pub fn start(flows: &[(&str, &str)], servers: &[&str]) -> Self {
        Self::start_in(Place::new(), flows, servers)
    }

    pub fn start_in(place: Place, flows: &[(&str, &str)], servers: &[&str]) -> Self {
        for (name, flow) in flows {
            place.write_flow(name, flow);
        }
        let repository = place.publish();
        // Before the first server, which would make an account by itself.
        let made = ["user", "add", "anna", "--role", "Administrator", "--password-stdin"];
        assert_eq!(code(&place.run_with_input(&made, PASSWORD)), 0);
        let servers = servers.iter().map(|name| place.serve_as(name)).collect();
        let cluster = Self { place, servers };
        assert_eq!(code(&cluster.sign_in("anna", PASSWORD)), 0);
        for arguments in [&["project", "add", "numbers", &*repository.to_string_lossy()][..], &["update", "numbers"]] {
            let done = cluster.run(arguments);
            assert_eq!(code(&done), 0, "{arguments:?}: {}", text(&done));
        }
        cluster
    }

    pub fn address(&self) -> &str {
        &self.servers[0].address
    }

    /// Runs a command of somebody who has no access to the database.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.place.command(arguments);
        command.env_remove("CAIRN_CHECKPOINT_CONNECTION");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that needs no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        json(&self.run(&[&["--json"][..], arguments].concat()))
    }

    /// The token of whoever is signed in.
    pub fn token(&self) -> String {
        let kept = std::fs::read_to_string(self.place.0.path().join("config/tokens.json")).unwrap();
        let kept: Value = serde_json::from_str(&kept).unwrap();
        let tokens = kept.as_object().unwrap().values().find_map(Value::as_str);
        tokens.expect("somebody is signed in").to_owned()
    }

    fn sign_in(&self, account: &str, password: &str) -> Output {
        self.run_with_input(&["login", self.address(), "--account", account, "--password-stdin"], password)
    }

    fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.place.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn who_signs_in_once_acts_on_that_cluster_until_signing_out() {
    let cluster = Cluster::start(&[], &["north"]);
    let who = cluster.json(&["whoami"]);
    assert_eq!((&who["session"]["account"]["name"], &who["server"]), (&json!("anna"), &json!(cluster.address())));
    let kept = std::fs::read_to_string(cluster.place.0.path().join("config/tokens.json")).unwrap();
    assert!(!kept.contains(PASSWORD), "the password is not kept");

    let tokens = cluster.json(&["user", "tokens", "anna"]);
    let names: Vec<_> = tokens.as_array().unwrap().iter().filter_map(|token| token["name"].as_str()).collect();
    assert!(
        names.iter().any(|name| name.starts_with("cairn login")),
        "the token says which program made it: {names:?}"
    );

    let wrong = cluster.sign_in("anna", "not the password");
    assert_eq!(code(&wrong), 3);
    assert!(text(&wrong).contains("auth/wrong-password"), "{}", text(&wrong));
    assert_eq!(code(&cluster.run(&["request", "list"])), 0, "the sign-in before still counts");

    assert_eq!(code(&cluster.run(&["logout"])), 0);
    let after = cluster.run(&["request", "list", "--server", cluster.address()]);
    assert_eq!(code(&after), 3);
    assert!(text(&after).contains("token/missing") && text(&after).contains("cairn login"), "{}", text(&after));
    let token = kept.split('"').nth(3).unwrap();
    let mut stolen = cluster.place.command(&["request", "list", "--server", cluster.address()]);
    let stolen = stolen.env("CAIRN_TOKEN", token).output().unwrap();
    assert!(text(&stolen).contains("auth/required"), "the token is revoked: {}", text(&stolen));
}

/// Answers HTTP calls from when it is told to. Before, it keeps callers waiting.
struct Holding {
    url: String,
    calls: Arc<AtomicUsize>,
    released: Arc<AtomicBool>,
}

impl Holding {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let holding = Self { url, calls: Arc::default(), released: Arc::default() };
        let (calls, released) = (Arc::clone(&holding.calls), Arc::clone(&holding.released));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, released) = (stream.unwrap(), Arc::clone(&released));
                calls.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    while !released.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    let head =
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nConnection: close";
                    let _ = write!(stream, "{head}\r\n\r\n{{\"ok\": 1}}");
                });
            }
        });
        holding
    }
}

#[test]
fn what_waits_and_follows_goes_on_with_another_server_when_one_dies() {
    let flow = r#"{"format": 1, "components": [
        {"id": "start-1", "type": "Start", "name": "Start", "properties": {"OtherServerRetry": true, "BeginCheckpoint": "Use"}},
        {"id": "hold-1", "type": "HttpRequest", "name": "Hold", "properties": {"Connection": "hold", "Path": "/"}},
        {"id": "end-1", "type": "End", "name": "End"}
    ], "links": [{"from": "hold-1.out", "to": "end-1.in"}, {"from": "start-1.out", "to": "hold-1.in"}]}"#;
    let holding = Holding::start();
    let place = Place::new();
    std::fs::create_dir_all(place.project().join("connections")).unwrap();
    let connection = format!(r#"{{"format": 1, "kind": "http", "settings": {{"url": "{}"}}}}"#, holding.url);
    std::fs::write(place.project().join("connections/hold.json"), connection).unwrap();
    let mut cluster = Cluster::start_in(place, &[("hold", flow)], &["north", "south"]);

    let waiting = cluster.begin(&["--json", "request", "start", "numbers", "hold", "--wait"]);
    until("the request calls", || (holding.calls.load(Ordering::SeqCst) > 0).then_some(()));
    let following = cluster.begin(&["request", "log", "1", "--follow"]);
    let shown = cluster.json(&["request", "show", "1"]);
    assert_eq!(shown["request"]["owner"]["name"], "north");
    cluster.servers.remove(0);
    holding.released.store(true, Ordering::SeqCst);

    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(code(&waited), 0, "{}", text(&waited));
    let request = &json(&waited)["requests"][0];
    assert_eq!((&request["state"], &request["owner"]["name"]), (&json!("Finished"), &json!("south")));
    let followed = following.wait_with_output().unwrap();
    assert_eq!(code(&followed), 0, "{}", text(&followed));
    let lines: Vec<String> = text(&followed).lines().map(str::to_owned).collect();
    assert!(lines.iter().any(|line| line.contains(" south #2 ")), "{lines:#?}");
    let mut once = lines.clone();
    once.dedup();
    assert_eq!(once, lines, "no entry is told twice");

    let servers = cluster.json(&["server", "list"]);
    let north = servers.as_array().unwrap().iter().find(|server| server["name"] == "north").unwrap();
    assert_eq!(north["state"], "Terminated", "{servers}");
    let listed = text(&cluster.run(&["server", "list"]));
    assert!(listed.contains("taken over by south"), "{listed}");
    let top = cluster.json(&["top", "--once", "--interval", "0.2"]);
    assert_eq!((&top["takeovers"][0]["lost"], &top["takeovers"][0]["survivor"]), (&json!("north"), &json!("south")));
}

#[test]
fn servers_are_updated_named_and_their_logs_read() {
    let cluster = Cluster::start(&[], &["north", "south"]);
    let checked = cluster.run(&["update", "numbers", "--check"]);
    assert_eq!(code(&checked), 0, "{}", text(&checked));
    cluster.place.write_flow("double", &DOUBLE.replace("* 2", "* 3"));
    cluster.place.push("Triple");
    let one = cluster.json(&["update", "numbers", "--only", "south"]);
    assert_eq!(one["servers"].as_array().unwrap().len(), 1, "{one}");
    let drifted = cluster.run(&["update", "numbers", "--check"]);
    assert_eq!(code(&drifted), 1, "{}", text(&drifted));
    let all = cluster.json(&["update", "numbers"]);
    assert_eq!((all["commit"] == one["commit"], all["servers"].as_array().unwrap().len()), (true, 2), "{all}");
    assert_eq!(code(&cluster.run(&["update", "numbers", "--check"])), 0);
    let unknown = cluster.run(&["update", "numbers", "--commit", "0000000000000000000000000000000000000000"]);
    assert_eq!(code(&unknown), 1, "{}", text(&unknown));
    assert!(text(&unknown).contains("vcs/no-such-commit"), "{}", text(&unknown));
    let history = cluster.run(&["project", "history", "numbers"]);
    assert!(text(&history).contains("Triple") && text(&history).contains("Fields of “Double”"), "{}", text(&history));
    assert_eq!(code(&cluster.run(&["project", "test", "numbers"])), 0);

    assert_eq!(code(&cluster.run(&["server", "rename", "south", "west"])), 0);
    let servers = cluster.json(&["server", "list"]);
    let names: Vec<&str> = servers.as_array().unwrap().iter().filter_map(|server| server["name"].as_str()).collect();
    assert_eq!(names, ["north", "west"]);
    let log = cluster.run(&["server", "log", "west"]);
    assert!(code(&log) == 0 && !text(&log).trim().is_empty(), "{}", text(&log));
    let nobody = cluster.run(&["server", "log", "east"]);
    assert!(code(&nobody) == 3 && text(&nobody).contains("it has north, west"), "{}", text(&nobody));
}

#[test]
fn top_looks_once_for_scripts_and_needs_a_terminal_otherwise() {
    let cluster = Cluster::start(&[], &["north"]);
    cluster.run(&["request", "start", "numbers", "double", "-i", "number=4", "--wait"]);
    let look = cluster.json(&["top", "--once", "--interval", "0.2"]);
    assert_eq!((&look["counts"]["Finished"], &look["servers"][0]["state"]), (&json!(1), &json!("Running")), "{look}");
    assert!(look["endedPerSecond"].is_number() && look["requests"].is_array(), "{look}");
    let told = text(&cluster.run(&["top", "--once", "--interval", "0.2"]));
    assert!(told.contains("Finished 1") && told.contains("north *"), "{told}");
    let live = cluster.run(&["top"]);
    assert!(code(&live) == 3 && text(&live).contains("top/no-terminal"), "{}", text(&live));
}

#[test]
fn accounts_are_managed_over_a_server() {
    let cluster = Cluster::start(&[], &["north"]);
    let made = cluster.run_with_input(&["user", "add", "otto", "--role", "viewer", "--password-stdin"], PASSWORD);
    assert_eq!(code(&made), 0, "{}", text(&made));
    assert_eq!(cluster.json(&["user", "role", "otto", "Operator"])["role"], "Operator");
    assert_eq!(cluster.json(&["user", "list"]).as_array().unwrap().len(), 2);
    let foreign = cluster.run(&["user", "token", "otto"]);
    assert!(code(&foreign) == 3 && text(&foreign).contains("user/other-account"), "{}", text(&foreign));

    let reset = cluster.json(&["user", "reset", "otto"]);
    let password = reset["password"].as_str().unwrap();
    let expired = cluster.sign_in("otto", password);
    assert!(code(&expired) == 3 && text(&expired).contains("auth/password-expired"), "{}", text(&expired));
    let two_lines = format!("{password}\nanother long one");
    let changed = cluster.run_with_input(&["user", "passwd", "otto", "--password-stdin"], &two_lines);
    assert_eq!(code(&changed), 0, "{}", text(&changed));
    assert_eq!(code(&cluster.sign_in("otto", "another long one")), 0);

    assert_eq!(code(&cluster.sign_in("anna", PASSWORD)), 0);
    let reset = cluster.json(&["user", "reset", "otto"]);
    let two_lines = format!("{}\na third long one", reset["password"].as_str().unwrap());
    let chosen = cluster.sign_in("otto", &two_lines);
    assert_eq!(code(&chosen), 0, "{}", text(&chosen));

    let refused = cluster.run(&["user", "list"]);
    assert!(code(&refused) == 3 && text(&refused).contains("auth/forbidden"), "{}", text(&refused));
    let token = cluster.run(&["user", "token", "otto", "--for", "a program", "--write", "otto.token"]);
    assert_eq!(code(&token), 0, "{}", text(&token));
    let by_token = cluster.json(&["whoami", "--server", cluster.address(), "--token-file", "otto.token"]);
    assert_eq!(by_token["session"]["account"]["role"], "Operator");
    let tokens = cluster.json(&["user", "tokens", "otto"]);
    let is_for_it = |token: &&Value| token["name"] == "a program";
    let id = tokens.as_array().unwrap().iter().find(is_for_it).unwrap()["id"].to_string();
    assert_eq!(code(&cluster.run(&["user", "revoke", &id])), 0);
    assert_eq!(code(&cluster.run(&["whoami", "--token-file", "otto.token"])), 3);
}

#[test]
fn triggers_are_listed_switched_and_fired_from_the_command_line() {
    let place = Place::new();
    let folder = place.project().join("triggers");
    std::fs::create_dir_all(&folder).unwrap();
    let trigger = json!({"format": 1, "id": "trigger-nightly", "kind": "schedule", "flow": "double", "enabled": false,
        "inputs": {"number": 21}, "properties": {"Cron": "30 6 * * *", "TimeZone": "Europe/Berlin"}});
    std::fs::write(folder.join("nightly.trigger.json"), trigger.to_string()).unwrap();
    let cluster = Cluster::start_in(place, &[], &["one"]);
    let begun = Instant::now();
    let listed = loop {
        let listed = cluster.json(&["trigger", "list"]);
        if listed.as_array().is_some_and(|all| !all.is_empty()) {
            break listed;
        }
        assert!(begun.elapsed() < PATIENCE, "{listed}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(
        (&listed[0]["name"], &listed[0]["on"], &listed[0]["fired"]),
        (&json!("nightly"), &json!(false), &json!(0))
    );
    let next = cluster.run(&["trigger", "next", "numbers", "nightly", "--count", "3"]);
    assert_eq!(text(&next).lines().filter(|line| line.contains(", 06:30 ")).count(), 3, "{}", text(&next));
    let fired = cluster.json(&["trigger", "fire", "numbers", "nightly"]);
    assert_eq!(fired["trigger"], "schedule nightly");
    let firings = cluster.json(&["trigger", "firings", "numbers", "trigger-nightly"]);
    assert_eq!(firings[0]["request"], fired["id"]);
    assert_eq!(cluster.json(&["trigger", "on", "numbers", "nightly"])["on"], true);
    let told = cluster.run(&["trigger", "list", "numbers"]);
    assert!(code(&told) == 0 && text(&told).contains("nightly"), "{}", text(&told));
    assert_eq!(cluster.json(&["trigger", "off", "numbers", "nightly"])["on"], false);
    let missing = cluster.run(&["trigger", "off", "numbers", "gone"]);
    assert!(code(&missing) == 3 && text(&missing).contains("trigger/not-found"), "{}", text(&missing));
}
