//! The flow that acts on the world in every way there is, and tells the ledger.

use crate::project::{component, http_connection, sqlite_connection, straight_flow};
use serde_json::{Value, json};
use std::path::Path;

pub const PROJECT: &str = "chaos";
pub const FLOW: &str = "acts";

/// The components, as one follows the other.
pub(super) const ORDER: [&str; 10] = [
    "start-1",
    "once-1",
    "checkpoint-1",
    "again-1",
    "checkpoint-2",
    "number-1",
    "row-1",
    "last-1",
    "number-2",
    "end-1",
];

/// The project's files: the ledger is at `ledger`, the table of results in the file `results`.
pub fn files(ledger: &str, results: &Path) -> [(&'static str, String); 3] {
    [
        ("flows/acts.flow.json", flow_with(&[])),
        ("connections/ledger.json", http_connection(ledger)),
        ("connections/results.json", sqlite_connection(&results.to_string_lossy())),
    ]
}

/// The same flow in a newer version, whose reply says so.
pub fn newer_flow() -> String {
    flow_with(&[("release", "2")])
}

/// once → Checkpoint → again → Checkpoint → a row, exactly once → last, exactly once → End.
///
/// `again` has no idempotency key: it may be called more than once, but never again after what is behind the second
/// Checkpoint has begun. What it replies has these fields beside the number.
fn flow_with(reply: &[(&str, &str)]) -> String {
    let component = |id: &str, kind: &str, properties: Value| component(id, kind, id, properties);
    let act = |id: &str, place: &str, exactly_once: bool| {
        let properties = json!({
            "Connection": "ledger", "Method": "POST", "Path": format!("/{place}/${{number}}"), "Retries": 0,
            "ExactlyOnce": exactly_once,
        });
        component(id, "HttpRequest", properties)
    };
    let number = |id: &str| component(id, "Mapper", json!({"Fields": [{"field": "number", "expression": "$number"}]}));
    let row = json!({
        "Connection": "results", "Table": "results", "Mode": "Insert", "CreateTable": true, "ExactlyOnce": true,
    });
    let fields = [("number", "$number")].iter().chain(reply);
    let answer: Vec<Value> =
        fields.map(|(field, expression)| json!({"field": field, "expression": expression})).collect();
    let components = [
        component(
            "start-1",
            "Start",
            json!({
                "OtherServerRetry": true, "BeginCheckpoint": "Use",
                "Inputs": [{"name": "number", "type": "Integer", "default": 0}],
            }),
        ),
        act("once-1", "once", true),
        component("checkpoint-1", "Checkpoint", json!({})),
        act("again-1", "again", false),
        component("checkpoint-2", "Checkpoint", json!({})),
        number("number-1"),
        component("row-1", "SqlPut", row),
        act("last-1", "last", true),
        component("number-2", "Mapper", json!({"Fields": answer})),
        component("end-1", "End", json!({"Reply": "Records"})),
    ];
    assert!(components.iter().map(|component| component["id"].as_str()).eq(ORDER.map(Some)), "in their order");
    straight_flow(&components)
}
