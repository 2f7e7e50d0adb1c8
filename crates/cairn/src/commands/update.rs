//! `cairn update`: bring the servers of a cluster to a commit of a project.

use super::server::short;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{Remote, RemoteArgs};
use flow_api::{Server, ServerState, Update};
use serde::Serialize;

/// Bring every server of a cluster to the newest commit of a project, or to another one; one server after the other.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn update orders                      To the newest commit of its branch
  cairn update orders --commit 1f2e3d4c    To this one
  cairn update orders --only north         One server alone, to try it out
  cairn update orders --check              Has every server what is wanted? If not, exit status 1

Each server fetches the commit from the project's repository. Requests under way keep the
version that they started with. A server that is down gets the commit when it starts. The exit
status is 1 when a server could not be updated; the others are all the same. From the designer,
Push update does the same after a push.")]
pub struct Args {
    /// The project, as it is named on the cluster.
    project: String,
    /// The commit; the newest of the project's branch unless given.
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
    /// Only this server, by name or id.
    #[arg(long, value_name = "SERVER")]
    only: Option<String>,
    /// Change nothing; say what each server has.
    #[arg(long, conflicts_with_all = ["commit", "only"])]
    check: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What was done on all servers.
#[derive(Debug, Serialize)]
struct Answer {
    project: String,
    /// The commit that they have now, if any was updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    servers: Vec<Done>,
}

/// What was done on one server.
#[derive(Debug, Serialize)]
struct Done {
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Why it was not updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    if args.check {
        return check(&args.project, &remote, output).await;
    }
    let servers = match &args.only {
        Some(named) => vec![remote.server(named).await?],
        None => remote.servers().await?.into_iter().filter(|server| server.state == ServerState::Running).collect(),
    };
    let answer = update(&args.project, args.commit, &servers, &remote, output).await;
    output.answer(&answer, || text(&answer));
    Ok(Outcome::good_if(answer.servers.iter().all(|done| done.error.is_none())))
}

/// One server after the other. What the first one finds to be the newest commit is what all get.
async fn update(
    project: &str,
    mut commit: Option<String>,
    servers: &[Server],
    remote: &Remote,
    output: Output,
) -> Answer {
    let mut done = Vec::new();
    let mut reached = None;
    for server in servers {
        if output.is_terminal() {
            output.remark(&format!("updating {} …", server.name));
        }
        let name = server.name.clone();
        done.push(match update_one(project, commit.clone(), server, remote).await {
            Ok((from, to)) => {
                commit = Some(to.clone());
                reached = Some(to.clone());
                Done { server: name, from, to: Some(to), error: None }
            }
            Err(error) => Done { server: name, from: None, to: None, error: Some(error) },
        });
    }
    Answer { project: project.to_owned(), commit: reached, servers: done }
}

async fn update_one(
    project: &str,
    commit: Option<String>,
    server: &Server,
    remote: &Remote,
) -> Result<(Option<String>, String), Failure> {
    let updated = remote.at(&server.address)?.update(project, &Update { commit }).await?;
    Ok((updated.from, updated.to))
}

fn text(answer: &Answer) -> String {
    if answer.servers.is_empty() {
        return "no server works: nothing was updated".to_owned();
    }
    let rows = answer.servers.iter().map(|done| {
        let result = match (&done.error, &done.from, &done.to) {
            (Some(error), ..) => error.to_string(),
            (None, Some(from), Some(to)) if from == to => "has it already".to_owned(),
            _ => "updated".to_owned(),
        };
        let commit = |commit: &Option<String>| commit.as_deref().map(short).unwrap_or_default().to_owned();
        [done.server.clone(), commit(&done.from), commit(&done.to), result]
    });
    table(["server", "from", "to", "result"], rows)
}

async fn check(project: &str, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let servers = remote.any(|client| async move { client.project_servers(project).await }).await?;
    output.answer(&servers, || {
        let rows = servers.iter().map(|server| {
            let present = server.present.as_ref().map(|version| short(&version.commit)).unwrap_or_default();
            let result = match (server.state, server.up_to_date) {
                (_, true) => "up to date",
                (ServerState::Terminated, false) => "gets it when it starts",
                (_, false) => "has another",
            };
            let wanted = server.wanted.as_deref().map(short).unwrap_or_default();
            [server.name.clone(), present.to_owned(), wanted.to_owned(), result.to_owned()]
        });
        table(["server", "present", "wanted", "result"], rows)
    });
    let works = |state: ServerState| state != ServerState::Terminated;
    Ok(Outcome::good_if(servers.iter().filter(|server| works(server.state)).all(|server| server.up_to_date)))
}
