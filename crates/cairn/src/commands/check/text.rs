//! Findings as text for people.

use super::{Checked, CheckedFile};
use crate::output::counted;
use flow_model::Diagnostic;

/// One finding a line, then how many there are.
pub(super) fn findings(checked: &Checked) -> String {
    let mut lines = Vec::new();
    for file in &checked.files {
        lines.extend(file.diagnostics.iter().map(|found| finding(file, found)));
    }
    lines.push(format!(
        "{}: {}, {}, {}",
        checked.project,
        counted(checked.files.len() as u64, "file"),
        counted(checked.errors as u64, "error"),
        counted(checked.warnings as u64, "warning")
    ));
    lines.join("\n")
}

fn finding(file: &CheckedFile, found: &Diagnostic) -> String {
    let place = match (&found.place.component, &found.place.property) {
        (None, _) => String::new(),
        (Some(id), property) => {
            let name = file.source.component_name(found).unwrap_or_default();
            let property = property.as_ref().map(|property| format!(" {property}")).unwrap_or_default();
            format!("{name} ({id}){property}: ")
        }
    };
    format!("{}: {place}{}: {} [{}]", file.file, found.severity, found.message, found.code)
}
