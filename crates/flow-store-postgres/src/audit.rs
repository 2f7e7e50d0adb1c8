//! The audit trail.

use crate::PostgresStore;
use crate::error::DbResult;
use crate::sql::{count, number, read, rows, text};
use async_trait::async_trait;
use flow_store::{AuditEntry, AuditFilter, AuditRecord, AuditStore, StoreError, Timestamp};
use tokio_postgres::Row;

#[async_trait]
impl AuditStore for PostgresStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let AuditEntry { account, action, subject, detail, address } = &entry;
        let sql = "INSERT INTO audit (at, account, action, subject, detail, address) VALUES ($1, $2, $3, $4, $5, $6)";
        let now = self.database.now().0;
        let values: crate::sql::Values<'_> =
            &[&now, &text(account), &text(action), &text(subject), &text(detail), &text(address)];
        self.database.execute(sql, values).await?;
        Ok(())
    }

    async fn audit_trail(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        let db = self.database.reader().await?;
        // As `AuditFilter::matches` does: only A to Z have another size in the text that is looked for.
        let sql = r#"SELECT id, at, account, action, subject, detail, address FROM audit
            WHERE ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR action = $2)
                  AND ($3::text IS NULL OR subject = $3) AND ($4::bigint IS NULL OR at >= $4)
                  AND ($5::bigint IS NULL OR at < $5) AND id < $6
                  AND ($7::text IS NULL OR strpos(lower(concat_ws(chr(1), account, action, subject, detail, address)
                                                        COLLATE "C"), lower($7 COLLATE "C")) > 0)
            ORDER BY id DESC LIMIT $8"#;
        let wanted = filter.text.as_deref().map(text);
        let (from, to) = (filter.from.map(|from| from.0), filter.to.map(|to| to.0));
        let (before, page) = (filter.before.map_or(i64::MAX, number), i64::try_from(filter.page()).unwrap_or(i64::MAX));
        let values: crate::sql::Values<'_> =
            &[&filter.account, &filter.action, &filter.subject, &from, &to, &before, &wanted, &page];
        Ok(read(&rows(&db, sql, values).await?, record)?)
    }
}

fn record(row: &Row) -> DbResult<AuditRecord> {
    Ok(AuditRecord {
        number: count(row, 0)?,
        at: Timestamp(row.try_get(1)?),
        entry: AuditEntry {
            account: row.try_get(2)?,
            action: row.try_get(3)?,
            subject: row.try_get(4)?,
            detail: row.try_get(5)?,
            address: row.try_get(6)?,
        },
    })
}
