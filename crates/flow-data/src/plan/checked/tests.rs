use crate::{JoinKey, JoinKind, SortKey, Spool, Stream, Variables, aggregate, join, query, sort};
use serde_json::{Value, json};

fn numbers() -> Stream {
    let record = |g: &str, n: i64| Stream::from_record(&[("g".to_owned(), json!(g)), ("n".to_owned(), json!(n))]);
    Stream::append(&[record("a", 1), record("b", i64::MAX), record("b", 1), record("a", 2)]).unwrap()
}

fn asked(sql: &str) -> Result<Value, crate::DataError> {
    let result = query(sql, &[("t".to_owned(), numbers())], &Variables::default(), &Spool::in_memory())?;
    Ok(Value::from_iter(result.to_json_records()?.into_iter().map(Value::Object)))
}

#[test]
fn whole_numbers_that_do_not_fit_are_errors() {
    for sql in [
        "SELECT sum(n) AS s FROM t",
        "SELECT g, sum(n) AS s FROM t GROUP BY g",
        "SELECT n + 1 AS s FROM t",
        "SELECT g FROM t WHERE n * 2 > 5",
        "SELECT max(n * n) AS s FROM t",
        "SELECT n % 0 AS s FROM t",
        "SELECT 1.5 / (n - 1) AS s FROM t",
        "SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY n + 1",
        "SELECT count(*) FILTER (WHERE n + 1 > 0) AS c FROM t",
        "SELECT g FROM t ORDER BY n + 1, g",
    ] {
        let error = asked(sql).unwrap_err();
        assert_eq!(error.code(), "data/evaluate", "{sql}: {error}");
        let told = error.to_string();
        assert!(told.contains("overflow") || told.contains("division by zero"), "{sql}: {error}");
    }
}

#[test]
fn an_error_tells_the_record_by_its_values() {
    for (sql, record) in [
        ("SELECT g, n % (n - 2) AS s FROM t ORDER BY g DESC", "n = 2"),
        ("SELECT n FROM t WHERE n + 1 > 0 AND g < 'c'", "g = \"b\", n = 9223372036854775807"),
        ("SELECT g, sum(n * n) AS s FROM t GROUP BY g", "n = 9223372036854775807"),
    ] {
        let error = asked(sql).unwrap_err().to_string();
        assert!(error.contains(" with ") && error.contains(record), "{sql}: {error}");
    }
    let guarded = asked("SELECT n FROM t WHERE n > 1 AND n < 5 AND 4 / (n - 1) = 4").unwrap();
    assert_eq!(guarded, json!([{"n": 2}]));
}

#[test]
fn sums_that_fit_are_whole_numbers() {
    assert_eq!(asked("SELECT sum(n) AS s FROM t WHERE g = 'a'").unwrap(), json!([{"s": 3}]));
    let groups = asked(
        "SELECT g, sum(n - 1) AS s, sum(DISTINCT n) AS d, sum(1.5) AS f FROM t WHERE n < 5 GROUP BY g ORDER BY g",
    );
    assert_eq!(groups.unwrap(), json!([{"g": "a", "s": 1, "d": 3, "f": 3.0}, {"g": "b", "s": 0, "d": 1, "f": 1.5}]));
    assert_eq!(asked("SELECT sum(n) AS s FROM t WHERE g = 'z'").unwrap(), json!([{"s": null}]));
    let wide = asked("SELECT sum(CAST(n AS DECIMAL(38, 0))) AS s FROM t WHERE g = 'b'").unwrap();
    assert_eq!(wide[0]["s"].to_string(), "9223372036854775808");
}

/// Two batches of records, of which the eighth has no `n` to divide by.
fn batches() -> Stream {
    let records: Vec<Stream> = (1..=9)
        .map(|n| {
            let n = if n == 8 { 0 } else { n };
            Stream::from_record(&[("k".to_owned(), json!(10 - n)), ("n".to_owned(), json!(n))])
        })
        .collect();
    let all = |records: &[Stream]| Stream::append(records).unwrap();
    Stream::append(&[all(&records[..5]), all(&records[5..])]).unwrap()
}

#[test]
fn an_error_tells_the_record_by_its_number_where_records_are_those_of_the_input() {
    let ask = |sql: &str| {
        let result = query(sql, &[("t".to_owned(), batches())], &Variables::default(), &Spool::in_memory()).unwrap();
        let error = result.to_json_records().unwrap_err();
        (error.row(), error.to_string())
    };
    for sql in [
        "SELECT 10 % n AS s FROM t",
        "SELECT k FROM t WHERE 10 % n > 1",
        "SELECT sum(10 % n) AS s FROM t",
        "SELECT k, sum(10 % n) AS s FROM t GROUP BY k",
        "SELECT s FROM (SELECT 10 % n AS s, k FROM t) AS u ORDER BY k",
        "SELECT k FROM (SELECT *, row_number() OVER () AS place FROM t) AS u ORDER BY 10 % n, place",
    ] {
        let (row, error) = ask(sql);
        assert_eq!(row, Some(8), "{sql}: {error}");
        assert!(error.ends_with("record 8: division by zero, with n = 0"), "{sql}: {error}");
    }
    for sql in ["SELECT 10 % n AS s FROM t WHERE k > 1", "SELECT k FROM t ORDER BY 10 % n"] {
        let (row, error) = ask(sql);
        assert_eq!((row, error.as_str()), (None, "division by zero, in the record with n = 0"), "{sql}");
    }
}

#[test]
fn sort_aggregate_and_join_name_the_record_that_they_fail_on() {
    let (variables, spool) = (Variables::default(), Spool::in_memory());
    let told = |stream: Stream| stream.to_json_records().unwrap_err().to_string();
    let key = SortKey { expression: "10 % n".to_owned(), descending: false, nulls_first: false };
    for limit in [None, Some(2)] {
        let sorted = sort(&batches(), std::slice::from_ref(&key), limit, &variables, &spool).unwrap();
        assert_eq!(told(sorted), "record 8: division by zero, with n = 0");
    }
    let pair = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
    let groups = aggregate(&batches(), &[pair("k", "k")], &[pair("s", "max(10 % n)")], &variables, &spool).unwrap();
    assert_eq!(told(groups), "record 8: division by zero, with n = 0");
    let by = |left: &str, right: &str| JoinKey { left: left.to_owned(), right: right.to_owned() };
    let joined = |key| join(&batches(), &batches(), JoinKind::Inner, &[key], &variables, &spool).unwrap();
    assert_eq!(told(joined(by("10 % n", "k"))), "left: record 8: division by zero, with n = 0");
    assert_eq!(told(joined(by("k", "10 % n"))), "right: record 8: division by zero, with n = 0");
}
