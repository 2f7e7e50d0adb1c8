//! Plans that fail where their result would be wrong, as expressions over one record do: whole numbers that overflow, be
//! it in a sum, and division by zero.

use super::telling::telling;
use crate::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use crate::arrow::compute::cast;
use crate::arrow::datatypes::{DataType, Field, FieldRef, Schema};
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
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The same plan with arithmetic that fails rather than giving a wrong value.
pub(super) fn checked_plan(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let check = |node: Arc<dyn ExecutionPlan>| {
        if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
            let schema = projection.input().schema();
            let expressions = projection
                .expr()
                .iter()
                .map(|made| Ok(ProjectionExpr { expr: checked_part(&made.expr, &schema)?, alias: made.alias.clone() }));
            let expressions = expressions.collect::<Result<Vec<_>>>()?;
            let made = ProjectionExec::try_new(expressions, Arc::clone(projection.input()))?;
            return Ok(Transformed::yes(Arc::new(made) as Arc<dyn ExecutionPlan>));
        }
        if let Some(filter) = node.downcast_ref::<FilterExec>() {
            let predicate = checked_part(filter.predicate(), &filter.input().schema())?;
            let made = FilterExecBuilder::from(filter).with_predicate(predicate).build()?;
            return Ok(Transformed::yes(Arc::new(made) as Arc<dyn ExecutionPlan>));
        }
        if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
            return Ok(Transformed::yes(Arc::new(checked_aggregate(aggregate)?) as Arc<dyn ExecutionPlan>));
        }
        if let Some(sort) = node.downcast_ref::<SortExec>() {
            return Ok(Transformed::yes(checked_sort(sort)?));
        }
        Ok(Transformed::no(node))
    };
    plan.transform_up(check).data()
}

fn checked_aggregate(aggregate: &AggregateExec) -> Result<AggregateExec> {
    let schema = aggregate.input_schema();
    let aggregates = aggregate.aggr_expr().iter().map(|made| {
        let arguments = made.expressions().into_iter().map(|argument| checked_part(&argument, &schema));
        let order = made.order_bys().iter().map(|order| Arc::clone(&order.expr)).collect();
        let made_again = made.with_new_expressions(arguments.collect::<Result<Vec<_>>>()?, order);
        Ok(made_again.map_or_else(|| Arc::clone(made), Arc::new))
    });
    let before = aggregate.group_expr();
    let groups = before.expr().iter().map(|(part, name)| Ok((checked_part(part, &schema)?, name.clone())));
    let groups = groups.collect::<Result<Vec<_>>>()?;
    let groups =
        PhysicalGroupBy::new(groups, before.null_expr().to_vec(), before.groups().to_vec(), before.has_grouping_set());
    let filters = aggregate.filter_expr().iter();
    let filters = filters.map(|filter| filter.as_ref().map(|filter| checked_part(filter, &schema)).transpose());
    let (aggregates, filters) = (aggregates.collect::<Result<Vec<_>>>()?, filters.collect::<Result<Vec<_>>>()?);
    let input = Arc::clone(aggregate.input());
    let made = AggregateExec::try_new(*aggregate.mode(), groups, aggregates, filters, input, schema)?;
    Ok(made.with_limit_options(aggregate.limit_options()))
}

fn checked_sort(sort: &SortExec) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = sort.input().schema();
    let keys = sort
        .expr()
        .iter()
        .map(|key| Ok(PhysicalSortExpr { expr: checked_part(&key.expr, &schema)?, options: key.options }));
    let order = LexOrdering::new(keys.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| sort.expr().clone());
    let made = SortExec::new(order, Arc::clone(sort.input())).with_fetch(sort.fetch());
    Ok(Arc::new(made.with_preserve_partitioning(sort.preserve_partitioning())))
}

/// The same expression of a plan with such arithmetic, and with errors that name the record.
fn checked_part(expression: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    checked(Arc::clone(expression), schema).map(telling)
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
mod tests {
    use crate::{Spool, Stream, Variables, query};
    use serde_json::{Value, json};

    fn numbers() -> Stream {
        let record = |g: &str, n: i64| Stream::from_record(&[("g".to_owned(), json!(g)), ("n".to_owned(), json!(n))]);
        Stream::append(&[record("a", 1), record("b", i64::MAX), record("b", 1), record("a", 2)]).unwrap()
    }

    fn asked(sql: &str) -> Result<Value, crate::DataError> {
        let result = query(sql, &[("t".to_owned(), numbers())], &Variables::default(), &Spool::in_memory())?;
        Ok(Value::from_iter(result.to_json_records()?.into_iter().map(Value::Object)))
    }

    #[test]
    fn whole_numbers_that_do_not_fit_are_errors() {
        for sql in [
            "SELECT sum(n) AS s FROM t",
            "SELECT g, sum(n) AS s FROM t GROUP BY g",
            "SELECT n + 1 AS s FROM t",
            "SELECT g FROM t WHERE n * 2 > 5",
            "SELECT max(n * n) AS s FROM t",
            "SELECT n % 0 AS s FROM t",
            "SELECT 1.5 / (n - 1) AS s FROM t",
            "SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY n + 1",
            "SELECT count(*) FILTER (WHERE n + 1 > 0) AS c FROM t",
            "SELECT g FROM t ORDER BY n + 1, g",
        ] {
            let error = asked(sql).unwrap_err();
            assert_eq!(error.code(), "data/evaluate", "{sql}: {error}");
            let told = error.to_string();
            assert!(told.contains("overflow") || told.contains("division by zero"), "{sql}: {error}");
        }
    }

    #[test]
    fn an_error_tells_the_record_by_its_values() {
        for (sql, record) in [
            ("SELECT g, n % (n - 2) AS s FROM t ORDER BY g DESC", "n = 2"),
            ("SELECT n FROM t WHERE n + 1 > 0 AND g < 'c'", "g = \"b\", n = 9223372036854775807"),
            ("SELECT g, sum(n * n) AS s FROM t GROUP BY g", "n = 9223372036854775807"),
        ] {
            let error = asked(sql).unwrap_err().to_string();
            assert!(error.contains("in the record with ") && error.contains(record), "{sql}: {error}");
        }
        let guarded = asked("SELECT n FROM t WHERE n > 1 AND n < 5 AND 4 / (n - 1) = 4").unwrap();
        assert_eq!(guarded, json!([{"n": 2}]));
    }

    #[test]
    fn sums_that_fit_are_whole_numbers() {
        assert_eq!(asked("SELECT sum(n) AS s FROM t WHERE g = 'a'").unwrap(), json!([{"s": 3}]));
        let groups = asked(
            "SELECT g, sum(n - 1) AS s, sum(DISTINCT n) AS d, sum(1.5) AS f FROM t WHERE n < 5 GROUP BY g ORDER BY g",
        );
        assert_eq!(
            groups.unwrap(),
            json!([{"g": "a", "s": 1, "d": 3, "f": 3.0}, {"g": "b", "s": 0, "d": 1, "f": 1.5}])
        );
        assert_eq!(asked("SELECT sum(n) AS s FROM t WHERE g = 'z'").unwrap(), json!([{"s": null}]));
        let wide = asked("SELECT sum(CAST(n AS DECIMAL(38, 0))) AS s FROM t WHERE g = 'b'").unwrap();
        assert_eq!(wide[0]["s"].to_string(), "9223372036854775808");
    }
}
