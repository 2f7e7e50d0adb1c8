use crate::example::{Tiny, flow, id, link};
use crate::{Component, Edit, EditError, Flow, Position};
use proptest::prelude::*;
use serde_json::{Value, json};

fn add(name: &str, kind: &str) -> Edit {
    Edit::AddComponent {
        id: id(name),
        component: Component::new(kind, name),
        position: Position { x: 1.0, y: 2.0 },
        index: None,
    }
}

fn refused(edit: &Edit, flow: &Flow) -> EditError {
    let mut changed = flow.clone();
    let error = edit.apply(&mut changed, &Tiny::new()).expect_err("is refused");
    assert_eq!(changed.to_json(), flow.to_json(), "an error leaves the flow as it was");
    error
}

#[test]
fn removing_a_component_takes_its_links_and_the_inverse_brings_all_back_in_place() {
    let before = flow("start:Start a b end:End", "start>a a>b b>end a.error>end");
    let mut changed = before.clone();
    let inverse = Edit::RemoveComponent { id: id("a") }.apply(&mut changed, &Tiny::new()).expect("applies");
    assert_eq!(changed.links, [link("b>end")].into());
    assert!(!changed.layout.contains_key(&id("a")));
    inverse.apply(&mut changed, &Tiny::new()).expect("applies");
    assert_eq!(changed.to_json(), before.to_json());
}

#[test]
fn a_link_needs_ports_direction_and_to_be_new() {
    let flow = flow("start:Start a b end:End", "start>a a>b b>end");
    let cases = [
        ("a.nowhere>b", "edit/no-such-outlet"),
        ("a>start", "edit/no-such-inlet"),
        ("a>a", "edit/self-link"),
        ("b>a", "edit/cycle"),
        ("a>b", "edit/link-exists"),
        ("a>gone", "edit/no-such-component"),
    ];
    for (text, code) in cases {
        assert_eq!(refused(&Edit::Connect { link: link(text) }, &flow).code(), code, "{text}");
    }
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let flow = flow("start:Start a", "start>a");
    let gone = || id("gone");
    let property = "Path".to_owned();
    for edit in [
        Edit::RemoveComponent { id: gone() },
        Edit::Rename { id: gone(), name: "x".to_owned() },
        Edit::SetProperty { id: gone(), property, value: json!(1) },
        Edit::Move { id: gone(), position: Position::default() },
    ] {
        assert_eq!(refused(&edit, &flow).code(), "edit/no-such-component");
    }
    assert_eq!(refused(&Edit::Disconnect { link: link("a>start") }, &flow).code(), "edit/no-such-link");
    assert_eq!(refused(&add("a", "Step"), &flow).code(), "edit/component-exists");
    assert_eq!(refused(&add("start2", "Start"), &flow).code(), "edit/second-start");
    let nowhere = Position { x: f64::NAN, y: 0.0 };
    assert_eq!(refused(&Edit::Move { id: id("a"), position: nowhere }, &flow).code(), "edit/position");
}

#[test]
fn a_batch_is_all_or_nothing() {
    let flow = flow("start:Start a", "start>a");
    let edits = vec![add("b", "Step"), Edit::Connect { link: link("a>b") }, Edit::Connect { link: link("b>a") }];
    assert_eq!(refused(&Edit::Batch { edits }, &flow).code(), "edit/cycle");
}

#[test]
fn undo_brings_back_a_link_to_an_outlet_that_was_lost_meanwhile() {
    let before = flow("start:Start choice:Branch end:End", "start>choice choice.big>end");
    let mut changed = before.clone();
    let inverse = Edit::RemoveComponent { id: id("choice") }.apply(&mut changed, &Tiny::new()).expect("applies");
    assert_eq!(
        inverse.apply(&mut changed.clone(), &Tiny::new()).expect_err("has no outlet").code(),
        "edit/no-such-outlet"
    );
    inverse.restore(&mut changed).expect("restores");
    assert_eq!(changed.to_json(), before.to_json());
}

#[test]
fn a_property_set_to_its_default_is_not_set() {
    let flow = flow("start:Start", "");
    let edit = |value| Edit::SetProperty { id: id("start"), property: "RetryCount".to_owned(), value };
    assert_eq!(edit(json!(0)).without_defaults(&flow, &Tiny::new()), edit(Value::Null));
    assert_eq!(edit(json!(3)).without_defaults(&flow, &Tiny::new()), edit(json!(3)));
}

#[test]
fn edits_say_what_they_do() {
    let flow = flow("start:Start a", "start>a");
    let rename = Edit::Rename { id: id("a"), name: "Read orders".to_owned() };
    let moved = |name: &str| Edit::Move { id: id(name), position: Position::default() };
    assert_eq!(rename.describe(&flow), "Rename “a” to “Read orders”");
    assert_eq!(Edit::Batch { edits: vec![moved("a"), moved("start")] }.describe(&flow), "Move 2 components");
    assert_eq!(
        Edit::Batch { edits: vec![rename, moved("a")] }.describe(&flow),
        "Rename “a” to “Read orders” and 1 more"
    );
}

#[test]
fn edits_travel_as_json_in_the_form_that_the_user_interface_sends() {
    let sent = json!({"edit": "setProperty", "id": "a", "property": "Path", "value": "storage:x"});
    let edit: Edit = serde_json::from_value(sent.clone()).expect("reads");
    assert_eq!(serde_json::to_value(&edit).expect("writes"), sent);
    let sent = json!({"edit": "addComponent", "id": "a", "component": {"type": "End", "name": "End"}, "position": {"x": 1, "y": 2}});
    assert!(matches!(serde_json::from_value(sent).expect("reads"), Edit::AddComponent { index: None, .. }));
}

#[test]
fn edits_meet_when_they_touch_the_same_component_or_the_description() {
    let renames = |name: &str| Edit::Rename { id: id(name), name: String::new() };
    let describes = || Edit::SetDescription { description: String::new() };
    assert!(renames("a").meets(&Edit::Connect { link: link("b>a") }));
    assert!(!renames("a").meets(&renames("b")));
    assert!(describes().meets(&Edit::Batch { edits: vec![renames("a"), describes()] }));
    assert!(!describes().meets(&renames("a")));
}

/// Ids from so small a set that edits often meet.
fn any_name() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["start", "a", "b", "c", "d", "e"])
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let kinds = prop::sample::select(vec!["Start", "Step", "Branch", "End", "Unheard-of"]);
    let outlets = prop::sample::select(vec!["out", "error", "big", "otherwise"]);
    let links = (any_name(), outlets, any_name()).prop_map(|(from, outlet, to)| link(&format!("{from}.{outlet}>{to}")));
    let values = prop::sample::select(vec![
        Value::Null,
        json!("storage:x"),
        json!([{"outlet": "big", "condition": "true"}]),
        json!(7),
    ]);
    let properties = prop::sample::select(vec!["Path", "Branches", "Made up"]);
    let places = (-100..100, -100..100).prop_map(|(x, y)| Position { x: f64::from(x), y: f64::from(y) });
    let single = prop_oneof![
        3 => (any_name(), kinds, places.clone(), prop::option::of(0..8_usize)).prop_map(|(name, kind, position, index)| {
            Edit::AddComponent { id: id(name), component: Component::new(kind, name), position, index }
        }),
        1 => any_name().prop_map(|name| Edit::RemoveComponent { id: id(name) }),
        1 => (any_name(), ".{0,4}").prop_map(|(name, new)| Edit::Rename { id: id(name), name: new }),
        2 => (any_name(), properties, values).prop_map(|(name, property, value)| {
            Edit::SetProperty { id: id(name), property: property.to_owned(), value }
        }),
        1 => (any_name(), places).prop_map(|(name, position)| Edit::Move { id: id(name), position }),
        4 => links.clone().prop_map(|link| Edit::Connect { link }),
        1 => links.prop_map(|link| Edit::Disconnect { link }),
        1 => ".{0,4}".prop_map(|description| Edit::SetDescription { description }),
    ];
    single.prop_recursive(2, 6, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(|edits| Edit::Batch { edits }))
}

proptest! {
    #[test]
    fn edit_then_inverse_is_identity(edits in prop::collection::vec(any_edit(), 1..40)) {
        let catalogue = Tiny::new();
        let mut flow = flow("start:Start", "");
        let mut undo = Vec::new();
        for edit in edits {
            let before = flow.to_json();
            match edit.apply(&mut flow, &catalogue) {
                Ok(inverse) => {
                    // There and back and there again, at every step …
                    let after = flow.to_json();
                    let again = inverse.restore(&mut flow).expect("an inverse fits");
                    prop_assert_eq!(flow.to_json(), before.clone());
                    again.restore(&mut flow).expect("the inverse of an inverse fits");
                    prop_assert_eq!(flow.to_json(), after);
                    undo.push((before, inverse));
                }
                Err(_) => prop_assert_eq!(flow.to_json(), before, "an error leaves the flow as it was"),
            }
        }
        // … and all the way back.
        for (before, inverse) in undo.into_iter().rev() {
            inverse.restore(&mut flow).expect("an inverse fits");
            prop_assert_eq!(flow.to_json(), before);
        }
    }

    #[test]
    fn no_edit_ever_closes_a_circle(edits in prop::collection::vec(any_edit(), 1..60)) {
        let mut flow = flow("start:Start", "");
        for edit in edits {
            let _ = edit.apply(&mut flow, &Tiny::new());
        }
        prop_assert!(crate::Graph::build(&flow).is_ok());
        prop_assert_eq!(flow.components.keys().collect::<std::collections::BTreeSet<_>>(), flow.layout.keys().collect());
    }
}
