//! Mending a name that is not known: the one that was probably meant goes into its place.

use flow_model::{ComponentId, Edit};
use serde_json::Value;

/// Members of entries that name what is made, not what is there.
pub(super) const MADE: [&str; 4] = ["field", "outlet", "name", "type"];

/// The edit that puts `right` in the place of `wrong` wherever the value of a property refers to it; `None` where it
/// does not, or where the name would have to be quoted.
pub(super) fn respelled(id: &ComponentId, property: &str, value: &Value, wrong: &str, right: &str) -> Option<Edit> {
    let is_plain = |name: &str| !name.is_empty() && name.chars().all(is_of_name);
    if !is_plain(wrong) || !is_plain(right) {
        return None;
    }
    let mended = mended(value, wrong, right);
    let set = || Edit::SetProperty { id: id.clone(), property: property.to_owned(), value: mended.clone() };
    (mended != *value).then(set)
}

fn mended(value: &Value, wrong: &str, right: &str) -> Value {
    match value {
        Value::String(text) => Value::from(replaced(text, wrong, right)),
        Value::Array(entries) => entries.iter().map(|entry| mended(entry, wrong, right)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let is_made = MADE.contains(&name.as_str());
                (name.clone(), if is_made { value.clone() } else { mended(value, wrong, right) })
            };
            members.iter().map(member).collect()
        }
        other => other.clone(),
    }
}

/// The text with every `wrong` that is a word of its own replaced.
fn replaced(text: &str, wrong: &str, right: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(wrong) {
        let end = at + wrong.len();
        let is_whole = !text[..at].chars().next_back().is_some_and(is_of_name)
            && !text[end..].chars().next().is_some_and(is_of_name);
        if is_whole && at >= from {
            made.push_str(&text[from..at]);
            made.push_str(right);
            from = end;
        }
    }
    made.push_str(&text[from..]);
    made
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::respelled;
    use crate::testing::id;
    use flow_model::Edit;
    use serde_json::{Value, json};

    fn mended(value: &Value, wrong: &str, right: &str) -> Option<Value> {
        match respelled(&id("a"), "P", value, wrong, right)? {
            Edit::SetProperty { value, .. } => Some(value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whole_words_that_refer_to_the_name_are_replaced_and_nothing_else() {
        let fields = json!([{"field": "amuont", "expression": "amuont + amuonts + $amuont"}]);
        let expected = json!([{"field": "amuont", "expression": "amount + amuonts + $amount"}]);
        assert_eq!(mended(&fields, "amuont", "amount"), Some(expected));
        assert_eq!(mended(&json!(["a", "b"]), "b", "c"), Some(json!(["a", "c"])));
        assert_eq!(mended(&json!("x > 1"), "y", "z"), None);
        assert_eq!(mended(&json!("x > 1"), "x", "with space"), None);
    }
}
