//! Flow tests follow the components that they name when those get other names.

use crate::project::OpenProject;
use bytes::Bytes;
use flow_model::{Flow, FlowName};
use flow_project::Project;
use std::collections::BTreeMap;

/// Whether a component is called otherwise in `after` than in `before`.
pub(crate) fn has_new_names(before: &Flow, after: &Flow) -> bool {
    before.components.iter().any(|(id, old)| after.components.get(id).is_some_and(|new| new.name != old.name))
}

/// Writes the names that components of `flow` got between `before` and `after` into the tests that name them, and answers
/// which tests those are. A test that cannot be read or written stays as it is: the list of tests says what it then names.
pub(crate) fn follow_names(files: &Project, flow: &FlowName, before: &Flow, after: &Flow) -> Vec<String> {
    let follows = |test: &String| {
        let Ok(content) = files.test(test) else { return false };
        let Some(renamed) = flow_test::renamed(&content, flow, before, after) else { return false };
        let written = files.save_test(test, &renamed, false);
        written.inspect_err(|error| tracing::warn!(%test, %error, "a flow test does not get the new names")).is_ok()
    };
    let mut tests = files.test_names().unwrap_or_default();
    tests.retain(follows);
    tests
}

/// Does the same to the tests among `files`, the project's files as they are to run, for flows that are not saved yet.
pub(super) fn follow_unsaved(project: &OpenProject, files: &mut BTreeMap<String, Bytes>) {
    for (flow, session) in project.open_flows() {
        let session = session.lock();
        let (before, after) = (session.saved_flow(), session.flow());
        if !has_new_names(before, after) {
            continue;
        }
        for (_, content) in files.iter_mut().filter(|(path, _)| flow_test::name_of(path).is_some()) {
            let renamed = flow_test::renamed(&String::from_utf8_lossy(content), &flow, before, after);
            if let Some(renamed) = renamed {
                *content = renamed.into();
            }
        }
    }
}
