//! File Read and File Write on real files.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{CANCELLED, ComponentError, MAY_NOT_ACT};
use flow_model::Component;
use serde_json::{Value, json};
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
        ("storage:latin.csv", "data/encoding", "storage:latin.csv: "),
        ("storage:folder", "file/is-folder", "storage:folder"),
        ("storage:../x", "file/bad-path", "“..”"),
        ("project:x.csv", "file/not-found", "no file “x.csv”"),
        ("${day}.csv", "template/unknown-name", "${day}"),
        ("storage:[", "file/bad-pattern", "no pattern"),
    ] {
        let error = failure(&bench, &read(path)).await;
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    assert_eq!(failure(&bench, &read("storage:ragged.csv")).await.row, Some(2));
}

/// Why a file cannot be read: at once, or when its records are.
async fn failure(bench: &Bench, component: &Component) -> ComponentError {
    match bench.run(component, stream("")).await {
        Err(error) => error,
        Ok(outcome) => outlet(&outcome, "out").to_batch().unwrap_err().into(),
    }
}

async fn text(bench: &Bench, component: &Component) -> Value {
    rows(outlet(&bench.run(component, stream("")).await.unwrap(), "out"))
}

#[tokio::test]
async fn every_format_comes_back_as_it_was_written() {
    let bench = Bench::new();
    let input = stream("id,price,name,day\n1,2.5,\"a \"\"b\"\" ü\",2024-02-29\n2,,c,2024-03-01\n");
    let types = json!([
        {"name": "id", "type": "Integer", "length": 4},
        {"name": "price", "type": "Number", "length": 8},
        {"name": "name", "type": "Text", "length": 12},
        {"name": "day", "type": "Date", "length": 10},
    ]);
    for (format, property, value) in [
        ("Csv", "Columns", types.clone()),
        ("JsonLines", "Columns", types.clone()),
        ("Json", "Records", json!("data.items")),
        ("Xml", "Records", json!("all/one")),
        ("Parquet", "Header", json!(true)),
        ("FixedLength", "Layout", types.clone()),
    ] {
        // Parquet packs by itself.
        let endings = if format == "Parquet" { &[""][..] } else { &["", ".gz", ".zst"] };
        for ending in endings {
            let path = format!("storage:out/file.{format}{ending}");
            let with = |component: Component| component.with("Format", format).with(property, value.clone());
            let writer = if property == "Columns" { write(&path).with("Format", format) } else { with(write(&path)) };
            let written = bench.run(&writer, input.clone()).await.unwrap();
            assert_eq!(written.note.as_deref(), Some("2 records"), "{path}");
            let back = text(&bench, &with(read(&path)).with("Columns", types.clone())).await;
            assert_eq!(back, rows(&input), "{path}");
        }
    }
}

#[tokio::test]
async fn texts_and_bytes_are_one_record() {
    let bench = Bench::new();
    let lines = stream("line\none\ntwo\n");
    bench
        .run(&write("storage:a.txt").with("Format", "Lines").with("Encoding", "UTF-16LE"), lines.clone())
        .await
        .unwrap();
    let as_lines = read("storage:a.txt").with("Format", "Lines").with("Encoding", "UTF-16LE");
    assert_eq!(text(&bench, &as_lines).await, rows(&lines));
    fs::write(bench.storage("b.txt"), b"caf\xe9\n").unwrap();
    let latin = read("storage:b.txt").with("Format", "Text").with("Encoding", "windows-1252");
    assert_eq!(text(&bench, &latin).await, json!([{"text": "café\n"}]));
    let bytes = bench.run(&read("storage:b.txt").with("Format", "Bytes"), stream("")).await.unwrap();
    bench.run(&write("storage:c.bin").with("Format", "Bytes"), outlet(&bytes, "out").clone()).await.unwrap();
    assert_eq!(fs::read(bench.storage("c.bin")).unwrap(), b"caf\xe9\n");
    let error = bench.run(&write("storage:d.txt").with("Format", "Text"), stream("a,b\n1,2\n")).await.unwrap_err();
    assert_eq!(error.property.as_deref(), Some("Format"), "{error}");
}

#[tokio::test]
async fn several_files_are_read_as_one_stream() {
    let bench = Bench::new().with_variable("folder", "in");
    fs::create_dir(bench.storage("in")).unwrap();
    for (name, content) in [("b.csv", "id,x\n3,c\n"), ("a.csv", "id,x\n1,a\n2,7\n"), ("c.txt", "no")] {
        fs::write(bench.storage("in").join(name), content).unwrap();
    }
    let expected = json!([{"id": 1, "x": "a"}, {"id": 2, "x": "7"}, {"id": 3, "x": "c"}]);
    assert_eq!(text(&bench, &read("storage:${folder}/*.csv")).await, expected);
    let list = stream("file\nb\na\n");
    let outcome = bench.run(&read("storage:in/${file}.csv"), list).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out"))[0]["id"], 3);
    assert_eq!(outcome.note.as_deref(), Some("2 files"));
    let outcome = bench.run(&read("storage:in/*.pdf"), stream("")).await.unwrap();
    assert_eq!((outcome.outlets.len(), outcome.note.as_deref()), (0, Some("no files")));
}

#[tokio::test]
async fn bad_records_are_an_error_left_out_or_rejected() {
    let bench = Bench::new().with_project_file("bad.csv", "id,x\n1,a\n2\nthree,c\n4,d\n");
    let component = read("project:bad.csv").with("Columns", json!([{"name": "id", "type": "Integer"}]));
    assert_eq!(failure(&bench, &component).await.code, "data/csv-ragged");
    let good = json!([{"id": 1, "x": "a"}, {"id": 4, "x": "d"}]);
    assert_eq!(text(&bench, &component.clone().with("OnBadRecord", "Skip")).await, good);
    let outcome = bench.run(&component.with("OnBadRecord", "Reject"), stream("")).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), good);
    let rejected = rows(outlet(&outcome, "rejected"));
    assert_eq!(
        (rejected[0]["row"].clone(), rejected[0]["line"].clone(), rejected[0]["text"].clone()),
        (json!(2), json!(3), json!("2"))
    );
    assert_eq!((rejected[1]["row"].clone(), rejected[1]["code"].clone()), (json!(3), json!("data/value")));
    assert_eq!(outcome.note.as_deref(), Some("2 records, 2 rejected"));
}

#[tokio::test]
async fn a_file_is_named_by_the_first_record_where_its_path_says_so() {
    let bench = Bench::new();
    bench.run(&write("storage:${customer}.csv"), stream("customer\nada\nbob\n")).await.unwrap();
    assert!(bench.storage("ada.csv").exists() && !bench.storage("bob.csv").exists());
    let nothing = stream("customer\nada\n").slice(0, 0).unwrap();
    assert_eq!(bench.run(&write("storage:${customer}.csv"), nothing).await.unwrap_err().code, "file/no-record");
}

#[tokio::test]
async fn a_stream_that_fails_on_the_way_leaves_no_file() {
    let bench = Bench::new();
    fs::write(bench.storage("in.csv"), "a,b\n1,2\n1\n").unwrap();
    let read = bench.run(&read("storage:in.csv"), stream("")).await.unwrap();
    let error = bench.run(&write("storage:out.csv"), outlet(&read, "out").clone()).await.unwrap_err();
    assert_eq!(error.code, "data/csv-ragged");
    assert_eq!(fs::read_dir(bench.storage("")).unwrap().count(), 1, "neither the file nor an unfinished one");
}

#[test]
fn what_a_format_needs_is_asked_for() {
    let id = crate::testing::id("f-a");
    for (component, property) in [
        (read("x").with("Format", "Xml"), "Records"),
        (read("x").with("Format", "FixedLength"), "Layout"),
        (read("x").with("Columns", json!([{"name": "a", "type": "Whatever"}])), "Columns"),
        (read("x").with("Encoding", "klingon"), "Encoding"),
    ] {
        let problems = crate::Palette::standard().prepare(&id, &component).err().unwrap();
        assert_eq!(problems[0].place.property.as_deref(), Some(property), "{problems:?}");
    }
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
