//! How this server gets at the git repositories of projects: with the credentials of the account that a project belongs
//! to, each shown to its host alone; else with what the server's own environment has.

use crate::cluster_key::Sealed;
use crate::problem::{Refusal, Reply};
use crate::state::App;
use flow_api::{GitCredential, GitCredentialKind, NewGitCredential, TestResult, codes};
use flow_vcs::{Access, Repository, VcsError, host_of};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How long a repository that is tried out may take to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// A credential as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    kind: GitCredentialKind,
    user: Option<String>,
    secret: String,
    passphrase: Option<String>,
}

/// The hosts that an account has credentials for, by name.
pub async fn hosts(app: &App, account: &str) -> Reply<Vec<GitCredential>> {
    let mut hosts = Vec::new();
    for sealed in app.store.account_secrets(account).await? {
        // One that cannot be opened any more shows that it is there, to be set anew.
        let kept = unseal(app, account, &sealed).ok();
        hosts.push(GitCredential {
            kind: kept.as_ref().map_or(GitCredentialKind::Token, |kept| kept.kind),
            user: kept.and_then(|kept| kept.user),
            updated: crate::wire::time(sealed.updated),
            host: sealed.field,
        });
    }
    Ok(hosts)
}

/// Keeps a credential, sealed.
pub async fn keep(app: &App, account: &str, new: NewGitCredential) -> Reply<()> {
    let NewGitCredential { host, kind, user, secret, passphrase } = new;
    let text =
        serde_json::to_string(&Kept { kind, user, secret, passphrase }).map_err(|error| Refusal::internal(&error))?;
    let of = Sealed::GitCredential { account, host: &host };
    let sealed = app.secrets.seal(of, &text).map_err(|error| Refusal::internal(&error))?;
    app.store.put_account_secret(account, &host, sealed).await?;
    Ok(())
}

/// What to show the repository at `url` for an account.
pub async fn access(app: &App, account: &str, url: &str) -> Reply<Access> {
    let Some(host) = host_of(url) else { return Ok(Access::ambient()) };
    let secrets = app.store.account_secrets(account).await?;
    let Some(sealed) = secrets.iter().find(|sealed| sealed.field.eq_ignore_ascii_case(host)) else {
        return Ok(Access::ambient());
    };
    let Kept { kind, user, secret, passphrase } = unseal(app, account, sealed)?;
    let access = match (kind, user) {
        (GitCredentialKind::SshKey, user) => Access::private_key(user, secret, passphrase),
        (GitCredentialKind::Token, Some(user)) => Access::password(user, secret),
        (GitCredentialKind::Token, None) => Access::token(secret),
    };
    Ok(access.for_host(host))
}

/// Tries whether a repository lets us in, and has the branch.
pub async fn test(app: &App, account: &str, url: &str, branch: Option<&str>) -> Reply<TestResult> {
    let access = access(app, account, url).await?;
    let begun = Instant::now();
    let address = url.to_owned();
    let asked = tokio::task::spawn_blocking(move || Repository::branches_at(&address, &access));
    let result = |works, code: Option<&str>, message| TestResult {
        works,
        code: code.map(str::to_owned),
        message,
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    let branches = match tokio::time::timeout(PATIENCE, asked).await {
        Err(_) => return Ok(result(false, Some("vcs/unreachable"), "the repository does not answer".to_owned())),
        Ok(Err(error)) => return Err(Refusal::internal(&error)),
        Ok(Ok(Err(error))) => return Ok(result(false, Some(error.code()), VcsError::to_string(&error))),
        Ok(Ok(Ok(branches))) => branches,
    };
    Ok(match branch {
        Some(wanted) => match branches.iter().find(|branch| branch.name == wanted) {
            Some(branch) => result(true, None, format!("the git branch {wanted} is at {}", branch.commit)),
            None => {
                let known: Vec<&str> = branches.iter().take(20).map(|branch| branch.name.as_str()).collect();
                let message = format!("there is no git branch “{wanted}”; there are {}", known.join(", "));
                result(false, Some("vcs/no-such-branch"), message)
            }
        },
        None => match branches.len() {
            1 => result(true, None, "the repository has one git branch".to_owned()),
            number => result(true, None, format!("the repository has {number} git branches")),
        },
    })
}

fn unseal(app: &App, account: &str, sealed: &flow_store::SealedSecret) -> Reply<Kept> {
    let of = Sealed::GitCredential { account, host: &sealed.field };
    let broken = |why: String| {
        let detail = format!("the credential for {} cannot be read: {why}", sealed.field);
        Refusal::new(codes::GIT_CREDENTIAL_NOT_FOUND, detail)
    };
    let text = app.secrets.unseal(of, &sealed.sealed).map_err(|error| broken(error.to_string()))?;
    serde_json::from_str(&text).map_err(|_| broken("set it anew".to_owned()))
}
