//! `cairn store copy`: a cluster moves from one checkpoint database to another, in both directions; and checkpoint storage in a
//! bucket, which it may move to.

use crate::store::Story;
use flow_api::RequestState;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use system_tests::process::signal;
use system_tests::wait::until;
use system_tests::{Tested, program};
use test_postgres::Server;
use test_s3::Service;

fn copy(from: &str, to: &str, storage: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(program("cairn"));
    command.args(["--json", "store", "copy", "--from", from, "--to", to, "--storage"]).arg(storage).args(more);
    command
}

/// Its exit status and what it printed.
fn run(command: &mut Command) -> (i32, Value) {
    let ran = command.output().expect("cairn runs");
    let printed = if ran.stdout.is_empty() { ran.stderr } else { ran.stdout };
    let text = String::from_utf8_lossy(&printed).into_owned();
    let last = text.lines().last().unwrap_or_default();
    let value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{command:?} printed {text}: {error}"));
    (ran.status.code().unwrap_or(-1), value)
}

fn refused(command: &mut Command) -> String {
    let (status, printed) = run(command);
    assert_eq!(status, 3, "{printed}");
    printed["error"]["code"].as_str().expect("a code").to_owned()
}

/// A server on a database and a storage, that is not to start.
fn serve(folder: &Path, connection: &str, storage: &Path) -> Command {
    let mut command = Command::new(program("cairn"));
    command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--checkpoint-connection", connection]);
    command.arg("--checkpoint-storage").arg(storage);
    command.arg("--key-file").arg(folder.join("other.key")).arg("--state").arg(folder.join("other"));
    command
}

fn rows(copied: &Value, table: &str) -> i64 {
    let tables = copied["tables"].as_array().expect("tables");
    tables.iter().find(|found| found["table"] == table).and_then(|found| found["rows"].as_i64()).expect("a table")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_moves_to_postgres_and_back_with_all_that_it_has() -> Tested {
    let database = Server::start();
    let postgres = database.database();
    let mut story = Story::begin(&["first", "second"]).await?;
    let folder = story.cluster.folder.clone();
    let embedded = format!("sqlite:{}", folder.join("cairn.db").display());
    let storage = folder.join("storage");
    let ended = story.cluster.server("second").request("stored", "quick", json!({}), 3).await;
    for request in &ended {
        story.cluster.server("second").until_ended(request.id).await;
    }
    let held = story.hold("first", 2).await;
    let before = story.cluster.server("second").client.request(ended[0].id).await?;

    let code = refused(&mut copy(&embedded, &postgres, &storage, &[]));
    assert_eq!(code, "store/live-servers");
    // The owner of what is held last, or another would take it over before it is killed itself.
    for server in story.cluster.servers.iter_mut().rev() {
        server.kill();
    }
    let (status, copied) = run(&mut copy(&embedded, &postgres, &storage, &[]));
    assert_eq!(status, 0, "{copied}");
    assert_eq!((rows(&copied, "request"), rows(&copied, "project"), rows(&copied, "account")), (5, 1, 1));
    assert_eq!((&copied["storage"]["objects"], &copied["storage"]["copied"]), (&json!(4), &json!(false)));
    assert_eq!(refused(&mut serve(&folder, &embedded, &storage)), "store/moved");
    assert_eq!(refused(&mut copy(&embedded, &database.database(), &storage, &[])), "store/moved");

    // The same servers go on: token, project, requests and all.
    let mut moved = story.cluster.moved_to(&postgres, &folder);
    moved.add_server("first");
    moved.add_server("second");
    story.endpoint.until_calls(4).await;
    story.endpoint.open();
    for id in &held {
        let request = moved.server("second").until_ended(*id).await;
        assert_eq!((request.state, request.attempt), (RequestState::Finished, 2));
    }
    assert_eq!(moved.server("first").client.request(ended[0].id).await?, before, "what had ended is as it was");
    let next = moved.server("first").request("stored", "quick", json!({}), 1).await.remove(0);
    assert_eq!(next.id, held.iter().max().expect("requests") + 1, "no id is given twice");
    let last = moved.server("first").until_ended(next.id).await;
    assert_eq!(last.state, RequestState::Finished);
    moved.servers.clear();

    // And back, into another file and another storage.
    let elsewhere = tempfile::tempdir()?;
    let other_storage = elsewhere.path().join("storage");
    let back = format!("sqlite:{}", elsewhere.path().join("cairn.db").display());
    let key = folder.join("cairn.db.key");
    let more = ["--to-storage", &*other_storage.to_string_lossy(), "--key-file", &*key.to_string_lossy()];
    let (status, copied) = run(&mut copy(&postgres, &back, &storage, &more));
    assert_eq!((status, rows(&copied, "request")), (0, 6), "{copied}");
    assert_eq!((&copied["storage"]["objects"], &copied["storage"]["copied"]), (&json!(4), &json!(true)));
    let mut check = Command::new(program("cairn"));
    check
        .args(["--json", "store", "check", "--checkpoint-connection", &back, "--checkpoint-storage"])
        .arg(&other_storage);
    let (status, checked) = run(&mut check);
    assert_eq!((status, &checked["problems"], &checked["requests"]), (0, &json!([]), &json!(6)), "{checked}");
    let mut home = story.cluster.moved_to(&back, elsewhere.path());
    home.add_server("first");
    assert_eq!(home.server("first").client.request(ended[0].id).await?.saved_points, before.saved_points);
    let request = home.server("first").request("stored", "quick", json!({}), 1).await.remove(0);
    assert_eq!(home.server("first").until_ended(request.id).await.state, RequestState::Finished);

    // Who regrets it takes it back.
    let mut reopen = Command::new(program("cairn"));
    let (status, reopened) = run(reopen.args(["--json", "store", "reopen", "--checkpoint-connection", &postgres]));
    assert_eq!((status, &reopened["reopened"]), (0, &json!(true)));
    assert_eq!(refused(&mut serve(&folder, &postgres, &other_storage)), "storage/another");
    Ok(())
}

/// The file of an embedded database.
fn file_of(address: &str) -> Option<&str> {
    address.strip_prefix("sqlite:")
}

/// The name of a database on PostgreSQL.
fn name_of(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or_default()
}

/// How many entries the audit trail in an embedded database has.
fn entries_in(file: &str) -> rusqlite::Result<i64> {
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    file.query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
}

/// All rows of all tables of an embedded database.
fn rows_in(file: &str) -> rusqlite::Result<Vec<String>> {
    let file = Connection::open(file)?;
    let mut names = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names = names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut all = Vec::new();
    for name in names {
        let mut table = file.prepare(&format!("SELECT * FROM \"{name}\""))?;
        let columns = table.column_count();
        let mut rows = table.query([])?;
        while let Some(row) = rows.next()? {
            let row = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Cell>>>()?;
            all.push(format!("{name} {row:?}"));
        }
    }
    Ok(all)
}

/// A hash of the rows of each table of a database on PostgreSQL.
const HASHES: &str = "
    SELECT string_agg(query_to_xml(format('SELECT %L AS name, md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %I t',
                                          relname, relname), true, true, '')::text, '' ORDER BY relname)
    FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_stopped_changes_nothing_for_servers_and_goes_on() -> Tested {
    const ENTRIES: i64 = 60_000;
    let database = Server::start();
    let postgres = database.database();
    let mut story = Story::begin(&["first"]).await?;
    let folder = story.cluster.folder.clone();
    let embedded = format!("sqlite:{}", folder.join("cairn.db").display());
    let storage = folder.join("storage");
    story.endpoint.open();
    let request = story.hold("first", 1).await.remove(0);
    story.cluster.server("first").until_ended(request).await;
    story.cluster.servers.clear();
    {
        let file = Connection::open(folder.join("cairn.db"))?;
        let sql = "INSERT INTO audit (at, account, action, subject, detail, address)
                   WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                   SELECT i, 'admin', 'tested', 'number ' || i, '', '' FROM n";
        file.execute(sql, [ENTRIES])?;
    }

    let there = |address: &str| -> i64 {
        if let Some(file) = file_of(address) {
            return entries_in(file).unwrap_or(0);
        }
        let sql = "SELECT CASE WHEN to_regclass('audit') IS NULL THEN 0 ELSE
                   (xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM audit', true, true, '')))[1]::text::bigint
                   END";
        database.sql(name_of(address), sql).parse().unwrap_or(0)
    };
    let stop_half_way = async |from: &str, to: &str| {
        let mut copying = copy(from, to, &storage, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        until("some rows are there", async || (there(to) > 0).then_some(())).await;
        copying.kill()?;
        copying.wait()?;
        assert!(there(to) < ENTRIES, "it was stopped half way");
        Ok::<_, std::io::Error>(())
    };
    let source = folder.join("cairn.db").display().to_string();
    let untouched = rows_in(&source)?;
    stop_half_way(&embedded, &postgres).await?;
    assert!(rows_in(&source)? == untouched, "the source has changed");
    assert_eq!(refused(&mut serve(&folder, &postgres, &storage)), "store/copy-incomplete");
    let elsewhere = tempfile::tempdir()?;
    let other = format!("sqlite:{}", elsewhere.path().join("cairn.db").display());
    let mut story_of_another = Command::new(program("cairn"));
    let made =
        story_of_another.args(["user", "add", "admin", "--role", "Administrator", "--checkpoint-connection", &other]);
    made.arg("--password-stdin").stdin(Stdio::piped()).stdout(Stdio::null());
    let mut made = made.spawn()?;
    std::io::Write::write_all(&mut made.stdin.take().expect("its input"), b"correct horse battery staple")?;
    assert!(made.wait()?.success());
    assert_eq!(refused(&mut copy(&other, &postgres, &storage, &[])), "store/not-empty", "part of another copy");
    assert_eq!(refused(&mut copy(&embedded, &other, &storage, &[])), "store/not-empty");

    // Nothing has changed for the source.
    story.cluster.add_server("first");
    assert_eq!(refused(&mut copy(&embedded, &postgres, &storage, &[])), "store/live-servers");
    story.cluster.servers.clear();
    let before = there(&postgres);
    let (status, copied) = run(&mut copy(&embedded, &postgres, &storage, &[]));
    assert_eq!(status, 0, "{copied}");
    assert!(before > 0 && rows(&copied, "audit") >= ENTRIES && rows(&copied, "request") == 1, "{copied}");

    // The same back.
    let back = format!("sqlite:{}", elsewhere.path().join("back.db").display());
    let untouched = database.sql(name_of(&postgres), HASHES);
    stop_half_way(&postgres, &back).await?;
    assert_eq!(database.sql(name_of(&postgres), HASHES), untouched, "the source has changed");
    assert_eq!(refused(&mut serve(&folder, &back, &storage)), "store/copy-incomplete");
    let (status, copied) = run(&mut copy(&postgres, &back, &storage, &[]));
    assert_eq!(status, 0, "{copied}");
    assert!(rows(&copied, "audit") >= ENTRIES && rows(&copied, "request") == 1, "{copied}");

    // What is changed between two parts of a copy is found.
    let mut reopen = Command::new(program("cairn"));
    let (status, _) = run(reopen.args(["--json", "store", "reopen", "--checkpoint-connection", &embedded]));
    assert_eq!(status, 0);
    let fresh = database.database();
    stop_half_way(&embedded, &fresh).await?;
    let file = Connection::open(folder.join("cairn.db"))?;
    file.execute("UPDATE audit SET detail = 'changed' WHERE id = (SELECT min(id) FROM audit)", [])?;
    assert_eq!(refused(&mut copy(&embedded, &fresh, &storage, &[])), "store/copy-differs");
    assert_eq!(refused(&mut serve(&folder, &fresh, &storage)), "store/copy-incomplete");

    // So is a server that is started on the source while the copy is made.
    let fresh = database.database();
    let mut copying = copy(&embedded, &fresh, &storage, &[]);
    let copying = copying.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    until("some rows are there", async || (there(&fresh) > 0).then_some(())).await;
    let pid = i32::try_from(copying.id())?;
    signal(pid, libc::SIGSTOP);
    assert!(there(&fresh) < ENTRIES, "it was stopped half way");
    story.cluster.add_server("first");
    signal(pid, libc::SIGCONT);
    let ended = tokio::task::spawn_blocking(move || copying.wait_with_output()).await??;
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(3) && told.contains("store/live-servers"), "{told}");
    assert_eq!(refused(&mut serve(&folder, &fresh, &storage)), "store/copy-incomplete");
    story.cluster.servers.clear();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_its_objects_in_a_bucket_and_moves_them_to_a_folder() -> Tested {
    let (service, database) = (Service::start(), Server::start());
    let bucket = service.storage("kept");
    let credentials = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];
    let credentials = credentials.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut story = Story::begin_in(Some(&bucket), &["first", "second"], &credentials).await?;
    let folder = story.cluster.folder.clone();
    let held = story.hold("first", 2).await;
    // Two Checkpoints and the input of the call, each an object of its own here, and equal bytes too.
    assert_eq!(service.listing("kept/objects").matches("<Key>").count(), 6);
    assert!(!folder.join("storage").exists(), "nothing is in a folder");

    // The survivor goes on from them.
    story.cluster.server_mut("first").kill();
    story.endpoint.until_calls(4).await;
    story.endpoint.open();
    for id in &held {
        let ended = story.cluster.server("second").until_ended(*id).await;
        assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    }

    // What needs a folder says so.
    let (first, second) = (story.cluster.server("first"), story.cluster.server("second"));
    let query = flow_api::ServerLogQuery::default();
    assert!(second.client.server_log(&second.id, &query).await.is_ok());
    let error = second.client.server_log(&first.id, &query).await.expect_err("it is elsewhere");
    assert_eq!(error.code(), "storage/no-folder");
    let mut check = Command::new(program("cairn"));
    let embedded = format!("sqlite:{}", folder.join("cairn.db").display());
    check.args(["--json", "store", "check", "--checkpoint-connection", &embedded, "--checkpoint-storage", &bucket]);
    assert_eq!(refused(&mut check), "storage/no-folder");
    story.cluster.servers.clear();
    for name in ["first", "second"] {
        assert!(!story.cluster.log_of(name).contains("hunter2"), "no secret is in a log");
    }

    // Without credentials, or with another bucket, no server starts.
    let elsewhere = service.storage("elsewhere");
    let mut other = serve(&folder, &embedded, Path::new(&elsewhere));
    assert_eq!(refused(other.envs(credentials.clone())), "storage/another");

    let (postgres, other_storage) = (database.database(), folder.join("storage"));
    let more = ["--to-storage", &*other_storage.to_string_lossy()];
    let mut copying = copy(&embedded, &postgres, Path::new(&bucket), &more);
    let (status, copied) = run(copying.envs(credentials));
    assert_eq!((status, &copied["storage"]["objects"]), (0, &json!(6)), "{copied}");
    let mut moved = story.cluster.moved_to(&postgres, &folder);
    moved.add_server("first");
    for id in held {
        let again = moved.server("first").client.re_execute(id).await;
        assert!(again.is_err() || moved.server("first").until_ended(id).await.state == RequestState::Finished);
    }
    Ok(())
}
