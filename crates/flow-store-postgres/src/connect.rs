//! Connections to the database.

use crate::address::PostgresAddress;
use crate::error::told;
use crate::tls::{self, Tls};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use flow_store::StoreError;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a connection: for one that is free, and until it is made.
const WAITING: Duration = Duration::from_secs(10);

/// What each session begins with. Whoever has waited for a lock sees what was committed meanwhile, whatever the database is set
/// to, a transaction that a stopped process has left open must not hold its locks for ever, a commit means that the disk has it,
/// and no statement here runs for so long that compiling it would pay. Indexes are gone through in their order: who does that
/// leaves a note of what is dead, so that nobody looks at it again, and who makes a bitmap of them does not. No table is read
/// as a whole, or from its beginning on to merge it with another, where an index has what is looked for: the planner cannot
/// know how few of many that is, and goes by what the tables held when they were last analyzed.
const BEGIN_SESSION: &str = "
    SET default_transaction_isolation = 'read committed';
    SET jit = off;
    SET enable_bitmapscan = off;
    SET enable_seqscan = off;
    SET enable_mergejoin = off;
    SET idle_in_transaction_session_timeout = '10s';
    SET lock_timeout = '30s';
    SET statement_timeout = '120s';
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// What a session that commits batches begins with besides. Its statements find all their rows by keys, however many they
/// are: so each is planned once, and never by what the tables happened to hold then.
const BY_KEYS: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_hashjoin = off";

/// Makes connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// The address, without password.
    shown: String,
}

/// A task that carries a connection and hears what the database says unasked; it ends with the connection.
pub(crate) type Carrier = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Connector {
    /// For the database at `address`. All connections have the name `name`, by which they are found in
    /// `pg_stat_activity`.
    pub(crate) fn new(address: &PostgresAddress, name: &str) -> Result<Self, StoreError> {
        let mut config = address.config.clone();
        config.application_name(name);
        let tls = match &address.tls {
            Tls::Off => None,
            Tls::Verify { authority } => Some(MakeRustlsConnect::new(tls::client(authority.as_deref())?)),
        };
        Ok(Self { config, tls, shown: address.to_string() })
    }

    /// A pool of at most `size` connections, which are made when they are needed.
    pub(crate) fn pool(&self, size: usize) -> Result<Pool, StoreError> {
        self.pool_that_begins_with(size, &[BEGIN_SESSION])
    }

    /// A pool of the one connection on which a committer writes its batches.
    pub(crate) fn committer_pool(&self) -> Result<Pool, StoreError> {
        self.pool_that_begins_with(1, &[BEGIN_SESSION, BY_KEYS])
    }

    fn pool_that_begins_with(&self, size: usize, sql: &'static [&'static str]) -> Result<Pool, StoreError> {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            None => Manager::from_config(self.config.clone(), NoTls, manager_config),
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), manager_config),
        };
        let begin = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(&sql.join(";")).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(WAITING))
            .create_timeout(Some(WAITING))
            .runtime(Runtime::Tokio1)
            .post_create(begin)
            .build()
            .map_err(|error| StoreError::unavailable(error.to_string()))
    }

    /// A connection of its own, which the caller has to carry. `hear` gets what the database says unasked.
    pub(crate) async fn connect(
        &self,
        hear: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<(Client, Carrier), StoreError> {
        match &self.tls {
            None => self.connect_with(NoTls, hear).await,
            Some(tls) => self.connect_with(tls.clone(), hear).await,
        }
    }

    async fn connect_with<T>(
        &self,
        tls: T,
        mut hear: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<(Client, Carrier), StoreError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, mut connection) = self.config.connect(tls).await.map_err(|error| self.cannot(&error))?;
        let carrier = Box::pin(async move {
            let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = futures::StreamExt::next(&mut messages).await {
                hear(message);
            }
        });
        Ok((client, carrier))
    }

    /// The error of a connection that could not be made.
    pub(crate) fn cannot(&self, error: &tokio_postgres::Error) -> StoreError {
        let reason = told(error);
        let way_out = match error.as_db_error().map(|said| said.code().code()) {
            Some("3D000") => ": create it, or name another one",
            Some("28P01" | "28000") => {
                ": check the account and its password, which is taken from the address, PGPASSWORD or the password file"
            }
            Some("53300") => ": raise max_connections of the database, or use fewer servers",
            Some(_) => "",
            None if reason.contains("ertificate") => {
                ": name the authority that signed its certificate with sslrootcert=FILE in the address"
            }
            None => ": check the address, and that the database runs and may be reached from here",
        };
        StoreError::unavailable(format!("{} cannot be reached: {reason}{way_out}", self.shown))
    }
}
