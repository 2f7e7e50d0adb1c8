//! Plans that fail where their result would be wrong, as expressions over one record do: whole numbers that overflow, be
//! it in a sum, and division by zero.

use super::numbering::Numbering;
use super::telling::telling;
use crate::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use crate::expression::checked::checked;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, PhysicalGroupBy};
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The same plan with arithmetic that fails rather than giving a wrong value, and with errors that name the record.
/// `inputs` are the tables of the plan, by their places.
pub(super) fn checked_plan(
    plan: Arc<dyn ExecutionPlan>,
    inputs: &[Arc<dyn PartitionStream>],
) -> Result<Arc<dyn ExecutionPlan>> {
    let check = |node: Arc<dyn ExecutionPlan>| {
        if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
            let parts = Parts::over(projection.input(), inputs);
            let expressions = projection.expr().iter();
            let expressions = expressions
                .map(|made| Ok(ProjectionExpr { expr: parts.checked(&made.expr)?, alias: made.alias.clone() }));
            let expressions = expressions.collect::<Result<Vec<_>>>()?;
            let made = ProjectionExec::try_new(expressions, Arc::clone(projection.input()))?;
            return Ok(Transformed::yes(Arc::new(made) as Arc<dyn ExecutionPlan>));
        }
        if let Some(filter) = node.downcast_ref::<FilterExec>() {
            let predicate = Parts::over(filter.input(), inputs).checked(filter.predicate())?;
            let made = FilterExecBuilder::from(filter).with_predicate(predicate).build()?;
            return Ok(Transformed::yes(Arc::new(made) as Arc<dyn ExecutionPlan>));
        }
        if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
            let parts = Parts { schema: aggregate.input_schema(), ..Parts::over(aggregate.input(), inputs) };
            return Ok(Transformed::yes(Arc::new(checked_aggregate(aggregate, &parts)?) as Arc<dyn ExecutionPlan>));
        }
        if let Some(sort) = node.downcast_ref::<SortExec>() {
            let parts = Parts::over(sort.input(), inputs);
            // What is sorted is first put together.
            return Ok(Transformed::yes(checked_sort(sort, &Parts { numbering: parts.numbering.carried(), ..parts })?));
        }
        Ok(Transformed::no(node))
    };
    plan.transform_up(check).data()
}

fn checked_aggregate(aggregate: &AggregateExec, parts: &Parts) -> Result<AggregateExec> {
    let aggregates = aggregate.aggr_expr().iter().map(|made| {
        let arguments = made.expressions().into_iter().map(|argument| parts.checked(&argument));
        let order = made.order_bys().iter().map(|order| Arc::clone(&order.expr)).collect();
        let made_again = made.with_new_expressions(arguments.collect::<Result<Vec<_>>>()?, order);
        Ok(made_again.map_or_else(|| Arc::clone(made), Arc::new))
    });
    let before = aggregate.group_expr();
    let groups = before.expr().iter().map(|(part, name)| Ok((parts.checked(part)?, name.clone())));
    let groups = groups.collect::<Result<Vec<_>>>()?;
    let groups =
        PhysicalGroupBy::new(groups, before.null_expr().to_vec(), before.groups().to_vec(), before.has_grouping_set());
    let filters = aggregate.filter_expr().iter();
    let filters = filters.map(|filter| filter.as_ref().map(|filter| parts.checked(filter)).transpose());
    let (aggregates, filters) = (aggregates.collect::<Result<Vec<_>>>()?, filters.collect::<Result<Vec<_>>>()?);
    let (input, schema) = (Arc::clone(aggregate.input()), Arc::clone(&parts.schema));
    let made = AggregateExec::try_new(*aggregate.mode(), groups, aggregates, filters, input, schema)?;
    Ok(made.with_limit_options(aggregate.limit_options()))
}

fn checked_sort(sort: &SortExec, parts: &Parts) -> Result<Arc<dyn ExecutionPlan>> {
    let keys = sort.expr().iter();
    let keys = keys.map(|key| Ok(PhysicalSortExpr { expr: parts.checked(&key.expr)?, options: key.options }));
    let order = LexOrdering::new(keys.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| sort.expr().clone());
    let made = SortExec::new(order, Arc::clone(sort.input())).with_fetch(sort.fetch());
    Ok(Arc::new(made.with_preserve_partitioning(sort.preserve_partitioning())))
}

/// What the expressions of one place of a plan see.
struct Parts {
    schema: SchemaRef,
    numbering: Numbering,
}

impl Parts {
    /// Expressions over what `plan` gives.
    fn over(plan: &Arc<dyn ExecutionPlan>, inputs: &[Arc<dyn PartitionStream>]) -> Self {
        Self { schema: plan.schema(), numbering: Numbering::of(plan, inputs) }
    }

    fn checked(&self, expression: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        checked(Arc::clone(expression), &self.schema).map(|checked| telling(checked, self.numbering))
    }
}

/// `sum` that fails where the sum of whole numbers does not fit, instead of wrapping around.
pub(super) fn checked_sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(CheckedSum { inner: sum_udaf() }))
}

/// Sums whole numbers as decimals, which hold every sum of them.
const WIDE: DataType = DataType::Decimal128(38, 0);

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    inner: Arc<AggregateUDF>,
}

/// The field in the type that it is summed in, if that is another.
fn widened(field: &FieldRef) -> Option<FieldRef> {
    let is_whole = matches!(field.data_type(), DataType::Int64 | DataType::UInt64);
    is_whole.then(|| Arc::new(Field::new(field.name(), WIDE, field.is_nullable())))
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(arguments)
    }

    fn accumulator(&self, mut args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let result = args.return_type().clone();
        let Some(wide) = widened(&args.return_field) else { return self.inner.accumulator(args) };
        args.return_field = wide;
        Ok(Box::new(WideSum { inner: self.inner.accumulator(args)?, result }))
    }

    fn state_fields(&self, mut args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if let Some(wide) = widened(&args.return_field) {
            args.return_field = wide;
        }
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, mut args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let result = args.return_type().clone();
        let Some(wide) = widened(&args.return_field) else { return self.inner.create_groups_accumulator(args) };
        args.return_field = wide;
        Ok(Box::new(WideSums { inner: self.inner.create_groups_accumulator(args)?, result }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

fn wide(values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    Ok(values.iter().map(|values| cast(values, &WIDE)).collect::<Result<Vec<_>, _>>()?)
}

/// The sums in the type of the result.
fn narrow(sums: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
    let narrowed = cast(sums, result)?;
    // The cast makes null of what does not fit.
    match (0..sums.len()).find(|place| narrowed.is_null(*place) && sums.is_valid(*place)) {
        None => Ok(narrowed),
        Some(place) => {
            let sum = sums.as_primitive::<crate::arrow::datatypes::Decimal128Type>().value(place);
            Err(DataFusionError::Execution(format!(
                "overflow: the sum {sum} does not fit into its type; sum CAST(… AS DECIMAL(38, 0)) instead"
            )))
        }
    }
}

#[derive(Debug)]
struct WideSum {
    inner: Box<dyn Accumulator>,
    result: DataType,
}

impl Accumulator for WideSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&wide(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.inner.evaluate()?.to_array()?;
        ScalarValue::try_from_array(&narrow(&sum, &self.result)?, 0)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }
}

struct WideSums {
    inner: Box<dyn GroupsAccumulator>,
    result: DataType,
}

impl GroupsAccumulator for WideSums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.inner.update_batch(&wide(values)?, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        narrow(&self.inner.evaluate(emit_to)?, &self.result)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(values, groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&wide(values)?, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

#[cfg(test)]
mod tests;
