//! `cairn server`: the servers of a cluster.

mod log;

use super::settings;
use crate::moment::{clock, lasting};
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, state_cell, table};
use crate::remote::{Remote, RemoteArgs};
use clap::Subcommand;
use comfy_table::Cell;
use flow_api::{Server, ServerState, SettingChange, Time};

/// The setting that says whether the cluster is in maintenance.
const MAINTENANCE: &str = "service.maintenance";

/// List the servers of a cluster, name them, and read their logs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn server list
  cairn --json server list | jq -r '.[] | select(.state == \"Running\").address'
  cairn server log north --follow
  cairn server log north --level warning --text lease
  cairn server rename north south
  cairn server maintenance on      # no new requests anywhere; those that are there go on
  cairn server maintenance on north    # north takes nothing new and hands over what it has

Sign in first (`cairn login`), or set CAIRN_TOKEN. Any server that lives tells of all of them,
and has the logs of all of them.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the servers: state, epoch, requests, project versions. The exit status is 1 when none of them works.
    List,
    Log(log::Args),
    /// Say whether the cluster is in maintenance, begin it or end it. During maintenance no new requests are made
    /// (callers are refused with server/maintenance and told when to try again); those that are there go on.
    ///
    /// With a SERVER it is about that one: it takes nothing new, its requests end or go to the others within
    /// limits.stop_seconds, and it lasts over restarts of the server.
    Maintenance {
        /// What it shall be.
        wanted: Option<Maintenance>,
        /// Only this server, by name or id.
        #[arg(value_name = "SERVER")]
        named: Option<String>,
    },
    /// Give a server another name.
    Rename {
        /// The server, by name or id.
        #[arg(value_name = "SERVER")]
        named: String,
        /// Its new name.
        name: String,
    },
}

/// Whether the cluster makes no new requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Maintenance {
    /// No new requests are made.
    On,
    /// As ever.
    Off,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::List => list(&remote, output).await,
        Action::Log(args) => log::run(args, &remote, output).await,
        Action::Maintenance { wanted: Some(wanted), named: Some(named) } => {
            maintenance_of(&remote, &named, wanted, output).await
        }
        Action::Maintenance { wanted, .. } => maintenance(&remote, wanted, output).await,
        Action::Rename { named, name } => {
            let (id, name) = (remote.server(&named).await?.id, name.as_str());
            let id = id.as_str();
            let renamed = remote.any(|client| async move { client.rename_server(id, name).await }).await?;
            output.answer(&renamed, || format!("{named} is called {} now", renamed.name));
            Ok(Outcome::Good)
        }
    }
}

async fn maintenance(remote: &Remote, wanted: Option<Maintenance>, output: Output) -> Result<Outcome, Failure> {
    let setting = match wanted {
        None => settings::find(remote, MAINTENANCE).await?,
        Some(wanted) => {
            let change = SettingChange { value: (wanted == Maintenance::On).into(), version: None };
            let change = &change;
            remote.any(|client| async move { client.change_setting(MAINTENANCE, change).await }).await?
        }
    };
    output.answer(&setting, || match setting.value.as_bool() {
        Some(true) => "In maintenance: no new requests are made; those that are there go on.".to_owned(),
        _ => "Not in maintenance.".to_owned(),
    });
    Ok(Outcome::Good)
}

async fn maintenance_of(remote: &Remote, named: &str, wanted: Maintenance, output: Output) -> Result<Outcome, Failure> {
    let (id, on) = (remote.server(named).await?.id, wanted == Maintenance::On);
    let id = id.as_str();
    let server = remote.any(|client| async move { client.maintain_server(id, on).await }).await?;
    output.answer(&server, || match server.maintenance {
        true => format!(
            "{} is in maintenance: it takes nothing new. Requests that run there: {}.",
            server.name, server.requests_running
        ),
        false => format!("{} is not in maintenance.", server.name),
    });
    Ok(Outcome::Good)
}

async fn list(remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let servers = remote.servers().await?;
    output.answer(&servers, || list_text(&servers, Time(jiff::Timestamp::now())));
    Ok(Outcome::good_if(servers.iter().any(|server| server.state == ServerState::Running)))
}

/// Servers as a table.
pub fn list_text(servers: &[Server], now: Time) -> String {
    let rows = servers.iter().map(|server| {
        [
            Cell::new(if server.this_server { format!("{} *", server.name) } else { server.name.clone() }),
            state_cell(shown_state(server)),
            Cell::new(&server.address),
            Cell::new(server.epoch),
            Cell::new(since(server, servers, now)),
            Cell::new(server.requests_running),
            Cell::new(server.memory.map(|bytes| format!("{} MiB", bytes >> 20)).unwrap_or_default()),
            Cell::new(versions(server)),
        ]
    });
    let mut text = table(["server", "state", "address", "epoch", "since", "running", "memory", "projects"], rows);
    if servers.iter().any(|server| server.this_server) {
        text.push_str("\n* answered");
    }
    let problems = servers.iter().flat_map(|server| server.problems.iter().map(move |problem| (server, problem)));
    text.extend(problems.map(|(server, problem)| format!("\n{}: {} ({})", server.name, problem.message, problem.code)));
    text
}

/// What a server does, in a word.
pub fn shown_state(server: &Server) -> &'static str {
    match server.state {
        ServerState::Draining if server.maintenance => "Maintenance",
        ServerState::Running if !server.problems.is_empty() => "Not ready",
        ServerState::Running => "Running",
        ServerState::Draining => "Draining",
        ServerState::Terminated => "Terminated",
    }
}

/// Since when a server works, or since when it does not and who took its requests over.
fn since(server: &Server, servers: &[Server], now: Time) -> String {
    let ago = |time: Time| lasting(now.as_millisecond() - time.as_millisecond());
    match server.terminated.filter(|_| server.state == ServerState::Terminated) {
        None => format!("for {}", ago(server.started)),
        Some(terminated) => {
            let survivor = servers.iter().find(|other| Some(&other.id) == server.taken_over_by.as_ref());
            let taken_over = survivor.map(|survivor| format!(", taken over by {}", survivor.name));
            format!("{} ago, {}{}", ago(terminated), clock(terminated), taken_over.unwrap_or_default())
        }
    }
}

/// The commit of each project that a server has, and what it should have where that is another.
pub fn versions(server: &Server) -> String {
    let wanted = |project: &str| server.drift.iter().find(|drift| drift.project == project);
    let has = server.versions.iter().map(|version| match wanted(&version.project) {
        Some(drift) => format!("{} {} (wanted {})", version.project, short(&version.commit), short(&drift.wanted)),
        None => format!("{} {}", version.project, short(&version.commit)),
    });
    let lacks = server.drift.iter().filter(|drift| drift.present.is_none());
    let lacks = lacks.map(|drift| format!("{} none (wanted {})", drift.project, short(&drift.wanted)));
    has.chain(lacks).collect::<Vec<_>>().join(", ")
}

/// A commit as people read it.
pub fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_api::{Drift, ProjectVersion, ServerProblem};

    fn server(name: &str, state: ServerState) -> Server {
        let since = Time::from_millisecond(0);
        Server {
            id: format!("id-{name}"),
            name: name.to_owned(),
            state,
            maintenance: false,
            address: format!("http://{name}:7401"),
            epoch: 3,
            pid: 1,
            started: since,
            terminated: None,
            taken_over_by: None,
            requests_running: 4,
            versions: vec![ProjectVersion {
                project: "orders".to_owned(),
                version: "v".to_owned(),
                commit: "0123456789".to_owned(),
                since,
            }],
            drift: Vec::new(),
            problems: Vec::new(),
            program: None,
            memory: Some(80 << 20),
            this_server: true,
        }
    }

    #[test]
    fn the_list_tells_who_took_over_and_which_version_is_missing() {
        let mut lost = server("south", ServerState::Terminated);
        lost.terminated = Some(Time::from_millisecond(60_000));
        lost.taken_over_by = Some("id-north".to_owned());
        lost.this_server = false;
        let drift = |project: &str, present: Option<&str>| Drift {
            project: project.to_owned(),
            wanted: "fedcba9876".to_owned(),
            present: present.map(str::to_owned),
        };
        lost.drift = vec![drift("orders", Some("0123456789")), drift("stock", None)];
        let text = list_text(&[server("north", ServerState::Running), lost], Time::from_millisecond(3_660_000));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("north *  Running"), "{text}");
        assert!(lines[1].contains("for 1 h 1 min") && lines[1].contains("80 MiB"), "{text}");
        assert!(lines[2].contains("1 h 0 min ago") && lines[2].contains("taken over by north"), "{text}");
        assert!(lines[2].ends_with("orders 01234567 (wanted fedcba98), stock none (wanted fedcba98)"), "{text}");
    }

    #[test]
    fn the_list_tells_what_keeps_the_server_that_answered_from_taking_requests() {
        let mut full = server("north", ServerState::Running);
        full.problems = vec![ServerProblem { code: "store/full".to_owned(), message: "make room".to_owned() }];
        let text = list_text(&[full], Time::from_millisecond(60_000));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("north *  Not ready"), "{text}");
        assert_eq!(lines[2..], ["* answered", "north: make room (store/full)"], "{text}");
    }
}
