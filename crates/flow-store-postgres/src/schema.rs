//! The schema and its migrations. A migration is known by its number, has the name and the meaning that it has in the
//! embedded database, and never changes once released.

use crate::cluster;
use crate::error::DbResult;
use crate::locks;
use crate::sql::{execute, row, row_if_any};
use deadpool_postgres::ClientWrapper;
use flow_store::schema::{SERVES, SERVES_FROM, admit};
use flow_store::{StoreError, Timestamp};

/// How the table of migrations is marked, so that no other program's is taken for it.
const MARK: &str = "Cairn checkpoint database";

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

/// Brings the schema up to date, in the transaction that `db` is in, and leaves a newer one that serves this release as it
/// is. Refuses databases that do not serve this release any more and those of other programs.
pub(crate) async fn migrate(db: &ClientWrapper, now: Timestamp) -> DbResult<()> {
    if check(db).await? >= newest() {
        return Ok(());
    }
    execute(db, "SELECT pg_advisory_xact_lock($1)", &[&locks::SCHEMA]).await?;
    let present = check(db).await?;
    if present >= newest() {
        return Ok(()); // another server was faster
    }
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > present) {
        db.batch_execute(sql).await?;
        execute(db, "INSERT INTO migration (number, name, at) VALUES ($1, $2, $3)", &[&number, name, &now.0]).await?;
        tracing::info!(number, name, "migrated the checkpoint database");
    }
    cluster::note(&**db, SERVES, Some(&SERVES_FROM.to_string())).await
}

/// The number of the database's schema; 0 where there is nothing yet.
pub(crate) async fn check(db: &ClientWrapper) -> DbResult<i64> {
    let mark = row_if_any(
        db,
        "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c
         WHERE c.relname = 'migration' AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace",
        &[],
    );
    let Some(table) = mark.await? else {
        return no_other_program(db).await;
    };
    if table.try_get::<_, Option<String>>(0)?.as_deref() != Some(MARK) {
        return Err(of_another_program().into());
    }
    let found: i64 = row(db, "SELECT coalesce(max(number), 0) FROM migration", &[]).await?.try_get(0)?;
    if found > newest() {
        admit(found, serves(db).await?, newest())?;
    }
    Ok(found)
}

/// The oldest schema whose programs the database serves, where it says so.
async fn serves(db: &ClientWrapper) -> DbResult<Option<i64>> {
    Ok(cluster::known(&**db, SERVES).await?.and_then(|number| number.parse().ok()))
}

/// Nothing of ours is there: nor may anything of others be.
async fn no_other_program(db: &ClientWrapper) -> DbResult<i64> {
    let schema = row(db, "SELECT current_schema()::text", &[]).await?;
    if schema.try_get::<_, Option<String>>(0)?.is_none() {
        let message = "the account has no schema to make tables in: create one, or set the search_path of the account";
        return Err(StoreError::unavailable(message).into());
    }
    let sql = "SELECT EXISTS (SELECT FROM pg_class
                              WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace)";
    if row(db, sql, &[]).await?.try_get(0)? {
        return Err(of_another_program().into());
    }
    Ok(0)
}

fn of_another_program() -> StoreError {
    StoreError::Conflict(
        "the database holds tables of another program: give Cairn a database of its own, or a schema of its own \
         (postgres://…/database?options=-csearch_path%3Dcairn)"
            .to_owned(),
    )
}
