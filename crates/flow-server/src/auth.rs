//! Who calls, and whether the call is theirs to make.

mod callers;
mod origin;

pub use callers::Callers;
pub use origin::check_origin;

use crate::caller_address::CallerAddress;
use crate::credentials::hash_secret;
use crate::problem::Refusal;
use crate::state::App;
use crate::wire;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flow_api::{CSRF_HEADER, PREFIX, Role, SESSION_COOKIE, Time, codes};
use flow_store::{Account, AuditEntry, StoreError};
use std::net::IpAddr;
use std::sync::Arc;

/// What may be called with a password that must be changed, below the prefix.
const BEFORE_THE_PASSWORD_IS_CHANGED: [&str; 3] = ["/session", "/password", "/logout"];

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: health and login only.
    Anybody,
    /// Accounts with this role or one above it.
    AtLeast(Role),
}

impl Access {
    /// Its name in the OpenAPI document: `Anybody` or the role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anybody => "Anybody",
            Self::AtLeast(role) => role.as_str(),
        }
    }
}

/// The account that makes a call. An extractor: endpoints that anybody may call have none.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// Where the call comes from.
    pub address: IpAddr,
    /// The session, for a caller with one.
    pub session: Option<CallerSession>,
}

/// The session that a call is made in.
#[derive(Debug, Clone)]
pub struct CallerSession {
    /// The hash that it is found by.
    pub hash: String,
    /// When it ends, unless it is used before.
    pub ends: Time,
    /// Whether the password must be changed first.
    pub must_change_password: bool,
}

impl Caller {
    /// The account's name.
    pub fn name(&self) -> &str {
        &self.account.name
    }

    /// Writes into the audit trail what the caller did.
    pub async fn did(&self, app: &App, action: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
        app.store.audit(entry(self.name(), action, subject, detail, self.address)).await
    }
}

/// An entry of the audit trail.
pub fn entry(account: &str, action: &str, subject: &str, detail: &str, address: IpAddr) -> AuditEntry {
    AuditEntry {
        account: account.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        address: address.to_string(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(sign_in_first)
    }
}

/// The layer in front of every endpoint that not anybody may call: finds the caller and checks the role.
pub async fn require(State((app, least)): State<(Arc<App>, Role)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match authorise(&app, &mut parts, least).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Finds the caller and checks the role.
pub async fn authorise(app: &App, parts: &mut Parts, least: Role) -> Result<Caller, Refusal> {
    let Ok(CallerAddress { address, .. }) = CallerAddress::from_request_parts(parts, &()).await;
    let caller = match secret_of(&parts.headers) {
        None => return Err(sign_in_first()),
        Some(Secret::Token(token)) => {
            let account = app.callers.of_token(app, &hash_secret(&token)).await?;
            account.map(|account| Caller { account, address, session: None })
        }
        Some(Secret::Session(secret)) => {
            check_csrf(&parts.method, &parts.headers)?;
            let found = app.callers.of_session(app, &hash_secret(&secret)).await?;
            found.map(|(account, session)| Caller { account, address, session: Some(session) })
        }
    };
    let caller = caller.ok_or_else(sign_in_first)?;
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or(parts.uri.path());
    if caller.session.as_ref().is_some_and(|session| session.must_change_password)
        && !BEFORE_THE_PASSWORD_IS_CHANGED.contains(&path)
    {
        let detail = "an administrator made this password: change it first, at POST /api/v1/password";
        return Err(Refusal::new(codes::AUTH_PASSWORD_EXPIRED, detail));
    }
    let role = wire::role(caller.account.role);
    if role < least {
        let detail = format!("{} is {role}; this takes {least}: ask an administrator", caller.name());
        return Err(Refusal::new(codes::AUTH_FORBIDDEN, detail));
    }
    Ok(caller)
}

fn sign_in_first() -> Refusal {
    let detail = "sign in at /api/v1/login, or send a token that has neither ended nor been revoked";
    Refusal::new(codes::AUTH_REQUIRED, detail)
}

enum Secret {
    Token(String),
    Session(String),
}

/// The token or the session's secret. A token counts before a cookie: a page of another origin cannot send one.
fn secret_of(headers: &HeaderMap) -> Option<Secret> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Secret::Token(token.trim().to_owned()));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, secret)| Secret::Session(secret.to_owned()))
}

fn check_csrf(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method == Method::GET || method == Method::HEAD { Ok(()) } else { check_change(headers) }
}

/// Refuses a change, by whatever method, that a page of another origin may have asked for by a session's cookie. A browser
/// sends the cookie along with whatever page asks for it; it does not let a page of another origin set a header, and it
/// tells which origin a page is of.
pub fn check_change(headers: &HeaderMap) -> Result<(), Refusal> {
    check_origin(headers)?;
    if headers.contains_key(CSRF_HEADER) {
        return Ok(());
    }
    Err(Refusal::new(codes::AUTH_CSRF, format!("send the header {CSRF_HEADER}: 1 with every change made by cookie")))
}
