//! Places in a JSON document: `data.items`, or a JSON pointer such as `/data/items/0` (RFC 6901).

use serde_json::Value;

/// A place in a JSON document. Without parts it is the document itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath {
    parts: Vec<String>,
}

impl JsonPath {
    pub(super) fn parse(text: &str) -> Self {
        let parts = match text.trim() {
            "" => Vec::new(),
            pointer if pointer.starts_with('/') => {
                let decoded = |part: &str| part.replace("~1", "/").replace("~0", "~");
                pointer.split('/').skip(1).map(decoded).collect()
            }
            dotted => dotted.split('.').map(|part| part.trim().to_owned()).collect(),
        };
        Self { parts }
    }

    /// What stands there.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.parts.iter().try_fold(document, |value, part| match value {
            Value::Object(members) => members.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Takes what stands there out of the document.
    pub(super) fn take(&self, document: &mut Value) -> Option<Value> {
        let place = self.parts.iter().try_fold(document, |value, part| match value {
            Value::Object(members) => members.get_mut(part),
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
            _ => None,
        });
        place.map(Value::take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_named_with_dots_or_as_pointers() {
        let document = json!({"data": {"items": [1, {"a/b.c": 2}]}, "": 3});
        for (path, expected) in [
            ("", Some(&document)),
            ("data.items.0", Some(&json!(1))),
            ("/data/items/1/a~1b.c", Some(&json!(2))),
            ("data.none", None),
            ("data.items.x", None),
        ] {
            assert_eq!(JsonPath::parse(path).find(&document), expected, "{path}");
        }
    }
}
