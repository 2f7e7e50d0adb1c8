use super::{Shared, author, commit, fresh, read, text, write};
use crate::{Access, FileVersions, MergedFile, Repository, State, VcsError};
use std::fs;

fn refuse(_: &FileVersions<'_>) -> MergedFile {
    MergedFile::LineByLine
}

/// Puts the lines of both sides one behind the other.
fn both(versions: &FileVersions<'_>) -> MergedFile {
    let text = |content: Option<&[u8]>| String::from_utf8_lossy(content.unwrap_or_default()).into_owned();
    MergedFile::Content((text(versions.ours) + &text(versions.theirs)).into_bytes())
}

fn names(repository: &Repository) -> Vec<(String, bool, bool)> {
    let branches = repository.branches().expect("are listed").into_iter();
    branches.map(|branch| (branch.name, branch.remote.is_some(), branch.current)).collect()
}

#[test]
fn a_new_branch_begins_here_with_what_is_not_committed() {
    let (_folder, repository) = fresh();
    write(&repository, "a", "one");
    commit(&repository, "One", &["a"]);
    write(&repository, "a", "changed");
    repository.create_branch("feature/new").expect("is made");
    assert_eq!(repository.branch().expect("is read").as_deref(), Some("feature/new"));
    assert_eq!(read(&repository, "a"), "changed");
    assert_eq!(names(&repository), [("feature/new".into(), false, true), ("main".into(), false, false)]);
    assert_eq!(repository.create_branch("main").expect_err("is there").code(), "vcs/branch-exists");
    for bad in ["", "two words", "a..b", "-x"] {
        assert_eq!(repository.create_branch(bad).expect_err("is no name").code(), "vcs/branch-name", "{bad}");
    }
}

#[test]
fn switching_takes_along_what_is_not_committed_or_changes_nothing() {
    let (_folder, repository) = fresh();
    write(&repository, "a", "one\n");
    write(&repository, "b", "b\n");
    commit(&repository, "One", &["a", "b"]);
    repository.create_branch("other").expect("is made");
    write(&repository, "a", "other\n");
    write(&repository, "c", "c\n");
    commit(&repository, "Other", &["a", "c"]);
    // Another file: it simply stays.
    write(&repository, "b", "changed\n");
    assert_eq!(repository.switch("main", &refuse).expect("switches").merged, [""; 0]);
    assert_eq!((read(&repository, "a"), read(&repository, "b")), ("one\n".to_owned(), "changed\n".to_owned()));
    assert!(!repository.folder().join("c").exists());
    // The same file: it is merged …
    write(&repository, "a", "mine\n");
    let refused = repository.switch("other", &refuse).expect_err("is refused");
    assert!(matches!(&refused, VcsError::SwitchConflict { files } if files[0].path == "a"), "{refused}");
    assert_eq!(repository.branch().expect("is read").as_deref(), Some("main"));
    assert_eq!(read(&repository, "a"), "mine\n");
    // … where that can be.
    assert_eq!(repository.switch("other", &both).expect("switches").merged, ["a"]);
    assert_eq!((read(&repository, "a"), read(&repository, "c")), ("mine\nother\n".to_owned(), "c\n".to_owned()));
    let changed = super::changed(&repository).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(changed, ["a", "b"], "what was not committed is not committed there either");
    assert_eq!(repository.switch("nowhere", &refuse).expect_err("is refused").code(), "vcs/unknown-branch");
}

#[test]
fn a_branch_of_the_remote_is_made_here_and_followed() {
    let shared = Shared::new();
    shared.one.create_branch("feature").expect("is made");
    shared.publish("project/b", "new\n");
    shared.other.fetch(&Access::ambient()).expect("fetches");
    assert_eq!(names(&shared.other), [("main".into(), false, true), ("feature".into(), true, false)]);
    shared.other.switch("feature", &refuse).expect("switches");
    assert_eq!(read(&shared.other, "project/b"), "new\n");
    let newer = shared.publish("project/b", "newer\n");
    assert_eq!(shared.other.pull(&Access::ambient()).expect("pulls").to, newer);
}

#[test]
fn a_new_branch_leads_out_of_a_detached_head() {
    let (_folder, repository) = fresh();
    write(&repository, "a", "one");
    let first = commit(&repository, "One", &["a"]);
    repository.git.set_head_detached(first.parse().expect("an id")).expect("detaches");
    assert_eq!(repository.state().expect("is read"), State::Detached);
    repository.create_branch("rescued").expect("is made");
    assert_eq!(repository.state().expect("is read"), State::Ready);
}

#[test]
fn a_former_version_comes_back_as_a_new_commit() {
    let shared = Shared::new();
    let first = shared.one.head().expect("is read").expect("is there").id;
    let version = shared.one.tree_id(&first, "project").expect("is there");
    shared.publish("project/a", "second\n");
    write(&shared.one, "beside", "not of the project\n");
    commit(&shared.one, "Beside", &["beside"]);
    let back = shared.one.go_back(&first, "project", "Back to the first", Some(&author())).expect("goes back");
    assert_eq!(read(&shared.one, "project/a"), "first\n");
    assert_eq!(read(&shared.one, "beside"), "not of the project\n");
    assert_eq!(shared.one.tree_id(&back.to, "project").expect("is there"), version, "the same version as before");
    shared.one.push(&Access::ambient()).expect("goes forward only");
    let again = shared.one.go_back(&first, "project", "Again", Some(&author())).expect("has nothing to do");
    assert_eq!(again.to, back.to);
}

#[test]
fn a_clone_that_is_cancelled_leaves_nothing_behind() {
    let shared = Shared::new();
    for number in 0..50 {
        shared.publish("project/a", &format!("{number}\n"));
    }
    let origin = format!("file://{}", text(&shared.folder.path().join("origin.git")));
    let target = shared.folder.path().join("clones/new");
    let cancelled = Repository::clone_watched(&origin, &target, None, &Access::ambient(), &|_| false);
    assert_eq!(cancelled.expect_err("is cancelled").code(), "vcs/cancelled");
    assert_eq!(fs::read_dir(shared.folder.path().join("clones")).expect("is there").count(), 0);
    let seen = std::cell::Cell::new(0);
    let watch = |progress: crate::CloneProgress| {
        seen.set(seen.get().max(progress.received));
        true
    };
    let cloned = Repository::clone_watched(&origin, &target, None, &Access::ambient(), &watch).expect("clones");
    assert!(seen.get() > 50 && read(&cloned, "project/a") == "49\n", "{}", seen.get());
}
