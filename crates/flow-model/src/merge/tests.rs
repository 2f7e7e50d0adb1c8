use crate::edit::tests::any_edit;
use crate::example::{Tiny, flow, id, link};
use crate::{ChangeKind, Component, ComponentId, Edit, Flow, Group, Link, Position, Side, merge, merge_deciding};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn base() -> Flow {
    flow("start:Start a b loop:ForEach loop/c end:End", "start>a a>b b>loop loop.each>c loop>end")
}

fn edited(edits: Vec<Edit>) -> Flow {
    let mut flow = base();
    Edit::Batch { edits }.apply(&mut flow, &Tiny::new()).expect("applies");
    flow
}

fn set(component: &str, property: &str, value: Value) -> Edit {
    Edit::SetProperty { id: id(component), property: property.to_owned(), value }
}

fn add(name: &str, kind: &str, parent: Option<&str>) -> Edit {
    let component = Component { parent: parent.map(id), ..Component::new(kind, name) };
    Edit::AddComponent { id: id(name), component, position: Position::default(), index: None }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveComponent { id: id(name) }
}

fn connect(text: &str) -> Edit {
    Edit::Connect { link: link(text) }
}

/// The merged flow and what is in conflict.
fn merged(ours: Vec<Edit>, theirs: Vec<Edit>) -> (Flow, Vec<String>) {
    let merge = merge(&base(), &edited(ours), &edited(theirs));
    (merge.flow, merge.conflicts.into_iter().map(|conflict| conflict.what).collect())
}

#[test]
fn different_properties_of_one_component_do_not_meet() {
    let (flow, conflicts) = merged(
        vec![set("a", "Path", json!("storage:x"))],
        vec![set("a", "Text", json!("y")), set("b", "Text", json!("z"))],
    );
    assert_eq!(conflicts, [""; 0]);
    let properties = &flow.components[&id("a")].properties;
    assert_eq!((&properties["Path"], &properties["Text"]), (&json!("storage:x"), &json!("y")));
}

#[test]
fn one_property_changed_differently_is_a_conflict_with_its_three_values() {
    let [ours, theirs] = ["storage:x", "storage:y"].map(|path| edited(vec![set("a", "Path", json!(path))]));
    let merge = merge(&base(), &ours, &theirs);
    let [conflict] = merge.conflicts.as_slice() else { panic!("{:?}", merge.conflicts) };
    assert_eq!((conflict.place.component.clone(), conflict.place.property.as_deref()), (Some(id("a")), Some("Path")));
    assert_eq!(conflict.what, "Path of “a”");
    assert_eq!(
        [&conflict.base, &conflict.ours, &conflict.theirs],
        [&json!("storage:file"), &json!("storage:x"), &json!("storage:y")]
    );
    assert_eq!(merge.flow, ours, "where there is a conflict, it is as in ours");
}

#[test]
fn each_conflict_is_decided_by_itself() {
    let rename = |name: &str| Edit::Rename { id: id("b"), name: name.to_owned() };
    let ours = edited(vec![set("a", "Path", json!("ours")), rename("ours")]);
    let theirs = edited(vec![set("a", "Path", json!("theirs")), rename("theirs"), set("a", "Text", json!("kept"))]);
    let open = merge(&base(), &ours, &theirs).conflicts;
    assert_eq!(open.len(), 2, "{open:?}");
    let key = open[0].key();
    let decide = |conflict: &crate::Conflict| Some(if conflict.key() == key { Side::Theirs } else { Side::Ours });
    let merged = merge_deciding(&base(), &ours, &theirs, &decide);
    assert_eq!(merged.conflicts, []);
    let a = &merged.flow.components[&id("a")];
    assert_eq!((&a.properties["Path"], &a.properties["Text"]), (&json!("theirs"), &json!("kept")));
    assert_eq!(merged.flow.components[&id("b")].name, "ours");
}

#[test]
fn a_component_that_one_side_removed_stays_or_goes_as_it_is_decided() {
    let (without, changed) = (edited(vec![remove("b")]), edited(vec![set("b", "Path", json!("x"))]));
    let cases = [
        (&without, &changed, Side::Ours, 0),
        (&without, &changed, Side::Theirs, 2),
        (&changed, &without, Side::Ours, 2),
        (&changed, &without, Side::Theirs, 0),
    ];
    for (ours, theirs, side, links) in cases {
        let merged = merge_deciding(&base(), ours, theirs, &|_| Some(side));
        assert_eq!(merged.conflicts, []);
        assert_eq!(merged.flow.components.contains_key(&id("b")), links > 0);
        let of_b =
            merged.flow.links.iter().filter(|link| [&link.from, &link.to].iter().any(|end| end.component == id("b")));
        assert_eq!(of_b.count(), links, "it comes and goes with its links");
    }
}

#[test]
fn the_same_change_on_both_sides_is_one_change() {
    let change = || vec![set("a", "Path", json!("storage:x")), remove("b"), add("d", "Step", None), connect("a>d")];
    let (flow, conflicts) = merged(change(), [change(), vec![set("d", "Text", json!("more"))]].concat());
    assert_eq!(conflicts, [""; 0]);
    assert_eq!(flow.components.len(), base().components.len());
    assert!(flow.links.contains(&link("a>d")) && flow.components[&id("d")].properties.contains_key("Text"));
}

#[test]
fn additions_of_both_sides_stand_side_by_side_in_the_same_order_whoever_merges() {
    let [ours, theirs] = ["x", "y"].map(|name| edited(vec![add(name, "Step", None), connect(&format!("a>{name}"))]));
    let (one, other) = (merge(&base(), &ours, &theirs), merge(&base(), &theirs, &ours));
    assert_eq!(one.flow.to_json(), other.flow.to_json());
    assert!(one.conflicts.is_empty() && one.flow.components.contains_key(&id("x")));
    assert_eq!(one.flow.components.keys().last(), Some(&id("y")));
}

#[test]
fn what_one_side_removed_and_the_other_needs_is_a_conflict() {
    for change in
        [set("b", "Text", json!("x")), connect("b.error>end"), Edit::Rename { id: id("b"), name: "B".to_owned() }]
    {
        let (flow, conflicts) = merged(vec![remove("b")], vec![change.clone()]);
        assert!(!flow.components.contains_key(&id("b")) && conflicts.len() == 1, "{change:?}: {conflicts:?}");
        assert!(conflicts[0].contains("which ours removed and theirs changed"), "{conflicts:?}");
        let (flow, conflicts) = merged(vec![change.clone()], vec![remove("b")]);
        assert!(flow.components.contains_key(&id("b")) && conflicts.len() == 1, "{change:?}: {conflicts:?}");
        assert!(flow.links.contains(&link("a>b")), "what stays, stays as it was");
    }
    let (_, conflicts) =
        merged(vec![remove("b")], vec![Edit::Move { id: id("b"), position: Position { x: 1.0, y: 1.0 } }]);
    assert_eq!(conflicts, [""; 0], "a moved box is no reason to keep it");
}

#[test]
fn a_body_whose_for_each_the_other_side_removed_is_a_conflict() {
    let (flow, conflicts) = merged(vec![add("d", "Step", Some("loop"))], vec![remove("loop")]);
    assert!(flow.components.contains_key(&id("loop")) && flow.components.contains_key(&id("d")));
    assert_eq!(conflicts.len(), 1);
    let (flow, conflicts) = merged(vec![remove("loop")], vec![add("d", "Step", Some("loop"))]);
    assert!(!flow.components.contains_key(&id("loop")) && !flow.components.contains_key(&id("d")));
    assert_eq!(conflicts.len(), 2, "what was added is named too: {conflicts:?}");
    let (flow, conflicts) = merged(vec![set("c", "Text", json!("x"))], vec![remove("loop")]);
    assert!(flow.components.contains_key(&id("loop")) && flow.components.contains_key(&id("c")));
    assert_eq!(conflicts.len(), 2, "{conflicts:?}");
}

#[test]
fn what_goes_wrong_only_together_is_a_conflict() {
    let into_loop =
        |name: &str| Edit::SetParent { parent: Some(id("loop")), positions: [(id(name), Position::default())].into() };
    let fork = || vec![add("x", "Step", None), add("y", "Step", None)];
    let cases: [(&str, Vec<Edit>, Vec<Edit>); 3] = [
        ("circle", [fork(), vec![connect("x>y")]].concat(), [fork(), vec![connect("y>x")]].concat()),
        ("border", vec![connect("start>end"), connect("start>b")], vec![into_loop("b")]),
        (
            "inside itself",
            [fork_of_loops(), vec![move_into("x", "y")]].concat(),
            [fork_of_loops(), vec![move_into("y", "x")]].concat(),
        ),
    ];
    for (what, ours, theirs) in cases {
        let (flow, conflicts) = merged(ours, theirs);
        assert!(conflicts.iter().any(|conflict| conflict.contains(what)), "{what}: {conflicts:?}");
        assert!(crate::Graph::build(&flow).is_ok(), "{what}");
        assert!(!flow.components.keys().any(|id| flow.is_own_ancestor(id)), "{what}");
    }
}

fn fork_of_loops() -> Vec<Edit> {
    vec![add("x", "ForEach", None), add("y", "ForEach", None)]
}

fn move_into(name: &str, parent: &str) -> Edit {
    Edit::SetParent { parent: Some(id(parent)), positions: [(id(name), Position::default())].into() }
}

#[test]
fn two_start_components_are_a_conflict() {
    let base = flow("a", "");
    let with = |name: &str| flow(&format!("a {name}:Start"), &format!("{name}>a"));
    let merge = merge(&base, &with("one"), &with("two"));
    assert_eq!(merge.conflicts.len(), 1);
    assert_eq!(merge.flow, with("one"));
}

#[test]
fn groups_are_merged_by_member() {
    let group = |members: &[&str]| Edit::SetGroup {
        id: id("g"),
        group: Some(Group {
            title: "G".to_owned(),
            members: members.iter().map(|name| id(name)).collect(),
            ..Group::default()
        }),
    };
    let mut base = base();
    group(&["a", "b"]).apply(&mut base, &Tiny::new()).expect("applies");
    let with = |edits: Vec<Edit>| {
        let mut flow = base.clone();
        Edit::Batch { edits }.apply(&mut flow, &Tiny::new()).expect("applies");
        flow
    };
    let merged = merge(&base, &with(vec![group(&["a", "b", "end"])]), &with(vec![remove("b"), group(&["a", "c"])]));
    assert_eq!(merged.conflicts, []);
    assert_eq!(merged.flow.groups[&id("g")].members, [id("a"), id("c"), id("end")].into());
}

fn changed(base: &Flow, edits: &[Edit]) -> Flow {
    let mut flow = base.clone();
    for edit in edits {
        let _ = edit.apply(&mut flow, &Tiny::new());
    }
    flow
}

/// The same without the order of components, which no author sees.
fn parts(flow: &Flow) -> (BTreeSet<ComponentId>, Flow) {
    let mut sorted = flow.clone();
    sorted.components.sort_keys();
    (flow.components.keys().cloned().collect(), sorted)
}

/// What is told of `component` in a flow, whatever is told elsewhere.
fn touched(before: &Flow, after: &Flow) -> BTreeSet<ComponentId> {
    let mut touched = BTreeSet::new();
    for change in crate::diff(before, after) {
        touched.extend(change.component);
        touched.extend(change.link.into_iter().flat_map(|link| [link.from.component, link.to.component]));
        for value in [&change.before, &change.after] {
            let ids = value.get("members").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            touched.extend(
                ids.chain(value.get("parent").and_then(Value::as_str))
                    .chain(value.as_str())
                    .map_while(|text| ComponentId::parse(text).ok()),
            );
        }
    }
    touched
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(any_edit(), 0..12)
}

proptest! {
    #[test]
    fn what_only_one_side_changed_is_taken_as_it_is(first in edits(), second in edits()) {
        let base = changed(&flow("start:Start", ""), &first);
        let side = changed(&base, &second);
        for merge in [merge(&base, &side, &base), merge(&base, &base, &side), merge(&base, &side, &side)] {
            prop_assert_eq!(merge.flow.to_json(), side.to_json());
            prop_assert!(merge.conflicts.is_empty());
        }
    }

    #[test]
    fn edits_of_different_components_commute(first in edits(), ours in edits(), theirs in edits()) {
        let base = changed(&flow("start:Start a b c", "start>a a>b"), &first);
        let (our_side, their_side) = (changed(&base, &ours), changed(&base, &theirs));
        prop_assume!(touched(&base, &our_side).is_disjoint(&touched(&base, &their_side)));
        prop_assume!(base.description == our_side.description || base.description == their_side.description);
        // No edit makes a component one of another type.
        prop_assume!(!crate::diff(&base, &their_side).iter().any(|change| change.kind == ChangeKind::Retyped));
        // One after the other, if that is possible at all: two drawn links can close a circle together.
        let mut both = our_side.clone();
        for change in theirs_as_edits(&base, &their_side) {
            prop_assume!(change.apply(&mut both, &Tiny::new()).is_ok());
        }
        let merge = merge(&base, &our_side, &their_side);
        prop_assert!(merge.conflicts.is_empty(), "{:?}", merge.conflicts);
        prop_assert_eq!(parts(&merge.flow), parts(&both));
    }

    #[test]
    fn nothing_is_lost_or_doubled_without_a_word(first in edits(), ours in edits(), theirs in edits()) {
        let base = changed(&flow("start:Start a b c", "start>a a>b"), &first);
        let (ours, theirs) = (changed(&base, &ours), changed(&base, &theirs));
        let merge = merge(&base, &ours, &theirs);
        let named: BTreeSet<ComponentId> = merge
            .conflicts
            .iter()
            .flat_map(|conflict| {
                let ends = conflict.place.link.iter().flat_map(|link: &Link| [link.from.component.clone(), link.to.component.clone()]);
                conflict.place.component.iter().cloned().chain(ends).collect::<Vec<_>>()
            })
            .collect();
        let is_named = |id: &ComponentId| named.contains(id);
        for id in base.components.keys().chain(ours.components.keys()).chain(theirs.components.keys()) {
            let [in_base, in_ours, in_theirs, in_merged] = [&base, &ours, &theirs, &merge.flow].map(|flow| flow.components.get(id));
            let expected = if in_ours == in_theirs || in_base == in_theirs { Some(in_ours) } else if in_base == in_ours { Some(in_theirs) } else { None };
            if let Some(expected) = expected.filter(|_| !is_named(id)) {
                prop_assert_eq!(in_merged, expected, "{}", id);
            }
        }
        for link in base.links.iter().chain(&ours.links).chain(&theirs.links) {
            let [in_base, in_ours, in_theirs, in_merged] = [&base, &ours, &theirs, &merge.flow].map(|flow| flow.links.contains(link));
            let expected = if in_base { in_ours && in_theirs } else { in_ours || in_theirs };
            if !is_named(&link.from.component) && !is_named(&link.to.component) {
                prop_assert_eq!(in_merged, expected, "{}", link);
            }
        }
        // Whatever the conflicts, the result is a flow: it reads back, and nothing leads in a circle or over a border.
        prop_assert_eq!(&Flow::from_json(&merge.flow.to_json()).expect("reads"), &merge.flow);
        for scope in crate::graph::Scopes::of(&merge.flow).all.values() {
            prop_assert!(scope.graph().is_ok());
        }
        prop_assert!(crate::Graph::build(&merge.flow).is_ok());
        let swapped = crate::merge(&base, &theirs, &ours);
        prop_assert_eq!(swapped.conflicts.is_empty(), merge.conflicts.is_empty());
        if merge.conflicts.is_empty() {
            prop_assert_eq!(parts(&without_layout(&swapped.flow)), parts(&without_layout(&merge.flow)));
        }
    }
}

fn without_layout(flow: &Flow) -> Flow {
    let mut flow = flow.clone();
    flow.layout.clear();
    flow.groups.values_mut().for_each(|group| group.area = None);
    flow
}

/// The edits that lead from `base` to `side`.
fn theirs_as_edits(base: &Flow, side: &Flow) -> Vec<Edit> {
    let mut edits = Vec::new();
    if base.description != side.description {
        edits.push(Edit::SetDescription { description: side.description.clone() });
    }
    let gone = |id: &&ComponentId| !side.components.contains_key(*id);
    edits.extend(base.components.keys().filter(gone).map(|id| Edit::RemoveComponent { id: id.clone() }));
    edits.extend(
        base.links
            .difference(&side.links)
            .filter(|link| {
                [&link.from.component, &link.to.component].iter().all(|id| side.components.contains_key(*id))
            })
            .map(|link| Edit::Disconnect { link: link.clone() }),
    );
    for (id, component) in &side.components {
        match base.components.get(id) {
            None => {
                let position = side.layout[id];
                edits.push(Edit::AddComponent { id: id.clone(), component: component.clone(), position, index: None });
            }
            Some(before) => {
                if before.name != component.name {
                    edits.push(Edit::Rename { id: id.clone(), name: component.name.clone() });
                }
                if before.parent != component.parent {
                    let positions = [(id.clone(), side.layout[id])].into();
                    edits.push(Edit::SetParent { parent: component.parent.clone(), positions });
                } else if base.layout[id] != side.layout[id] {
                    edits.push(Edit::Move { id: id.clone(), position: side.layout[id] });
                }
                for name in before.properties.keys().chain(component.properties.keys()) {
                    if before.properties.get(name) != component.properties.get(name) {
                        edits.push(set(id.as_str(), name, component.properties.get(name).cloned().unwrap_or_default()));
                    }
                }
            }
        }
    }
    edits.extend(side.links.difference(&base.links).map(|link| Edit::Connect { link: link.clone() }));
    for id in base.groups.keys().chain(side.groups.keys()) {
        if base.groups.get(id) != side.groups.get(id) {
            edits.push(Edit::SetGroup { id: id.clone(), group: side.groups.get(id).cloned() });
        }
    }
    edits
}
