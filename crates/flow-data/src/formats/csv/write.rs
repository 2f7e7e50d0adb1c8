//! Writing.

use super::CsvOptions;
use crate::arrow::array::{Array, ArrayRef};
use crate::arrow::datatypes::DataType;
use crate::arrow::util::display::{ArrayFormatter, FormatOptions};
use crate::formats::output::write_error;
use crate::{DataError, Numbers, Stream, value_at};
use std::fmt::Write as _;
use std::io::Write;

/// Writes a stream as CSV and gives the number of records: null as nothing and an empty text as two quotes, dates and
/// times in ISO 8601, lists and records as JSON.
pub fn write_csv(stream: &Stream, mut output: impl Write, options: &CsvOptions) -> Result<u64, DataError> {
    let mut text = String::new();
    if options.header {
        for (place, field) in stream.schema().fields().iter().enumerate() {
            separate(&mut text, place, options);
            add(&mut text, field.name(), options);
        }
        end_line(&mut text, options);
    }
    let mut rows = 0;
    for batch in stream.batches()? {
        let batch = batch?;
        add_records(&mut text, batch.columns(), batch.num_rows(), options)?;
        output.write_all(text.as_bytes()).map_err(|error| write_error(&error))?;
        text.clear();
        rows += batch.num_rows() as u64;
    }
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| write_error(&error))?;
    Ok(rows)
}

fn add_records(text: &mut String, columns: &[ArrayRef], rows: usize, options: &CsvOptions) -> Result<(), DataError> {
    let failed = |error: &dyn std::fmt::Display| DataError::Csv { message: error.to_string() };
    let format = FormatOptions::default();
    let formatters = columns.iter().map(|column| match column.data_type() {
        nested if nested.is_nested() => Ok(None),
        _ => ArrayFormatter::try_new(column, &format).map(Some),
    });
    let formatters = formatters.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
    let mut value = String::new();
    for row in 0..rows {
        for (place, (column, formatter)) in columns.iter().zip(&formatters).enumerate() {
            separate(text, place, options);
            if column.is_null(row) || *column.data_type() == DataType::Null {
                // A line without anything on it would be no record.
                if columns.len() == 1 {
                    add(text, "", options);
                }
                continue;
            }
            value.clear();
            match formatter {
                Some(formatter) => write!(value, "{}", formatter.value(row)).map_err(|error| failed(&error))?,
                None => value = value_at(column, row, Numbers::Plain).to_string(),
            }
            add(text, &value, options);
        }
        end_line(text, options);
    }
    Ok(())
}

fn separate(text: &mut String, place: usize, options: &CsvOptions) {
    if place > 0 {
        text.push(char::from(options.delimiter));
    }
}

fn end_line(text: &mut String, options: &CsvOptions) {
    text.push_str(if options.crlf { "\r\n" } else { "\n" });
}

fn add(text: &mut String, value: &str, options: &CsvOptions) {
    let special = |byte: u8| byte == options.delimiter || byte == options.quote || matches!(byte, b'\n' | b'\r');
    if !value.is_empty() && !value.bytes().any(special) {
        text.push_str(value);
        return;
    }
    let quote = char::from(options.quote);
    text.push(quote);
    for character in value.chars() {
        if character == quote {
            text.push(quote);
        }
        text.push(character);
    }
    text.push(quote);
}
