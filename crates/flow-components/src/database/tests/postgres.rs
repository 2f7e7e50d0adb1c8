//! What only PostgreSQL has.

use super::{Place, get, nothing, put};
use crate::testing::{outlet, rows, stream};
use flow_data::type_name;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_is_read_and_what_cannot_be_names_its_column() {
    let place = Place::postgres();
    place
        .execute(
            "CREATE TYPE mood AS ENUM ('sad', 'ok');
             CREATE DOMAIN amount AS numeric(8, 2);
             CREATE TABLE kinds (small smallint, big bigint, n numeric(10, 3), any_n numeric, a amount, r real, b bool,
                 c char(3), j json, jb jsonb, u uuid, by bytea, d date, t time, ts timestamp, tz timestamptz, i interval,
                 list int[], texts text[], m mood, ip inet);
             INSERT INTO kinds VALUES (-1, 9007199254740993, -12.345, 1.23456789012, 3.5, 0.5, true, 'x', '{\"a\": 1}',
                 '[1, 2]', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '\\x00ff', '2024-02-29', '12:34:56.789',
                 '2024-02-29 12:34:56', '2024-02-29 12:34:56+02', '1 day 02:00', '{1,NULL,3}', '{a,\"b c\"}', 'ok',
                 '10.0.0.1/8'); INSERT INTO kinds (small) VALUES (NULL)",
        )
        .await;
    let found = place.bench.run(&get("SELECT * FROM kinds ORDER BY small;"), nothing()).await.unwrap();
    let found = outlet(&found, "out");
    let kinds: Vec<String> = found.schema().fields().iter().map(|field| type_name(field.data_type())).collect();
    let expected = [
        "integer",
        "integer",
        "decimal(10,3)",
        "decimal(38,10)",
        "decimal(8,2)",
        "number",
        "boolean",
        "text",
        "text",
        "text",
        "text",
        "bytes",
        "date",
        "time of day",
        "time stamp",
        "time stamp in UTC",
        "text",
        "text",
        "text",
        "text",
        "text",
    ];
    assert_eq!(kinds, expected);
    let first = &rows(found)[0];
    for (field, expected) in [
        ("big", json!(9_007_199_254_740_993_i64)),
        ("n", json!(-12.345)),
        ("c", json!("x  ")),
        ("jb", json!("[1, 2]")),
        ("u", json!("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("by", json!("00ff")),
        ("d", json!("2024-02-29")),
        ("ts", json!("2024-02-29T12:34:56")),
        ("tz", json!("2024-02-29T10:34:56Z")),
        ("i", json!("1 day 02:00:00")),
        ("list", json!("{1,NULL,3}")),
        ("texts", json!("{a,\"b c\"}")),
        ("m", json!("ok")),
        ("ip", json!("10.0.0.1/8")),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    for (query, part) in [
        ("SELECT 1 AS a, 'NaN'::numeric AS b", "row 1 of the result, column “b”"),
        ("SELECT 1e30::numeric AS big", "column “big”"),
        ("SELECT 'infinity'::date AS d", "column “d”: the value is infinite"),
    ] {
        let error = place.bench.run(&get(query), nothing()).await.unwrap_err();
        assert_eq!(error.code, "sql/value", "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_do_not_fit_their_column_are_named_however_many_there_are() {
    let place = Place::postgres();
    place
        .execute(
            "CREATE SCHEMA sales; CREATE TABLE sales.t (\"Id\" INT PRIMARY KEY, n INT CHECK (n < 100000), at DATE)",
        )
        .await;
    for count in [5, 2000] {
        let mut csv = "id,n,at\n".to_owned();
        csv.extend((1..=count).map(|id| match id {
            4 => "4,x,2024-01-01\n".to_owned(),
            id => format!("{id},1,2024-01-01\n"),
        }));
        let error = place.put(&put("sales.t", "Upsert"), &stream(&csv)).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.row), ("sql/value", Some(4)), "{error}");
        assert!(error.message.contains("“x”") || error.message.contains("\"x\""), "{error}");
        place.put(&put("sales.t", "Upsert"), &stream(&csv.replace('x', "7"))).await.unwrap();
        assert_eq!(place.value("SELECT max(n) AS n FROM sales.t").await, json!(7));
        let error = place.put(&put("sales.t", "Upsert"), &stream(&csv.replace('x', "100000"))).await.unwrap_err();
        assert_eq!(error.code, "sql/constraint", "{error}");
        assert!(error.message.contains("check constraint"), "{error}");
    }
    // Texts that mean something to COPY arrive as they are.
    place.execute("CREATE TABLE texts (id INT, text TEXT)").await;
    let mut csv = "id,text\n".to_owned();
    csv.extend((0..500).map(|id| format!("{id},\"\\N\\.\ta\r\nü\\\"\n")));
    place.put(&put("texts", "Insert"), &stream(&csv)).await.unwrap();
    let found = place.query("SELECT DISTINCT text FROM texts").await;
    assert_eq!(found, json!([{"text": "\\N\\.\ta\r\nü\\"}]));
}
