//! Unnest: a record for each item of a list.

use crate::arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use crate::arrow::compute::{cast, take};
use crate::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use crate::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use crate::{DataError, Stream, nearby_names, type_name};
use std::sync::Arc;

/// How a field is unnested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnest {
    /// The field: a list, or a record.
    pub field: String,
    /// Whether a record whose list is empty or missing stays, without a value.
    pub keep_empty: bool,
    /// Whether items that are records become fields.
    pub expand: bool,
}

/// Makes a record for each item of the list in a field; the other fields are the same in all of them. Items that are
/// records become fields where `expand` says so, in the place of the list, with the name of the list before a name that
/// is taken (`items_id`). A field that is a record and no list is only expanded.
pub fn unnest(input: &Stream, how: &Unnest) -> Result<Stream, DataError> {
    let schema = input.schema();
    let Some((place, field)) = schema.column_with_name(&how.field) else {
        let all: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let near = nearby_names(&how.field, all.iter().map(String::as_str));
        return Err(DataError::UnknownField { field: how.field.clone(), near, all });
    };
    let (item, is_list) = match field.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            (item.data_type().clone(), true)
        }
        DataType::Struct(_) => (field.data_type().clone(), false),
        // Nothing is known of a list that was always empty.
        DataType::Null => (DataType::Null, false),
        other => {
            let message = format!("“{}” is {}, and only a list can be unnested", how.field, type_name(other));
            return Err(DataError::Type { message });
        }
    };
    let members = match &item {
        DataType::Struct(members) if how.expand => Some(members.clone()),
        _ => None,
    };
    let result = result_schema(schema, place, &item, members.as_ref());
    let (keep_empty, target) = (how.keep_empty, Arc::clone(&result));
    input.map_batches(result, move |batch| {
        let (rows, items) = match is_list {
            true => items_of(batch.column(place), keep_empty)?,
            false => (None, Arc::clone(batch.column(place))),
        };
        records(batch, place, rows.as_ref(), &items, members.as_ref(), &target)
    })
}

/// The fields of the result: those of the input, with the item or its members in the place of the list.
fn result_schema(schema: &Schema, place: usize, item: &DataType, members: Option<&Fields>) -> SchemaRef {
    let mut fields: Vec<Field> = Vec::new();
    for (at, field) in schema.fields().iter().enumerate() {
        match members {
            _ if at != place => fields.push(field.as_ref().clone().with_nullable(true)),
            None => fields.push(Field::new(field.name(), item.clone(), true)),
            Some(members) => {
                let others = schema.fields().iter().enumerate().filter(|(other, _)| *other != place);
                let taken: Vec<&str> = others.map(|(_, other)| other.name().as_str()).collect();
                for member in members {
                    let mut name = member.name().clone();
                    while taken.contains(&name.as_str()) {
                        name = format!("{}_{name}", field.name());
                    }
                    fields.push(Field::new(name, member.data_type().clone(), true));
                }
            }
        }
    }
    Arc::new(Schema::new(fields))
}

/// The items of all lists, and for each the row it comes from.
fn items_of(lists: &ArrayRef, keep_empty: bool) -> Result<(Option<UInt32Array>, ArrayRef), DataError> {
    let item = match lists.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Arc::clone(item),
        other => return Err(DataError::Internal { message: format!("{other} is no list") }),
    };
    let lists = cast(lists, &DataType::LargeList(item)).map_err(unfit)?;
    let lists = lists.as_list::<i64>();
    let mut rows: Vec<u32> = Vec::new();
    let mut items: Vec<Option<u32>> = Vec::new();
    let too_many = |_| DataError::TooLarge { message: "a list has too many items".to_owned() };
    for row in 0..lists.len() {
        let number = u32::try_from(row).map_err(too_many)?;
        let offsets = lists.value_offsets();
        let (from, to) = match (offsets.get(row), offsets.get(row + 1)) {
            (Some(from), Some(to)) if lists.is_valid(row) => (*from, *to),
            _ => (0, 0),
        };
        for item in from..to {
            rows.push(number);
            items.push(Some(u32::try_from(item).map_err(too_many)?));
        }
        if from == to && keep_empty {
            rows.push(number);
            items.push(None);
        }
    }
    let items = take(lists.values(), &UInt32Array::from(items), None).map_err(unfit)?;
    Ok((Some(UInt32Array::from(rows)), items))
}

fn records(
    batch: &RecordBatch,
    place: usize,
    rows: Option<&UInt32Array>,
    items: &ArrayRef,
    members: Option<&Fields>,
    schema: &SchemaRef,
) -> Result<RecordBatch, DataError> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (at, column) in batch.columns().iter().enumerate() {
        match members {
            _ if at != place => columns.push(match rows {
                Some(rows) => take(column, rows, None).map_err(unfit)?,
                None => Arc::clone(column),
            }),
            None => columns.push(Arc::clone(items)),
            Some(members) => columns.extend(expanded(items, members)?),
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(items.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(unfit)
}

/// The members of records as columns; those of a missing record are missing.
fn expanded(items: &ArrayRef, members: &Fields) -> Result<Vec<ArrayRef>, DataError> {
    let Some(records) = items.as_struct_opt() else {
        return Ok(members.iter().map(|member| new_null_array(member.data_type(), items.len())).collect());
    };
    let (_, columns, missing) = records.clone().into_parts();
    let Some(present) = missing.filter(|missing| missing.null_count() > 0) else { return Ok(columns) };
    let places: UInt32Array =
        (0..items.len()).map(|row| present.is_valid(row).then(|| u32::try_from(row).unwrap_or(u32::MAX))).collect();
    columns.iter().map(|column| take(column, &places, None).map_err(unfit)).collect()
}

fn unfit(error: crate::arrow::error::ArrowError) -> DataError {
    DataError::Type { message: error.to_string() }
}
