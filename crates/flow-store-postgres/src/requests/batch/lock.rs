//! How a batch begins: its locks are taken and its requests loaded, all on the way at once.
//!
//! Locks are always taken in this order, and those of a kind by number, so that transactions never wait for each other in a
//! circle: servers, idempotency keys or limits, requests.

use super::{Batch, Keyed};
use crate::error::DbResult;
use crate::numbers::Numbers;
use crate::requests::rows;
use crate::servers::{self, Servers};
use crate::sql::Values;
use crate::transaction::Transaction;
use deadpool_postgres::ClientWrapper;
use flow_store::{NewRequest, Owner, RequestId, ServerId};
use std::collections::BTreeSet;
use tokio_postgres::{Row, Statement};

/// The lock of a server: shared by those who make requests its own, exclusive for those who change what it is.
pub(crate) fn server_lock(id: &ServerId) -> i64 {
    lock_number("server", &[id.as_str()])
}

/// The lock of an idempotency key: whoever looks for it and may make its request has it for itself.
fn key_lock(project: &str, key: &str) -> i64 {
    lock_number("idempotency key", &[project, key])
}

fn lock_number(kind: &str, names: &[&str]) -> i64 {
    let mut hasher = blake3::Hasher::new_derive_key(&format!("cairn lock of a {kind}"));
    for name in names {
        hasher.update(name.as_bytes()).update(&[0]);
    }
    let mut number = [0; 8];
    hasher.finalize_xof().fill(&mut number);
    i64::from_le_bytes(number)
}

/// What a batch needs to begin.
#[derive(Default)]
pub(crate) struct Needs {
    pub(super) owners: BTreeSet<Owner>,
    pub(super) requests: BTreeSet<RequestId>,
    pub(super) keys: BTreeSet<(String, String)>,
}

impl Needs {
    /// It makes requests a server's own.
    pub(crate) fn owner(&mut self, owner: &Owner) {
        self.owners.insert(owner.clone());
    }

    /// It changes a request.
    pub(crate) fn request(&mut self, id: RequestId) {
        self.requests.insert(id);
    }

    /// It makes a request, if there is none with its idempotency key.
    pub(crate) fn new_request(&mut self, new: &NewRequest) {
        if let Some(key) = &new.idempotency_key {
            self.keys.insert((new.project.to_string(), key.clone()));
        }
    }
}

/// The statements that begin a batch, prepared.
struct Begin {
    shared: Statement,
    exclusive: Statement,
    servers: Statement,
    requests: Statement,
    keyed: Statement,
}

impl Begin {
    async fn prepare(db: &ClientWrapper) -> DbResult<Self> {
        let requests = format!("{} WHERE r.id = ANY ($1) ORDER BY r.id FOR NO KEY UPDATE OF r", rows::SELECT);
        let keyed = format!(
            "{} JOIN unnest($1::text[], $2::text[]) AS k (project, key)
                ON g.project = k.project AND g.idempotency_key = k.key",
            rows::SELECT
        );
        Ok(Self {
            shared: db.prepare_cached("SELECT pg_advisory_xact_lock_shared(n) FROM unnest($1::bigint[]) n").await?,
            exclusive: db.prepare_cached("SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) n").await?,
            servers: db.prepare_cached(servers::ALL).await?,
            requests: db.prepare_cached(&requests).await?,
            keyed: db.prepare_cached(&keyed).await?,
        })
    }
}

/// Begins the transaction of a batch.
pub(crate) async fn begin<'a>(transaction: &Transaction, numbers: &Numbers, needs: &Needs) -> DbResult<Batch<'a>> {
    let begin = Begin::prepare(transaction).await?;
    let mut owners: Vec<i64> = needs.owners.iter().map(|owner| server_lock(&owner.server)).collect();
    owners.sort_unstable();
    let requests: Vec<i64> = needs.requests.iter().map(|id| id.0).collect();
    let (projects, keys): (Vec<&str>, Vec<&str>) =
        needs.keys.iter().map(|(project, key)| (project.as_str(), key.as_str())).unzip();
    let mut key_locks: Vec<i64> = needs.keys.iter().map(|(project, key)| key_lock(project, key)).collect();
    key_locks.sort_unstable();
    let (owner_values, key_values, request_values, keyed_values): (Values<'_>, Values<'_>, Values<'_>, Values<'_>) =
        (&[&owners], &[&key_locks], &[&requests], &[&projects, &keys]);
    // Polled, and so sent, in this order.
    let (began, shared, exclusive, requests, servers, keyed) = futures::join!(
        transaction.batch_execute("BEGIN"),
        ask(transaction, &begin.shared, owner_values, owners.is_empty()),
        ask(transaction, &begin.exclusive, key_values, key_locks.is_empty()),
        ask(transaction, &begin.requests, request_values, requests.is_empty()),
        transaction.query(&begin.servers, &[]),
        ask(transaction, &begin.keyed, keyed_values, keys.is_empty()),
    );
    began?;
    shared?;
    exclusive?;
    let (requests, servers, keyed) = (requests?, servers?, keyed?);
    let mut batch = Batch::new(transaction.now, Servers::read(&servers)?);
    numbers.know_servers(transaction, &requests, rows::SERVER).await?;
    numbers.know_servers(transaction, &keyed, rows::SERVER).await?;
    batch.hold(&requests, numbers)?;
    for row in &keyed {
        let request = rows::request(row, numbers)?;
        let key = (request.project.to_string(), row.try_get(rows::KEY)?);
        batch.keys.insert(key, Keyed::Known(Box::new(request)));
    }
    Ok(batch)
}

/// The rows of a statement, unless there is nothing to ask.
async fn ask(
    db: &ClientWrapper,
    statement: &Statement,
    values: Values<'_>,
    nothing: bool,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    if nothing { Ok(Vec::new()) } else { db.query(statement, values).await }
}
