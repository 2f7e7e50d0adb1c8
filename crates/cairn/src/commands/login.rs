//! `cairn login`: sign in to a cluster, once for all commands and for the designer.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::remote::{DEFAULT_SERVER, RemoteArgs, sign_ins};
use designer::{CommandError, SecretPlace};
use flow_api::{Client, Login};
use std::io::{BufRead, IsTerminal, Write};

/// Sign in to a cluster; further commands, and the designer, then act on it with the rights of your account.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn login                               To the server on this machine
  cairn login https://cairn.example.org --name production
  printf %s \"$PASSWORD\" | cairn login --account anna --password-stdin
  cairn request list --server production    Act on another cluster than the one signed in to last

With --password-stdin, a second line is the password to choose where an administrator made the
first one.

The password is not kept. What is kept is a token that the cluster makes for this machine: in
the system's keyring, or where there is none in a file that only you can read. `cairn logout`
revokes it; so can you, in the console under Tools > Account. Programs do not sign in: give them
a token of their own (`cairn user token`) in CAIRN_TOKEN, or in a file with --token-file.")]
pub struct Args {
    /// The address of any server of the cluster.
    #[arg(default_value = DEFAULT_SERVER, value_name = "URL")]
    server: String,
    /// What to call the cluster from now on; its address unless given.
    #[arg(long)]
    name: Option<String>,
    /// Your account; asked for unless given.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let address = args.server.trim_end_matches('/');
    let name = args.name.unwrap_or_else(|| host(address).to_owned());
    let account = match args.account {
        Some(account) => account,
        None => ask_account(output)?,
    };
    let given = args.password.read(output)?;
    // A second line of standard input is the password to choose if this one must be changed.
    let (password, new) = match given.split_once('\n') {
        Some((password, new)) => (password.trim_end_matches('\r').to_owned(), Some(new.to_owned())),
        None => (given, None),
    };
    let login = Login { name: account, password };
    let cluster = match sign_ins().sign_in(&name, address, login.clone()).await {
        Err(error) if error.code == "auth/password-expired" => {
            let new = match new {
                Some(new) => new,
                None => choose_password(&args.password, &error, output)?,
            };
            Client::replace_password(address, &login, &new).await?;
            sign_ins().sign_in(&name, address, Login { password: new, ..login }).await?
        }
        answer => answer?,
    };
    // From now on commands find the cluster when this server is down. That they cannot tell is no reason to fail.
    if let Ok(remote) = RemoteArgs::signed_in(&name).await {
        let _ = remote.servers().await;
    }
    output.answer(&cluster, || {
        let account = cluster.account.as_ref().map(|account| format!(" as {}, {}", account.name, account.role));
        let place = match cluster.token_kept_in {
            Some(SecretPlace::File) => "a file that only you can read",
            _ => "the system's keyring",
        };
        format!("signed in to {name}{}; the token is in {place}", account.unwrap_or_default())
    });
    Ok(Outcome::Good)
}

/// Has the user choose a password in the place of one that an administrator made.
fn choose_password(args: &PasswordArgs, error: &CommandError, output: Output) -> Result<String, Failure> {
    if args.is_from_stdin() {
        let message = format!("{}: give it, and the one to choose on a second line of standard input", error.message);
        return Err(Failure::new(&error.code, message));
    }
    output.remark("This password was made by an administrator. Choose one of your own:");
    args.read_new(output)
}

/// The host and port of an address: what a cluster is called unless its user knows better.
fn host(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

fn ask_account(output: Output) -> Result<String, Failure> {
    if output.is_json() || !std::io::stdin().is_terminal() {
        let message = "nobody is there to be asked for an account: give it with --account";
        return Err(Failure::new("login/no-account", message));
    }
    let failed = |error: std::io::Error| Failure::new("login/no-account", format!("no account was given: {error}"));
    let mut err = std::io::stderr();
    write!(err, "Account: ").and_then(|()| err.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}
