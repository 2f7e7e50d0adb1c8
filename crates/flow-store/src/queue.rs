//! Who comes next: priority, turns between flows, and limits. Pure functions, so that every store chooses alike.
//!
//! Requests of one flow with the same priority and limits stand in one *lane*, what has been due longest first. A claim
//! takes from the lanes by turns:
//!
//! * A higher priority comes first.
//! * Of lanes with the same priority the one comes first from which nothing has been claimed for the longest time. So ten
//!   thousand requests of one flow hold up another flow by one request, not by ten thousand.
//! * For each [`RISES_MS`] in which something of a lane waits and nothing is claimed from it, its next request counts as if
//!   it had one priority more. So a low priority waits long, but not for ever.
//! * A lane that is under a limit which is reached is passed over.

use crate::{ProjectName, RequestId, Setting, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

/// After so many milliseconds in which nothing was claimed from it, a lane counts as if it had one priority more.
pub const RISES_MS: u64 = 60_000;

/// When a lane had its last turn is noted this exactly while no other lane waits, in milliseconds: who is alone owes
/// nobody a write.
const NOTED_MS: u64 = 1000;

/// What a limit is about, within a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limited {
    /// The requests of a flow.
    Flow(String),
    /// The requests of all flows that use a connection.
    Connection(String),
}

/// A limit that a request is under: it starts only while fewer than `most` of the requests that are under a limit of the
/// same thing are `Running`, anywhere in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Limit {
    /// What it is about.
    pub of: Limited,
    /// How many run at once at most.
    pub most: u32,
}

impl Limit {
    /// The number that is no limit: only what an operator sets counts.
    pub const NONE: u32 = u32::MAX;
}

impl Limited {
    /// The setting by which an operator says how many may run, in place of what the project says:
    /// `limit.flow.orders/import`.
    pub fn setting(&self, project: &ProjectName) -> String {
        match self {
            Self::Flow(name) => format!("{FLOW_SETTING}{project}/{name}"),
            Self::Connection(name) => format!("{CONNECTION_SETTING}{project}/{name}"),
        }
    }

    /// What a setting with this key is about; none if it is no limit.
    pub fn of_setting(key: &str) -> Option<(ProjectName, Self)> {
        let named = |of: fn(String) -> Self, rest: &str| {
            let (project, name) = rest.split_once('/').filter(|(_, name)| !name.is_empty())?;
            Some((ProjectName::parse(project).ok()?, of(name.to_owned())))
        };
        key.strip_prefix(FLOW_SETTING)
            .and_then(|rest| named(Self::Flow, rest))
            .or_else(|| key.strip_prefix(CONNECTION_SETTING).and_then(|rest| named(Self::Connection, rest)))
    }
}

const FLOW_SETTING: &str = "limit.flow.";
const CONNECTION_SETTING: &str = "limit.connection.";

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow(name) => write!(f, "flow {name}"),
            Self::Connection(name) => write!(f, "connection {name}"),
        }
    }
}

/// The limits of the cluster at one moment: how many requests run under each, and what operators set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    running: BTreeMap<(ProjectName, Limited), u32>,
    set: BTreeMap<(ProjectName, Limited), u32>,
}

impl Limits {
    /// Those that operators set, of all settings of the cluster.
    pub fn of_settings<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> Self {
        let set = |setting: &Setting| {
            let most = setting.value.as_u64().and_then(|most| u32::try_from(most).ok())?;
            Some((Limited::of_setting(&setting.key)?, most))
        };
        Self { running: BTreeMap::new(), set: settings.into_iter().filter_map(set).collect() }
    }

    /// So many requests more run under `limits`.
    pub fn run(&mut self, project: &ProjectName, limits: &[Limit], requests: u32) {
        for limit in limits {
            *self.running.entry((project.clone(), limit.of.clone())).or_default() += requests;
        }
    }

    /// How many requests run under a limit.
    pub fn running(&self, project: &ProjectName, of: &Limited) -> u32 {
        self.running.get(&(project.clone(), of.clone())).copied().unwrap_or(0)
    }

    /// How many may: what an operator set, or else what the request says.
    pub fn most(&self, project: &ProjectName, limit: &Limit) -> u32 {
        self.set.get(&(project.clone(), limit.of.clone())).copied().unwrap_or(limit.most)
    }

    /// What an operator set for something.
    pub fn set(&self, project: &ProjectName, of: &Limited) -> Option<u32> {
        self.set.get(&(project.clone(), of.clone())).copied()
    }

    /// The first of these limits that is reached.
    pub fn reached<'a>(&self, project: &ProjectName, limits: &'a [Limit]) -> Option<&'a Limit> {
        limits.iter().find(|limit| self.running(project, &limit.of) >= self.most(project, limit))
    }
}

/// A lane that something waits in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its number in the store.
    pub id: i64,
    /// The project of its requests.
    pub project: ProjectName,
    /// Their priority.
    pub priority: i32,
    /// What limits them.
    pub limits: Vec<Limit>,
    /// When something was last claimed from it, as far as that is noted.
    pub served: Option<Timestamp>,
}

/// The requests at the head of a lane that a server can claim, what has been due longest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The lane.
    pub lane: Lane,
    /// Its requests, each with the time since when it has been due.
    pub ready: Vec<(Timestamp, RequestId)>,
}

/// What a claim takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The requests, in the order in which they are to start.
    pub requests: Vec<RequestId>,
    /// The lanes of which it is to be noted that they had their turn.
    pub served: Vec<i64>,
}

/// A lane's place in the row: the greatest comes first.
type Place = (i64, Reverse<u32>, Reverse<Option<Timestamp>>, Reverse<(Timestamp, RequestId)>);

/// Chooses at most `most` requests; see the module.
pub fn choose(lines: &[Line], mut limits: Limits, most: usize, now: Timestamp) -> Choice {
    let mut row: BinaryHeap<(Place, usize, usize)> = BinaryHeap::new();
    let waiting = lines.iter().filter(|line| !line.ready.is_empty()).count();
    for (number, line) in lines.iter().enumerate() {
        if let Some(first) = line.ready.first() {
            let level = i64::from(line.lane.priority) + risen(line, first.0, now);
            row.push(((level, Reverse(0), Reverse(line.lane.served), Reverse(*first)), number, 0));
        }
    }
    let mut choice = Choice::default();
    while choice.requests.len() < most
        && let Some((_, number, taken)) = row.pop()
    {
        let Some(line) = lines.get(number) else { continue };
        let lane = &line.lane;
        let Some((_, request)) = line.ready.get(taken) else { continue };
        if limits.reached(&lane.project, &lane.limits).is_some() {
            continue;
        }
        limits.run(&lane.project, &lane.limits, 1);
        choice.requests.push(*request);
        if taken == 0 && (waiting > 1 || lane.served.is_none_or(|served| served.plus_ms(NOTED_MS) <= now)) {
            choice.served.push(lane.id);
        }
        if let Some(next) = line.ready.get(taken + 1) {
            // It has had a turn: now its priority alone counts.
            let turns = u32::try_from(taken + 1).unwrap_or(u32::MAX);
            let place = (i64::from(lane.priority), Reverse(turns), Reverse(Some(now)), Reverse(*next));
            row.push((place, number, taken + 1));
        }
    }
    choice
}

/// By how many priorities a lane has risen.
fn risen(line: &Line, since: Timestamp, now: Timestamp) -> i64 {
    let passed_over = line.lane.served.map_or(since, |served| served.max(since));
    let waited = passed_over.until(now).as_millis() / u128::from(RISES_MS);
    i64::try_from(waited).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests;
