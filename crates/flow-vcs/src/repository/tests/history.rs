//! What was: the log, the versions of a folder and their files, what changed it.

use super::{Shared, commit, write};

#[test]
fn the_log_of_a_path_has_only_what_changed_it() {
    let shared = Shared::new();
    shared.publish("project/b", "1");
    let changed_a = shared.publish("project/a", "second\n");
    shared.publish("other", "1");
    let messages = |path: Option<&str>, limit| {
        let log = shared.one.log(path, limit).expect("is read");
        log.into_iter().map(|commit| (commit.id, commit.message)).collect::<Vec<_>>()
    };
    assert_eq!(messages(None, 10).len(), 4);
    assert_eq!(messages(Some("project/a"), 1), [(changed_a, "More".to_owned())]);
    assert_eq!(messages(Some("project/a"), 10).len(), 2);
    assert_eq!(messages(Some("project"), 10).len(), 3);
    assert!(messages(Some("gone"), 10).is_empty());
}

#[test]
fn a_version_is_the_folders_tree_and_changes_with_nothing_else() {
    let shared = Shared::new();
    let version = |commit: &str| shared.one.tree_id(commit, "project").expect("is read");
    let first = version("HEAD");
    let beside = shared.publish("other", "1");
    assert_eq!(version(&beside), first, "a file beside the project is not part of it");
    let second = shared.publish("project/a", "second\n");
    assert_ne!(version(&second), first);
    let back = shared.publish("project/a", "first\n");
    assert_eq!(version(&back), first, "the same files are the same version");
    assert_eq!(shared.one.tree_id("HEAD", "gone").expect_err("is refused").code(), "vcs/no-such-folder");
}

#[test]
fn the_files_of_a_version_are_as_committed_whatever_a_checkout_does_to_them() {
    let shared = Shared::new();
    let crlf: &[u8] = b"a\r\nb\r\n";
    write(&shared.one, "project/sub/data.csv", crlf);
    write(&shared.one, "project/bytes", [0, 159, 146, 150]);
    commit(&shared.one, "Bytes", &["project/sub/data.csv", "project/bytes"]);
    // From now on a checkout would write other line ends.
    write(&shared.one, ".gitattributes", "* text eol=lf\n");
    commit(&shared.one, "Filter", &[".gitattributes"]);
    let files = shared.one.files_at("HEAD", "project/").expect("are read");
    let names: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["a", "bytes", "sub/data.csv"], "hidden files are left out");
    assert_eq!((files[1].1.as_slice(), files[2].1.as_slice()), ([0, 159, 146, 150].as_slice(), crlf));
}

#[test]
fn the_changes_of_a_folder_are_told_by_commit_with_what_was_there_before() {
    let shared = Shared::new();
    let second = shared.publish("project/a", "second\n");
    shared.publish("elsewhere", "not the project's\n");
    let newest = shared.publish("project/b", "new\n");
    let changes = |after: Option<&str>, limit| shared.one.changes(&newest, "project", after, limit).expect("reads");

    let all = changes(None, 10);
    let ids: Vec<&str> = all.iter().map(|change| change.commit.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0], ids[1]), (3, newest.as_str(), second.as_str()));
    assert_eq!((all[0].files[0].path.as_str(), &all[0].files[0].before), ("b", &None));
    let file = &all[1].files[0];
    assert_eq!((file.before.as_deref(), file.after.as_deref()), (Some(&b"first\n"[..]), Some(&b"second\n"[..])));
    // What is hidden does not belong to the project.
    assert_eq!(all[2].files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a"]);

    assert_eq!(changes(None, 2).len(), 2);
    assert_eq!(changes(Some(&second), 10).len(), 1);
}
