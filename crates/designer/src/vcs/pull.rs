//! Pull: what colleagues changed meanwhile is merged with what was changed here, and the author decides where both
//! changed the same.

use super::folder_of;
use crate::background::blocking;
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{Conflict, FlowName};
use flow_project::{FileMerge, merge_file};
use flow_vcs::{Access, FileVersions, MergedFile, VcsError};
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
    /// What both sides changed: ours is the author's own, theirs the remote's. Empty when the file has no parts.
    pub places: Vec<Conflict>,
    /// The same in words.
    pub words: Vec<String>,
}

/// Whose change is kept where both sides changed the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The author's own.
    Mine,
    /// The remote's.
    Theirs,
}

/// Fetches from the remote and brings the working copy up. What went different ways here and there is merged, flows by
/// component, with a merge commit; where both sides changed the same, the answer names it and nothing is merged, until
/// `keep` says whose changes count there. Open flows without changes of their own are loaded anew. Errors:
/// `vcs/no-remote`, `vcs/unreachable`, `vcs/auth`, `vcs/would-overwrite` when files with changes that are not committed
/// changed there too.
#[derive(Debug, Deserialize, TS)]
pub struct VcsPull {
    /// For files by their paths in the repository: whose changes to keep where both sides changed the same. All other
    /// changes of both sides are kept in any case; of a file without parts it is the whole.
    #[serde(default)]
    #[ts(as = "Option<BTreeMap<String, Side>>", optional)]
    pub keep: BTreeMap<String, Side>,
}

impl Command for VcsPull {
    const NAME: &'static str = "vcs_pull";
    type Output = Pulled;

    async fn run(self, designer: Arc<Designer>) -> Result<Pulled, CommandError> {
        let project = designer.project()?;
        let pulling = Arc::clone(&project);
        let pulled = blocking(move || pull(&pulling, &self.keep)).await;
        // Also after a failure: the remote may have been seen anew.
        designer.emit(Event::VcsChanged);
        let pulled = pulled?;
        designer.follow_now(&project);
        Ok(pulled)
    }
}

/// Fetches and merges. Blocks.
fn pull(project: &OpenProject, keep: &BTreeMap<String, Side>) -> Result<Pulled, CommandError> {
    let repository = project.repository()?;
    let folder = folder_of(project, &repository);
    let places = RefCell::new(BTreeMap::new());
    let merge = |versions: &FileVersions<'_>| match (merged(versions, &folder), keep.get(versions.path)) {
        (Merged::Whole(file), _) => file,
        (Merged::Parts(_, mine, _), Some(Side::Mine)) => MergedFile::Content(mine),
        (Merged::Parts(.., theirs), Some(Side::Theirs)) => MergedFile::Content(theirs),
        (Merged::Parts(conflicts, ..), None) => {
            let words = conflicts.iter().map(|conflict| conflict.what.clone()).collect();
            places.borrow_mut().insert(versions.path.to_owned(), conflicts);
            MergedFile::Conflicts(words)
        }
        (Merged::Unknown(problem), None) => {
            problem.map_or(MergedFile::LineByLine, |why| MergedFile::Conflicts(vec![why]))
        }
        (Merged::Unknown(_), Some(side)) => {
            let kept = if *side == Side::Mine { versions.ours } else { versions.theirs };
            kept.map_or(MergedFile::Removed, |content| MergedFile::Content(content.to_vec()))
        }
    };
    match repository.pull_merging(&Access::ambient(), None, &merge) {
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

/// What came of merging a file.
enum Merged {
    /// This, whatever the author wants to keep.
    Whole(MergedFile),
    /// Conflicts in some of its parts; the whole with mine there, and with theirs.
    Parts(Vec<Conflict>, Vec<u8>, Vec<u8>),
    /// The file has no parts that are known; why, if it should have some.
    Unknown(Option<String>),
}

fn merged(versions: &FileVersions<'_>, folder: &str) -> Merged {
    let (Some(path), Some(ours), Some(theirs)) = (versions.path.strip_prefix(folder), versions.ours, versions.theirs)
    else {
        return Merged::Unknown(None);
    };
    match merge_file(path, versions.base, ours, theirs) {
        FileMerge::Merged(text) => Merged::Whole(MergedFile::Content(text.into_bytes())),
        FileMerge::Conflicts { conflicts, text } => {
            // A merge leaves what is in conflict as the first side has it.
            let theirs = match merge_file(path, versions.base, theirs, ours) {
                FileMerge::Merged(text) | FileMerge::Conflicts { text, .. } => text.into_bytes(),
                FileMerge::Unreadable(_) | FileMerge::NotAFlow => theirs.to_vec(),
            };
            Merged::Parts(conflicts, text.into_bytes(), theirs)
        }
        FileMerge::Unreadable(problem) => Merged::Unknown(Some(problem)),
        FileMerge::NotAFlow => Merged::Unknown(None),
    }
}
