//! What only MySQL and MariaDB have.

use super::{Place, get, nothing, put};
use crate::testing::{outlet, rows, stream};
use flow_data::type_name;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_is_read_and_what_does_not_fit_names_its_record() {
    let place = Place::mariadb();
    place
        .execute(
            "CREATE TABLE kinds (tiny TINYINT, flag BOOLEAN, big BIGINT UNSIGNED, d DECIMAL(10, 3), wide DECIMAL(50, 2), f FLOAT,
                 c CHAR(3), t LONGTEXT, j JSON, by_ VARBINARY(9), bits BIT(1), day DATE, time_ TIME(3), dt DATETIME(6),
                 ts TIMESTAMP NULL, y YEAR, e ENUM('a', 'b'));
             INSERT INTO kinds VALUES (-1, 1, 18446744073709551615, -12.345, 1.5, 0.5, 'x', 'text', '[1]', X'00ff', b'1',
                 '2024-02-29', '12:34:56.789', '2024-02-29 12:34:56.5', '2024-02-29 12:34:56', 2024, 'b')",
        )
        .await;
    let found = place.bench.run(&get("SELECT * FROM kinds"), nothing()).await.unwrap();
    let found = outlet(&found, "out");
    let kinds: Vec<String> = found.schema().fields().iter().map(|field| type_name(field.data_type())).collect();
    let expected = [
        "integer",
        "boolean",
        "integer",
        "decimal(10,3)",
        "text",
        "number",
        "text",
        "text",
        "text",
        "bytes",
        "boolean",
        "date",
        "time of day",
        "time stamp",
        "time stamp in UTC",
        "integer",
        "text",
    ];
    assert_eq!(kinds, expected);
    let first = &rows(found)[0];
    for (field, expected) in [
        ("big", json!(u64::MAX)),
        ("d", json!(-12.345)),
        ("wide", json!("1.50")),
        ("by_", json!("00ff")),
        ("bits", json!(true)),
        ("day", json!("2024-02-29")),
        ("dt", json!("2024-02-29T12:34:56.500")),
        ("ts", json!("2024-02-29T12:34:56Z")),
        ("e", json!("b")),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    place.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(3), at DATE)").await;
    for (line, code, column) in
        [("3,long,2024-01-01", "sql/value", "name"), ("99999999999,x,2024-01-01", "sql/value", "id")]
    {
        let mut csv = "id,name,at\n".to_owned();
        csv.extend((1..=1000).map(|id| if id == 700 { format!("{line}\n") } else { format!("{id},x,2024-01-01\n") }));
        let error = place.put(&put("t", "Upsert"), &stream(&csv)).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.row), (code, Some(700)), "{error}");
        assert!(error.message.contains(column), "{error}");
        assert_eq!(place.query("SELECT * FROM t").await, json!([]));
    }
    let error = place.bench.run(&get("SELECT CAST('100:00:00' AS TIME) AS long_time"), nothing()).await.unwrap_err();
    assert!(error.message.contains("column “long_time”"), "{error}");
}
