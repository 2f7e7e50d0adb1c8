use crate::{Numbers, Spool, Stream, Variables, query, value_at};
use serde_json::{Value, json};

/// The value of an expression over a record whose fields are no constants, which are computed elsewhere.
fn asked(sql: &str) -> Result<Value, String> {
    let record = [
        ("n", json!(1_000_000_000_000_i64)),
        ("few", json!(3)),
        ("none", json!(null)),
        ("x", json!("x")),
        ("long", json!("x".repeat(100_000))),
    ];
    let stream = Stream::from_record(&record.map(|(name, value)| (name.to_owned(), value)));
    let expression = crate::Expression::compile(sql, stream.schema(), &Variables::default());
    let values = expression.and_then(|made| made.evaluate(&stream.held().unwrap()[0]));
    values.map(|values| value_at(&values, 0, Numbers::Plain)).map_err(|error| error.to_string())
}

#[test]
fn what_would_make_too_much_fails_before_it_makes_anything() {
    for sql in [
        "repeat(x, n)",
        "lpad(x, 1000000000)",
        "rpad(x, n)",
        "replace(long, 'x', long)",
        "replace(long, '', long)",
        "array_repeat(x, n)",
        "array_repeat(long, 100000)",
        "list_repeat(x, n)",
        "array_resize([few], n, 0)",
        "range(n)",
        "range(few, n)",
        "range(n, few, -1)",
        "generate_series(few, n)",
        "generate_series(few, n, few)",
        "generate_series(-9223372036854775807, 9223372036854775807)",
        "generate_series(TIMESTAMP '1970-01-01', TIMESTAMP '2200-01-01', INTERVAL '1 second')",
        "generate_series(DATE '2024-01-01', DATE '2024-12-31', INTERVAL '1 month -28 days')",
        "range(few - 2, 1000000000000)",
        "range(1, 1000000000000)",
    ] {
        let error = asked(sql).unwrap_err();
        assert!(error.contains(" would ") && error.contains("may make 256"), "{sql}: {error}");
    }
}

#[test]
fn what_makes_little_works_as_ever() {
    for (sql, expected) in [
        ("repeat(x, few)", json!("xxx")),
        ("lpad(x, few, '-')", json!("--x")),
        ("replace(long, 'y', long) = long", json!(true)),
        ("replace('a-b', '-', x)", json!("axb")),
        ("range(few)", json!([0, 1, 2])),
        ("range(n, n)", json!([])),
        ("range(n, few)", json!([])),
        ("generate_series(n, n + 2)", json!([1_000_000_000_000_i64, 1_000_000_000_001_i64, 1_000_000_000_002_i64])),
        ("generate_series(0, n, n)", json!([0, 1_000_000_000_000_i64])),
        ("generate_series(few, 1, -1)", json!([3, 2, 1])),
        ("range(none, n)", json!(null)),
        ("array_length(generate_series(DATE '2024-01-01', DATE '2024-12-31', INTERVAL '1 day'))", json!(366)),
        ("array_length(range(DATE '0001-01-01', DATE '2024-01-01', INTERVAL '1 month'))", json!(24_276)),
        ("array_resize([few], 2, 7)", json!([3, 7])),
        ("array_repeat(x, 2)", json!(["x", "x"])),
    ] {
        assert_eq!(asked(sql), Ok(expected), "{sql}");
    }
    let error = asked("range(few, n, 0)").unwrap_err();
    assert!(error.contains("step can't be 0"), "{error}");
}

#[test]
fn a_series_as_a_table_is_no_way_around_it() {
    let numbers = Stream::from_record(&[("n".to_owned(), json!(1))]);
    let ask = |sql: &str| {
        let made = query(sql, &[("t".to_owned(), numbers.clone())], &Variables::default(), &Spool::in_memory());
        made.and_then(|made| made.to_json_records()).map_err(|error| error.to_string())
    };
    for sql in ["SELECT * FROM generate_series(1, 1000000000000)", "SELECT unnest(range(n, 1000000000000)) AS n FROM t"]
    {
        let error = ask(sql).unwrap_err();
        assert!(error.contains("may make 256") || error.contains("no table"), "{sql}: {error}");
    }
    assert_eq!(ask("SELECT unnest(range(n, 3)) AS n FROM t").unwrap().len(), 2);
}
