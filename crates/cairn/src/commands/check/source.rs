//! The text of a checked file: where in it a finding is.

use flow_model::{Diagnostic, Flow};

/// The text of a file, and the flow that it holds.
#[derive(Debug, Default)]
pub(super) struct Source {
    lines: Vec<String>,
    flow: Option<Flow>,
}

impl Source {
    pub(super) fn new(content: &[u8], flow: Option<Flow>) -> Self {
        Self { lines: String::from_utf8_lossy(content).lines().map(str::to_owned).collect(), flow }
    }

    /// The name of the component that a finding is about.
    pub(super) fn component_name(&self, found: &Diagnostic) -> Option<&str> {
        let id = found.place.component.as_ref()?;
        Some(self.flow.as_ref()?.components.get(id)?.name.as_str())
    }

    /// The line, from 1, on which what a finding is about begins.
    pub(super) fn line(&self, found: &Diagnostic) -> usize {
        let find = |from: usize, text: &str| {
            self.lines.iter().skip(from).position(|line| line.contains(text)).map(|at| from + at)
        };
        let place = &found.place;
        if let Some(link) = &place.link {
            let has_both = |line: &&String| {
                line.contains(&format!("\"{}\"", link.from)) && line.contains(&format!("\"{}\"", link.to))
            };
            return self.lines.iter().position(|line| has_both(&line)).map_or(1, |at| at + 1);
        }
        if let (None, Some(member)) = (&place.component, &place.property) {
            let within = ["inputs.", "expect.records.", "expect.error."];
            let name = within.iter().find_map(|prefix| member.strip_prefix(prefix)).unwrap_or(member);
            return find(0, &format!("\"{name}\":")).map_or(1, |at| at + 1);
        }
        let Some(component) = place.component.as_ref().and_then(|id| find(0, &format!("\"id\": \"{id}\""))) else {
            return 1;
        };
        let end = find(component + 1, "\"id\": \"").unwrap_or(self.lines.len());
        let property = place.property.as_ref().and_then(|name| find(component, &format!("\"{name}\":")));
        property.filter(|at| *at < end).unwrap_or(component) + 1
    }
}
