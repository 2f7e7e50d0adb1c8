//! Finding records of another stream by key.

use flow_data::arrow::array::{Array, ArrayRef, StructArray, UInt32Array};
use flow_data::arrow::compute::{cast, take};
use flow_data::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use flow_data::arrow::row::{RowConverter, SortField};
use flow_data::{DataError, Expression, type_name};
use std::collections::HashMap;
use std::sync::Arc;

/// The name of the field that holds the record found.
pub(crate) const LOOKUP: &str = "lookup";

/// What must be equal for a record to be found, on either side.
pub(crate) struct Key {
    /// Over the records that look up.
    pub(crate) left: Arc<Expression>,
    /// Over the records that are looked up.
    pub(crate) right: Arc<Expression>,
}

/// Records by their key. Of several with the same key the first counts.
pub(crate) struct Lookup {
    keys: Vec<(Arc<Expression>, DataType)>,
    converter: RowConverter,
    places: HashMap<Box<[u8]>, u32>,
    records: ArrayRef,
}

impl Lookup {
    /// Makes `records` ready to be found.
    pub(crate) fn new(records: &RecordBatch, keys: &[Key]) -> Result<Self, DataError> {
        let types = keys.iter().map(key_type).collect::<Result<Vec<_>, _>>()?;
        let converter = RowConverter::new(types.iter().cloned().map(SortField::new).collect()).map_err(unfit)?;
        let fields = members(records.schema_ref());
        let columns = records.columns().to_vec();
        let all = StructArray::try_new_with_length(fields, columns, None, records.num_rows()).map_err(unfit)?;
        let left = keys.iter().map(|key| Arc::clone(&key.left)).zip(types.iter().cloned()).collect();
        let mut lookup = Self { keys: left, converter, places: HashMap::new(), records: Arc::new(all) };
        let right = keys.iter().zip(types).map(|(key, data_type)| (Arc::clone(&key.right), data_type));
        let right: Vec<(Arc<Expression>, DataType)> = right.collect();
        for (row, key) in lookup.keys_of(records, &right)?.into_iter().enumerate() {
            let (Some(key), Ok(row)) = (key, u32::try_from(row)) else { continue };
            lookup.places.entry(key).or_insert(row);
        }
        Ok(lookup)
    }

    /// The records with one field more: the record found, or null.
    pub(crate) fn extend(&self, batch: &RecordBatch) -> Result<RecordBatch, DataError> {
        let keys = self.keys_of(batch, &self.keys)?;
        let found: UInt32Array = keys.into_iter().map(|key| self.places.get(&key?).copied()).collect();
        let record = take(&self.records, &found, None).map_err(unfit)?;
        let schema = extended(batch.schema_ref(), record.data_type().clone());
        let columns = batch.columns().iter().cloned().chain([record]).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(schema, columns, &options).map_err(unfit)
    }

    /// The key of every record as bytes; none where a part of it is null, for that equals nothing.
    fn keys_of(
        &self,
        batch: &RecordBatch,
        keys: &[(Arc<Expression>, DataType)],
    ) -> Result<Vec<Option<Box<[u8]>>>, DataError> {
        let columns = keys.iter().map(|(key, data_type)| cast(&key.evaluate(batch)?, data_type).map_err(unfit));
        let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
        let rows = self.converter.convert_columns(&columns).map_err(unfit)?;
        let is_null = |row: usize| columns.iter().any(|column| column.is_null(row));
        let key = |row: usize| (!is_null(row)).then(|| rows.row(row).as_ref().into());
        Ok((0..batch.num_rows()).map(key).collect())
    }
}

/// The fields of records that were extended by a lookup among records of the schema `looked_up`.
pub(crate) fn extended_schema(schema: &Schema, looked_up: &Schema) -> SchemaRef {
    extended(schema, DataType::Struct(members(looked_up)))
}

fn extended(schema: &Schema, record: DataType) -> SchemaRef {
    let found = Arc::new(Field::new(LOOKUP, record, true));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([found]).collect::<Fields>()))
}

/// All may be null: nothing may be found.
fn members(schema: &Schema) -> Fields {
    schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect()
}

/// The type in which both sides of a key are compared.
pub(crate) fn key_type(key: &Key) -> Result<DataType, DataError> {
    let (left, right) = (key.left.data_type(), key.right.data_type());
    match (&left, &right) {
        (one, other) if one == other => Ok(left),
        (one, DataType::Null) => Ok(one.clone()),
        (DataType::Null, other) => Ok(other.clone()),
        (one, other) if one.is_integer() && other.is_integer() => Ok(DataType::Int64),
        (one, other) if one.is_numeric() && other.is_numeric() => Ok(DataType::Float64),
        (one, other) if one.is_string() && other.is_string() => Ok(DataType::Utf8),
        (one, other) => Err(DataError::Type {
            message: format!("{} is compared with {}: cast one of them", type_name(one), type_name(other)),
        }),
    }
}

fn unfit(error: flow_data::arrow::error::ArrowError) -> DataError {
    DataError::Type { message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{rows, stream};
    use flow_data::{Stream, Variables};
    use serde_json::json;

    fn expression(sql: &str, stream: &Stream) -> Arc<Expression> {
        Arc::new(Expression::compile(sql, stream.schema(), &Variables::default()).unwrap())
    }

    #[test]
    fn the_first_record_with_the_key_is_found_and_null_finds_nothing() {
        let orders = stream("customer,country\n2,DE\n1,DE\n9,DE\n,DE\n1,AT\n");
        let customers = stream("id,land,name\n1,DE,Ada\n1,DE,Bob\n2,DE,Cem\n,DE,Nil\n");
        let keys = [("customer", "id"), ("country", "land")];
        let keys =
            keys.map(|(left, right)| Key { left: expression(left, &orders), right: expression(right, &customers) });
        let lookup = Lookup::new(&customers.to_batch().unwrap(), &keys).unwrap();
        let found = lookup.extend(&orders.to_batch().unwrap()).unwrap();
        assert_eq!(found.schema(), extended_schema(orders.schema(), customers.schema()));
        let found = Stream::new(found.schema(), vec![found]);
        let names: Vec<_> = rows(&found).as_array().unwrap().iter().map(|row| row["lookup"]["name"].clone()).collect();
        assert_eq!(names, [json!("Cem"), json!("Ada"), json!(null), json!(null), json!(null)]);
    }

    #[test]
    fn keys_of_different_kinds_are_refused() {
        let (orders, customers) = (stream("id\n1\n"), stream("id\nx\n"));
        let key = Key { left: expression("id", &orders), right: expression("id", &customers) };
        let error = Lookup::new(&customers.to_batch().unwrap(), &[key]).err().unwrap();
        assert_eq!(error.to_string(), "integer is compared with text: cast one of them");
        let number = stream("id\n1.0\n");
        let key = Key { left: expression("id", &orders), right: expression("id", &number) };
        let lookup = Lookup::new(&number.to_batch().unwrap(), &[key]).unwrap();
        assert!(!lookup.extend(&orders.to_batch().unwrap()).unwrap().column(1).is_null(0));
    }
}
