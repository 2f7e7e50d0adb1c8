//! TLS to databases: with a certificate that nobody has signed, and with certificates of the clients.

use super::servers::{Server, make_certificate, make_client_certificate};
use super::{Place, get, nothing};
use crate::database::IfMissing;
use crate::testing::{Bench, outlet, rows};
use crate::{Databases, test_connection};
use flow_model::Connection;
use serde_json::{Value, json};
use std::path::Path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_of_a_postgres_is_checked_unless_said_otherwise() {
    let server = Server::postgres_with("scram-sha-256", |folder| {
        let files = settings(folder, "ssl_key_file=", "ssl_cert_file=");
        [vec!["ssl=on".to_owned()], files].concat()
    });
    let found = checked(server, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await;
    assert_eq!(found, json!([{"ssl": true}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_of_a_mariadb_is_checked_unless_said_otherwise() {
    let server = Server::mariadb_with(|folder| settings(folder, "--ssl-key=", "--ssl-cert="));
    let query = "SELECT variable_value <> '' AS encrypted FROM information_schema.session_status \
                 WHERE variable_name = 'Ssl_cipher'";
    let found = checked(server, query).await;
    assert!(found[0]["encrypted"] == json!("1") || found[0]["encrypted"] == json!(1), "{found}");
}

fn settings(folder: &Path, key: &str, certificate: &str) -> Vec<String> {
    make_certificate(folder);
    vec![
        format!("{key}{}", folder.join("key.pem").display()),
        format!("{certificate}{}", folder.join("certificate.pem").display()),
    ]
}

/// Connects in every way, and asks the query over an encrypted line.
async fn checked(server: Server, query: &str) -> Value {
    let certificate = std::fs::read(server.folder.path().join("certificate.pem")).unwrap();
    let place = Place::of(server);
    let bench = || Bench::new().with_project_file("ca.pem", certificate.clone()).with_project_file("no.pem", "nothing");
    let with = |tls: &str| place.connection.clone().with("tls", tls);
    let trusted = || with("verify").with("ca", "project:ca.pem");
    let ways: [(Connection, Result<(), &str>); 6] = [
        (trusted(), Ok(())),
        (with("require"), Ok(())),
        (with("disable"), Ok(())),
        (with("verify"), Err("sql/tls")),
        (with("verify").with("ca", "project:no.pem"), Err("sql/tls")),
        (trusted().with("host", "localhost"), Err("sql/tls")),
    ];
    let tester = bench();
    for (connection, expected) in ways {
        let tested = test_connection(&Databases::default(), &connection, &tester).await;
        let tested = tested.map(drop).map_err(|error| error.code);
        assert_eq!(tested, expected.map_err(str::to_owned), "{connection:?}");
    }
    let outcome = bench().with(trusted()).run(&get(query), nothing()).await.unwrap();
    rows(outlet(&outcome, "out"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_knows_this_client_by_its_certificate() {
    let server = Server::postgres_with("scram-sha-256", |folder| {
        let files = settings(folder, "ssl_key_file=", "ssl_cert_file=");
        make_client_certificate(folder, "cairn");
        // The password alone is only good for preparing the database, which happens without TLS.
        let access = folder.join("access.conf");
        std::fs::write(&access, "hostssl all cairn all cert\nhostnossl all cairn all scram-sha-256\n").unwrap();
        let authority = format!("ssl_ca_file={}", folder.join("authority.pem").display());
        [vec!["ssl=on".to_owned(), authority, format!("hba_file={}", access.display())], files].concat()
    });
    let query = "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(known_by_certificate(server, query).await, json!([{"client_dn": "/CN=cairn"}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_knows_this_client_by_its_certificate() {
    let server = Server::mariadb_with(|folder| {
        let files = settings(folder, "--ssl-key=", "--ssl-cert=");
        make_client_certificate(folder, "cairn");
        [vec![format!("--ssl-ca={}", folder.join("authority.pem").display())], files].concat()
    });
    let services = Bench::new();
    let databases = Databases::default();
    let mut session = databases.open(&server.connection(), &services, IfMissing::Refuse).await.unwrap();
    session.run("ALTER USER 'cairn'@'%' REQUIRE SUBJECT '/CN=cairn'").await.unwrap();
    drop(session);
    let query = "SELECT substring_index(current_user(), '@', 1) AS who";
    assert_eq!(known_by_certificate(server, query).await, json!([{"who": "cairn"}]));
}

/// Connects with and without certificates, and asks the query with the right one.
async fn known_by_certificate(server: Server, query: &str) -> Value {
    let file = |name: &str| std::fs::read_to_string(server.folder.path().join(name)).unwrap();
    let (certificate, key) = (file("client.pem"), file("client-key.pem"));
    let other = format!("{}{}", file("certificate.pem"), file("key.pem"));
    let bench = Bench::new().with_project_file("ca.pem", file("certificate.pem"));
    let connection = server.connection();
    let trusted = || connection.clone().with("tls", "verify").with("ca", "project:ca.pem");
    let shown = |text: &str| trusted().with_secret("clientCertificate", text);
    let good = format!("{certificate}{key}");
    let refused = ["sql/tls", "sql/access-denied"];
    let unfit = ["sql/tls"];
    let ways: [(&str, Connection, &[&str]); 7] = [
        ("the right one", shown(&good), &[]),
        ("without checking the server", shown(&good).with("tls", "require").with("ca", Value::Null), &[]),
        ("none", trusted(), &refused),
        ("one of another authority", shown(&other), &refused),
        ("no PEM", shown("hunter2"), &unfit),
        ("no key", shown(&certificate), &unfit),
        ("the key of another", shown(&format!("{certificate}{}", file("key.pem"))), &unfit),
    ];
    for (way, connection, codes) in ways {
        let tested = test_connection(&Databases::default(), &connection, &bench).await;
        match tested {
            Ok(_) => assert!(codes.is_empty(), "{way}"),
            Err(error) => {
                assert!(codes.contains(&error.code.as_str()), "{way}: {} {}", error.code, error.message);
                assert!(
                    !error.message.contains("hunter2") && !error.message.contains("BEGIN"),
                    "{way}: {}",
                    error.message
                );
            }
        }
    }
    let outcome = bench.with(shown(&good)).run(&get(query), nothing()).await.unwrap();
    rows(outlet(&outcome, "out"))
}
