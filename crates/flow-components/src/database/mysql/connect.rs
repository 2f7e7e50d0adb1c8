//! Connecting, with or without TLS.

use super::MySqlSession;
use super::error::problem;
use crate::database::session::Session;
use crate::database::tls::{self, Identity, Tls};
use crate::{ComponentError, ResolvedPath};
use flow_model::Connection;
use mysql_async::{ClientIdentity, Error, OptsBuilder, Pool, PoolConstraints, PoolOpts, SslOpts};
use std::time::Duration;

/// How long connecting may take, and how long to wait until one of the connections is free.
const CONNECTING: Duration = Duration::from_secs(30);
/// How many connections a server has to one database at most.
const MOST: usize = 16;
/// What every session begins with: points in time are in UTC, values that do not fit are refused instead of changed, and
/// a backslash in a literal means what the statements of our own expect.
const SETUP: &str = "SET time_zone = '+00:00', \
    sql_mode = REPLACE(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), 'NO_BACKSLASH_ESCAPES', '')";

/// A MySQL or MariaDB database.
#[derive(Clone)]
pub(in crate::database) struct MySql {
    pool: Pool,
    address: String,
}

/// The database that a connection leads to; nothing is connected yet.
pub(in crate::database) fn database(
    connection: &Connection,
    ca: Option<ResolvedPath>,
) -> Result<MySql, ComponentError> {
    let host = connection.text("host").unwrap_or_default();
    let pool = PoolOpts::default()
        .with_constraints(PoolConstraints::new(0, MOST).unwrap_or_default())
        .with_inactive_connection_ttl(Duration::from_secs(60));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the connection was checked")]
    let port = connection.number("port").map_or(3306, |port| port as u16);
    let mut options = OptsBuilder::default()
        .tcp_port(port)
        .db_name(connection.text("database"))
        .user(connection.text("user"))
        .pass(connection.secret("password"))
        .prefer_socket(false)
        .tcp_keepalive(Some(Duration::from_secs(15)))
        .client_found_rows(true)
        .setup(vec![SETUP])
        .pool_opts(pool)
        .ssl_opts(ssl(Tls::of(connection, host), ca, Identity::of(connection)?)?);
    options = match host.starts_with('/') {
        true => options.socket(Some(host)).prefer_socket(true),
        false => options.ip_or_hostname(host),
    };
    Ok(MySql { pool: Pool::new(options), address: connection.address() })
}

fn ssl(wanted: Tls, ca: Option<ResolvedPath>, identity: Option<Identity>) -> Result<Option<SslOpts>, ComponentError> {
    // The driver takes the process's provider; that there is one already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = match wanted {
        Tls::Disable => return Ok(None),
        Tls::Require => {
            SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
        }
        Tls::Verify => {
            let trusted = ca.map(tls::pem).transpose()?;
            SslOpts::default().with_root_certs(trusted.into_iter().map(Into::into).collect())
        }
    };
    // The driver takes certificates out of the one text, and a key out of the other.
    let identity = identity.map(|Identity { pem, .. }| ClientIdentity::new(pem.clone().into(), pem.into()));
    Ok(Some(options.with_client_identity(identity)))
}

impl MySql {
    pub(in crate::database) async fn open(&self) -> Result<Box<dyn Session>, ComponentError> {
        match tokio::time::timeout(CONNECTING, self.pool.get_conn()).await {
            Ok(Ok(connection)) => Ok(Box::new(MySqlSession { connection })),
            Ok(Err(error @ Error::Server(_))) => Err(problem(&error)),
            Ok(Err(error)) => Err(tls::cannot_connect(&self.address, &error)),
            Err(_) => {
                let message = format!(
                    "{} did not answer within {} s, or all {MOST} connections to it are in use",
                    self.address,
                    CONNECTING.as_secs()
                );
                Err(ComponentError::new("sql/cannot-connect", message))
            }
        }
    }
}
