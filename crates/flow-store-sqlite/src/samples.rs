//! What servers counted.

use crate::SqliteStore;
use crate::error::{DbResult, corrupt};
use crate::requests::collect;
use crate::writer::Db;
use async_trait::async_trait;
use flow_store::sample::{ALL_KEPT_MS, SAMPLES_KEPT_MS, THINNED_MS};
use flow_store::{Epoch, Figures, Owner, Sample, SampleStore, ServerId, StoreError, TakeoverRecord, Timestamp};
use rusqlite::{Row, params, params_from_iter};

#[async_trait]
impl SampleStore for SqliteStore {
    async fn samples(&self, from: Timestamp, step_ms: u64) -> Result<Vec<Sample>, StoreError> {
        self.readers
            .run(move |db| {
                // With `max`, SQLite takes the other columns from the row that has it.
                let sql = format!(
                    "SELECT s.server, p.epoch, max(p.at), {} FROM sample p JOIN server s ON s.id = p.server
                     WHERE p.at >= ? GROUP BY p.server, p.epoch, p.at / ? ORDER BY 3, 1, 2",
                    Figures::NAMES.map(|name| format!("p.{name}")).join(", ")
                );
                let mut statement = db.prepare_cached(&sql)?;
                collect(statement.query(params![from.0, step_ms.max(1)])?, sample)
            })
            .await
    }

    async fn takeovers(&self, from: Timestamp, limit: usize) -> Result<Vec<TakeoverRecord>, StoreError> {
        self.readers
            .run(move |db| {
                let mut statement = db.prepare_cached(
                    "SELECT t.at, d.server, t.dead_epoch, s.server, t.survivor_epoch, t.requests
                     FROM takeover t JOIN server d ON d.id = t.dead JOIN server s ON s.id = t.survivor
                     WHERE t.at >= ? ORDER BY t.at DESC, t.dead DESC LIMIT ?",
                )?;
                let mut takeovers = collect(statement.query(params![from.0, limit])?, takeover)?;
                takeovers.reverse();
                Ok(takeovers)
            })
            .await
    }

    async fn thin_samples(&self) -> Result<u64, StoreError> {
        self.writer
            .run(|db| {
                let (oldest, all_since) = (db.now.minus_ms(SAMPLES_KEPT_MS), db.now.minus_ms(ALL_KEPT_MS));
                let run = |sql: &str, values: &[i64]| -> DbResult<usize> {
                    Ok(db.connection.prepare_cached(sql)?.execute(params_from_iter(values))?)
                };
                run("DELETE FROM takeover WHERE at < ?", &[oldest.0])?;
                let removed = run("DELETE FROM sample WHERE at < ?", &[oldest.0])?;
                let thinned = run(
                    "DELETE FROM sample WHERE at < ?1 AND EXISTS (
                         SELECT 1 FROM sample later
                         WHERE later.server = sample.server AND later.epoch = sample.epoch AND later.at > sample.at
                             AND later.at < min(?1, (sample.at / ?2 + 1) * ?2))",
                    &[all_since.0, THINNED_MS as i64],
                )?;
                Ok((removed + thinned) as u64)
            })
            .await
    }
}

/// Keeps what the epoch of a server has counted by now.
pub(crate) fn note(db: &Db<'_>, owner: &Owner, figures: &Figures) -> DbResult<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO sample (server, epoch, at, {}) VALUES (?, ?, ?{})",
        Figures::NAMES.join(", "),
        ", ?".repeat(Figures::NAMES.len())
    );
    let figures = figures.values().map(|figure| i64::try_from(figure).unwrap_or(i64::MAX));
    let values = [db.server_number(&owner.server)?, owner.epoch.0, db.now.0].into_iter().chain(figures);
    db.connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// Remembers that `survivor` took so many requests of `dead` over.
pub(crate) fn note_takeover(db: &Db<'_>, dead: &Owner, survivor: &Owner, requests: usize) -> DbResult<()> {
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO takeover (at, dead, dead_epoch, survivor, survivor_epoch, requests) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    let (dead_number, number) = (db.server_number(&dead.server)?, db.server_number(&survivor.server)?);
    insert.execute(params![db.now.0, dead_number, dead.epoch.0, number, survivor.epoch.0, requests])?;
    Ok(())
}

fn owner(row: &Row<'_>, first: usize) -> DbResult<Owner> {
    let server = ServerId::parse(&row.get::<_, String>(first)?).map_err(|error| corrupt("server id", error))?;
    Ok(Owner { server, epoch: Epoch(row.get(first + 1)?) })
}

fn sample(row: &Row<'_>) -> DbResult<Sample> {
    let mut values = [0; Figures::NAMES.len()];
    for (value, column) in values.iter_mut().zip(3..) {
        *value = row.get(column)?;
    }
    Ok(Sample { owner: owner(row, 0)?, at: Timestamp(row.get(2)?), figures: Figures::of(values) })
}

fn takeover(row: &Row<'_>) -> DbResult<TakeoverRecord> {
    Ok(TakeoverRecord {
        at: Timestamp(row.get(0)?),
        dead: owner(row, 1)?,
        survivor: owner(row, 3)?,
        requests: row.get(5)?,
    })
}
