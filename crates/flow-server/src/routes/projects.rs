//! Projects of the cluster.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Params, Segments};
use crate::git_access;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::update;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{
    FlowEntry, HistoryQuery, NewProject, Page, Project, ProjectChange, ProjectCommit, ProjectOnServer, TestResult,
    Update, Updated, codes,
};
use flow_store::{ProjectName, StoreError};
use std::sync::Arc;

/// The projects, by name, each with the version that this server has.
#[utoipa::path(get, path = "/projects", tag = "projects", responses((status = 200, body = Vec<Project>)),
    extensions(("x-codes" = json!(refusals!()))))]
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
    responses((status = 201, body = Project)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_EXISTS)))))]
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

/// Changes where a project comes from. Servers go by it from their next Update.
#[utoipa::path(put, path = "/projects/{project}", tag = "projects", request_body = ProjectChange,
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Project)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, ACCOUNT_NOT_FOUND)))))]
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(project): Segments<String>,
    Body(change): Body<ProjectChange>,
) -> Reply<Json<Project>> {
    let name = ProjectName::parse(&project)?;
    let known = app.store.project(&name).await?;
    if let Some(account) = &change.account
        && app.store.credentials(account).await?.is_none()
    {
        return Err(Refusal::new(codes::ACCOUNT_NOT_FOUND, format!("there is no account “{account}”")));
    }
    let (repository, branch, folder) =
        (change.repository.as_deref(), change.branch.as_deref(), change.folder.as_deref());
    let new = flow_store::NewProject {
        name: name.clone(),
        repository: repository.map(update::check_repository).transpose()?.unwrap_or(known.repository),
        branch: branch.map(update::check_branch).transpose()?.unwrap_or(known.branch),
        folder: folder.map(update::check_folder).transpose()?.unwrap_or(known.folder),
        account: change.account.unwrap_or(known.account),
    };
    let project = app.store.change_project(new).await?;
    let detail = format!(
        "{} {} {} {}",
        wire::without_password(&project.repository),
        project.branch,
        project.folder,
        project.account
    );
    caller.did(&app, "project-changed", name.as_str(), &detail).await?;
    let here = app.projects.here(&name).map(wire::version);
    Ok(Json(wire::project(project, here)))
}

/// Tries whether this server reaches the project's repository with the credentials of its account.
#[utoipa::path(post, path = "/projects/{project}/test-access", tag = "projects",
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = TestResult)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, GIT_CREDENTIAL_NOT_FOUND)))))]
pub async fn test_access(State(app): State<Arc<App>>, Segments(project): Segments<String>) -> Reply<Json<TestResult>> {
    let project = app.store.project(&ProjectName::parse(&project)?).await?;
    git_access::test(&app, &project.account, &project.repository, Some(&project.branch)).await.map(Json)
}

/// The commits that changed the project, up to the one that this server has, the newest first.
#[utoipa::path(get, path = "/projects/{project}/history", tag = "projects",
    params(("project" = String, Path, description = "The project"), HistoryQuery),
    responses((status = 200, body = Page<ProjectCommit>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_NO_VERSION; VCS)))))]
pub async fn history(
    State(app): State<Arc<App>>,
    Segments(project): Segments<String>,
    Params(query): Params<HistoryQuery>,
) -> Reply<Json<Page<ProjectCommit>>> {
    let name = ProjectName::parse(&project)?;
    let is_commit = |after: &String| after.len() == 40 && after.bytes().all(|byte| byte.is_ascii_hexdigit());
    if query.after.as_ref().is_some_and(|after| !is_commit(after)) {
        return Err(Refusal::invalid("after", "give the “next” of the page before"));
    }
    let limit = query.limit.unwrap_or(20).clamp(1, 100) as usize;
    crate::history::history(&app, &name, query.after, limit).await.map(Json)
}

/// Which server has what of the project.
#[utoipa::path(get, path = "/projects/{project}/servers", tag = "projects",
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<ProjectOnServer>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND)))))]
pub async fn servers(
    State(app): State<Arc<App>>,
    Segments(project): Segments<String>,
) -> Reply<Json<Vec<ProjectOnServer>>> {
    let project = app.store.project(&ProjectName::parse(&project)?).await?;
    let on_server = |server: flow_store::Server| {
        let present = server.versions.into_iter().find(|version| version.project == project.name);
        let has = present.as_ref().map(|present| &present.commit);
        ProjectOnServer {
            server: server.id.to_string(),
            name: server.name,
            state: wire::server_state(server.state),
            up_to_date: has.is_some() && (project.wanted_commit.is_none() || has == project.wanted_commit.as_ref()),
            wanted: project.wanted_commit.clone(),
            present: present.map(wire::version),
        }
    };
    Ok(Json(app.store.servers().await?.into_iter().map(on_server).collect()))
}

/// The flows of the version that this server has.
#[utoipa::path(get, path = "/projects/{project}/flows", tag = "projects",
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<FlowEntry>)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_NO_VERSION, STORE_NOT_FOUND)))))]
pub async fn flows(State(app): State<Arc<App>>, Segments(project): Segments<String>) -> Reply<Json<Vec<FlowEntry>>> {
    let name = ProjectName::parse(&project)?;
    let version = app.projects.for_new_requests(&name).await?;
    Ok(Json(app.projects.open(&name, &version).await?.entries()))
}

/// Update: brings this server's working copy to the commit that is asked for, or to the newest one of the branch,
/// by fast-forward. New requests on this server start with that version from then on.
#[utoipa::path(post, path = "/projects/{project}/update", tag = "projects", request_body = Update,
    params(("project" = String, Path, description = "The project")),
    responses((status = 200, body = Updated)),
    extensions(("x-codes" = json!(refusals!(
        INPUT_INVALID, PROJECT_NOT_FOUND, PROJECT_EMPTY, PROJECT_WORKING_COPY, GIT_CREDENTIAL_NOT_FOUND,
        STORE_NOT_FOUND; VCS)))))]
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
