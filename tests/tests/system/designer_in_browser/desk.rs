//! A small project for the tests of inspector and runs: Start → Read → Map → Keep, which writes a file, → End.

use serde_json::{Value, json};
use std::path::Path;
use system_tests::project::TestProject;

pub fn desk(parent: &Path) -> TestProject {
    let files = [
        ("flows/prices.flow.json", prices().to_string()),
        ("data/prices.csv", "id,name,amount\n1,tea,10\n2,salt,20\n3,a long name of a thing,30\n".to_owned()),
    ];
    TestProject::new(parent, "desk", &files)
}

fn prices() -> Value {
    json!({
        "format": 2,
        "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start", "properties": {
                "Inputs": [{"name": "factor", "type": "Integer", "default": 2}]}},
            {"id": "fileread-aaaaaa", "type": "FileRead", "name": "Read", "properties": {"Path": "project:data/prices.csv"}},
            {"id": "mapper-aaaaaa", "type": "Mapper", "name": "Map", "properties": {"Fields": [
                {"field": "id", "expression": "id"},
                {"field": "gross", "expression": "amount * $factor"}]}},
            {"id": "filewrite-aaaaaa", "type": "FileWrite", "name": "Keep", "properties": {"Path": "storage:kept.csv"}},
            {"id": "end-aaaaaa", "type": "End", "name": "End"}],
        "links": [
            {"from": "fileread-aaaaaa.out", "to": "mapper-aaaaaa.in"},
            {"from": "filewrite-aaaaaa.out", "to": "end-aaaaaa.in"},
            {"from": "mapper-aaaaaa.out", "to": "filewrite-aaaaaa.in"},
            {"from": "start-aaaaaa.out", "to": "fileread-aaaaaa.in"}],
        "layout": {
            "start-aaaaaa": [0, 0], "fileread-aaaaaa": [280, 0], "mapper-aaaaaa": [560, 0],
            "filewrite-aaaaaa": [840, 0], "end-aaaaaa": [1120, 0]}
    })
}
