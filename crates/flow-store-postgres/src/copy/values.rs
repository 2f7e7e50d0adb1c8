//! Values, as the database has them and as they are copied.

use crate::error::{DbResult, corrupt};
use bytes::BytesMut;
use flow_store::copy::Cell;
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// Reads a value.
pub(super) fn cell(row: &Row, place: usize) -> DbResult<Cell> {
    let kind = row.columns().get(place).map_or(Type::UNKNOWN, |column| column.type_().clone());
    let read = match kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(place)?.map(Cell::Number),
        Type::INT4 => row.try_get::<_, Option<i32>>(place)?.map(|number| Cell::Number(number.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(place)?.map(|is| Cell::Number(is.into())),
        Type::TEXT => row.try_get::<_, Option<String>>(place)?.map(Cell::Text),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Cell::Bytes),
        other => return Err(corrupt("a column of a type that is not copied", other).into()),
    };
    Ok(read.unwrap_or(Cell::None))
}

/// A value as a part of a statement.
pub(super) fn literal(cell: &Cell) -> String {
    match cell {
        Cell::None => "NULL".to_owned(),
        Cell::Number(number) => format!("({number})"),
        Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Cell::Bytes(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("'\\x{hex}'::bytea")
        }
    }
}

/// A value on its way into a column.
#[derive(Debug)]
pub(super) struct Sent<'a>(pub(super) &'a Cell);

impl ToSql for Sent<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, kind) {
            (Cell::None, _) => Ok(IsNull::Yes),
            (Cell::Number(number), &Type::BOOL) => (*number != 0).to_sql(kind, out),
            (Cell::Number(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Cell::Number(number), &Type::INT8) => number.to_sql(kind, out),
            (Cell::Text(text), &Type::TEXT) => text.to_sql(kind, out),
            (Cell::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (other, kind) => Err(format!("{other:?} does not go into a column of the type {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
