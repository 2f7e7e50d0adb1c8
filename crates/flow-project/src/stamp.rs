//! What a file held when it was read: the means to notice that another program changed it.

use serde::{Deserialize, Serialize};

/// A fingerprint of a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp of a file with this content.
    pub fn of(content: &[u8]) -> Self {
        Self(blake3::hash(content).to_hex().to_string())
    }
}
