//! What came of the tests: for people, for programs, and for build servers.

use flow_test::{Difference, Tested};
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

/// All tests that were run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    project: String,
    passed: usize,
    pub(super) failed: usize,
    ms: u64,
    tests: Vec<Tested>,
}

/// A test for people.
pub(super) fn lines(test: &Tested) -> Vec<String> {
    let mark = if test.passed { '✓' } else { '✗' };
    let mut lines = vec![format!("{mark} {} ({} ms)", test.name, test.ms)];
    lines.extend(test.differences.iter().map(|difference| format!("    {}", told(difference))));
    lines.extend(test.folder.iter().map(|folder| format!("    ran in {}", folder.display())));
    lines
}

fn told(difference: &Difference) -> String {
    let Difference { place, expected, found } = difference;
    if expected.is_empty() {
        return format!("{place}: {found}");
    }
    format!("{place}\n        expected: {expected}\n        found:    {found}")
}

impl Report {
    pub(super) fn new(project: &str, tests: Vec<Tested>, took: Duration) -> Self {
        let passed = tests.iter().filter(|test| test.passed).count();
        let failed = tests.len() - passed;
        Self { project: project.to_owned(), passed, failed, ms: milliseconds(took), tests }
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        if self.tests.is_empty() {
            return "no tests: put them into tests/NAME.test.json".to_owned();
        }
        format!("{} passed, {} failed, in {:.1} s", self.passed, self.failed, self.ms as f64 / 1000.0)
    }

    /// The results as JUnit XML.
    pub(super) fn junit(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Writing into a text cannot fail.
        let _ = writeln!(
            xml,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">",
            escaped(&self.project),
            self.tests.len(),
            self.failed,
            self.ms as f64 / 1000.0
        );
        for test in &self.tests {
            let time = test.ms as f64 / 1000.0;
            let (name, class) = (escaped(&test.name), escaped(&test.flow));
            let _ = write!(xml, "  <testcase name=\"{name}\" classname=\"{class}\" time=\"{time:.3}\"");
            let Some(first) = test.differences.first() else {
                xml.push_str("/>\n");
                continue;
            };
            let all: Vec<String> = test.differences.iter().map(told).collect();
            let (first, all) = (escaped(&first.place), escaped(&all.join("\n")));
            let _ = writeln!(xml, ">\n    <failure message=\"{first}\">{all}</failure>\n  </testcase>");
        }
        xml.push_str("</testsuite>\n");
        xml
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A text as it stands in XML, without the characters that XML cannot have.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
