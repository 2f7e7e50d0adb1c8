//! Doing something to many requests at once.

use super::super::openapi::refusals;
use super::homes::Homes;
use super::read::filter;
use crate::auth::Caller;
use crate::extract::Body;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{Bulk, BulkAction, BulkDone, Skipped, codes};
use flow_store::{Owner, Request, RequestFilter, RequestId, RequestState, StoreError};
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;

/// The most requests that one call looks at.
const MOST: usize = 10_000;
/// Requests are read in pages of this size.
const PAGE: usize = 500;
/// So many are changed at once: the checkpoint database commits them together.
const AT_ONCE: usize = 64;
/// So many that it was not done to are named.
const NAMED: usize = 100;

/// Re-executes or cancels many requests, or says what that would do.
#[utoipa::path(post, path = "/requests/bulk", tag = "requests", request_body = Bulk,
    responses((status = 200, body = BulkDone)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, REQUEST_TOO_MANY, SERVER_FENCED)))))]
pub async fn bulk(State(app): State<Arc<App>>, caller: Caller, Body(bulk): Body<Bulk>) -> Reply<Json<BulkDone>> {
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
    for id in missing {
        skip(&mut done, id, Err(StoreError::no_request(id).into()));
    }
    let homes = Homes::look(&app).await?;
    let answers = match bulk.dry_run {
        true => found.iter().map(|request| (request.id, would_here(bulk.action, request, &homes))).collect(),
        false => act(&app, &caller, bulk.action, &found, &homes).await,
    };
    for (id, answer) in answers {
        skip(&mut done, id, answer);
    }
    if !bulk.dry_run {
        app.work.wake();
        let action = match bulk.action {
            BulkAction::ReExecute => "requests-re-executed",
            BulkAction::Cancel => "requests-cancelled",
        };
        let which = match (found.last(), found.first()) {
            (Some(last), Some(first)) => format!("{} to {}", last.id.min(first.id), last.id.max(first.id)),
            _ => String::new(),
        };
        caller.did(&app, action, &which, &format!("{} of {}", done.done, done.matched)).await?;
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

/// Whether it can be done, and there is a server for it.
fn would_here(action: BulkAction, request: &Request, homes: &Homes) -> Reply<()> {
    would(action, request)?;
    match action {
        BulkAction::ReExecute => homes.of(request).map(drop),
        BulkAction::Cancel => Ok(()),
    }
}

async fn act(
    app: &App,
    caller: &Caller,
    action: BulkAction,
    found: &[Request],
    homes: &Homes,
) -> Vec<(RequestId, Reply<()>)> {
    let wanted: Vec<_> = found.iter().map(|request| (request.id, homes.of(request))).collect();
    let each = |(id, home): (RequestId, Reply<Owner>)| async move {
        let done = match action {
            BulkAction::ReExecute => re_execute(app, caller, id, home).await,
            BulkAction::Cancel => cancel(app, caller, id).await,
        };
        (id, done)
    };
    stream::iter(wanted).map(each).buffered(AT_ONCE).collect().await
}

async fn re_execute(app: &App, caller: &Caller, id: RequestId, home: Reply<Owner>) -> Reply<()> {
    app.store.re_execute(id, &home?, caller.name(), None).await?;
    Ok(())
}

async fn cancel(app: &App, caller: &Caller, id: RequestId) -> Reply<()> {
    let request = app.store.cancel(id, caller.name()).await?;
    app.work.cancel(request.id);
    Ok(())
}

fn skip(done: &mut BulkDone, id: RequestId, answer: Reply<()>) {
    match answer {
        Ok(()) => done.done += 1,
        Err(refusal) => {
            done.skipped_count += 1;
            if done.skipped.len() < NAMED {
                let (code, message) = (refusal.code().to_owned(), refusal.detail().to_owned());
                done.skipped.push(Skipped { id: id.0, code, message });
            }
        }
    }
}
