//! The secrets of connections. They go in and never come out: only their names can be asked for.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{NewSecrets, SecretEntry, SecretQuery};
use flow_store::ProjectName;
use std::sync::Arc;

/// The longest name of a connection or field, and the longest secret, in bytes.
const LONGEST_NAME: usize = 200;
const LONGEST_SECRET: usize = 64 * 1024;

/// The names of the secrets that are set for a connection.
#[utoipa::path(get, path = "/projects/{project}/connections/{name}/secrets", tag = "projects",
    params(("project" = String, Path, description = "The project"), ("name" = String, Path, description = "The connection")),
    responses((status = 200, body = Vec<SecretEntry>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND)))))]
pub async fn list(
    State(app): State<Arc<App>>,
    Segments((project, connection)): Segments<(String, String)>,
) -> Reply<Json<Vec<SecretEntry>>> {
    names(&app, &ProjectName::parse(&project)?, &connection).await
}

/// Sets secrets of a connection; those that are not named stay. Every server uses them from then on.
#[utoipa::path(put, path = "/projects/{project}/connections/{name}/secrets", tag = "projects", request_body = NewSecrets,
    params(("project" = String, Path, description = "The project"), ("name" = String, Path, description = "The connection")),
    responses((status = 200, body = Vec<SecretEntry>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND)))))]
pub async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, connection)): Segments<(String, String)>,
    Body(wish): Body<NewSecrets>,
) -> Reply<Json<Vec<SecretEntry>>> {
    let name = ProjectName::parse(&project)?;
    check_name("name", &connection)?;
    for (field, secret) in &wish.secrets {
        check_name("secrets", field)?;
        if secret.len() > LONGEST_SECRET {
            return Err(Refusal::invalid("secrets", format!("“{field}” has more than {LONGEST_SECRET} bytes")));
        }
    }
    for (field, secret) in &wish.secrets {
        app.secrets.put(&name, &connection, field, secret).await?;
        caller.did(&app, "secret-set", &format!("{project}/{connection}"), field).await?;
    }
    names(&app, &name, &connection).await
}

/// Forgets secrets of a connection: the one that is named, or all of them.
#[utoipa::path(delete, path = "/projects/{project}/connections/{name}/secrets", tag = "projects",
    params(("project" = String, Path, description = "The project"), ("name" = String, Path, description = "The connection"),
        SecretQuery),
    responses((status = 200, body = Vec<SecretEntry>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND)))))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments((project, connection)): Segments<(String, String)>,
    Params(query): Params<SecretQuery>,
) -> Reply<Json<Vec<SecretEntry>>> {
    let name = ProjectName::parse(&project)?;
    let known = app.store.connection_secrets(&name, &connection).await?.into_iter().map(|secret| secret.field);
    for field in known.filter(|field| query.field.as_ref().is_none_or(|wanted| wanted == field)) {
        if app.store.remove_secret(&name, &connection, &field).await? {
            caller.did(&app, "secret-removed", &format!("{project}/{connection}"), &field).await?;
        }
    }
    names(&app, &name, &connection).await
}

async fn names(app: &App, project: &ProjectName, connection: &str) -> Reply<Json<Vec<SecretEntry>>> {
    app.store.project(project).await?;
    let secrets = app.store.connection_secrets(project, connection).await?;
    let entry =
        |secret: flow_store::SealedSecret| SecretEntry { field: secret.field, updated: wire::time(secret.updated) };
    Ok(Json(secrets.into_iter().map(entry).collect()))
}

fn check_name(place: &str, name: &str) -> Reply<()> {
    let fits = !name.trim().is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Refusal::invalid(place, "a name has 1 to 200 characters and no control characters")) }
}
