//! The numbers of records at a place of a plan, as far as they can be known there.

use super::telling::Place;
use crate::arrow::array::AsArray;
use crate::arrow::datatypes::UInt64Type;
use crate::arrow::record_batch::RecordBatch;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use std::ptr;
use std::sync::Arc;

/// What the number of a record follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Records come as the input of this place gives them, batch by batch.
    Input(usize),
    /// This column holds it.
    Column(usize),
    /// Records were left out, brought together or put into another order.
    Unknown,
}

impl Numbering {
    /// How the records that `plan` gives are numbered. `inputs` are the tables of the plan, by their places.
    pub(super) fn of(plan: &Arc<dyn ExecutionPlan>, inputs: &[Arc<dyn PartitionStream>]) -> Self {
        if let Some(table) = plan.downcast_ref::<StreamingTableExec>() {
            let [read] = table.partitions().as_slice() else { return Self::Unknown };
            let place = inputs.iter().position(|input| ptr::addr_eq(Arc::as_ptr(input), Arc::as_ptr(read)));
            return place.map_or(Self::Unknown, Self::Input);
        }
        if let Some(passing) = plan.downcast_ref::<CooperativeExec>() {
            return Self::of(passing.children().first().copied().unwrap_or(plan), inputs);
        }
        if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
            let Self::Column(before) = Self::of(projection.input(), inputs) else {
                return Self::of(projection.input(), inputs);
            };
            let is_it = |column: &Column| column.index() == before;
            let now = projection.expr().iter().position(|made| made.expr.downcast_ref::<Column>().is_some_and(is_it));
            return now.map_or(Self::Unknown, Self::Column);
        }
        if let Some(window) = plan.downcast_ref::<BoundedWindowAggExec>() {
            let Self::Input(_) = Self::of(window.input(), inputs) else { return Self::Unknown };
            let place = window.window_expr().iter().position(|expression| {
                let standard = expression.as_any().downcast_ref::<StandardWindowExpr>();
                let function = standard.map(StandardWindowExpr::get_standard_func_expr);
                function
                    .and_then(|function| function.as_any().downcast_ref::<WindowUDFExpr>())
                    .is_some_and(|function| function.fun().name() == "row_number")
                    && expression.partition_by().is_empty()
                    && expression.order_by().is_empty()
            });
            return place.map_or(Self::Unknown, |at| Self::Column(window.input().schema().fields().len() + at));
        }
        if let Some(sort) = plan.downcast_ref::<SortExec>() {
            return Self::of(sort.input(), inputs).carried();
        }
        Self::Unknown
    }

    /// The same where batches are put together anew.
    pub(super) fn carried(self) -> Self {
        if let Self::Column(_) = self { self } else { Self::Unknown }
    }

    /// Where the record at `row` of a batch is.
    pub(super) fn place(self, batch: &RecordBatch, row: usize) -> Place {
        match self {
            Self::Input(input) => Place::LastOf { input, row, rows: batch.num_rows() },
            Self::Column(column) => {
                let numbers = batch.columns().get(column).and_then(|column| column.as_primitive_opt::<UInt64Type>());
                numbers.map_or(Place::Unknown, |numbers| Place::Numbered(numbers.value(row)))
            }
            Self::Unknown => Place::Unknown,
        }
    }
}
