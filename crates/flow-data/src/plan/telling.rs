//! Errors of plans that say in which record they happened: by its values, and by its number where the records that an
//! expression sees are still those of an input, one for one and in order. Behind a filter or a join they are not.

use super::numbering::Numbering;
use crate::arrow::datatypes::{FieldRef, Schema};
use crate::arrow::record_batch::RecordBatch;
use crate::expression::messages::evaluation_error;
use crate::{DataError, Numbers, value_at};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How many fields of a record an error shows, and how many characters of each.
const FIELDS: usize = 6;
const CHARACTERS: usize = 40;

/// The same expression, whose errors are [`RecordError`]s.
pub(super) fn telling(expression: Arc<dyn PhysicalExpr>, numbering: Numbering) -> Arc<dyn PhysicalExpr> {
    let cannot_fail = expression.downcast_ref::<Column>().is_some() || expression.downcast_ref::<Literal>().is_some();
    if cannot_fail { expression } else { Arc::new(Telling { inner: expression, numbering }) }
}

/// Why an expression failed, and on which record.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}, in the record with {values}")]
pub(super) struct RecordError {
    message: String,
    /// The values that the expression saw: `a = 5, b = "x"`.
    values: String,
    place: Place,
}

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Unknown,
    /// It has this number, from 1.
    Numbered(u64),
    /// The `row`th, from 0, of the `rows` records that an input gave last.
    LastOf {
        input: usize,
        row: usize,
        rows: usize,
    },
}

impl RecordError {
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The error for the author, given the number of the record where that is known.
    pub(super) fn told(&self, row: Option<u64>) -> DataError {
        let Self { message, values, .. } = self;
        let message = match row {
            _ if values.is_empty() => message.clone(),
            Some(_) => format!("{message}, with {values}"),
            None => self.to_string(),
        };
        DataError::Evaluate { row, message }
    }
}

#[derive(Debug, Eq)]
struct Telling {
    inner: Arc<dyn PhysicalExpr>,
    numbering: Numbering,
}

impl Telling {
    fn told(&self, batch: &RecordBatch, error: &DataFusionError) -> DataFusionError {
        let message = evaluation_error(error);
        let row = self.first_failing(batch);
        let values = row.map(|row| self.shown(batch, row)).unwrap_or_default();
        let place = row.map_or(Place::Unknown, |row| self.numbering.place(batch, row));
        DataFusionError::External(Box::new(RecordError { message, values, place }))
    }

    /// The first record for which the expression fails by itself.
    fn first_failing(&self, batch: &RecordBatch) -> Option<usize> {
        let (mut from, mut to) = (0, batch.num_rows());
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            match self.inner.evaluate(&batch.slice(from, middle - from)) {
                Err(_) => to = middle,
                Ok(_) => from = middle,
            }
        }
        (to > from).then_some(from)
    }

    fn shown(&self, batch: &RecordBatch, row: usize) -> String {
        let mut columns: Vec<Column> = collect_columns(&self.inner).into_iter().collect();
        columns.sort_by_key(Column::index);
        // Parts that several expressions share are columns too, under names of DataFusion's own.
        let fields = columns.iter().filter(|column| !column.name().starts_with("__"));
        let values = fields.take(FIELDS).filter_map(|column| {
            let value = value_at(batch.columns().get(column.index())?, row, Numbers::Plain).to_string();
            let value = match value.char_indices().nth(CHARACTERS) {
                Some((end, _)) => format!("{}…", &value[..end]),
                None => value,
            };
            Some(format!("{} = {value}", column.name()))
        });
        values.collect::<Vec<_>>().join(", ")
    }
}

// They cannot be derived over `dyn`.
impl PartialEq for Telling {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner) && self.numbering == other.numbering
    }
}

impl Hash for Telling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Telling {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.inner.evaluate(batch).map_err(|error| self.told(batch, &error))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, numbering: self.numbering }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
