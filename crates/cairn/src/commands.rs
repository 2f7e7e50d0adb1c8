//! The subcommands, each in a file of its own.

mod audit;
mod bench;
mod check;
mod components;
mod connection;
mod design;
mod diff;
mod git_credential;
mod login;
mod logout;
mod merge;
mod project;
mod request;
mod run;
mod schema;
mod secret;
mod serve;
mod server;
mod settings;
mod store;
mod test;
mod top;
mod tour;
mod trigger;
mod update;
mod user;
mod whoami;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Tour(tour::Args),
    Check(check::Args),
    Components(components::Args),
    Schema(schema::Args),
    Diff(diff::Args),
    Merge(merge::Args),
    Run(run::Args),
    Test(test::Args),
    Design(design::Args),
    Serve(serve::Args),
    Login(login::Args),
    Logout(logout::Args),
    Whoami(whoami::Args),
    User(user::Args),
    Project(project::Args),
    GitCredential(git_credential::Args),
    Update(update::Args),
    Connection(connection::Args),
    Secret(secret::Args),
    Request(request::Args),
    Trigger(trigger::Args),
    Server(server::Args),
    Settings(settings::Args),
    Audit(audit::Args),
    Store(store::Args),
    Top(top::Args),
    Bench(bench::Args),
}

impl Command {
    /// What is logged unless the user says otherwise.
    pub fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            // What is wrong with a certificate comes with the error of the call.
            _ => "error,rustls_platform_verifier=off",
        }
    }

    /// Does it.
    pub async fn run(self, output: Output) -> Result<Outcome, Failure> {
        match self {
            Self::Tour(args) => tour::run(args, output).await,
            Self::Check(args) => check::run(args, output).await,
            Self::Components(args) => components::run(&args, output),
            Self::Schema(args) => schema::run(&args, output),
            Self::Diff(args) => diff::run(&args, output),
            Self::Merge(args) => merge::run(&args, output),
            Self::Run(args) => run::run(args, output).await,
            Self::Test(args) => test::run(args, output).await,
            Self::Design(args) => design::run(args, output).await,
            Self::Serve(args) => serve::run(args, output).await,
            Self::Login(args) => login::run(args, output).await,
            Self::Logout(args) => logout::run(args, output).await,
            Self::Whoami(args) => whoami::run(args, output).await,
            Self::User(args) => user::run(args, output).await,
            Self::Project(args) => project::run(args, output).await,
            Self::GitCredential(args) => git_credential::run(args, output).await,
            Self::Update(args) => update::run(args, output).await,
            Self::Connection(args) => connection::run(args, output).await,
            Self::Secret(args) => secret::run(args, output).await,
            Self::Request(args) => request::run(args, output).await,
            Self::Trigger(args) => trigger::run(args, output).await,
            Self::Server(args) => server::run(args, output).await,
            Self::Settings(args) => settings::run(args, output).await,
            Self::Audit(args) => audit::run(args, output).await,
            Self::Store(args) => store::run(args, output).await,
            Self::Top(args) => top::run(args, output).await,
            Self::Bench(args) => bench::run(args, output).await,
        }
    }
}
