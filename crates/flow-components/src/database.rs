//! Databases that components read and write: SQLite, PostgreSQL, MySQL and MariaDB, all behind [`Session`].
//!
//! * [`Databases`] keeps connections open, by where they lead and as whom.
//! * A [`Session`] is one connection in use. What it began and did not commit never happened, whatever becomes of it.
//! * `sqlite`, `postgres` and `mysql` are the only places that know a driver.
//! * [`Put`] is how streams get into tables; `done` remembers which ones did, for what must happen exactly once.

mod cell;
mod decimal;
mod dialect;
mod done;
mod inspect;
mod mysql;
mod pool;
mod postgres;
mod put;
mod rows;
mod session;
mod sqlite;
mod statement;
mod table;
mod tls;

#[cfg(test)]
mod tests;

pub(crate) use cell::{Cell, Cells};
pub(crate) use dialect::Dialect;
pub(crate) use done::Once;
pub(crate) use inspect::{ask_version, one_statement};
pub use inspect::{inspect_query, inspect_tables};
pub use pool::Databases;
pub(crate) use pool::IfMissing;
pub(crate) use put::{Mode, Put, Target, Write};
pub(crate) use session::{Records, Session};
pub(crate) use statement::Statement;
pub use table::{Column, Table};
pub(crate) use table::{TableName, creation};
