//! What becomes of the requests of a server that starts anew, stops or is lost.

use super::{Servers, enter, lock, state_number};
use crate::error::DbResult;
use crate::open::Database;
use crate::requests::{Batch, hold_requests_of};
use crate::samples::note_takeover;
use crate::sql::{execute, rows};
use crate::transaction::Transaction;
use flow_store::transition::{self, Change};
use flow_store::{Epoch, NewServer, Owner, Request, RequestId, ServerState, StoreError, Takeover, check_may_take_over};

/// Enters a starting server, and recovers what its earlier epochs left behind.
pub(super) async fn register(transaction: &Transaction, database: &Database, server: &NewServer) -> DbResult<Owner> {
    lock(transaction, &server.id, true).await?;
    let (number, epoch) = enter(transaction, server, transaction.now).await?;
    let owner = Owner { server: server.id.clone(), epoch };
    let servers = Servers::load(transaction).await?;
    let restarted = servers.server_ref(&owner);
    let batch = Batch::new(transaction.now, servers);
    let before = Epoch(epoch.0 - 1);
    let now = transaction.now;
    change_all(transaction, database, batch, number, before, |request| transition::recover(request, &restarted, now))
        .await?;
    Ok(owner)
}

/// Ends the sessions of a dead epoch, before its requests are taken over: a process that is stopped in the middle of a
/// transaction would hold them. Does nothing unless the takeover is the first.
pub(super) async fn end_sessions(database: &Database, survivor: &Owner, dead: &Owner) -> Result<(), StoreError> {
    let db = database.reader().await?;
    let servers = Servers::load(&db).await?;
    check_may_take_over(servers.check_alive(survivor)?, survivor)?;
    if servers.check_alive(dead).is_err() || dead == survivor {
        return Ok(());
    }
    let Some(name) = crate::liveness::sessions_of(servers.lock_path(&dead.server)) else { return Ok(()) };
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()";
    if let Err(error) = rows(&db, sql, &[&name]).await {
        tracing::warn!(
            error = %StoreError::from(error), server = %dead.server,
            "the sessions of a lost server could not be ended; its requests are taken over once they have let go"
        );
    }
    Ok(())
}

/// The takeover.
pub(super) async fn take_over(
    transaction: &Transaction,
    database: &Database,
    survivor: &Owner,
    dead: &Owner,
) -> DbResult<Takeover> {
    if dead.server == survivor.server {
        lock(transaction, &survivor.server, true).await?;
    } else {
        let mut locks = [(&survivor.server, false), (&dead.server, true)];
        locks.sort_unstable_by_key(|(id, _)| crate::requests::server_lock(id));
        for (id, exclusively) in locks {
            lock(transaction, id, exclusively).await?;
        }
    }
    let servers = Servers::load(transaction).await?;
    check_may_take_over(servers.check_alive(survivor)?, survivor)?;
    if servers.check_alive(dead).is_err() || dead == survivor {
        return Ok(Takeover::default());
    }
    let number = servers.number(&dead.server)?;
    let survivor_number = servers.number(&survivor.server)?;
    set_terminated(transaction, number, Some(survivor_number)).await?;
    let (dead_ref, survivor_ref) = (servers.server_ref(dead), servers.server_ref(survivor));
    let batch = Batch::new(transaction.now, servers);
    let now = transaction.now;
    let changed = change_all(transaction, database, batch, number, dead.epoch, |request| {
        transition::take_over(request, &dead_ref, &survivor_ref, now)
    })
    .await?;
    let own = changed.into_iter().filter(|request| request.owner.as_ref() == Some(survivor));
    let requests: Vec<RequestId> = own.filter(|request| !request.state.is_ended()).map(|request| request.id).collect();
    note_takeover(transaction, (number, dead.epoch), (survivor_number, survivor.epoch), requests.len()).await?;
    Ok(Takeover { requests, first: true })
}

/// The graceful stop of a server.
pub(super) async fn terminate(transaction: &Transaction, database: &Database, owner: &Owner) -> DbResult<()> {
    lock(transaction, &owner.server, true).await?;
    let servers = Servers::load(transaction).await?;
    servers.check_alive(owner)?;
    let number = servers.number(&owner.server)?;
    set_terminated(transaction, number, None).await?;
    let leaving = servers.server_ref(owner);
    let batch = Batch::new(transaction.now, servers);
    let now = transaction.now;
    change_all(transaction, database, batch, number, owner.epoch, |request| transition::leave(request, &leaving, now))
        .await?;
    Ok(())
}

/// What waits at a server in maintenance becomes free for others; how many requests.
pub(super) async fn hand_over(transaction: &Transaction, database: &Database, owner: &Owner) -> DbResult<usize> {
    lock(transaction, &owner.server, true).await?;
    let servers = Servers::load(transaction).await?;
    servers.check_alive(owner)?;
    let (number, leaving) = (servers.number(&owner.server)?, servers.server_ref(owner));
    let batch = Batch::new(transaction.now, servers);
    let now = transaction.now;
    let freed = change_all(transaction, database, batch, number, owner.epoch, |request| {
        transition::hand_over(request, &leaving, now)
    })
    .await?;
    Ok(freed.len())
}

async fn set_terminated(transaction: &Transaction, number: i64, by: Option<i64>) -> DbResult<()> {
    let sql = "UPDATE server SET state = $1, terminated = $2, taken_over_by = $3 WHERE id = $4";
    let terminated = state_number(ServerState::Terminated);
    execute(transaction, sql, &[&terminated, &transaction.now.0, &by, &number]).await?;
    Ok(())
}

/// Applies `transition` to the open requests of a server's epochs up to `epoch`.
async fn change_all(
    transaction: &Transaction,
    database: &Database,
    mut batch: Batch<'_>,
    server: i64,
    epoch: Epoch,
    transition: impl Fn(Request) -> Option<Change>,
) -> DbResult<Vec<Request>> {
    hold_requests_of(transaction, &database.numbers, &mut batch, server, epoch).await?;
    let mut changed = Vec::new();
    for request in batch.held() {
        if let Some(change) = transition(request) {
            changed.push(batch.apply(change)?);
        }
    }
    batch.write_out(transaction, database).await?;
    Ok(changed)
}
