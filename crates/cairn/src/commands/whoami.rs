//! `cairn whoami`: on which cluster, and with whose rights, commands act.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::{RemoteArgs, TokenSource};
use flow_api::Session;
use serde::Serialize;

/// Say on which cluster commands act, with whose rights, and where the token comes from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn whoami
  cairn whoami --server production
  cairn --json whoami | jq -r .session.account.role")]
pub struct Args {
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    server: String,
    token_from: String,
    session: Session,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    let (server, session) =
        remote.any(|client| async move { Ok((client.address().to_owned(), client.session().await?)) }).await?;
    let token_from = match &remote.source {
        TokenSource::File(path) => format!("the file {}", path.display()),
        TokenSource::Variable => "CAIRN_TOKEN".to_owned(),
        TokenSource::SignIn(cluster) => format!("the sign-in to {cluster}"),
    };
    let answer = Answer { server, token_from, session };
    output.answer(&answer, || {
        let account = &answer.session.account;
        format!("{}, {}, at {} (token from {})", account.name, account.role, answer.server, answer.token_from)
    });
    Ok(Outcome::Good)
}
