//! Files of older formats: each is brought to the next format, one after the other, up to the one that this release
//! writes. What a flow did before, it does after.

use super::FORMAT;
use serde_json::{Map, Value, json};

/// Brings the members of a file of one format to the next.
type Upgrade = fn(&mut Map<String, Value>);

/// The upgrades, from format 1 to 2 and so on.
const UPGRADES: [Upgrade; FORMAT as usize - 1] = [from_1];

/// Upgrades the members of a file of format `found`, which is at least 1. Wrong shapes are left to whoever reads them.
pub(super) fn upgrade(members: &mut Map<String, Value>, found: u64) {
    let done = usize::try_from(found).unwrap_or(usize::MAX).saturating_sub(1);
    for upgrade in UPGRADES.iter().skip(done) {
        upgrade(members);
    }
}

/// Format 2 has ForEach with bodies, and groups. An HTTP Request of format 1 always sent an idempotency key; now it says
/// so with `ExactlyOnce`, which matters where it changes something.
fn from_1(members: &mut Map<String, Value>) {
    for component in members.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten() {
        if component.get("type").and_then(Value::as_str) != Some("HttpRequest") {
            continue;
        }
        let Some(properties) = component.get_mut("properties").and_then(Value::as_object_mut) else { continue };
        let changes = properties.get("Method").and_then(Value::as_str).is_some_and(|method| method != "GET");
        if changes && !properties.contains_key("ExactlyOnce") {
            properties.insert("ExactlyOnce".to_owned(), json!(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::example::id;
    use crate::{DocumentError, FORMAT, Flow};
    use serde_json::json;

    /// A sample flow as the release before wrote it.
    const OLD: &str = include_str!("fixtures/order-import.format-1.flow.json");

    #[test]
    fn a_flow_of_the_release_before_is_upgraded_and_does_what_it_did() {
        let flow = Flow::from_json(OLD).expect("reads");
        let request = flow.components.values().find(|component| component.kind == "HttpRequest").expect("has one");
        assert_eq!(
            (request.properties.get("Method"), request.properties.get("ExactlyOnce")),
            (Some(&json!("POST")), Some(&json!(true)))
        );
        let new = flow.to_json();
        let as_it_was = Flow::from_json(&OLD.replace("\"format\": 1", "\"format\": 2")).expect("reads").to_json();
        let differs: Vec<&str> = new.lines().filter(|line| !as_it_was.contains(line.trim_end_matches(','))).collect();
        assert_eq!(differs, ["        \"ExactlyOnce\": true,"], "and nothing else changes");
        assert!(new.starts_with(&format!("{{\n  \"format\": {FORMAT},\n")));
        assert_eq!(Flow::from_json(&new).expect("reads"), flow, "an upgraded file is not upgraded again");
    }

    #[test]
    fn an_upgrade_keeps_what_the_author_said_and_what_only_reads() {
        let text = r#"{"format": 1, "components": [
            {"id": "get", "type": "HttpRequest", "properties": {"Url": "http://example.org"}},
            {"id": "put", "type": "HttpRequest", "properties": {"Method": "PUT", "ExactlyOnce": false}},
            {"id": "end", "type": "End"}]}"#;
        let flow = Flow::from_json(text).expect("reads");
        assert!(!flow.components[&id("get")].properties.contains_key("ExactlyOnce"));
        assert_eq!(flow.components[&id("put")].properties["ExactlyOnce"], json!(false));
    }

    #[test]
    fn wrong_shapes_in_old_files_are_named_as_in_new_ones() {
        for text in [r#"{"format": 1, "components": 7}"#, r#"{"format": 1, "components": [7]}"#] {
            assert!(matches!(Flow::from_json(text), Err(DocumentError::Shape { .. })), "{text}");
        }
    }
}
