//! File Read and File Write on real files.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{CANCELLED, MAY_NOT_ACT};
use flow_model::Component;
use serde_json::json;
use std::fs;

fn read(path: &str) -> Component {
    Component::new("FileRead", "Read").with("Path", path)
}

fn write(path: &str) -> Component {
    Component::new("FileWrite", "Write").with("Path", path)
}

#[tokio::test]
async fn a_file_is_read_from_each_place() {
    let bench = Bench::new().with_project_file("data/1997.csv", "id\n1\n").with_variable("year", 1997);
    fs::write(bench.storage("in.csv"), "id;x\n2;a\n").unwrap();
    fs::write(bench.local("in.csv"), "3\n").unwrap();
    for (component, expected) in [
        (read("project:data/${year}.csv"), json!([{"id": 1}])),
        (read("storage:in.csv").with("Delimiter", ";"), json!([{"id": 2, "x": "a"}])),
        (read("in.csv").with("Header", false), json!([{"column_1": 3}])),
    ] {
        let outcome = bench.run(&component, stream("")).await.unwrap();
        assert_eq!(rows(outlet(&outcome, "out")), expected);
        assert_eq!(outcome.note.as_deref(), Some("1 record"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named_with_its_path() {
    let bench = Bench::new();
    fs::write(bench.storage("ragged.csv"), "a,b\n1,2\n1\n").unwrap();
    fs::write(bench.storage("latin.csv"), b"name\ncaf\xe9\n").unwrap();
    fs::create_dir(bench.storage("folder")).unwrap();
    for (path, code, part) in [
        ("storage:nothing.csv", "file/not-found", "storage:nothing.csv: there is no such file"),
        ("storage:ragged.csv", "data/csv-ragged", "storage:ragged.csv: row 2 (line 3) has 1 fields, 2 are expected"),
        ("storage:latin.csv", "data/csv-encoding", "row 1 (line 2), field “name”"),
        ("storage:folder", "data/csv", "storage:folder"),
        ("storage:../x", "file/bad-path", "“..”"),
        ("project:x.csv", "file/not-found", "no file “x.csv”"),
        ("${day}.csv", "template/unknown-name", "${day}"),
    ] {
        let error = bench.run(&read(path), stream("")).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    let error = bench.run(&read("storage:ragged.csv"), stream("")).await.unwrap_err();
    assert_eq!((error.row, error.property.as_deref()), (Some(2), Some("Path")));
}

#[tokio::test]
async fn a_file_is_written_and_replaced_as_a_whole() {
    let bench = Bench::new().with_variable("day", "mon");
    for csv in ["a,b\n1,x\n2,\"y,z\"\n", "a\n9\n"] {
        let outcome = bench.run(&write("storage:out/deep/${day}.csv"), stream(csv)).await.unwrap();
        assert_eq!(outlet(&outcome, "out"), &stream(csv));
        assert_eq!(fs::read_to_string(bench.storage("out/deep/mon.csv")).unwrap(), csv);
    }
    assert_eq!(fs::read_dir(bench.storage("out/deep")).unwrap().count(), 1);
    let bare = write("storage:bare.csv").with("Header", false).with("Delimiter", "|");
    bench.run(&bare, stream("a,b\n1,x\n")).await.unwrap();
    assert_eq!(fs::read_to_string(bench.storage("bare.csv")).unwrap(), "1|x\n");
}

#[tokio::test]
async fn nothing_is_written_without_leave_to_act() {
    let bench = Bench::new();
    fs::write(bench.storage("out.csv"), "before\n").unwrap();
    bench.may_act_only(0);
    let error = bench.run(&write("storage:out.csv"), stream("a\n1\n")).await.unwrap_err();
    assert_eq!(error.code, MAY_NOT_ACT);
    bench.may_act_only(9);
    bench.cancel.cancel();
    let error = bench.run(&write("storage:out.csv"), stream("a\n1\n")).await.unwrap_err();
    assert_eq!(error.code, CANCELLED);
    assert_eq!(fs::read_to_string(bench.storage("out.csv")).unwrap(), "before\n");
    assert_eq!(fs::read_dir(bench.storage("")).unwrap().count(), 1, "no temporary file is left");
}

#[tokio::test]
async fn places_that_cannot_be_written_are_named() {
    let bench = Bench::new().with_project_file("a.csv", "x\n");
    fs::write(bench.storage("file"), "").unwrap();
    for (path, code, part) in
        [("project:a.csv", "file/read-only", "storage:"), ("storage:file/x.csv", "file/write", "storage:file/x.csv: ")]
    {
        let error = bench.run(&write(path), stream("a\n1\n")).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.property.as_deref()), (code, Some("Path")), "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}
