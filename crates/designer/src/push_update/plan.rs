//! What a Push update would do: what each server has and would get, and which requests go on at older versions.

use super::{Origin, other_branch};
use crate::background::blocking;
use crate::cluster::Cluster;
use crate::project::OpenProject;
use crate::vcs::{Commit, FileChange, FlowWords, file_words, folder_of, status};
use crate::{Command, CommandError, Designer};
use flow_api::{RequestQuery, Server, ServerState};
use flow_model::FlowName;
use flow_vcs::Repository;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// So many requests are looked through for their versions.
const LOOKED_AT: usize = 2_000;
/// So many at a time.
const PAGE: u32 = 500;
/// The states of requests that have not ended.
const GOING_ON: &str = "Queued,Running,Waiting,WaitingForRetry";

/// What a Push update would do.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushUpdatePlan {
    /// The cluster.
    pub cluster: String,
    /// The project's name on the cluster; null when it would be registered there.
    pub project: Option<String>,
    /// The git branch.
    pub branch: Option<String>,
    /// The commit that every server would have; null when there is none yet.
    pub commit: Option<Commit>,
    /// The commit that the cluster wants now.
    pub former: Option<String>,
    /// How many commits would be pushed.
    pub ahead: u32,
    /// The files whose changes would stay here.
    pub left: Vec<String>,
    /// What each server has and would get.
    pub servers: Vec<PlannedServer>,
    /// The requests that have not ended and go on at older versions.
    pub pinned: Vec<PinnedRequests>,
    /// Whether there are more requests than were looked at.
    pub more_pinned: bool,
    /// What stands in the way, each with its way out. Empty when nothing does.
    pub obstacles: Vec<PlanObstacle>,
}

/// What a server has and would get.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlannedServer {
    /// Its id.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Whether it works. One that does not takes the update when it starts.
    pub up: bool,
    /// The commit that it has; null before its first Update.
    pub has: Option<String>,
    /// How many commits it would get; null where its commit is not known here.
    pub commits: Option<u32>,
    /// What would change on it.
    pub changes: Vec<FlowWords>,
}

/// Requests that go on at an older version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PinnedRequests {
    /// The version.
    pub version: String,
    /// A commit that has it, if a server tells one.
    pub commit: Option<String>,
    /// How many there are.
    pub count: u32,
    /// Their flows.
    pub flows: Vec<String>,
}

/// What stands in the way of a Push update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PlanObstacle {
    /// Stable code: `push-update/other-branch`.
    pub code: String,
    /// What it is, and the way out.
    pub message: String,
    /// The git branch to switch to, where that is the way out.
    pub branch: Option<String>,
}

/// What Push update to a cluster would do. Nothing is changed.
#[derive(Debug, Deserialize, TS)]
pub struct PushUpdatePlanOf {
    /// The cluster.
    pub cluster: String,
}

impl Command for PushUpdatePlanOf {
    const NAME: &'static str = "push_update_plan";
    type Output = PushUpdatePlan;

    async fn run(self, designer: Arc<Designer>) -> Result<PushUpdatePlan, CommandError> {
        let project = designer.project()?;
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        let servers = cluster.servers().await?;
        let projects = cluster.any(|client| async move { client.projects().await }).await?;
        let wanted = designer.clusters.mark(&self.cluster).branch;
        let name = self.cluster;
        let (mut plan, version) =
            blocking(move || here(&project, name, wanted.as_deref(), &projects, &servers)).await?;
        if let Some(project) = &plan.project {
            let (pinned, more) = pinned(&cluster, project, &version).await?;
            plan.more_pinned = more;
            plan.pinned = pinned;
        }
        Ok(plan)
    }
}

/// What can be told from the repository, with the version that new requests would start with. Blocks.
fn here(
    project: &OpenProject,
    cluster: String,
    wanted: Option<&str>,
    projects: &[flow_api::Project],
    servers: &[Server],
) -> Result<(PushUpdatePlan, Version), CommandError> {
    let status = status(project)?;
    let repository = project.repository()?;
    let folder = folder_of(project, &repository);
    let mut obstacles = Vec::new();
    let mut in_the_way = |error: CommandError, branch: Option<String>| {
        obstacles.push(PlanObstacle { code: error.code, message: error.message, branch });
    };
    if let (Some(wanted), Some(branch)) = (wanted, &status.branch)
        && wanted != branch
    {
        in_the_way(other_branch(&cluster, wanted, branch), Some(wanted.to_owned()));
    }
    let origin = Origin::of(project).map_err(|error| in_the_way(error, None)).ok();
    let on_cluster = origin.as_ref().and_then(|origin| projects.iter().find(|project| origin.is_of(project)));
    if let (None, Some(origin)) = (on_cluster, &origin)
        && let Some(other) = projects.iter().find(|project| origin.is_of_another_branch(project))
        && wanted.is_none_or(|wanted| wanted == origin.branch)
    {
        in_the_way(other_branch(&cluster, &other.branch, &origin.branch), Some(other.branch.clone()));
    }
    if status.head.is_none() {
        in_the_way(flow_vcs::VcsError::NoCommit.into(), None);
    }
    if status.behind > 0 {
        let message = "the remote has commits that are not here: pull them first, so that the servers get both";
        in_the_way(CommandError::new("vcs/not-fast-forward", message), None);
    }
    let name = on_cluster.map(|project| project.name.clone());
    let target = status.head.as_ref().map(|head| head.id.clone());
    let plan = |server: &Server| planned(&repository, &folder, server, name.as_deref(), target.as_deref());
    let planned: Vec<PlannedServer> = servers.iter().map(plan).collect();
    if let Some(newer) = planned.iter().find(|server| server.commits.is_none() && server.has.is_some()) {
        let message = format!(
            "{} has commit {}, which is not here: pull first, or its version would be passed over",
            newer.name,
            newer.has.as_deref().and_then(|has| has.get(..7)).unwrap_or_default()
        );
        in_the_way(CommandError::new("push-update/unknown-commit", message), None);
    }
    let mut left: Vec<String> = status.changed.into_iter().map(|file| file.path).collect();
    left.extend(project.unsaved().into_iter().map(|flow| format!("{folder}{}", flow.path())));
    left.sort();
    left.dedup();
    let version = Version {
        new: target.as_deref().and_then(|commit| repository.tree_id(commit, &folder).ok()),
        commits: name.as_deref().map(|name| commits_by_version(servers, name)).unwrap_or_default(),
    };
    let plan = PushUpdatePlan {
        cluster,
        project: name,
        branch: status.branch,
        commit: status.head,
        former: on_cluster.and_then(|project| project.wanted_commit.clone()),
        ahead: status.ahead,
        left,
        servers: planned,
        pinned: Vec::new(),
        more_pinned: false,
        obstacles,
    };
    Ok((plan, version))
}

/// The version that new requests would start with, and the commits of those that servers have.
struct Version {
    new: Option<String>,
    commits: BTreeMap<String, String>,
}

fn commits_by_version(servers: &[Server], project: &str) -> BTreeMap<String, String> {
    let versions = servers.iter().flat_map(|server| &server.versions);
    let of_project = versions.filter(|version| version.project == project);
    of_project.map(|version| (version.version.clone(), version.commit.clone())).collect()
}

fn planned(
    repository: &Repository,
    folder: &str,
    server: &Server,
    project: Option<&str>,
    target: Option<&str>,
) -> PlannedServer {
    let versions = server.versions.iter();
    let has =
        versions.filter(|version| Some(version.project.as_str()) == project).map(|version| &version.commit).next();
    let between = has.zip(target).and_then(|(has, target)| repository.commits_between(has, target).ok());
    let files = has.zip(target).and_then(|(has, target)| repository.difference(has, target, folder).ok());
    let words = |file: flow_vcs::FileInCommit| {
        let flow = FlowName::from_path(&file.path);
        let change = match (&file.before, &file.after) {
            (None, _) => FileChange::Added,
            (_, None) => FileChange::Deleted,
            _ => FileChange::Modified,
        };
        let words = flow.as_ref().map(|_| file_words(file.before.as_deref(), file.after.as_deref()));
        FlowWords { path: file.path, flow, change, words: words.unwrap_or_default() }
    };
    PlannedServer {
        server: server.id.clone(),
        name: server.name.clone(),
        up: server.state == ServerState::Running,
        has: has.cloned(),
        commits: between.map(|(ahead, _)| u32::try_from(ahead).unwrap_or(u32::MAX)),
        changes: files.unwrap_or_default().into_iter().map(words).collect(),
    }
}

/// The requests of a project that have not ended and are pinned to another version than the new one.
async fn pinned(
    cluster: &Cluster,
    project: &str,
    version: &Version,
) -> Result<(Vec<PinnedRequests>, bool), CommandError> {
    let mut found: BTreeMap<String, PinnedRequests> = BTreeMap::new();
    let mut after = None;
    let mut looked_at = 0;
    loop {
        let query = &RequestQuery {
            state: Some(GOING_ON.to_owned()),
            project: Some(project.to_owned()),
            limit: Some(PAGE),
            after: after.clone(),
            ..RequestQuery::default()
        };
        let page = cluster.any(|client| async move { client.requests(query).await }).await?;
        looked_at += page.items.len();
        for request in page.items.into_iter().filter(|request| Some(&request.version) != version.new.as_ref()) {
            let pinned = found.entry(request.version.clone()).or_insert_with(|| PinnedRequests {
                commit: version.commits.get(&request.version).cloned(),
                version: request.version,
                count: 0,
                flows: Vec::new(),
            });
            pinned.count += 1;
            if !pinned.flows.contains(&request.flow) {
                pinned.flows.push(request.flow);
            }
        }
        after = page.next;
        if after.is_none() || looked_at >= LOOKED_AT {
            return Ok((found.into_values().collect(), after.is_some()));
        }
    }
}
