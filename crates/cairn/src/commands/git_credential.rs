//! `cairn git-credential`: with what the servers reach the git hosts of an account's projects.

use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{Remote, RemoteArgs};
use crate::secret_input::ask;
use clap::Subcommand;
use flow_api::{GitAccessTest, GitCredential, GitCredentialKind, NewGitCredential};
use std::path::{Path, PathBuf};

/// Give the servers what they reach your projects' git hosts with: a token for https, a key for ssh.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn git-credential set git.example.org                     Asks for the token
  printf %s \"$TOKEN\" | cairn git-credential set git.example.org --user anna
  cairn git-credential set git.example.org:2222 --key ~/.ssh/cairn
  cairn git-credential test ssh://git@git.example.org:2222/orders.git --branch main
  cairn git-credential list
  cairn git-credential remove git.example.org

They belong to your account, and servers use them for its projects. Each is sent to its host and to no other. They
are kept sealed on the cluster: nobody can read them back.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the hosts that there are credentials for. The secrets are never shown.
    List,
    /// Set the credential for a host, in the place of the one before. A token is asked for, or read from standard input;
    /// never given as an argument, where others could see it.
    Set {
        /// The host, with its port if the address names one: git.example.org:8443.
        host: String,
        /// The name to sign in with; without it whatever the host takes beside a token, and “git” for ssh.
        #[arg(long)]
        user: Option<String>,
        /// The file of a private key for ssh, in the place of a token.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The key has a passphrase: ask for it, or read it from standard input.
        #[arg(long, requires = "key")]
        passphrase: bool,
    },
    /// Remove the credential for a host.
    Remove {
        /// The host.
        host: String,
    },
    /// Say whether a server gets at a repository with your account's credentials; exit status 1 if not.
    Test {
        /// The address of the repository.
        repository: String,
        /// The git branch that must be there.
        #[arg(long)]
        branch: Option<String>,
    },
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::List => {
            let known = remote.any(|client| async move { client.git_credentials().await }).await?;
            output.answer(&known, || list_text(&known));
            Ok(Outcome::Good)
        }
        Action::Set { host, user, key, passphrase } => {
            let new = match key {
                Some(path) => of_key(host, user, &path, passphrase)?,
                None => {
                    let secret = ask(&format!("Token for {host}"))?;
                    NewGitCredential { host, kind: GitCredentialKind::Token, user, secret, passphrase: None }
                }
            };
            let known = remote.here()?.set_git_credential(&new).await?;
            let kept = known.iter().find(|one| one.host.eq_ignore_ascii_case(&new.host));
            output.answer(&kept, || format!("the credential for {} is set", new.host));
            Ok(Outcome::Good)
        }
        Action::Remove { host } => {
            remote.here()?.remove_git_credential(&host).await?;
            output.answer(&serde_json::json!({ "host": host }), || format!("the credential for {host} is removed"));
            Ok(Outcome::Good)
        }
        Action::Test { repository, branch } => test(&GitAccessTest { repository, branch }, &remote, output).await,
    }
}

fn of_key(host: String, user: Option<String>, path: &Path, passphrase: bool) -> Result<NewGitCredential, Failure> {
    let secret = std::fs::read_to_string(path).map_err(|error| {
        Failure::new("secret/input", format!("the key in {} cannot be read: {error}", path.display()))
    })?;
    let passphrase = passphrase.then(|| ask(&format!("Passphrase of {}", path.display()))).transpose()?;
    Ok(NewGitCredential { host, kind: GitCredentialKind::SshKey, user, secret, passphrase })
}

async fn test(repository: &GitAccessTest, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let result = remote.any(|client| async move { client.test_git_credentials(repository).await }).await?;
    Ok(output.tested(&result))
}

fn list_text(known: &[GitCredential]) -> String {
    if known.is_empty() {
        return "no git credentials".to_owned();
    }
    let rows = known.iter().map(|one| {
        let kind = match one.kind {
            GitCredentialKind::Token => "https, token",
            GitCredentialKind::SshKey => "ssh, key",
        };
        [one.host.clone(), kind.to_owned(), one.user.clone().unwrap_or_default(), clock(one.updated)]
    });
    table(["host", "kind", "user", "set"], rows)
}
