//! From the text of an expression to a plan that waits for the values of its flow variables.
//!
//! A flow variable is planned as one more field, and becomes a literal when the plan is bound to values. So one plan
//! serves every request, whatever its variables hold, as long as their types stay the same.

use super::Expression;
use super::checked::{checked, computes_constants};
use super::messages::{planning_error, syntax_error};
use super::session::session;
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::variables::scalar;
use crate::{DataError, Variables, nearby_names};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::expressions::{Column, Literal, cast};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast::{self, ExprWithAlias, Ident, Value, Visit, Visitor, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Stands before the name of a flow variable among the fields, where no field's name can collide with it.
const VARIABLE_FIELD: char = '\u{0}';

/// The longest text of an expression, in bytes.
const LONGEST: usize = 32 * 1024;
/// The most expressions within one another. Evaluating takes stack for each, and a stack that overflows ends the process.
pub(crate) const DEEPEST: usize = 200;

/// A planned expression.
#[derive(Debug)]
pub(super) struct Plan {
    /// Over the fields of the stream, then one field for each of `variables`.
    physical: Arc<dyn PhysicalExpr>,
    data_type: DataType,
    /// How many fields the stream has.
    fields: usize,
    /// The flow variables it uses and their types.
    variables: Vec<(String, DataType)>,
    /// Whether it reads the clock (`now()`, `current_date`), which DataFusion does when it plans.
    reads_clock: bool,
}

impl Plan {
    /// Plans `sql` for records of the given schema and for the types that the flow variables have.
    pub(super) fn new(sql: &str, schema: &SchemaRef, variables: &Variables) -> Result<Self, DataError> {
        Self::of(parse(sql)?, schema, variables)
    }

    /// The same for what is parsed already.
    pub(super) fn of(mut parsed: ExprWithAlias, schema: &SchemaRef, variables: &Variables) -> Result<Self, DataError> {
        let used = take_variables(&mut parsed, variables)?;
        let extended = extend(schema, &used);
        let fields: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let failed = |error| planning_error(&error, &fields);

        let state = session();
        let df_schema = DFSchema::try_from(Schema::clone(&extended)).map_err(failed)?;
        let logical = state.create_logical_expr_from_sql_expr(parsed, &df_schema).map_err(failed)?;
        let reads_clock = reads_clock(&logical);

        let context = SimplifyContext::builder()
            .with_schema(Arc::new(df_schema.clone()))
            .with_config_options(Arc::clone(state.config_options()))
            .with_current_time()
            .build();
        let simplifier = ExprSimplifier::new(context);
        let coerced = simplifier.coerce(logical, &df_schema).map_err(failed)?;
        // Constants are computed when planning, where an overflow would go unseen.
        let simplified = match computes_constants(&coerced) && !reads_clock {
            true => coerced,
            false => simplifier.simplify(coerced).map_err(failed)?,
        };
        let planning = PhysicalPlanningContext::default();
        let physical =
            create_physical_expr(&simplified, &df_schema, &ExecutionProps::new(), &planning).map_err(failed)?;
        let physical = checked(physical, &extended).map_err(failed)?;
        let found = physical.data_type(&extended).map_err(failed)?;
        let data_type = plain(&found);
        let physical =
            if data_type == found { physical } else { cast(physical, &extended, data_type.clone()).map_err(failed)? };
        Ok(Self { physical, data_type, fields: schema.fields().len(), variables: used, reads_clock })
    }

    /// Whether it may be kept for later.
    pub(super) fn lasts(&self) -> bool {
        !self.reads_clock
    }

    /// Whether it uses no flow variable, so that every binding is the same.
    pub(super) fn is_constant(&self) -> bool {
        self.variables.is_empty()
    }

    /// Whether the flow variables have the types it was planned for.
    pub(super) fn fits(&self, variables: &Variables) -> bool {
        let same = |(name, data_type): &(String, DataType)| {
            variables.get(name).is_some_and(|value| scalar(value).data_type() == *data_type)
        };
        self.variables.iter().all(same)
    }

    /// The expression with the values of the flow variables in place.
    pub(super) fn bind(&self, variables: &Variables) -> Result<Expression, DataError> {
        let physical = if self.is_constant() { Arc::clone(&self.physical) } else { self.with_values(variables)? };
        let is_lasting = self.is_constant() && self.lasts();
        Ok(Expression { physical, data_type: self.data_type.clone(), is_lasting })
    }

    fn with_values(&self, variables: &Variables) -> Result<Arc<dyn PhysicalExpr>, DataError> {
        let place = |node: Arc<dyn PhysicalExpr>| {
            let position = node.downcast_ref::<Column>().and_then(|column| column.index().checked_sub(self.fields));
            let name = position.and_then(|position| self.variables.get(position)).map(|(name, _)| name);
            Ok(match name.and_then(|name| variables.get(name)) {
                Some(value) => Transformed::yes(Arc::new(Literal::new(scalar(value))) as Arc<dyn PhysicalExpr>),
                None => Transformed::no(node),
            })
        };
        Arc::clone(&self.physical).transform_up(place).data().map_err(|error| planning_error(&error, &[]))
    }
}

/// Parses one expression and nothing behind it.
pub(crate) fn parse(sql: &str) -> Result<ExprWithAlias, DataError> {
    if sql.trim().is_empty() {
        return Err(DataError::ExpressionSyntax { line: 0, column: 0, message: "the expression is empty".to_owned() });
    }
    if sql.len() > LONGEST {
        return Err(too_much("too long"));
    }
    let limit = session().config_options().sql_parser.recursion_limit.get();
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(limit)
        .build()
        .and_then(|mut parser| parser.parse_into_expr())
        .map_err(|error| syntax_error(sql, &error))?;
    if parsed.expr.visit(&mut Depth(0)).is_break() {
        return Err(too_much("nested too deeply"));
    }
    if let Some(alias) = &parsed.alias {
        let message = format!("“{alias}” is one word too many; leave “AS” out, the name of the field is beside it");
        return Err(DataError::ExpressionSyntax {
            line: alias.span.start.line,
            column: alias.span.start.column,
            message,
        });
    }
    Ok(parsed)
}

fn too_much(what: &str) -> DataError {
    let message = format!("the expression is {what}; make it out of several fields in two mappers");
    DataError::ExpressionSyntax { line: 0, column: 0, message }
}

/// Stops where expressions lie too deep within one another.
pub(crate) struct Depth(pub(crate) usize);

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &ast::Expr) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > DEEPEST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, _: &ast::Expr) -> ControlFlow<()> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }
}

/// Turns every `$name` into the field that stands for it, and gives the variables used, each once, with their types.
fn take_variables(parsed: &mut ExprWithAlias, variables: &Variables) -> Result<Vec<(String, DataType)>, DataError> {
    let mut used: Vec<(String, DataType)> = Vec::new();
    let outcome = visit_expressions_mut(&mut parsed.expr, |node: &mut ast::Expr| {
        let ast::Expr::Value(value) = node else { return ControlFlow::Continue(()) };
        let Value::Placeholder(text) = &value.value else { return ControlFlow::Continue(()) };
        let name = text.trim_start_matches(['$', '?', ':']).to_owned();
        let Some(given) = variables.get(&name) else {
            let near = nearby_names(&name, variables.names());
            let all = variables.names().map(str::to_owned).collect();
            return ControlFlow::Break(DataError::UnknownVariable { variable: name, near, all });
        };
        *node = ast::Expr::Identifier(Ident::with_quote('"', format!("{VARIABLE_FIELD}{name}")));
        if !used.iter().any(|(known, _)| *known == name) {
            used.push((name, scalar(given).data_type()));
        }
        ControlFlow::Continue(())
    });
    match outcome {
        ControlFlow::Continue(()) => Ok(used),
        ControlFlow::Break(error) => Err(error),
    }
}

/// The schema with one more field for each variable.
fn extend(schema: &SchemaRef, variables: &[(String, DataType)]) -> SchemaRef {
    if variables.is_empty() {
        return Arc::clone(schema);
    }
    let extra = variables
        .iter()
        .map(|(name, data_type)| Arc::new(Field::new(format!("{VARIABLE_FIELD}{name}"), data_type.clone(), true)));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain(extra).collect::<Vec<_>>()))
}

/// Whether a function among it gives another value at another time of planning.
fn reads_clock(expression: &Expr) -> bool {
    let found = expression.exists(|node| {
        Ok(matches!(node, Expr::ScalarFunction(call) if call.func.signature().volatility == Volatility::Stable))
    });
    found.unwrap_or(true)
}

/// The type that streams hold for a type that DataFusion came up with: one kind of text and one of bytes.
pub(crate) fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, value) => plain(value),
        other => other.clone(),
    }
}
