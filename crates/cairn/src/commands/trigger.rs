//! `cairn trigger`: what starts requests by itself.

use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{Remote, RemoteArgs};
use clap::Subcommand;
use flow_api::{TriggerEntry, TriggerFiring, TriggerQuery};

/// See and switch the triggers of a cluster: schedules, HTTP calls, file arrivals, finished requests.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn trigger list                     What starts requests by itself, and when next?
  cairn trigger off orders nightly       No server fires it from now on; what it has started goes on
  cairn trigger on orders nightly        What was due meanwhile does not count
  cairn trigger fire orders nightly      Fire it once, now
  cairn trigger next orders nightly      When is it due?
  cairn trigger firings orders nightly   What has it fired, and what became of that?

Triggers stand in the project (triggers/NAME.trigger.json) and come to the cluster with a pushed update. They change over
when every running server has the new version.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// A trigger of a project.
#[derive(Debug, clap::Args)]
struct Named {
    /// The project.
    project: String,
    /// The trigger's name or id.
    trigger: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the triggers; exit status 1 if one of them cannot fire.
    List {
        /// Only those of this project.
        project: Option<String>,
    },
    /// Switch a trigger on, on all servers.
    On(Named),
    /// Switch a trigger off, on all servers at once.
    Off(Named),
    /// Fire a trigger once, be it on or off.
    Fire(Named),
    /// Say when a schedule is due next.
    Next {
        #[command(flatten)]
        named: Named,
        /// So many times.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
    },
    /// Show what a trigger has fired, the newest first.
    Firings {
        #[command(flatten)]
        named: Named,
        /// At most so many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::List { project } => {
            let query = &TriggerQuery { project };
            let triggers = remote.any(|client| async move { client.triggers(query).await }).await?;
            output.answer(&triggers, || list_text(&triggers));
            Ok(Outcome::good_if(triggers.iter().all(|trigger| trigger.problem.is_none())))
        }
        Action::On(named) => switch(&named, true, &remote, output).await,
        Action::Off(named) => switch(&named, false, &remote, output).await,
        Action::Fire(named) => {
            let (project, id) = (named.project.as_str(), &named.id(&remote).await?);
            let request = remote.any(|client| async move { client.fire_trigger(project, id).await }).await?;
            output.answer(&request, || format!("request {} of {}/{}", request.id, request.project, request.flow));
            Ok(Outcome::Good)
        }
        Action::Next { named, count } => {
            let (project, id) = (named.project.as_str(), &named.id(&remote).await?);
            let due = remote.any(|client| async move { client.trigger_next(project, id, count).await }).await?;
            output.answer(&due, || match due.as_slice() {
                [] => "it goes by no clock".to_owned(),
                due => due.iter().map(|due| due.shown.as_str()).collect::<Vec<_>>().join("\n"),
            });
            Ok(Outcome::Good)
        }
        Action::Firings { named, limit } => {
            let (project, id) = (named.project.as_str(), &named.id(&remote).await?);
            let firings = remote.any(|client| async move { client.trigger_firings(project, id, limit).await }).await?;
            output.answer(&firings, || firings_text(&firings));
            Ok(Outcome::Good)
        }
    }
}

async fn switch(named: &Named, on: bool, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let (project, id) = (named.project.as_str(), &named.id(remote).await?);
    let trigger = remote.any(|client| async move { client.switch_trigger(project, id, on).await }).await?;
    output.answer(&trigger, || {
        let next = trigger.next.map(|next| format!("; due next at {}", clock(next))).unwrap_or_default();
        format!("{}/{} is {}{next}", trigger.project, trigger.name, if trigger.on { "on" } else { "off" })
    });
    Ok(Outcome::Good)
}

impl Named {
    /// The trigger's id on the cluster.
    async fn id(&self, remote: &Remote) -> Result<String, Failure> {
        let query = &TriggerQuery { project: Some(self.project.clone()) };
        let triggers = remote.any(|client| async move { client.triggers(query).await }).await?;
        let found = triggers.iter().find(|trigger| trigger.name == self.trigger || trigger.id == self.trigger);
        let missing = || {
            let known: Vec<&str> = triggers.iter().map(|trigger| trigger.name.as_str()).collect();
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            let message = format!("“{}” has no trigger “{}” on this cluster; {known}", self.project, self.trigger);
            Failure::new("trigger/not-found", message)
        };
        found.map(|trigger| trigger.id.clone()).filter(|id| !id.is_empty()).ok_or_else(missing)
    }
}

fn list_text(triggers: &[TriggerEntry]) -> String {
    if triggers.is_empty() {
        return "no triggers".to_owned();
    }
    let rows = triggers.iter().map(|trigger| {
        let state = match (trigger.present, trigger.on, &trigger.problem) {
            (_, _, Some(problem)) => format!("cannot fire: {problem}"),
            (false, ..) => "no longer there".to_owned(),
            (_, true, _) => "on".to_owned(),
            (_, false, _) => "off".to_owned(),
        };
        let time = |time: Option<flow_api::Time>| time.map(clock).unwrap_or_default();
        [
            trigger.project.clone(),
            trigger.name.clone(),
            state,
            trigger.flow.clone(),
            trigger.address.clone().unwrap_or_else(|| trigger.fires.clone()),
            time(trigger.next),
            time(trigger.last_fired),
            trigger.fired.to_string(),
            trigger.missed.to_string(),
        ]
    });
    table(["project", "trigger", "state", "flow", "fires", "next", "last", "fired", "missed"], rows)
}

fn firings_text(firings: &[TriggerFiring]) -> String {
    if firings.is_empty() {
        return "it has fired nothing yet".to_owned();
    }
    let rows = firings.iter().map(|firing| {
        let request = firing.request.map(|id| id.to_string()).unwrap_or_default();
        let state = firing.state.map(|state| state.as_str().to_owned()).unwrap_or_default();
        let missed = if firing.missed == 0 { String::new() } else { firing.missed.to_string() };
        [firing.key.clone(), clock(firing.at), request, state, missed]
    });
    table(["for", "at", "request", "state", "missed"], rows)
}
