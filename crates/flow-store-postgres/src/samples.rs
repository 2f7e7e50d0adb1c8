//! What servers counted.

use crate::PostgresStore;
use crate::error::{DbError, DbResult};
use crate::servers::parse_id;
use crate::sql::{Values, count, execute, number, read, rows};
use crate::transaction::Transaction;
use async_trait::async_trait;
use flow_store::sample::{ALL_KEPT_MS, SAMPLES_KEPT_MS, THINNED_MS};
use flow_store::{Epoch, Figures, Owner, Sample, SampleStore, StoreError, TakeoverRecord, Timestamp};
use tokio_postgres::Row;

#[async_trait]
impl SampleStore for PostgresStore {
    async fn samples(&self, from: Timestamp, step_ms: u64) -> Result<Vec<Sample>, StoreError> {
        let db = self.database.reader().await?;
        let sql = format!(
            "SELECT s.server, p.epoch, p.at, {}
             FROM (SELECT DISTINCT ON (server, epoch, at / $2) * FROM sample WHERE at >= $1
                   ORDER BY server, epoch, at / $2, at DESC) p
                 JOIN server s ON s.id = p.server
             ORDER BY p.at, s.server, p.epoch",
            Figures::NAMES.map(|name| format!("p.{name}")).join(", ")
        );
        Ok(read(&rows(&db, &sql, &[&from.0, &number(step_ms.max(1))]).await?, sample)?)
    }

    async fn takeovers(&self, from: Timestamp, limit: usize) -> Result<Vec<TakeoverRecord>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT t.at, d.server, t.dead_epoch, s.server, t.survivor_epoch, t.requests
                   FROM takeover t JOIN server d ON d.id = t.dead JOIN server s ON s.id = t.survivor
                   WHERE t.at >= $1 ORDER BY t.at DESC, t.dead DESC LIMIT $2";
        let mut takeovers = read(&rows(&db, sql, &[&from.0, &number(limit as u64)]).await?, takeover)?;
        takeovers.reverse();
        Ok(takeovers)
    }

    async fn thin_samples(&self) -> Result<u64, StoreError> {
        // Nobody who waits for changes waits for this one: no notice is given of it.
        let db = self.database.writer().await?;
        let now = self.database.now();
        let (oldest, all_since) = (now.minus_ms(SAMPLES_KEPT_MS), now.minus_ms(ALL_KEPT_MS));
        let sql = "WITH forgotten AS (DELETE FROM takeover WHERE at < $1)
                   DELETE FROM sample
                   WHERE at < $1 OR (at < $2 AND EXISTS (
                       SELECT 1 FROM sample later
                       WHERE later.server = sample.server AND later.epoch = sample.epoch AND later.at > sample.at
                           AND later.at < least($2, (sample.at / $3 + 1) * $3)))";
        Ok(execute(&db, sql, &[&oldest.0, &all_since.0, &number(THINNED_MS)]).await?)
    }
}

/// The statement that keeps what a living epoch says of itself and has counted; it touches no row if the epoch is over.
/// Its values: version, memory, server, epoch, the number of `Terminated`, the time, and all figures.
pub(crate) fn note() -> String {
    let places: Vec<String> = (0..Figures::NAMES.len()).map(|place| format!(", ${}::bigint", place + 7)).collect();
    let replaced = Figures::NAMES.map(|name| format!("{name} = excluded.{name}")).join(", ");
    format!(
        "WITH living AS (UPDATE server SET version = $1, resident_bytes = $2
                         WHERE server = $3 AND epoch = $4 AND state <> $5 RETURNING id, epoch)
         INSERT INTO sample (server, epoch, at, {}) SELECT id, epoch, $6::bigint{} FROM living
         ON CONFLICT (server, epoch, at) DO UPDATE SET {replaced}",
        Figures::NAMES.join(", "),
        places.concat(),
    )
}

/// Remembers a takeover: the numbers of the lost server and of the survivor, and how many requests went over.
pub(crate) async fn note_takeover(
    transaction: &Transaction,
    (dead, dead_epoch): (i64, Epoch),
    (survivor, survivor_epoch): (i64, Epoch),
    requests: usize,
) -> DbResult<()> {
    let sql = "INSERT INTO takeover (at, dead, dead_epoch, survivor, survivor_epoch, requests)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let requests = number(requests as u64);
    let values: Values<'_> = &[&transaction.now.0, &dead, &dead_epoch.0, &survivor, &survivor_epoch.0, &requests];
    execute(transaction, sql, values).await?;
    Ok(())
}

fn owner(row: &Row, first: usize) -> Result<Owner, DbError> {
    Ok(Owner { server: parse_id(row.try_get(first)?)?, epoch: Epoch(row.try_get(first + 1)?) })
}

fn sample(row: &Row) -> DbResult<Sample> {
    let mut values = [0; Figures::NAMES.len()];
    for (value, column) in values.iter_mut().zip(3..) {
        *value = count(row, column)?;
    }
    Ok(Sample { owner: owner(row, 0)?, at: Timestamp(row.try_get(2)?), figures: Figures::of(values) })
}

fn takeover(row: &Row) -> DbResult<TakeoverRecord> {
    Ok(TakeoverRecord {
        at: Timestamp(row.try_get(0)?),
        dead: owner(row, 1)?,
        survivor: owner(row, 3)?,
        requests: count(row, 5)?,
    })
}
