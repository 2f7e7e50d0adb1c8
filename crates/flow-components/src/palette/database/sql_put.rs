//! SQL Put: records into a table, all of them or none.

use crate::describe::{choice, optional, required};
use crate::sqlite::{Databases, Open, Values, column_type, problem, quoted};
use crate::wording::records;
use crate::{
    Component, ComponentError, ComponentType, Design, Outcome, Properties, ResolvedPath, RunContext, Template,
};
use async_trait::async_trait;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::{Stream, nearby_names};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use rusqlite::Connection;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

const HELP: &str = "\
Writes every record that arrives into a table of an SQLite database, and passes the stream on. All records are written \
in one transaction: if one of them is refused, none is there.

Fields go to the columns of the same name (SQLite does not look at case); columns that no field is named after get their \
default. With *Mode* `Insert`, a record whose key exists already is an error. With `Upsert` it is updated: *Keys* names \
the fields that identify a record, and the table needs a primary key or a unique index over them. An upsert may run \
twice without harm, so prefer it where the component may run again after a failure.

The table must exist, unless *CreateTable* is on: then the database and the table are made from the fields, with *Keys* \
as the primary key.

The connection is of kind `sqlite` and holds the `path` of the database, for example `storage:warehouse.db`.";

#[derive(Default)]
pub(super) struct SqlPut {
    databases: Databases,
}

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
                required(
                    "Connection",
                    "Connection",
                    PropertyKind::Connection { kinds: vec!["sqlite"] },
                    "The database.",
                ),
                required("Table", "Table", PropertyKind::Text, "The table. `${name}` stands for a flow variable."),
                optional(
                    "Mode",
                    "Mode",
                    choice(&[("Insert", "Insert"), ("Upsert", "Insert or update")]),
                    "Insert",
                    "What happens to a record whose key exists already: Insert refuses it, Upsert updates it.",
                ),
                optional(
                    "Keys",
                    "Keys",
                    PropertyKind::Fields,
                    json!([]),
                    "The fields that identify a record. Upsert needs them.",
                ),
                optional(
                    "CreateTable",
                    "CreateTable",
                    PropertyKind::Boolean,
                    json!(false),
                    "Whether a missing database or table is made from the fields.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Connection} → {Table}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let upsert = properties.choice("Mode", &[("Insert", false), ("Upsert", true)]);
        let keys = properties.names("Keys");
        if upsert && keys.is_empty() {
            properties.problem("Keys", "is empty, but Upsert needs the fields that identify a record");
        }
        Arc::new(Prepared {
            connection: properties.text("Connection"),
            table: properties.template("Table"),
            upsert,
            keys,
            create: properties.boolean("CreateTable"),
            databases: self.databases.clone(),
        })
    }
}

struct Prepared {
    connection: String,
    table: Template,
    upsert: bool,
    keys: Vec<String>,
    create: bool,
    databases: Databases,
}

/// One stream to be written.
struct Put {
    stream: Stream,
    path: PathBuf,
    table: String,
    upsert: bool,
    keys: Vec<String>,
    create: bool,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let put = Put {
            stream: run.input().clone(),
            path: self.database(run)?,
            table: run.fill(&self.table)?,
            upsert: self.upsert,
            keys: self.keys.clone(),
            create: self.create,
        };
        let note = format!("{} into {}", records(put.stream.rows()), put.table);
        run.before_effect().await?;
        let databases = self.databases.clone();
        let open = blocking(move || {
            let open = databases.open(&put.path, put.create)?;
            put.write(&open.connection).map(|()| open)
        });
        // The transaction is still open: should the attempt be told to end here, it is rolled back.
        let open = open.await?;
        run.before_effect().await?;
        let databases = self.databases.clone();
        blocking(move || commit(&databases, open)).await?;
        Ok(Outcome::out(run.input().clone()).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.table, "Table", false);
        for key in &self.keys {
            design.field(key, "Keys");
        }
        design.passes_on(OUT);
    }
}

impl Prepared {
    fn database(&self, run: &RunContext<'_>) -> Result<PathBuf, ComponentError> {
        let connection = run.services.connection(&self.connection).map_err(|error| error.on("Connection"))?;
        if connection.kind != "sqlite" {
            let message = format!(
                "the connection “{}” is of kind {}, SQL Put needs one of kind sqlite",
                self.connection, connection.kind
            );
            return Err(ComponentError::new("sql/connection-kind", message).on("Connection").for_good());
        }
        let Some(path) = connection.text("path") else {
            let message = format!("the connection “{}” has no “path”: say where the database is", self.connection);
            return Err(ComponentError::new("sql/no-path", message).on("Connection").for_good());
        };
        match run.services.resolve(path).map_err(|error| error.on("Connection"))? {
            ResolvedPath::File(path) => Ok(path),
            ResolvedPath::ProjectFile { path, .. } => {
                let message =
                    format!("project:{path} is a file of the project, which is read only: use a storage: path");
                Err(ComponentError::new("sql/read-only", message).on("Connection").for_good())
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ComponentError::new("sql/failed", error.to_string()))?
}

fn commit(databases: &Databases, open: Open) -> Result<(), ComponentError> {
    open.connection.execute_batch("COMMIT").map_err(|error| problem(&error))?;
    databases.keep(open);
    Ok(())
}

impl Put {
    /// Writes every record in a transaction that it leaves open; on an error it closes it without effect.
    fn write(&self, connection: &Connection) -> Result<(), ComponentError> {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.about(problem(&error)))?;
        let written = self.write_records(connection);
        if written.is_err() {
            // The connection is dropped after an error, which rolls back too; this frees the lock at once.
            connection.execute_batch("ROLLBACK").ok();
        }
        written
    }

    fn write_records(&self, connection: &Connection) -> Result<(), ComponentError> {
        let schema = self.stream.schema();
        self.check_columns(connection, schema)?;
        if schema.fields().is_empty() {
            return Ok(());
        }
        let sql = self.statement(schema);
        let mut statement =
            connection.prepare_cached(&sql).map_err(|error| self.about(self.unfit_key(problem(&error))))?;
        let mut row_number = 0;
        for batch in self.stream.batches() {
            let columns: Vec<Values> = batch.columns().iter().map(Values::of).collect();
            for row in 0..batch.num_rows() {
                row_number += 1;
                let values = rusqlite::params_from_iter(columns.iter().map(|column| column.at(row)));
                statement.execute(values).map_err(|error| self.refused(problem(&error), row_number))?;
            }
        }
        Ok(())
    }

    /// The table is there, made if it may be, and has a column for every field.
    fn check_columns(&self, connection: &Connection, schema: &SchemaRef) -> Result<(), ComponentError> {
        if let Some(key) = self.keys.iter().find(|key| schema.field_with_name(key).is_err()) {
            let near = nearby_names(key, schema.fields().iter().map(|field| field.name().as_str()));
            let message = format!("the key “{key}” is no field of the stream{}", meant(&near));
            return Err(self.about(ComponentError::new("sql/no-field", message)).on("Keys"));
        }
        let mut columns = columns_of(connection, &self.table).map_err(|error| self.about(problem(&error)))?;
        if columns.is_empty() {
            if !self.create {
                let message = "there is no such table: create it, or set CreateTable";
                return Err(self.about(ComponentError::new("sql/no-table", message)).on("Table"));
            }
            connection.execute_batch(&self.creation(schema)).map_err(|error| self.about(problem(&error)))?;
            columns = columns_of(connection, &self.table).map_err(|error| self.about(problem(&error)))?;
        }
        let missing = schema
            .fields()
            .iter()
            .find(|field| !columns.iter().any(|column| column.eq_ignore_ascii_case(field.name())));
        if let Some(field) = missing {
            let near = nearby_names(field.name(), columns.iter().map(String::as_str));
            let message = format!(
                "there is no column for the field “{}”{}; its columns are {}",
                field.name(),
                meant(&near),
                columns.join(", ")
            );
            return Err(self.about(ComponentError::new("sql/no-column", message)).on("Table"));
        }
        Ok(())
    }

    fn creation(&self, schema: &SchemaRef) -> String {
        let column = |name: &String, kind| {
            format!("{} {kind}{}", quoted(name), if self.keys.contains(name) { " NOT NULL" } else { "" })
        };
        let mut parts: Vec<String> =
            schema.fields().iter().map(|field| column(field.name(), column_type(field.data_type()))).collect();
        if !self.keys.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", list(self.keys.iter())));
        }
        format!("CREATE TABLE {} ({})", quoted(&self.table), parts.join(", "))
    }

    fn statement(&self, schema: &SchemaRef) -> String {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        let places = vec!["?"; names.len()].join(", ");
        let insert = format!("INSERT INTO {} ({}) VALUES ({places})", quoted(&self.table), list(names.iter().copied()));
        if !self.upsert {
            return insert;
        }
        let others = names.iter().filter(|name| !self.keys.contains(name));
        let updates: Vec<String> = others.map(|name| format!("{0} = excluded.{0}", quoted(name))).collect();
        let action =
            if updates.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", updates.join(", ")) };
        format!("{insert} ON CONFLICT ({}) DO {action}", list(self.keys.iter()))
    }

    fn about(&self, error: ComponentError) -> ComponentError {
        error.about(&format!("table “{}”", self.table))
    }

    /// SQLite says only that no index fits; this says which one is needed.
    fn unfit_key(&self, error: ComponentError) -> ComponentError {
        if !error.message.contains("ON CONFLICT clause") {
            return error;
        }
        let message = format!("Upsert needs a primary key or a unique index over exactly ({})", self.keys.join(", "));
        ComponentError::new("sql/no-unique-index", message).on("Keys")
    }

    fn refused(&self, error: ComponentError, row: u64) -> ComponentError {
        error.about(&format!("table “{}”, record {row}", self.table)).at_row(row)
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn meant(near: &[String]) -> String {
    near.first().map(|name| format!(" (did you mean “{name}”?)")).unwrap_or_default()
}

/// The columns of a table; none if there is no such table.
fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
