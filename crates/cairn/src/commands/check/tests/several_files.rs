//! Findings that take more than one file.

use super::{Expected, chain, data, inputs, moving, none, reads};
use serde_json::{Value, json};

fn uses(connection: &str, start: Value) -> (&'static str, String) {
    let query = json!({"Connection": connection, "Query": "SELECT 1"});
    ("flows/x.flow.json", chain(start, &[("x", "SqlGet", query)]))
}

fn connection(text: Value) -> (&'static str, String) {
    ("connections/c.json", text.to_string())
}

fn calls(flow: &str, properties: Value, start: Value) -> (&'static str, String) {
    let mut all = json!({"Flow": flow});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    ("flows/x.flow.json", chain(start, &[("x", "SubFlow", all)]))
}

fn called(start: Value, properties: Value) -> (&'static str, String) {
    ("flows/called.flow.json", chain(start, &[("read", "FileRead", properties)]))
}

pub(super) fn of_several_files() -> Vec<(Expected, Vec<(&'static str, String)>)> {
    let http = |settings: Value| connection(json!({"format": 1, "kind": "http", "settings": settings}));
    let needs = json!({"Inputs": [{"name": "day", "type": "Text"}]});
    let local = json!({"Path": "/data/orders.csv"});
    let there = json!({"Path": "storage:orders.csv"});
    vec![
        (("data/csv-ragged", "x", "Path", false), vec![data("data/x.csv", "a,b\n1,2\n3\n"), reads(none())]),
        (
            ("data/value", "x", "Path", false),
            vec![data("data/x.csv", "a,b\n1,2\nx,4\n"), reads(json!({"Columns": [{"name": "a", "type": "Integer"}]}))],
        ),
        (("data/csv-quotes", "x", "Path", false), vec![data("data/x.csv", "a,b\n1,\"2\n3,4\n"), reads(none())]),
        (
            ("data/malformed", "x", "Path", false),
            vec![data("data/x.csv", "nonsense"), reads(json!({"Format": "Json"}))],
        ),
        (("connection/unknown", "x", "Connection", false), vec![uses("gone", none())]),
        (
            ("connection/kind", "x", "Connection", false),
            vec![http(json!({"url": "http://example.org"})), uses("c", none())],
        ),
        (("connection/syntax", "", "", false), vec![("connections/c.json", "{".to_owned())]),
        (("connection/too-new", "", "", false), vec![connection(json!({"format": 99, "kind": "http"}))]),
        (("connection/shape", "", "", false), vec![connection(json!({}))]),
        (("connection/unknown-kind", "", "", false), vec![connection(json!({"kind": "telex", "settings": {}}))]),
        (("connection/unknown-field", "", "", false), vec![http(json!({"url": "http://example.org", "uri": "x"}))]),
        (("connection/field-type", "", "", false), vec![http(json!({"url": 3}))]),
        (("connection/missing-field", "", "", false), vec![http(json!({}))]),
        (
            ("connection/secret-in-file", "", "", false),
            vec![http(json!({"url": "http://example.org", "password": "x"}))],
        ),
        (
            ("sql/unknown-name", "x", "Query", false),
            vec![
                connection(json!({"kind": "sqlite", "settings": {"path": "storage:x.db"}})),
                (
                    "flows/x.flow.json",
                    chain(none(), &[("x", "SqlGet", json!({"Connection": "c", "Query": "SELECT $gone"}))]),
                ),
            ],
        ),
        (("sub-flow/unknown", "x", "Flow", false), vec![calls("gone", none(), none())]),
        (("sub-flow/circle", "x", "Flow", false), vec![calls("x", none(), none())]),
        (
            ("sub-flow/unknown-input", "x", "Inputs", false),
            vec![
                calls("called", json!({"Inputs": [{"field": "gone", "expression": "1"}]}), inputs()),
                called(none(), there.clone()),
            ],
        ),
        (("sub-flow/missing-input", "x", "Inputs", false), vec![calls("called", none(), none()), called(needs, there)]),
        (("restart/local-path", "x", "Flow", false), vec![calls("called", none(), moving()), called(none(), local)]),
        (
            ("restart/local-path", "x", "Connection", false),
            vec![connection(json!({"kind": "sqlite", "settings": {"path": "/data/x.db"}})), uses("c", moving())],
        ),
        (
            ("restart/local-address", "x", "Connection", false),
            vec![
                connection(
                    json!({"kind": "postgres", "settings": {"host": "localhost", "database": "d", "user": "u"}}),
                ),
                uses("c", moving()),
            ],
        ),
        (
            ("restart/this-server-only", "x", "Connection", false),
            vec![
                connection(json!({"kind": "mysql", "settings":
                    {"host": "db", "database": "d", "user": "u", "ThisServerOnly": true}})),
                uses("c", moving()),
            ],
        ),
    ]
}
