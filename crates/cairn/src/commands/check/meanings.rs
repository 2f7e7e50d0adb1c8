//! What the findings of `cairn check` mean, and the way out of each. `docs/diagnostics.md` is this list.

mod parts;

use crate::outcome::Failure;
use flow_data::nearby_names;
use flow_model::Severity;
use parts::PARTS;
use serde::Serialize;
use std::fmt::Write as _;

/// A kind of finding.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Meaning {
    /// Its stable code.
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    /// What is wrong.
    pub(super) meaning: &'static str,
    /// What to do about it.
    pub(super) way_out: &'static str,
    /// What the designer's *Fix* button does, where there is one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) fix: &'static str,
}

/// A part of the list, with its heading.
type Part = (&'static str, &'static [Meaning]);

/// Every kind of finding.
pub(super) fn all() -> impl Iterator<Item = &'static Meaning> {
    PARTS.iter().flat_map(|(_, meanings)| *meanings)
}

/// The meaning of one code.
pub(super) fn explain(code: &str) -> Result<&'static Meaning, Failure> {
    all().find(|meaning| meaning.code == code).ok_or_else(|| {
        let near = nearby_names(code, all().map(|meaning| meaning.code));
        let hint = near.first().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Failure::new("check/unknown-code", format!("no finding has the code “{code}”{hint}"))
    })
}

/// One of them for people.
pub(super) fn text(meaning: &Meaning) -> String {
    let fix = if meaning.fix.is_empty() { String::new() } else { format!("\nThe Fix button {}.", meaning.fix) };
    format!("{} ({})\n{}\n{}{fix}", meaning.code, meaning.severity, meaning.meaning, meaning.way_out)
}

/// All of them, as a page.
pub(super) fn markdown() -> String {
    let mut page = String::from(
        "# What `cairn check` finds\n\n\
         The designer finds the same while a flow is drawn, and shows it in *Problems*. An error keeps the flow from \
         running; with a warning it runs, but probably not as meant. Codes are stable, so that programs can go by them. \
         Fix says what the *Fix* button of a problem does, where there is one. This page is written by \
         `cairn check --explain > docs/diagnostics.md`; `cairn check --explain CODE` prints one entry.\n",
    );
    for (title, meanings) in PARTS {
        let _ = write!(page, "\n## {title}\n\n| code | | what it means | way out | Fix |\n|---|---|---|---|---|\n");
        for Meaning { code, severity, meaning, way_out, fix } in *meanings {
            let _ = writeln!(page, "| `{code}` | {severity} | {meaning} | {way_out} | {fix} |");
        }
    }
    page.truncate(page.trim_end().len());
    page
}
