//! The subcommands, each in a file of its own.

mod bench;
mod check;
mod design;
mod request;
mod run;
mod serve;
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
    Run(run::Args),
    Design(design::Args),
    Serve(serve::Args),
    User(user::Args),
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
            Self::Run(args) => run::run(args, output).await,
            Self::Design(args) => design::run(args, output).await,
            Self::Serve(args) => serve::run(args, output).await,
            Self::User(args) => user::run(args, output).await,
            Self::Request(args) => request::run(args, output).await,
            Self::Bench(args) => bench::run(args, output).await,
        }
    }
}
