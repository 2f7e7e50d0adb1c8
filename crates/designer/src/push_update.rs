//! Push update: push the commits, then Update on every server of the chosen cluster, one after the other.

mod history;
mod plan;

use crate::background::blocking;
use crate::cluster::Cluster;
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event, vcs};
use flow_api::{NewProject, Project, Server, ServerState, Update, Updated};
use flow_vcs::VcsError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ts_rs::TS;

pub use history::PushUpdateHistory;
use history::Record;
pub use plan::PushUpdatePlanOf;

/// Pushes what is committed (if anything is not pushed yet), records on the cluster the commit that every server
/// shall have, and then has every server Update, one after the other. Progress comes in `push-update-progress`
/// events. It stops at the first server that fails: those behind it keep what they have, and doing it again goes on there.
/// A project that the cluster does not know yet is registered with the address of the git remote. The result is kept in a
/// history. Errors: `vcs/…`, `cluster/…`, `push-update/uncommitted` when changed files would be left behind and
/// `leave_changes` is not set, `push-update/other-branch` when another git branch goes to the cluster,
/// `push-update/confirm` when the cluster is marked production and `confirm` is not its name.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushUpdate {
    /// The cluster.
    pub cluster: String,
    /// Go on although files have changes that are not committed. They stay here.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub leave_changes: bool,
    /// The name of the cluster, typed by the author: asked for where it is marked production.
    #[serde(default)]
    #[ts(optional)]
    pub confirm: Option<String>,
}

/// Push update as far as it has come, and at its end its result.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PushUpdateProgress {
    /// The cluster.
    pub cluster: String,
    /// The project's name on the cluster.
    pub project: String,
    /// The commit that every server shall have.
    pub commit: String,
    /// How many commits were pushed.
    pub pushed: u32,
    /// Every server, in the order of updating.
    pub servers: Vec<ServerUpdate>,
    /// Whether it is over.
    pub done: bool,
}

/// Push update on one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServerUpdate {
    /// The server's id.
    pub server: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub step: UpdateStep,
}

/// Where Push update stands on one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "step", rename_all = "camelCase")]
pub enum UpdateStep {
    /// Its turn has not come.
    Waiting,
    /// It updates.
    Updating,
    /// It has the commit.
    Updated {
        /// The commit it had before; null at its first Update.
        from: Option<String>,
        /// The version of the project that it starts new requests with.
        version: String,
        /// How long it took, in milliseconds.
        took: f64,
        /// The flows that cannot run there, each with the reason.
        problems: Vec<String>,
    },
    /// A server before it failed, so it keeps what it has.
    NotReached,
    /// It is down. It adopts the wanted commit when it starts.
    Down,
    /// It answered with an error.
    Failed {
        /// Stable code.
        code: String,
        /// What went wrong and the way out.
        message: String,
    },
}

impl Command for PushUpdate {
    const NAME: &'static str = "push_update";
    type Output = PushUpdateProgress;

    async fn run(self, designer: Arc<Designer>) -> Result<PushUpdateProgress, CommandError> {
        let project = designer.project()?;
        let cluster = designer.clusters.cluster(&self.cluster).await?;
        check_confirmed(&designer, &self.cluster, self.confirm.as_deref())?;
        // Asked before anything is pushed: when nobody answers, nothing has happened.
        let servers = cluster.servers().await?;
        let pushed = {
            let (project, hosts) = (Arc::clone(&project), designer.git_hosts());
            let wanted = designer.clusters.mark(&self.cluster).branch;
            let name = self.cluster.clone();
            blocking(move || {
                check_branch(&project, &name, wanted.as_deref())?;
                push(&project, &hosts, self.leave_changes)
            })
            .await?
        };
        designer.emit(Event::VcsChanged);
        let on_cluster = register(&cluster, project.files().name(), &pushed.origin).await?;

        let mut progress = PushUpdateProgress {
            cluster: self.cluster,
            project: on_cluster.name,
            commit: pushed.commit,
            pushed: pushed.count,
            servers: servers.iter().map(ServerUpdate::before).collect(),
            done: false,
        };
        let mut record = Record::begin(&designer, &progress, &pushed.subject, on_cluster.wanted_commit);
        designer.emit(Event::PushUpdateProgress(progress.clone()));
        let mut has_failed = false;
        for (at, server) in servers.iter().enumerate() {
            if progress.servers[at].step == UpdateStep::Down {
                continue;
            }
            if has_failed {
                progress.servers[at].step = UpdateStep::NotReached;
                continue;
            }
            progress.servers[at].step = UpdateStep::Updating;
            designer.emit(Event::PushUpdateProgress(progress.clone()));
            progress.servers[at].step = update(&cluster, server, &progress.project, &progress.commit).await;
            has_failed = matches!(progress.servers[at].step, UpdateStep::Failed { .. });
            record.keep(&designer, &progress);
            designer.emit(Event::PushUpdateProgress(progress.clone()));
        }
        progress.done = true;
        record.keep(&designer, &progress);
        designer.emit(Event::PushUpdateProgress(progress.clone()));
        Ok(progress)
    }
}

/// Makes a commit that brings the project back to a former version, and pushes that as an update: the same version again,
/// and nothing is taken out of the history. Open flows follow. Errors: as `push_update`, and `vcs/would-overwrite` when
/// changes that are not committed are in the way.
#[derive(Debug, Deserialize, TS)]
pub struct PushUpdateBack {
    /// The cluster.
    pub cluster: String,
    /// The commit to go back to.
    pub commit: String,
    /// The name of the cluster, typed by the author: asked for where it is marked production.
    #[serde(default)]
    #[ts(optional)]
    pub confirm: Option<String>,
}

impl Command for PushUpdateBack {
    const NAME: &'static str = "push_update_back";
    type Output = PushUpdateProgress;

    async fn run(self, designer: Arc<Designer>) -> Result<PushUpdateProgress, CommandError> {
        let project = designer.project()?;
        check_confirmed(&designer, &self.cluster, self.confirm.as_deref())?;
        let (going, name) = (Arc::clone(&project), self.cluster.clone());
        let wanted = designer.clusters.mark(&self.cluster).branch;
        blocking(move || {
            check_branch(&going, &name, wanted.as_deref())?;
            let repository = going.repository()?;
            let folder = vcs::folder_of(&going, &repository);
            let former = repository.commit_info(&self.commit)?;
            let subject = former.message.lines().next().unwrap_or_default();
            let message = format!("Back to {}: {subject}", former.id.get(..7).unwrap_or(&former.id));
            repository.go_back(&former.id, &folder, &message, None)?;
            Ok(())
        })
        .await?;
        designer.follow_now(&project);
        PushUpdate { cluster: self.cluster, leave_changes: true, confirm: self.confirm }.run(designer).await
    }
}

/// Refuses what goes to a cluster marked production before its name is given.
fn check_confirmed(designer: &Designer, cluster: &str, confirm: Option<&str>) -> Result<(), CommandError> {
    if designer.clusters.mark(cluster).production && confirm.map(str::trim) != Some(cluster) {
        let message = format!("“{cluster}” is marked production: type its name to push an update to it");
        return Err(CommandError::new("push-update/confirm", message));
    }
    Ok(())
}

/// Refuses to push from another git branch than the one that goes to the cluster.
fn check_branch(project: &OpenProject, cluster: &str, wanted: Option<&str>) -> Result<(), CommandError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let branch = project.repository()?.branch()?.ok_or(VcsError::Detached)?;
    if branch == wanted { Ok(()) } else { Err(other_branch(cluster, wanted, &branch)) }
}

fn other_branch(cluster: &str, wanted: &str, branch: &str) -> CommandError {
    let message = format!(
        "the git branch “{wanted}” goes to “{cluster}”, and “{branch}” is checked out: switch to “{wanted}”, or choose \
         another cluster"
    );
    CommandError::new("push-update/other-branch", message)
}

/// Where a project comes from: what tells projects on a cluster apart.
struct Origin {
    repository: String,
    branch: String,
    folder: String,
}

/// What was pushed.
struct Pushed {
    origin: Origin,
    commit: String,
    subject: String,
    count: u32,
}

impl Origin {
    /// Where the open project comes from. Blocks.
    fn of(project: &OpenProject) -> Result<Self, CommandError> {
        let repository = project.repository()?;
        Ok(Self {
            branch: repository.branch()?.ok_or(VcsError::Detached)?,
            folder: repository.relative(project.files().root()).unwrap_or_default(),
            repository: repository.remote()?.ok_or(VcsError::NoRemote)?.url,
        })
    }

    fn is_of(&self, project: &Project) -> bool {
        self.is_place_of(project) && project.branch == self.branch
    }

    fn is_of_another_branch(&self, project: &Project) -> bool {
        self.is_place_of(project) && project.branch != self.branch
    }

    fn is_place_of(&self, project: &Project) -> bool {
        same_place(&project.repository, &self.repository) && project.folder.trim_matches('/') == self.folder
    }
}

/// Pushes what is committed. Blocks.
fn push(project: &OpenProject, hosts: &vcs::GitHosts, leave_changes: bool) -> Result<Pushed, CommandError> {
    let status = vcs::status(project)?;
    let mut left: Vec<String> = status.changed.into_iter().map(|file| file.path).collect();
    left.extend(project.unsaved().into_iter().map(|flow| flow.path()));
    if !leave_changes && !left.is_empty() {
        left.sort();
        left.dedup();
        let message =
            format!("not committed, so the servers would not get it: {}. Commit first, or leave it", left.join(", "));
        return Err(CommandError::new("push-update/uncommitted", message));
    }
    let origin = Origin::of(project)?;
    let head = status.head.ok_or(VcsError::NoCommit)?;
    if status.ahead > 0 {
        let repository = project.repository()?;
        repository.push(&hosts.access_to(&repository)?)?;
    }
    let subject = head.message.lines().next().unwrap_or_default().to_owned();
    Ok(Pushed { origin, commit: head.id, subject, count: status.ahead })
}

/// The project as the cluster knows it; one that it does not know yet is registered.
async fn register(cluster: &Cluster, name: &str, origin: &Origin) -> Result<Project, CommandError> {
    let projects = cluster.any(|client| async move { client.projects().await }).await?;
    if let Some(project) = projects.iter().find(|project| origin.is_of(project)) {
        return Ok(project.clone());
    }
    if let Some(project) = projects.iter().find(|project| origin.is_of_another_branch(project)) {
        return Err(other_branch(&cluster.name, &project.branch, &origin.branch));
    }
    let name = cluster_name(name);
    if let Some(other) = projects.iter().find(|project| project.name == name) {
        let message = format!(
            "the cluster has a project “{name}” from another place ({}, branch {}): rename this project in project.json",
            other.repository, other.branch
        );
        return Err(CommandError::new("push-update/other-project", message));
    }
    let new = &NewProject {
        name,
        repository: origin.repository.clone(),
        branch: origin.branch.clone(),
        folder: origin.folder.clone(),
    };
    cluster.any(|client| async move { client.add_project(new).await }).await
}

/// The name of the open project on a cluster.
pub(crate) async fn name_on_cluster(cluster: &Cluster, project: Arc<OpenProject>) -> Result<String, CommandError> {
    let name = project.files().name().to_owned();
    let origin = blocking(move || Origin::of(&project)).await?;
    let projects = cluster.any(|client| async move { client.projects().await }).await?;
    projects.into_iter().find(|project| origin.is_of(project)).map(|project| project.name).ok_or_else(|| {
        CommandError::new("project/not-found", format!("the cluster does not have “{name}” yet: push an update first"))
    })
}

/// Brings one server up. Whatever goes wrong there is its answer; the others go on.
async fn update(cluster: &Cluster, server: &Server, project: &str, commit: &str) -> UpdateStep {
    let began = Instant::now();
    let wish = Update { commit: Some(commit.to_owned()) };
    let updated = match cluster.client(&server.address) {
        Ok(client) => client.update(project, &wish).await.map_err(CommandError::from),
        Err(error) => Err(error),
    };
    match updated {
        Ok(updated) => UpdateStep::updated(updated, began.elapsed()),
        Err(error) => UpdateStep::Failed { code: error.code, message: error.message },
    }
}

impl ServerUpdate {
    fn before(server: &Server) -> Self {
        let step = match server.state {
            ServerState::Running => UpdateStep::Waiting,
            // One in maintenance answers, and is to have the newest version when it works again.
            ServerState::Draining if server.maintenance => UpdateStep::Waiting,
            ServerState::Draining | ServerState::Terminated => UpdateStep::Down,
        };
        Self { server: server.id.clone(), name: server.name.clone(), step }
    }
}

impl UpdateStep {
    fn updated(updated: Updated, took: Duration) -> Self {
        let problem = |flow: &flow_api::FlowEntry| Some(format!("{}: {}", flow.name, flow.problem.as_ref()?));
        Self::Updated {
            from: updated.from,
            problems: updated.flows.iter().filter_map(problem).collect(),
            version: updated.version,
            took: took.as_secs_f64() * 1000.0,
        }
    }
}

/// The name of a project on a cluster, where only letters, digits, `-` and `_` are allowed.
fn cluster_name(project: &str) -> String {
    let mut name = String::new();
    for letter in project.trim().chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(64);
    match name.trim_end_matches('-') {
        "" => "project".to_owned(),
        name => name.to_owned(),
    }
}

/// Whether two addresses of repositories lead to the same one, as far as their texts tell.
fn same_place(one: &str, other: &str) -> bool {
    let plain = |address: &str| address.strip_prefix("file://").unwrap_or(address).trim_end_matches('/').to_owned();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::{cluster_name, same_place};

    #[test]
    fn a_project_gets_a_name_that_clusters_take() {
        let cases =
            [("Order import", "Order-import"), ("  Ärger / 2 ", "rger-2"), ("§", "project"), ("a_b-c", "a_b-c")];
        for (name, expected) in cases {
            assert_eq!(cluster_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_path_and_its_address_are_the_same_place() {
        assert!(same_place("file:///srv/orders.git", "/srv/orders.git/"));
        assert!(!same_place("https://a.example/orders.git", "https://b.example/orders.git"));
    }
}
