//! Arithmetic that fails where its result would be wrong: on overflow, and on division by zero.
//!
//! DataFusion lets whole numbers wrap around, and divides other numbers by zero to infinity. What a condition before it
//! keeps from being computed does not fail ([`super::guarded`]).

use super::guarded::Guarded;
use crate::arrow::array::{Array, ArrayRef, AsArray};
use crate::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type, Schema};
use crate::arrow::error::ArrowError;
use crate::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Literal, NegativeExpr};
use datafusion::scalar::ScalarValue;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The same expression with arithmetic that fails rather than giving a wrong value.
pub(crate) fn checked(expression: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let check = |node: Arc<dyn PhysicalExpr>| {
        if let Some(binary) = node.downcast_ref::<BinaryExpr>() {
            return Ok(match binary.op() {
                Operator::Plus | Operator::Minus | Operator::Multiply => {
                    Transformed::yes(Arc::new(binary.clone().with_fail_on_overflow(true)) as Arc<dyn PhysicalExpr>)
                }
                Operator::Divide | Operator::Modulo if binary.right().data_type(schema)?.is_floating() => {
                    let divisor: Arc<dyn PhysicalExpr> = Arc::new(Divisor { inner: Arc::clone(binary.right()) });
                    let checked = BinaryExpr::new(Arc::clone(binary.left()), *binary.op(), divisor);
                    Transformed::yes(Arc::new(checked) as Arc<dyn PhysicalExpr>)
                }
                _ => match Guarded::of(binary) {
                    Some(guarded) => Transformed::yes(guarded),
                    None => Transformed::no(node),
                },
            });
        }
        if let Some(negative) = node.downcast_ref::<NegativeExpr>() {
            let data_type = negative.arg().data_type(schema)?;
            if data_type.is_signed_integer() {
                let zero: Arc<dyn PhysicalExpr> = Arc::new(Literal::new(ScalarValue::new_zero(&data_type)?));
                let minus = BinaryExpr::new(zero, Operator::Minus, Arc::clone(negative.arg()));
                return Ok(Transformed::yes(Arc::new(minus.with_fail_on_overflow(true)) as Arc<dyn PhysicalExpr>));
            }
        }
        Ok(Transformed::no(node))
    };
    expression.transform_up(check).data()
}

/// Whether it computes with constants alone, which DataFusion does while it plans, without a check.
pub(super) fn computes_constants(expression: &Expr) -> bool {
    let arithmetic = |node: &Expr| match node {
        Expr::BinaryExpr(binary) => {
            matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide)
                && !node.any_column_refs()
        }
        Expr::Negative(_) => !node.any_column_refs(),
        _ => false,
    };
    expression.exists(|node| Ok(arithmetic(node))).unwrap_or(true)
}

/// What something is divided by: an error where it is zero.
#[derive(Debug, Eq)]
struct Divisor {
    inner: Arc<dyn PhysicalExpr>,
}

// They cannot be derived over `dyn`.
impl PartialEq for Divisor {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Hash for Divisor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Divisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Divisor {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        let field = self.inner.return_field(schema)?;
        Ok(Arc::new(Field::new(field.name(), field.data_type().clone(), field.is_nullable())))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let value = self.inner.evaluate(batch)?;
        let zero = match &value {
            ColumnarValue::Scalar(ScalarValue::Float64(Some(value))) => *value == 0.0 && batch.num_rows() > 0,
            ColumnarValue::Scalar(_) => false,
            ColumnarValue::Array(array) => holds_zero(array),
        };
        if zero { Err(DataFusionError::from(ArrowError::DivideByZero)) } else { Ok(value) }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}

fn holds_zero(array: &ArrayRef) -> bool {
    // Values below a null mean nothing.
    let present = |place: usize| array.is_valid(place);
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            values.iter().enumerate().any(|(place, value)| *value == 0.0 && present(place))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            values.iter().enumerate().any(|(place, value)| *value == 0.0 && present(place))
        }
        _ => false,
    }
}
