//! Bad input gets a clear error at its place; nothing is lost and nothing is half-written.

use flow_api::{Client, Login, NewProject, Update};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use system_tests::cluster::{TestCluster, user, user_on};
use system_tests::project::{TestProject, sqlite_connection};
use system_tests::{Tested, program};

/// Exit status of a command that could not be carried out (`cairn --help`).
const COULD_NOT: i32 = 3;

fn cairn(arguments: &[&str]) -> Output {
    Command::new(program("cairn")).args(arguments).output().expect("cairn runs")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A flow that reads `data/orders.csv` and writes what `expression` makes of it to a table.
fn import_flow(expression: &str) -> String {
    json!({
        "format": 1,
        "components": [
            {"id": "start-1", "type": "Start", "name": "Start"},
            {"id": "read-1", "type": "FileRead", "name": "Read orders", "properties": {"Path": "project:data/orders.csv"}},
            {"id": "mapper-1", "type": "Mapper", "name": "Double", "properties": {"Fields": [{"field": "twice", "expression": expression}]}},
            {"id": "put-1", "type": "SqlPut", "name": "Store", "properties": {"Connection": "ledger", "Table": "twice", "CreateTable": true}},
        ],
        "links": [
            {"from": "start-1.out", "to": "read-1.in"},
            {"from": "read-1.out", "to": "mapper-1.in"},
            {"from": "mapper-1.out", "to": "put-1.in"},
        ],
    })
    .to_string()
}

fn project_with(folder: &Path, flow: &str, orders: &str) -> TestProject {
    let files = [
        ("flows/import.flow.json", flow.to_owned()),
        ("flows/good.flow.json", import_flow("amount * 2")),
        ("data/orders.csv", orders.to_owned()),
        ("connections/ledger.json", sqlite_connection("storage:ledger.db")),
    ];
    TestProject::new(folder, "orders", &files)
}

#[test]
fn a_broken_flow_is_named_by_line_and_never_hides_the_good_ones() -> Tested {
    let folder = tempfile::tempdir()?;
    let project =
        project_with(folder.path(), "{\n  \"format\": 1,\n  \"components\": [,\n", "order_id,amount\n1,2.5\n");
    let path = project.folder.to_string_lossy().into_owned();

    let checked = cairn(&["check", &path]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked).contains("flows/import.flow.json"), "{}", text(&checked));
    assert!(text(&checked).contains("line 3"), "{}", text(&checked));

    let run = cairn(&["run", &path, "good"]);
    assert!(run.status.success(), "{}", text(&run));
    Ok(())
}

#[test]
fn an_expression_with_a_typo_is_named_with_its_component_and_the_nearest_field() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = project_with(folder.path(), &import_flow("amuont * 2"), "order_id,amount\n1,2.5\n");
    let path = project.folder.to_string_lossy().into_owned();

    let checked = cairn(&["check", "--json", &path]);
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked);
    for part in ["mapper-1", "Fields", "amuont", "amount"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    Ok(())
}

#[test]
fn a_ragged_row_is_named_and_nothing_of_the_file_is_stored() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = project_with(folder.path(), &import_flow("amount * 2"), "order_id,amount\n1,2.5\n2\n3,4.5\n");
    let run = cairn(&["run", &project.folder.to_string_lossy(), "import"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run).contains("Read orders") && text(&run).contains("row 2"), "{}", text(&run));
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_saying_which_part_was_wrong() -> Tested {
    let folder = tempfile::tempdir()?;
    let cluster = TestCluster::start(folder.path(), &["lone"]);
    let address = &cluster.server("lone").address;
    let mut answers = Vec::new();
    for name in ["admin", "nobody"] {
        let login = Login { name: name.into(), password: "not the password".into() };
        let refused = Client::sign_in(address, &login, "test").await.expect_err("it is refused");
        answers.push((refused.code().to_owned(), refused.to_string()));
    }
    assert_eq!(answers[0].0, "auth/wrong-password");
    assert_eq!(answers[0], answers[1]);
    Ok(())
}

fn serve(folder: &Path, listen: &str, storage: &Path) -> Output {
    let database = format!("sqlite:{}", folder.join("cairn.db").display());
    let (storage, state) = (storage.to_string_lossy(), folder.join("state"));
    let state = state.to_string_lossy();
    cairn(&[
        "serve",
        "--listen",
        listen,
        "--checkpoint-connection",
        &database,
        "--checkpoint-storage",
        &storage,
        "--state",
        &state,
    ])
}

#[test]
fn a_port_in_use_is_named_and_the_server_does_not_join() -> Tested {
    let folder = tempfile::tempdir()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let refused = serve(folder.path(), &address, &folder.path().join("storage"));
    assert_eq!(refused.status.code(), Some(COULD_NOT));
    assert!(text(&refused).contains(&address) && text(&refused).contains("serve/port-in-use"), "{}", text(&refused));
    Ok(())
}

#[test]
fn a_storage_that_cannot_be_written_is_refused_at_the_start() -> Tested {
    let folder = tempfile::tempdir()?;
    // A file where the folder should be: root may write to any folder, but not below a file.
    let storage = folder.path().join("a-file/storage");
    std::fs::write(folder.path().join("a-file"), "not a folder")?;
    let refused = serve(folder.path(), "127.0.0.1:0", &storage);
    assert_eq!(refused.status.code(), Some(COULD_NOT));
    assert!(text(&refused).contains("a-file/storage"), "{}", text(&refused));
    Ok(())
}

#[tokio::test]
async fn a_remote_that_cannot_be_reached_is_named_and_the_server_keeps_its_version() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = project_with(folder.path(), &import_flow("amount * 2"), "order_id,amount\n1,2.5\n");
    let cluster = TestCluster::start(folder.path(), &["lone"]);
    cluster.install("orders", &project.remote).await;
    let client = &cluster.server("lone").client;

    std::fs::rename(&project.remote, folder.path().join("away.git"))?;
    let refused = client.update("orders", &Update::default()).await.expect_err("there is no remote");
    assert_eq!(refused.code(), "vcs/unreachable");
    assert!(refused.to_string().contains("orders.git"), "{refused}");
    assert_eq!(client.flows("orders").await?.len(), 2, "the version from before is still there");

    let unknown = NewProject {
        name: "elsewhere".into(),
        repository: folder.path().join("nowhere.git").to_string_lossy().into_owned(),
        branch: "main".into(),
        folder: String::new(),
    };
    let added = client.add_project(&unknown).await;
    let refused = match added {
        Ok(_) => client.update("elsewhere", &Update::default()).await.expect_err("there is no remote"),
        Err(refused) => refused,
    };
    assert_eq!(refused.code(), "vcs/unreachable");
    Ok(())
}

#[tokio::test]
async fn inputs_that_do_not_fit_the_declaration_are_refused_by_name() -> Tested {
    let folder = tempfile::tempdir()?;
    let project = TestProject::sample(folder.path(), "http://127.0.0.1:9");
    let cluster = TestCluster::start(folder.path(), &["lone"]);
    cluster.install("orders", &project.remote).await;
    let client = &cluster.server("lone").client;
    for (inputs, name) in [(json!({"month": 7}), "month"), (json!({"moon": "1997-01"}), "moon")] {
        let wish: flow_api::NewRequests =
            serde_json::from_value(json!({"project": "orders", "flow": "order-import", "inputs": inputs}))?;
        let refused = client.create_requests(&wish, None).await.expect_err("it does not fit");
        assert!(refused.to_string().contains(name), "{refused}");
    }
    assert_eq!(client.request_counts().await?.values().sum::<u64>(), 0);
    Ok(())
}

#[test]
fn a_mistyped_database_path_makes_no_new_database() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mistyped.db");
    let connection = format!("sqlite:{}", path.display());
    let listed = cairn(&["user", "list", "--checkpoint-connection", &connection]);
    assert_eq!(listed.status.code(), Some(COULD_NOT));
    assert!(!path.exists());
    user(&path, &["add", "admin", "--role", "Administrator", "--password-stdin"], Some("a long enough password"));
    let listed = cairn(&["user", "list", "--json", "--checkpoint-connection", &connection]);
    let accounts: Value = serde_json::from_slice(&listed.stdout)?;
    assert_eq!(accounts[0]["name"], "admin");
    Ok(())
}

/// What `cairn serve` says of a database of PostgreSQL that it refuses: the code, and the text with the way out.
fn serve_refuses(folder: &Path, connection: &str) -> (String, String) {
    let ran = Command::new(program("cairn"))
        .args(["--json", "serve", "--listen", "127.0.0.1:0", "--checkpoint-connection", connection])
        .arg("--checkpoint-storage")
        .arg(folder.join("storage"))
        .arg("--state")
        .arg(folder.join("state"))
        .arg("--key-file")
        .arg(folder.join("key"))
        .output()
        .expect("cairn runs");
    assert_eq!(ran.status.code(), Some(COULD_NOT), "{}", text(&ran));
    let said = text(&ran);
    let line =
        said.lines().find_map(|line| serde_json::from_str::<Value>(line).ok().filter(|line| line["error"].is_object()));
    let error = line.unwrap_or_else(|| panic!("no error is told: {said}"))["error"].clone();
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (part("code"), part("message"))
}

#[test]
fn a_server_refuses_a_postgres_database_that_it_cannot_work_on_and_names_the_way_out() -> Tested {
    let (database, folder) = (test_postgres::Server::start(), tempfile::tempdir()?);
    let address = database.database();
    user_on(&address, &["add", "admin", "--role", "Administrator", "--password-stdin"], Some("a long enough password"));
    let refused = |connection: &str| serve_refuses(folder.path(), connection);

    let (code, said) = refused("postgres://cairn:hunter2@127.0.0.1:1/cairn?sslmode=disable");
    assert_eq!(code, "store/unavailable", "{said}");
    assert!(said.contains("127.0.0.1:1") && !said.contains("hunter2"), "{said}");
    assert!(said.contains("check the address, and that the database runs"), "{said}");

    let (code, said) = refused(&database.address("cairn", "nowhere"));
    assert!(code == "store/unavailable" && said.contains("nowhere") && said.contains("create it"), "{said}");

    database.sql("postgres", "CREATE ROLE reader LOGIN");
    database.sql("postgres", "CREATE DATABASE fresh");
    let (code, said) = refused(&database.address("reader", "fresh"));
    assert!(code == "store/unavailable" && said.contains("create tables"), "{said}");
    let (code, said) = refused(&database.address("reader", "test_0"));
    assert!(code == "store/unavailable" && said.contains("permission denied"), "{said}");
    assert!(said.contains("the account needs to create tables"), "{said}");

    database.sql("test_0", "INSERT INTO migration VALUES (999, 'from the future', 0)");
    database.sql("test_0", "UPDATE cluster SET value = '999' WHERE key = 'serves-schema'");
    let (code, said) = refused(&address);
    assert!(code == "store/newer-schema" && said.contains("999") && said.contains("use a newer release"), "{said}");
    Ok(())
}
