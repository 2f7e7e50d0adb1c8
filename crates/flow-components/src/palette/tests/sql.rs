//! SQL Put on real SQLite databases.

use crate::testing::{Bench, outlet, stream};
use crate::{ComponentError, MAY_NOT_ACT};
use flow_model::Component;
use rusqlite::Connection;
use serde_json::json;

fn bench() -> Bench {
    Bench::new().with_connection("warehouse", "sqlite", &[("path", "storage:warehouse.db")])
}

fn database(bench: &Bench, sql: &str) -> Connection {
    let connection = Connection::open(bench.storage("warehouse.db")).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

fn put(table: &str) -> Component {
    Component::new("SqlPut", "Put").with("Connection", "warehouse").with("Table", table)
}

fn all(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns)
            .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
            .collect::<Result<Vec<_>, _>>()
            .map(|row| row.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

async fn refused(bench: &Bench, component: &Component, csv: &str) -> ComponentError {
    bench.run(component, stream(csv)).await.unwrap_err()
}

#[tokio::test]
async fn records_go_to_the_columns_of_the_same_name() {
    let bench = bench();
    let connection = database(
        &bench,
        "CREATE TABLE \"my orders\" (ID INTEGER PRIMARY KEY, name TEXT, paid, at TEXT, price REAL, extra TEXT DEFAULT 'none')",
    );
    let input = stream("id,name,paid,at,price\n1,Ada,true,2024-02-29,2.5\n2,,false,2024-03-01,3\n");
    let outcome = bench.run(&put("my orders"), input.clone()).await.unwrap();
    assert_eq!(outlet(&outcome, "out"), &input);
    assert_eq!(outcome.note.as_deref(), Some("2 records into my orders"));
    let types = all(
        &connection,
        "SELECT id, name, typeof(name), paid, at, price, typeof(price), extra FROM \"my orders\" ORDER BY id",
    );
    assert!(types[0].starts_with("Integer(1) Text("), "{types:?}");
    let texts = all(
        &connection,
        "SELECT concat_ws('|', id, coalesce(name, 'null'), paid, at, price, extra) = '1|Ada|1|2024-02-29|2.5|none' FROM \"my orders\" LIMIT 1",
    );
    assert_eq!(texts, ["Integer(1)"]);
    assert_eq!(all(&connection, "SELECT count(*) FROM \"my orders\" WHERE name IS NULL"), ["Integer(1)"]);
}

#[tokio::test]
async fn one_refused_record_leaves_none() {
    let bench = bench();
    let connection = database(&bench, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    let error = refused(&bench, &put("t"), "id,name\n1,a\n2,b\n1,c\n").await;
    assert_eq!((error.code.as_str(), error.row), ("sql/constraint", Some(3)));
    assert_eq!(error.message, "table “t”, record 3: UNIQUE constraint failed: t.id");
    let error = refused(&bench, &put("t"), "id,name\n1,a\n2,\n").await;
    assert!(error.message.contains("record 2") && error.message.contains("t.name"), "{error}");
    assert_eq!(all(&connection, "SELECT * FROM t"), [""; 0]);
    bench.run(&put("t"), stream("id,name\n1,a\n")).await.unwrap();
    assert_eq!(all(&connection, "SELECT id FROM t"), ["Integer(1)"]);
}

#[tokio::test]
async fn upsert_updates_what_is_there_and_may_run_twice() {
    let bench = bench();
    let connection = database(&bench, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, kept TEXT DEFAULT 'k')");
    let component = put("t").with("Mode", "Upsert").with("Keys", json!(["id"]));
    for csv in ["id,n\n1,10\n2,20\n", "id,n\n2,21\n3,30\n", "id,n\n2,21\n3,30\n"] {
        bench.run(&component, stream(csv)).await.unwrap();
    }
    assert_eq!(
        all(&connection, "SELECT id, n FROM t ORDER BY id"),
        ["Integer(1) Integer(10)", "Integer(2) Integer(21)", "Integer(3) Integer(30)"]
    );
    bench.run(&component, stream("id\n1\n4\n")).await.unwrap();
    assert_eq!(all(&connection, "SELECT count(*), sum(n) FROM t"), ["Integer(4) Integer(61)"]);
}

#[tokio::test]
async fn a_missing_database_or_table_is_made_only_when_asked() {
    let bench = bench();
    assert_eq!(refused(&bench, &put("t"), "id\n1\n").await.code, "sql/no-database");
    let make = put("t").with("CreateTable", true).with("Mode", "Upsert").with("Keys", json!(["id"]));
    for _ in 0..2 {
        bench.run(&make, stream("id,ok,price,name\n1,true,0.5,x\n")).await.unwrap();
    }
    let connection = database(&bench, "");
    let columns = all(
        &connection,
        "SELECT name || ' ' || type || ' ' || pk = 'id INTEGER 1' FROM pragma_table_info('t') LIMIT 1",
    );
    assert_eq!(columns, ["Integer(1)"]);
    assert_eq!(all(&connection, "SELECT count(*) FROM t"), ["Integer(1)"]);
    assert_eq!(refused(&bench, &put("other"), "id\n1\n").await.code, "sql/no-table");
}

#[tokio::test]
async fn a_table_that_does_not_fit_is_explained() {
    let bench = bench();
    database(&bench, "CREATE TABLE t (customer TEXT, n INTEGER)");
    let upsert = |key: &str| put("t").with("Mode", "Upsert").with("Keys", json!([key]));
    for (component, csv, code, part) in [
        (put("t"), "custmer\nx\n", "sql/no-column", "no column for the field “custmer” (did you mean “customer”?)"),
        (upsert("n"), "n\n1\n", "sql/no-unique-index", "unique index over exactly (n)"),
        (upsert("m"), "n\n1\n", "sql/no-field", "the key “m” is no field"),
    ] {
        let error = refused(&bench, &component, csv).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains("table “t”") || error.message.contains(part), "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    let keyless = put("t").with("Mode", "Upsert");
    let problems = crate::Palette::standard().prepare(&crate::testing::id("s-aaaaaa"), &keyless).err().unwrap();
    assert_eq!(problems[0].place.property.as_deref(), Some("Keys"));
}

#[tokio::test]
async fn connections_of_another_kind_are_refused() {
    let bench = Bench::new().with_connection("warehouse", "http", &[("url", "http://x")]);
    assert_eq!(refused(&bench, &put("t"), "id\n1\n").await.code, "sql/connection-kind");
    assert_eq!(refused(&Bench::new(), &put("t"), "id\n1\n").await.code, "connection/unknown");
    let bench = Bench::new().with_connection("warehouse", "sqlite", &[]);
    assert_eq!(refused(&bench, &put("t"), "id\n1\n").await.code, "connection/missing-field");
}

#[tokio::test]
async fn a_server_that_may_no_longer_act_commits_nothing() {
    let bench = bench();
    let connection = database(&bench, "CREATE TABLE t (id INTEGER)");
    for acts in [0, 1] {
        bench.may_act_only(acts);
        assert_eq!(refused(&bench, &put("t"), "id\n1\n").await.code, MAY_NOT_ACT, "after {acts}");
        assert_eq!(all(&connection, "SELECT * FROM t"), [""; 0], "after {acts}");
    }
    bench.may_act_only(2);
    bench.run(&put("t"), stream("id\n1\n")).await.unwrap();
    assert_eq!(all(&connection, "SELECT id FROM t"), ["Integer(1)"]);
}

#[tokio::test]
async fn a_database_put_in_the_place_of_another_is_noticed() {
    let bench = bench();
    let make = put("t").with("CreateTable", true);
    let prepared = crate::testing::prepare(&make);
    bench.run_prepared(prepared.as_ref(), stream("id\n1\n"), false).await.unwrap();
    std::fs::remove_file(bench.storage("warehouse.db")).unwrap();
    bench.run_prepared(prepared.as_ref(), stream("id\n2\n"), false).await.unwrap();
    assert_eq!(all(&database(&bench, ""), "SELECT id FROM t"), ["Integer(2)"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_write_at_the_same_time() {
    let bench = bench();
    let connection = database(&bench, "CREATE TABLE t (id INTEGER)");
    let prepared = crate::testing::prepare(&put("t"));
    let one = || bench.run_prepared(prepared.as_ref(), stream("id\n1\n2\n"), false);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for outcome in [a, b, c, d] {
        outcome.unwrap();
    }
    assert_eq!(all(&connection, "SELECT count(*) FROM t"), ["Integer(8)"]);
}
