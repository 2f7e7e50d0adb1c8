//! The checkpoint database for clusters of machines: PostgreSQL.
//!
//! * `connect`, `address`, `tls`: connections, for pools and for sessions of their own.
//! * `writer`: what attempts save, and new requests, go through two tasks, which commit whatever has queued up during the last
//!   commit.
//! * `requests::batch`: requests that are changed together are locked and loaded, unless they are known, changed in memory by
//!   the rules of `flow_store::transition`, and written by one statement.
//! * `changes`: NOTIFY tells the other servers; `clock`: the database's clock.
//! * `copy`: all of it as tables, to copy it into another database.
//! * `requests`, `retention`, `servers`, `cluster`, `settings`, `projects`, `accounts`, `audit`: the `Store` traits.

mod accounts;
mod address;
mod audit;
mod changes;
mod clock;
mod cluster;
mod connect;
mod copy;
mod error;
mod liveness;
mod locks;
mod numbers;
mod open;
mod projects;
mod requests;
mod retention;
mod samples;
mod schema;
mod secrets;
mod servers;
mod settings;
mod sql;
mod tls;
mod transaction;
mod triggers;
mod writer;
pub mod yardstick;

pub use address::PostgresAddress;
pub use copy::PostgresCopyEnd;
pub use open::{PostgresOptions, PostgresStore};

#[cfg(test)]
mod tests;
