//! Why a test cannot be carried out.

use std::path::Path;

/// Why a test cannot be carried out, which is not that it fails. `code` is stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestError {
    /// Stable code: `test/syntax`.
    pub code: String,
    /// What stood in the way, and the way out.
    pub message: String,
}

impl TestError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// A file or folder stood in the way.
    pub(crate) fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new("test/file", format!("cannot {doing} “{}”: {error}", path.display()))
    }
}

impl std::fmt::Display for TestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

impl std::error::Error for TestError {}

impl From<flow_store::StorageError> for TestError {
    fn from(error: flow_store::StorageError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<flow_engine::EngineError> for TestError {
    fn from(error: flow_engine::EngineError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
