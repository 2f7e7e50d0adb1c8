//! What two sides changed, each differently, for the author to decide: the same for what another program wrote and for
//! what a pull brings.

use flow_model::{ComponentId, Conflict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Whose change is kept where both sides changed the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The author's own.
    Mine,
    /// That of the other program, or of the remote.
    Theirs,
}

/// Whose change is kept, by the keys of the conflicts.
pub type Keep = BTreeMap<String, Side>;

/// Something that both sides changed, each differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ConflictView {
    /// What tells it from the others, to say whose change is kept.
    pub key: String,
    /// The component or group that it is about, if it is about one.
    pub component: Option<ComponentId>,
    /// What it is about, in words: `Path of “Read orders”`.
    pub what: String,
    /// How it was before.
    pub before: ConflictValue,
    /// How it is here.
    pub mine: ConflictValue,
    /// How the other side has it.
    pub theirs: ConflictValue,
}

/// How one side has it: the entries of a list, all else in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(untagged)]
pub enum ConflictValue {
    /// The entries of a list.
    List(Vec<Value>),
    /// Anything else.
    Words(String),
}

impl ConflictView {
    pub(crate) fn of(conflict: &Conflict) -> Self {
        let is_property = conflict.place.property.is_some();
        let [before, mine, theirs] = [&conflict.base, &conflict.ours, &conflict.theirs].map(|value| match value {
            Value::Array(entries) => ConflictValue::List(entries.clone()),
            other => ConflictValue::Words(said(other, is_property)),
        });
        Self {
            key: conflict.key(),
            component: conflict.place.component.clone(),
            what: conflict.what.clone(),
            before,
            mine,
            theirs,
        }
    }
}

/// A value that is no list, in words.
fn said(value: &Value, is_property: bool) -> String {
    match value {
        Value::Null if is_property => "the default".to_owned(),
        Value::Null => "not there".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(part) if !is_property && part.contains_key("type") => {
            let text = |key: &str| part.get(key).and_then(Value::as_str).unwrap_or_default();
            let properties = part.get("properties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
            let set = if properties == 1 { "1 property".to_owned() } else { format!("{properties} properties") };
            format!("{} “{}” with {set} set", text("type"), text("name"))
        }
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

impl From<Side> for flow_model::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Mine => Self::Ours,
            Side::Theirs => Self::Theirs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConflictValue, ConflictView};
    use flow_model::{Conflict, Place};
    use serde_json::{Value, json};

    #[test]
    fn a_list_is_told_by_its_entries_and_all_else_in_words() {
        let view = ConflictView::of(&Conflict {
            place: Place { property: Some("Fields".to_owned()), ..Place::default() },
            what: "Fields of “To warehouse”".to_owned(),
            base: Value::Null,
            ours: json!([{"field": "total"}]),
            theirs: json!("amount"),
        });
        assert_eq!(view.before, ConflictValue::Words("the default".to_owned()));
        assert_eq!(view.mine, ConflictValue::List(vec![json!({"field": "total"})]));
        assert_eq!(serde_json::to_value(&view).unwrap()["theirs"], "amount");
    }
}
