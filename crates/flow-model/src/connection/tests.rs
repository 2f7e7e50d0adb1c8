use super::*;
use serde_json::json;

#[test]
fn a_connection_has_the_fields_of_its_kind_and_no_others() {
    for (text, code, part) in [
        (r#"{"kind": "sqlit", "settings": {}}"#, "connection/unknown-kind", "sqlite, postgres, mysql, http"),
        (r#"{"kind": "sqlite", "settings": {}}"#, "connection/missing-field", "“path” is missing"),
        (r#"{"kind": "sqlite", "settings": {"path": ""}}"#, "connection/missing-field", "“path” is missing"),
        (r#"{"kind": "sqlite", "settings": {"path": 7}}"#, "connection/field-type", "“path” must be a text"),
        (r#"{"kind": "sqlite", "settings": {"path": "x", "url": "y"}}"#, "connection/unknown-field", "it has path"),
        (
            r#"{"kind": "postgres", "settings": {"host": "h", "database": "d", "user": "u", "port": 0}}"#,
            "connection/field-type",
            "from 1 to 65535",
        ),
        (
            r#"{"kind": "postgres", "settings": {"host": "h", "database": "d", "user": "u", "tls": "on"}}"#,
            "connection/field-type",
            "verify, require, disable",
        ),
        (r#"{"kind": "http", "settings": {"url": "x", "rate": 0}}"#, "connection/field-type", "above 0"),
    ] {
        let error = Connection::from_json("w", text).expect_err(text);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let text = r#"{"kind": "http", "settings": {"url": "x", "token": "hunter2"}}"#;
    let error = Connection::from_json("w", text).expect_err("is refused");
    assert_eq!((error.code(), error.field()), ("connection/secret-in-file", Some("token")));
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_neither_printed_nor_written() {
    let connection = Connection::new("w", "postgres").with("host", "db").with_secret("password", "hunter2");
    assert_eq!(connection.secret("password"), Some("hunter2"));
    let seen = format!("{connection:?} {} {}", connection.to_json(), json!(connection));
    assert!(!seen.contains("hunter2") && seen.contains("Secret(…)"), "{seen}");
    assert_eq!(connection.secret_fields().collect::<Vec<_>>(), ["password", "clientCertificate"]);
}

#[test]
fn every_problem_is_found_at_its_field() {
    let connection = Connection::new("w", "mysql").with("port", "x").with("password", "p").with("user", "u");
    let fields: Vec<_> = connection.problems().iter().map(|problem| problem.field().map(str::to_owned)).collect();
    let expected = ["password", "port", "host", "database"];
    assert_eq!(fields, expected.map(|field| Some(field.to_owned())));
}

#[test]
fn an_address_tells_where_a_connection_leads() {
    let postgres = Connection::new("w", "postgres").with("host", "db.example.org").with("database", "sales");
    for (connection, address) in [
        (Connection::new("w", "sqlite").with("path", "storage:w.db"), "storage:w.db"),
        (Connection::new("w", "http").with("url", "http://x"), "http://x"),
        (postgres.clone().with("port", 5433), "db.example.org:5433/sales"),
        (postgres, "db.example.org/sales"),
    ] {
        assert_eq!(connection.address(), address);
    }
}
