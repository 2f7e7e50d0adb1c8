//! File List, File Move and File Delete on real files.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{MAY_NOT_ACT, Outcome};
use flow_model::Component;
use serde_json::{Value, json};
use std::fs;

fn with_files(paths: &[&str]) -> Bench {
    let bench = Bench::new();
    for path in paths {
        let file = bench.storage(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, path).unwrap();
    }
    bench
}

fn list(path: &str) -> Component {
    Component::new("FileList", "List").with("Path", path)
}

fn moving(path: &str, to: &str) -> Component {
    Component::new("FileMove", "Move").with("Path", path).with("To", to)
}

fn delete(path: &str) -> Component {
    Component::new("FileDelete", "Delete").with("Path", path)
}

fn column(outcome: &Outcome, name: &str) -> Vec<String> {
    let Value::Array(records) = rows(outlet(outcome, "out")) else { panic!() };
    records.iter().map(|record| record[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_list_tells_path_name_size_and_time() {
    let bench = with_files(&["in/b.csv", "in/a.csv", "in/c.txt"]).with_variable("folder", "in");
    let outcome = bench.run(&list("storage:${folder}/*.csv"), stream("")).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:in/a.csv", "storage:in/b.csv"]);
    assert_eq!(column(&outcome, "name"), ["a.csv", "b.csv"]);
    assert_eq!(rows(outlet(&outcome, "out"))[0]["size"], json!(8));
    assert!(column(&outcome, "modified")[0].starts_with("20"));
    assert_eq!(outcome.note.as_deref(), Some("2 files"));
}

#[tokio::test]
async fn a_list_searches_once_for_each_record_if_its_path_names_a_field() {
    let bench = with_files(&["a/1.csv", "b/2.csv", "c/3.csv"]);
    let outcome = bench.run(&list("storage:${folder}"), stream("folder\na\nc\n")).await.unwrap();
    assert_eq!(column(&outcome, "name"), ["1.csv", "3.csv"]);
    let error = bench.run(&list("storage:${folder}"), stream("folder\na\nx\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("file/not-found", Some("Path")));
    let outcome =
        bench.run(&list("storage:${folder}/*").with("IfMissing", "Nothing"), stream("folder\nx\na\n")).await.unwrap();
    assert_eq!(column(&outcome, "name"), ["1.csv"]);
}

#[tokio::test]
async fn values_that_are_filled_in_are_never_patterns() {
    let bench = with_files(&["in/*.csv", "in/a.csv", "in/[x].txt", "in/x.txt"]);
    let outcome = bench.run(&delete("storage:in/${name}.csv"), stream("name\n*\n")).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:in/*.csv"]);
    let outcome = bench.run(&list("storage:in/${name}.*"), stream("name\n[x]\n")).await.unwrap();
    assert_eq!(column(&outcome, "name"), ["[x].txt"]);
    assert!(bench.storage("in/a.csv").exists());
}

#[tokio::test]
async fn files_move_alone_by_pattern_and_by_record() {
    let bench = with_files(&["in/a.csv", "in/b.csv", "in/c.csv", "in/d.txt", "in/e.txt"]);
    let outcome = bench.run(&moving("storage:in/a.csv", "storage:done/first.csv"), stream("")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"path": "storage:done/first.csv", "from": "storage:in/a.csv"}]));
    let outcome = bench.run(&moving("storage:in/*.csv", "storage:done"), stream("")).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:done/b.csv", "storage:done/c.csv"]);
    let found = bench.run(&list("storage:in/*.txt"), stream("")).await.unwrap();
    let outcome =
        bench.run(&moving("${path}", "storage:done/${size}-${name}"), outlet(&found, "out").clone()).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:done/8-d.txt", "storage:done/8-e.txt"]);
    assert_eq!(outcome.note.as_deref(), Some("2 files moved"));
    assert_eq!(fs::read_dir(bench.storage("in")).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(bench.storage("done/first.csv")).unwrap(), "in/a.csv");
}

#[tokio::test]
async fn moving_again_finds_that_it_was_done() {
    let bench = with_files(&["in/a.csv"]);
    let component = moving("storage:in/a.csv", "storage:done/");
    for _ in 0..2 {
        let outcome = bench.run(&component, stream("")).await.unwrap();
        assert_eq!(column(&outcome, "path"), ["storage:done/a.csv"]);
    }
    fs::remove_file(bench.storage("done/a.csv")).unwrap();
    assert_eq!(bench.run(&component, stream("")).await.unwrap_err().code, "file/not-found");
    let outcome = bench.run(&component.with("IfMissing", "Nothing"), stream("")).await.unwrap();
    assert_eq!(outlet(&outcome, "out").rows(), Some(0));
}

#[tokio::test]
async fn a_file_in_the_new_place_is_kept_replaced_or_an_error() {
    let bench = with_files(&["in/a", "in/b", "done/b"]);
    let component = moving("storage:in/*", "storage:done/");
    let error = bench.run(&component, stream("")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("file/exists", Some("To")));
    assert!(bench.storage("in/a").exists(), "nothing was moved");
    let outcome = bench.run(&component.clone().with("IfExists", "Skip"), stream("")).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:done/a"]);
    bench.run(&component.with("IfExists", "Replace"), stream("")).await.unwrap();
    assert_eq!(fs::read_to_string(bench.storage("done/b")).unwrap(), "in/b");
}

#[tokio::test]
async fn two_files_never_become_one() {
    let bench = with_files(&["x/a", "y/a"]);
    let error = bench.run(&moving("storage:*/a", "storage:done/"), stream("")).await.unwrap_err();
    assert_eq!(error.code, "file/same-target");
    assert!(bench.storage("x/a").exists() && bench.storage("y/a").exists());
}

#[tokio::test]
async fn copies_leave_the_old_file_and_also_come_from_the_project() {
    let bench = with_files(&["in/a"]).with_project_file("data/p.csv", "p");
    bench.run(&moving("storage:in/a", "storage:copy/a").with("Copy", true), stream("")).await.unwrap();
    assert!(bench.storage("in/a").exists() && bench.storage("copy/a").exists());
    let component = moving("project:data/*.csv", "storage:copy/");
    assert_eq!(bench.run(&component, stream("")).await.unwrap_err().code, "file/read-only");
    bench.run(&component.with("Copy", true), stream("")).await.unwrap();
    assert_eq!(fs::read_to_string(bench.storage("copy/p.csv")).unwrap(), "p");
}

#[tokio::test]
async fn files_are_deleted_alone_and_by_pattern_and_folders_stay() {
    let bench = with_files(&["in/a.csv", "in/b.csv", "in/deep/c.csv", "objects/x"]);
    let outcome = bench.run(&delete("storage:in/*.csv"), stream("")).await.unwrap();
    assert_eq!(column(&outcome, "path"), ["storage:in/a.csv", "storage:in/b.csv"]);
    let again = bench.run(&delete("storage:in/a.csv"), stream("")).await.unwrap();
    assert_eq!(outlet(&again, "out").rows(), Some(0));
    for (component, code) in [
        (delete("storage:in/a.csv").with("IfMissing", "Error"), "file/not-found"),
        (delete("storage:in/deep"), "file/is-folder"),
        (delete("storage:objects/x"), "file/reserved"),
        (delete("storage:objects/*"), "file/reserved"),
        (delete("project:x"), "file/not-found"),
    ] {
        let error = bench.run(&component.with("IfMissing", "Error"), stream("")).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    bench.run(&delete("storage:**/*"), stream("")).await.unwrap();
    assert!(bench.storage("objects/x").exists() && !bench.storage("in/deep/c.csv").exists());
}

#[tokio::test]
async fn nothing_is_moved_or_deleted_without_leave_to_act() {
    for component in [moving("storage:in/*", "storage:done/"), delete("storage:in/*")] {
        let bench = with_files(&["in/a", "in/b"]);
        bench.may_act_only(1);
        assert_eq!(bench.run(&component, stream("")).await.unwrap_err().code, MAY_NOT_ACT);
        assert!(!bench.storage("in/a").exists() && bench.storage("in/b").exists());
    }
}
