//! Signing in and out.

use super::openapi::refusals;
use crate::auth::{Caller, check_origin, entry};
use crate::caller_address::CallerAddress;
use crate::credentials::{hash_password, new_session, verify_nothing, verify_password};
use crate::extract::Body;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use flow_api::{Login, PasswordChange, SESSION_COOKIE, Session, codes};
use flow_store::{Account, NewSession};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Signs in with name and password: sets the session's cookie.
#[utoipa::path(post, path = "/login", tag = "session", request_body = Login,
    responses((status = 200, body = Session)),
    extensions(("x-codes" = json!(refusals!(AUTH_WRONG_PASSWORD, AUTH_TOO_MANY_ATTEMPTS, AUTH_CSRF; STORE)))))]
pub async fn login(
    State(app): State<Arc<App>>,
    CallerAddress { address, is_secure }: CallerAddress,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Reply<impl IntoResponse> {
    check_origin(&headers)?;
    let Known { account, one_time } = match check(&app, &login.name, login.password, address).await {
        Ok(account) => account,
        // Whoever is slowed down is in the trail already; ten thousand more entries would tell nothing.
        Err(refusal) if refusal.code() == codes::AUTH_TOO_MANY_ATTEMPTS.code => return Err(refusal),
        Err(refusal) => {
            // The name may be anything, even a password typed into the wrong field: only a known one is written down.
            let known = app.store.credentials(&login.name).await?.is_some();
            let name = if known { login.name.as_str() } else { "unknown" };
            app.store.audit(entry(name, "login-refused", name, refusal.code(), address)).await?;
            return Err(refusal);
        }
    };
    let (secret, hash) = new_session();
    let (limits, now) = (app.settings.limits(), app.store.now());
    let expires = limits.session_ends(now, now);
    app.store.create_session(NewSession { account: account.name.clone(), hash, expires }).await?;
    app.store.audit(entry(&account.name, "login", &account.name, "", address)).await?;
    let expires = Some(wire::time(expires));
    let session = Session { account: wire::account(account), expires, must_change_password: one_time };
    Ok(([(header::SET_COOKIE, cookie(&secret, limits.session, is_secure))], Json(session)))
}

/// Ends the session.
#[utoipa::path(post, path = "/logout", tag = "session", responses((status = 204, description = "Signed out")),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn logout(
    State(app): State<Arc<App>>,
    CallerAddress { is_secure, .. }: CallerAddress,
    caller: Caller,
) -> Reply<impl IntoResponse> {
    if let Some(session) = &caller.session {
        app.store.end_session(&session.hash).await?;
        app.callers.forget();
        caller.did(&app, "logout", caller.name(), "").await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", Duration::ZERO, is_secure))]))
}

/// Who the caller is.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Session)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn session(caller: Caller) -> Json<Session> {
    Json(Session {
        expires: caller.session.as_ref().map(|session| session.ends),
        must_change_password: caller.session.as_ref().is_some_and(|session| session.must_change_password),
        account: wire::account(caller.account),
    })
}

/// Changes the caller's own password. Every session of the account ends.
#[utoipa::path(post, path = "/password", tag = "session", request_body = PasswordChange,
    responses((status = 204, description = "Changed")),
    extensions(("x-codes" = json!(refusals!(
        AUTH_WRONG_PASSWORD, AUTH_TOO_MANY_ATTEMPTS, ACCOUNT_WEAK_PASSWORD, ACCOUNT_NOT_FOUND)))))]
pub async fn password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<PasswordChange>,
) -> Reply<StatusCode> {
    check(&app, caller.name(), change.current.clone(), caller.address).await?;
    if change.new == change.current {
        return Err(Refusal::new(codes::ACCOUNT_WEAK_PASSWORD, "choose another password than the one you have"));
    }
    let hash = hash(&app, change.new).await?;
    app.store.set_password(caller.name(), &hash, false).await?;
    app.callers.forget();
    caller.did(&app, "password-set", caller.name(), "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hashes a password off the threads that serve.
pub async fn hash(app: &App, password: String) -> Reply<String> {
    let _permit = app.hashing.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let hashed = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    Ok(hashed.map_err(|error| Refusal::internal(&error))??)
}

/// An account whose password was right.
struct Known {
    account: Account,
    one_time: bool,
}

/// Checks a password, slowing down whoever guesses. Does not tell whether name or password is wrong, not even by
/// the time it takes.
async fn check(app: &App, name: &str, password: String, address: IpAddr) -> Reply<Known> {
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
    match known.map(|known| Known { account: known.account, one_time: known.one_time }) {
        Some(known) if right && !known.account.disabled => {
            app.throttle.succeeded(name, address);
            Ok(known)
        }
        _ => Err(Refusal::new(codes::AUTH_WRONG_PASSWORD, "name or password is wrong")),
    }
}

/// The session's cookie. It is `Secure` where the caller came by https: on plain loopback browsers would not send it
/// then.
fn cookie(secret: &str, age: Duration, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={secret}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", age.as_secs())
}
