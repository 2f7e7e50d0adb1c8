//! The subcommands, each in a file of its own.

mod bench;
mod check;
mod components;
mod connection;
mod design;
mod diff;
mod merge;
mod request;
mod run;
mod schema;
mod secret;
mod serve;
mod test;
mod tour;
mod user;

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
    User(user::Args),
    Connection(connection::Args),
    Secret(secret::Args),
    Request(request::Args),
    Bench(bench::Args),
}

impl Command {
    /// What is logged unless the user says otherwise.
    pub fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            _ => "error",
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
            Self::User(args) => user::run(args, output).await,
            Self::Connection(args) => connection::run(args, output).await,
            Self::Secret(args) => secret::run(args, output).await,
            Self::Request(args) => request::run(args, output).await,
            Self::Bench(args) => bench::run(args, output).await,
        }
    }
}
