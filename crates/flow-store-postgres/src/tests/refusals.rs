//! What cannot be a checkpoint database is refused, with the way out.

use super::{until, with_schema};
use crate::{PostgresAddress, PostgresStore};
use test_postgres::Server;

async fn refusal(address: &str) -> (String, String) {
    let address: PostgresAddress = address.parse().unwrap();
    let error = PostgresStore::open(&address).await.err().expect("it must be refused");
    (error.code().to_owned(), error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_is_encrypted_to_a_server_whose_certificate_is_known() {
    let server = Server::start_encrypted();
    server.sql("postgres", "CREATE DATABASE test_0");
    let address = format!("postgres://cairn@127.0.0.1:{}/test_0?sslmode=verify-full", server.port());
    let (code, text) = refusal(&address).await;
    assert!(code == "store/unavailable" && text.contains("sslrootcert"), "{text}");
    let known: PostgresAddress = format!("{address}&sslrootcert={}", server.certificate().display()).parse().unwrap();
    let _store = PostgresStore::open(&known).await.unwrap();
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name LIKE 'cairn-%'";
    assert_eq!(server.sql("postgres", encrypted), "t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_checkpoint_database_is_refused() {
    let server = Server::start();
    let address = server.database();
    drop(PostgresStore::open(&address.parse().unwrap()).await.unwrap());

    let (code, text) = refusal(&server.address("cairn", "nowhere")).await;
    assert!(code == "store/unavailable" && text.contains("nowhere") && text.contains("create it"), "{text}");
    let (code, text) = refusal(&server.address("nobody", "test_0")).await;
    assert!(code == "store/unavailable" && text.contains("nobody"), "{text}");
    let (code, text) = refusal("postgres://cairn:hunter2@127.0.0.1:1/cairn?sslmode=disable").await;
    assert!(code == "store/unavailable" && text.contains("127.0.0.1:1") && !text.contains("hunter2"), "{text}");

    server.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let (_, text) = refusal(&server.address("cairn", "latin")).await;
    assert!(text.contains("UTF8"), "{text}");

    server.sql("postgres", "CREATE DATABASE others");
    server.sql("others", "CREATE TABLE customer (id int)");
    let (code, text) = refusal(&server.address("cairn", "others")).await;
    assert!(code == "store/conflict" && text.contains("schema of its own"), "{text}");
    // In a schema of its own it may live there, too.
    server.sql("others", "CREATE SCHEMA cairn");
    let beside = format!("{}?options=-csearch_path%3Dcairn", server.address("cairn", "others"));
    drop(PostgresStore::open(&beside.parse().unwrap()).await.unwrap());

    server.sql("postgres", "CREATE ROLE reader LOGIN");
    server.sql("postgres", "CREATE DATABASE fresh");
    let (code, text) = refusal(&server.address("reader", "fresh")).await;
    assert!(code == "store/unavailable" && text.contains("create tables"), "{text}");
    let (code, text) = refusal(&server.address("reader", "test_0")).await;
    assert!(code == "store/unavailable" && text.contains("permission denied"), "{text}");

    server.sql("test_0", "INSERT INTO migration VALUES (999, 'from the future', 0)");
    drop(PostgresStore::open(&address.parse().unwrap()).await.expect("it still serves this release"));
    server.sql("test_0", "UPDATE cluster SET value = '999' WHERE key = 'serves-schema'");
    let (code, text) = refusal(&address).await;
    assert!(code == "store/newer-schema" && text.contains("999"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_and_shown_nowhere() {
    let server = with_schema(Server::start_listening()).await;
    server.sql("postgres", "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'correct-horse'");
    let rules = server.sql("postgres", "SHOW hba_file");
    let all = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("host all guarded all scram-sha-256\n{all}")).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()");
    let with = |password: &str| -> PostgresAddress {
        format!("postgres://guarded:{password}@127.0.0.1:{}/test_0", server.port()).parse().unwrap()
    };
    // The rules are read again soon, not at once.
    until(async || PostgresStore::open(&with("hunter2")).await.is_err()).await;
    let error = PostgresStore::open(&with("hunter2")).await.err().expect("it must be refused");
    let text = error.to_string();
    assert!(error.code() == "store/unavailable" && text.contains("check the account and its password"), "{text}");
    assert!(text.contains("guarded") && !text.contains("hunter2"), "{text}");
    drop(PostgresStore::open(&with("correct-horse")).await.unwrap());
}
