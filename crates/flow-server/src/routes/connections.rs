//! The connections of projects.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::connections;
use crate::extract::Segments;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use flow_api::{ConnectionEntry, TestResult};
use flow_store::ProjectName;
use std::sync::Arc;

/// The connections of the version that this server has, and which of their secrets are missing.
#[utoipa::path(get, path = "/projects/{project}/connections", tag = "projects",
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<ConnectionEntry>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_NO_VERSION, STORE_NOT_FOUND)))))]
pub async fn list(
    State(app): State<Arc<App>>,
    Segments(project): Segments<String>,
) -> Reply<Json<Vec<ConnectionEntry>>> {
    let project = ProjectName::parse(&project)?;
    let version = app.projects.for_new_requests(&project).await?;
    connections::list(&app, &project, &version).await.map(Json)
}

/// Tries whether what a connection leads to answers to this server, with the secrets that are set.
#[utoipa::path(post, path = "/projects/{project}/connections/{name}/test", tag = "projects",
    params(("project" = String, Path, description = "The project"), ("name" = String, Path, description = "The connection")),
    responses((status = 200, body = TestResult)),
    extensions(("x-codes" = json!(refusals!(
        INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_NO_VERSION, STORE_NOT_FOUND, CONNECTION_NOT_FOUND)))))]
pub async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, connection)): Segments<(String, String)>,
) -> Reply<Json<TestResult>> {
    let name = ProjectName::parse(&project)?;
    let version = app.projects.for_new_requests(&name).await?;
    // In a task of its own: what it opens is closed in good order even if the caller hangs up.
    let work = tokio::spawn({
        let (app, connection) = (Arc::clone(&app), connection.clone());
        async move { connections::test(&app, &name, &version, &connection).await }
    });
    let result = work.await.map_err(|error| Refusal::internal(&error))??;
    let detail = if result.works { "works" } else { "does not work" };
    caller.did(&app, "connection-tested", &format!("{project}/{connection}"), detail).await?;
    Ok(Json(result))
}
