//! Findings as SARIF 2.1.0 (OASIS), which code hosts and editors show at their places.

use super::{Checked, CheckedFile, meanings};
use flow_model::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The log of one check of the project in `folder`.
pub(super) fn log(checked: &Checked, folder: &Path) -> Value {
    let codes: BTreeSet<&str> =
        checked.files.iter().flat_map(|file| &file.diagnostics).map(|found| found.code.as_str()).collect();
    let results: Vec<Value> = checked
        .files
        .iter()
        .flat_map(|file| file.diagnostics.iter().map(|found| result(file, found, folder)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cairn check",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>()
            }},
            "columnKind": "unicodeCodePoints",
            "results": results
        }]
    })
}

/// What a code means, for whoever shows the findings.
fn rule(code: &str) -> Value {
    match meanings::all().find(|meaning| meaning.code == code) {
        Some(meaning) => json!({
            "id": code,
            "shortDescription": {"text": meaning.meaning},
            "help": {"text": meaning.way_out}
        }),
        None => json!({"id": code}),
    }
}

fn result(file: &CheckedFile, found: &Diagnostic, folder: &Path) -> Value {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    };
    let path = folder.join(&file.file);
    let path = path.strip_prefix(".").unwrap_or(&path);
    let mut location = json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&path.to_string_lossy().replace('\\', "/"))},
        "region": {"startLine": file.source.line(found)}
    }});
    if let Some(id) = &found.place.component {
        let property = found.place.property.as_ref().map(|property| format!(".{property}")).unwrap_or_default();
        location["logicalLocations"] = json!([{
            "name": file.source.component_name(found).unwrap_or(id.as_str()),
            "fullyQualifiedName": format!("{id}{property}"),
            "kind": "member"
        }]);
    }
    json!({
        "ruleId": found.code,
        "level": level,
        "message": {"text": found.message},
        "locations": [location]
    })
}

/// A path as a URI reference: all but the unreserved characters of RFC 3986 and `/` is written as `%XX`.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("flows/Aufträge 1.flow.json"), "flows/Auftr%C3%A4ge%201.flow.json");
    }
}
