//! The audit trail in memory.

use super::MemoryStore;
use crate::{AuditEntry, AuditFilter, AuditRecord, AuditStore, StoreError};
use async_trait::async_trait;

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.change(|state, now| {
            let number = state.audit.len() as u64 + 1;
            state.audit.push(AuditRecord { number, at: now, entry });
            Ok(())
        })
    }

    async fn audit_trail(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(|state| {
            let wanted = state.audit.iter().rev().filter(|record| filter.matches(record));
            Ok(wanted.take(filter.page()).cloned().collect())
        })
    }
}
