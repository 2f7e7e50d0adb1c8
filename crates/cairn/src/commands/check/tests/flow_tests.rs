//! Every kind of finding about flow tests.

use super::{Expected, chain, inputs, none};
use serde_json::{Value, json};

pub(super) fn of_flow_tests() -> Vec<(Expected, Vec<(&'static str, String)>)> {
    let of = |code: &'static str, place: &'static str, test: Value| {
        let flow = ("flows/x.flow.json", chain(inputs(), &[("end", "End", none())]));
        ((code, "", place, false), vec![flow, ("tests/of/x.test.json", test.to_string())])
    };
    let records = json!({"start": [], "gone.error": []});
    vec![
        of("test/syntax", "", json!({"flow": "x", "expects": {}})),
        of("test/too-new", "", json!({"format": 99, "flow": "x"})),
        of("test/unknown-flow", "flow", json!({"flow": "gone"})),
        of("test/unknown-component", "expect.records.gone.error", json!({"flow": "x", "expect": {"records": records}})),
    ]
}
