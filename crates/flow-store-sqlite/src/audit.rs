//! The audit trail.

use crate::SqliteStore;
use crate::error::DbResult;
use crate::requests::collect;
use crate::writer::Db;
use async_trait::async_trait;
use flow_store::{AuditEntry, AuditFilter, AuditRecord, AuditStore, MadeRequests, RequestId, StoreError, Timestamp};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.writer.run(move |db| add(db, &entry, None)).await
    }

    async fn audit_trail(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |db| list(db, &filter)).await
    }
}

fn add(db: &Db<'_>, entry: &AuditEntry, made: Option<MadeRequests>) -> DbResult<()> {
    let AuditEntry { account, action, subject, detail, address } = entry;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO audit (at, account, action, subject, detail, address, made_first, made_last, made)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let (first, last, count) =
        (made.map(|made| made.first.0), made.map(|made| made.last.0), made.map(|made| made.count));
    insert.execute(params![db.now.0, account, action, subject, detail, address, first, last, count])?;
    Ok(())
}

/// So many of the newest entries are looked at for one that can tell of more requests.
const NEWEST: i64 = 8;

/// Tells of requests that were made, by an entry from a moment ago if there is one.
pub(crate) fn made_requests(db: &Db<'_>, entry: AuditEntry, made: MadeRequests) -> DbResult<()> {
    let AuditEntry { account, action, subject, address, .. } = &entry;
    let mut known = db.connection.prepare_cached(
        "SELECT id, made_first, made_last, made
         FROM (SELECT id, at, account, action, subject, address, made_first, made_last, made
               FROM audit ORDER BY id DESC LIMIT ?)
         WHERE made IS NOT NULL AND at > ? AND at <= ? AND account = ? AND action = ? AND subject = ? AND address = ?
         LIMIT 1",
    )?;
    let since = db.now.0.saturating_sub(MadeRequests::TOGETHER_MS);
    let read = |row: &Row<'_>| {
        let made = MadeRequests { first: RequestId(row.get(1)?), last: RequestId(row.get(2)?), count: row.get(3)? };
        Ok((row.get::<_, i64>(0)?, made))
    };
    let known =
        known.query_row(params![NEWEST, since, db.now.0, account, action, subject, address], read).optional()?;
    let Some((id, before)) = known else {
        return add(db, &made.told_by(entry), Some(made));
    };
    let all = before.and(made);
    let mut update = db
        .connection
        .prepare_cached("UPDATE audit SET made_first = ?2, made_last = ?3, made = ?4, detail = ?5 WHERE id = ?1")?;
    update.execute(params![id, all.first.0, all.last.0, all.count, all.to_string()])?;
    Ok(())
}

fn list(connection: &Connection, filter: &AuditFilter) -> DbResult<Vec<AuditRecord>> {
    let (mut conditions, mut values) = (vec!["true"], Vec::<SqlValue>::new());
    let mut condition = |sql: &'static str, value: Option<SqlValue>| {
        if let Some(value) = value {
            conditions.push(sql);
            values.push(value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(SqlValue::from);
    condition("account = ?", text(&filter.account));
    condition("action = ?", text(&filter.action));
    condition("subject = ?", text(&filter.subject));
    condition("at >= ?", filter.from.map(|from| from.0.into()));
    condition("at < ?", filter.to.map(|to| to.0.into()));
    condition("id < ?", filter.before.and_then(|before| i64::try_from(before).ok()).map(SqlValue::from));
    // As `AuditFilter::matches` does: only A to Z have another size here.
    let anywhere = "instr(lower(account || char(0) || action || char(0) || subject || char(0) || detail || char(0)
                          || address), lower(?)) > 0";
    condition(anywhere, text(&filter.text));
    let sql = format!(
        "SELECT id, at, account, action, subject, detail, address FROM audit WHERE {} ORDER BY id DESC LIMIT {}",
        conditions.join(" AND "),
        i64::try_from(filter.page()).unwrap_or(i64::MAX)
    );
    collect(connection.prepare_cached(&sql)?.query(params_from_iter(&values))?, record)
}

fn record(row: &Row<'_>) -> DbResult<AuditRecord> {
    let text = |column: usize| row.get::<_, String>(column);
    Ok(AuditRecord {
        number: row.get(0)?,
        at: Timestamp(row.get(1)?),
        entry: AuditEntry {
            account: text(2)?,
            action: text(3)?,
            subject: text(4)?,
            detail: text(5)?,
            address: text(6)?,
        },
    })
}
