mod access;
mod branches;
mod history;
mod merge;

use super::{Author, FileChange, Repository, State};
use crate::{Access, VcsError};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A bare repository and two clones of it, each with an author of its own.
struct Shared {
    folder: TempDir,
    one: Repository,
    other: Repository,
}

impl Shared {
    /// The first clone has made and pushed a commit of `project/a` and `project/.hidden`; the second has pulled it.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let origin = folder.path().join("origin.git");
        Repository::init_bare(&origin).expect("is made");
        let one = Repository::init(folder.path().join("one")).expect("is made");
        one.set_remote("origin", &text(&origin)).expect("is set");
        write(&one, "project/a", "first\n");
        write(&one, "project/.hidden", "x");
        commit(&one, "Begin", &["project/a", "project/.hidden"]);
        one.push(&Access::ambient()).expect("pushes");
        let other = Repository::clone(&text(&origin), folder.path().join("other"), Some("main"), &Access::ambient());
        Self { other: other.expect("clones"), one, folder }
    }

    /// The first clone commits and pushes `content` of `path`.
    fn publish(&self, path: &str, content: &str) -> String {
        write(&self.one, path, content);
        let id = commit(&self.one, "More", &[path]);
        self.one.push(&Access::ambient()).expect("pushes");
        id
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("is text").to_owned()
}

fn path(repository: &Repository, path: &str) -> PathBuf {
    repository.folder().join(path)
}

fn write(repository: &Repository, file: &str, content: impl AsRef<[u8]>) {
    let file = path(repository, file);
    fs::create_dir_all(file.parent().expect("has a folder")).expect("is made");
    fs::write(file, content).expect("writes");
}

fn read(repository: &Repository, file: &str) -> String {
    fs::read_to_string(path(repository, file)).expect("reads")
}

fn author() -> Author {
    Author { name: "Ada".to_owned(), email: "ada@example.org".to_owned() }
}

fn paths(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

fn commit(repository: &Repository, message: &str, files: &[&str]) -> String {
    repository.commit(message, Some(&author()), &paths(files)).expect("commits").id
}

fn changed(repository: &Repository) -> Vec<(String, FileChange)> {
    let status = repository.status().expect("is read");
    status.changed.into_iter().map(|file| (file.path, file.kind)).collect()
}

fn fresh() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Repository::init(folder.path()).expect("is made");
    (folder, repository)
}

#[test]
fn a_folder_that_is_not_under_git_is_named_so() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Repository::open(folder.path()).expect_err("is refused").code(), "vcs/none");
}

#[test]
fn a_new_repository_is_on_main_without_a_commit() {
    let (folder, repository) = fresh();
    let status = repository.status().expect("is read");
    assert_eq!((status.branch.as_deref(), status.head, status.remote), (Some("main"), None, None));
    assert_eq!((status.ahead, status.behind, status.state), (0, 0, State::Ready));
    assert!(repository.log(None, 10).expect("is read").is_empty());
    fs::create_dir(folder.path().join("project")).expect("is made");
    let below = Repository::open(folder.path().join("project")).expect("opens");
    assert_eq!(below.relative(folder.path().join("project")).as_deref(), Some("project"));
    assert_eq!(below.relative(folder.path()).as_deref(), Some(""));
}

#[test]
fn the_status_names_each_file_and_how_it_differs() {
    let (_folder, repository) = fresh();
    for file in ["same", "modified", "deleted"] {
        write(&repository, file, "1");
    }
    commit(&repository, "Begin", &["same", "modified", "deleted"]);
    write(&repository, "modified", "22");
    write(&repository, "new/deep/added ✓", "1");
    fs::remove_file(path(&repository, "deleted")).expect("removes");
    let expected =
        [("deleted", FileChange::Deleted), ("modified", FileChange::Modified), ("new/deep/added ✓", FileChange::Added)];
    assert_eq!(changed(&repository), expected.map(|(path, kind)| (path.to_owned(), kind)));
}

#[test]
fn a_commit_holds_the_chosen_files_and_nothing_else() {
    let (_folder, repository) = fresh();
    for file in ["a", "b", "c"] {
        write(&repository, file, "1");
    }
    commit(&repository, "Begin", &["a", "b", "c"]);
    write(&repository, "a", "22");
    write(&repository, "b", "22");
    fs::remove_file(path(&repository, "c")).expect("removes");
    // Staged with git beside Cairn, and not chosen.
    let mut index = repository.git.index().expect("is read");
    index.add_path(Path::new("b")).expect("is staged");
    index.write().expect("is written");
    let made = repository.commit("  Change a\n\n", Some(&author()), &paths(&["a", "c"])).expect("commits");
    assert_eq!(
        (made.message.as_str(), made.author.as_str(), made.email.as_str()),
        ("Change a", "Ada", "ada@example.org")
    );
    assert_eq!(changed(&repository), [("b".to_owned(), FileChange::Modified)]);
    let files = repository.files_at("HEAD", "").expect("are read");
    assert_eq!(files, [("a".to_owned(), b"22".to_vec()), ("b".to_owned(), b"1".to_vec())]);
}

#[test]
fn a_commit_that_makes_no_sense_is_refused_with_the_way_out() {
    let (_folder, repository) = fresh();
    let code = |message: &str, files: &[&str]| {
        repository.commit(message, Some(&author()), &paths(files)).expect_err("is refused").code()
    };
    assert_eq!(code("Nothing", &[]), "vcs/nothing-to-commit");
    write(&repository, "a", "1");
    assert_eq!(code(" \n", &["a"]), "vcs/empty-message");
    commit(&repository, "Begin", &["a"]);
    assert_eq!(code("Again", &["a"]), "vcs/nothing-to-commit");
    assert_eq!(code("Not there", &["gone"]), "vcs/nothing-to-commit");
    write(&repository, "a", "22");
    let nobody = Author { name: String::new(), email: String::new() };
    let error = repository.commit("Who?", Some(&nobody), &paths(&["a"])).expect_err("is refused");
    assert!(error.code() == "vcs/no-author" && error.to_string().contains("git config"), "{error}");
}

#[test]
fn what_is_in_progress_is_named_and_stands_in_the_way() {
    let (_folder, repository) = fresh();
    write(&repository, "a", "1");
    let first = commit(&repository, "Begin", &["a"]);
    write(&repository, "a", "22");
    fs::write(repository.git.path().join("MERGE_HEAD"), format!("{first}\n")).expect("writes");
    assert_eq!(repository.state().expect("is read"), State::Merging);
    let error = repository.commit("x", Some(&author()), &paths(&["a"])).expect_err("is refused");
    assert!(error.code() == "vcs/in-progress" && error.to_string().contains("a merge"), "{error}");
    fs::remove_file(repository.git.path().join("MERGE_HEAD")).expect("removes");
    repository.git.set_head_detached(git2::Oid::from_str(&first).expect("an id")).expect("detaches");
    let status = repository.status().expect("is read");
    assert_eq!((status.branch, status.state), (None, State::Detached));
    assert_eq!(repository.commit("x", Some(&author()), &paths(&["a"])).expect_err("is refused").code(), "vcs/detached");
    assert_eq!(repository.push(&Access::ambient()).expect_err("is refused").code(), "vcs/detached");
}

#[test]
fn what_one_pushes_the_other_pulls() {
    let shared = Shared::new();
    let before = shared.other.head().expect("is read").expect("has a commit").id;
    let pushed = shared.publish("project/a", "second\n");
    assert_eq!(shared.other.status().expect("is read").behind, 0, "nothing is asked of the remote");
    shared.other.fetch(&Access::ambient()).expect("fetches");
    let status = shared.other.status().expect("is read");
    assert_eq!((status.ahead, status.behind), (0, 1));
    assert_eq!(read(&shared.other, "project/a"), "first\n");
    let updated = shared.other.fast_forward().expect("updates");
    assert_eq!((updated.from, updated.to), (Some(before), pushed.clone()));
    assert_eq!(read(&shared.other, "project/a"), "second\n");
    assert!(changed(&shared.other).is_empty());
    let again = shared.other.pull(&Access::ambient()).expect("has nothing to do");
    assert_eq!((again.from, again.to), (Some(pushed.clone()), pushed));
}

#[test]
fn commits_that_are_not_pushed_are_counted() {
    let shared = Shared::new();
    write(&shared.one, "project/b", "1");
    commit(&shared.one, "Mine", &["project/b"]);
    assert_eq!(shared.one.status().expect("is read").ahead, 1);
    assert_eq!(
        shared.one.fast_forward().expect("has nothing to do").to,
        shared.one.head().expect("is read").expect("is").id
    );
    shared.one.push(&Access::ambient()).expect("pushes");
    assert_eq!(shared.one.status().expect("is read").ahead, 0);
}

#[test]
fn a_branch_that_was_never_pushed_is_all_ahead() {
    let (folder, repository) = fresh();
    write(&repository, "a", "1");
    commit(&repository, "Begin", &["a"]);
    assert_eq!(repository.status().expect("is read").ahead, 0, "there is no remote to be ahead of");
    assert_eq!(repository.push(&Access::ambient()).expect_err("is refused").code(), "vcs/no-remote");
    repository.set_remote("origin", &text(&folder.path().join("origin.git"))).expect("is set");
    assert_eq!(repository.status().expect("is read").ahead, 1);
}

#[test]
fn branches_that_went_apart_are_neither_pushed_nor_pulled() {
    let shared = Shared::new();
    write(&shared.other, "project/b", "theirs");
    let mine = commit(&shared.other, "Mine", &["project/b"]);
    shared.publish("project/a", "second\n");
    let pushed = shared.other.push(&Access::ambient()).expect_err("is refused");
    assert!(pushed.code() == "vcs/not-fast-forward" && pushed.to_string().contains("pull"), "{pushed}");
    let pulled = shared.other.pull(&Access::ambient()).expect_err("is refused");
    assert_eq!(pulled.code(), "vcs/not-fast-forward");
    let status = shared.other.status().expect("is read");
    assert_eq!((status.ahead, status.behind, status.head.expect("has one").id), (1, 1, mine));
    assert_eq!(read(&shared.other, "project/a"), "first\n");
}

#[test]
fn an_update_never_overwrites_local_changes() {
    let shared = Shared::new();
    let before = shared.other.head().expect("is read");
    write(&shared.one, "project/new", "theirs");
    shared.publish("project/a", "second\n");
    shared.publish("project/new", "theirs");
    write(&shared.other, "project/a", "mine and longer\n");
    write(&shared.other, "project/new", "untracked and mine");
    match shared.other.pull(&Access::ambient()) {
        Err(VcsError::WouldOverwrite { mut paths }) => {
            paths.sort();
            assert_eq!(paths, ["project/a", "project/new"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(read(&shared.other, "project/a"), "mine and longer\n");
    assert_eq!(read(&shared.other, "project/new"), "untracked and mine");
    assert_eq!(shared.other.head().expect("is read"), before);
}

#[test]
fn an_update_leaves_local_changes_of_other_files_alone() {
    let shared = Shared::new();
    shared.publish("project/b", "theirs");
    write(&shared.other, "project/a", "mine and longer\n");
    shared.other.pull(&Access::ambient()).expect("updates");
    assert_eq!(
        (read(&shared.other, "project/a").as_str(), read(&shared.other, "project/b").as_str()),
        ("mine and longer\n", "theirs")
    );
    assert_eq!(changed(&shared.other), [("project/a".to_owned(), FileChange::Modified)]);
}

#[test]
fn an_update_goes_to_a_certain_commit_and_never_back() {
    let shared = Shared::new();
    let second = shared.publish("project/a", "second\n");
    let third = shared.publish("project/a", "third\n");
    shared.other.fetch(&Access::ambient()).expect("fetches");
    assert_eq!(shared.other.fast_forward_to(&second).expect("updates").to, second);
    assert_eq!(read(&shared.other, "project/a"), "second\n");
    shared.other.fast_forward().expect("updates");
    assert_eq!(shared.other.fast_forward_to(&second).expect("has nothing to do").to, third);
    let unknown = "1234567890123456789012345678901234567890";
    assert_eq!(shared.other.fast_forward_to(unknown).expect_err("is refused").code(), "vcs/no-such-commit");
}

#[test]
fn an_empty_repository_takes_up_what_the_remote_has() {
    let shared = Shared::new();
    let late = Repository::init(shared.folder.path().join("late")).expect("is made");
    late.set_remote("origin", &text(&shared.folder.path().join("origin.git"))).expect("is set");
    let updated = late.pull(&Access::ambient()).expect("updates");
    assert_eq!((updated.from, read(&late, "project/a").as_str()), (None, "first\n"));
}

#[test]
fn a_remote_that_is_not_there_is_named() {
    let (folder, repository) = fresh();
    write(&repository, "a", "1");
    commit(&repository, "Begin", &["a"]);
    let gone = text(&folder.path().join("gone.git"));
    repository.set_remote("origin", &gone).expect("is set");
    for error in [
        repository.push(&Access::ambient()).expect_err("is refused"),
        repository.fetch(&Access::ambient()).expect_err("is refused"),
        Repository::clone(&gone, folder.path().join("clone"), None, &Access::ambient()).expect_err("is refused"),
    ] {
        assert_eq!(error.code(), "vcs/unreachable");
        assert!(error.to_string().contains("origin") && error.to_string().contains(&gone), "{error}");
    }
}

#[test]
fn a_message_never_holds_a_secret() {
    let (_folder, repository) = fresh();
    // Nothing listens on this port.
    repository.set_remote("origin", "http://ada:s3cret@127.0.0.1:1/x.git").expect("is set");
    let error = repository.fetch(&Access::password("ada", "s3cret")).expect_err("is refused");
    assert_eq!(error.code(), "vcs/unreachable");
    assert!(error.to_string().contains("http://127.0.0.1:1/x.git"), "{error}");
    let shown = [error.to_string(), format!("{error:?}"), format!("{:?}", Access::token("s3cret"))];
    assert!(shown.iter().all(|text| !text.contains("s3cret")), "{shown:?}");
    assert_eq!(repository.remote().expect("is read").expect("has one").url, "http://127.0.0.1:1/x.git");
}

#[test]
fn a_clone_checks_out_the_only_branch_where_the_remote_names_one_that_is_not_there() {
    let shared = Shared::new();
    let origin = shared.folder.path().join("origin.git");
    fs::write(origin.join("HEAD"), "ref: refs/heads/never-pushed\n").expect("writes");
    let third = Repository::clone(&text(&origin), shared.folder.path().join("third"), None, &Access::ambient());
    let third = third.expect("clones");
    assert_eq!(read(&third, "project/a"), "first\n");
    assert!(changed(&third).is_empty());
    shared.publish("project/a", "second\n");
    third.pull(&Access::ambient()).expect("knows where to pull from");
    assert_eq!(read(&third, "project/a"), "second\n");
}

#[test]
fn a_clone_needs_a_free_folder_and_a_branch_that_is_there() {
    let shared = Shared::new();
    let origin = text(&shared.folder.path().join("origin.git"));
    let code = |folder: &Path, branch: Option<&str>| {
        Repository::clone(&origin, folder, branch, &Access::ambient()).expect_err("is refused").code()
    };
    assert_eq!(code(shared.one.folder(), None), "vcs/exists");
    assert_eq!(code(&shared.folder.path().join("new"), Some("gone")), "vcs/no-such-branch");
    assert_eq!(read(&shared.other, "project/a"), "first\n");
}

#[test]
fn the_branch_follows_the_remotes_after_the_first_push() {
    let shared = Shared::new();
    let upstream = shared.one.git.branch_upstream_name("refs/heads/main").expect("is set");
    assert_eq!(upstream.as_str().expect("is text"), "refs/remotes/origin/main");
}

#[test]
fn a_remote_tells_its_branches_without_a_working_copy() {
    let shared = Shared::new();
    let url = text(&shared.folder.path().join("origin.git"));
    let newest = shared.publish("project/a", "second\n");
    let branches = Repository::branches_at(&url, &Access::ambient()).expect("answers");
    assert_eq!(branches.iter().map(|branch| branch.name.as_str()).collect::<Vec<_>>(), ["main"]);
    assert_eq!(branches[0].commit, newest);
    let nowhere = text(&shared.folder.path().join("nowhere.git"));
    assert_eq!(Repository::branches_at(&nowhere, &Access::ambient()).unwrap_err().code(), "vcs/unreachable");
}
