//! Answering calls of HTTP triggers.

use super::active::Live;
use crate::auth::{Caller, authorise, check_change, entry};
use crate::caller_address::CallerAddress;
use crate::problem::{Refusal, Reply};
use crate::routes::{idempotency_key, make};
use crate::secrets::NoSecrets;
use crate::state::App;
use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flow_api::{PREFIX, Role, codes};
use flow_model::{Answer, HttpAuthentication, HttpTrigger, StartSettings};
use flow_store::{ProjectName, Request as FlowRequest, RequestState, StoreError};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The header that names the request that a call has made.
const REQUEST: HeaderName = HeaderName::from_static("x-cairn-request");
/// How often it is written down how many calls there were.
const NOTED: Duration = Duration::from_secs(1);

/// Answers a call of `path` behind a project's name.
pub async fn call(app: &App, project: &str, path: &str, call: Request) -> Reply<Response> {
    let mut active = app.triggers.active();
    if active.called(project, call.method().as_str(), path).is_none() && app.triggers.may_be_old() {
        // It may have come a moment ago.
        active = super::now(app).await?;
    }
    let (mut parts, body) = call.into_parts();
    let Some((live, http)) = active.called(project, parts.method.as_str(), path) else {
        // Only those who may look at triggers learn which there are.
        authorise(app, &mut parts, Role::Viewer).await?;
        let what = format!("{} {path}", parts.method);
        let detail = format!("no trigger of “{project}” answers {what} at the version that all servers have");
        return Err(Refusal::new(codes::TRIGGER_NOT_FOUND, detail));
    };
    let by = caller(app, live, http, &mut parts).await?;
    let name = &live.open.trigger.name;
    if !live.state.is_active() {
        return Err(Refusal::new(codes::TRIGGER_OFF, format!("the trigger “{name}” is switched off on this cluster")));
    }
    if let Some(problem) = &live.open.problem {
        return Err(Refusal::new(codes::TRIGGER_BROKEN, format!("the trigger “{name}” cannot fire: {problem}")));
    }
    let body = read(app, body, http.largest_body).await?;
    let given = live.open.start().map(|start| inputs(start, &parts, &body)).transpose()?.unwrap_or_default();
    let mut request = live.open.request_given(&by, given)?;
    let key = idempotency_key(&parts.headers)?;
    request.idempotency_key = key.map(|key| format!("{}/{key}", live.open.trigger.id));
    let Ok(CallerAddress { address, .. }) = CallerAddress::from_request_parts(&mut parts, &()).await;
    let audit = entry(&by, "requests-created", &format!("{}/{}", request.project, request.flow), "", address);
    let patience = match http.answer {
        Answer::Reply(seconds) => Some(Duration::from_secs(seconds)),
        Answer::Accepted => None,
    };
    let created = make(app, vec![request], audit, patience).await?;
    let Some(created) = created.into_iter().next() else {
        return Err(Refusal::internal(&"no request was made"));
    };
    if created.new {
        super::count(app, live, 1, 0);
        let mut calls = app.triggers.calls.lock();
        let noted =
            calls.entry((live.open.project.clone(), live.open.trigger.id.clone())).or_insert((0, created.request.id));
        *noted = (noted.0 + 1, created.request.id);
    }
    Ok(answer(created.request))
}

/// Who calls, if they may; the name of the account, or of the trigger whose secret was given.
async fn caller(app: &App, live: &Live, http: &HttpTrigger, parts: &mut Parts) -> Reply<String> {
    match &http.authentication {
        HttpAuthentication::Token(role) => {
            let role = Role::ALL.into_iter().find(|known| known.as_str() == role).unwrap_or(Role::Administrator);
            let caller: Caller = authorise(app, parts, role).await?;
            if caller.session.is_some() {
                // By GET, too, a trigger makes a request.
                check_change(&parts.headers)?;
            }
            Ok(caller.name().to_owned())
        }
        HttpAuthentication::Secret(connection) => {
            let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let given = given.and_then(|value| value.split_once(' '));
            let given =
                given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, secret)| secret.trim());
            let expected = secret_of(app, &live.open.project, connection).await?;
            // Compared by their hashes, so that the time it takes tells nothing of the secret.
            let is_it = |given: &str| blake3::hash(given.as_bytes()) == blake3::hash(expected.as_bytes());
            if given.is_some_and(is_it) {
                return Ok(format!("trigger {}", live.open.trigger.name));
            }
            let detail = format!("send the secret of the connection “{connection}” as “Authorization: Bearer …”");
            Err(Refusal::new(codes::AUTH_REQUIRED, detail))
        }
    }
}

async fn secret_of(app: &App, project: &ProjectName, connection: &str) -> Reply<String> {
    let mut secrets = app.secrets.of_connection(project, connection).await.map_err(|error| match error {
        NoSecrets::Store(error) => Refusal::from(error),
        NoSecrets::Sealed { .. } => Refusal::new(codes::TRIGGER_BROKEN, error.to_string()),
    })?;
    let missing = || {
        let detail =
            format!("the connection “{connection}” has no token on this cluster: cairn secret set {connection} token");
        Refusal::new(codes::TRIGGER_BROKEN, detail)
    };
    let token = secrets.remove("token").filter(|token| !token.expose().is_empty()).ok_or_else(missing)?;
    Ok(token.expose().to_owned())
}

async fn read(app: &App, body: axum::body::Body, largest: usize) -> Reply<Bytes> {
    let read = tokio::time::timeout(app.patience.body, to_bytes(body, largest)).await;
    let too_slow = |_| Refusal::new(codes::INPUT_TOO_SLOW, "the body did not come in time");
    read.map_err(too_slow)?.map_err(|error| match std::error::Error::source(&error) {
        Some(source) if source.to_string().contains("length limit") => {
            Refusal::new(codes::INPUT_TOO_LARGE, format!("the body has more than {largest} bytes"))
        }
        _ => Refusal::new(codes::INPUT_MALFORMED, error.to_string()),
    })
}

/// The inputs that a call gives: the parameters of its query, and the members of its JSON body, or all of the body where
/// the flow has an input `body`.
fn inputs(start: &StartSettings, parts: &Parts, body: &Bytes) -> Reply<Map<String, Value>> {
    let malformed = |detail: String| Refusal::new(codes::INPUT_MALFORMED, detail);
    let mut given = Map::new();
    let Query(query) =
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|error| malformed(error.body_text()))?;
    for (name, text) in query {
        let declared = start.inputs.iter().find(|input| input.name == name);
        let value = declared.map_or_else(|| Ok(Value::from(text.as_str())), |input| input.parse(&text))?;
        given.insert(name, value);
    }
    if start.inputs.iter().any(|input| input.name == "body") {
        let text = std::str::from_utf8(body).map_err(|_| malformed("the body is no UTF-8 text".to_owned()))?;
        given.insert("body".to_owned(), text.into());
        return Ok(given);
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(given);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => given.extend(members),
        Ok(_) => return Err(malformed("the body must be a JSON object: its members are the flow's inputs".to_owned())),
        Err(error) => return Err(malformed(format!("the body is not JSON: {error}"))),
    }
    Ok(given)
}

/// What the caller gets: the reply of a request that has finished, why it has not, or where to ask for it.
fn answer(request: FlowRequest) -> Response {
    let id = request.id;
    let mut response = match request.state {
        RequestState::Finished => match request.reply {
            Some(reply) => Json(reply).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        RequestState::Error | RequestState::Cancelled => {
            let message = request.error.map_or_else(|| "it was cancelled".to_owned(), |error| error.message);
            Refusal::new(codes::REQUEST_FAILED, format!("request {id}: {message}")).into_response()
        }
        _ => (StatusCode::ACCEPTED, Json(json!({"request": id}))).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST, HeaderValue::from(id.0));
    if let (
        RequestState::Queued | RequestState::Running | RequestState::Waiting | RequestState::WaitingForRetry,
        Ok(place),
    ) = (request.state, HeaderValue::from_str(&format!("{PREFIX}/requests/{id}")))
    {
        headers.insert(header::LOCATION, place);
    }
    response
}

/// Writes down now and then how often triggers were called.
pub async fn note_calls(app: &App) {
    loop {
        tokio::time::sleep(NOTED).await;
        let calls = std::mem::take(&mut *app.triggers.calls.lock());
        for ((project, trigger), (more, last)) in calls {
            let Err(error) = app.store.note_fired(&project, &trigger, more, last).await else { continue };
            tracing::debug!(code = error.code(), %error, "calls of a trigger cannot be noted");
            if matches!(error, StoreError::Unavailable(_) | StoreError::Full(_)) {
                // With the next ones.
                app.triggers.calls.lock().entry((project, trigger)).or_insert((0, last)).0 += more;
            }
        }
    }
}
