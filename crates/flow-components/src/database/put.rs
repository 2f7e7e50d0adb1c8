//! How the records of a stream get into a table.

use super::{Dialect, Session, Table, TableName, creation};
use crate::ComponentError;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::nearby_names;

/// What happens to the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Insert,
    Update,
    Upsert,
    Delete,
}

/// What is to be written where.
pub(crate) struct Put {
    pub(crate) table: String,
    pub(crate) mode: Mode,
    /// The fields that identify a record.
    pub(crate) keys: Vec<String>,
    pub(crate) create: bool,
}

/// A put that fits its table.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) table: TableName,
    pub(crate) mode: Mode,
    /// Where each field goes that is written, by its place in the stream.
    pub(crate) targets: Vec<Target>,
    /// The table as its author names it.
    pub(crate) shown: String,
}

/// The column that a field goes to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The field's place in the stream.
    pub(crate) field: usize,
    pub(crate) column: String,
    pub(crate) is_key: bool,
    pub(crate) nullable: bool,
}

impl Put {
    /// Finds the table, makes it if it may, and finds the column of every field. Nothing is to be written to a stream
    /// without fields.
    pub(crate) async fn fit(
        &self,
        session: &mut dyn Session,
        schema: &SchemaRef,
    ) -> Result<Option<Write>, ComponentError> {
        let dialect = session.dialect();
        let name = TableName::parse(&self.table, dialect)?;
        self.check_keys(schema)?;
        let mut table = session.table(&name).await.map_err(|error| self.about(error))?;
        if table.is_none() && self.create && !schema.fields().is_empty() {
            let sql = creation(&name, schema, &self.keys, dialect);
            session.run(&sql).await.map_err(|error| self.about(error))?;
            table = session.table(&name).await.map_err(|error| self.about(error))?;
        }
        let Some(table) = table else {
            let message = "there is no such table: create it, or set CreateTable";
            return Err(self.about(ComponentError::new("sql/no-table", message)).on("Table"));
        };
        let targets = self.targets(&table, schema)?;
        if self.mode == Mode::Upsert {
            self.check_unique(&table, &targets)?;
        }
        if self.mode == Mode::Update && targets.iter().all(|target| target.is_key) && !targets.is_empty() {
            let message = "every field is a key, so there is nothing to update: add fields, or choose another Mode";
            return Err(self.about(ComponentError::new("sql/nothing-to-update", message)).on("Mode"));
        }
        if targets.is_empty() {
            return Ok(None);
        }
        Ok(Some(Write { table: name, mode: self.mode, targets, shown: self.table.clone() }))
    }

    /// Puts the table before an error's message.
    pub(crate) fn about(&self, error: ComponentError) -> ComponentError {
        error.about(&format!("table “{}”", self.table))
    }

    fn check_keys(&self, schema: &SchemaRef) -> Result<(), ComponentError> {
        let Some(key) = self.keys.iter().find(|key| schema.field_with_name(key).is_err()) else { return Ok(()) };
        let near = nearby_names(key, schema.fields().iter().map(|field| field.name().as_str()));
        let message = format!("the key “{key}” is no field of the stream{}", meant(&near));
        Err(self.about(ComponentError::new("sql/no-field", message)).on("Keys"))
    }

    fn targets(&self, table: &Table, schema: &SchemaRef) -> Result<Vec<Target>, ComponentError> {
        let mut targets = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            let is_key = self.keys.contains(field.name());
            if self.mode == Mode::Delete && !is_key {
                continue;
            }
            let Some(column) = table.column(field.name()) else { return Err(self.no_column(table, field.name())) };
            let column = column.clone();
            targets.push(Target { field: at, column: column.name, is_key, nullable: column.nullable });
        }
        Ok(targets)
    }

    fn no_column(&self, table: &Table, field: &str) -> ComponentError {
        let names = || table.columns.iter().map(|column| column.name.as_str());
        let message = format!(
            "there is no column for the field “{field}”{}; its columns are {}",
            meant(&nearby_names(field, names())),
            names().collect::<Vec<_>>().join(", ")
        );
        self.about(ComponentError::new("sql/no-column", message)).on("Table")
    }

    fn check_unique(&self, table: &Table, targets: &[Target]) -> Result<(), ComponentError> {
        let keys: Vec<&str> =
            targets.iter().filter(|target| target.is_key).map(|target| target.column.as_str()).collect();
        if table.is_unique(&keys) {
            return Ok(());
        }
        let message = format!("Upsert needs a primary key or a unique index over exactly ({})", self.keys.join(", "));
        Err(self.about(ComponentError::new("sql/no-unique-index", message)).on("Keys"))
    }
}

fn meant(near: &[String]) -> String {
    near.first().map(|name| format!(" (did you mean “{name}”?)")).unwrap_or_default()
}

impl Write {
    /// The names of the columns that are written, in the order of [`Self::targets`].
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        self.targets.iter().map(|target| target.column.as_str())
    }

    /// The columns that identify a record.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.targets.iter().filter(|target| target.is_key).map(|target| target.column.as_str())
    }

    /// The others.
    pub(crate) fn others(&self) -> impl Iterator<Item = &str> + Clone {
        self.targets.iter().filter(|target| !target.is_key).map(|target| target.column.as_str())
    }

    /// What an upsert adds to an INSERT: what happens to a row that is there.
    pub(crate) fn on_conflict(&self, dialect: Dialect) -> String {
        let set = |new: &dyn Fn(&str) -> String| {
            let updates = self.others().map(|column| format!("{} = {}", dialect.quoted(column), new(column)));
            updates.collect::<Vec<_>>().join(", ")
        };
        if dialect == Dialect::MySql {
            let updates = set(&|column| format!("VALUES({})", dialect.quoted(column)));
            // Setting a key to itself: what MySQL has for doing nothing that still reports other errors.
            let nothing =
                || self.keys().next().map(|key| format!("{0} = {0}", dialect.quoted(key))).unwrap_or_default();
            return format!(" ON DUPLICATE KEY UPDATE {}", if updates.is_empty() { nothing() } else { updates });
        }
        let updates = set(&|column| format!("excluded.{}", dialect.quoted(column)));
        let action = if updates.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {updates}") };
        format!(" ON CONFLICT ({}) DO {action}", dialect.list(self.keys()))
    }

    /// The statement for one record. Its places take the values in the order of the second part: places in
    /// [`Self::targets`].
    pub(crate) fn for_one(&self, dialect: Dialect) -> (String, Vec<usize>) {
        let table = self.table.quoted(dialect);
        let all = || (0..self.targets.len()).collect::<Vec<_>>();
        let which = |keys: bool| all().into_iter().filter(move |at| self.targets[*at].is_key == keys);
        match self.mode {
            Mode::Insert | Mode::Upsert => {
                let places: Vec<String> = (1..=self.targets.len()).map(|number| dialect.place(number)).collect();
                let conflict = if self.mode == Mode::Upsert { self.on_conflict(dialect) } else { String::new() };
                let columns = dialect.list(self.columns());
                (format!("INSERT INTO {table} ({columns}) VALUES ({}){conflict}", places.join(", ")), all())
            }
            Mode::Update => {
                let others = self.others().count();
                let set = equalities(dialect, self.others(), 0, ", ");
                let keys = equalities(dialect, self.keys(), others, " AND ");
                (format!("UPDATE {table} SET {set} WHERE {keys}"), which(false).chain(which(true)).collect())
            }
            Mode::Delete => {
                let keys = equalities(dialect, self.keys(), 0, " AND ");
                (format!("DELETE FROM {table} WHERE {keys}"), which(true).collect())
            }
        }
    }

    /// Says which record it was that the database refused, counted from 1.
    pub(crate) fn refused(&self, error: ComponentError, record: u64) -> ComponentError {
        error.about(&format!("table “{}”, record {record}", self.shown)).at_row(record)
    }

    /// The same where it is not known which record it was.
    pub(crate) fn failed(&self, error: ComponentError) -> ComponentError {
        error.about(&format!("table “{}”", self.shown))
    }
}

/// `a = ?1, b = ?2`, the places numbered from the one after `before`.
fn equalities<'a>(dialect: Dialect, columns: impl Iterator<Item = &'a str>, before: usize, between: &str) -> String {
    let each = columns
        .enumerate()
        .map(|(at, column)| format!("{} = {}", dialect.quoted(column), dialect.place(before + at + 1)));
    each.collect::<Vec<_>>().join(between)
}
