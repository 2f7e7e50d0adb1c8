//! Groups: what they are drawn around exists.

use crate::{Diagnostic, Edit, Flow};

pub(super) fn check(flow: &Flow, found: &mut Vec<Diagnostic>) {
    for (id, group) in &flow.groups {
        let Some(missing) = group.members.iter().find(|member| !flow.components.contains_key(*member)) else {
            continue;
        };
        let mut mended = group.clone();
        mended.members.retain(|member| flow.components.contains_key(member));
        let message =
            format!("the group “{}” is drawn around “{missing}”, which does not exist: remove it", group.title);
        let edit = Edit::SetGroup { id: id.clone(), group: Some(mended) };
        found.push(Diagnostic::warning("group/no-such-component", message).mended_by("Remove it from the group", edit));
    }
}
