//! Expressions, conditions, queries and templates over records of many types.

use super::fuzz;
use crate::Template;
use flow_data::{Expression, Spool, Stream, Variables, query};
use serde_json::json;

/// Records with nothing, little and much in them.
fn records() -> Stream {
    let text = r#"[
        {"id": 1, "price": 1.5, "name": "Zoë", "ok": true, "tags": ["a", null], "of": {"x": 1, "y": "b"}},
        {"id": -9223372036854775808, "price": 0, "name": "", "ok": false, "tags": [], "of": null},
        {"id": null, "price": null, "name": null, "ok": null, "tags": null, "of": {"x": null, "y": "c"}}
    ]"#;
    let source = flow_data::formats::Source::bytes(text);
    let format = flow_data::formats::Format::Json { records: String::new(), columns: vec![] };
    flow_data::formats::Reading::new(format).read(&source).unwrap().hold(&Spool::in_memory()).unwrap()
}

fn samples() -> Vec<Vec<u8>> {
    let samples = [
        "price * 1.19 + id % 7",
        "CASE WHEN ok THEN upper(name) ELSE concat(name, $who) END",
        "of['x'] + array_length(tags)",
        "coalesce(name, 'none') LIKE '%o_' AND id BETWEEN 1 AND 5 OR id / id > 1",
        "CAST(name AS INT) IS NULL",
        "date_trunc('month', CAST('2024-02-29' AS DATE)) + INTERVAL '1 month'",
        "regexp_replace(name, '(a+)+$', 'x')",
        "to_char(now(), '%Y')",
        "SELECT name, count(*) AS n, sum(price) FROM records GROUP BY name HAVING count(*) > 0 ORDER BY n LIMIT 5",
        "WITH t AS (SELECT * FROM records) SELECT a.id, b.id FROM t a LEFT JOIN t b ON a.id = b.id",
        "SELECT row_number() OVER (PARTITION BY ok ORDER BY id) FROM records",
        "{name}-{$who}.csv",
    ];
    samples.map(|sample| sample.as_bytes().to_vec()).to_vec()
}

const WORDS: &[&str] = &[
    "id",
    "price",
    "name",
    "ok",
    "tags",
    "of",
    "$who",
    "$day",
    "'a'",
    "1",
    "0",
    "-1",
    "NULL",
    "TRUE",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "=",
    "<>",
    "<",
    "AND",
    "OR",
    "NOT",
    "IS NULL",
    "IN",
    "(",
    ")",
    ",",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(",
    "AS",
    "INT",
    "DATE",
    "DECIMAL(38,10)",
    "TIMESTAMP",
    "substr(",
    "repeat(name, 3)",
    "lpad(name, 9)",
    "sqrt(",
    "power(",
    "round(",
    "to_timestamp(",
    "date_part(",
    "'year'",
    "INTERVAL",
    "'1 day'",
    "array_element(",
    "[",
    "]",
    "SELECT",
    "FROM",
    "records",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "ON",
    "UNION ALL",
    "DISTINCT",
    "sum(",
    "min(",
    "count(*)",
    "EXISTS",
    "{",
    "}",
    "{name}",
    "--",
    "/*",
    "\"id\"",
    ";",
];

#[test]
fn any_expression_gives_values_or_an_error() {
    let records = records();
    let batch = records.to_batch().unwrap();
    let variables = Variables::default().with("who", "Ann").with("day", json!("2024-01-01"));
    let inputs = [("records".to_owned(), records.clone())];
    let spool = Spool::in_memory();
    fuzz("expression", samples(), WORDS, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        Expression::check_syntax(text).ok();
        match Expression::compile(text, records.schema(), &variables) {
            Ok(expression) => {
                if let Ok(values) = expression.evaluate(&batch) {
                    assert_eq!(values.len(), batch.num_rows());
                }
                if expression.require_condition().is_ok() {
                    expression.evaluate_condition(&batch).ok();
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if let Ok(stream) = query(text, &inputs, &variables, &spool)
            && let Ok(batches) = stream.batches()
        {
            batches.map_while(Result::ok).take(1000).for_each(drop);
        }
        if let Ok(template) = Template::parse(text) {
            template.fill(|name| Some(format!("<{name}>"))).ok();
        }
    });
}
