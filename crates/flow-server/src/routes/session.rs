//! Signing in and out.

use crate::auth::{Caller, PeerAddress, entry};
use crate::credentials::{hash_password, new_session, verify_nothing, verify_password};
use crate::extract::Body;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use flow_api::{Login, PasswordChange, Problem, SESSION_COOKIE, Session, codes};
use flow_store::{Account, NewSession};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a session lasts.
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// Signs in with name and password: sets the session's cookie.
#[utoipa::path(post, path = "/login", tag = "session", request_body = Login,
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn login(
    State(app): State<Arc<App>>,
    PeerAddress(address): PeerAddress,
    Body(login): Body<Login>,
) -> Reply<impl IntoResponse> {
    let account = match check(&app, &login.name, login.password, address).await {
        Ok(account) => account,
        Err(refusal) => {
            // The name may be anything, even a password typed into the wrong field: only a known one is written down.
            let known = app.store.credentials(&login.name).await?.is_some();
            let name = if known { login.name.as_str() } else { "unknown" };
            app.store.audit(entry(name, "login-refused", name, refusal.code(), address)).await?;
            return Err(refusal);
        }
    };
    let (secret, hash) = new_session();
    let expires = app.store.now().plus_ms(u64::try_from(SESSION.as_millis()).unwrap_or(u64::MAX));
    app.store.create_session(NewSession { account: account.name.clone(), hash, expires }).await?;
    app.store.audit(entry(&account.name, "login", &account.name, "", address)).await?;
    let session = Session { account: wire::account(account), expires: Some(wire::time(expires)) };
    Ok(([(header::SET_COOKIE, cookie(&secret, SESSION))], Json(session)))
}

/// Ends the session.
#[utoipa::path(post, path = "/logout", tag = "session", responses((status = 204, description = "Signed out")))]
pub async fn logout(State(app): State<Arc<App>>, caller: Caller) -> Reply<impl IntoResponse> {
    if let Some(hash) = &caller.session {
        app.store.end_session(hash).await?;
        caller.did(&app, "logout", caller.name(), "").await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", Duration::ZERO))]))
}

/// Who the caller is.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Session)))]
pub async fn session(caller: Caller) -> Json<Session> {
    Json(Session { expires: caller.session_ends, account: wire::account(caller.account) })
}

/// Changes the caller's own password. Every session of the account ends.
#[utoipa::path(post, path = "/password", tag = "session", request_body = PasswordChange,
    responses((status = 204, description = "Changed"), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<PasswordChange>,
) -> Reply<StatusCode> {
    check(&app, caller.name(), change.current, caller.address).await?;
    let hash = hash(&app, change.new).await?;
    app.store.set_password(caller.name(), &hash).await?;
    caller.did(&app, "password-set", caller.name(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hashes a password off the threads that serve.
pub async fn hash(app: &App, password: String) -> Reply<String> {
    let _permit = app.hashing.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let hashed = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    Ok(hashed.map_err(|error| Refusal::internal(&error))??)
}

/// Checks a password, slowing down whoever guesses. Does not tell whether name or password is wrong, not even by
/// the time it takes.
async fn check(app: &App, name: &str, password: String, address: IpAddr) -> Reply<Account> {
    app.throttle.begin(name, address, Instant::now()).map_err(|wait| {
        let detail = format!("too many failed logins: try again in {} s", wait.as_secs_f64().ceil());
        Refusal::new(codes::AUTH_TOO_MANY_ATTEMPTS, detail).retry_after(wait)
    })?;
    let known = app.store.credentials(name).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let _permit = app.hashing.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let verified = tokio::task::spawn_blocking(move || match hash {
        Some(hash) => verify_password(&password, &hash),
        None => {
            verify_nothing(&password);
            false
        }
    });
    let right = verified.await.map_err(|error| Refusal::internal(&error))?;
    match known.map(|known| known.account) {
        Some(account) if right && !account.disabled => {
            app.throttle.succeeded(name, address);
            Ok(account)
        }
        _ => Err(Refusal::new(codes::AUTH_WRONG_PASSWORD, "name or password is wrong")),
    }
}

/// The session's cookie. `Secure` is left to whoever ends TLS in front: on loopback there is none, and browsers
/// would not send it then.
fn cookie(secret: &str, age: Duration) -> String {
    format!("{SESSION_COOKIE}={secret}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict", age.as_secs())
}
