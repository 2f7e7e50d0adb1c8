//! The audit trail: who did what.

use crate::{Created, RequestId, StoreError, Timestamp};
use async_trait::async_trait;
use serde::Serialize;
use std::fmt;

/// Something that is worth an entry in the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// The account that acted, or tried to.
    pub account: String,
    /// What it did, such as `login`, `login-refused`, `project-created`.
    pub action: String,
    /// What it did it to.
    pub subject: String,
    /// More, for a person. No secrets.
    pub detail: String,
    /// Where it came from: the peer's address.
    pub address: String,
}

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Its number; later entries have higher ones.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// Which entries of the audit trail to read: all conditions that are set must hold. Newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of this account.
    pub account: Option<String>,
    /// This action.
    pub action: Option<String>,
    /// Done to this.
    pub subject: Option<String>,
    /// The account, action, subject, detail or address contains this text, however capitals are written (A to Z).
    pub text: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Before the entry with this number: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many; 0 means 100.
    pub limit: usize,
}

impl AuditFilter {
    /// Whether `record` is among those asked for (page limits aside).
    pub fn matches(&self, record: &AuditRecord) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let entry = &record.entry;
        is(&self.account, &entry.account)
            && is(&self.action, &entry.action)
            && is(&self.subject, &entry.subject)
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
            && self.before.is_none_or(|before| record.number < before)
            && self.matches_text(entry)
    }

    fn matches_text(&self, entry: &AuditEntry) -> bool {
        let Some(text) = &self.text else { return true };
        let wanted = text.to_ascii_lowercase();
        let AuditEntry { account, action, subject, detail, address } = entry;
        [account, action, subject, detail, address].iter().any(|text| text.to_ascii_lowercase().contains(&wanted))
    }

    /// The page size.
    pub fn page(&self) -> usize {
        if self.limit == 0 { 100 } else { self.limit }
    }
}

/// Requests that were made, as an entry of the audit trail tells of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeRequests {
    /// The first of them.
    pub first: RequestId,
    /// The last of them. Others may have made some in between.
    pub last: RequestId,
    /// How many they are.
    pub count: u64,
}

impl MadeRequests {
    /// What is made within so many milliseconds may be told of by one entry, for there may be thousands a second.
    pub const TOGETHER_MS: i64 = 1000;

    /// Those that are new; none if none are.
    pub fn of(created: &[Created]) -> Option<Self> {
        let new = || created.iter().filter(|created| created.new).map(|created| created.request.id);
        Some(Self { first: new().min()?, last: new().max()?, count: new().count() as u64 })
    }

    /// These and later ones.
    pub fn and(self, later: Self) -> Self {
        let (first, last) = (self.first.min(later.first), self.last.max(later.last));
        Self { first, last, count: self.count.saturating_add(later.count) }
    }

    /// `entry` with them as its detail.
    pub fn told_by(self, entry: AuditEntry) -> AuditEntry {
        AuditEntry { detail: self.to_string(), ..entry }
    }
}

impl fmt::Display for MadeRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "{}", self.first),
            count => write!(f, "{count} requests from {} to {}", self.first, self.last),
        }
    }
}

/// The audit trail of the cluster. Entries are only ever added, save that one which tells
/// of requests that were made may come to tell of more.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds to the audit trail.
    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// The audit trail by a filter, newest first.
    async fn audit_trail(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError>;
}
