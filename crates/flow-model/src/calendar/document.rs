//! A calendar as the text of its file, and back; and the JSON Schema of such files.

use super::{Calendar, CalendarError, DAY_RULE, Day};
use crate::DocumentError;
use crate::canonical::strict;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The number of the format of calendar files that this release writes; newer ones are refused.
const FORMAT: u32 = 1;

impl Calendar {
    /// Reads the calendar `name` from the text of its file.
    pub fn from_json(name: &str, text: &str) -> Result<Self, CalendarError> {
        let (description, days) =
            read(text).map_err(|problem| CalendarError::Document { name: name.to_owned(), problem })?;
        Ok(Self { name: name.to_owned(), description, days })
    }

    /// The canonical text of its file, ending with a line break: each day once and in order.
    pub fn to_json(&self) -> String {
        let mut file = Map::new();
        file.insert("format".to_owned(), FORMAT.into());
        if !self.description.is_empty() {
            file.insert("description".to_owned(), self.description.as_str().into());
        }
        file.insert("days".to_owned(), self.days.iter().map(Day::to_string).collect());
        format!("{:#}\n", Value::Object(file))
    }
}

fn read(text: &str) -> Result<(String, BTreeSet<Day>), DocumentError> {
    let mut file = strict::members(text, FORMAT)?;
    let description = strict::text_of(&mut file, "description")?.unwrap_or_default();
    let days = match file.shift_remove("days") {
        None => Vec::new(),
        Some(Value::Array(days)) => days,
        Some(other) => return Err(DocumentError::shape("days", format!("expected a list, found {other}"))),
    };
    let read = |(place, day): (usize, Value)| {
        let known = day.as_str().and_then(|text| Day::parse(text).ok());
        known.ok_or_else(|| DocumentError::shape(format!("days[{place}]"), format!("{day} is no day: {DAY_RULE}")))
    };
    let days: BTreeSet<Day> = days.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    if let Some(member) = file.keys().next() {
        return Err(DocumentError::shape(member.as_str(), "is not a member of a calendar"));
    }
    Ok((description, days))
}

/// The JSON Schema of calendar files.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cairn calendar",
        "type": "object",
        "required": ["format"],
        "additionalProperties": false,
        "properties": {
            "format": {"type": "integer", "minimum": 1, "maximum": FORMAT, "description": "The format of the file."},
            "description": {"type": "string", "description": "What it is for."},
            "days": {
                "type": "array",
                "items": {"type": "string", "pattern": "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"},
                "description": "Days on which nothing is due: “2026-12-25”, or “12-25” in every year."
            }
        }
    })
}
