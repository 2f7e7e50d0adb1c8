//! Reading: rows are checked and collected as text first, then each column is cast to its type.

use super::CsvOptions;
use super::infer::Common;
use crate::arrow::array::{Array, ArrayBuilder, ArrayRef, StringArray, StringBuilder};
use crate::arrow::compute::{CastOptions, cast_with_options};
use crate::arrow::datatypes::{DataType, Field, Schema};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, Stream, type_name};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

/// Records of one batch.
const BATCH: usize = 16 * 1024;
/// A cast that fails on the first value that does not fit, rather than making it null.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: crate::arrow::util::display::FormatOptions::new() };

/// Reads a whole CSV file. Every row must have the same number of fields, and the text must be UTF-8. The type of a
/// field follows from all its values (boolean, integer, number, date, time stamp, else text); an empty value is null.
/// A name that occurs twice gets `_2`, an empty one becomes `column_N`.
pub fn read_csv(input: impl Read, options: &CsvOptions) -> Result<Stream, DataError> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(options.delimiter).from_reader(input);
    let mut record = StringRecord::new();
    let mut columns = Vec::new();
    if read_row(&mut reader, &mut record, 0, &[])? {
        columns = match options.header {
            true => column_names(&record).into_iter().map(Column::new).collect(),
            false => (1..=record.len()).map(|number| Column::new(format!("column_{number}"))).collect(),
        };
    }
    check_asked_types(&columns, options)?;
    let mut row = 0;
    let mut waiting = !options.header && !columns.is_empty();
    loop {
        if !waiting && !read_row(&mut reader, &mut record, row + 1, &columns)? {
            break;
        }
        waiting = false;
        row += 1;
        if record.len() != columns.len() {
            let line = record.position().map_or(row, csv::Position::line);
            return Err(DataError::CsvRagged { row, line, expected: columns.len(), found: record.len() });
        }
        for (column, value) in columns.iter_mut().zip(&record) {
            column.add(value);
        }
    }
    finish(columns, row as usize, options)
}

fn read_row<R: Read>(
    reader: &mut Reader<R>,
    record: &mut StringRecord,
    row: u64,
    columns: &[Column],
) -> Result<bool, DataError> {
    reader.read_record(record).map_err(|error| match error.kind() {
        ErrorKind::Utf8 { pos, err } => DataError::CsvEncoding {
            row,
            line: pos.as_ref().map_or(row, csv::Position::line),
            field: columns
                .get(err.field())
                .map_or_else(|| format!("column_{}", err.field() + 1), |column| column.name.clone()),
        },
        ErrorKind::Io(error) => DataError::Csv { message: format!("the file cannot be read: {error}") },
        _ => DataError::Csv { message: error.to_string() },
    })
}

/// The names in the header, each made unique.
fn column_names(header: &StringRecord) -> Vec<String> {
    let mut taken = HashSet::new();
    let names = header.iter().enumerate().map(|(index, name)| {
        let name = match name.trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        };
        let free = |candidate: &String| !taken.contains(candidate);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let unique = std::iter::once(name.clone()).chain(numbered).find(free).unwrap_or(name);
        taken.insert(unique.clone());
        unique
    });
    names.collect()
}

fn check_asked_types(columns: &[Column], options: &CsvOptions) -> Result<(), DataError> {
    for name in options.types.keys() {
        if !columns.iter().any(|column| column.name == *name) {
            let all: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            let near = crate::nearby_names(name, all.iter().map(String::as_str));
            return Err(DataError::UnknownField { field: name.clone(), near, all });
        }
    }
    Ok(())
}

/// The values of one column as text, in pieces of a batch each, and what they have in common.
struct Column {
    name: String,
    common: Common,
    filled: Vec<StringArray>,
    filling: StringBuilder,
}

impl Column {
    fn new(name: String) -> Self {
        Self { name, common: Common::Nothing, filled: Vec::new(), filling: StringBuilder::new() }
    }

    fn add(&mut self, value: &str) {
        if value.is_empty() {
            self.filling.append_null();
        } else {
            self.common = self.common.with(value);
            self.filling.append_value(value);
        }
        if self.filling.len() == BATCH {
            self.filled.push(self.filling.finish());
        }
    }

    /// The column in its type. Types that were inferred are given up for text where a value does not fit after all.
    fn finish(mut self, asked: Option<&DataType>) -> Result<(Field, Vec<ArrayRef>), DataError> {
        if self.filling.len() > 0 {
            self.filled.push(self.filling.finish());
        }
        let data_type = asked.cloned().unwrap_or_else(|| self.common.data_type());
        let field = Field::new(&self.name, data_type.clone(), true);
        let typed =
            self.filled.iter().map(|text| cast_with_options(text, &data_type, &STRICT)).collect::<Result<Vec<_>, _>>();
        match (typed, asked) {
            (Ok(typed), _) => Ok((field, typed)),
            (Err(_), Some(asked)) => Err(self.misfit(asked)),
            (Err(_), None) => {
                let text = self.filled.into_iter().map(|text| Arc::new(text) as ArrayRef).collect();
                Ok((field.with_data_type(DataType::Utf8), text))
            }
        }
    }

    /// The first value that does not have the type asked for.
    fn misfit(&self, asked: &DataType) -> DataError {
        let values = self.filled.iter().flat_map(|text| (0..text.len()).map(move |at| text.slice(at, 1)));
        let (row, text) = values
            .zip(1..)
            .find(|(value, _)| cast_with_options(value, asked, &STRICT).is_err())
            .map_or((0, String::new()), |(value, row)| (row, value.value(0).to_owned()));
        DataError::CsvValue { row, field: self.name.clone(), value: text, expected: type_name(asked), inferred: false }
    }
}

fn finish(columns: Vec<Column>, rows: usize, options: &CsvOptions) -> Result<Stream, DataError> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut pieces = Vec::with_capacity(columns.len());
    for column in columns {
        let asked = options.types.get(&column.name);
        let (field, arrays) = column.finish(asked)?;
        fields.push(field);
        pieces.push(arrays);
    }
    let schema = Arc::new(Schema::new(fields));
    let batches = (0..rows.div_ceil(BATCH)).map(|batch| {
        let arrays = pieces.iter().filter_map(|arrays| arrays.get(batch).cloned()).collect();
        let size = RecordBatchOptions::new().with_row_count(Some(BATCH.min(rows - batch * BATCH)));
        RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &size)
            .map_err(|error| DataError::Csv { message: error.to_string() })
    });
    let batches = batches.collect::<Result<Vec<_>, _>>()?;
    Ok(Stream::new(schema, batches))
}
