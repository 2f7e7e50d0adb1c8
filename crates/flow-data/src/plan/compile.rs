//! From a query to a plan that can be run any number of times over streams with the same fields.
//!
//! Sort, aggregate, join and distinct are queries too: templates of ours, in which `$0`, `$1`, … stand for the
//! expressions of the author. Those are put in as parsed trees, so that no text of one can change the query around it.

use super::cache::PlanKey;
use super::checked::checked_plan;
use super::execute;
use super::session::{JoinMethod, session};
use crate::arrow::datatypes::{Field, Schema, SchemaRef};
use crate::expression::messages::{query_error, syntax_error};
use crate::expression::plan::{DEEPEST, Depth, parse, plain};
use crate::{DataError, Spool, Stream, Variables, nearby_names};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{self, Value, Visit, VisitMut, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use serde_json::Value as Json;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The longest text of a query, in bytes.
const LONGEST: usize = 128 * 1024;

/// A plan, ready to be run.
pub(crate) struct Compiled {
    pub(super) physical: Arc<dyn ExecutionPlan>,
    /// The fields of the result, in the types of streams.
    pub(super) schema: SchemaRef,
    /// The names of the inputs.
    pub(super) inputs: Vec<String>,
    /// For each input, how many places of the plan read it.
    pub(super) reads: Vec<usize>,
}

/// What is to be planned.
pub(super) struct Request<'a> {
    /// A query over the inputs, each of them a table.
    pub(super) sql: &'a str,
    /// The expressions for `$0`, `$1`, … in a template of ours; empty for a query of the author.
    pub(super) parts: Vec<ast::Expr>,
    /// The names of the fields of the result, if they are not those of the query.
    pub(super) names: Option<Vec<String>>,
    pub(super) inputs: Vec<(String, Stream)>,
    pub(super) method: JoinMethod,
}

impl Request<'_> {
    /// The result of the query, computed while it is read.
    pub(super) fn stream(self, variables: &Variables, spool: &Spool) -> Result<Stream, DataError> {
        let compiled = self.compile(variables, spool)?;
        let schema = match &self.names {
            Some(names) => renamed(&compiled.schema, names),
            None => Arc::clone(&compiled.schema),
        };
        let inputs: Vec<Stream> = self.inputs.into_iter().map(|(_, stream)| stream).collect();
        Ok(execute::stream(compiled, schema, inputs, spool.clone()))
    }

    /// Plans the query, or finds the plan of an earlier time.
    pub(super) fn compile(&self, variables: &Variables, spool: &Spool) -> Result<Arc<Compiled>, DataError> {
        let mut statement = statement(self.sql)?;
        match self.parts.is_empty() {
            true => fill_variables(&mut statement, variables)?,
            false => fill_parts(&mut statement, &self.parts),
        }
        let inputs = self.inputs.iter().map(|(name, stream)| (name.clone(), Arc::clone(stream.schema())));
        let key = PlanKey { query: statement.to_string(), inputs: inputs.collect(), method: self.method };
        if let Some(kept) = spool.plans().find(&key) {
            return Ok(kept);
        }
        let (compiled, lasts) = plan(statement, &key)?;
        let compiled = Arc::new(compiled);
        if lasts {
            spool.plans().keep(key, Arc::clone(&compiled));
        }
        Ok(compiled)
    }
}

/// Parses an expression of the author, with the values of flow variables in place.
pub(super) fn expression(sql: &str, variables: &Variables) -> Result<ast::Expr, DataError> {
    let mut parsed = parse(sql)?.expr;
    fill_variables(&mut parsed, variables)?;
    Ok(ast::Expr::Nested(Box::new(parsed)))
}

/// The name of a field as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Parses a query: exactly one statement, and one that only reads.
fn statement(sql: &str) -> Result<ast::Statement, DataError> {
    let unfit = |message: &str| Err(DataError::ExpressionSyntax { line: 0, column: 0, message: message.to_owned() });
    if sql.trim().is_empty() {
        return unfit("the query is empty");
    }
    if sql.len() > LONGEST {
        return unfit("the query is too long; make two of it");
    }
    let limit = session(JoinMethod::Hash).config_options().sql_parser.recursion_limit.get();
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(limit)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| syntax_error(sql, &error))?;
    let mut statements = parsed.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Statement(statement)), None) if matches!(*statement, ast::Statement::Query(_)) => {
            if statement.visit(&mut Depth(0)).is_break() {
                return unfit(&format!("expressions lie more than {DEEPEST} deep within one another"));
            }
            Ok(*statement)
        }
        (_, Some(_)) => unfit("there are two statements: leave one SELECT"),
        _ => unfit("only a SELECT is possible here"),
    }
}

/// Puts the expressions in the places of a template.
fn fill_parts(statement: &mut ast::Statement, parts: &[ast::Expr]) {
    let _: ControlFlow<()> = visit_expressions_mut(statement, |node: &mut ast::Expr| {
        if let Some(part) = placeholder(node).and_then(|name| name.parse::<usize>().ok()).and_then(|at| parts.get(at)) {
            *node = part.clone();
        }
        ControlFlow::Continue(())
    });
}

/// Puts the values of flow variables in the place of `$name`.
fn fill_variables(tree: &mut impl VisitMut, variables: &Variables) -> Result<(), DataError> {
    let outcome = visit_expressions_mut(tree, |node: &mut ast::Expr| {
        let Some(name) = placeholder(node) else { return ControlFlow::Continue(()) };
        let Some(value) = variables.get(&name) else {
            let near = nearby_names(&name, variables.names());
            let all = variables.names().map(str::to_owned).collect();
            return ControlFlow::Break(DataError::UnknownVariable { variable: name, near, all });
        };
        *node = literal(value);
        ControlFlow::Continue(())
    });
    match outcome {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn placeholder(node: &ast::Expr) -> Option<String> {
    match node {
        ast::Expr::Value(value) => match &value.value {
            Value::Placeholder(text) => Some(text.trim_start_matches(['$', '?', ':']).to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// A JSON value as SQL writes it. Lists and objects become their JSON text, as in expressions.
fn literal(value: &Json) -> ast::Expr {
    let plain = |value: Value| ast::Expr::Value(value.into());
    match value {
        Json::Null => plain(Value::Null),
        Json::Bool(yes) => plain(Value::Boolean(*yes)),
        Json::Number(number) => {
            let text = number.to_string();
            match text.strip_prefix('-') {
                None => plain(Value::Number(text, false)),
                Some(positive) => ast::Expr::Nested(Box::new(ast::Expr::UnaryOp {
                    op: ast::UnaryOperator::Minus,
                    expr: Box::new(plain(Value::Number(positive.to_owned(), false))),
                })),
            }
        }
        Json::String(text) => plain(Value::SingleQuotedString(text.clone())),
        nested => plain(Value::SingleQuotedString(nested.to_string())),
    }
}

/// The plan, and whether it may be kept: one that reads the clock may not.
fn plan(statement: ast::Statement, key: &PlanKey) -> Result<(Compiled, bool), DataError> {
    let tables: Vec<&str> = key.inputs.iter().map(|(name, _)| name.as_str()).collect();
    let fields: Vec<&str> =
        key.inputs.iter().flat_map(|(_, schema)| schema.fields().iter().map(|field| field.name().as_str())).collect();
    let failed = |error: DataFusionError| query_error(&error, &fields);
    let statement = Statement::Statement(Box::new(statement));
    let (state, read) = with_tables(session(key.method), &key.inputs).map_err(failed)?;
    for table in state.resolve_table_references(&statement).map_err(failed)? {
        if !tables.contains(&table.table()) {
            return Err(unknown_table(table.table(), &tables));
        }
    }
    // Nothing of this waits: all tables are in memory.
    let logical = futures::executor::block_on(state.statement_to_plan(statement)).map_err(failed)?;
    let (reads, reads_clock) = looked_through(&logical, &tables).map_err(failed)?;
    let schema = stream_schema(logical.schema().as_arrow())?;
    let physical = futures::executor::block_on(state.create_physical_plan(&logical)).map_err(failed)?;
    let physical = checked_plan(physical, &read).map_err(failed)?;
    let inputs = key.inputs.iter().map(|(name, _)| name.clone()).collect();
    Ok((Compiled { physical, schema, inputs, reads }, !reads_clock))
}

/// The session with the inputs as its tables, and what those read.
fn with_tables(
    state: &SessionState,
    inputs: &[(String, SchemaRef)],
) -> Result<(SessionState, Vec<Arc<dyn PartitionStream>>), DataFusionError> {
    let tables = MemorySchemaProvider::new();
    let mut read: Vec<Arc<dyn PartitionStream>> = Vec::with_capacity(inputs.len());
    for (place, (name, schema)) in inputs.iter().enumerate() {
        let input: Arc<dyn PartitionStream> = Arc::new(execute::Input::new(place, Arc::clone(schema)));
        let table = StreamingTable::try_new(Arc::clone(schema), vec![Arc::clone(&input)])?;
        tables.register_table(name.clone(), Arc::new(table))?;
        read.push(input);
    }
    let names = &state.config_options().catalog;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(&names.default_schema, Arc::new(tables))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(names.default_catalog.clone(), Arc::new(catalog));
    let state = SessionStateBuilder::new_from_existing(state.clone()).with_catalog_list(Arc::new(catalogs)).build();
    Ok((state, read))
}

fn unknown_table(name: &str, tables: &[&str]) -> DataError {
    let near = nearby_names(name, tables.iter().copied());
    let hint = match near.as_slice() {
        [] => format!("the inlets are {}", tables.join(", ")),
        near => format!("did you mean “{}”?", near.join("”, “")),
    };
    DataError::Type { message: format!("there is no table “{name}”; {hint}") }
}

/// How many places of a plan read each table, and whether a function in it reads the clock.
fn looked_through(plan: &LogicalPlan, tables: &[&str]) -> Result<(Vec<usize>, bool), DataFusionError> {
    let mut reads = vec![0; tables.len()];
    let mut reads_clock = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(place) = tables.iter().position(|table| *table == scan.table_name.table())
        {
            reads[place] += 1;
        }
        node.apply_expressions(|expression| {
            reads_clock |= expression.exists(|part| {
                let stable = |volatility: Volatility| volatility == Volatility::Stable;
                Ok(matches!(part, Expr::ScalarFunction(call) if stable(call.func.signature().volatility)))
            })?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok((reads, reads_clock))
}

/// The fields of a result as streams have them: each name once, one kind of text and of bytes.
fn stream_schema(schema: &Schema) -> Result<SchemaRef, DataError> {
    let mut fields: Vec<Field> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        if fields.iter().any(|before| before.name() == field.name()) {
            let message = format!("two fields of the result are called “{}”: rename one by AS", field.name());
            return Err(DataError::Type { message });
        }
        fields.push(Field::new(field.name(), plain(field.data_type()), true));
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn renamed(schema: &Schema, names: &[String]) -> SchemaRef {
    let fields = schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(name));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
