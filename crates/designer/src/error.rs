//! The one error that a command answers with.

use flow_model::Place;
use serde::Serialize;
use std::fmt;
use ts_rs::TS;

/// Why a command could not do what it was asked. `code` is stable; the user interface goes by it, never by the text.
#[derive(Debug, Clone, PartialEq, Serialize, TS, thiserror::Error)]
pub struct CommandError {
    /// Stable code: `project/changed-outside`.
    pub code: String,
    /// What went wrong and the way out, for the author.
    pub message: String,
    /// Where in the flow, when it is about a place in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub place: Option<Box<Place>>,
}

impl CommandError {
    /// An error with a stable code and a text for the author.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), place: None }
    }

    /// The same, placed in the flow.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }

    /// A fault of the program itself.
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        Self::new("designer/internal", format!("this is a fault of the designer, please report it: {error}"))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<flow_project::ProjectError> for CommandError {
    fn from(error: flow_project::ProjectError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<flow_vcs::VcsError> for CommandError {
    fn from(error: flow_vcs::VcsError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<flow_api::ClientError> for CommandError {
    fn from(error: flow_api::ClientError) -> Self {
        match error {
            flow_api::ClientError::Problem(problem) => Self::new(&problem.code, problem.detail),
            other => Self::new(other.code(), other.to_string()),
        }
    }
}

impl From<flow_test::TestError> for CommandError {
    fn from(error: flow_test::TestError) -> Self {
        Self::new(&error.code, error.message)
    }
}

impl From<flow_engine::EngineError> for CommandError {
    fn from(error: flow_engine::EngineError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
