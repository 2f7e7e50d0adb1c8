//! Flows and connections: what is read is written the same, and everything that is known of a flow without running it
//! can be asked of any.

use super::fuzz;
use crate::Palette;
use crate::testing::Bench;
use flow_model::{Connection, Flow, StartSettings, check_structure, diff, failure_report, merge};
use std::collections::BTreeMap;
use std::path::Path;

/// The flows and connections of the sample projects.
fn samples(folder: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows-sample");
    let projects = std::fs::read_dir(root).unwrap().map(|project| project.unwrap().path().join(folder));
    let files = projects.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut samples: Vec<Vec<u8>> = files.filter_map(|file| std::fs::read(file.unwrap().path()).ok()).collect();
    samples.sort();
    assert!(!samples.is_empty());
    samples
}

#[test]
fn any_document_is_a_flow_or_an_error() {
    let palette = Palette::standard();
    let bench = Bench::new();
    let samples = samples("flows");
    let good = Flow::from_json(std::str::from_utf8(&samples[0]).unwrap()).unwrap();
    let words = [
        "\"format\"",
        "\"components\"",
        "\"links\"",
        "\"layout\"",
        "\"parent\"",
        "\"type\"",
        "ForEach",
        "SubFlow",
        "Start",
        "End",
        "Map",
        "SqlQuery",
        "Branch",
        "start.out",
        "error",
        "always",
        "each",
        "result",
        "\"Fields\"",
        "\"Flow\"",
        "count(*)",
        "$index",
        "storage:",
        "{x}",
        ":",
        ",",
        "{",
        "}",
        "[",
        "]",
        "\"",
    ];
    fuzz("document", samples, &words, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let flow = match Flow::from_json(text) {
            Ok(flow) => flow,
            Err(error) => return assert!(!error.code().is_empty()),
        };
        let written = flow.to_json();
        let again = Flow::from_json(&written).expect("what was written can be read");
        assert_eq!(again.to_json(), written);
        assert!(diff(&flow, &again).is_empty());
        assert!(merge(&flow, &flow, &again).conflicts.is_empty());
        merge(&good, &flow, &again);
        diff(&good, &flow);
        StartSettings::of(&flow);
        check_structure(&flow, palette.as_ref());
        failure_report(&flow, palette.as_ref(), &BTreeMap::new());
        palette.examine(&flow, &bench);
    });
}

#[test]
fn any_connection_is_read_or_an_error() {
    let words =
        ["\"kind\"", "postgres", "sqlite", "http", "\"host\"", "\"port\"", "\"url\"", "\"password\"", "{", "}", ":"];
    fuzz("connection", samples("connections"), &words, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        match Connection::from_json("x", text) {
            Ok(connection) => drop((connection.address(), connection.to_json())),
            Err(error) => assert!(!error.code().is_empty()),
        }
    });
}
