//! XML out.

use super::super::Encoding;
use super::super::writing::{each_record, put};
use crate::arrow::datatypes::{DataType, Fields, SchemaRef};
use crate::json::record;
use crate::{DataError, Numbers, Stream};
use quick_xml::escape::escape;
use serde_json::{Map, Value};
use std::io::Write;

/// Refuses fields whose names cannot be those of elements or attributes.
pub(in crate::formats) fn check(schema: &SchemaRef) -> Result<(), DataError> {
    check_names(schema.fields())
}

fn check_names(fields: &Fields) -> Result<(), DataError> {
    for field in fields {
        let name = field.name().strip_prefix('@').unwrap_or(field.name());
        if !is_name(name) && name != "#text" {
            let message = format!("“{}” cannot be the name of an XML element; map it to another name", field.name());
            return Err(DataError::Type { message });
        }
        match field.data_type() {
            DataType::Struct(inner) => check_names(inner)?,
            DataType::List(item) => {
                if let DataType::Struct(inner) = item.data_type() {
                    check_names(inner)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    let begins = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    begins && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

/// Writes a document. `records` are the names of the elements around each record and of the records, `orders/order`.
pub(in crate::formats) fn write(
    stream: &Stream,
    output: &mut impl Write,
    records: &str,
    encoding: Encoding,
) -> Result<u64, DataError> {
    let mut names: Vec<&str> = records.split('/').map(str::trim).filter(|name| !name.is_empty()).collect();
    let name = names.pop().unwrap_or("record");
    if names.is_empty() {
        names.push("records");
    }
    if let Some(wrong) = names.iter().chain([&name]).find(|name| !is_name(name)) {
        return Err(DataError::Type { message: format!("“{wrong}” cannot be the name of an XML element") });
    }
    let opening: String = names.iter().map(|name| format!("<{name}>")).collect();
    put(output, format!("<?xml version=\"1.0\" encoding=\"{}\"?>\n{opening}\n", encoding.name()).as_bytes())?;
    let rows = each_record(stream, output, |text, batch, row, number| {
        let mut written = String::new();
        element(&mut written, name, &Value::Object(record(batch, row, Numbers::Plain)))
            .map_err(|error| DataError::Evaluate { row: Some(number + 1), message: error })?;
        text.extend_from_slice(written.as_bytes());
        text.push(b'\n');
        Ok(())
    })?;
    let closing: String = names.iter().rev().map(|name| format!("</{name}>")).collect();
    put(output, format!("{closing}\n").as_bytes())?;
    Ok(rows)
}

fn element(text: &mut String, name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for item in items {
                element(text, name, item)?;
            }
        }
        Value::Object(members) => {
            text.push('<');
            text.push_str(name);
            for (attribute, value) in attributes(members) {
                text.push_str(&format!(" {attribute}=\"{}\"", escaped(&plain(value))?));
            }
            text.push('>');
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
                match name.as_str() {
                    "#text" => text.push_str(&escaped(&plain(value))?),
                    name => element(text, name, value)?,
                }
            }
            text.push_str(&format!("</{name}>"));
        }
        single => text.push_str(&format!("<{name}>{}</{name}>", escaped(&plain(single))?)),
    }
    Ok(())
}

fn attributes(members: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(name, value)| Some((name.strip_prefix('@')?, value)))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> Result<String, String> {
    let allowed = |c: char| c >= ' ' || matches!(c, '\t' | '\n' | '\r');
    match text.chars().find(|c| !allowed(*c) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        Some(wrong) => Err(format!("a text holds the character {wrong:?}, which XML cannot have")),
        None => Ok(escape(text).into_owned()),
    }
}
