//! The types of fields, in words for people and as they are written in documents.

use crate::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use std::sync::Arc;

/// What people call a type: `text`, `integer`, `number`, `boolean`, `date`, `time stamp`, …
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "nothing".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        integer if integer.is_integer() => "integer".to_owned(),
        number if number.is_floating() => "number".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes".to_owned()
        }
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time of day".to_owned(),
        DataType::Timestamp(_, None) => "time stamp".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("time stamp in {zone}"),
        DataType::Duration(_) | DataType::Interval(_) => "length of time".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list of {}", type_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect();
            format!("record ({})", parts.join(", "))
        }
        DataType::Dictionary(_, value) => type_name(value),
        other => other.to_string(),
    }
}

/// The type that a text in a document means: `Text`, `Integer`, `Number`, `Decimal(10,2)`, `Boolean`, `Date`, `Time`,
/// `Timestamp`, `TimestampTz` (with a time zone), `Bytes`, `List<Integer>`, `Record<street Text, "house no" Integer>`.
pub fn parse_type(text: &str) -> Option<DataType> {
    let mut reader = TypeReader { rest: text.trim() };
    let data_type = reader.data_type(0)?;
    reader.rest.is_empty().then_some(data_type)
}

/// How a type is written in documents; `None` for one that has no name there. The reverse of [`parse_type`].
pub fn type_text(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "Text".to_owned(),
        DataType::Boolean => "Boolean".to_owned(),
        integer if integer.is_integer() => "Integer".to_owned(),
        number if number.is_floating() => "Number".to_owned(),
        DataType::Decimal128(precision, scale) => format!("Decimal({precision},{scale})"),
        DataType::Date32 => "Date".to_owned(),
        DataType::Time64(_) => "Time".to_owned(),
        DataType::Timestamp(_, None) => "Timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "TimestampTz".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "Bytes".to_owned(),
        DataType::List(item) => format!("List<{}>", type_text(item.data_type())?),
        DataType::Struct(fields) => {
            let field =
                |field: &Arc<Field>| Some(format!("{} {}", quoted(field.name()), type_text(field.data_type())?));
            format!("Record<{}>", fields.iter().map(field).collect::<Option<Vec<_>>>()?.join(", "))
        }
        _ => return None,
    })
}

fn quoted(name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Reads the text of a type from left to right.
struct TypeReader<'a> {
    rest: &'a str,
}

impl TypeReader<'_> {
    /// Types within one another are read to this depth.
    const DEEPEST: usize = 32;

    fn data_type(&mut self, depth: usize) -> Option<DataType> {
        if depth > Self::DEEPEST {
            return None;
        }
        Some(match self.name()?.to_ascii_lowercase().as_str() {
            "text" => DataType::Utf8,
            "integer" => DataType::Int64,
            "number" => DataType::Float64,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date32,
            "time" => DataType::Time64(TimeUnit::Microsecond),
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "bytes" => DataType::Binary,
            "decimal" => self.decimal()?,
            "list" => {
                self.take('<')?;
                let item = self.data_type(depth + 1)?;
                self.take('>')?;
                DataType::List(Arc::new(Field::new_list_field(item, true)))
            }
            "record" => DataType::Struct(self.fields(depth)?),
            _ => return None,
        })
    }

    fn decimal(&mut self) -> Option<DataType> {
        self.take('(')?;
        let precision: u8 = self.name()?.parse().ok()?;
        self.take(',')?;
        let scale: i8 = self.name()?.parse().ok()?;
        self.take(')')?;
        let fits = (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
        fits.then_some(DataType::Decimal128(precision, scale))
    }

    fn fields(&mut self, depth: usize) -> Option<Fields> {
        self.take('<')?;
        let mut fields = Vec::new();
        loop {
            let name = self.field_name()?;
            fields.push(Field::new(name, self.data_type(depth + 1)?, true));
            if self.take('>').is_some() {
                return Some(Fields::from(fields));
            }
            self.take(',')?;
        }
    }

    /// A name in double quotes (which are doubled within), or one of letters, digits and `_`.
    fn field_name(&mut self) -> Option<String> {
        let Some(mut rest) = self.rest.strip_prefix('"') else { return self.name() };
        let mut name = String::new();
        loop {
            let (part, after) = rest.split_once('"')?;
            name.push_str(part);
            match after.strip_prefix('"') {
                Some(after) => {
                    name.push('"');
                    rest = after;
                }
                None => {
                    self.rest = after.trim_start();
                    return Some(name);
                }
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn take(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?.trim_start();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_and_read() {
        for text in [
            "Text",
            "Integer",
            "Number",
            "Boolean",
            "Decimal(10,2)",
            "Date",
            "Time",
            "Timestamp",
            "TimestampTz",
            "Bytes",
            "List<List<Integer>>",
            "Record<street Text, \"house \"\"no\"\"\" List<Record<a Integer>>>",
        ] {
            assert_eq!(type_text(&parse_type(text).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(parse_type(" list < integer > "), parse_type("List<Integer>"));
    }

    #[test]
    fn what_is_no_type_is_not_taken_for_one() {
        for text in ["", "Int", "List", "List<Integer", "Decimal(0,0)", "Decimal(5,6)", "Record<>", "Text Text"] {
            assert_eq!(parse_type(text), None, "{text}");
        }
        assert_eq!(parse_type(&"List<".repeat(100)), None);
    }
}
