//! SQL Get, SQL Put and SQL Execute on real PostgreSQL and MariaDB servers, which the tests start for themselves in temporary
//! folders. What every database must do is tested on all of them, SQLite too.

mod breaking;
mod encrypted;
mod every;
mod mysql;
mod postgres;
mod proxy;
mod servers;

use crate::testing::{Bench, outlet, rows};
use crate::{ComponentError, Outcome};
use flow_data::Stream;
use flow_model::{Component, Connection};
use serde_json::{Value, json};
use servers::Server;

/// The name of the connection in all tests.
const CONNECTION: &str = "warehouse";

/// A place to run components in, with a connection to a database of its own.
struct Place {
    bench: Bench,
    connection: Connection,
    /// Stopped at the end of the test. None for SQLite.
    _server: Option<Server>,
}

impl Place {
    fn sqlite() -> Self {
        let connection = Connection::new(CONNECTION, "sqlite").with("path", "storage:warehouse.db");
        let bench = Bench::new().with(connection.clone());
        std::fs::write(bench.storage("warehouse.db"), "").unwrap();
        Self { bench, connection, _server: None }
    }

    fn of(server: Server) -> Self {
        let connection = server.connection();
        Self { bench: Bench::new().with(connection.clone()), connection, _server: Some(server) }
    }

    fn postgres() -> Self {
        Self::of(Server::postgres())
    }

    fn mariadb() -> Self {
        Self::of(Server::mariadb())
    }

    /// Runs statements.
    async fn execute(&self, sql: &str) {
        let component = Component::new("SqlExecute", "Execute").with("Connection", CONNECTION).with("Statements", sql);
        self.bench.run(&component, nothing()).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The rows of a query.
    async fn query(&self, sql: &str) -> Value {
        let outcome = self.bench.run(&get(sql), nothing()).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows(outlet(&outcome, "out"))
    }

    /// The one value of a query.
    async fn value(&self, sql: &str) -> Value {
        self.query(sql).await[0].as_object().and_then(|row| row.values().next().cloned()).unwrap_or_default()
    }

    async fn put(&self, component: &Component, stream: &Stream) -> Result<Outcome, ComponentError> {
        self.bench.run(component, stream.clone()).await
    }
}

fn nothing() -> Stream {
    Stream::from_record(&[])
}

fn get(sql: &str) -> Component {
    Component::new("SqlGet", "Get").with("Connection", CONNECTION).with("Query", sql)
}

fn put(table: &str, mode: &str) -> Component {
    let component = Component::new("SqlPut", "Put").with("Connection", CONNECTION).with("Table", table);
    let component = component.with("Mode", mode);
    if mode == "Insert" { component } else { component.with("Keys", json!(["id"])) }
}

/// `count` records with an `id` from `first` on and an `n` that is ten times that, in several batches.
fn numbers(first: usize, count: usize) -> Stream {
    let mut csv = "id,n\n".to_owned();
    csv.extend((first..first + count).map(|id| format!("{id},{}\n", id * 10)));
    crate::testing::stream(&csv)
}
