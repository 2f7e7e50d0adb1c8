//! What operators do: settings, the audit trail, git credentials, and every command of the guide for operators.

use super::cluster::{Cluster, PASSWORD};
use super::{DOUBLE, Place, code, json, text};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn settings_are_listed_changed_and_set_back_from_the_command_line() {
    let cluster = Cluster::start(&[], &["north", "south"]);
    let key = "retention.finished.days";
    let listed = text(&cluster.run(&["settings", "list"]));
    assert!(listed.lines().any(|line| line.contains(key) && line.contains("default")), "{listed}");
    let before = cluster.json(&["settings", "get", key]);

    let set = cluster.run(&["settings", "set", key, "17"]);
    assert_eq!(code(&set), 0, "{}", text(&set));
    assert!(text(&set).contains("17 days (cluster); it holds from now on"), "{}", text(&set));
    assert_eq!(text(&cluster.run(&["settings", "get", key])).trim(), "17");
    let now = cluster.json(&["settings", "get", key]);
    assert_eq!((&now["source"], &now["changedBy"]), (&json!("cluster"), &json!("anna")));

    for wrong in ["soon", "1.5", ""] {
        let refused = cluster.run(&["settings", "set", key, wrong]);
        assert!(code(&refused) == 3 && text(&refused).contains("setting/value"), "{wrong}: {}", text(&refused));
    }
    let unknown = cluster.run(&["settings", "get", "retention.days"]);
    assert!(code(&unknown) == 3 && text(&unknown).contains("setting/not-found"), "{}", text(&unknown));
    assert!(text(&unknown).contains(key), "it says which there are");
    let fixed = cluster.run(&["settings", "set", "server.listen", "127.0.0.1:1"]);
    assert!(code(&fixed) == 3 && text(&fixed).contains("setting/fixed"), "{}", text(&fixed));

    assert_eq!(code(&cluster.run(&["settings", "reset", key])), 0);
    assert_eq!(cluster.json(&["settings", "get", key])["value"], before["value"]);
}

#[test]
fn the_audit_trail_is_read_and_filtered_from_the_command_line() {
    let cluster = Cluster::start(&[], &["north"]);
    cluster.run(&["settings", "set", "retention.error.days", "90"]);
    cluster.run_with_input(&["login", cluster.address(), "--account", "anna", "--password-stdin"], "not her password");
    let told = text(&cluster.run(&["audit"]));
    assert!(told.contains("login-refused") && told.contains("setting-changed"), "{told}");
    let changes = cluster.json(&["audit", "--action", "setting-changed", "--account", "anna", "--since", "1h"]);
    let [change] = &changes["items"].as_array().unwrap()[..] else { panic!("{changes}") };
    assert_eq!((&change["subject"], &change["detail"]), (&json!("retention.error.days"), &json!("90")));
    assert_eq!(cluster.json(&["audit", "--text", "nobody did this"])["items"], json!([]));

    let page = cluster.run(&["audit", "--limit", "1"]);
    let next = text(&page).lines().last().unwrap().trim_start_matches("more: --before ").to_owned();
    let rest = cluster.json(&["audit", "--before", &next]);
    assert!(rest["items"].as_array().unwrap().iter().all(|one| one["number"].as_u64() < next.parse().ok()), "{rest}");
}

#[test]
fn a_database_is_compacted_while_its_servers_work() {
    let cluster = Cluster::start(&[], &["north"]);
    let compact = |more: &[&str]| {
        let mut command = cluster.place.command(&[&["--json", "store", "compact"][..], more].concat());
        command.stdin(Stdio::null()).output().unwrap()
    };
    for number in 0..20 {
        let days = (number + 1).to_string();
        assert_eq!(code(&cluster.run(&["settings", "set", "retention.error.days", &days])), 0);
    }
    let done = compact(&[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    let (before, after) = (&json(&done)["beforeBytes"], &json(&done)["afterBytes"]);
    assert!(after.as_u64() > Some(0) && after.as_u64() <= before.as_u64(), "{before} {after}");
    // Nothing was lost, and the server reads and writes on.
    assert_eq!(cluster.json(&["settings", "get", "retention.error.days"])["value"], json!(20));
    assert_eq!(code(&cluster.run(&["settings", "set", "retention.error.days", "7"])), 0);

    let missing = compact(&["--checkpoint-connection", "sqlite:/nowhere/at/all.db"]);
    assert!(code(&missing) == 3 && text(&missing).contains("cairn/no-database"), "{}", text(&missing));
    let other = compact(&["--checkpoint-connection", "postgres://nobody@127.0.0.1:1/none"]);
    assert!(code(&other) == 3 && text(&other).contains("store/postgres"), "{}", text(&other));
}

#[test]
fn maintenance_is_begun_and_ended_from_the_command_line() {
    let cluster = Cluster::start(&[("double", DOUBLE)], &["north"]);
    assert!(text(&cluster.run(&["server", "maintenance"])).contains("Not in maintenance"));
    assert_eq!(cluster.json(&["server", "maintenance", "on"])["value"], json!(true));
    let refused = cluster.run(&["request", "start", "numbers", "double", "-i", "number=4"]);
    assert!(code(&refused) == 3 && text(&refused).contains("server/maintenance"), "{}", text(&refused));
    assert!(text(&cluster.run(&["server", "maintenance"])).contains("In maintenance"));
    assert!(text(&cluster.run(&["server", "maintenance", "off"])).contains("Not in maintenance"));
}

#[test]
fn git_credentials_are_set_tried_and_removed_from_the_command_line_and_never_shown() {
    let cluster = Cluster::start(&[], &["north"]);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = unused.to_string();
    assert!(text(&cluster.run(&["git-credential", "list"])).contains("no git credentials"));
    let nothing = cluster.run(&["git-credential", "set", &host]);
    assert!(code(&nothing) == 3 && text(&nothing).contains("secret/input"), "{}", text(&nothing));

    let set = cluster.run_with_input(&["--json", "git-credential", "set", &host, "--user", "anna"], "hunter2\n");
    assert_eq!(code(&set), 0, "{}", text(&set));
    assert_eq!((&json(&set)["host"], &json(&set)["kind"]), (&json!(host), &json!("token")));
    let key = cluster.place.0.path().join("key");
    std::fs::write(&key, "no key at all").unwrap();
    let wrong = cluster.run(&["git-credential", "set", "git.example.org", "--key", &key.to_string_lossy()]);
    assert_eq!(code(&wrong), 3, "{}", text(&wrong));
    let missing = cluster.run(&["git-credential", "set", "git.example.org", "--key", "nowhere"]);
    assert!(code(&missing) == 3 && text(&missing).contains("secret/input"), "{}", text(&missing));

    let listed = cluster.run(&["git-credential", "list"]);
    assert!(text(&listed).contains(&host) && text(&listed).contains("anna"), "{}", text(&listed));
    assert!(!text(&listed).contains("hunter2"));
    let tried = cluster.run(&["git-credential", "test", &format!("https://{host}/orders.git")]);
    assert_eq!(code(&tried), 1, "nobody listens there: {}", text(&tried));
    let repository = cluster.place.0.path().join("remote.git");
    let path = cluster.run(&["git-credential", "test", &repository.to_string_lossy(), "--branch", "main"]);
    assert_eq!(code(&path), 0, "{}", text(&path));

    assert_eq!(code(&cluster.run(&["git-credential", "remove", &host])), 0);
    assert_eq!(cluster.json(&["git-credential", "list"]), json!([]));
}

/// A flow that wants a month.
fn of_a_month() -> String {
    DOUBLE.replace(r#""name": "number", "type": "Integer""#, r#""name": "month", "type": "Text""#).replace(
        r#""field": "double", "expression": "number * 2""#,
        r#""field": "month", "expression": "CASE WHEN month = 'never' THEN CAST(CAST(month AS INT) AS TEXT) ELSE month END""#,
    )
}

/// The commands of the pages for operators: page, line.
fn commands_of_the_guide() -> Vec<(String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations");
    let pages = ["install", "cluster", "security", "updating", "watching", "loss", "backup", "triggers"];
    let mut found = Vec::new();
    for page in pages {
        let guide = std::fs::read_to_string(docs.join(format!("{page}.md"))).unwrap();
        for block in guide.split("```").skip(1).step_by(2) {
            for line in block.replace("\\\n", " ").lines() {
                if ["cairn ", "curl ", "export ", "printf "].iter().any(|begin| line.starts_with(begin)) {
                    found.push((page.to_owned(), without_remark(line)));
                }
            }
        }
    }
    found
}

/// A line without what is said about it behind.
fn without_remark(line: &str) -> String {
    let code = line.split(" | jq ").next().unwrap_or(line);
    code.split("   ").next().unwrap_or(code).trim().trim_end_matches('…').trim().to_owned()
}

/// What a command of the guide reads from standard input here, since nobody sits at it.
fn answers(line: &str) -> Option<String> {
    let asks = ["cairn user add ", "cairn login"].iter().any(|begin| line.starts_with(begin));
    (asks && !line.contains("administrator")).then(|| PASSWORD.to_owned())
}

#[test]
fn every_command_of_the_guide_for_operators_does_what_it_says() {
    let place = Place::new();
    // A trigger, which nobody but the page on triggers fires.
    let trigger = json!({"format": 1, "id": "trigger-nightly", "kind": "schedule", "flow": "order-import",
        "enabled": false, "inputs": {"month": "1997-03"}, "properties": {"Cron": "0 2 * * *"}});
    let triggers = place.project().join("triggers");
    std::fs::create_dir_all(&triggers).unwrap();
    std::fs::write(triggers.join("nightly.trigger.json"), trigger.to_string()).unwrap();
    let cluster = Cluster::start_in(place, &[("order-import", &of_a_month())], &["one", "two"]);
    let here = cluster.place.0.path().to_owned();
    // What the pages speak of: a request 17 that ended in Error, an account `ci`, its token number 3, and servers that
    // keep everything in one folder.
    let add =
        |name: &str| cluster.run_with_input(&["user", "add", name, "--role", "Operator", "--password-stdin"], PASSWORD);
    assert_eq!(code(&add("ci")), 0);
    let start = ["request", "start", "numbers", "order-import", "-i", "month=never", "--count", "17", "--wait"];
    assert_eq!(code(&cluster.run(&start)), 1);
    let repository = here.join("remote.git");
    // A key for ssh, as the page on security has one.
    std::fs::create_dir_all(here.join(".ssh")).unwrap();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(here.join(".ssh/cairn")).status();
    assert!(made.is_ok_and(|made| made.success()), "ssh-keygen; scripts/setup test installs it");

    let mut done = 0;
    for (page, line) in commands_of_the_guide() {
        let mut line = line
            .replace("https://git.example.org/orders.git", &repository.to_string_lossy())
            .replace("/var/lib/cairn", &here.to_string_lossy())
            .replace("http://127.0.0.1:7401", cluster.address())
            .replace("/backup/monday", &here.join("monday").to_string_lossy())
            .replace("~/", &format!("{}/", here.display()));
        let names_database = line.contains("checkpoint-connection") || line.starts_with("cairn store");
        // These work on the database, on its machine.
        let on_database =
            names_database || ["cairn user token", "cairn user revoke"].iter().any(|one| line.starts_with(one));
        let restores = line.starts_with("cairn store restore");
        if line.starts_with("export ") || line.contains("--account administrator") {
            continue;
        }
        if line.starts_with("cairn serve ") {
            line = format!("{} --print-config", line.replace("--config /etc/cairn/cairn.toml --print-config", ""));
        }
        if answers(&line).is_some() {
            line +=
                if line.starts_with("cairn login") { " --account anna --password-stdin" } else { " --password-stdin" };
        }
        // What follows for ever is looked at once.
        line = line.replace("server log one --level warning --follow", "server log one --level warning");
        let output = shell(&cluster, &line, on_database, restores.then(|| here.join("elsewhere")), answers(&line));
        let status = output.status.code();
        let said = text(&output);
        let expected = match line.as_str() {
            // A person's screen.
            "cairn top" => status == Some(3) && said.contains("top/no-terminal"),
            // The first administrator is there already.
            one if one.starts_with("cairn user add anna") => status == Some(3) && said.contains("store/conflict"),
            // It has ended; what is stalled is taken over in a test of the whole system.
            one if one.starts_with("cairn request take-over") => status == Some(3) && said.contains("request/state"),
            _ => status == Some(0),
        };
        assert!(expected, "{page}: {line}\n{status:?}: {said}");
        done += 1;
    }
    assert!(done > 30, "the pages are read: {done}");
}

/// Runs a line as a shell does. With `elsewhere`, database and storage are there.
fn shell(
    cluster: &Cluster,
    line: &str,
    on_database: bool,
    elsewhere: Option<PathBuf>,
    input: Option<String>,
) -> std::process::Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_cairn")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let like = cluster.place.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(cluster.place.0.path());
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("PATH", path);
    if line.starts_with("curl ") {
        command.env("CAIRN_TOKEN", cluster.token());
    }
    command.env("TOKEN", "a token for a git host");
    if !on_database {
        command.env_remove("CAIRN_CHECKPOINT_CONNECTION");
    }
    if let Some(folder) = elsewhere {
        command.env("CAIRN_CHECKPOINT_CONNECTION", format!("sqlite:{}", folder.join("cairn.db").display()));
        command.env("CAIRN_CHECKPOINT_STORAGE", folder.join("storage"));
        std::fs::create_dir_all(&folder).unwrap();
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let Some(input) = input {
        use std::io::Write;
        // A command that needs no input may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    }
    drop(child.stdin.take());
    child.wait_with_output().unwrap()
}
