use super::{copy, paste};
use flow_model::{Area, Component, ComponentId, Edit, Flow, Group, Link, PortRef, Position};

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).unwrap()
}

/// A ForEach with a Mapper in its body, at 100, 50; a group around the Mapper and a note.
fn flow() -> Flow {
    let (for_each, mapper) = (id("foreach-a1b2c3"), id("mapper-a1b2c3"));
    let mut flow = Flow::default();
    flow.components.insert(for_each.clone(), Component::new("ForEach", "Each"));
    let inside = Component { parent: Some(for_each.clone()), ..Component::new("Mapper", "Map") };
    flow.components.insert(mapper.clone(), inside);
    flow.links.insert(Link { from: PortRef::new(&for_each, "each"), to: PortRef::new(&mapper, "in") });
    flow.layout.insert(for_each, Position { x: 100.0, y: 50.0 });
    flow.layout.insert(mapper.clone(), Position { x: 72.0, y: 88.0 });
    let around = Group { title: "Import".to_owned(), members: [mapper].into(), ..Group::default() };
    flow.groups.insert(id("group-a1b2c3"), around);
    let area = Area { x: 300.0, y: 10.0, width: 240.0, height: 128.0 };
    let note = Group { note: "Remember".to_owned(), area: Some(area), ..Group::default() };
    flow.groups.insert(id("note-a1b2c3"), note);
    flow
}

fn edits(into: &Flow, text: &str, parent: Option<&ComponentId>) -> Vec<Edit> {
    let Edit::Batch { edits } = paste(into, text, Position { x: 8.0, y: 16.0 }, parent).unwrap() else { panic!() };
    edits
}

fn pasted(into: &Flow, text: &str, parent: Option<&ComponentId>) -> Vec<(String, Option<ComponentId>, Position)> {
    let added = |edit: Edit| match edit {
        Edit::AddComponent { component, position, .. } => Some((component.kind, component.parent, position)),
        _ => None,
    };
    edits(into, text, parent).into_iter().filter_map(added).collect()
}

fn groups(into: &Flow, text: &str, parent: Option<&ComponentId>) -> Vec<Group> {
    let set = |edit: Edit| match edit {
        Edit::SetGroup { group, .. } => group,
        _ => None,
    };
    edits(into, text, parent).into_iter().filter_map(set).collect()
}

#[test]
fn a_body_is_copied_with_the_component_that_has_it() {
    let flow = flow();
    let text = copy(&flow, &[id("foreach-a1b2c3")], &[]);
    let added = pasted(&flow, &text, None);
    let [(outer, None, at), (inner, Some(around), inside)] = &added[..] else { panic!("{added:?}") };
    assert_eq!((outer.as_str(), inner.as_str()), ("ForEach", "Mapper"));
    assert_ne!(*around, id("foreach-a1b2c3"), "the copy has a body of its own");
    assert_eq!((at.x, at.y, inside.x, inside.y), (8.0, 16.0, 72.0, 88.0));
}

#[test]
fn what_is_in_a_body_can_be_pasted_without_it_and_into_another() {
    let flow = flow();
    let text = copy(&flow, &[id("mapper-a1b2c3")], &[]);
    for parent in [None, Some(id("foreach-a1b2c3"))] {
        let added = pasted(&flow, &text, parent.as_ref());
        let [(kind, around, at)] = &added[..] else { panic!("{added:?}") };
        assert_eq!((kind.as_str(), around), ("Mapper", &parent));
        assert_eq!((at.x, at.y), (8.0, 16.0));
    }
}

#[test]
fn a_group_comes_along_with_all_of_its_components_and_has_the_copies() {
    let flow = flow();
    let text = copy(&flow, &[id("mapper-a1b2c3")], &[]);
    let [group] = &groups(&flow, &text, None)[..] else { panic!() };
    assert_eq!((group.title.as_str(), group.members.len()), ("Import", 1));
    assert!(!group.members.contains(&id("mapper-a1b2c3")));
}

#[test]
fn notes_keep_their_place_beside_what_is_copied_with_them_also_in_a_body() {
    let flow = flow();
    let text = copy(&flow, &[id("foreach-a1b2c3")], &[id("note-a1b2c3")]);
    let place = |group: Group| group.area.map(|area| (area.x, area.y));
    let notes: Vec<_> = groups(&flow, &text, None).into_iter().filter_map(place).collect();
    // The note is 200 to the right of the ForEach and 40 above it.
    assert_eq!(notes, [(208.0, 16.0)]);
    let alone = copy(&flow, &[], &[id("note-a1b2c3")]);
    let inside = groups(&flow, &alone, Some(&id("foreach-a1b2c3")));
    assert_eq!(inside.into_iter().filter_map(place).collect::<Vec<_>>(), [(108.0, 66.0)]);
}

#[test]
fn what_is_no_flow_is_not_pasted() {
    let error = paste(&flow(), "hello", Position::default(), None).unwrap_err();
    assert_eq!(error.code, "flow/nothing-to-paste");
}
