//! Merging the files of a project that mean more than their lines: flows.

use flow_model::{Conflict, Flow, FlowName, Side, merge_deciding};

/// What came of merging three versions of a file of a project.
#[derive(Debug, Clone, PartialEq)]
pub enum FileMerge {
    /// The merged flow, as the text of its file.
    Merged(String),
    /// What both sides changed differently, and the flow merged as far as possible; there it is as in ours.
    Conflicts {
        /// What is in conflict.
        conflicts: Vec<Conflict>,
        /// The text of the file with ours where there are conflicts.
        text: String,
    },
    /// One of the versions is no flow that can be read; why, in words.
    Unreadable(String),
    /// The file is no flow.
    NotAFlow,
}

/// Merges three versions of the file at `path` (relative to the project) by component, if it is a flow's file. Without
/// a base, both sides added the file.
pub fn merge_file(path: &str, base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> FileMerge {
    merge_file_deciding(path, base, ours, theirs, &|_| None)
}

/// The same, with conflicts that are decided: where `decide` names a side, that side's change counts.
pub fn merge_file_deciding(
    path: &str,
    base: Option<&[u8]>,
    ours: &[u8],
    theirs: &[u8],
    decide: &dyn Fn(&Conflict) -> Option<Side>,
) -> FileMerge {
    if FlowName::from_path(path).is_none() {
        return FileMerge::NotAFlow;
    }
    match (
        base.map_or_else(|| Ok(Flow::default()), |base| read("base", base)),
        read("ours", ours),
        read("theirs", theirs),
    ) {
        (Ok(base), Ok(ours), Ok(theirs)) => merged(&base, &ours, &theirs, decide),
        (Err(problem), ..) | (_, Err(problem), _) | (.., Err(problem)) => FileMerge::Unreadable(problem),
    }
}

/// Merges three versions of a flow into the text of its file.
pub fn merge_flows(base: &Flow, ours: &Flow, theirs: &Flow) -> FileMerge {
    merged(base, ours, theirs, &|_| None)
}

fn merged(base: &Flow, ours: &Flow, theirs: &Flow, decide: &dyn Fn(&Conflict) -> Option<Side>) -> FileMerge {
    let merged = merge_deciding(base, ours, theirs, decide);
    let text = merged.flow.to_json();
    match merged.conflicts {
        conflicts if conflicts.is_empty() => FileMerge::Merged(text),
        conflicts => FileMerge::Conflicts { conflicts, text },
    }
}

fn read(side: &str, content: &[u8]) -> Result<Flow, String> {
    let text = std::str::from_utf8(content).map_err(|_| format!("{side} is not UTF-8 text"))?;
    Flow::from_json(text).map_err(|error| format!("{side} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{FileMerge, merge_file};
    use crate::project::tests::flow;
    use flow_model::{ComponentId, Edit, Flow};
    use serde_json::json;

    fn with(property: &str, value: i64) -> Flow {
        let mut flow = flow("");
        let start = flow.start().expect("has a start").0.clone();
        let edit = Edit::SetProperty { id: start, property: property.to_owned(), value: json!(value) };
        edit.restore(&mut flow).expect("applies");
        flow
    }

    fn merged(ours: &Flow, theirs: &Flow) -> FileMerge {
        let base = flow("").to_json();
        merge_file("flows/x.flow.json", Some(base.as_bytes()), ours.to_json().as_bytes(), theirs.to_json().as_bytes())
    }

    #[test]
    fn a_flow_is_merged_by_component_and_other_files_are_not() {
        let (ours, theirs) = (with("RetryCount", 1), with("RetryInterval", 2));
        let FileMerge::Merged(text) = merged(&ours, &theirs) else { panic!("merges") };
        let both = Flow::from_json(&text).expect("reads");
        let start: &ComponentId = both.start().expect("has a start").0;
        assert_eq!(both.components[start].properties.len(), 2);
        assert_eq!(merge_file("data/x.csv", None, b"1", b"2"), FileMerge::NotAFlow);
    }

    #[test]
    fn conflicts_and_unreadable_versions_are_named() {
        let FileMerge::Conflicts { conflicts, text } = merged(&with("RetryCount", 1), &with("RetryCount", 2)) else {
            panic!("is in conflict")
        };
        assert!(conflicts[0].what.starts_with("RetryCount of") && text == with("RetryCount", 1).to_json());
        let unreadable = merge_file("flows/x.flow.json", None, b"{", b"{}");
        assert!(
            matches!(&unreadable, FileMerge::Unreadable(why) if why.starts_with("ours cannot be read")),
            "{unreadable:?}"
        );
    }
}
