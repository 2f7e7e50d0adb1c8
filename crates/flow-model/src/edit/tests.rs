use crate::example::{Tiny, flow, id, link};
use crate::graph::Scopes;
use crate::{Component, Edit, EditError, Flow, Group, Position};
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

fn apply(edit: &Edit, flow: &mut Flow) -> Edit {
    edit.apply(flow, &Tiny::new()).expect("applies")
}

fn set_parent(parent: Option<&str>, moved: &str) -> Edit {
    let positions = moved.split_whitespace().map(|name| (id(name), Position { x: 8.0, y: 9.0 })).collect();
    Edit::SetParent { parent: parent.map(id), positions }
}

const LOOP: &str = "start:Start loop:ForEach loop/a loop/inner:ForEach inner/b end:End";
const LOOP_LINKS: &str = "start>loop loop.each>a a>inner inner.each>b inner>loop.result loop>end";

#[test]
fn removing_a_for_each_takes_its_body_along_and_the_inverse_brings_all_back() {
    let mut before = flow(LOOP, LOOP_LINKS);
    let group = Group { title: "Inside".to_owned(), members: [id("a"), id("b")].into(), ..Group::default() };
    before.groups.insert(id("group"), group);
    let mut changed = before.clone();
    let inverse = apply(&Edit::RemoveComponent { id: id("loop") }, &mut changed);
    assert_eq!(changed.components.keys().collect::<Vec<_>>(), [&id("start"), &id("end")]);
    assert!(changed.links.is_empty() && changed.groups[&id("group")].members.is_empty());
    apply(&inverse, &mut changed);
    assert_eq!(changed.to_json(), before.to_json());
}

#[test]
fn links_pass_the_border_of_a_body_only_through_its_for_each() {
    let flow = flow(LOOP, "start>loop loop.each>a");
    let cases = [
        ("start>a", "edit/crosses-border"),
        ("a>end", "edit/crosses-border"),
        ("loop.each>b", "edit/crosses-border"),
        ("loop>a", "edit/no-such-outlet"),
        ("a>loop", "edit/no-such-inlet"),
        ("loop.each>end", "edit/no-such-outlet"),
    ];
    for (text, code) in cases {
        assert_eq!(refused(&Edit::Connect { link: link(text) }, &flow).code(), code, "{text}");
    }
    for text in ["inner.each>b", "b>inner.result", "a>loop.result", "a>inner", "loop.each>inner"] {
        apply(&Edit::Connect { link: link(text) }, &mut flow.clone());
    }
}

#[test]
fn what_moves_into_a_body_keeps_the_links_among_itself_only() {
    let before = flow("start:Start loop:ForEach x y end:End", "start>x x>y x>loop y>end");
    let mut changed = before.clone();
    let inverse = apply(&set_parent(Some("loop"), "x y"), &mut changed);
    assert_eq!(changed.links, [link("x>y")].into());
    assert_eq!(changed.components[&id("x")].parent, Some(id("loop")));
    assert_eq!(changed.layout[&id("y")], Position { x: 8.0, y: 9.0 });
    apply(&inverse, &mut changed);
    assert_eq!(changed.to_json(), before.to_json());
}

#[test]
fn a_for_each_moves_with_its_body_but_not_into_it() {
    let mut flow = flow(LOOP, LOOP_LINKS);
    assert_eq!(refused(&set_parent(Some("inner"), "loop"), &flow).code(), "edit/own-body");
    assert_eq!(refused(&set_parent(Some("loop"), "start"), &flow).code(), "edit/start-in-body");
    assert_eq!(refused(&set_parent(Some("end"), "a"), &flow).code(), "edit/no-body");
    apply(&set_parent(None, "inner"), &mut flow);
    assert!(flow.links.contains(&link("inner.each>b")) && !flow.links.contains(&link("a>inner")));
    assert_eq!(flow.for_each_path(&id("b")), [&id("inner")]);
}

#[test]
fn a_move_out_of_a_body_cuts_the_same_links_when_it_is_repeated_and_its_inverse_fits_then() {
    let before = flow(LOOP, LOOP_LINKS);
    let (mut drawn, mut repeated) = (before.clone(), before.clone());
    let inverse = apply(&set_parent(None, "a"), &mut drawn);
    set_parent(None, "a").repeat(&mut repeated).expect("repeats");
    assert_eq!(repeated.to_json(), drawn.to_json());
    inverse.restore(&mut repeated).expect("the inverse fits what was repeated");
    assert_eq!(repeated.to_json(), before.to_json());
}

#[test]
fn a_pasted_body_arrives_as_one_edit() {
    let part = |name: &str, kind: &str, parent: Option<&str>| Edit::AddComponent {
        id: id(name),
        component: Component { parent: parent.map(id), ..Component::new(kind, name) },
        position: Position::default(),
        index: None,
    };
    let paste = Edit::Batch {
        edits: vec![
            part("loop", "ForEach", None),
            part("a", "Step", Some("loop")),
            Edit::Connect { link: link("loop.each>a") },
            Edit::Connect { link: link("a>loop.result") },
        ],
    };
    let mut flow = flow("start:Start", "");
    let inverse = apply(&paste, &mut flow);
    assert_eq!(flow.children(&id("loop")).count(), 1);
    apply(&inverse, &mut flow);
    assert_eq!(flow.components.len(), 1);
    assert_eq!(refused(&part("a", "Step", Some("gone")), &flow).code(), "edit/no-such-component");
}

#[test]
fn a_group_is_added_changed_and_removed() {
    let mut flow = flow("start:Start a", "start>a");
    let edit = |group| Edit::SetGroup { id: id("group"), group };
    let group = Group { title: "Import".to_owned(), members: [id("a")].into(), ..Group::default() };
    assert_eq!(edit(Some(group.clone())).describe(&flow), "Add the group “Import”");
    let inverse = apply(&edit(Some(group)), &mut flow);
    assert_eq!(inverse, edit(None));
    assert_eq!(edit(None).describe(&flow), "Remove the group “Import”");
    let around_nothing = Group { members: [id("gone")].into(), ..Group::default() };
    assert_eq!(refused(&edit(Some(around_nothing)), &flow).code(), "edit/no-such-component");
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

pub(crate) fn any_edit() -> impl Strategy<Value = Edit> {
    let kinds = prop::sample::select(vec!["Start", "Step", "Branch", "End", "ForEach", "ForEach", "Unheard-of"]);
    let outlets = prop::sample::select(vec!["out", "out", "error", "big", "otherwise", "each"]);
    let inlets = prop::sample::select(vec!["in", "in", "in", "result"]);
    let links = (any_name(), outlets, any_name(), inlets)
        .prop_map(|(from, outlet, to, inlet)| link(&format!("{from}.{outlet}>{to}.{inlet}")));
    let members = prop::collection::btree_set(any_name().prop_map(id), 0..3);
    let groups = members.prop_map(|members| Group { members, ..Group::default() });
    let values = prop::sample::select(vec![
        Value::Null,
        json!("storage:x"),
        json!([{"outlet": "big", "condition": "true"}]),
        json!(7),
    ]);
    let properties = prop::sample::select(vec!["Path", "Branches", "Made up"]);
    let places = (-100..100, -100..100).prop_map(|(x, y)| Position { x: f64::from(x), y: f64::from(y) });
    let single = prop_oneof![
        3 => (any_name(), kinds, places.clone(), prop::option::of(0..8_usize), prop::option::weighted(0.3, any_name()))
            .prop_map(|(name, kind, position, index, parent)| {
                let component = Component { parent: parent.map(id), ..Component::new(kind, name) };
                Edit::AddComponent { id: id(name), component, position, index }
            }),
        2 => (prop::option::weighted(0.7, any_name()), prop::collection::btree_map(any_name().prop_map(id), places.clone(), 1..3))
            .prop_map(|(parent, positions)| Edit::SetParent { parent: parent.map(id), positions }),
        1 => (prop::sample::select(vec!["g", "h"]), prop::option::weighted(0.7, groups))
            .prop_map(|(name, group)| Edit::SetGroup { id: id(name), group }),
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
                    let mut repeated = flow.clone();
                    edit.repeat(&mut repeated).expect("what was applied can be repeated");
                    prop_assert_eq!(repeated.to_json(), after.clone());
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
    fn no_edit_ever_closes_a_circle_or_crosses_a_border(edits in prop::collection::vec(any_edit(), 1..60)) {
        let mut flow = flow("start:Start", "");
        for edit in edits {
            let _ = edit.apply(&mut flow, &Tiny::new());
        }
        for scope in Scopes::of(&flow).all.values() {
            prop_assert!(scope.graph().is_ok());
        }
        prop_assert!(crate::Graph::build(&flow).is_ok(), "no link crosses a border");
        prop_assert!(!flow.components.keys().any(|id| flow.is_own_ancestor(id)));
        prop_assert!(flow.groups.values().all(|group| group.members.iter().all(|id| flow.components.contains_key(id))));
        prop_assert_eq!(flow.components.keys().collect::<std::collections::BTreeSet<_>>(), flow.layout.keys().collect());
    }
}
