//! SQL Execute: statements that change a database.

use super::bind::{Values, check_names};
use super::collect::{collect, until_cancelled};
use crate::database::{Databases, Dialect, IfMissing, Once, Records, Session, Statement};
use crate::describe::{acts_once, exactly_once, optional, required};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::array::{ArrayRef, Int64Array};
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;

const HELP: &str = "\
Runs one or more SQL statements in a database, divided by `;`, all of them in one transaction: if one fails, none has \
happened. The statements are written in the database's own SQL. (In MySQL and MariaDB, statements that make or change \
tables end the transaction by themselves.)

`$name` in a statement stands for a flow variable; its value is bound, never pasted into the text. With *PerRecord* the \
statements run once for every record that arrives, and `$name` may also be a field of that record.

What leaves is the number of rows that were affected: one record with `affected`, or with *PerRecord* every record that \
arrived with `affected` beside its fields.

With *ExactlyOnce* the component's input is saved first, and its key goes into the table `cairn_done` of the database, in \
the same transaction: after a failure the component runs again, finds the key and does nothing twice (`affected` is then \
empty).";

/// The field that tells how many rows were affected.
const AFFECTED: &str = "affected";

pub(super) struct SqlExecute {
    pub(super) databases: Databases,
}

impl ComponentType for SqlExecute {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "SqlExecute",
            title: "SQL Execute",
            family: Family::Database,
            icon: "square-terminal",
            summary: "Runs SQL statements",
            help: HELP,
            properties: vec![
                super::connection(),
                required(
                    "Statements",
                    "Statements",
                    PropertyKind::Sql,
                    "The statements in the database's own SQL, divided by `;`. `$name` stands for a flow variable, or with \
                     PerRecord for a field.",
                ),
                optional(
                    "PerRecord",
                    "Per record",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether the statements run once for every record that arrives, with its fields as `$name`.",
                ),
                exactly_once(
                    "Whether the statements count exactly once, however often the component runs: its input is saved \
                     first, and the table `cairn_done` remembers that they ran.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Connection}",
        }
    }

    fn saves_input(&self, component: &flow_model::Component) -> bool {
        acts_once(component)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let statements = properties.text("Statements");
        if !statements.trim().is_empty() && Statement::all(&statements, Dialect::Postgres).is_empty() {
            properties.problem("Statements", "holds nothing but comments");
        }
        Arc::new(Prepared {
            connection: properties.text("Connection"),
            statements,
            per_record: properties.boolean("PerRecord"),
            exactly_once: properties.boolean("ExactlyOnce"),
            databases: self.databases.clone(),
        })
    }
}

struct Prepared {
    connection: String,
    statements: String,
    per_record: bool,
    exactly_once: bool,
    databases: Databases,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let run: &RunContext<'_> = run;
        run.before_effect().await?;
        let executing = async {
            let connection = run.services.connection(&self.connection).await.map_err(|error| error.on("Connection"))?;
            let mut session = self.databases.open(&connection, run.services, IfMissing::Refuse).await?;
            let (done, stream) = collect(run, async |to| self.execute(run, session.as_mut(), to).await).await?;
            Ok((session, done, stream))
        };
        let (session, done, stream) = until_cancelled(run, executing).await?;
        // The transaction is still open: should the attempt be told to end here, it is rolled back.
        run.before_effect().await?;
        session.commit().await?;
        let note = match done {
            Some(1) => "1 row affected".to_owned(),
            Some(rows) => format!("{rows} rows affected"),
            None => "an earlier attempt has done it already: nothing is done twice".to_owned(),
        };
        Ok(Outcome::out(stream).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        check_names(design, &self.statements, "Statements", self.per_record);
        let fields = match self.per_record {
            true => design.input().map(with_affected),
            false => Some(only_affected()),
        };
        if let Some(fields) = fields {
            design.outlet(OUT, fields);
        }
    }
}

impl Prepared {
    /// Runs the statements in a transaction that it leaves open, and sends what leaves the component. The answer is how many
    /// rows were affected, or none when it has happened before.
    async fn execute(
        &self,
        run: &RunContext<'_>,
        session: &mut dyn Session,
        to: mpsc::Sender<RecordBatch>,
    ) -> Result<Option<u64>, ComponentError> {
        if self.exactly_once {
            Once::prepare(session).await?;
        }
        session.begin().await?;
        let statements = Statement::all(&self.statements, session.dialect());
        let is_first = !self.exactly_once || Once::new(&run.idempotency_key)?.take(session).await?;
        let done = match self.per_record {
            true => for_each(run, session, &statements, is_first, &to).await?,
            false => {
                let values = Values::of_variables(run);
                let affected = if is_first { Some(all(session, &statements, &values, 0).await?) } else { None };
                let column: ArrayRef = Arc::new(Int64Array::from(vec![affected.map(signed)]));
                send(&to, only_affected(), vec![column]).await?;
                affected.unwrap_or_default()
            }
        };
        Ok(is_first.then_some(done))
    }
}

/// Runs all statements for each record, and sends each with how many rows were affected.
async fn for_each(
    run: &RunContext<'_>,
    session: &mut dyn Session,
    statements: &[Statement],
    is_first: bool,
    to: &mpsc::Sender<RecordBatch>,
) -> Result<u64, ComponentError> {
    let fields = with_affected(run.input().schema());
    // Tells the fields where no record arrives.
    let _ = to.send(RecordBatch::new_empty(Arc::clone(&fields))).await;
    let mut arriving = Records::of(run.input(), &run.runner);
    let (mut record, mut total) = (0, 0);
    while let Some(batch) = arriving.next().await? {
        let values = Values::of_records(run, &batch, statements, session.dialect());
        let mut affected: Vec<Option<i64>> = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            record += 1;
            if !is_first {
                affected.push(None);
                continue;
            }
            let rows = all(session, statements, &values, row).await;
            let rows = rows.map_err(|error| error.about(&format!("record {record}")).at_row(record))?;
            affected.push(Some(signed(rows)));
            total += rows;
        }
        let mut columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .zip(batch.schema_ref().fields())
            .filter(|(_, field)| field.name() != AFFECTED)
            .map(|(column, _)| Arc::clone(column))
            .collect();
        columns.push(Arc::new(Int64Array::from(affected)));
        send(to, Arc::clone(&fields), columns).await?;
    }
    Ok(total)
}

/// Runs all statements; the answer is how many rows they affected together.
async fn all(
    session: &mut dyn Session,
    statements: &[Statement],
    values: &Values<'_>,
    row: usize,
) -> Result<u64, ComponentError> {
    let mut affected = 0;
    for (at, statement) in statements.iter().enumerate() {
        let bound = values.bind(statement, row).map_err(|error| error.on("Statements"))?;
        affected += session.execute(statement, &bound).await.map_err(|error| {
            let error = if statements.len() > 1 { error.about(&format!("statement {}", at + 1)) } else { error };
            error.on("Statements")
        })?;
    }
    Ok(affected)
}

async fn send(to: &mpsc::Sender<RecordBatch>, fields: SchemaRef, columns: Vec<ArrayRef>) -> Result<(), ComponentError> {
    let batch =
        RecordBatch::try_new(fields, columns).map_err(|error| ComponentError::new("sql/failed", error.to_string()))?;
    // Nobody receiving any more has a reason that is told there.
    let _ = to.send(batch).await;
    Ok(())
}

fn affected_field() -> Field {
    Field::new(AFFECTED, DataType::Int64, true)
}

fn only_affected() -> SchemaRef {
    Arc::new(Schema::new(vec![affected_field()]))
}

/// The fields with `affected` behind them, in the place of one that is called so.
fn with_affected(input: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Field> =
        input.fields().iter().filter(|field| field.name() != AFFECTED).map(|field| Field::clone(field)).collect();
    fields.push(affected_field());
    Arc::new(Schema::new(fields))
}

fn signed(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
