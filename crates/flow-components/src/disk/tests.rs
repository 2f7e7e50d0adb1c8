use super::leftovers::sweep;
use super::*;
use crate::Services;
use crate::testing::Bench;
use std::fs;
use std::io::Write;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn find(bench: &Bench, pattern: &str) -> Vec<String> {
    let found = Search::for_pattern(bench, pattern).and_then(Search::run).unwrap();
    found.into_iter().map(|file| file.path).collect()
}

#[test]
fn what_killed_writers_left_is_swept_and_what_living_ones_write_is_not() {
    let bench = Bench::new();
    let place = bench.storage("out.csv");
    let living = Beside::create(&place).unwrap();
    let mut writer = living.writer();
    writer.write_all(b"whole").unwrap();
    // The kernel frees the lock of a process that is gone.
    fs::write(bench.storage(".writing-dead"), "hal").unwrap();
    assert_eq!(names(&bench.storage("")).len(), 2);
    sweep(&bench.storage(""));
    assert!(!bench.storage(".writing-dead").exists());
    Beside::sync(writer).unwrap();
    living.put_in_place().unwrap();
    assert_eq!(names(&bench.storage("")), ["out.csv"]);
    assert_eq!(fs::read_to_string(&place).unwrap(), "whole");
}

#[test]
fn a_file_that_is_begun_and_not_put_in_place_is_gone() {
    let bench = Bench::new();
    drop(Beside::create(&bench.storage("a/b.csv")).unwrap());
    assert_eq!(names(&bench.storage("a")), [] as [&str; 0]);
}

#[test]
fn patterns_find_names_and_folders() {
    let bench = Bench::new().with_project_file("data/x.csv", "1").with_project_file("data/deep/y.csv", "22");
    for path in ["in/a.csv", "in/b.txt", "in/deep/c.csv", "in/[1].csv", "objects/ab/saved.csv", "top.csv"] {
        let file = bench.storage(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "x").unwrap();
    }
    fs::write(bench.storage("in/.writing-a.csv"), "x").unwrap();
    fs::write(bench.local("l.csv"), "x").unwrap();
    for (pattern, expected) in [
        ("storage:in/*.csv", vec!["storage:in/[1].csv", "storage:in/a.csv"]),
        ("storage:in/*.{csv,txt}", vec!["storage:in/[1].csv", "storage:in/a.csv", "storage:in/b.txt"]),
        ("storage:in/[[]1].csv", vec!["storage:in/[1].csv"]),
        ("storage:*.csv", vec!["storage:top.csv"]),
        (
            "storage:**/*.csv",
            vec!["storage:in/[1].csv", "storage:in/a.csv", "storage:in/deep/c.csv", "storage:top.csv"],
        ),
        ("storage:*/deep/?.csv", vec!["storage:in/deep/c.csv"]),
        ("project:data/*.csv", vec!["project:data/x.csv"]),
        ("project:**/y*", vec!["project:data/deep/y.csv"]),
        ("*.csv", vec!["l.csv"]),
        ("storage:in/*.pdf", vec![]),
    ] {
        assert_eq!(find(&bench, pattern), expected, "{pattern}");
    }
    let absolute = format!("{}/*.csv", bench.storage("in").display());
    assert_eq!(find(&bench, &absolute).len(), 2);
    let found = Search::for_pattern(&bench, "project:data/*.csv").and_then(Search::run).unwrap();
    assert_eq!((found[0].name(), found[0].size), ("x.csv", 1));
    for (pattern, code) in [("storage:no/*.csv", "file/not-found"), ("storage:in/[a", "file/bad-pattern")] {
        let error = Search::for_pattern(&bench, pattern).and_then(Search::run).unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
}

#[test]
fn a_path_is_a_file_or_stands_for_the_files_in_a_folder() {
    let bench = Bench::new().with_project_file("data/x.csv", "1");
    fs::create_dir(bench.storage("in")).unwrap();
    fs::write(bench.storage("in/a.csv"), "x").unwrap();
    let all = |path: &str| -> Vec<String> {
        let found = Search::for_file_or_folder(&bench, path).and_then(Search::run);
        found.map_or_else(|error| vec![error.code], |found| found.into_iter().map(|file| file.path).collect())
    };
    assert_eq!(all("storage:in"), ["storage:in/a.csv"]);
    assert_eq!(all("storage:in/a.csv"), ["storage:in/a.csv"]);
    assert_eq!(all("project:data"), ["project:data/x.csv"]);
    assert_eq!(all("storage:nowhere"), ["file/not-found"]);
    assert_eq!(all(" "), ["file/no-path"]);
    let one = Search::for_file(&bench, "storage:in").and_then(Search::run).unwrap_err();
    assert_eq!(one.code, "file/is-folder");
}

#[test]
fn moving_replaces_only_when_asked_and_finishes_what_was_cut_off() {
    let bench = Bench::new();
    let (from, to) = (bench.storage("a"), bench.storage("deep/b"));
    fs::write(&from, "new").unwrap();
    move_file(&from, &to, false).unwrap();
    assert_eq!((from.exists(), fs::read_to_string(&to).unwrap()), (false, "new".to_owned()));
    fs::write(&from, "newer").unwrap();
    assert_eq!(move_file(&from, &to, false).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&from).unwrap(), "newer");
    move_file(&from, &to, true).unwrap();
    assert_eq!(fs::read_to_string(&to).unwrap(), "newer");
    // As a process leaves it that dies between the two halves of a move.
    fs::hard_link(&to, &from).unwrap();
    move_file(&from, &to, false).unwrap();
    assert_eq!((from.exists(), to.exists()), (false, true));
    assert_eq!(move_file(&to, &to, false).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(to.exists());
}

#[test]
fn a_file_can_be_moved_onto_another_disk() {
    // A file system in memory, where there is one.
    let memory = Path::new("/dev/shm");
    let Ok(elsewhere) = tempfile::tempdir_in(memory) else { return };
    let bench = Bench::new();
    let from = elsewhere.path().join("a");
    for (text, replace) in [("one", false), ("two", true)] {
        fs::write(&from, text).unwrap();
        move_file(&from, &bench.storage("a"), replace).unwrap();
        assert_eq!((from.exists(), fs::read_to_string(bench.storage("a")).unwrap()), (false, text.to_owned()));
    }
    fs::write(&from, "three").unwrap();
    assert_eq!(move_file(&from, &bench.storage("a"), false).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(from.exists());
}

#[test]
fn folders_of_the_project_have_no_files_of_the_disk() {
    let bench = Bench::new();
    fs::write(bench.local("x.csv"), "x").unwrap();
    assert_eq!(bench.folder("project:data").unwrap_err().code, "file/not-found");
}
