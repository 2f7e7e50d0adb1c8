//! Files of a checkpoint storage in a bucket: read and listed, and nothing else.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{Bucket, BucketFile};
use flow_model::Component;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Result, Seek, Write};
use std::sync::Arc;
use std::time::SystemTime;

/// A bucket with these files.
#[derive(Debug)]
struct Shelf(BTreeMap<&'static str, &'static str>);

impl Bucket for Shelf {
    fn look(&self, path: &str) -> Result<BucketFile> {
        let content = self.0.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(BucketFile { path: path.to_owned(), size: content.len() as u64, modified: SystemTime::UNIX_EPOCH })
    }

    fn list(&self, folder: &str, deep: bool) -> Result<Vec<BucketFile>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = |path: &&&str| path.strip_prefix(prefix.as_str()).is_some_and(|rest| deep || !rest.contains('/'));
        self.0.keys().filter(inside).map(|path| self.look(path)).collect()
    }

    fn open(&self, path: &str) -> Result<File> {
        let content = self.0.get(path).ok_or(ErrorKind::NotFound)?;
        let mut file = tempfile::tempfile()?;
        file.write_all(content.as_bytes())?;
        file.rewind()?;
        Ok(file)
    }
}

fn bench() -> Bench {
    let files = [
        ("in/a.csv", "name\nann\n"),
        ("in/b.csv", "name\nben\n"),
        ("in/deep/c.csv", "name\ncat\n"),
        ("objects/ab/saved.csv", "name\nno\n"),
        ("top.csv", "name\ndan\n"),
    ];
    Bench::new().with_bucket(Arc::new(Shelf(files.into())))
}

#[tokio::test]
async fn files_of_a_bucket_are_read_by_path_and_by_pattern() {
    let bench = bench().with_variable("path", "storage:in/a.csv");
    for (path, expected) in [
        ("${path}", vec!["ann"]),
        ("storage:/top.csv", vec!["dan"]),
        ("storage:in/*.csv", vec!["ann", "ben"]),
        ("storage:**/*.csv", vec!["ann", "ben", "cat", "dan"]),
    ] {
        let outcome = bench.run(&Component::new("FileRead", "Read").with("Path", path), stream("")).await.unwrap();
        let expected: Vec<_> = expected.into_iter().map(|name| json!({"name": name})).collect();
        assert_eq!(rows(outlet(&outcome, "out")), json!(expected), "{path}");
    }
    for (path, code) in [("storage:none.csv", "file/not-found"), ("storage:objects/ab/saved.csv", "file/reserved")] {
        let error = bench.run(&Component::new("FileRead", "Read").with("Path", path), stream("")).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.property.as_deref()), (code, Some("Path")), "{path}");
    }
}

#[tokio::test]
async fn files_of_a_bucket_are_listed_by_folder_too() {
    let bench = bench();
    for (path, expected) in [
        ("storage:in", vec!["storage:in/a.csv", "storage:in/b.csv"]),
        ("storage:", vec!["storage:top.csv"]),
        ("storage:in/**", vec!["storage:in/a.csv", "storage:in/b.csv", "storage:in/deep/c.csv"]),
        ("storage:top.csv", vec!["storage:top.csv"]),
    ] {
        let outcome = bench.run(&Component::new("FileList", "List").with("Path", path), stream("")).await.unwrap();
        let rows = rows(outlet(&outcome, "out"));
        let found: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{path}");
    }
    let error = bench.run(&Component::new("FileList", "List").with("Path", "storage:nowhere"), stream("")).await;
    assert_eq!(error.unwrap_err().code, "file/not-found");
}

#[tokio::test]
async fn a_file_of_a_bucket_is_copied_to_a_folder_and_nothing_is_changed_there() {
    let bench = bench();
    let moving = |path: &str, to: &str| Component::new("FileMove", "Move").with("Path", path).with("To", to);
    let copied = bench.run(&moving("storage:in/a.csv", "a.csv").with("Copy", true), stream("")).await;
    copied.unwrap();
    assert_eq!(fs::read_to_string(bench.local("a.csv")).unwrap(), "name\nann\n");
    for component in [
        moving("storage:in/a.csv", "b.csv"),
        moving("a.csv", "storage:in/z.csv"),
        Component::new("FileDelete", "Delete").with("Path", "storage:in/a.csv"),
        Component::new("FileWrite", "Write").with("Path", "storage:out.csv"),
    ] {
        let error = bench.run(&component, stream("name\nann\n")).await.unwrap_err();
        assert_eq!(error.code, "file/no-storage-folder", "{component:?}");
        assert!(error.message.contains("folder that all servers see"), "{error}");
    }
}
