//! Merging the files of a project that mean more than their lines: flows, triggers and calendars.

use flow_model::{Calendar, Conflict, Flow, FlowName, Side, Trigger, merge_deciding};

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

/// Merges three versions of the file at `path` (relative to the project) by component, if it is a flow's file, by
/// member, if it is a trigger's, or by day, if it is a calendar's. Without a base, both sides added the file.
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
    if let Some(name) = Trigger::name_in(path) {
        let merge =
            |base: Option<&Trigger>, ours: &Trigger, theirs: &Trigger| Trigger::merge(base, ours, theirs, decide);
        return merged_by((base, ours, theirs), |text| Trigger::from_json(name, text), merge, Trigger::to_json);
    }
    if let Some(name) = Calendar::name_in(path) {
        let merge =
            |base: Option<&Calendar>, ours: &Calendar, theirs: &Calendar| Calendar::merge(base, ours, theirs, decide);
        return merged_by((base, ours, theirs), |text| Calendar::from_json(name, text), merge, Calendar::to_json);
    }
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

/// Merges base, ours and theirs of a file that is read, merged and written like this.
fn merged_by<T, E: std::fmt::Display>(
    (base, ours, theirs): (Option<&[u8]>, &[u8], &[u8]),
    read: impl Fn(&str) -> Result<T, E>,
    merge: impl Fn(Option<&T>, &T, &T) -> (T, Vec<Conflict>),
    write: impl Fn(&T) -> String,
) -> FileMerge {
    let read = |side: &str, content: &[u8]| {
        let text = std::str::from_utf8(content).map_err(|_| format!("{side} is not UTF-8 text"))?;
        read(text).map_err(|error| format!("{side} cannot be read: {error}"))
    };
    match (base.map(|base| read("base", base)).transpose(), read("ours", ours), read("theirs", theirs)) {
        (Ok(base), Ok(ours), Ok(theirs)) => {
            let (merged, conflicts) = merge(base.as_ref(), &ours, &theirs);
            match conflicts.is_empty() {
                true => FileMerge::Merged(write(&merged)),
                false => FileMerge::Conflicts { conflicts, text: write(&merged) },
            }
        }
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
    use flow_model::{ComponentId, Edit, Flow, Trigger};
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
    fn a_trigger_is_merged_by_member() {
        let file = |cron: &str, missed: &str| {
            let trigger =
                Trigger::new("t", "trigger-aaaaaa", "schedule", &"import".to_owned().try_into().expect("a name"));
            trigger.with("Cron", cron).with("Missed", missed).to_json()
        };
        let merge = |base: &str, ours: &str, theirs: &str| {
            merge_file("triggers/t.trigger.json", Some(base.as_bytes()), ours.as_bytes(), theirs.as_bytes())
        };
        let base = file("0 6 * * *", "Skip");
        let FileMerge::Merged(text) = merge(&base, &file("0 7 * * *", "Skip"), &file("0 6 * * *", "All")) else {
            panic!("merges")
        };
        assert_eq!(text, file("0 7 * * *", "All"));
        let FileMerge::Conflicts { conflicts, text } =
            merge(&base, &file("0 7 * * *", "Skip"), &file("0 8 * * *", "All"))
        else {
            panic!("is in conflict")
        };
        assert_eq!((conflicts.len(), conflicts[0].what.as_str()), (1, "Cron of trigger “t”"));
        assert_eq!(text, file("0 7 * * *", "All"), "ours, and what only they changed");
    }

    #[test]
    fn a_calendar_is_merged_by_day() {
        let file = |days: &[&str]| json!({"format": 1, "days": days}).to_string();
        let (base, ours, theirs) =
            (file(&["12-25", "12-26"]), file(&["12-25", "2026-12-24"]), file(&["01-01", "12-25", "12-26"]));
        let path = "calendars/holidays.json";
        let FileMerge::Merged(text) = merge_file(path, Some(base.as_bytes()), ours.as_bytes(), theirs.as_bytes())
        else {
            panic!("merges")
        };
        let merged: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
        assert_eq!(merged["days"], json!(["01-01", "12-25", "2026-12-24"]));
        let unreadable = merge_file(path, None, ours.as_bytes(), b"{");
        assert!(
            matches!(&unreadable, FileMerge::Unreadable(why) if why.starts_with("theirs cannot be read")),
            "{unreadable:?}"
        );
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
