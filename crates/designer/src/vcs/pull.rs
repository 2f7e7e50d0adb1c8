//! Pull: what colleagues changed meanwhile is merged with what was changed here, and the author decides where both
//! changed the same.

use super::{GitHosts, folder_of};
use crate::background::blocking;
use crate::conflict::{ConflictView, Keep, Side};
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{Conflict, FlowName};
use flow_project::{FileMerge, merge_file_deciding};
use flow_vcs::{FileVersions, MergedFile, VcsError};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Pulled {
    /// The commit before; null in an empty working copy.
    pub from: Option<String>,
    /// The commit now; the same when there was nothing new, or when there are conflicts.
    pub to: Option<String>,
    /// The files in which both sides changed the same, each differently. Nothing was merged then: pull again and say
    /// whose changes to keep.
    pub conflicts: Vec<PullConflict>,
}

/// A file in which both sides changed the same, each differently.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct PullConflict {
    /// Its path within the repository.
    pub path: String,
    /// The flow, if it is a flow's file.
    pub flow: Option<FlowName>,
    /// What both sides changed: mine is the author's own, theirs the remote's. Empty when the file has no parts, so that
    /// it is kept as a whole, under the key `file`.
    pub places: Vec<ConflictView>,
    /// The same in words.
    pub words: Vec<String>,
}

/// The key of a file without parts.
const WHOLE: &str = "file";

/// Fetches from the remote and brings the working copy up. What went different ways here and there is merged, flows by
/// component, with a merge commit; where both sides changed the same, the answer names it and nothing is merged, until
/// `keep` says whose changes count there. Open flows without changes of their own are loaded anew. Errors:
/// `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/would-overwrite` when files with changes that are not committed
/// changed there too.
#[derive(Debug, Deserialize, TS)]
pub struct VcsPull {
    /// For files by their paths in the repository: whose change to keep for each conflict, by its key. All other changes
    /// of both sides are kept in any case.
    #[serde(default)]
    #[ts(as = "Option<BTreeMap<String, BTreeMap<String, Side>>>", optional)]
    pub keep: BTreeMap<String, Keep>,
}

impl Command for VcsPull {
    const NAME: &'static str = "vcs_pull";
    type Output = Pulled;

    async fn run(self, designer: Arc<Designer>) -> Result<Pulled, CommandError> {
        let project = designer.project()?;
        let (pulling, hosts) = (Arc::clone(&project), designer.git_hosts());
        let pulled = blocking(move || pull(&pulling, &hosts, &self.keep)).await;
        // Also after a failure: the remote may have been seen anew.
        designer.emit(Event::VcsChanged);
        let pulled = pulled?;
        designer.follow_now(&project);
        Ok(pulled)
    }
}

/// Fetches and merges. Blocks.
fn pull(project: &OpenProject, hosts: &GitHosts, keep: &BTreeMap<String, Keep>) -> Result<Pulled, CommandError> {
    let repository = project.repository()?;
    let folder = folder_of(project, &repository);
    let places = RefCell::new(BTreeMap::new());
    let nothing = Keep::new();
    let merge = |versions: &FileVersions<'_>| {
        let keep = keep.get(versions.path).unwrap_or(&nothing);
        match merged(versions, &folder, keep) {
            Ok(file) => file,
            Err(conflicts) => {
                let words = conflicts.iter().map(|conflict| conflict.what.clone()).collect();
                let views: Vec<ConflictView> = conflicts.iter().map(ConflictView::of).collect();
                places.borrow_mut().insert(versions.path.to_owned(), views);
                MergedFile::Conflicts(words)
            }
        }
    };
    match repository.pull_merging(&hosts.access_to(&repository)?, None, &merge) {
        Ok(updated) => Ok(Pulled { from: updated.from, to: Some(updated.to), conflicts: Vec::new() }),
        Err(VcsError::MergeConflict { files }) => {
            let head = repository.status()?.head.map(|head| head.id);
            let mut places = places.into_inner();
            let conflict = |file: flow_vcs::FileConflict| PullConflict {
                flow: file.path.strip_prefix(&folder).and_then(FlowName::from_path),
                places: places.remove(&file.path).unwrap_or_default(),
                words: file.places,
                path: file.path,
            };
            let conflicts = files.into_iter().map(conflict).collect();
            Ok(Pulled { from: head.clone(), to: head, conflicts })
        }
        Err(error) => Err(error.into()),
    }
}

/// What becomes of a file, or what of its parts is to be decided.
fn merged(versions: &FileVersions<'_>, folder: &str, keep: &Keep) -> Result<MergedFile, Vec<Conflict>> {
    let whole = || {
        let side = keep.get(WHOLE)?;
        let kept = if *side == Side::Mine { versions.ours } else { versions.theirs };
        Some(kept.map_or(MergedFile::Removed, |content| MergedFile::Content(content.to_vec())))
    };
    let (Some(path), Some(ours), Some(theirs)) = (versions.path.strip_prefix(folder), versions.ours, versions.theirs)
    else {
        return Ok(whole().unwrap_or(MergedFile::LineByLine));
    };
    let decide = |conflict: &Conflict| keep.get(&conflict.key()).map(|side| (*side).into());
    match merge_file_deciding(path, versions.base, ours, theirs, &decide) {
        FileMerge::Merged(text) => Ok(MergedFile::Content(text.into_bytes())),
        FileMerge::Conflicts { conflicts, .. } => Err(conflicts),
        FileMerge::Unreadable(why) => Ok(whole().unwrap_or(MergedFile::Conflicts(vec![why]))),
        FileMerge::NotAFlow => Ok(whole().unwrap_or(MergedFile::LineByLine)),
    }
}
