//! Texts in which `${name}` stands for a value.

use crate::ComponentError;
use std::collections::BTreeSet;

/// A text with places to fill in. `$${` stands for `${` itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl Template {
    /// Parses a text. What opens and does not close is an error.
    pub fn parse(text: &str) -> Result<Self, ComponentError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest[..at].strip_suffix('$') {
                plain.push_str(before);
                plain.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            plain.push_str(&rest[..at]);
            let (name, after) = rest[at + 2..].split_once('}').ok_or_else(|| unclosed(&rest[at..]))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Name(name.trim().to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// A template of nothing.
    pub fn empty() -> Self {
        Self { parts: Vec::new() }
    }

    /// The names that stand in it.
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        });
        names.collect()
    }

    /// What stands between the names.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Name(_) => None,
        })
    }

    /// The text with every name filled in by `value`, which gives `None` for a name that it does not know.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, ComponentError> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => filled.push_str(&value(name).ok_or_else(|| unknown(name))?),
            }
        }
        Ok(filled)
    }
}

fn unclosed(from: &str) -> ComponentError {
    let shown: String = from.chars().take(20).collect();
    let message = format!(
        "“{shown}” opens a value with “${{” and does not close it: add “}}”, or write “$${{” for the characters themselves"
    );
    ComponentError::new("template/unclosed", message).for_good()
}

fn unknown(name: &str) -> ComponentError {
    let message =
        format!("“${{{name}}}” names no flow variable that is set here: declare it among the inputs of Start");
    ComponentError::new("template/unknown-name", message).for_good()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, ComponentError> {
        let value = |name: &str| (name == "day").then(|| "Monday".to_owned());
        Template::parse(text).and_then(|template| template.fill(value))
    }

    #[test]
    fn names_are_filled_in_and_everything_else_stays() {
        for (text, expected) in [
            ("", ""),
            ("plain $ text }", "plain $ text }"),
            ("${day}", "Monday"),
            ("on ${ day }!", "on Monday!"),
            ("${day}${day}", "MondayMonday"),
            ("$${day}", "${day}"),
            ("5 $$${day}", "5 $${day}"),
            ("ü${day}ü", "üMondayü"),
        ] {
            assert_eq!(fill(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn unknown_names_and_open_ends_are_errors() {
        for (text, code) in [("${night}", "template/unknown-name"), ("a ${day", "template/unclosed")] {
            assert_eq!(fill(text).unwrap_err().code, code, "{text}");
        }
    }
}
