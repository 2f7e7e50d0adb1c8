//! The embedded checkpoint database: one SQLite file that several server processes of one machine share.
//!
//! * `writer`: all changes of a process go through one thread, which commits whatever has queued up during the last
//!   fsync (group commit without a timer).
//! * `write_lock`: processes take turns at writing, one batch each, by locks in the lock folder.
//! * `wal`: makes the file of the write-ahead log long: overwriting is cheaper than growing.
//! * `checkpointer`: brings the log's content to the database in time, beside those who write.
//! * `reader`: reads go to connections of their own and never wait for writes.
//! * `copy`: all of it as tables, to copy it into another database.
//! * `requests`, `retention`, `servers`, `cluster`, `settings`, `projects`, `accounts`, `audit`: the `Store` traits, by the rules of `flow_store::transition`.

mod accounts;
mod audit;
mod backup;
mod changes;
pub mod check;
mod checkpointer;
mod cluster;
mod compact;
mod copy;
mod error;
mod filesystem;
mod open;
mod projects;
mod reader;
mod requests;
mod retention;
mod samples;
mod schema;
mod secrets;
mod servers;
mod settings;
mod triggers;
mod wal;
mod write_lock;
mod writer;
pub mod yardstick;

pub use backup::{back_up, is_there};
pub use compact::{Compacted, compact};
pub use copy::SqliteCopyEnd;
pub use open::{Fatal, SqliteOptions, SqliteStore};

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
