//! Projects of the cluster.

use crate::auth::Caller;
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::update;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{FlowEntry, NewProject, Problem, Project, Update, Updated, codes};
use flow_store::{ProjectName, StoreError};
use std::sync::Arc;

/// The projects, by name, each with the version that this server has.
#[utoipa::path(get, path = "/projects", tag = "projects", responses((status = 200, body = Vec<Project>)))]
pub async fn list(State(app): State<Arc<App>>) -> Reply<Json<Vec<Project>>> {
    let projects = app.store.projects().await?;
    let with_version = projects.into_iter().map(|project| {
        let here = app.projects.here(&project.name);
        wire::project(project, here.map(wire::version))
    });
    Ok(Json(with_version.collect()))
}

/// Registers a project. Servers have its flows after their first Update.
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = NewProject,
    responses((status = 201, body = Project), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(wish): Body<NewProject>,
) -> Reply<(StatusCode, Json<Project>)> {
    let name = ProjectName::parse(&wish.name).map_err(|error| Refusal::invalid("name", error.to_string()))?;
    let new = flow_store::NewProject {
        name,
        repository: update::check_repository(&wish.repository)?,
        branch: update::check_branch(&wish.branch)?,
        folder: update::check_folder(&wish.folder)?,
        account: caller.name().to_owned(),
    };
    let project = app.store.create_project(new).await.map_err(|error| match error {
        StoreError::Conflict(detail) => Refusal::new(codes::PROJECT_EXISTS, detail),
        other => other.into(),
    })?;
    let source = wire::without_password(&project.repository);
    caller.did(&app, "project-created", project.name.as_str(), &source).await?;
    Ok((StatusCode::CREATED, Json(wire::project(project, None))))
}

/// The flows of the version that this server has.
#[utoipa::path(get, path = "/projects/{project}/flows", tag = "projects",
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<FlowEntry>), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn flows(State(app): State<Arc<App>>, Segments(project): Segments<String>) -> Reply<Json<Vec<FlowEntry>>> {
    let name = ProjectName::parse(&project)?;
    let version = app.projects.for_new_requests(&name).await?;
    Ok(Json(app.projects.open(&name, &version).await?.entries()))
}

/// Update: brings this server's working copy to the commit that is asked for, or to the newest one of the branch,
/// by fast-forward. New requests on this server start with that version from then on.
#[utoipa::path(post, path = "/projects/{project}/update", tag = "projects", request_body = Update,
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Updated), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 502, body = Problem)))]
pub async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(project): Segments<String>,
    Body(wish): Body<Update>,
) -> Reply<Json<Updated>> {
    let name = ProjectName::parse(&project)?;
    // In a task of its own: a caller who hangs up does not break it off half-way.
    let work = tokio::spawn({
        let app = Arc::clone(&app);
        async move { update::update(&app, &name, wish.commit).await }
    });
    let updated = work.await.map_err(|error| Refusal::internal(&error))??;
    caller.did(&app, "project-updated", &project, &updated.to).await?;
    Ok(Json(updated))
}
