//! Tokens of programs.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::credentials::new_token;
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{NewToken, NewTokenReply, Token, codes};
use flow_store::{Role, TokenId};
use std::sync::Arc;
use std::time::Duration;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The caller's tokens, the newest first.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Vec<Token>)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Reply<Json<Vec<Token>>> {
    let tokens = app.store.tokens(Some(caller.name())).await?;
    Ok(Json(tokens.into_iter().map(wire::token).collect()))
}

/// Makes a token that acts for the caller. This answer is the only one that shows it.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = NewTokenReply)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(wish): Body<NewToken>,
) -> Reply<(StatusCode, Json<NewTokenReply>)> {
    let name = wish.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Refusal::invalid("name", "say in 1 to 100 characters what the token is for"));
    }
    if wish.days.is_some_and(|days| !(1..=36_500).contains(&days)) {
        return Err(Refusal::invalid("days", "give 1 to 36,500 days, or none for a token without end"));
    }
    let (secret, hash) = new_token();
    let expires = wish.days.map(|days| app.store.now().plus_ms(u64::from(days) * DAY.as_secs() * 1000));
    let new = flow_store::NewToken { account: caller.name().to_owned(), name: name.to_owned(), hash, expires };
    let token = app.store.create_token(new).await?;
    caller.did(&app, "token-created", caller.name(), name).await?;
    Ok((StatusCode::CREATED, Json(NewTokenReply { token: wire::token(token), secret })))
}

/// Revokes one of the caller's tokens; an administrator may revoke any.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", params(("id" = i64, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")), extensions(("x-codes" = json!(refusals!(TOKEN_NOT_FOUND)))))]
pub async fn revoke(State(app): State<Arc<App>>, caller: Caller, Segments(id): Segments<i64>) -> Reply<StatusCode> {
    let whose = (caller.account.role != Role::Administrator).then(|| caller.name());
    let token = app.store.tokens(whose).await?.into_iter().find(|token| token.id == TokenId(id));
    let token = token.ok_or_else(|| Refusal::new(codes::TOKEN_NOT_FOUND, format!("you have no token {id}")))?;
    app.store.revoke_token(token.id).await?;
    app.callers.forget();
    caller.did(&app, "token-revoked", &token.account, &token.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
