//! The audit trail.

use crate::SqliteStore;
use crate::error::DbResult;
use crate::requests::collect;
use async_trait::async_trait;
use flow_store::{AuditEntry, AuditFilter, AuditRecord, AuditStore, StoreError, Timestamp};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params, params_from_iter};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.writer
            .run(move |db| {
                let AuditEntry { account, action, subject, detail, address } = entry;
                let mut insert = db.connection.prepare_cached(
                    "INSERT INTO audit (at, account, action, subject, detail, address) VALUES (?, ?, ?, ?, ?, ?)",
                )?;
                insert.execute(params![db.now.0, account, action, subject, detail, address])?;
                Ok(())
            })
            .await
    }

    async fn audit_trail(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        let filter = filter.clone();
        self.readers.run(move |db| list(db, &filter)).await
    }
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
