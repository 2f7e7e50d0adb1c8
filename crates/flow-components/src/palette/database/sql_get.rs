//! SQL Get: the rows of a query as a stream.

use super::bind::{Values, check_names};
use super::collect::{collect, until_cancelled};
use crate::database::{Databases, IfMissing, Records, Session, Statement, one_statement};
use crate::describe::{optional, required};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::arrow::record_batch::RecordBatch;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;

const HELP: &str = "\
Runs a query in a database and gives its rows. The query is written in the database's own SQL.

`$name` in the query stands for a flow variable. Its value is bound, never pasted into the text, so quotes in it do no \
harm: `SELECT * FROM orders WHERE month = $month`. With *PerRecord* the query runs once for every record that arrives, \
`$name` may also be a field of that record, and the rows of all runs together are the result; where many records arrive, \
one query and a Join are faster.

Types: decimals stay exact (a PostgreSQL `numeric` without precision becomes `decimal(38,10)`), JSON and UUID become text, \
so do arrays, intervals and what else has no type here. In SQLite, whose columns hold values of any type, a column has its \
declared type if its values fit, else the type of its values; `CAST` in the query decides it.

While the flow is drawn, the database is asked for the fields when it can be reached; nothing is run there but the \
preparation of the query (SQLite also reads the first rows).";

pub(super) struct SqlGet {
    pub(super) databases: Databases,
}

impl ComponentType for SqlGet {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "SqlGet",
            title: "SQL Get",
            family: Family::Database,
            icon: "database-zap",
            summary: "Reads the rows of a query",
            help: HELP,
            properties: vec![
                super::connection(),
                required(
                    "Query",
                    "Query",
                    PropertyKind::Sql,
                    "The query in the database's own SQL. `$name` stands for a flow variable, or with PerRecord for a field.",
                ),
                optional(
                    "PerRecord",
                    "Per record",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether the query runs once for every record that arrives, with its fields as `$name`.",
                ),
            ],
            effect: Effect::Reads,
            saves: false,
            line: "{Connection} → rows",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            connection: properties.text("Connection"),
            query: properties.text("Query"),
            per_record: properties.boolean("PerRecord"),
            databases: self.databases.clone(),
        })
    }
}

struct Prepared {
    connection: String,
    query: String,
    per_record: bool,
    databases: Databases,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let run: &RunContext<'_> = run;
        let connection = run.services.connection(&self.connection).await.map_err(|error| error.on("Connection"))?;
        let reading = async {
            let mut session = self.databases.open(&connection, run.services, IfMissing::Refuse).await?;
            let query = one_statement(&self.query, session.as_ref()).map_err(|error| error.on("Query"))?;
            let read = collect(run, async |to| match self.per_record {
                true => read_for_each(run, session.as_mut(), &query, to).await,
                false => read_once(run, session.as_mut(), &query, to).await,
            });
            let ((), stream) = read.await?;
            session.release();
            Ok(stream)
        };
        let stream = until_cancelled(run, reading).await?;
        let note = records(stream.rows().unwrap_or_default());
        Ok(Outcome::out(stream).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        check_names(design, &self.query, "Query", self.per_record);
        match design.services().query_fields(&self.connection, &self.query) {
            Some(Ok(schema)) => design.outlet(OUT, schema),
            // The database may be another one where the flow runs.
            Some(Err(error)) => design.warning(&error.code, "Query", &error.message),
            None => {}
        }
    }
}

async fn read_once(
    run: &RunContext<'_>,
    session: &mut dyn Session,
    query: &Statement,
    to: mpsc::Sender<RecordBatch>,
) -> Result<(), ComponentError> {
    let values = Values::of_variables(run).bind(query, 0).map_err(|error| error.on("Query"))?;
    session.read(query, &values, &to).await.map_err(|error| ComponentError { row: None, ..error }.on("Query"))
}

async fn read_for_each(
    run: &RunContext<'_>,
    session: &mut dyn Session,
    query: &Statement,
    to: mpsc::Sender<RecordBatch>,
) -> Result<(), ComponentError> {
    let statements = [query.clone()];
    let mut arriving = Records::of(run.input(), &run.runner);
    let mut record = 0;
    while let Some(batch) = arriving.next().await? {
        let values = Values::of_records(run, &batch, &statements, session.dialect());
        for row in 0..batch.num_rows() {
            record += 1;
            let bound = values.bind(query, row).map_err(|error| error.on("Query"))?;
            let read = session.read(query, &bound, &to).await;
            read.map_err(|error| error.about(&format!("record {record}")).at_row(record).on("Query"))?;
        }
    }
    if record == 0 {
        // Without a record nothing tells the fields but the query itself.
        let schema = session.describe(query).await.map_err(|error| error.on("Query"))?;
        let _ = to.send(RecordBatch::new_empty(schema)).await;
    }
    Ok(())
}
