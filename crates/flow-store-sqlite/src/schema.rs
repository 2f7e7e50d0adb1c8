//! The schema and its migrations. A migration is known by its number and never changes once released.

use crate::cluster;
use crate::error::DbResult;
use flow_store::schema::{SERVES, SERVES_FROM, admit};
use flow_store::{StoreError, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::Path;

/// Marks the file as a checkpoint database (`file` shows it): "Cair".
const APPLICATION_ID: i64 = 0x4361_6972;

/// Name and SQL of each migration; its number is its place, from 1.
const MIGRATIONS: &[(&str, &str)] = &[
    ("initial", include_str!("migrations/0001_initial.sql")),
    ("retry_backoff", include_str!("migrations/0002_retry_backoff.sql")),
    ("connection_secrets", include_str!("migrations/0003_connection_secrets.sql")),
    ("request_groups", include_str!("migrations/0004_request_groups.sql")),
    ("retention", include_str!("migrations/0005_retention.sql")),
    ("cluster", include_str!("migrations/0006_cluster.sql")),
    ("service", include_str!("migrations/0007_service.sql")),
    ("commits", include_str!("migrations/0008_commits.sql")),
    ("triggers", include_str!("migrations/0009_triggers.sql")),
    ("samples", include_str!("migrations/0010_samples.sql")),
    ("lighter_requests", include_str!("migrations/0011_lighter_requests.sql")),
    ("queue", include_str!("migrations/0012_queue.sql")),
    ("stalled", include_str!("migrations/0013_stalled.sql")),
    ("priority", include_str!("migrations/0014_priority.sql")),
    ("attempts", include_str!("migrations/0015_attempts.sql")),
    ("numbered_counts", include_str!("migrations/0016_numbered_counts.sql")),
    ("checked_batches", include_str!("migrations/0017_checked_batches.sql")),
];

/// The newest schema that this release knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Brings the schema up to date, and leaves a newer one that serves this release as it is. Refuses databases that do not
/// serve this release any more and files that are something else.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, now: Timestamp) -> DbResult<()> {
    if check(connection, path)? >= newest() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let present = check(&transaction, path)?;
    if present >= newest() {
        return Ok(()); // another process was faster
    }
    for (number, (name, sql)) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > present) {
        transaction.execute_batch(sql)?;
        transaction
            .execute("INSERT INTO migration (number, name, at) VALUES (?, ?, ?)", params![number, name, now.0])?;
        tracing::info!(number, name, "migrated the checkpoint database");
    }
    cluster::note(&transaction, SERVES, Some(&SERVES_FROM.to_string()))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(())
}

/// Refuses a database that is not of exactly this release's schema, and changes nothing.
pub(crate) fn check_current(connection: &Connection, path: &Path) -> DbResult<()> {
    let found = check(connection, path)?;
    if found == newest() {
        return Ok(());
    }
    let or = if found < newest() { ", or start a server of this release on it first" } else { "" };
    let message = format!(
        "{} has schema {found}, and this release has schema {}: use the release that its servers run{or}",
        path.display(),
        newest()
    );
    Err(StoreError::Conflict(message).into())
}

/// The number of the database's schema; 0 for an empty file.
fn check(connection: &Connection, path: &Path) -> DbResult<i64> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = pragma("user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        let message = format!(
            "{} is a database of another program; name a file that does not exist yet, or an existing checkpoint database",
            path.display()
        );
        return Err(StoreError::Conflict(message).into());
    }
    if found > newest() {
        admit(found, serves(connection)?, newest())?;
    }
    Ok(found)
}

/// The oldest schema whose programs the database serves, where it says so.
fn serves(connection: &Connection) -> DbResult<Option<i64>> {
    Ok(cluster::known(connection, SERVES)?.and_then(|number| number.parse().ok()))
}

#[cfg(test)]
mod tests;
