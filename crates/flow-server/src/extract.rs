//! Reads what a caller sends, and answers what cannot be read with problem details like everything else.

use crate::problem::Refusal;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use flow_api::codes;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// The largest body that is taken, in bytes.
pub const LARGEST_BODY: usize = 4 << 20;

/// A JSON body. An empty one counts as `{}`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let read = tokio::time::timeout(app.patience.body, Bytes::from_request(request, app)).await;
        let bytes = read.map_err(|_| too_slow(app.patience.body))?.map_err(unreadable)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Refusal::new(codes::INPUT_MALFORMED, format!("the body is not the JSON that this endpoint takes: {error}"))
        })
    }
}

fn too_slow(patience: Duration) -> Refusal {
    Refusal::new(codes::INPUT_TOO_SLOW, format!("the body did not come within {} s", patience.as_secs_f64()))
}

fn unreadable(rejection: BytesRejection) -> Refusal {
    let detail = rejection.body_text();
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::new(codes::INPUT_TOO_LARGE, format!("the body has more than {LARGEST_BODY} bytes"));
    }
    Refusal::new(codes::INPUT_MALFORMED, detail)
}

/// The query of the address.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(params)| Self(params))
            .map_err(|rejection| Refusal::new(codes::INPUT_MALFORMED, rejection.body_text()))
    }
}

/// The variable parts of the path.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(segments)| Self(segments))
            .map_err(|rejection| Refusal::new(codes::INPUT_MALFORMED, rejection.body_text()))
    }
}
