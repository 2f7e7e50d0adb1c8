//! The values that stand for the names in a statement.

use crate::database::{Cell, Cells, Dialect, Statement};
use crate::{ComponentError, Design, RunContext};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::nearby_names;
use std::collections::BTreeMap;

/// Where the values of names come from: the fields of a record, if there is one, and before all else; then the flow
/// variables.
pub(super) struct Values<'a> {
    run: &'a RunContext<'a>,
    fields: BTreeMap<String, Cells>,
}

impl<'a> Values<'a> {
    /// The flow variables alone.
    pub(super) fn of_variables(run: &'a RunContext<'a>) -> Self {
        Self { run, fields: BTreeMap::new() }
    }

    /// Those, and before them the fields of a batch that the statements name.
    pub(super) fn of_records(
        run: &'a RunContext<'a>,
        batch: &RecordBatch,
        statements: &[Statement],
        dialect: Dialect,
    ) -> Self {
        let names = statements.iter().flat_map(Statement::names);
        let fields = names.filter_map(|name| Some((name.to_owned(), Cells::of(batch.column_by_name(name)?, dialect))));
        Self { run, fields: fields.collect() }
    }

    /// The values for the places of a statement, for the record at `row`.
    pub(super) fn bind(&self, statement: &Statement, row: usize) -> Result<Vec<Cell<'static>>, ComponentError> {
        let value = |name: &str| match self.fields.get(name) {
            Some(cells) => Ok(cells.at(row).into_owned()),
            None => self.run.variables.get(name).map(Cell::of_json).ok_or_else(|| unknown(name)),
        };
        statement.names_in_order().map(value).collect()
    }
}

fn unknown(name: &str) -> ComponentError {
    let message = format!("“${name}” names no flow variable that is set here: declare it among the inputs of Start");
    ComponentError::new("sql/unknown-name", message).for_good()
}

/// Reports the names in SQL that stand for nothing.
pub(super) fn check_names(design: &mut Design<'_>, sql: &str, property: &str, of_records: bool) {
    if of_records && design.input().is_none() {
        return;
    }
    let mut known: Vec<String> = design.variables().names().map(str::to_owned).collect();
    if let Some(schema) = design.input().filter(|_| of_records) {
        known.extend(schema.fields().iter().map(|field| field.name().clone()));
    }
    // Which names there are hangs little on the dialect, which is not known yet.
    let statements = Statement::all(sql, Dialect::Postgres);
    let names = statements.iter().flat_map(Statement::names);
    let unknown: Vec<&str> = names.filter(|name| !known.iter().any(|known| known == name)).collect();
    for name in unknown {
        let hint = match nearby_names(name, known.iter().map(String::as_str)).first() {
            Some(near) => format!("did you mean “${near}”?"),
            None => "declare it among the inputs of Start".to_owned(),
        };
        let what = if of_records { "flow variable or field" } else { "flow variable" };
        design.problem("sql/unknown-name", property, &format!("“${name}” names no {what}; {hint}"));
    }
}
