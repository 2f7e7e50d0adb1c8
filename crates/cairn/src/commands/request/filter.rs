//! Which requests a command is about.

use crate::moment::Moment;
use crate::outcome::Failure;
use crate::remote::Remote;
use clap::Args;
use flow_api::{RequestQuery, RequestState};

/// Conditions on requests; all that are given must hold.
#[derive(Debug, Clone, Default, Args)]
pub struct FilterArgs {
    /// Only those in these states, separated by commas: Queued, Running, Waiting, WaitingForRetry, Finished, Error, Cancelled.
    #[arg(long, value_name = "STATES", value_delimiter = ',', value_parser = parse_state)]
    state: Vec<RequestState>,
    /// Only those of this project.
    #[arg(long)]
    project: Option<String>,
    /// Only those of this flow.
    #[arg(long)]
    flow: Option<String>,
    /// Only those that belong to this server, by name or id.
    #[arg(long, value_name = "SERVER")]
    owner: Option<String>,
    /// Only those whose id is this, or whose flow or project contains it.
    #[arg(long)]
    text: Option<String>,
    /// Only those whose error has this code: http/status.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only those with this priority.
    #[arg(long, value_name = "-9 TO 9", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-9..=9))]
    priority: Option<i32>,
    /// Only those that are stalled: they run, and make no progress for longer than they may.
    #[arg(long)]
    stalled: bool,
    /// Only those made since: a time (2026-03-01, 2026-03-01T12:00) or how long ago (90m, 2h, 3d).
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only those made before; as --since.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl FilterArgs {
    /// Whether any condition is given.
    pub fn is_given(&self) -> bool {
        let Self { state, project, flow, owner, text, code, priority, stalled, since, until } = self;
        !state.is_empty()
            || [project, flow, owner, text, code].into_iter().any(Option::is_some)
            || priority.is_some()
            || *stalled
            || since.is_some()
            || until.is_some()
    }

    /// Adds the condition that requests are in one of these states, unless the user said which.
    pub fn or_in(mut self, states: &[RequestState]) -> Self {
        if self.state.is_empty() {
            self.state = states.to_vec();
        }
        self
    }

    /// The query for the cluster, which knows servers by their ids only.
    pub async fn query(&self, remote: &Remote) -> Result<RequestQuery, Failure> {
        let server = match &self.owner {
            Some(server) => Some(remote.server(server).await?.id),
            None => None,
        };
        let states: Vec<&str> = self.state.iter().map(|state| state.as_str()).collect();
        Ok(RequestQuery {
            state: Some(states.join(",")).filter(|states| !states.is_empty()),
            project: self.project.clone(),
            flow: self.flow.clone(),
            server,
            q: self.text.clone(),
            from: self.since.map(Moment::time),
            to: self.until.map(Moment::time),
            code: self.code.clone(),
            priority: self.priority,
            stalled: self.stalled,
            ..RequestQuery::default()
        })
    }
}

fn parse_state(text: &str) -> Result<RequestState, String> {
    RequestState::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
        let names = RequestState::ALL.map(RequestState::as_str).join(", ");
        format!("“{text}” is not a state: use {names}")
    })
}
