//! What is to be known about a repository, in words, with the way out; and the ways out that Cairn goes itself.

use super::{VcsView, folder_of, status};
use crate::background::blocking;
use crate::conflict::{ConflictView, Keep, Side};
use crate::project::OpenProject;
use crate::{Command, CommandError, Designer, Event};
use flow_components::counted;
use flow_model::{Conflict, FlowName};
use flow_project::{FileMerge, merge_file_deciding};
use flow_vcs::{FileChange, Repository, State, Status};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use ts_rs::TS;

/// Something to know about the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Situation {
    /// Stable code: `detached`.
    pub code: SituationCode,
    /// What it is, in a few words.
    pub title: String,
    /// What it means, and the way out.
    pub text: String,
}

/// What kind of situation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SituationCode {
    /// Another git program is at work, or one crashed.
    Locked,
    /// A merge, rebase, cherry-pick, revert or bisect has begun and not ended.
    InProgress,
    /// Files are in conflict.
    Conflicts,
    /// The head is on no branch.
    Detached,
    /// There is no commit yet.
    NoCommit,
    /// Both the remote and the branch here have commits that the other has not.
    Diverged,
    /// The remote has commits that are not here.
    Behind,
    /// Commits are not pushed.
    Unpushed,
    /// There is no remote.
    NoRemote,
    /// The repository is a submodule of another.
    Submodule,
    /// Submodules of the repository hold something else than the last commit says.
    ChangedSubmodules,
}

/// What is to be known about a repository, the most pressing first.
pub(super) fn of(repository: &Repository, status: &Status, folder: &str) -> Vec<Situation> {
    let mut found = Vec::new();
    let mut tell = |code, title: &str, text: String| found.push(Situation { code, title: title.to_owned(), text });
    let commits = |count: usize| counted(count as u64, "commit");
    if let Some(lock) = repository.index_lock() {
        let text = format!(
            "Another git program is at work here; wait for it. If none is, one crashed: remove {}.",
            lock.display()
        );
        tell(SituationCode::Locked, "The repository is locked", text);
    }
    let in_conflict: Vec<&str> = status
        .changed
        .iter()
        .filter(|file| file.kind == FileChange::Conflicted)
        .map(|file| file.path.as_str())
        .collect();
    if !in_conflict.is_empty() {
        let flows = in_conflict.iter().filter_map(|path| FlowName::from_path(path.strip_prefix(folder)?)).count();
        let way_out =
            if flows > 0 { "Solve the flows here, the other files in an editor" } else { "Solve them in an editor" };
        let text = format!("Both sides changed the same in {}. {way_out}, then go on.", in_conflict.join(", "));
        tell(SituationCode::Conflicts, "Files are in conflict", text);
    }
    if let Some((title, text)) = in_progress(status.state) {
        tell(SituationCode::InProgress, title, text.to_owned());
    }
    if status.state == State::Detached {
        let at = status.head.as_ref().map_or("no commit", |head| head.id.get(..7).unwrap_or(&head.id));
        let text = format!(
            "What is shown is commit {at}, and no branch goes on from here. Make a branch to keep what you commit, or \
             switch to one."
        );
        tell(SituationCode::Detached, "On no git branch", text);
    }
    if status.head.is_none() {
        let text = "Nothing is kept in a version yet. Commit, so that you can come back to what there is now.";
        tell(SituationCode::NoCommit, "No commit yet", text.to_owned());
    }
    match (status.ahead, status.behind) {
        (ahead, behind) if ahead > 0 && behind > 0 => {
            let text = format!(
                "{} here and {} on the remote. Pull merges them, flows by component, and asks where both changed the same.",
                commits(ahead),
                commits(behind)
            );
            tell(SituationCode::Diverged, "The branch and its remote went different ways", text);
        }
        (_, behind) if behind > 0 => {
            let text = format!("The remote has {} that are not here. Pull brings them.", commits(behind));
            tell(SituationCode::Behind, "The remote has news", text);
        }
        (ahead, _) if ahead > 0 && status.remote.is_some() => {
            let text = format!("Nobody else can see {} of yours yet. Push publishes what is here.", commits(ahead));
            tell(SituationCode::Unpushed, "Not pushed", text);
        }
        _ => {}
    }
    if status.remote.is_none() {
        let text = "Versions are kept on this machine alone, and servers cannot update from it. Add the address of a \
                    repository that others reach.";
        tell(SituationCode::NoRemote, "No remote", text.to_owned());
    }
    if repository.is_submodule() {
        let text = "Commits made here are taken up by the repository around it only when they are committed there too.";
        tell(SituationCode::Submodule, "The repository is a submodule", text.to_owned());
    }
    let submodules = repository.changed_submodules();
    if !submodules.is_empty() {
        let text = format!(
            "{}: brought up with `git submodule update`, or committed with git. Cairn leaves submodules alone.",
            submodules.join(", ")
        );
        tell(SituationCode::ChangedSubmodules, "Submodules are not as committed", text);
    }
    found
}

fn in_progress(state: State) -> Option<(&'static str, &'static str)> {
    Some(match state {
        State::Ready | State::Detached => return None,
        State::Merging => (
            "A merge is in progress",
            "When no file is in conflict any more, `git commit` ends it; `git merge --abort` takes it back. Until then \
             Cairn commits nothing.",
        ),
        State::Rebasing => (
            "A rebase is in progress",
            "`git rebase --continue` goes on with it; `git rebase --abort` takes it back. Until then Cairn commits nothing.",
        ),
        State::CherryPicking => (
            "A cherry-pick is in progress",
            "`git cherry-pick --continue` ends it; `git cherry-pick --abort` takes it back. Until then Cairn commits nothing.",
        ),
        State::Reverting => (
            "A revert is in progress",
            "`git revert --continue` ends it; `git revert --abort` takes it back. Until then Cairn commits nothing.",
        ),
        State::Bisecting => {
            ("A bisect is in progress", "`git bisect reset` ends it. Until then Cairn commits nothing.")
        }
    })
}

/// Puts the project under git, on the branch `main`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsInit {}

impl Command for VcsInit {
    const NAME: &'static str = "vcs_init";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        let project = designer.project()?;
        let beginning = Arc::clone(&project);
        let view = blocking(move || {
            if Repository::open(beginning.files().root()).is_err() {
                Repository::init(beginning.files().root())?;
            }
            status(&beginning)
        })
        .await?;
        designer.changed_files(&project)?;
        Ok(view)
    }
}

/// Sets the address of the remote `origin`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsSetRemote {
    /// The address.
    pub url: String,
}

impl Command for VcsSetRemote {
    const NAME: &'static str = "vcs_set_remote";
    type Output = VcsView;

    async fn run(self, designer: Arc<Designer>) -> Result<VcsView, CommandError> {
        let project = designer.project()?;
        let url = self.url.trim().to_owned();
        if url.is_empty() || url.chars().any(char::is_control) {
            return Err(CommandError::new(
                "vcs/remote",
                "give the address of a repository: https://…, ssh://… or a path",
            ));
        }
        let view = blocking(move || {
            let repository = project.repository()?;
            let name = repository.remote()?.map_or_else(|| "origin".to_owned(), |remote| remote.name);
            repository.set_remote(&name, &url)?;
            status(&project)
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(view)
    }
}

/// What both sides of a merge by git changed in a flow whose file is in conflict. Errors: `vcs/not-in-conflict`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsSolveConflicts {
    /// The flow.
    pub flow: FlowName,
}

impl Command for VcsSolveConflicts {
    const NAME: &'static str = "vcs_solve_conflicts";
    type Output = Vec<ConflictView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<ConflictView>, CommandError> {
        let project = designer.project()?;
        blocking(move || match merged(&project, &self.flow, &Keep::new())? {
            FileMerge::Conflicts { conflicts, .. } => Ok(conflicts.iter().map(ConflictView::of).collect()),
            _ => Ok(Vec::new()),
        })
        .await
    }
}

/// Solves a flow whose file a merge by git left in conflict: writes it merged by component, and tells git. The answer is
/// what is left to decide; while anything is, nothing is written. Errors: `vcs/not-in-conflict`, `document/…`.
#[derive(Debug, Deserialize, TS)]
pub struct VcsSolve {
    /// The flow.
    pub flow: FlowName,
    /// Whose change counts, by the keys of the conflicts.
    #[serde(default)]
    #[ts(as = "Option<std::collections::BTreeMap<String, Side>>", optional)]
    pub keep: Keep,
}

impl Command for VcsSolve {
    const NAME: &'static str = "vcs_solve";
    type Output = Vec<ConflictView>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<ConflictView>, CommandError> {
        let project = designer.project()?;
        let solving = Arc::clone(&project);
        let open = blocking(move || {
            let text = match merged(&solving, &self.flow, &self.keep)? {
                FileMerge::Merged(text) => text,
                FileMerge::Conflicts { conflicts, .. } => return Ok(conflicts.iter().map(ConflictView::of).collect()),
                FileMerge::Unreadable(why) => return Err(CommandError::new("vcs/not-solved", why)),
                FileMerge::NotAFlow => return Ok(Vec::new()),
            };
            let flow = flow_model::Flow::from_json(&text)
                .map_err(|error| CommandError::new(error.code(), error.to_string()))?;
            let stamp = solving.files().stamp(&self.flow)?;
            solving.files().save(&self.flow, &flow, stamp.as_ref())?;
            let repository = solving.repository()?;
            let path = format!("{}{}", folder_of(&solving, &repository), self.flow.path());
            if repository.conflict(&path)?.is_some() {
                repository.solved(&path)?;
            }
            Ok(Vec::new())
        })
        .await?;
        designer.follow_now(&project);
        Ok(open)
    }
}

/// The merge of a flow's file that is in conflict: of the versions that git has, or else of the two sides that the marks in
/// the file tell.
fn merged(project: &OpenProject, flow: &FlowName, keep: &Keep) -> Result<FileMerge, CommandError> {
    let decide = |conflict: &Conflict| keep.get(&conflict.key()).map(|side| (*side).into());
    let repository = project.repository();
    let versions = match &repository {
        Ok(repository) => repository.conflict(&format!("{}{}", folder_of(project, repository), flow.path()))?,
        Err(_) => None,
    };
    let [base, ours, theirs] = match versions {
        Some(versions) => versions,
        None => {
            let content = std::fs::read(project.files().root().join(flow.path())).unwrap_or_default();
            sides(&String::from_utf8_lossy(&content)).ok_or_else(|| {
                CommandError::new("vcs/not-in-conflict", format!("the file of “{flow}” is not in conflict"))
            })?
        }
    };
    let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    Ok(merge_file_deciding(&flow.path(), base.as_deref(), &ours, &theirs, &decide))
}

/// The versions that the conflict marks of git tell apart: before (where git was told to show it), ours and theirs.
fn sides(text: &str) -> Option<[Option<Vec<u8>>; 3]> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let (mut base, mut ours, mut theirs) = (String::new(), String::new(), String::new());
    let (mut at, mut has_marks, mut has_base) = (At::Both, false, true);
    for line in text.split_inclusive('\n') {
        at = match (line.get(..7), at) {
            (Some("<<<<<<<"), At::Both) => At::Ours,
            (Some("|||||||"), At::Ours) => At::Base,
            (Some("======="), At::Ours) => {
                has_base = false;
                At::Theirs
            }
            (Some("======="), At::Base) => At::Theirs,
            (Some(">>>>>>>"), At::Theirs) => {
                has_marks = true;
                At::Both
            }
            _ => {
                for (side, text) in [(At::Base, &mut base), (At::Ours, &mut ours), (At::Theirs, &mut theirs)] {
                    if at == At::Both || at == side {
                        text.push_str(line);
                    }
                }
                at
            }
        };
    }
    let content = |text: String| Some(text.into_bytes());
    has_marks.then(|| [content(base).filter(|_| has_base), content(ours), content(theirs)])
}

#[cfg(test)]
mod tests {
    use super::sides;

    #[test]
    fn the_marks_of_git_tell_the_sides_apart() {
        let text = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\nb\n";
        let of = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(sides(text), Some([None, of("a\nours\nb\n"), of("a\ntheirs\nb\n")]));
        let text = "<<<<<<< HEAD\nours\n||||||| base\nbase\n=======\ntheirs\n>>>>>>> other\n";
        assert_eq!(sides(text), Some([of("base\n"), of("ours\n"), of("theirs\n")]));
        assert_eq!(sides("{}\n"), None);
    }
}
