//! `cairn user`: accounts and tokens, directly on the checkpoint database. Whoever can write that file may do this;
//! it is how the first administrator comes to be.

mod password;

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::write_token;
use clap::Subcommand;
use flow_server::credentials;
use flow_store::{Account, AuditEntry, NewAccount, NewToken, Role, Store, StoreError};
use password::PasswordArgs;
use std::path::PathBuf;
use std::time::Duration;

/// Accounts and tokens, directly on the checkpoint database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn user add anna --role Administrator --checkpoint-connection sqlite:/var/lib/cairn/cairn.db
  printf %s \"$PASSWORD\" | cairn user add ci --role Operator --password-stdin
  cairn user token ci --for 'nightly import' --days 90 --write ~/.config/cairn/token
  cairn user disable anna

Roles, each may do what those before it may: Viewer looks, Operator starts, cancels and re-executes requests,
Author brings servers to a newer version of a project, Administrator does everything.
CAIRN_CHECKPOINT_CONNECTION can stand for --checkpoint-connection.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    /// The checkpoint database of the cluster: sqlite:PATH.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION", global = true)]
    checkpoint_connection: Option<CheckpointConnection>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account.
    Add {
        /// Its name.
        name: String,
        /// What it may do: Viewer, Operator, Author or Administrator.
        #[arg(long, value_parser = parse_role)]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// List the accounts.
    List,
    /// Give an account a new password; its sessions end.
    Passwd {
        /// The account.
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Change what an account may do.
    Role {
        /// The account.
        name: String,
        /// Viewer, Operator, Author or Administrator.
        #[arg(value_parser = parse_role)]
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
    /// Make a token for a program, and print it or write it to a file that only you can read.
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
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::ALL
        .into_iter()
        .find(|role| role.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| "use Viewer, Operator, Author or Administrator".to_owned())
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let connection = args.checkpoint_connection.ok_or_else(|| {
        let message = "say which cluster: give --checkpoint-connection sqlite:PATH, or set CAIRN_CHECKPOINT_CONNECTION";
        Failure::new("user/no-connection", message)
    })?;
    let database = match args.action {
        // The first account may be made before the first server has started.
        Action::Add { .. } => connection.open()?,
        _ => connection.open_existing()?,
    };
    let store = database.store.as_ref();
    match args.action {
        Action::Add { name, role, password } => {
            let account = add(store, &name, role, &password.read(output)?).await?;
            output.answer(&account, || format!("made the account {name}, {role}"));
        }
        Action::List => {
            let accounts = store.accounts().await?;
            output.answer(&accounts, || list_text(&accounts));
        }
        Action::Passwd { name, password } => {
            require(store, &name).await?;
            let hash = credentials::hash_password(&password.read(output)?)?;
            store.set_password(&name, &hash).await?;
            changed(store, &name, "password-set", output, "has a new password").await?;
        }
        Action::Role { name, role } => {
            require(store, &name).await?;
            store.set_role(&name, role).await?;
            changed(store, &name, "role-set", output, &format!("is {role} now")).await?;
        }
        Action::Disable { name } => {
            require(store, &name).await?;
            store.set_disabled(&name, true).await?;
            changed(store, &name, "account-disabled", output, "is disabled").await?;
        }
        Action::Enable { name } => {
            require(store, &name).await?;
            store.set_disabled(&name, false).await?;
            changed(store, &name, "account-enabled", output, "is enabled").await?;
        }
        Action::Token { name, purpose, days, write } => {
            require(store, &name).await?;
            let token = make_token(store, &name, &purpose, days).await?;
            match write {
                Some(path) => {
                    write_token(&path, &token)?;
                    output.answer(&serde_json::json!({ "file": path }), || {
                        format!("wrote the token to {}", path.display())
                    });
                }
                None => output.answer(&serde_json::json!({ "token": token }), || token.clone()),
            }
        }
    }
    Ok(Outcome::Good)
}

/// Makes an account.
pub async fn add(store: &dyn Store, name: &str, role: Role, password: &str) -> Result<Account, Failure> {
    credentials::check_account_name(name)?;
    let password_hash = credentials::hash_password(password)?;
    let account = store.create_account(NewAccount { name: name.to_owned(), role, password_hash }).await?;
    audit(store, "account-created", name, role.as_str()).await?;
    Ok(account)
}

/// Makes a token for an account and gives its secret.
pub async fn make_token(store: &dyn Store, account: &str, purpose: &str, days: Option<u32>) -> Result<String, Failure> {
    let (secret, hash) = credentials::new_token();
    let day = Duration::from_secs(24 * 60 * 60);
    let expires = days.map(|days| store.now().plus_ms(u64::from(days) * day.as_secs() * 1000));
    let token = NewToken { account: account.to_owned(), name: purpose.to_owned(), hash, expires };
    store.create_token(token).await?;
    audit(store, "token-created", account, purpose).await?;
    Ok(secret)
}

async fn require(store: &dyn Store, name: &str) -> Result<(), StoreError> {
    match store.credentials(name).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: "account", name: name.to_owned() }),
    }
}

async fn changed(store: &dyn Store, name: &str, action: &str, output: Output, said: &str) -> Result<(), Failure> {
    audit(store, action, name, "").await?;
    let account = store.accounts().await?.into_iter().find(|account| account.name == name);
    output.answer(&account, || format!("{name} {said}"));
    Ok(())
}

async fn audit(store: &dyn Store, action: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
    let entry = AuditEntry {
        account: "command line".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        address: "local".to_owned(),
    };
    store.audit(entry).await
}

fn list_text(accounts: &[Account]) -> String {
    let rows = accounts.iter().map(|account| {
        let state = if account.disabled { "disabled" } else { "" };
        [account.name.clone(), account.role.to_string(), state.to_owned(), account.created.to_string()]
    });
    table(["name", "role", "", "created"], rows)
}
