//! The mark of a database that is being copied into, or that was moved away.

use super::Cells;
use crate::StoreError;
use serde::{Deserialize, Serialize};

/// Under which name the mark stands among what is known of the cluster.
pub const MARK: &str = "copy";

/// Why no server may use a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyMark {
    /// It holds a part of a copy.
    Incomplete {
        /// Of which database.
        from: String,
        /// Of which cluster.
        cluster: String,
        /// The table and the key of the last row that was written.
        last: Option<(String, Cells)>,
    },
    /// All of it was copied to another place, where the cluster goes on.
    Moved {
        /// Where that is.
        to: String,
    },
}

impl CopyMark {
    pub(super) fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Corrupt(format!("mark of a copy: {error}")))
    }

    /// Reads a mark.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("mark of a copy: {error}")))
    }

    /// What those are told who want to use the database.
    pub fn refusal(self) -> StoreError {
        match self {
            Self::Incomplete { from, .. } => StoreError::CopyIncomplete { from },
            Self::Moved { to } => StoreError::Moved { to },
        }
    }
}
