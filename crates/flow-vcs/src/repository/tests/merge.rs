//! Branches that went different ways, brought together.

use super::{Shared, author, commit, read, write};
use crate::{Access, FileConflict, FileVersions, MergedFile, Repository, Updated, VcsError};
use std::fs;

/// Files that end in `.sum` hold numbers, one a line, and are merged by adding both sides' lines; those with a `!` are in
/// conflict.
fn merge_sums(versions: &FileVersions<'_>) -> MergedFile {
    let lines = |content: Option<&[u8]>| -> Vec<String> {
        String::from_utf8_lossy(content.unwrap_or_default()).lines().map(str::to_owned).collect()
    };
    if !versions.path.ends_with(".sum") {
        return MergedFile::LineByLine;
    }
    let (base, mut ours, theirs) = (lines(versions.base), lines(versions.ours), lines(versions.theirs));
    if theirs.iter().any(|line| line.contains('!')) {
        return MergedFile::Conflicts(vec!["a place".to_owned(), "another".to_owned()]);
    }
    ours.extend(theirs.into_iter().filter(|line| !base.contains(line)));
    MergedFile::Content((ours.join("\n") + "\n").into_bytes())
}

fn pull(repository: &Repository) -> Result<Updated, VcsError> {
    repository.pull_merging(&Access::ambient(), Some(&author()), &merge_sums)
}

/// Two clones of a repository that both changed `project/n.sum`, on lines that stand side by side.
fn apart(theirs: &str) -> (Shared, String) {
    let shared = Shared::new();
    shared.publish("project/n.sum", "1\n");
    shared.other.pull(&Access::ambient()).expect("updates");
    shared.publish("project/n.sum", theirs);
    shared.publish("project/only-theirs", "t");
    write(&shared.other, "project/n.sum", "1\n3\n");
    write(&shared.other, "project/only-ours", "o");
    let mine = commit(&shared.other, "Mine", &["project/n.sum", "project/only-ours"]);
    (shared, mine)
}

#[test]
fn what_both_sides_changed_is_merged_by_the_files_own_rule_with_a_merge_commit() {
    let (shared, mine) = apart("1\n2\n");
    let updated = pull(&shared.other).expect("merges");
    assert_eq!(updated.from.as_deref(), Some(mine.as_str()));
    assert_eq!(read(&shared.other, "project/n.sum"), "1\n3\n2\n");
    assert_eq!([read(&shared.other, "project/only-ours"), read(&shared.other, "project/only-theirs")], ["o", "t"]);
    let status = shared.other.status().expect("is read");
    assert_eq!((status.changed.len(), status.behind, status.head.expect("has one").id), (0, 0, updated.to));
    let newest = shared.other.log(None, 1).expect("is read").remove(0);
    assert_eq!((newest.message.trim(), newest.author.as_str()), ("Merge the remote's main", "Ada"));
    // The other side goes on from it without more ado.
    shared.other.push(&Access::ambient()).expect("pushes");
    pull(&shared.one).expect("is a fast-forward");
    assert_eq!(read(&shared.one, "project/n.sum"), "1\n3\n2\n");
}

#[test]
fn a_conflict_leaves_everything_as_it_was_and_names_the_places() {
    let (shared, mine) = apart("1\n!\n");
    match pull(&shared.other) {
        Err(VcsError::MergeConflict { files }) => {
            let places = vec!["a place".to_owned(), "another".to_owned()];
            assert_eq!(files, [FileConflict { path: "project/n.sum".to_owned(), places }]);
        }
        other => panic!("{other:?}"),
    }
    let status = shared.other.status().expect("is read");
    assert_eq!((status.changed.len(), status.head.expect("has one").id), (0, mine));
    assert_eq!(read(&shared.other, "project/n.sum"), "1\n3\n");
    assert!(!shared.other.folder().join("project/only-theirs").exists());
}

#[test]
fn other_files_are_merged_line_by_line() {
    let shared = Shared::new();
    let text = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n{last}\n");
    shared.publish("project/text", &text("1", "7"));
    shared.other.pull(&Access::ambient()).expect("updates");
    shared.publish("project/text", &text("one", "7"));
    write(&shared.other, "project/text", text("1", "seven"));
    commit(&shared.other, "Mine", &["project/text"]);
    pull(&shared.other).expect("merges");
    assert_eq!(read(&shared.other, "project/text"), text("one", "seven"));
    shared.publish("project/text", &text("eins", "7"));
    write(&shared.other, "project/text", text("uno", "seven"));
    commit(&shared.other, "Mine", &["project/text"]);
    let refused = pull(&shared.other).expect_err("is in conflict");
    assert!(refused.code() == "vcs/merge-conflict" && refused.to_string().contains("project/text (both"), "{refused}");
}

#[test]
fn a_file_that_one_side_removed_and_the_other_changed_is_a_conflict() {
    let shared = Shared::new();
    shared.publish("project/a", "changed\n");
    fs::remove_file(shared.other.folder().join("project/a")).expect("removes");
    commit(&shared.other, "Remove", &["project/a"]);
    let refused = pull(&shared.other).expect_err("is in conflict");
    assert!(refused.to_string().contains("project/a (one side removed it"), "{refused}");
}

#[test]
fn a_merge_never_overwrites_local_changes() {
    let (shared, mine) = apart("1\n2\n");
    write(&shared.other, "project/n.sum", "not committed\n");
    let refused = pull(&shared.other).expect_err("is refused");
    assert_eq!(refused.code(), "vcs/would-overwrite");
    assert_eq!(read(&shared.other, "project/n.sum"), "not committed\n");
    assert_eq!(shared.other.head().expect("is read").map(|head| head.id), Some(mine));
}
