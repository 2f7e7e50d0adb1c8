//! Writing.

use super::CsvOptions;
use crate::arrow::array::{Array, ArrayRef};
use crate::arrow::datatypes::DataType;
use crate::arrow::util::display::{ArrayFormatter, FormatOptions};
use crate::{DataError, Numbers, Stream, value_at};
use csv::{Writer, WriterBuilder};
use std::io::Write;

/// Writes a stream as CSV: null as an empty value, dates and times in ISO 8601, lists and records as JSON.
pub fn write_csv(stream: &Stream, output: impl Write, options: &CsvOptions) -> Result<(), DataError> {
    let mut writer = WriterBuilder::new().delimiter(options.delimiter).from_writer(output);
    if options.header {
        let names = stream.schema().fields().iter().map(|field| field.name());
        writer.write_record(names).map_err(|error| failed(&error))?;
    }
    for batch in stream.batches()? {
        let batch = batch?;
        write_batch(&mut writer, batch.columns(), batch.num_rows())?;
    }
    writer.flush().map_err(|error| DataError::Csv { message: error.to_string() })
}

fn write_batch<W: Write>(writer: &mut Writer<W>, columns: &[ArrayRef], rows: usize) -> Result<(), DataError> {
    let options = FormatOptions::default();
    let formatters = columns.iter().map(|column| match column.data_type() {
        nested if nested.is_nested() => Ok(None),
        _ => ArrayFormatter::try_new(column, &options).map(Some),
    });
    let formatters =
        formatters.collect::<Result<Vec<_>, _>>().map_err(|error| DataError::Csv { message: error.to_string() })?;
    let mut text = String::new();
    for row in 0..rows {
        for (column, formatter) in columns.iter().zip(&formatters) {
            text.clear();
            match formatter {
                _ if column.is_null(row) || *column.data_type() == DataType::Null => {}
                Some(formatter) => {
                    let value = formatter.value(row);
                    value.write(&mut text).map_err(|error| DataError::Csv { message: error.to_string() })?;
                }
                None => text = value_at(column, row, Numbers::Plain).to_string(),
            }
            writer.write_field(&text).map_err(|error| failed(&error))?;
        }
        writer.write_record(None::<&[u8]>).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &csv::Error) -> DataError {
    DataError::Csv { message: error.to_string() }
}
