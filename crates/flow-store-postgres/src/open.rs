//! Opening the database.

use crate::address::PostgresAddress;
use crate::changes::{Changes, Listener, set_clock};
use crate::clock::DatabaseClock;
use crate::connect::Connector;
use crate::error::{DbError, DbResult};
use crate::liveness::PostgresLiveness;
use crate::numbers::Numbers;
use crate::sql::row;
use crate::transaction::Transaction;
use crate::writer::Writer;
use crate::{cluster, schema};
use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use flow_store::copy::{CopyMark, MARK};
use flow_store::{Clock, Liveness, Store, StoreError, StoreStatistics, Timestamp};
use std::sync::Arc;
use tokio::sync::watch;

/// The oldest PostgreSQL that has all that is needed here.
const OLDEST: i32 = 130_000;

/// For how long the last batch of a process is remembered, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How often the schema is brought up to date, should others stand in the way.
const MIGRATIONS_TRIED: u32 = 20;

/// How a database is opened.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where the time comes from; the database's clock if absent. For tests.
    pub clock: Option<Arc<dyn Clock>>,
    /// Reads at the same time.
    pub readers: usize,
    /// Writes at the same time, beside the one writer that commits what attempts save.
    pub writers: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { clock: None, readers: 6, writers: 3 }
    }
}

/// The checkpoint database in PostgreSQL; see the crate.
pub struct PostgresStore {
    pub(crate) database: Database,
    pub(crate) writer: Writer,
    liveness: Arc<PostgresLiveness>,
    _listener: Listener,
}

/// The ways to the database, and what is remembered of it.
#[derive(Clone)]
pub(crate) struct Database {
    readers: Pool,
    writers: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) numbers: Arc<Numbers>,
}

impl PostgresStore {
    /// Opens the database at `address`, and brings its schema up to date, which is made where there is none.
    ///
    /// Fails with `store/unavailable` (it cannot be reached, or the account may not do what is needed),
    /// `store/newer-schema` or `store/conflict` (the database is something else).
    pub async fn open(address: &PostgresAddress) -> Result<Arc<Self>, StoreError> {
        Self::open_with(address, PostgresOptions::default()).await
    }

    /// As [`PostgresStore::open`], with options.
    pub async fn open_with(address: &PostgresAddress, options: PostgresOptions) -> Result<Arc<Self>, StoreError> {
        // By this name the sessions of this process are known, so that they can be ended when it is lost.
        let name = format!("cairn-{:016x}", rand::random::<u64>());
        let connector = Connector::new(address, &name)?;
        let own_clock = Arc::new(DatabaseClock::new());
        let changes = Changes::new();
        let database = Database {
            readers: connector.pool(options.readers)?,
            writers: connector.pool(options.writers)?,
            clock: options.clock.unwrap_or_else(|| Arc::clone(&own_clock) as Arc<dyn Clock>),
            changes: Arc::clone(&changes),
            numbers: Arc::default(),
        };
        {
            let client = first_connection(&database.readers, &connector).await?;
            check_server(&client).await?;
            check_statements(&database.readers).await?;
            set_clock(&client, &own_clock).await.map_err(DbError::from)?;
        }
        database.bring_up_to_date().await?;
        database.refuse_copied().await?;
        let writer = Writer::start(&database, [connector.committer_pool()?, connector.committer_pool()?], &name);
        let no_thread = |error: std::io::Error| StoreError::unavailable(format!("no thread can be started: {error}"));
        let liveness = Arc::new(PostgresLiveness::new(connector.clone(), name).map_err(no_thread)?);
        let listener = Listener::start(connector, changes, own_clock);
        Ok(Arc::new(Self { database, writer, liveness, _listener: listener }))
    }
}

impl Database {
    /// The time by the database's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection to read on. Each statement sees the last commit.
    pub(crate) async fn reader(&self) -> DbResult<Object> {
        Ok(self.readers.get().await?)
    }

    /// A connection to write on without telling anybody. Each statement is a transaction of its own.
    pub(crate) async fn writer(&self) -> DbResult<Object> {
        Ok(self.writers.get().await?)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> DbResult<Transaction> {
        Transaction::begin(&self.writers, self.now(), &self.changes).await
    }

    /// Runs one statement that changes something, as a transaction of its own; how many rows it touched.
    pub(crate) async fn execute(&self, sql: &str, values: crate::sql::Values<'_>) -> Result<u64, StoreError> {
        let client = self.writers.get().await.map_err(DbError::from)?;
        let touched = crate::sql::execute(&client, sql, values).await?;
        self.changes.made();
        Ok(touched)
    }

    /// Brings the schema up to date. A new column or index locks its table, and servers of the release before, which work on,
    /// lock theirs in other orders: should two stand in each other's way, it begins anew.
    async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            let migrating = self.begin().await?;
            let migrated = async {
                schema::migrate(&migrating, migrating.now).await?;
                // Of processes that have long ended.
                let before = migrating.now.0 - DAY_MS;
                crate::sql::execute(&migrating, "DELETE FROM committed WHERE at < $1", &[&before]).await?;
                Ok(())
            };
            let migrated: DbResult<()> = migrated.await;
            let again = tries < MIGRATIONS_TRIED && migrated.as_ref().is_err_and(DbError::is_passing);
            match migrating.end(migrated).await {
                Err(_) if again => tries += 1,
                ended => return ended,
            }
        }
    }

    /// Refuses a database that holds a part of a copy, or whose cluster has moved away.
    async fn refuse_copied(&self) -> Result<(), StoreError> {
        let mark = cluster::known(&**self.reader().await?, MARK).await?;
        mark.map_or(Ok(()), |mark| Err(CopyMark::read(&mark)?.refusal()))
    }
}

/// The first connection of a pool. That it cannot be made is told with the way out.
pub(crate) async fn first_connection(pool: &Pool, connector: &Connector) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => connector.cannot(&error),
        PoolError::PostCreateHook(deadpool_postgres::HookError::Backend(error)) => connector.cannot(&error),
        other => DbError::from(other).into(),
    })
}

/// Refuses what cannot be a checkpoint database.
pub(crate) async fn check_server(client: &ClientWrapper) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                          current_setting('server_encoding'), pg_is_in_recovery()";
    let about = row(client, sql, &[]).await?;
    let read = || -> Result<_, tokio_postgres::Error> {
        Ok((about.try_get::<_, i32>(0)?, about.try_get::<_, String>(1)?, about.try_get::<_, String>(2)?))
    };
    let (number, version, encoding) = read().map_err(DbError::from)?;
    if number < OLDEST {
        let message = format!("PostgreSQL {version} is too old for a checkpoint database: use version 13 or newer");
        return Err(StoreError::unavailable(message));
    }
    if encoding != "UTF8" {
        let message = format!("its encoding is {encoding}: create the database with ENCODING 'UTF8'");
        return Err(StoreError::unavailable(message));
    }
    if about.try_get::<_, bool>(3).map_err(DbError::from)? {
        return Err(StoreError::unavailable("it is a standby: connect to the primary"));
    }
    Ok(())
}

/// Refuses a pooler that shares sessions and knows nothing of prepared statements: the other statements would fail one
/// day, under load, and not today.
async fn check_statements(pool: &Pool) -> Result<(), StoreError> {
    let checked = async {
        let client = pool.get().await?;
        let statement = client.prepare("SELECT 1").await?;
        // A pooler gives it the session that was used last, and the statement is not known in the next one.
        let mut other = pool.get().await?;
        let held = other.transaction().await?;
        client.query_one(&statement, &[]).await?;
        held.rollback().await?;
        DbResult::Ok(())
    };
    Ok(checked.await?)
}

impl Store for PostgresStore {
    fn changes(&self) -> watch::Receiver<u64> {
        self.database.changes.subscribe()
    }

    fn statistics(&self) -> StoreStatistics {
        self.writer.statistics()
    }

    fn liveness(&self) -> Option<Arc<dyn Liveness>> {
        Some(Arc::clone(&self.liveness) as Arc<dyn Liveness>)
    }
}
