//! TLS to databases, with a certificate that nobody has signed.

use super::servers::{Server, make_certificate};
use super::{Place, get, nothing};
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
