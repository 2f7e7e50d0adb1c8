use crate::edit::tests::any_edit;
use crate::example::{Tiny, flow, id, link};
use crate::{ChangeKind, Component, Edit, Group, Position, diff};
use proptest::prelude::*;
use serde_json::json;

fn words(before: &crate::Flow, after: &crate::Flow) -> Vec<String> {
    diff(before, after).into_iter().map(|change| change.words).collect()
}

#[test]
fn a_difference_is_told_as_an_author_thinks_of_it() {
    let before = flow("start:Start a b end:End loop:ForEach", "start>a a>b b>end");
    let mut after = before.clone();
    let part = |name: &str| Component { parent: Some(id("loop")), ..Component::new("Mapper", name) };
    let edits = vec![
        Edit::SetDescription { description: "New".to_owned() },
        Edit::RemoveComponent { id: id("b") },
        Edit::Rename { id: id("a"), name: "Read orders".to_owned() },
        Edit::SetProperty { id: id("a"), property: "Path".to_owned(), value: json!("storage:x") },
        Edit::SetProperty { id: id("start"), property: "RetryCount".to_owned(), value: json!(3) },
        Edit::AddComponent { id: id("m"), component: part("Prices"), position: Position::default(), index: None },
        Edit::Connect { link: link("a.error>end") },
        Edit::Move { id: id("end"), position: Position { x: 1.0, y: 2.0 } },
        Edit::SetGroup { id: id("g"), group: Some(Group { title: "Import".to_owned(), ..Group::default() }) },
    ];
    Edit::Batch { edits }.apply(&mut after, &Tiny::new()).expect("applies");
    assert_eq!(
        words(&before, &after),
        [
            "changed the description",
            "set RetryCount of “start” to 3",
            "renamed “a” to “Read orders”",
            "set Path of “Read orders” to \"storage:x\"",
            "added Mapper “Prices” to the body of “loop”",
            "removed Step “b”",
            "disconnected “a” from “b”",
            "disconnected “b” from “end”",
            "connected “Read orders” (error) to “end”",
            "added the group “Import”",
            "moved “end” on the canvas",
        ]
    );
    assert_eq!(words(&after, &before)[1], "set RetryCount of “start” back to its default");
}

proptest! {
    #[test]
    fn flows_differ_exactly_when_a_difference_is_told(edits in prop::collection::vec(any_edit(), 1..20)) {
        let before = flow("start:Start a:Step", "start>a");
        let mut after = before.clone();
        for edit in edits {
            let _ = edit.apply(&mut after, &Tiny::new());
        }
        let changes = diff(&before, &after);
        prop_assert_eq!(changes.is_empty(), before == after);
        let is_added = |kind| changes.iter().filter(|change| change.kind == kind).count();
        let [added, removed] = [ChangeKind::Added, ChangeKind::Removed].map(is_added);
        prop_assert_eq!(before.components.len() + added - removed, after.components.len());
    }
}
