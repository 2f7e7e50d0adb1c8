//! SQL scalar expressions, as DataFusion knows them, over the fields of a record and the flow variables (`$name`).

mod cache;
pub(crate) mod checked;
mod functions;
mod guarded;
pub(crate) mod limited;
pub(crate) mod messages;
mod place;
pub(crate) mod plan;
mod session;

use crate::arrow::array::{ArrayRef, AsArray, BooleanArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, SchemaRef};
use crate::arrow::record_batch::RecordBatch;
use crate::transform::without_nulls;
use crate::{DataError, Variables, type_name};
pub use cache::ExpressionCache;
use datafusion::physical_expr::PhysicalExpr;
pub use functions::{FunctionKind, SqlFunction, functions};
use messages::evaluation_error;
use plan::Plan;
use std::ops::Range;
use std::sync::Arc;

/// A compiled expression, bound to the values of the flow variables it uses. It may be evaluated any number of times,
/// at the same time too.
#[derive(Debug)]
pub struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    data_type: DataType,
    is_lasting: bool,
}

impl Expression {
    /// Compiles `sql` for records of the given schema. Names are taken as they are written (`OrderId` is not
    /// `orderid`); those with other characters than letters, digits and `_` need double quotes.
    ///
    /// Prefer [`ExpressionCache::compile`]: planning takes some 100 µs.
    pub fn compile(sql: &str, schema: &SchemaRef, variables: &Variables) -> Result<Self, DataError> {
        Plan::new(sql, schema, variables)?.bind(variables)
    }

    /// Checks what can be checked of `sql` without knowing the fields: that it is an expression at all.
    pub fn check_syntax(sql: &str) -> Result<(), DataError> {
        plan::parse(sql).map(|_| ())
    }

    /// The bytes of `sql` that `error` is about, which compiling it for the same schema and variables gave. `None` where
    /// that cannot be told: it is about the expression as a whole.
    pub fn place_of_error(
        sql: &str,
        schema: &SchemaRef,
        variables: &Variables,
        error: &DataError,
    ) -> Option<Range<usize>> {
        place::place_of_error(sql, schema, variables, error)
    }

    /// Whether it is the same for every request: it uses neither a flow variable nor the clock.
    pub fn is_lasting(&self) -> bool {
        self.is_lasting
    }

    /// The type of its values.
    pub fn data_type(&self) -> DataType {
        self.data_type.clone()
    }

    /// Fails unless its value is a boolean.
    pub fn require_condition(&self) -> Result<(), DataError> {
        match &self.data_type {
            DataType::Boolean | DataType::Null => Ok(()),
            other => Err(DataError::Type {
                message: format!("a condition must be true or false, but this is {}", type_name(other)),
            }),
        }
    }

    /// Its value for each record of a batch of the schema it was compiled for. An error names the first record, counted
    /// from 1, for which it fails.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef, DataError> {
        self.evaluate_once(batch).map_err(|message| DataError::Evaluate { row: self.first_failing(batch), message })
    }

    /// Whether it is true for each record; null counts as false.
    pub fn evaluate_condition(&self, batch: &RecordBatch) -> Result<BooleanArray, DataError> {
        self.require_condition()?;
        let values = self.evaluate(batch)?;
        let values =
            cast(&values, &DataType::Boolean).map_err(|error| DataError::Type { message: error.to_string() })?;
        Ok(without_nulls(values.as_boolean().clone()))
    }

    fn evaluate_once(&self, batch: &RecordBatch) -> Result<ArrayRef, String> {
        self.physical
            .evaluate(batch)
            .and_then(|value| value.into_array(batch.num_rows()))
            .map_err(|error| evaluation_error(&error))
    }

    /// Halves the batch until one record is left.
    fn first_failing(&self, batch: &RecordBatch) -> Option<u64> {
        let (mut from, mut to) = (0, batch.num_rows());
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if self.evaluate_once(&batch.slice(from, middle - from)).is_err() {
                to = middle;
            } else {
                from = middle;
            }
        }
        (to > from).then_some(from as u64 + 1)
    }
}

#[cfg(test)]
mod tests;
