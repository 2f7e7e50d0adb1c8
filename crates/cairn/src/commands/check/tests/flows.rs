//! Every kind of finding that one flow alone can have.

use super::{Expected, chain, flow, inputs, mapper, moving, none};
use serde_json::{Value, json};

pub(super) fn of_one_flow() -> Vec<(Expected, String)> {
    let end = ("end", "End", none());
    vec![
        (("flow/no-start", "", "", false), flow(std::slice::from_ref(&end), &[])),
        (
            ("flow/several-starts", "start-2", "", true),
            flow(&[("start", "Start", none()), ("start-2", "Start", none())], &[]),
        ),
        (
            ("flow/start-in-body", "start", "", true),
            flow(
                &[("each", "ForEach", none()), ("each/start", "Start", none()), ("start-0", "Start", none())],
                &["start-0>each", "each.each>start"],
            ),
        ),
        (
            ("flow/cycle", "a", "", true),
            flow(
                &[("start", "Start", none()), ("a", "Union", none()), ("b", "Filter", json!({"Condition": "true"}))],
                &["start>a.first", "a>b", "b>a.second"],
            ),
        ),
        (("flow/unreachable", "end", "", true), flow(&[("start", "Start", none()), end.clone()], &[])),
        (("flow/never-ends-well", "start", "", false), chain(none(), &[("fail", "Fail", json!({"Message": "no"}))])),
        (
            ("variable/set-on-parallel-paths", "join", "", false),
            flow(
                &[
                    ("start", "Start", none()),
                    ("a", "SetVariable", json!({"Variables": [{"field": "v", "expression": "1"}]})),
                    ("b", "SetVariable", json!({"Variables": [{"field": "v", "expression": "2"}]})),
                    ("join", "Union", none()),
                ],
                &["start>a", "start>b", "a>join.first", "b>join.second"],
            ),
        ),
        (("component/unknown-type", "x", "", false), chain(none(), &[("x", "FromTheFuture", none())])),
        (
            ("component/no-such-parent", "x", "", true),
            flow(&[("start", "Start", none()), ("gone/x", "End", none())], &[]),
        ),
        (
            ("component/parent-has-no-body", "x", "", true),
            flow(&[("start", "Start", none()), end.clone(), ("end/x", "End", none())], &["start>end"]),
        ),
        (
            ("component/parent-circle", "each", "", true),
            flow(&[("start", "Start", none()), ("each/each", "ForEach", none())], &[]),
        ),
        (("body/empty", "each", "", false), chain(none(), &[("each", "ForEach", none())])),
        (("link/no-such-component", "", "", true), flow(&[("start", "Start", none())], &["start>gone"])),
        (
            ("link/no-such-outlet", "start", "", true),
            flow(&[("start", "Start", none()), end.clone()], &["start.gone>end"]),
        ),
        (
            ("link/no-such-inlet", "end", "", true),
            flow(&[("start", "Start", none()), end.clone()], &["start>end.gone"]),
        ),
        (
            ("link/crosses-border", "", "", true),
            flow(
                &[("start", "Start", none()), ("each", "ForEach", none()), ("each/x", "End", none())],
                &["start>each", "start>x"],
            ),
        ),
        (("group/no-such-component", "", "", true), {
            let mut flow: Value = serde_json::from_str(&chain(none(), std::slice::from_ref(&end))).unwrap();
            flow["groups"] = json!([{"id": "group-1", "title": "G", "members": ["gone"]}]);
            flow.to_string()
        }),
        (("property/missing", "x", "Condition", false), chain(none(), &[("x", "Filter", none())])),
        (
            ("property/type", "start", "RetryCount", true),
            chain(json!({"RetryCount": "three"}), std::slice::from_ref(&end)),
        ),
        (
            ("property/value", "x", "Records", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "storage:a.xml", "Format": "Xml"}))]),
        ),
        (
            ("property/unknown", "start", "retry_count", true),
            chain(json!({"retry_count": 3}), std::slice::from_ref(&end)),
        ),
        (("data/expression-syntax", "x", "Fields", false), chain(inputs(), &[("x", "Mapper", mapper("id +"))])),
        (("data/unknown-field", "x", "Fields", true), chain(inputs(), &[("x", "Mapper", mapper("ids + 1"))])),
        (("data/unknown-variable", "x", "Fields", true), chain(inputs(), &[("x", "Mapper", mapper("$ids + 1"))])),
        (("data/type", "x", "Condition", false), chain(inputs(), &[("x", "Filter", json!({"Condition": "id + 1"}))])),
        (
            ("data/different-fields", "x", "", false),
            flow(
                &[
                    ("start", "Start", inputs()),
                    ("a", "Mapper", mapper("1")),
                    ("b", "Mapper", json!({"Fields": [{"field": "y", "expression": "'text'"}]})),
                    ("x", "Checkpoint", none()),
                ],
                &["start>a", "start>b", "a>x", "b>x"],
            ),
        ),
        (
            ("template/unknown-name", "x", "Path", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "storage:${gone}.csv"}))]),
        ),
        (
            ("file/read-only", "x", "Path", false),
            chain(inputs(), &[("x", "FileWrite", json!({"Path": "project:x.csv"}))]),
        ),
        (
            ("file/not-found", "x", "Path", false),
            chain(none(), &[("x", "FileRead", json!({"Path": "project:gone.csv"}))]),
        ),
        (
            ("restart/no-saved-point", "start", "OtherServerRetry", true),
            chain(json!({"OtherServerRetry": true}), std::slice::from_ref(&end)),
        ),
        (
            ("restart/local-path", "x", "Path", true),
            chain(moving(), &[("x", "FileRead", json!({"Path": "/data/orders.csv"}))]),
        ),
        (
            ("restart/local-address", "x", "Message", false),
            chain(moving(), &[("x", "Log", json!({"Message": "see http://localhost:8080/"}))]),
        ),
        (("document/syntax", "", "", false), "<<<<<<< ours".to_owned()),
        (("document/too-new", "", "", false), json!({"format": 99}).to_string()),
        (("document/shape", "", "", false), json!({"format": 1, "components": 3}).to_string()),
    ]
}
