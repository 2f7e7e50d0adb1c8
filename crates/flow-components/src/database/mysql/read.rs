//! Reading the rows of a query.

use super::error::problem;
use crate::ComponentError;
use crate::database::Cell;
use crate::database::rows::{Rows, unzoned, zoned};
use crate::database::session::unique_names;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use flow_data::arrow::record_batch::RecordBatch;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable;
use mysql_async::{Column, Conn, Params, Value};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The number of MySQL's character set for what is no text.
const BINARY: u16 = 63;

/// Sends the rows batch by batch, as long as somebody receives them.
pub(super) async fn rows(
    connection: &mut Conn,
    sql: &str,
    values: Params,
    to: &mpsc::Sender<RecordBatch>,
) -> Result<(), ComponentError> {
    let mut found = connection.exec_iter(sql, values).await.map_err(|error| problem(&error))?;
    let schema = schema(found.columns_ref())?;
    let mut rows = Rows::new(Arc::clone(&schema));
    while let Some(row) = found.next().await.map_err(|error| problem(&error))? {
        for (at, value) in row.unwrap_raw().into_iter().enumerate() {
            push(&mut rows, at, value.unwrap_or(Value::NULL), schema.field(at).data_type())?;
        }
        if rows.end_row() && to.send(rows.take()?).await.is_err() {
            return Ok(());
        }
    }
    // Nobody receiving any more is no error.
    let _ = to.send(rows.take()?).await;
    Ok(())
}

/// The fields of a query's columns.
pub(super) fn schema(columns: &[Column]) -> Result<SchemaRef, ComponentError> {
    let names: Vec<String> = columns.iter().map(|column| column.name_str().into_owned()).collect();
    unique_names(names.iter().map(String::as_str))?;
    let fields: Vec<Field> =
        names.iter().zip(columns).map(|(name, column)| Field::new(name, data_type(column), true)).collect();
    Ok(Arc::new(Schema::new(fields)))
}

fn data_type(column: &Column) -> DataType {
    use ColumnType as Type;
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    match column.column_type() {
        // How MySQL keeps BOOLEAN.
        Type::MYSQL_TYPE_TINY if column.column_length() == 1 => DataType::Boolean,
        Type::MYSQL_TYPE_BIT if column.column_length() == 1 => DataType::Boolean,
        Type::MYSQL_TYPE_LONGLONG if unsigned => DataType::UInt64,
        Type::MYSQL_TYPE_TINY
        | Type::MYSQL_TYPE_SHORT
        | Type::MYSQL_TYPE_INT24
        | Type::MYSQL_TYPE_LONG
        | Type::MYSQL_TYPE_LONGLONG
        | Type::MYSQL_TYPE_YEAR => DataType::Int64,
        Type::MYSQL_TYPE_FLOAT | Type::MYSQL_TYPE_DOUBLE => DataType::Float64,
        Type::MYSQL_TYPE_DECIMAL | Type::MYSQL_TYPE_NEWDECIMAL => decimal(column, unsigned),
        Type::MYSQL_TYPE_DATE | Type::MYSQL_TYPE_NEWDATE => DataType::Date32,
        Type::MYSQL_TYPE_TIME | Type::MYSQL_TYPE_TIME2 => DataType::Time64(TimeUnit::Microsecond),
        Type::MYSQL_TYPE_DATETIME | Type::MYSQL_TYPE_DATETIME2 => unzoned(),
        Type::MYSQL_TYPE_TIMESTAMP | Type::MYSQL_TYPE_TIMESTAMP2 => zoned(),
        Type::MYSQL_TYPE_GEOMETRY | Type::MYSQL_TYPE_BIT | Type::MYSQL_TYPE_VECTOR => DataType::Binary,
        Type::MYSQL_TYPE_TINY_BLOB
        | Type::MYSQL_TYPE_MEDIUM_BLOB
        | Type::MYSQL_TYPE_LONG_BLOB
        | Type::MYSQL_TYPE_BLOB
        | Type::MYSQL_TYPE_VAR_STRING
        | Type::MYSQL_TYPE_VARCHAR
        | Type::MYSQL_TYPE_STRING
            if column.character_set() == BINARY =>
        {
            DataType::Binary
        }
        _ => DataType::Utf8,
    }
}

/// The length that MySQL gives counts the sign and the point, too. What has more than 38 digits becomes a text.
fn decimal(column: &Column, unsigned: bool) -> DataType {
    let scale = column.decimals();
    let extra = u32::from(!unsigned) + u32::from(scale > 0);
    match (u8::try_from(column.column_length().saturating_sub(extra)), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => DataType::Decimal128(precision, scale),
        _ => DataType::Utf8,
    }
}

fn push(rows: &mut Rows, at: usize, value: Value, data_type: &DataType) -> Result<(), ComponentError> {
    match value {
        Value::NULL => rows.push(at, Cell::Null),
        Value::Int(value) if *data_type == DataType::Boolean => rows.push(at, Cell::Boolean(value != 0)),
        Value::Int(value) => rows.push(at, Cell::Integer(value)),
        Value::UInt(value) => match i64::try_from(value) {
            Ok(value) => rows.push(at, Cell::Integer(value)),
            Err(_) => rows.push(at, Cell::Text(value.to_string().into())),
        },
        Value::Float(value) => rows.push(at, Cell::Number(f64::from(value))),
        Value::Double(value) => rows.push(at, Cell::Number(value)),
        Value::Bytes(bytes) => match data_type {
            DataType::Binary => rows.push(at, Cell::Bytes(bytes.into())),
            // BIT(1)
            DataType::Boolean => rows.push(at, Cell::Boolean(bytes.iter().any(|byte| *byte != 0))),
            _ => rows.push(at, Cell::Text(String::from_utf8_lossy(&bytes))),
        },
        // MySQL's zero date stands for none.
        Value::Date(0, 0, 0, ..) => rows.push(at, Cell::Null),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let text = match data_type {
                DataType::Date32 => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}"),
            };
            rows.push(at, Cell::Text(text.into()))
        }
        Value::Time(false, 0, hour, minute, second, micros) => {
            let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
            rows.push_time(at, seconds * 1_000_000 + i64::from(micros));
            Ok(())
        }
        Value::Time(..) => {
            Err(rows.unfit(at, "the value is no time of day (00:00 to 24:00); convert it in the query with CAST"))
        }
    }
}
