//! Databases that are gone, refuse, or go away in the middle of it.

use super::proxy::Proxy;
use super::servers::{PASSWORD, Server};
use super::{CONNECTION, Place, get, nothing, numbers, put};
use crate::testing::{Bench, outlet};
use crate::{Databases, test_connection};
use flow_model::Connection;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_drops_the_connection_leaves_nothing_half_written() {
    drops_the_connection(Server::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_drops_the_connection_leaves_nothing_half_written() {
    drops_the_connection(Server::mariadb()).await;
}

async fn drops_the_connection(server: Server) {
    let proxy = Proxy::to(server.port()).await;
    let direct = Place::of(server);
    let bench = Bench::new().with(direct.connection.clone().with("port", proxy.port));
    direct.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (0, 0)").await;
    let component = put("t", "Upsert").with("ExactlyOnce", true);
    let prepared = crate::testing::prepare(&component);
    let input = numbers(1, 50_000);
    // While it connects, while it writes, and with the commit in reach.
    for bytes in [100, 1_000, 20_000, 200_000, 500_000] {
        proxy.cut_after(bytes);
        let error = bench.run_prepared(prepared.as_ref(), input.clone(), false).await.unwrap_err();
        let is_lost =
            ["sql/connection-lost", "sql/cannot-connect", "sql/commit-unknown"].contains(&error.code.as_str());
        assert!(is_lost && error.retryable, "after {bytes} bytes: {} {error}", error.code);
        assert!(!error.message.contains(PASSWORD), "{error}");
        assert_eq!(direct.query("SELECT id FROM t").await, json!([{"id": 0}]), "after {bytes} bytes");
        proxy.mend();
    }
    // The same component, with the connections it kept, goes on once the line is whole.
    let outcome = bench.run_prepared(prepared.as_ref(), input.clone(), false).await.unwrap();
    assert_eq!(outcome.note.as_deref(), Some("50,000 records into t"));
    let outcome = bench.run_prepared(prepared.as_ref(), input, false).await.unwrap();
    assert!(outcome.note.unwrap().contains("nothing is written twice"));
    assert_eq!(direct.query("SELECT id FROM t").await.as_array().unwrap().len(), 50_001);

    // A query whose answer breaks off is an error, and never a shorter answer.
    let prepared = crate::testing::prepare(&get("SELECT a.id AS one, b.id AS two FROM t a, t b WHERE b.id < 200"));
    let reading = bench.run_prepared(prepared.as_ref(), nothing(), false);
    let cutting = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        proxy.cut_now();
    };
    let (read, ()) = tokio::join!(reading, cutting);
    assert_eq!(read.unwrap_err().code, "sql/connection-lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_or_entered_says_why() {
    let postgres = Server::postgres();
    let right = postgres.connection();
    let bench = Bench::new();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let wrong = |connection: Connection| connection.with_secret("password", "wrong-secret");
    for (connection, codes) in [
        (right.clone().with("port", unused), "sql/cannot-connect"),
        (wrong(right.clone()), "sql/access-denied"),
        (right.clone().with("database", "nowhere"), "sql/no-database"),
        (right.clone().with("tls", "require"), "sql/cannot-connect"),
        (
            Connection::new(CONNECTION, "mysql")
                .with("host", "127.0.0.1")
                .with("port", unused)
                .with("database", "d")
                .with("user", "u"),
            "sql/cannot-connect",
        ),
        (Connection::new(CONNECTION, "sqlite").with("path", "storage:nowhere.db"), "sql/no-database"),
        (Connection::new(CONNECTION, "sqlite").with("path", "project:x.db"), "file/not-found"),
        (Connection::new(CONNECTION, "sqlite"), "connection/missing-field"),
        (Connection::new(CONNECTION, "http").with("url", format!("http://127.0.0.1:{unused}")), "http/cannot-connect"),
    ] {
        let error = test_connection(&Databases::default(), &connection, &bench).await.unwrap_err();
        assert_eq!(error.code, codes, "{error}");
        let seen = format!("{error:?}");
        assert!(!seen.contains("wrong-secret") && !seen.contains(PASSWORD), "{seen}");
        assert_eq!(error.property.as_deref(), Some("Connection"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_is_told_to_end_does_not_wait_for_the_database() {
    let place = Place::postgres();
    place.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    let cancel = place.bench.cancel.clone();
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let component = get("SELECT pg_sleep(60)::text AS t");
    let (read, ()) = tokio::join!(place.bench.run(&component, nothing()), ending);
    assert_eq!(read.unwrap_err().code, crate::CANCELLED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_checked_unless_said_otherwise() {
    let server = Server::postgres_with("scram-sha-256", |folder| {
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(folder.join("key.pem"))
            .arg("-out")
            .arg(folder.join("certificate.pem"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let setting = |name: &str, file: &str| format!("{name}={}", folder.join(file).display());
        vec!["ssl=on".to_owned(), setting("ssl_key_file", "key.pem"), setting("ssl_cert_file", "certificate.pem")]
    });
    let certificate = std::fs::read(server.folder.path().join("certificate.pem")).unwrap();
    let place = Place::of(server);
    let bench = Bench::new().with_project_file("ca.pem", certificate).with_project_file("no.pem", "nothing");
    let with = |tls: &str| place.connection.clone().with("tls", tls);
    for (connection, expected) in [
        (with("verify").with("ca", "project:ca.pem"), Ok(())),
        (with("require"), Ok(())),
        (with("disable"), Ok(())),
        (with("verify"), Err("sql/tls")),
        (with("verify").with("ca", "project:no.pem"), Err("sql/tls")),
        (with("verify").with("ca", "project:ca.pem").with("host", "localhost"), Err("sql/tls")),
    ] {
        let tested = test_connection(&Databases::default(), &connection, &bench).await;
        let tested = tested.map(drop).map_err(|error| error.code);
        assert_eq!(tested, expected.map_err(str::to_owned), "{connection:?}");
    }
    let bench = bench.with(with("require"));
    let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let outcome = bench.run(&get(query), nothing()).await.unwrap();
    assert_eq!(crate::testing::rows(outlet(&outcome, "out")), json!([{"ssl": true}]));
}
