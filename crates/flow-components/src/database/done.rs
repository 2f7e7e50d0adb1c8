//! What must happen exactly once: its key goes into a table of the target database, in the same transaction.

use super::{Cell, Dialect, Session, Statement, TableName};
use crate::ComponentError;

/// The table of the keys.
const TABLE: &str = "cairn_done";

/// The key of an effect that is to happen once. It is the same in every attempt.
pub(crate) struct Once {
    key: String,
}

impl Once {
    /// Longer keys than this cannot be indexed everywhere.
    const LONGEST: usize = 700;

    pub(crate) fn new(key: &str) -> Result<Self, ComponentError> {
        if key.is_empty() || key.len() > Self::LONGEST {
            let message = format!("the request's key “{key}” is empty or too long for the table {TABLE}");
            return Err(ComponentError::new("sql/no-key", message).for_good());
        }
        Ok(Self { key: key.to_owned() })
    }

    /// Makes the table of the keys if it is missing. To be called before the transaction begins: some databases end a
    /// transaction when a table is made.
    pub(crate) async fn prepare(session: &mut dyn Session) -> Result<(), ComponentError> {
        let name = TableName { schema: None, table: TABLE.to_owned() };
        if session.table(&name).await?.is_some() {
            return Ok(());
        }
        let made = session.run(creation(session.dialect())).await;
        match made {
            Ok(_) => Ok(()),
            // Somebody else may have been faster.
            Err(error) => match session.table(&name).await? {
                Some(_) => Ok(()),
                None => Err(error.about(&format!(
                    "ExactlyOnce needs the table {TABLE} with the column \"key\" as its primary key, and it cannot be made"
                ))),
            },
        }
    }

    /// Takes the key, within the transaction. False when the effect has happened before. While another transaction has
    /// taken it and not ended, this waits.
    pub(crate) async fn take(&self, session: &mut dyn Session) -> Result<bool, ComponentError> {
        let dialect = session.dialect();
        let insert = match dialect {
            Dialect::MySql => format!("INSERT IGNORE INTO {TABLE} (`key`) VALUES ($key)"),
            _ => format!("INSERT INTO {TABLE} (\"key\") VALUES ($key) ON CONFLICT DO NOTHING"),
        };
        let key = [Cell::Text(self.key.clone().into())];
        let mut taken = 0;
        for statement in Statement::all(&insert, dialect) {
            taken += session.execute(&statement, &key).await?;
        }
        Ok(taken > 0)
    }
}

fn creation(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE TABLE IF NOT EXISTS cairn_done (key TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        }
        Dialect::Postgres => {
            "CREATE TABLE IF NOT EXISTS cairn_done (key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
        }
        Dialect::MySql => {
            "CREATE TABLE IF NOT EXISTS cairn_done (`key` VARCHAR(700) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, \
             `at` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        }
    }
}
