//! Comparing what is with what was expected: tolerant where it does not matter, and clear where it does.
//!
//! * Only the fields that an expected record names are looked at (unless `exactFields`); a missing one is null.
//! * Numbers are equal if they are as close as `tolerance` says; 64-bit integers and decimals, which are texts in JSON,
//!   are equal to the number that they write.
//! * `"$any"` is equal to everything, and `{"$like": "order * of *"}` to a text of that form.
//! * Lists have the same order (unless `anyOrder`). The ends of lines do not matter.

use crate::document::Rules;
use serde::Serialize;
use serde_json::{Map, Value};

/// So many differences of one list are told.
const TOLD: usize = 10;
/// So much of a value is shown, in characters.
const SHOWN: usize = 300;

/// Something that is not as it was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: `reply[0].total`.
    pub place: String,
    /// What was expected there; empty where the place tells it.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Difference {
    pub(crate) fn new(place: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { place: place.to_owned(), expected: expected.into(), found: found.into() }
    }
}

/// What differs between the expected value and the one that was found, if there is one.
pub(crate) fn differences(place: &str, expected: &Value, found: Option<&Value>, rules: &Rules) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(place, expected, found.unwrap_or(&Value::Null), rules, &mut all);
    all
}

fn compare(place: &str, expected: &Value, found: &Value, rules: &Rules, all: &mut Vec<Difference>) {
    match (expected, found) {
        (Value::Array(expected), Value::Array(found)) => lists(place, expected, found, rules, all),
        (Value::Object(pattern), found) if pattern.contains_key("$like") => {
            if !is_like(pattern, found) {
                all.push(Difference::new(place, format!("a text like {}", shown(&pattern["$like"])), shown(found)));
            }
        }
        (Value::Object(expected), Value::Object(found)) => objects(place, expected, found, rules, all),
        (expected, found) => {
            if !is_equal(expected, found, rules) {
                all.push(Difference::new(place, shown(expected), shown_like(expected, found)));
            }
        }
    }
}

fn objects(
    place: &str,
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    rules: &Rules,
    all: &mut Vec<Difference>,
) {
    for (name, value) in expected {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        compare(&inner, value, found.get(name).unwrap_or(&Value::Null), rules, all);
    }
    if rules.exact_fields {
        for (name, value) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
            all.push(Difference::new(&format!("{place}.{name}"), "no such field", shown(value)));
        }
    }
}

fn lists(place: &str, expected: &[Value], found: &[Value], rules: &Rules, all: &mut Vec<Difference>) {
    let before = all.len();
    if rules.any_order || expected.len() != found.len() {
        if expected.len() != found.len() {
            all.push(Difference::new(place, counted(expected.len()), counted(found.len())));
        }
        let (missing, unexpected) = unmatched(expected, found, rules);
        all.extend(missing.into_iter().map(|value| Difference::new(place, shown(value), "nothing like it")));
        // What is expected of one record tells how all of them are written.
        let like = expected.first().unwrap_or(&Value::Null);
        let unexpected = unexpected.into_iter().map(|value| shown_like(like, value));
        all.extend(unexpected.map(|value| Difference::new(place, "nothing like it", value)));
    } else {
        for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
            compare(&format!("{place}[{at}]"), expected, found, rules, all);
        }
    }
    if all.len() > before + TOLD {
        let more = all.len() - before - TOLD;
        all.truncate(before + TOLD);
        all.push(Difference::new(place, "", format!("… and {more} more differences")));
    }
}

/// The expected values that have no match among those that were found, and the other way round.
pub(crate) fn unmatched<'a>(
    expected: &'a [Value],
    found: &'a [Value],
    rules: &Rules,
) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let mut left: Vec<&Value> = found.iter().collect();
    let mut missing = Vec::new();
    for value in expected {
        match left.iter().position(|candidate| differences("", value, Some(candidate), rules).is_empty()) {
            Some(place) => {
                left.remove(place);
            }
            None => missing.push(value),
        }
    }
    (missing, left)
}

fn is_equal(expected: &Value, found: &Value, rules: &Rules) -> bool {
    match (expected, found) {
        (Value::String(any), _) if any == "$any" => true,
        (Value::String(expected), Value::String(found)) => same_lines(expected) == same_lines(found),
        (Value::Number(_), _) | (_, Value::Number(_)) => are_numbers(expected, found, rules),
        (expected, found) => expected == found,
    }
}

fn are_numbers(expected: &Value, found: &Value, rules: &Rules) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let (Some(expected), Some(found)) = (text(expected), text(found)) else { return false };
    if expected == found {
        return true;
    }
    // As whole numbers if they are: a 64-bit one may not be a floating point number.
    if let (Ok(expected), Ok(found)) = (expected.parse::<i128>(), found.parse::<i128>()) {
        return expected == found
            || expected.abs_diff(found) as f64 <= rules.tolerance * expected.unsigned_abs() as f64;
    }
    match (expected.parse::<f64>(), found.parse::<f64>()) {
        (Ok(expected), Ok(found)) => {
            (expected - found).abs() <= rules.tolerance * expected.abs().max(found.abs()).max(f64::MIN_POSITIVE)
        }
        _ => false,
    }
}

fn is_like(pattern: &Map<String, Value>, found: &Value) -> bool {
    let (Some(Value::String(pattern)), Value::String(found)) = (pattern.get("$like"), found) else { return false };
    like(&same_lines(pattern), &same_lines(found))
}

/// Whether a text has the form of a pattern, in which `*` stands for anything.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn same_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn counted(number: usize) -> String {
    format!("{number} in the list")
}

/// A value for people: not all of a long one.
pub(crate) fn shown(value: &Value) -> String {
    shortened(value.to_string())
}

/// A value that was found, for people to compare with the expected one.
fn shown_like(expected: &Value, found: &Value) -> String {
    shortened(written_like(expected, found))
}

/// A value that was found, with its numbers written as the test writes them: JSON has 64-bit integers and decimals as
/// texts. Written out, since a number of JSON could not hold all of their digits.
fn written_like(expected: &Value, found: &Value) -> String {
    match (expected, found) {
        (Value::Number(_), Value::String(text)) if is_number(text) => text.trim().to_owned(),
        (Value::String(text), Value::Number(number)) if is_number(text) => format!("\"{number}\""),
        (Value::Array(expected), Value::Array(found)) => {
            let like = |at: usize| expected.get(at).or(expected.first()).unwrap_or(&Value::Null);
            let found: Vec<String> =
                found.iter().enumerate().map(|(at, value)| written_like(like(at), value)).collect();
            format!("[{}]", found.join(","))
        }
        (Value::Object(expected), Value::Object(found)) => {
            let member = |(name, value): (&String, &Value)| {
                let like = expected.get(name).unwrap_or(&Value::Null);
                format!("{}:{}", Value::from(name.as_str()), written_like(like, value))
            };
            format!("{{{}}}", found.iter().map(member).collect::<Vec<_>>().join(","))
        }
        (_, found) => found.to_string(),
    }
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
