//! `cairn user`: accounts and tokens.

mod database;
mod service;

pub use database::{add, make_token};

use crate::checkpoint_database::CheckpointConnection;
use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::password::PasswordArgs;
use crate::remote::{RemoteArgs, write_token};
use async_trait::async_trait;
use clap::Subcommand;
use database::OnDatabase;
use flow_api::{Account, AccountChange, NewAccount, NewToken, Role, Token};
use service::OverService;
use std::path::PathBuf;

/// Accounts and tokens of a cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  The first administrator, on the machine of the checkpoint database:
    cairn user add anna --role Administrator --checkpoint-connection sqlite:/var/lib/cairn/cairn.db
  From anywhere, signed in as an administrator (`cairn login`):
    cairn user list
    printf %s \"$PASSWORD\" | cairn user add ci --role Operator --password-stdin
    cairn user reset otto              Prints a password that otto must change when he signs in
    cairn user disable otto
  A token for a program, in a file that only you can read:
    cairn user token ci --for 'nightly import' --days 90 --write ~/.config/cairn/ci-token

Roles, each may do what those before it may: Viewer looks, Operator starts, cancels and
re-executes requests, Author brings servers to a newer version of a project and sets secrets,
Administrator does everything.

With --checkpoint-connection (or CAIRN_CHECKPOINT_CONNECTION) the command works on the database
itself, and whoever may write that file may do this. Without it the command asks a server, which
wants an administrator.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    /// The checkpoint database of the cluster, to work on it directly: sqlite:PATH, or postgres://USER@HOST/DATABASE.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION", global = true)]
    checkpoint_connection: Option<CheckpointConnection>,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account.
    Add {
        /// Its name.
        name: String,
        /// What it may do: Viewer, Operator, Author or Administrator.
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// List the accounts.
    List,
    /// Give an account a new password; its sessions end. Over a server it asks for the password until now, too: two lines
    /// with --password-stdin.
    Passwd {
        /// The account.
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Make a password for an account, print it, and have whoever signs in with it choose another.
    Reset {
        /// The account.
        name: String,
    },
    /// Change what an account may do.
    Role {
        /// The account.
        name: String,
        /// Viewer, Operator, Author or Administrator.
        role: Role,
    },
    /// Disable an account: its sessions end and its tokens do not count.
    Disable {
        /// The account.
        name: String,
    },
    /// Enable a disabled account.
    Enable {
        /// The account.
        name: String,
    },
    /// Make a token for a program, and print it or write it to a file that only you can read. Over a server for your own
    /// account only.
    Token {
        /// The account that the program acts for.
        name: String,
        /// What the token is for.
        #[arg(long = "for", default_value = "command line", value_name = "PURPOSE")]
        purpose: String,
        /// Days until it ends; without it, it does not end by itself.
        #[arg(long)]
        days: Option<u32>,
        /// Write it to this file, and print nothing.
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// List the tokens of an account. Over a server for your own account only.
    Tokens {
        /// The account.
        name: String,
    },
    /// Revoke a token; the program that has it can do nothing any more.
    Revoke {
        /// The number of the token, from `cairn user tokens`.
        id: i64,
    },
}

/// Where accounts are changed.
#[async_trait]
trait Accounts: Send + Sync {
    async fn add(&self, new: NewAccount) -> Result<Account, Failure>;
    async fn list(&self) -> Result<Vec<Account>, Failure>;
    async fn change(&self, name: &str, change: AccountChange) -> Result<Account, Failure>;
    async fn set_password(&self, name: &str, password: &PasswordArgs, output: Output) -> Result<(), Failure>;
    async fn reset_password(&self, name: &str) -> Result<String, Failure>;
    async fn create_token(&self, name: &str, wish: NewToken) -> Result<String, Failure>;
    async fn tokens(&self, name: &str) -> Result<Vec<Token>, Failure>;
    async fn revoke_token(&self, id: i64) -> Result<(), Failure>;
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let accounts: Box<dyn Accounts> = match args.checkpoint_connection {
        // The first account may be made before the first server has started.
        Some(connection) if matches!(args.action, Action::Add { .. }) => {
            Box::new(OnDatabase(connection.open().await?.store))
        }
        Some(connection) => Box::new(OnDatabase(connection.open_existing().await?.store)),
        None => Box::new(OverService(args.remote.cluster().await?)),
    };
    act(args.action, accounts.as_ref(), output).await?;
    Ok(Outcome::Good)
}

async fn act(action: Action, accounts: &dyn Accounts, output: Output) -> Result<(), Failure> {
    let change = |name: String, change: AccountChange, said: String| async move {
        let account = accounts.change(&name, change).await?;
        output.answer(&account, || format!("{name} {said}"));
        Ok(())
    };
    match action {
        Action::Add { name, role, password } => {
            let password = password.read_new(output)?;
            let account = accounts.add(NewAccount { name, password, role }).await?;
            output.answer(&account, || format!("made the account {}, {role}", account.name));
            Ok(())
        }
        Action::List => {
            let all = accounts.list().await?;
            output.answer(&all, || list_text(&all));
            Ok(())
        }
        Action::Passwd { name, password } => {
            accounts.set_password(&name, &password, output).await?;
            output.answer(&serde_json::json!({ "name": name }), || format!("{name} has a new password"));
            Ok(())
        }
        Action::Reset { name } => {
            let password = accounts.reset_password(&name).await?;
            output.remark(&format!("{name} signs in with this password once, and chooses another then:"));
            output.answer(&serde_json::json!({ "name": name, "password": password }), || password.clone());
            Ok(())
        }
        Action::Role { name, role } => {
            let wish = AccountChange { role: Some(role), disabled: None };
            change(name, wish, format!("is {role} now")).await
        }
        Action::Disable { name } => {
            let wish = AccountChange { role: None, disabled: Some(true) };
            change(name, wish, "is disabled".to_owned()).await
        }
        Action::Enable { name } => {
            let wish = AccountChange { role: None, disabled: Some(false) };
            change(name, wish, "is enabled".to_owned()).await
        }
        Action::Token { name, purpose, days, write } => {
            let token = accounts.create_token(&name, NewToken { name: purpose, days }).await?;
            match write {
                Some(path) => {
                    write_token(&path, &token)?;
                    let said = format!("wrote the token to {}", path.display());
                    output.answer(&serde_json::json!({ "file": path }), || said);
                }
                None => output.answer(&serde_json::json!({ "token": token }), || token.clone()),
            }
            Ok(())
        }
        Action::Tokens { name } => {
            let tokens = accounts.tokens(&name).await?;
            output.answer(&tokens, || tokens_text(&tokens));
            Ok(())
        }
        Action::Revoke { id } => {
            accounts.revoke_token(id).await?;
            output.answer(&serde_json::json!({ "id": id }), || format!("token {id} is revoked"));
            Ok(())
        }
    }
}

fn list_text(accounts: &[Account]) -> String {
    let rows = accounts.iter().map(|account| {
        let state = if account.disabled { "disabled" } else { "" };
        [account.name.clone(), account.role.to_string(), state.to_owned(), clock(account.created)]
    });
    table(["name", "role", "", "created"], rows)
}

fn tokens_text(tokens: &[Token]) -> String {
    if tokens.is_empty() {
        return "no tokens".to_owned();
    }
    let rows = tokens.iter().map(|token| {
        let ends = match (token.revoked, token.expires) {
            (Some(revoked), _) => format!("revoked {}", clock(revoked)),
            (None, Some(expires)) => clock(expires),
            (None, None) => "never".to_owned(),
        };
        [token.id.to_string(), token.name.clone(), clock(token.created), ends]
    });
    table(["id", "for", "made", "ends"], rows)
}
