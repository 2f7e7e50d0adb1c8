//! SQL Put: records into a table, all of them or none.

use super::collect::until_cancelled;
use crate::database::{Databases, IfMissing, Mode, Once, Put, Records, Session};
use crate::describe::{acts_once, choice, exactly_once, optional, required};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const HELP: &str = "\
Writes every record that arrives into a table of a database, and passes the stream on. All records are written in one \
transaction: if one of them is refused, none is there, and the error names the record.

Fields go to the columns of the same name (whatever the case); columns that no field is named after get their default. \
*Keys* names the fields that identify a record, and *Mode* says what happens:

- `Insert` adds a row; one whose key exists already is an error.
- `Upsert` adds a row or updates the one that is there. The table needs a primary key or a unique index over the keys. An \
upsert may run twice without harm, so prefer it where the component may run again after a failure.
- `Update` changes the rows that are there, and passes over records without one.
- `Delete` removes the rows with these keys.

The table must exist, unless *CreateTable* is on: then it is made from the fields, with *Keys* as the primary key (and for \
SQLite the database, too). Give it with its schema where that is needed: `sales.orders`.

With *ExactlyOnce* the component's input is saved first, and its key goes into the table `cairn_done` of the database, in \
the same transaction as the records: after a failure the component runs again, finds the key and writes nothing twice. The \
table is made if it is missing.

Many records go to PostgreSQL by COPY, to MySQL and MariaDB by statements of many rows. A MySQL upsert meets every unique \
index of the table, not only the one over *Keys*.";

pub(super) struct SqlPut {
    pub(super) databases: Databases,
}

const MODES: &[(&str, Mode)] =
    &[("Insert", Mode::Insert), ("Update", Mode::Update), ("Upsert", Mode::Upsert), ("Delete", Mode::Delete)];

impl ComponentType for SqlPut {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "SqlPut",
            title: "SQL Put",
            family: Family::Database,
            icon: "database",
            summary: "Writes records into a table",
            help: HELP,
            properties: vec![
                super::connection(),
                required(
                    "Table",
                    "Table",
                    PropertyKind::Text,
                    "The table, with its schema where needed: `sales.orders`. `${name}` stands for a flow variable.",
                ),
                optional(
                    "Mode",
                    "Mode",
                    choice(&[
                        ("Insert", "Insert"),
                        ("Update", "Update"),
                        ("Upsert", "Insert or update"),
                        ("Delete", "Delete"),
                    ]),
                    "Insert",
                    "What happens to the table: Insert refuses a record whose key is there, Upsert updates it.",
                ),
                optional(
                    "Keys",
                    "Keys",
                    PropertyKind::Fields,
                    json!([]),
                    "The fields that identify a record. All modes but Insert need them.",
                )
                .when("Mode", &["Update", "Upsert", "Delete"]),
                optional(
                    "CreateTable",
                    "Create table",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether a missing table is made from the fields.",
                ),
                exactly_once(
                    "Whether the records are written exactly once, however often the component runs: its input is saved \
                     first, and the table `cairn_done` remembers that it was written.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Connection} → {Table}",
        }
    }

    fn saves_input(&self, component: &flow_model::Component) -> bool {
        acts_once(component)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let mode = properties.choice("Mode", MODES);
        let keys = properties.names("Keys");
        if mode != Mode::Insert && keys.is_empty() {
            let name = MODES.iter().find(|(_, meaning)| *meaning == mode).map_or("this mode", |(name, _)| name);
            properties.problem("Keys", &format!("is empty, but {name} needs the fields that identify a record"));
        }
        Arc::new(Prepared {
            connection: properties.text("Connection"),
            table: properties.template("Table"),
            mode,
            keys,
            create: properties.boolean("CreateTable"),
            exactly_once: properties.boolean("ExactlyOnce"),
            databases: self.databases.clone(),
        })
    }
}

struct Prepared {
    connection: String,
    table: Template,
    mode: Mode,
    keys: Vec<String>,
    create: bool,
    exactly_once: bool,
    databases: Databases,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let run: &RunContext<'_> = run;
        run.before_effect().await?;
        let put = Put { table: run.fill(&self.table)?, mode: self.mode, keys: self.keys.clone(), create: self.create };
        // A stream that is computed while it is read is read once; if it is passed on, it has to be kept.
        let (input, is_wanted) = (run.input().clone(), run.wants(OUT));
        let input = match input.is_flowing() && is_wanted {
            true => {
                let spool = run.spool().clone();
                run.blocking(move || Ok(input.hold(&spool)?)).await?
            }
            false => input,
        };
        let writing = async {
            let connection = run.services.connection(&self.connection).await.map_err(|error| error.on("Connection"))?;
            let if_missing = if self.create { IfMissing::Make } else { IfMissing::Refuse };
            let mut session = self.databases.open(&connection, run.services, if_missing).await?;
            let written = self.write(run, &put, session.as_mut(), &input).await?;
            Ok((session, written))
        };
        let (session, written) = until_cancelled(run, writing).await?;
        // The transaction is still open: should the attempt be told to end here, it is rolled back.
        run.before_effect().await?;
        session.commit().await.map_err(|error| put.about(error))?;
        let note = match written {
            Some(written) => done(self.mode, &records(written), &put.table),
            None => format!("an earlier attempt has written into {} already: nothing is written twice", put.table),
        };
        let outcome = if is_wanted { Outcome::out(input) } else { Outcome::none() };
        Ok(outcome.with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.table, "Table", false);
        for key in &self.keys {
            design.field(key, "Keys");
        }
        design.passes_on(OUT);
    }
}

/// What was done, in one line. How many rows had the keys of the records is not known.
fn done(mode: Mode, records: &str, table: &str) -> String {
    match mode {
        Mode::Insert | Mode::Upsert => format!("{records} into {table}"),
        Mode::Update => format!("rows of {records} updated in {table}"),
        Mode::Delete => format!("rows of {records} deleted from {table}"),
    }
}

impl Prepared {
    /// Writes every record in a transaction that it leaves open. The answer is how many there were, or none when that has
    /// happened before.
    async fn write(
        &self,
        run: &RunContext<'_>,
        put: &Put,
        session: &mut dyn Session,
        input: &flow_data::Stream,
    ) -> Result<Option<usize>, ComponentError> {
        if self.exactly_once {
            Once::prepare(session).await?;
        }
        // Where making a table ends the transaction, it comes before.
        let early = match session.dialect().makes_tables_in_transactions() {
            true => None,
            false => Some(put.fit(session, input.schema()).await?),
        };
        session.begin().await.map_err(|error| put.about(error))?;
        if self.exactly_once && !Once::new(&run.idempotency_key)?.take(session).await? {
            return Ok(None);
        }
        let fitting = match early {
            Some(early) => early,
            None => put.fit(session, input.schema()).await?,
        };
        let records = Records::of(input, &run.runner);
        let written = records.taken();
        match fitting {
            Some(write) => session.write(&write, records).await?,
            None => return Ok(Some(input.rows().unwrap_or_default())),
        }
        Ok(Some(usize::try_from(written.load(Ordering::Relaxed)).unwrap_or(usize::MAX)))
    }
}
