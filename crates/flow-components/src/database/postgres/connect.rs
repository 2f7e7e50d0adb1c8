//! Connecting, with or without TLS.

use super::PostgresSession;
use super::error::problem;
use crate::database::session::Session;
use crate::database::tls::{self, Identity, Tls};
use crate::{ComponentError, ResolvedPath};
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use flow_model::Connection;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long to wait until one of the connections is free.
const WAITING: Duration = Duration::from_secs(60);
/// How many connections a server has to one database at most.
const MOST: usize = 16;

/// A PostgreSQL database.
#[derive(Clone)]
pub(in crate::database) struct Postgres {
    pool: Pool,
    address: String,
}

/// The database that a connection leads to; nothing is connected yet.
pub(in crate::database) fn database(
    connection: &Connection,
    ca: Option<ResolvedPath>,
) -> Result<Postgres, ComponentError> {
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Verified };
    let host = connection.text("host").unwrap_or_default();
    let mut config = config(connection, host);
    let manager = match Tls::of(connection, host) {
        Tls::Disable => Manager::from_config(config, NoTls, manager_config),
        wanted => {
            config.ssl_mode(SslMode::Require);
            let client = tls::client(wanted, ca, Identity::of(connection)?)?;
            Manager::from_config(config, MakeRustlsConnect::new(client), manager_config)
        }
    };
    let pool = Pool::builder(manager)
        .max_size(MOST)
        .wait_timeout(Some(WAITING))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| ComponentError::new("sql/failed", error.to_string()))?;
    Ok(Postgres { pool, address: connection.address() })
}

fn config(connection: &Connection, host: &str) -> Config {
    let mut config = Config::new();
    config.host(host).connect_timeout(CONNECTING).application_name("cairn");
    // A lost network is noticed within half a minute, not after two hours.
    config
        .keepalives_idle(Duration::from_secs(15))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_secs(30));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the connection was checked")]
    config.port(connection.number("port").map_or(5432, |port| port as u16));
    config.dbname(connection.text("database").unwrap_or_default());
    config.user(connection.text("user").unwrap_or_default());
    if let Some(password) = connection.secret("password") {
        config.password(password);
    }
    config
}

impl Postgres {
    pub(in crate::database) async fn open(&self) -> Result<Box<dyn Session>, ComponentError> {
        match self.pool.get().await {
            Ok(client) => Ok(Box::new(PostgresSession::new(client))),
            Err(PoolError::Backend(error)) => Err(self.cannot_connect(&error)),
            Err(PoolError::Timeout(_)) => {
                let message = format!("all {MOST} connections to {} have been in use for a minute", self.address);
                Err(ComponentError::new("sql/busy", message))
            }
            Err(error) => Err(ComponentError::new("sql/cannot-connect", error.to_string())),
        }
    }

    fn cannot_connect(&self, error: &tokio_postgres::Error) -> ComponentError {
        // What the server says has a code of its own; the rest is about the way to it.
        if error.as_db_error().is_some() {
            return problem(error);
        }
        tls::cannot_connect(&self.address, error)
    }
}
