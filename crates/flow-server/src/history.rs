//! What the commits of a project changed, flow by flow and in words.

use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::update::working_copy;
use flow_api::{CommitFile, CommitFileChange, Page, ProjectCommit, Time, codes};
use flow_model::{Calendar, Flow, FlowName, Trigger, diff};
use flow_store::ProjectName;
use flow_vcs::{CommitChanges, FileInCommit, Repository};

/// So many changes of a flow are told in words.
const WORDS: usize = 50;

/// The commits that changed a project, up to the one that this server has, the newest first.
pub async fn history(app: &App, name: &ProjectName, after: Option<String>, limit: usize) -> Reply<Page<ProjectCommit>> {
    let project = app.store.project(name).await?;
    let copy = working_copy(&app.copies, &project);
    let here = app.projects.here(name).filter(|_| copy.exists()).ok_or_else(|| {
        let detail = format!("this server has no working copy of “{name}” yet: run Update on it first");
        Refusal::new(codes::PROJECT_NO_VERSION, detail)
    })?;
    let read = tokio::task::spawn_blocking(move || -> Reply<Page<ProjectCommit>> {
        let changes = Repository::open(copy)?.changes(&here.commit, &project.folder, after.as_deref(), limit)?;
        let next = changes.last().filter(|_| changes.len() == limit).map(|last| last.commit.id.clone());
        Ok(Page { items: changes.into_iter().map(commit).collect(), next })
    });
    read.await.map_err(|error| Refusal::internal(&error))?
}

fn commit(changes: CommitChanges) -> ProjectCommit {
    let CommitChanges { commit, files } = changes;
    let (summary, message) = commit.message.split_once('\n').unwrap_or((&commit.message, ""));
    ProjectCommit {
        summary: summary.trim().to_owned(),
        message: message.trim().to_owned(),
        id: commit.id,
        author: commit.author,
        email: commit.email,
        at: Time::from_millisecond(commit.at),
        changes: files.into_iter().map(file).collect(),
    }
}

fn file(file: FileInCommit) -> CommitFile {
    let kind = match (&file.before, &file.after) {
        (None, _) => CommitFileChange::Added,
        (_, None) => CommitFileChange::Removed,
        _ => CommitFileChange::Changed,
    };
    let flow = FlowName::from_path(&file.path).map(|name| name.to_string());
    let words = match (&flow, &file.before, &file.after) {
        (Some(_), Some(before), Some(after)) => words(before, after),
        (None, Some(before), Some(after)) => differences(&file.path, before, after),
        _ => Vec::new(),
    };
    CommitFile { path: file.path, flow, kind, words }
}

/// What changed of a trigger or a calendar; nothing where the file is neither, or cannot be read.
fn differences(path: &str, before: &[u8], after: &[u8]) -> Vec<String> {
    let (Ok(before), Ok(after)) = (std::str::from_utf8(before), std::str::from_utf8(after)) else { return Vec::new() };
    let of_trigger = |name| {
        let (before, after) = (Trigger::from_json(name, before).ok()?, Trigger::from_json(name, after).ok()?);
        Some(before.differences(&after))
    };
    let of_calendar = |name| {
        let (before, after) = (Calendar::from_json(name, before).ok()?, Calendar::from_json(name, after).ok()?);
        Some(before.differences(&after))
    };
    let all = Trigger::name_in(path).and_then(of_trigger);
    let all = all.or_else(|| Calendar::name_in(path).and_then(of_calendar)).unwrap_or_default();
    all.into_iter().take(WORDS).collect()
}

/// What changed of a flow; nothing where one of them cannot be read.
fn words(before: &[u8], after: &[u8]) -> Vec<String> {
    let flow = |bytes: &[u8]| Flow::from_json(std::str::from_utf8(bytes).ok()?).ok();
    let (Some(before), Some(after)) = (flow(before), flow(after)) else { return Vec::new() };
    diff(&before, &after).into_iter().take(WORDS).map(|change| change.words).collect()
}
