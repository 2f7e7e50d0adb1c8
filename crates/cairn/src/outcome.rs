//! How a command ends.

use serde::Serialize;
use std::fmt;

/// The command did what it was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// And the answer is good.
    Good,
    /// And the answer is bad: the flow failed, a check found errors, something was lost.
    Bad,
}

impl Outcome {
    /// Good if `good` holds.
    pub fn good_if(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

/// The command could not do what it was asked to do.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Stable code, for programs.
    pub code: String,
    /// What stood in the way, where, and the way out.
    pub message: String,
}

impl Failure {
    /// A failure with a stable code and a message for people.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// A file or folder stood in the way.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new("cairn/file", format!("cannot {doing} “{}”: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// Errors that carry a stable code become failures with that code.
macro_rules! failure_from {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error.to_string())
            }
        })+
    };
}
failure_from!(
    flow_store::StoreError,
    flow_store::StorageError,
    flow_engine::EngineError,
    flow_project::ProjectError,
    flow_vcs::VcsError,
    flow_server::ServeError,
    flow_server::credentials::CredentialError,
);

impl From<flow_api::ClientError> for Failure {
    fn from(error: flow_api::ClientError) -> Self {
        match &error {
            // Its own text has the code in it, which a failure tells by itself.
            flow_api::ClientError::Problem(problem) => Self::new(&problem.code, problem.detail.clone()),
            _ => Self::new(error.code(), error.to_string()),
        }
    }
}

impl From<designer::CommandError> for Failure {
    fn from(error: designer::CommandError) -> Self {
        Self::new(&error.code, error.message)
    }
}

impl From<flow_model::InputError> for Failure {
    fn from(error: flow_model::InputError) -> Self {
        Self::new(error.code, error.message)
    }
}
