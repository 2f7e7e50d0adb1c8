//! Errors as the API answers them: problem details (RFC 9457) with a stable code.

pub mod passed_on;
pub mod passing;

use crate::credentials::CredentialError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flow_api::Problem;
use flow_api::codes::{self, Code};
use flow_model::{InputError, InvalidName};
use flow_store::{StorageError, StoreError};
use std::time::Duration;

/// Why a call is refused or failed. Becomes a [`Problem`].
#[derive(Debug)]
pub struct Refusal {
    problem: Box<Problem>,
    retry_after: Option<Duration>,
}

/// What an endpoint answers.
pub type Reply<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with one of the API's codes. `detail` says what is wrong this time, and the way out.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let Code { code, status, title } = code;
        let retry_after = passing::try_again_after(code);
        let kind = format!("urn:cairn:error:{code}");
        let (title, code, detail) = (title.to_owned(), code.to_owned(), detail.into());
        Self { problem: Box::new(Problem { kind, title, status, code, detail, place: None }), retry_after }
    }

    /// The same, for a wrong value in the input at `place`.
    pub fn invalid(place: &str, detail: impl Into<String>) -> Self {
        let mut refusal = Self::new(codes::INPUT_INVALID, detail);
        refusal.problem.place = Some(place.to_owned());
        refusal
    }

    /// An error of the server's own. The caller learns nothing of its inside; the log does.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(code = codes::SERVER_INTERNAL.code, %error, "a call failed");
        Self::new(codes::SERVER_INTERNAL, "the server met an error of its own; its log has the details")
    }

    /// An error of another crate, whose code passes through if it is among `known`.
    pub fn passed_on(known: &[Code], code: &str, error: &dyn std::fmt::Display) -> Self {
        match known.iter().find(|known| known.code == code) {
            Some(&known) => Self::new(known, error.to_string()),
            None => Self::internal(error),
        }
    }

    /// The same with another time to try again than what is usual for its code ([`passing`]).
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.problem.code
    }

    /// What is wrong, for a person.
    pub fn detail(&self) -> &str {
        &self.problem.detail
    }
}

/// Goes with the answer to a call that was refused: its code, for those who look at answers on their way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredCode(pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = AnsweredCode(self.problem.code.clone());
        let mut response = (status, Json(self.problem)).into_response();
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut set = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        if let Some(wait) = self.retry_after {
            set(header::RETRY_AFTER, wait.as_secs_f64().ceil().to_string());
        }
        if status == StatusCode::UNAUTHORIZED {
            set(header::WWW_AUTHENTICATE, "Bearer".to_owned());
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match &error {
            StoreError::NotFound { what: "request", .. } => Self::new(codes::REQUEST_NOT_FOUND, detail),
            StoreError::NotFound { what: "project", .. } => Self::new(codes::PROJECT_NOT_FOUND, detail),
            StoreError::NotFound { what: "account", .. } => Self::new(codes::ACCOUNT_NOT_FOUND, detail),
            StoreError::NotFound { what: "token", .. } => Self::new(codes::TOKEN_NOT_FOUND, detail),
            StoreError::NotFound { what: "server", .. } => Self::new(codes::SERVER_NOT_FOUND, detail),
            StoreError::NotFound { what: "trigger", .. } => Self::new(codes::TRIGGER_NOT_FOUND, detail),
            StoreError::NotFound { .. } => Self::new(passed_on::STORE_NOT_FOUND, detail),
            StoreError::WrongState(_) => Self::new(codes::REQUEST_STATE, detail),
            StoreError::Conflict(_) => Self::new(passed_on::STORE_CONFLICT, detail),
            StoreError::StaleOwner { .. } => Self::new(codes::SERVER_FENCED, detail),
            StoreError::StaleFence { .. } => Self::new(codes::REQUEST_STATE, detail),
            StoreError::Unavailable(_) | StoreError::Full(_) => {
                tracing::error!(code = error.code(), %error, "the checkpoint database refused");
                Self::passed_on(&[passed_on::STORE_UNAVAILABLE, passed_on::STORE_FULL], error.code(), &error)
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        tracing::error!(code = error.code(), %error, "the checkpoint storage refused");
        Self::passed_on(passed_on::STORAGE, error.code(), &error)
    }
}

impl From<InvalidName> for Refusal {
    fn from(error: InvalidName) -> Self {
        Self::new(codes::INPUT_INVALID, error.to_string())
    }
}

impl From<InputError> for Refusal {
    fn from(error: InputError) -> Self {
        let mut refusal = Self::passed_on(passed_on::INPUTS, error.code, &error);
        refusal.problem.place = Some(format!("inputs.{}", error.name));
        refusal
    }
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        match &error {
            CredentialError::Password { .. } => Self::new(codes::ACCOUNT_WEAK_PASSWORD, error.to_string()),
            CredentialError::Name(_) => Self::invalid("name", error.to_string()),
            CredentialError::Hash(_) => Self::internal(&error),
        }
    }
}
