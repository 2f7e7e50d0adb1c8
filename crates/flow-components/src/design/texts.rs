//! Where in the value of a property the text stands that something is said about.

use super::respell::MADE;
use flow_data::{DataError, Expression};
use flow_model::TextPlace;
use serde_json::Value;

/// The texts in the value of a property, each with its place: the value itself, or the members of its entries.
fn texts(value: &Value) -> Vec<(TextPlace, &str)> {
    match value {
        Value::String(text) => vec![(TextPlace::default(), text.as_str())],
        Value::Array(entries) => entries.iter().zip(0..).flat_map(|(entry, at)| in_entry(entry, at)).collect(),
        _ => Vec::new(),
    }
}

fn in_entry(entry: &Value, at: u32) -> Vec<(TextPlace, &str)> {
    let place = |member: Option<&String>| TextPlace { entry: Some(at), member: member.cloned(), range: None };
    match entry {
        Value::String(text) => vec![(place(None), text.as_str())],
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !MADE.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((place(Some(name)), value.as_str()?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// The place of the expression `sql`; of several that read the same, the first that is not among `taken`.
pub(super) fn place_of(value: &Value, sql: &str, taken: &[TextPlace]) -> Option<TextPlace> {
    let fits = |(place, text): &(TextPlace, &str)| *text == sql && !taken.contains(place);
    texts(value).into_iter().find(fits).map(|(place, _)| place)
}

/// The place that an error is about which several texts of the value may have given.
pub(super) fn place_of_error(value: &Value, error: &DataError) -> Option<TextPlace> {
    let is_syntax = matches!(innermost(error), DataError::ExpressionSyntax { .. });
    texts(value).into_iter().find_map(|(place, text)| {
        let is_list = place.entry.is_some();
        if is_syntax && is_list && Expression::check_syntax(text).as_ref().err() != Some(innermost(error)) {
            return None;
        }
        let bytes = error.range_in(text)?;
        Some(place.marking(text, bytes))
    })
}

fn innermost(error: &DataError) -> &DataError {
    match error {
        DataError::About { error, .. } | DataError::Upstream { error } => innermost(error),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{place_of, place_of_error};
    use flow_data::DataError;
    use flow_model::TextPlace;
    use serde_json::json;

    #[test]
    fn expressions_that_read_the_same_are_told_apart() {
        let value = json!([{"field": "a", "expression": "x"}, {"field": "b", "expression": "x"}]);
        let place = |entry| TextPlace { entry: Some(entry), member: Some("expression".to_owned()), range: None };
        assert_eq!(place_of(&value, "x", &[]), Some(place(0)));
        assert_eq!(place_of(&value, "x", &[place(0)]), Some(place(1)));
        assert_eq!(place_of(&value, "a", &[]), None, "what is made is no expression");
    }

    #[test]
    fn a_name_is_found_in_its_entry() {
        let error = DataError::UnknownField { field: "größe".to_owned(), near: Vec::new(), all: Vec::new() };
        let value = json!([{"field": "a", "expression": "'𝄞' || x"}, {"field": "b", "expression": "'𝄞' || größe"}]);
        let found = place_of_error(&value, &error.about("key 2")).unwrap();
        assert_eq!((found.entry, found.range), (Some(1), Some((8, 13))), "counted as editors do");
    }
}
