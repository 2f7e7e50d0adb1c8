//! The page of error codes is in step with the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The first parts of what is no error that somebody meets: edits that the designer refuses, media types. What `cairn check`
/// finds has a page of its own.
const ELSEWHERE: [&str; 3] = ["application", "edit", "text"];

/// Texts in the code that look like codes.
const NO_CODES: [&str; 9] = [
    "a/b",
    "account/filters",
    "account/git-credentials",
    "cairn/tour",
    "metrics/history",
    "property/flow",
    "requests/bulk",
    "requests/counts",
    "retention/preview",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a text is written as codes are: `store/not-found`.
fn is_code(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_lowercase())
            && part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
    };
    text.split_once('/').is_some_and(|(area, name)| part(area) && part(name))
}

/// The codes among the texts between `quote`s.
fn codes(text: &str, quote: char) -> BTreeSet<String> {
    let of_line = |line: &str| line.split(quote).skip(1).map(str::to_owned).collect::<Vec<_>>();
    text.lines().flat_map(of_line).filter(|text| is_code(text)).collect()
}

/// The sources in a folder, without tests and measurements.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["tests", "conformance", "bench"].contains(&name.as_str()) {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" && name != "bench.rs" {
            found.push(path);
        }
    }
}

/// Every code in the sources, with a file that has it.
fn codes_of_the_sources() -> BTreeMap<String, PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(repository().join("crates")).unwrap() {
        let folder = entry.unwrap().path().join("src");
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    let mut found = BTreeMap::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let without_tests = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        found.extend(codes(without_tests, '"').into_iter().map(|code| (code, path.clone())));
    }
    found
}

#[test]
fn every_error_code_is_explained_and_every_explained_code_exists() {
    let page = std::fs::read_to_string(repository().join("docs/error-codes.md")).unwrap();
    let page = codes(&page, '`');
    let meanings = repository().join("crates/cairn/src/commands/check");
    let meanings =
        ["meanings.rs", "meanings/parts.rs"].map(|file| std::fs::read_to_string(meanings.join(file)).unwrap());
    let findings = codes(&meanings.concat(), '"');
    let sources = codes_of_the_sources();
    assert!(sources.len() > 200 && page.len() > 200, "{} in the code, {} on the page", sources.len(), page.len());

    let is_elsewhere = |code: &str| {
        let area = code.split('/').next().unwrap();
        findings.contains(code) || NO_CODES.contains(&code) || ELSEWHERE.contains(&area)
    };
    let unexplained: Vec<String> = sources
        .iter()
        .filter(|(code, _)| !page.contains(*code) && !is_elsewhere(code))
        .map(|(code, path)| format!("{code} ({})", path.display()))
        .collect();
    assert!(unexplained.is_empty(), "docs/error-codes.md does not explain: {unexplained:#?}");
    let gone: Vec<&String> = page.iter().filter(|code| !sources.contains_key(*code)).collect();
    assert!(gone.is_empty(), "docs/error-codes.md explains what the code does not have: {gone:#?}");
}
