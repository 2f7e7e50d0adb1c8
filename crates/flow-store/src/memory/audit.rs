//! The audit trail in memory.

use super::{MemoryStore, State};
use crate::{AuditEntry, AuditFilter, AuditRecord, AuditStore, StoreError, Timestamp};
use async_trait::async_trait;

impl State {
    pub(super) fn audit(&mut self, entry: AuditEntry, now: Timestamp) {
        let number = self.audit.len() as u64 + 1;
        self.audit.push(AuditRecord { number, at: now, entry });
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.change(|state, now| {
            state.audit(entry, now);
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
