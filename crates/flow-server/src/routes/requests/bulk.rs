//! Doing something to many requests at once.

use super::super::openapi::refusals;
use super::homes::Homes;
use super::re_execution::{Unfit, how, may_go_on};
use super::read::filter;
use crate::auth::Caller;
use crate::extract::Body;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{Bulk, BulkAction, BulkDone, VersionChoice, codes};
use flow_engine::FlowFields;
use flow_store::{Request, RequestFilter, RequestId, RequestState, StoreError};
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;

/// The most requests that one call looks at.
const MOST: usize = 10_000;
/// Requests are read in pages of this size.
const PAGE: usize = 500;
/// So many are changed at once: the checkpoint database commits them together.
const AT_ONCE: usize = 64;
/// So many that it was not done to are named of those that a filter finds.
const NAMED: usize = 100;

/// Re-executes or cancels many requests, or says what that would do. It is done to each by itself, wholly or not at all:
/// what is refused to one, as when it does not fit the newest version, holds up no other.
#[utoipa::path(post, path = "/requests/bulk", tag = "requests", request_body = Bulk,
    responses((status = 200, body = BulkDone)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, REQUEST_TOO_MANY, SERVER_FENCED)))))]
pub async fn bulk(State(app): State<Arc<App>>, caller: Caller, Body(bulk): Body<Bulk>) -> Reply<Json<BulkDone>> {
    if bulk.action == BulkAction::Cancel && bulk.version.is_some() {
        return Err(Refusal::invalid("version", "only what is re-executed goes on at a version: leave it out"));
    }
    let (found, missing, next) = match (&bulk.ids, &bulk.filter) {
        (Some(ids), None) => by_ids(&app, ids).await?,
        (None, Some(query)) => by_filter(&app, filter(query)?, query.limit.map(|limit| limit as usize)).await?,
        _ => return Err(Refusal::invalid("filter", "give either ids or a filter")),
    };
    let mut done = BulkDone {
        matched: (found.len() + missing.len()) as u64,
        done: 0,
        states: Default::default(),
        skipped: Vec::new(),
        skipped_count: 0,
        next,
    };
    for request in &found {
        *done.states.entry(wire::request_state(request.state)).or_default() += 1;
    }
    let which = match (found.last(), found.first()) {
        (Some(last), Some(first)) => format!("{} to {}", last.id.min(first.id), last.id.max(first.id)),
        _ => String::new(),
    };
    // Whoever names them hears of each.
    let named = bulk.ids.as_ref().map_or(NAMED, Vec::len);
    for id in missing {
        note(&mut done, named, id, Err(Refusal::from(StoreError::no_request(id)).into()));
    }
    for (id, answer) in each(&app, &caller, &bulk, found).await? {
        note(&mut done, named, id, answer);
    }
    if !bulk.dry_run {
        app.work.wake();
        let action = match bulk.action {
            BulkAction::ReExecute => "requests-re-executed",
            BulkAction::Cancel => "requests-cancelled",
        };
        let at = if bulk.version == Some(VersionChoice::Newest) { ", at the newest version" } else { "" };
        caller.did(&app, action, &which, &format!("{} of {}{at}", done.done, done.matched)).await?;
    }
    Ok(Json(done))
}

type Found = (Vec<Request>, Vec<RequestId>, Option<String>);

async fn by_ids(app: &App, ids: &[i64]) -> Reply<Found> {
    if ids.len() > MOST {
        return Err(Refusal::new(codes::REQUEST_TOO_MANY, format!("name at most {MOST} requests in one call")));
    }
    let (mut found, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
    for id in ids.iter().copied().map(RequestId) {
        match app.store.get(id).await {
            Ok(request) => found.push(request),
            Err(StoreError::NotFound { .. }) => missing.push(id),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((found, missing, None))
}

async fn by_filter(app: &App, mut filter: RequestFilter, limit: Option<usize>) -> Reply<Found> {
    let most = limit.unwrap_or(MOST).clamp(1, MOST);
    let mut found: Vec<Request> = Vec::new();
    loop {
        filter.limit = PAGE.min(most - found.len());
        let page = app.store.list(&filter).await?;
        let full = page.len() == filter.limit;
        filter.before = page.last().map(|last| last.id).or(filter.before);
        found.extend(page);
        if !full || found.len() >= most {
            let next = filter.before.filter(|_| full).map(|last| last.to_string());
            return Ok((found, Vec::new(), next));
        }
    }
}

/// Whether it can be done to a request in its present state.
pub(super) fn would(action: BulkAction, request: &Request) -> Reply<()> {
    use RequestState::{Cancelled, Error, WaitingForRetry};
    let can = match action {
        BulkAction::ReExecute => matches!(request.state, Error | Cancelled | WaitingForRetry),
        BulkAction::Cancel => !request.state.is_ended(),
    };
    if can {
        return Ok(());
    }
    Err(Refusal::new(codes::REQUEST_STATE, format!("request {} is {}", request.id, request.state)))
}

async fn each(
    app: &App,
    caller: &Caller,
    bulk: &Bulk,
    found: Vec<Request>,
) -> Reply<Vec<(RequestId, Result<(), Unfit>)>> {
    let (homes, flows) = (&Homes::look(app).await?, &FlowFields::default());
    let one = |request: Request| async move {
        let done = match bulk.action {
            BulkAction::ReExecute => re_execute(app, caller, bulk, &request, homes, flows).await,
            BulkAction::Cancel => cancel(app, caller, bulk, &request).await.map_err(Unfit::from),
        };
        (request.id, done)
    };
    Ok(stream::iter(found).map(one).buffered(AT_ONCE).collect().await)
}

async fn re_execute(
    app: &App,
    caller: &Caller,
    bulk: &Bulk,
    request: &Request,
    homes: &Homes,
    flows: &FlowFields,
) -> Result<(), Unfit> {
    if bulk.dry_run {
        may_go_on(app, request, None).await?;
    }
    let home = homes.of(request)?;
    let how = how(app, flows, request, bulk.version.unwrap_or_default(), None).await?;
    if !bulk.dry_run {
        let done = app.store.re_execute_with(request.id, &home, caller.name(), how).await;
        done.map_err(Refusal::from)?;
    }
    Ok(())
}

async fn cancel(app: &App, caller: &Caller, bulk: &Bulk, request: &Request) -> Reply<()> {
    if bulk.dry_run {
        return would(bulk.action, request);
    }
    let request = app.store.cancel(request.id, caller.name()).await?;
    app.work.cancel(&request);
    Ok(())
}

fn note(done: &mut BulkDone, named: usize, id: RequestId, answer: Result<(), Unfit>) {
    match answer {
        Ok(()) => done.done += 1,
        Err(unfit) => {
            done.skipped_count += 1;
            if done.skipped.len() < named {
                done.skipped.push(unfit.skipped(id));
            }
        }
    }
}
