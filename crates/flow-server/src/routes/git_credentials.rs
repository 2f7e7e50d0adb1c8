//! The credentials of the caller's account for git hosts. They go in and never come out.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Params};
use crate::git_access;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::update::{check_branch, check_repository};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flow_api::{GitAccessTest, GitCredential, GitCredentialKind, GitHostQuery, NewGitCredential, TestResult, codes};
use std::sync::Arc;

/// The longest secret, in bytes.
const LONGEST: usize = 64 * 1024;

/// The git hosts that the caller's account has credentials for.
#[utoipa::path(get, path = "/account/git-credentials", tag = "account",
    responses((status = 200, body = Vec<GitCredential>)), extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Reply<Json<Vec<GitCredential>>> {
    git_access::hosts(&app, caller.name()).await.map(Json)
}

/// Keeps a credential for a git host, in the place of the one before. Servers use it for the projects that belong to the
/// account, and show it to that host alone.
#[utoipa::path(put, path = "/account/git-credentials", tag = "account", request_body = NewGitCredential,
    responses((status = 200, body = Vec<GitCredential>)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(mut new): Body<NewGitCredential>,
) -> Reply<Json<Vec<GitCredential>>> {
    new.host = new.host.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if new.host.is_empty() || new.host.len() > 200 || !new.host.chars().all(plain) {
        return Err(Refusal::invalid("host", "give the name of a host, such as github.com, without a path"));
    }
    if new.secret.is_empty() || new.secret.len() > LONGEST || new.secret.contains('\0') {
        return Err(Refusal::invalid("secret", format!("a secret has 1 to {LONGEST} bytes")));
    }
    if new.kind == GitCredentialKind::SshKey && !new.secret.contains("PRIVATE KEY-----") {
        return Err(Refusal::invalid("secret", "give the private key as in its file, with its first and last line"));
    }
    let odd = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| text.len() > 500 || text.chars().any(char::is_control))
    };
    if odd(&new.user) || odd(&new.passphrase) {
        return Err(Refusal::invalid("user", "use at most 500 characters and no control characters"));
    }
    let host = new.host.clone();
    git_access::keep(&app, caller.name(), new).await?;
    caller.did(&app, "git-credential-set", &host, "").await?;
    list(State(app), caller).await
}

/// Forgets the credential for a git host.
#[utoipa::path(delete, path = "/account/git-credentials", tag = "account", params(GitHostQuery),
    responses((status = 204, description = "Forgotten")),
    extensions(("x-codes" = json!(refusals!(GIT_CREDENTIAL_NOT_FOUND)))))]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<GitHostQuery>,
) -> Reply<StatusCode> {
    if !app.store.remove_account_secret(caller.name(), &query.host).await? {
        let detail = format!("you have no credential for “{}”", query.host);
        return Err(Refusal::new(codes::GIT_CREDENTIAL_NOT_FOUND, detail));
    }
    caller.did(&app, "git-credential-removed", &query.host, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries whether this server reaches a repository with the caller's credentials.
#[utoipa::path(post, path = "/account/git-credentials/test", tag = "account", request_body = GitAccessTest,
    responses((status = 200, body = TestResult)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, GIT_CREDENTIAL_NOT_FOUND)))))]
pub async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(wish): Body<GitAccessTest>,
) -> Reply<Json<TestResult>> {
    let repository = check_repository(&wish.repository)?;
    let branch = wish.branch.as_deref().map(check_branch).transpose()?;
    git_access::test(&app, caller.name(), &repository, branch.as_deref()).await.map(Json)
}
