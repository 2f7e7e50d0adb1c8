//! What every database must do.

use super::{CONNECTION, Place, get, nothing, numbers, put};
use crate::testing::{outlet, rows, stream};
use crate::{Databases, MAY_NOT_ACT, Palette, inspect_query, inspect_tables, test_connection};
use flow_data::{Spool, SpoolLimits, Variables, type_name};
use flow_model::{Catalogue, Component};
use serde_json::{Value, json};

/// So many records that they go the way of many.
const MANY: usize = 5000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_does_what_every_database_must_do() {
    all(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_does_what_every_database_must_do() {
    all(Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_does_what_every_database_must_do() {
    all(Place::mariadb()).await;
}

/// One server for all of it: starting one takes longer than the rest.
async fn all(mut place: Place) {
    records_come_back_with_their_types(&place).await;
    each_mode_does_what_it_says(&place, 5).await;
    each_mode_does_what_it_says(&place, MANY).await;
    the_last_record_of_a_key_counts(&place, 5).await;
    the_last_record_of_a_key_counts(&place, MANY).await;
    a_refused_record_is_named_and_nothing_is_written(&place, 5).await;
    a_refused_record_is_named_and_nothing_is_written(&place, MANY).await;
    what_does_not_fit_the_table_is_explained(&place).await;
    a_server_that_may_no_longer_act_commits_nothing(&place).await;
    exactly_once_writes_once(&place).await;
    values_are_bound_and_never_pasted(&mut place).await;
    a_query_runs_for_each_record(&place).await;
    statements_run_all_or_none(&place).await;
    what_is_wrong_with_sql_has_a_code(&place).await;
    tables_and_queries_are_described(&place).await;
    large_results_do_not_stay_in_memory(&mut place).await;
}

async fn records_come_back_with_their_types(place: &Place) {
    let input = stream(
        "id,name,paid,price,at,seen,zoned\n\
         1,Ada \"the\" \\ 1'st,true,2.5,2024-02-29,2024-02-29T12:34:56.789,2024-02-29T12:34:56Z\n\
         2,\"tab\t, line\nand ü €\",false,-0.125,1969-12-31,1969-12-31T23:59:59,1969-12-31T23:59:59+02:00\n\
         3,,,,,,\n",
    );
    let types = |stream: &flow_data::Stream| -> Vec<String> {
        stream.schema().fields().iter().map(|field| type_name(field.data_type())).collect()
    };
    let component = put("kinds", "Upsert").with("CreateTable", true);
    for _ in 0..2 {
        place.put(&component, &input).await.unwrap();
    }
    let found = place.bench.run(&get("SELECT * FROM kinds ORDER BY id"), nothing()).await.unwrap();
    let found = outlet(&found, "out");
    let (mut expected, mut actual) = (rows(&input), rows(found));
    // MySQL keeps no zone: the point in time is the same.
    if place.connection.kind == "mysql" {
        assert_eq!(types(found)[6], "time stamp");
        for row in [&mut expected, &mut actual].into_iter().flat_map(|rows| rows.as_array_mut().unwrap()) {
            row["zoned"] = row["zoned"].as_str().map(|text| text.trim_end_matches('Z').to_owned()).into();
        }
    } else {
        assert_eq!(types(found), types(&input));
    }
    assert_eq!(actual, expected);
}

async fn each_mode_does_what_it_says(place: &Place, count: usize) {
    place
        .execute(
            "DROP TABLE IF EXISTS modes; CREATE TABLE modes (id INT PRIMARY KEY, n INT, kept VARCHAR(9) DEFAULT 'k')",
        )
        .await;
    let sums = async |query: &str| place.query(&format!("SELECT count(*) AS c, sum(n) AS s FROM modes {query}")).await;
    let number = |value: &Value| value.as_str().map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap());
    let is = async |what: &str, c: usize, s: usize| {
        let found = sums("").await;
        assert_eq!((number(&found[0]["c"]), number(&found[0]["s"])), (c as f64, s as f64), "{what} {count}");
    };
    let total = |first: usize, count: usize| (first..first + count).sum::<usize>() * 10;
    let outcome = place.put(&put("modes", "Insert"), &numbers(1, count)).await.unwrap();
    assert!(outcome.note.unwrap().ends_with("into modes"));
    is("insert", count, total(1, count)).await;
    // Half of the keys are there, half are not.
    let half = numbers(1 + count / 2, count);
    place.put(&put("modes", "Upsert"), &half).await.unwrap();
    is("upsert", count + count / 2, total(1, count + count / 2)).await;
    place.execute("UPDATE modes SET n = 0").await;
    place.put(&put("modes", "Update"), &numbers(1, count)).await.unwrap();
    is("update", count + count / 2, total(1, count)).await;
    place.put(&put("modes", "Delete"), &numbers(2, 10 * count)).await.unwrap();
    is("delete", 1, 10).await;
    assert_eq!(place.value("SELECT kept FROM modes").await, json!("k"));
}

async fn the_last_record_of_a_key_counts(place: &Place, count: usize) {
    place.execute("DROP TABLE IF EXISTS twice; CREATE TABLE twice (id INT PRIMARY KEY, n INT)").await;
    let mut csv = "id,n\n".to_owned();
    csv.extend((0..count).map(|n| format!("{},{n}\n", n % 3)));
    place.put(&put("twice", "Upsert"), &stream(&csv)).await.unwrap();
    let last = |id: usize| (0..count).rev().find(|n| n % 3 == id).unwrap();
    let expected: Vec<Value> = (0..3).map(|id| json!({"id": id, "n": last(id)})).collect();
    assert_eq!(place.query("SELECT * FROM twice ORDER BY id").await, json!(expected));
    place.execute("UPDATE twice SET n = -1").await;
    place.put(&put("twice", "Update"), &stream(&csv)).await.unwrap();
    assert_eq!(place.query("SELECT * FROM twice ORDER BY id").await, json!(expected));
}

async fn a_refused_record_is_named_and_nothing_is_written(place: &Place, count: usize) {
    place.execute("DROP TABLE IF EXISTS strict; CREATE TABLE strict (id INT PRIMARY KEY, n INT NOT NULL)").await;
    let with = |row: usize, line: &str| {
        let mut csv = "id,n\n".to_owned();
        csv.extend((1..=count).map(|id| if id == row { format!("{line}\n") } else { format!("{id},{id}\n") }));
        stream(&csv)
    };
    for (mode, row, line) in [
        ("Insert", count, "1,5".to_owned()),
        ("Insert", count - 1, format!("{},", count - 1)),
        ("Upsert", 3, "3,".to_owned()),
    ] {
        let error = place.put(&put("strict", mode), &with(row, &line)).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.row), ("sql/constraint", Some(row as u64)), "{mode} {line}: {error}");
        assert!(error.message.contains(&format!("table “strict”, record {row}")), "{error}");
        assert!(error.retryable);
        assert_eq!(place.query("SELECT * FROM strict").await, json!([]), "{mode} {line}");
    }
}

async fn what_does_not_fit_the_table_is_explained(place: &Place) {
    place.execute("DROP TABLE IF EXISTS fit; CREATE TABLE fit (customer VARCHAR(9), n INT)").await;
    let keyed = |mode: &str, key: &str| put("fit", mode).with("Keys", json!([key]));
    for (component, csv, code, part) in [
        (
            put("fit", "Insert"),
            "custmer\nx\n",
            "sql/no-column",
            "no column for the field “custmer” (did you mean “customer”?)",
        ),
        (keyed("Upsert", "n"), "n\n1\n", "sql/no-unique-index", "unique index over exactly (n)"),
        (keyed("Upsert", "m"), "n\n1\n", "sql/no-field", "the key “m” is no field"),
        (keyed("Update", "n"), "n\n1\n", "sql/nothing-to-update", "every field is a key"),
        (put("nowhere", "Insert"), "n\n1\n", "sql/no-table", "set CreateTable"),
    ] {
        let error = place.put(&component, &stream(csv)).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

async fn a_server_that_may_no_longer_act_commits_nothing(place: &Place) {
    place.execute("DROP TABLE IF EXISTS acts; CREATE TABLE acts (id INT PRIMARY KEY, n INT)").await;
    for acts in [0, 1] {
        place.bench.may_act_only(acts);
        let error = place.put(&put("acts", "Insert"), &numbers(1, 500)).await.unwrap_err();
        assert_eq!(error.code, MAY_NOT_ACT, "after {acts}");
        place.bench.may_act_only(i64::MAX);
        assert_eq!(place.query("SELECT * FROM acts").await, json!([]), "after {acts}");
    }
}

async fn exactly_once_writes_once(place: &Place) {
    place.execute("DROP TABLE IF EXISTS once; CREATE TABLE once (id INT, n INT)").await;
    let component = put("once", "Insert").with("ExactlyOnce", true);
    assert!(Palette::standard().saves_input(&component));
    // What fails does not count.
    place.bench.may_act_only(1);
    place.put(&component, &numbers(1, 2)).await.unwrap_err();
    place.bench.may_act_only(i64::MAX);
    let notes: Vec<String> = [
        place.put(&component, &numbers(1, 2)).await.unwrap().note.unwrap(),
        place.put(&component, &numbers(1, 2)).await.unwrap().note.unwrap(),
    ]
    .into();
    assert_eq!(notes[0], "2 records into once");
    assert!(notes[1].contains("nothing is written twice"), "{}", notes[1]);
    assert_eq!(place.query("SELECT id FROM once ORDER BY id").await, json!([{"id": 1}, {"id": 2}]));
    // Both at once: one of them waits for the other and then finds its key.
    place.execute("DELETE FROM cairn_done; DELETE FROM once").await;
    let input = numbers(1, 3);
    let (one, other) = tokio::join!(place.put(&component, &input), place.put(&component, &input));
    let written =
        [one, other].into_iter().filter(|done| done.as_ref().unwrap().note.as_ref().unwrap().starts_with('3'));
    assert_eq!(written.count(), 1);
    assert_eq!(place.query("SELECT id FROM once").await.as_array().unwrap().len(), 3);
    let execute = Component::new("SqlExecute", "E")
        .with("Connection", CONNECTION)
        .with("Statements", "DELETE FROM once")
        .with("ExactlyOnce", true);
    let outcome = place.put(&execute, &nothing()).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"affected": null}]), "the key of the test's component is taken");
}

async fn values_are_bound_and_never_pasted(place: &mut Place) {
    place.execute("DROP TABLE IF EXISTS bound; CREATE TABLE bound (name VARCHAR(40), n INT); INSERT INTO bound VALUES ('a', 1), ('b', 2)").await;
    let component = get("SELECT n FROM bound WHERE name = $name OR n > $least");
    for (name, least, expected) in [
        ("a", json!(1), json!([{"n": 1}, {"n": 2}])),
        ("' OR '1'='1", json!(5), json!([])),
        ("b'; DROP TABLE bound; --", json!(9), json!([])),
    ] {
        place.bench.variables = Variables::default().with("name", name).with("least", least);
        let outcome = place.bench.run(&component, nothing()).await.unwrap();
        assert_eq!(rows(outlet(&outcome, "out")), expected, "{name}");
    }
    place.bench.variables = Variables::default();
    let error = place.bench.run(&component, nothing()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("sql/unknown-name", Some("Query")));
}

async fn a_query_runs_for_each_record(place: &Place) {
    let component = get("SELECT name FROM bound WHERE n = $id").with("PerRecord", true);
    let outcome = place.bench.run(&component, stream("id\n2\n7\n1\n")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"name": "b"}, {"name": "a"}]));
    let none = place.bench.run(&component, stream("id\n")).await.unwrap();
    assert_eq!(outlet(&none, "out").schema().field(0).name(), "name");
    let execute = Component::new("SqlExecute", "E")
        .with("Connection", CONNECTION)
        .with("Statements", "UPDATE bound SET n = n + 1 WHERE n >= $id; DELETE FROM bound WHERE n > $id + 1")
        .with("PerRecord", true);
    let outcome = place.bench.run(&execute, stream("id\n2\n5\n")).await.unwrap();
    assert_eq!(outcome.note.as_deref(), Some("1 row affected"));
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"id": 2, "affected": 1}, {"id": 5, "affected": 0}]));
}

async fn statements_run_all_or_none(place: &Place) {
    place.execute("DROP TABLE IF EXISTS several; CREATE TABLE several (id INT PRIMARY KEY)").await;
    let execute = |sql: &str| Component::new("SqlExecute", "E").with("Connection", CONNECTION).with("Statements", sql);
    let error = place
        .bench
        .run(&execute("INSERT INTO several VALUES (1); -- then\n INSERT INTO several VALUES (1);"), nothing())
        .await
        .unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("sql/constraint", Some("Statements")));
    assert!(error.message.starts_with("statement 2: "), "{error}");
    assert_eq!(place.query("SELECT * FROM several").await, json!([]));
    let outcome =
        place.bench.run(&execute("INSERT INTO several VALUES (1), (2); DELETE FROM several"), nothing()).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"affected": 4}]));
}

async fn what_is_wrong_with_sql_has_a_code(place: &Place) {
    for (sql, code) in [
        ("SELEC 1", "sql/syntax"),
        ("SELECT * FROM nowhere", "sql/no-table"),
        ("SELECT column_x FROM bound", "sql/no-column"),
        ("SELECT 1 AS a, 2 AS a", "sql/same-name"),
        ("SELECT 1; SELECT 2", "sql/syntax"),
        ("-- nothing", "sql/syntax"),
    ] {
        let error = place.bench.run(&get(sql), nothing()).await.unwrap_err();
        assert_eq!(error.code, code, "{sql}: {error}");
    }
}

async fn tables_and_queries_are_described(place: &Place) {
    place.execute("DROP TABLE IF EXISTS seen; CREATE TABLE seen (id INT, part INT NOT NULL, name VARCHAR(9), PRIMARY KEY (part, id)); CREATE VIEW looked AS SELECT id FROM seen").await;
    let databases = Databases::default();
    let version = test_connection(&databases, &place.connection, &place.bench).await.unwrap();
    assert!(["SQLite 3.", "PostgreSQL 1", "MariaDB 1"].iter().any(|name| version.starts_with(name)), "{version}");
    let tables = inspect_tables(&databases, &place.connection, &place.bench).await.unwrap();
    let seen = tables.iter().find(|table| table.name == "seen").unwrap();
    let columns: Vec<(&str, bool)> =
        seen.columns.iter().map(|column| (column.name.as_str(), column.nullable)).collect();
    assert_eq!(columns, [("id", false), ("part", false), ("name", true)]);
    assert_eq!((seen.view, &seen.unique), (false, &vec![vec!["part".to_owned(), "id".to_owned()]]));
    assert!(tables.iter().any(|table| table.name == "looked" && table.view));
    let query = "SELECT id, name AS who FROM seen WHERE id = $id";
    let schema = inspect_query(&databases, &place.connection, &place.bench, query).await.unwrap();
    let fields: Vec<(&str, String)> =
        schema.fields().iter().map(|field| (field.name().as_str(), type_name(field.data_type()))).collect();
    assert_eq!(fields, [("id", "integer".to_owned()), ("who", "text".to_owned())]);
    place.execute("DROP VIEW looked").await;
}

async fn large_results_do_not_stay_in_memory(place: &mut Place) {
    place.execute("DROP TABLE IF EXISTS large").await;
    let component = put("large", "Insert").with("CreateTable", true);
    place.put(&component, &numbers(1, 100_000)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    place.bench.spool = Spool::new(folder.path(), SpoolLimits { stream: 1 << 16, ..SpoolLimits::default() });
    let outcome = place.bench.run(&get("SELECT * FROM large ORDER BY id"), nothing()).await.unwrap();
    let found = outlet(&outcome, "out");
    assert_eq!((found.rows(), found.held().is_none()), (Some(100_000), true));
    let last = found.batches().unwrap().last().unwrap().unwrap();
    assert!(last.num_rows() > 0);
}
