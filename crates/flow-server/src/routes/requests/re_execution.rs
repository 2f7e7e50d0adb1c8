//! Re-executing requests: at their own version, or at the newest as far as what they saved fits it.

use super::super::openapi::refusals;
use super::answer;
use super::bulk::would;
use super::change::running_server;
use super::homes::Homes;
use crate::auth::Caller;
use crate::extract::{Body, Params, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use flow_api::{
    BulkAction, FitComponent, Misfit, ReExecution, ReExecutionPreview, ReExecutionQuery, Request, Skipped,
    UnknownFields, VersionChoice, codes,
};
use flow_engine::{EngineError, Fit, FlowFields};
use flow_store::{NewVersion, RequestId, VersionId};
use std::sync::Arc;

/// So many saved points that do not fit are named in a refusal.
const NAMED: usize = 5;

/// Begins a new attempt: from the last saved points or from an earlier one, on this server or on another. What waits for its
/// retry at a server that lives goes on there, at once, whichever is asked. At the newest version only if what it goes on
/// from fits that; the request is pinned to it from then on.
#[utoipa::path(post, path = "/requests/{id}/re-execute", tag = "requests", request_body = ReExecution,
    params(("id" = i64, Path, description = "The request")),
    responses((status = 200, body = Request)),
    extensions(("x-codes" = json!(refusals!(
        REQUEST_NOT_FOUND, REQUEST_STATE, REQUEST_NO_SAVED_POINT, REQUEST_VERSION, PROJECT_NOT_FOUND, PROJECT_NO_VERSION,
        FLOW_NOT_FOUND, FLOW_BROKEN, STORE_NOT_FOUND, STORE_CONFLICT, SERVER_NOT_FOUND, SERVER_NOT_RUNNING,
        SERVER_FENCED)))))]
pub async fn re_execute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(id): Segments<i64>,
    Body(wish): Body<ReExecution>,
) -> Reply<Json<Request>> {
    let request = app.store.get(RequestId(id)).await?;
    let owner = match &wish.server {
        Some(server) => running_server(&app, server).await?,
        None => Homes::look(&app).await?.of(&request)?,
    };
    let keep = keep(&request, wish.from, wish.from_start)?;
    let how = how(&app, &FlowFields::default(), &request, wish.version.unwrap_or_default(), keep).await?;
    let mut detail = match (wish.from_start, wish.from) {
        (true, _) => "from its start".to_owned(),
        (false, Some(number)) => format!("from saved point {number}"),
        (false, None) => String::new(),
    };
    if let Some(moved) = how.version.as_ref().filter(|new| new.version != request.version) {
        let gap = if detail.is_empty() { "" } else { ", " };
        detail.push_str(&format!("{gap}at version {} instead of {}", moved.version, request.version));
    }
    let request = app.store.re_execute_with(request.id, &owner, caller.name(), how).await?;
    app.work.wake();
    caller.did(&app, "request-re-executed", &id.to_string(), &detail).await?;
    answer(&app, request).await
}

/// What a re-execution would do: which saved points fit the version, what does not, and what would run.
#[utoipa::path(get, path = "/requests/{id}/re-execution", tag = "requests",
    params(("id" = i64, Path, description = "The request"), ReExecutionQuery),
    responses((status = 200, body = ReExecutionPreview)),
    extensions(("x-codes" = json!(refusals!(
        REQUEST_NOT_FOUND, REQUEST_NO_SAVED_POINT, PROJECT_NOT_FOUND, PROJECT_NO_VERSION, FLOW_NOT_FOUND, FLOW_BROKEN,
        STORE_NOT_FOUND)))))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<ReExecutionQuery>,
) -> Reply<Json<ReExecutionPreview>> {
    let request = app.store.get(RequestId(id)).await?;
    let keep = keep(&request, query.from, query.from_start)?;
    let version = match query.version.unwrap_or(VersionChoice::Newest) {
        VersionChoice::Same => request.version.clone(),
        VersionChoice::Newest => app.projects.newest(&request.project).await?,
    };
    let fit = look(&app, &FlowFields::default(), &request, &version, keep).await?;
    let removed = removed(&app, &request, keep).await?.map(|refusal| refusal.detail().to_owned());
    let problem = removed.or_else(|| problem(&request, &fit, keep));
    Ok(Json(ReExecutionPreview {
        version: version.to_string(),
        pinned: request.version.to_string(),
        fits: problem.is_none(),
        problem,
        inputs: inputs(&fit),
        fitting: fit.fitting,
        misfits: fit.misfits.iter().map(misfit).collect(),
        unknown: fit.unknown.into_iter().map(|(id, name)| UnknownFields { id: id.to_string(), name }).collect(),
        components: fit.components.into_iter().map(component).collect(),
    }))
}

/// How many of the first saved points stay; all, if none.
fn keep(request: &flow_store::Request, from: Option<u32>, from_start: bool) -> Reply<Option<u32>> {
    if from_start {
        return Ok(Some(0));
    }
    if let Some(number) = from.filter(|number| *number >= request.saved_points) {
        let (id, saved) = (request.id, request.saved_points);
        let detail = format!("request {id} has no saved point {number}: it has {saved}, with numbers from 0 on");
        return Err(Refusal::new(codes::REQUEST_NO_SAVED_POINT, detail));
    }
    // The point itself stays.
    Ok(from.map(|number| number.saturating_add(1)))
}

/// Why a request does not go on, and what of it does not fit the version.
#[derive(Debug)]
pub(super) struct Unfit {
    refusal: Refusal,
    misfits: Vec<Misfit>,
    inputs: Option<String>,
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, misfits: Vec::new(), inputs: None }
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        unfit.refusal
    }
}

impl Unfit {
    /// What is said of one request among many.
    pub(super) fn skipped(self, id: RequestId) -> Skipped {
        let Self { refusal, misfits, inputs } = self;
        let (code, message) = (refusal.code().to_owned(), refusal.detail().to_owned());
        Skipped { id: id.0, code, message, misfits, inputs }
    }
}

/// How a request goes on that keeps so many saved points: at the newest version only if they fit that.
pub(super) async fn how(
    app: &App,
    flows: &FlowFields,
    request: &flow_store::Request,
    version: VersionChoice,
    keep: Option<u32>,
) -> Result<flow_store::ReExecution, Unfit> {
    if version == VersionChoice::Same {
        return Ok(flow_store::ReExecution { keep, version: None });
    }
    may_go_on(app, request, keep).await?;
    let newest = app.projects.newest(&request.project).await?;
    let fit = look(app, flows, request, &newest, keep).await?;
    if let Some(problem) = problem(request, &fit, keep) {
        let refusal = Refusal::new(codes::REQUEST_VERSION, problem);
        return Err(Unfit { refusal, inputs: inputs(&fit), misfits: fit.misfits.iter().map(misfit).collect() });
    }
    let version = NewVersion { version: fit.version, settings: fit.settings, seen: fit.seen };
    Ok(flow_store::ReExecution { keep, version: Some(version) })
}

/// Refuses what the store would refuse of a request that keeps so many saved points, whatever the version.
pub(super) async fn may_go_on(app: &App, request: &flow_store::Request, keep: Option<u32>) -> Reply<()> {
    would(BulkAction::ReExecute, request)?;
    removed(app, request, keep).await?.map_or(Ok(()), Err)
}

/// What the store says when retention has removed the saved points that a request would go on from.
async fn removed(app: &App, request: &flow_store::Request, keep: Option<u32>) -> Reply<Option<Refusal>> {
    let id = request.id;
    let needs_none = request.saved_points == 0 || keep == Some(0);
    if needs_none || !app.store.saved_outlines(id, None, 1).await?.is_empty() {
        return Ok(None);
    }
    let detail = format!(
        "retention has removed what request {id} had saved: re-execute it from its start, or make a new request"
    );
    Ok(Some(Refusal::new(codes::REQUEST_STATE, detail)))
}

async fn look(
    app: &App,
    flows: &FlowFields,
    request: &flow_store::Request,
    version: &VersionId,
    keep: Option<u32>,
) -> Reply<Fit> {
    let id = request.id;
    app.work.engine().fit(flows, request, version, keep).await.map_err(|error| match error {
        EngineError::Store(error) => error.into(),
        EngineError::Flow { code, .. } if code == "engine/no-such-flow" => {
            let (flow, version) = (&request.flow, version.short());
            let detail = format!(
                "the project has no flow “{flow}” at version {version} any more: re-execute request {id} at its own version"
            );
            Refusal::new(codes::FLOW_NOT_FOUND, detail)
        }
        error => {
            let detail = format!("{error}. Mend it and push the update, or re-execute request {id} at its own version");
            Refusal::new(codes::FLOW_BROKEN, detail)
        }
    })
}

/// What stands in the way of a re-execution that keeps so many saved points, and the way out.
fn problem(request: &flow_store::Request, fit: &Fit, keep: Option<u32>) -> Option<String> {
    let (id, version) = (request.id, fit.version.short());
    if let Some(error) = &fit.inputs {
        return Some(format!(
            "the flow does not take the inputs of request {id} at version {version}: {error}. Make a new request with other \
             inputs, or re-execute it at its own version"
        ));
    }
    if fit.misfits.is_empty() {
        return None;
    }
    let mut what: Vec<String> =
        fit.misfits.iter().take(NAMED).map(|misfit| format!("saved point {}: {misfit}", misfit.number)).collect();
    if fit.misfits.len() > NAMED {
        what.push(format!("and {} more", fit.misfits.len() - NAMED));
    }
    let earlier = match fit.fitting.checked_sub(1) {
        Some(last) if fit.fitting < keep.unwrap_or(request.saved_points) => {
            format!("Go on from saved point {last}, which fits, or from the start")
        }
        _ => "Go on from the start".to_owned(),
    };
    Some(format!(
        "what request {id} has saved does not fit version {version}: {}. {earlier} (what is done already is then done \
         again), or re-execute it at its own version",
        what.join("; ")
    ))
}

/// Why the flow does not take the inputs.
fn inputs(fit: &Fit) -> Option<String> {
    fit.inputs.as_ref().map(|error| format!("“{}”: {error}", error.name))
}

fn misfit(misfit: &flow_engine::Misfit) -> Misfit {
    Misfit {
        number: misfit.number,
        points: misfit.points,
        component: misfit.component.clone(),
        name: misfit.name.clone(),
        reason: misfit.why.as_str().to_owned(),
        message: misfit.to_string(),
    }
}

fn component(component: flow_engine::FitComponent) -> FitComponent {
    FitComponent {
        id: component.id.to_string(),
        name: component.name,
        runs: component.runs,
        changes_world: component.changes_world,
        is_new: component.is_new,
        is_changed: component.is_changed,
    }
}
