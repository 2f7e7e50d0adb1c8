//! Accounts, for administrators.

use super::openapi::refusals;
use super::session::hash;
use crate::auth::Caller;
use crate::credentials::{check_account_name, new_password};
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{Account, AccountChange, NewAccount, NewPassword, codes};
use flow_store::StoreError;
use std::sync::Arc;

/// The accounts, by name.
#[utoipa::path(get, path = "/users", tag = "accounts", responses((status = 200, body = Vec<Account>)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>) -> Reply<Json<Vec<Account>>> {
    Ok(Json(app.store.accounts().await?.into_iter().map(wire::account).collect()))
}

/// Makes an account.
#[utoipa::path(post, path = "/users", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Account)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, ACCOUNT_WEAK_PASSWORD, ACCOUNT_EXISTS)))))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(wish): Body<NewAccount>,
) -> Reply<(StatusCode, Json<Account>)> {
    check_account_name(&wish.name)?;
    let password_hash = hash(&app, wish.password).await?;
    let new = flow_store::NewAccount { name: wish.name, role: wire::stored_role(wish.role), password_hash };
    let account = app.store.create_account(new).await.map_err(|error| match error {
        StoreError::Conflict(detail) => Refusal::new(codes::ACCOUNT_EXISTS, detail),
        other => other.into(),
    })?;
    caller.did(&app, "account-created", &account.name, account.role.as_str()).await?;
    Ok((StatusCode::CREATED, Json(wire::account(account))))
}

/// Changes an account's role, disables or enables it.
#[utoipa::path(patch, path = "/users/{name}", tag = "accounts", request_body = AccountChange,
    params(("name" = String, Path, description = "The account")),
    responses((status = 200, body = Account)),
    extensions(("x-codes" = json!(refusals!(ACCOUNT_NOT_FOUND, ACCOUNT_LAST_ADMINISTRATOR)))))]
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(name): Segments<String>,
    Body(change): Body<AccountChange>,
) -> Reply<Json<Account>> {
    require_account(&app, &name).await?;
    if let Some(role) = change.role {
        app.store.set_role(&name, wire::stored_role(role)).await.map_err(last_administrator)?;
        app.callers.forget();
        caller.did(&app, "role-set", &name, role.as_str()).await?;
    }
    if let Some(disabled) = change.disabled {
        app.store.set_disabled(&name, disabled).await.map_err(last_administrator)?;
        let action = if disabled { "account-disabled" } else { "account-enabled" };
        caller.did(&app, action, &name, "").await?;
    }
    app.callers.forget();
    Ok(Json(wire::account(require_account(&app, &name).await?)))
}

/// Gives an account a new password, which this answer alone shows. Its sessions end; whoever signs in with the password
/// must change it first.
#[utoipa::path(post, path = "/users/{name}/reset-password", tag = "accounts",
    params(("name" = String, Path, description = "The account")),
    responses((status = 200, body = NewPassword)), extensions(("x-codes" = json!(refusals!(ACCOUNT_NOT_FOUND)))))]
pub async fn reset_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(name): Segments<String>,
) -> Reply<Json<NewPassword>> {
    require_account(&app, &name).await?;
    let password = new_password();
    let hash = hash(&app, password.clone()).await?;
    app.store.set_password(&name, &hash, true).await?;
    app.callers.forget();
    caller.did(&app, "password-reset", &name, "").await?;
    Ok(Json(NewPassword { password }))
}

async fn require_account(app: &App, name: &str) -> Reply<flow_store::Account> {
    let known = app.store.credentials(name).await?;
    let missing = || Refusal::new(codes::ACCOUNT_NOT_FOUND, format!("there is no account “{name}”"));
    Ok(known.ok_or_else(missing)?.account)
}

fn last_administrator(error: StoreError) -> Refusal {
    match error {
        StoreError::Conflict(detail) => Refusal::new(codes::ACCOUNT_LAST_ADMINISTRATOR, detail),
        other => other.into(),
    }
}
