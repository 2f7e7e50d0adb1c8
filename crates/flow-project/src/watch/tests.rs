use crate::project::tests::{flow, name, project};
use crate::{Change, ProjectWatch, Stamp};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Waits until every file in `expected` has been reported, and gives all that was.
async fn reported(watch: &mut ProjectWatch, expected: &[&str]) -> BTreeMap<String, Change> {
    let mut files = BTreeMap::new();
    while !expected.iter().all(|path| files.contains_key(*path)) {
        let next = tokio::time::timeout(Duration::from_secs(20), watch.next()).await;
        files.extend(next.expect("is reported in time").expect("the watch goes on").files);
    }
    files
}

#[tokio::test]
async fn changes_by_others_are_reported_and_own_saves_are_not() {
    let (_folder, project) = project();
    let mut watch = project.watch().expect("watches");
    let stamp = project.create_flow(&name("own"), &flow("1")).expect("saves");
    project.save(&name("own"), &flow("2"), Some(&stamp)).expect("saves");
    project.create_flow(&name("deleted"), &flow("")).expect("saves");
    project.delete_flow(&name("deleted")).expect("deletes");
    fs::create_dir_all(project.root().join(".git")).expect("is made");
    fs::write(project.root().join(".git/index"), "x").expect("writes");
    fs::write(project.root().join("flows/theirs.flow.json"), "theirs").expect("writes");
    let files = reported(&mut watch, &["flows/theirs.flow.json"]).await;
    assert_eq!(files, [("flows/theirs.flow.json".to_owned(), Change::Written(Stamp::of(b"theirs")))].into());
}

#[tokio::test]
async fn a_change_of_an_own_file_is_reported_and_so_is_its_way_back() {
    let (_folder, project) = project();
    project.create_flow(&name("a"), &flow("mine")).expect("saves");
    let mut watch = project.watch().expect("watches");
    let path = project.root().join("flows/a.flow.json");
    let mine = fs::read(&path).expect("reads");
    for content in [b"theirs".as_slice(), &mine] {
        fs::write(&path, content).expect("writes");
        let files = reported(&mut watch, &["flows/a.flow.json"]).await;
        assert_eq!(files["flows/a.flow.json"], Change::Written(Stamp::of(content)));
    }
    fs::remove_file(&path).expect("removes");
    assert_eq!(reported(&mut watch, &["flows/a.flow.json"]).await["flows/a.flow.json"], Change::Removed);
}

#[tokio::test]
async fn files_in_a_new_folder_are_reported() {
    let (folder, project) = project();
    let mut watch = project.watch().expect("watches");
    let made = folder.path().join("made");
    fs::create_dir_all(made.join("deep")).expect("is made");
    fs::write(made.join("deep/a.flow.json"), "x").expect("writes");
    fs::rename(&made, project.root().join("flows/new")).expect("moves");
    let files = reported(&mut watch, &["flows/new/deep/a.flow.json"]).await;
    assert_eq!(files.len(), 1);
}

#[tokio::test]
async fn a_watch_that_is_dropped_ends() {
    let (_folder, project) = project();
    let watch = project.watch().expect("watches");
    drop(watch);
    fs::write(project.root().join("flows/a.flow.json"), "x").expect("writes");
}
