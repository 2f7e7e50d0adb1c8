//! `AND` and `OR` that do not fail where one of their sides has decided.
//!
//! DataFusion mostly computes both sides for all records, so that `x <> 0 AND a / x > 1` would fail where `x` is 0. It
//! also changes the order of conditions, so the order does not matter here either.

use crate::arrow::array::{Array, AsArray, BooleanArray};
use crate::arrow::compute::{and_kleene, cast, or_kleene};
use crate::arrow::datatypes::{DataType, FieldRef, Schema};
use crate::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An `AND` or `OR`. Both sides are computed for all records, which is fast, until that fails; then one side is computed
/// for those records alone that the other one leaves open.
#[derive(Debug, Eq)]
pub(super) struct Guarded {
    both: BinaryExpr,
}

impl Guarded {
    /// Guards an expression if it is one of the two.
    pub(super) fn of(binary: &BinaryExpr) -> Option<Arc<dyn PhysicalExpr>> {
        matches!(binary.op(), Operator::And | Operator::Or).then(|| Arc::new(Self { both: binary.clone() }) as Arc<_>)
    }

    /// Computes `first` for all records, and `then` for those that it leaves open.
    fn one_by_one(
        &self,
        first: &dyn PhysicalExpr,
        then: &dyn PhysicalExpr,
        batch: &RecordBatch,
    ) -> Result<ColumnarValue> {
        let rows = batch.num_rows();
        let first = cast(&first.evaluate(batch)?.into_array(rows)?, &DataType::Boolean)?;
        let first = first.as_boolean();
        let open = open(first, *self.both.op());
        let then = cast(&then.evaluate_selection(batch, &open)?.into_array(rows)?, &DataType::Boolean)?;
        // What it has at the places that were not open does not count.
        let together = match self.both.op() {
            Operator::Or => or_kleene(first, then.as_boolean())?,
            _ => and_kleene(first, then.as_boolean())?,
        };
        Ok(ColumnarValue::Array(Arc::new(together)))
    }
}

/// Where a side does not decide: for `AND` where it is true or null, for `OR` where it is false or null.
fn open(side: &BooleanArray, operator: Operator) -> BooleanArray {
    let undecided = if operator == Operator::Or { !side.values() } else { side.values().clone() };
    let open = match side.nulls() {
        Some(present) => &undecided | &!present.inner(),
        None => undecided,
    };
    BooleanArray::new(open, None)
}

// They cannot be derived over `dyn`.
impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        self.both.eq(&other.both)
    }
}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.both.hash(state);
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.both.fmt(f)
    }
}

impl PhysicalExpr for Guarded {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.both.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let (left, right) = (self.both.left().as_ref(), self.both.right().as_ref());
        let computed = self.both.evaluate(batch).or_else(|_| self.one_by_one(left, right, batch));
        computed.or_else(|error| self.one_by_one(right, left, batch).map_err(|_| error))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![self.both.left(), self.both.right()]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let mut children = children.into_iter();
        let (Some(left), Some(right)) = (children.next(), children.next()) else { return Ok(self) };
        Ok(Arc::new(Self { both: BinaryExpr::new(left, *self.both.op(), right) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.both.fmt_sql(f)
    }
}
