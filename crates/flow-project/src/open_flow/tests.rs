mod outside;

use super::OpenFlow;
use crate::project::tests::{flow, name, project};
use crate::{Applied, Project, ProjectError};
use flow_model::{Catalogue, Component, ComponentDescription, ComponentId, Edit, Flow, Link, Ports, Position};
use proptest::prelude::*;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Every type has the ordinary ports; none has a description.
struct AnyType;

impl Catalogue for AnyType {
    fn describe(&self, _: &str) -> Option<&ComponentDescription> {
        None
    }

    fn ports(&self, _: &Component) -> Option<Ports> {
        Some(Ports::ordinary())
    }

    fn all(&self) -> Vec<&ComponentDescription> {
        Vec::new()
    }
}

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("a valid id")
}

fn add(text: &str) -> Edit {
    Edit::AddComponent {
        id: id(text),
        component: Component::new("Step", text),
        position: Position::default(),
        index: None,
    }
}

fn rename(text: &str, to: &str) -> Edit {
    Edit::Rename { id: id(text), name: to.to_owned() }
}

fn set(text: &str, value: &str) -> Edit {
    Edit::SetProperty { id: id(text), property: "Path".to_owned(), value: json!(value) }
}

fn describe(text: &str) -> Edit {
    Edit::SetDescription { description: text.to_owned() }
}

/// Applies on the newest revision.
fn apply(open: &mut OpenFlow, edit: Edit) -> Applied {
    open.apply(open.revision(), edit, None, &AnyType).expect("applies")
}

fn typed(open: &mut OpenFlow, edit: Edit, gesture: &str) {
    open.apply(open.revision(), edit, Some(gesture), &AnyType).expect("applies");
}

fn open() -> OpenFlow {
    OpenFlow::new(name("a"), flow(""), Some(crate::Stamp::of(b"")))
}

#[test]
fn undo_and_redo_go_through_every_state_and_say_what_they_do() {
    let mut open = open();
    let mut states = vec![open.flow().to_json()];
    for edit in [add("a"), rename("a", "Read"), Edit::Connect { link: Link::between(&id("start"), &id("a")) }] {
        apply(&mut open, edit);
        states.push(open.flow().to_json());
    }
    assert_eq!((open.undo_label(), open.redo_label()), (Some("Connect “Start” to “Read”"), None));
    for state in states.iter().rev().skip(1) {
        open.undo().expect("undoes");
        assert_eq!(&open.flow().to_json(), state);
    }
    assert!(!open.dirty() && open.undo().expect_err("is at the beginning").code() == "flow/nothing-to-undo");
    assert_eq!(open.redo_label(), Some("Add “a”"));
    for state in &states[1..] {
        open.redo().expect("does again");
        assert_eq!(&open.flow().to_json(), state);
    }
    assert_eq!(open.redo().expect_err("is at the end").code(), "flow/nothing-to-redo");
    assert_eq!(open.revision(), 9, "every change counts");
}

#[test]
fn a_new_edit_ends_what_could_be_done_again() {
    let mut open = open();
    apply(&mut open, add("a"));
    open.undo().expect("undoes");
    apply(&mut open, add("b"));
    assert_eq!(open.redo_label(), None);
}

#[test]
fn typing_is_one_step_and_a_new_gesture_another() {
    let mut open = open();
    apply(&mut open, add("a"));
    for text in ["s", "st", "sto"] {
        typed(&mut open, set("a", text), "first");
    }
    for text in ["x", "xy"] {
        typed(&mut open, set("a", text), "second");
    }
    let path = |open: &OpenFlow| open.flow().components[&id("a")].properties.get("Path").cloned();
    assert_eq!(path(&open), Some(json!("xy")));
    open.undo().expect("undoes");
    assert_eq!(path(&open), Some(json!("sto")));
    open.undo().expect("undoes");
    assert_eq!(path(&open), None);
    open.redo().expect("does again");
    assert_eq!(path(&open), Some(json!("sto")));
    assert_eq!(open.undo_label(), Some("Set Path of “a”"));
}

#[test]
fn a_gesture_of_several_kinds_of_edits_is_one_step_too() {
    let mut open = open();
    let before = open.flow().to_json();
    typed(&mut open, add("a"), "drop");
    typed(&mut open, rename("a", "Read"), "drop");
    typed(&mut open, Edit::Move { id: id("a"), position: Position { x: 8.0, y: 8.0 } }, "drop");
    open.undo().expect("undoes");
    assert_eq!(open.flow().to_json(), before);
}

#[test]
fn an_edit_that_changes_nothing_is_no_step() {
    let mut open = open();
    assert_eq!(apply(&mut open, rename("start", "Start")).revision, 0);
    assert_eq!((open.dirty(), open.undo_label()), (false, None));
}

#[test]
fn an_edit_on_an_older_revision_goes_through_when_it_meets_nothing() {
    let mut open = open();
    apply(&mut open, add("a"));
    apply(&mut open, add("b"));
    let base = open.revision();
    apply(&mut open, rename("a", "from one window"));
    open.apply(base, rename("b", "from another"), None, &AnyType).expect("is rebased");
    let error = open.apply(base, rename("a", "from another"), None, &AnyType).expect_err("meets a newer edit");
    assert!(matches!(error, ProjectError::StaleRevision { base: 2, .. }), "{error}");
    open.apply(base, describe("x"), None, &AnyType).expect("is rebased");
    assert_eq!(open.apply(base, describe("y"), None, &AnyType).expect_err("is stale").code(), "flow/stale-revision");
    assert_eq!(
        open.apply(99, rename("b", "x"), None, &AnyType).expect_err("is of the future").code(),
        "flow/stale-revision"
    );
}

#[test]
fn an_edit_meets_what_an_undo_changed() {
    let mut open = open();
    apply(&mut open, add("a"));
    apply(&mut open, rename("a", "x"));
    let base = open.revision();
    open.undo().expect("undoes");
    assert_eq!(open.apply(base, rename("a", "y"), None, &AnyType).expect_err("is stale").code(), "flow/stale-revision");
}

#[test]
fn a_refused_edit_changes_nothing() {
    let mut open = open();
    apply(&mut open, add("a"));
    let before = (open.flow().to_json(), open.revision());
    let error = open.apply(1, rename("gone", "x"), None, &AnyType).expect_err("is refused");
    assert_eq!((error.code(), (open.flow().to_json(), open.revision())), ("edit/no-such-component", before));
}

fn saved_project() -> (tempfile::TempDir, Project) {
    let (folder, project) = project();
    project.create_flow(&name("a"), &flow("saved")).expect("saves");
    (folder, project)
}

#[test]
fn coming_back_to_the_saved_state_is_clean() {
    let (_folder, project) = saved_project();
    let mut open = OpenFlow::open(&project, &name("a"), None).expect("opens");
    typed(&mut open, describe("x"), "word");
    open.save(&project, false).expect("saves");
    assert!(!open.dirty());
    typed(&mut open, describe("xy"), "word");
    assert!(open.dirty());
    open.undo().expect("undoes");
    assert!(!open.dirty() && open.flow().description == "x", "a save ends the step");
    open.undo().expect("undoes");
    assert!(open.dirty(), "before the save is not what is saved");
    assert_eq!(project.load(&name("a")).expect("loads").flow.description, "x");
}

#[test]
fn a_save_over_an_outside_change_needs_the_authors_word() {
    let (_folder, project) = saved_project();
    let mut open = OpenFlow::open(&project, &name("a"), None).expect("opens");
    apply(&mut open, describe("mine"));
    fs::write(project.root().join("flows/a.flow.json"), flow("theirs").to_json()).expect("writes");
    assert_eq!(open.save(&project, false).expect_err("is refused").code(), "project/changed-outside");
    assert!(open.dirty());
    open.save(&project, true).expect("saves");
    assert_eq!(project.load(&name("a")).expect("loads").flow.description, "mine");
}

/// Opens with a journal in `state`.
fn journaled(project: &Project, state: &Path) -> OpenFlow {
    OpenFlow::open(project, &name("a"), Some(state)).expect("opens")
}

#[test]
fn edits_that_were_not_saved_survive_a_crash_with_their_history() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    let mut before = journaled(&project, &state);
    assert!(!before.recovered());
    apply(&mut before, add("a"));
    typed(&mut before, set("a", "s"), "word");
    typed(&mut before, set("a", "st"), "word");
    apply(&mut before, rename("a", "Read"));
    before.undo().expect("undoes");
    let expected = before.flow().to_json();
    assert!(!project.has_unsaved_edits(&name("a"), &state), "what is open is not left");
    // A crash drops the process without closing the flow.
    drop(before);
    assert!(project.has_unsaved_edits(&name("a"), &state));
    let mut after = journaled(&project, &state);
    assert!(after.recovered() && after.dirty());
    assert_eq!(after.flow().to_json(), expected);
    assert_eq!((after.undo_label(), after.redo_label()), (Some("Set Path of “a”"), Some("Rename “a” to “Read”")));
    after.undo().expect("undoes");
    after.undo().expect("undoes");
    assert_eq!(after.flow().to_json(), flow("saved").to_json());
}

#[test]
fn a_second_crash_loses_nothing_either() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    for text in ["one", "two", "three"] {
        let mut open = journaled(&project, &state);
        let more = format!("{} {text}", open.flow().description);
        apply(&mut open, describe(&more));
    }
    assert_eq!(journaled(&project, &state).flow().description, "saved one two three");
}

#[test]
fn a_line_that_a_crash_broke_off_is_dropped() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    apply(&mut journaled(&project, &state), describe("whole"));
    let journal = fs::read_dir(&state).expect("is there").flatten().next().expect("has a journal").path();
    let mut text = fs::read_to_string(&journal).expect("reads");
    text.push_str("{\"step\":\"apply\",\"la");
    fs::write(&journal, text).expect("writes");
    let mut open = journaled(&project, &state);
    assert_eq!(open.flow().description, "whole");
    apply(&mut open, describe("and more"));
    drop(open);
    assert_eq!(journaled(&project, &state).flow().description, "and more");
}

#[test]
fn what_was_saved_or_discarded_does_not_come_back() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    let mut open = journaled(&project, &state);
    apply(&mut open, describe("saved again"));
    open.save(&project, false).expect("saves");
    drop(open);
    let mut open = journaled(&project, &state);
    assert!(!open.recovered() && !project.has_unsaved_edits(&name("a"), &state));
    apply(&mut open, describe("dropped"));
    open.discard();
    let open = journaled(&project, &state);
    assert_eq!((open.recovered(), open.flow().description.as_str()), (false, "saved again"));
}

#[test]
fn recovered_edits_are_not_written_over_an_outside_change() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    apply(&mut journaled(&project, &state), describe("mine"));
    fs::write(project.root().join("flows/a.flow.json"), flow("theirs").to_json()).expect("writes");
    let mut open = journaled(&project, &state);
    assert_eq!(open.flow().description, "mine");
    assert_eq!(open.save(&project, false).expect_err("is refused").code(), "project/changed-outside");
}

#[test]
fn recovered_edits_come_back_even_when_the_file_is_broken_or_gone() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    apply(&mut journaled(&project, &state), describe("mine"));
    fs::remove_file(project.root().join("flows/a.flow.json")).expect("removes");
    assert_eq!(journaled(&project, &state).flow().description, "mine");
}

#[test]
fn a_flow_open_elsewhere_opens_without_a_journal_of_its_own() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    let mut one = journaled(&project, &state);
    let mut other = journaled(&project, &state);
    apply(&mut other, describe("lost in a crash"));
    apply(&mut one, describe("kept"));
    drop((one, other));
    assert_eq!(journaled(&project, &state).flow().description, "kept");
}

#[test]
fn a_state_folder_that_cannot_be_made_does_not_stop_the_author() {
    let (folder, project) = saved_project();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("writes");
    let mut open = journaled(&project, &file.join("state"));
    apply(&mut open, describe("goes on"));
}

fn any_edit() -> impl Strategy<Value = Option<Edit>> {
    let names = || prop::sample::select(vec!["start", "a", "b", "c"]);
    prop_oneof![
        3 => names().prop_map(|text| Some(add(text))),
        1 => names().prop_map(|text| Some(Edit::RemoveComponent { id: id(text) })),
        3 => (names(), "[a-c]").prop_map(|(text, value)| Some(set(text, &value))),
        2 => (names(), names()).prop_map(|(a, b)| Some(Edit::Connect { link: Link::between(&id(a), &id(b)) })),
        1 => "[a-c]".prop_map(|text| Some(describe(&text))),
        3 => Just(None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_crash_at_any_moment_loses_nothing(
        edits in prop::collection::vec((any_edit(), any::<bool>(), prop::option::of("[x-z]")), 0..20),
    ) {
        let (folder, project) = saved_project();
        let state = folder.path().join("state");
        let mut open = journaled(&project, &state);
        for (edit, flag, gesture) in edits {
            // No edit stands for undo or redo.
            let _ = match edit {
                Some(edit) => open.apply(open.revision(), edit, gesture.as_deref(), &AnyType),
                None if flag => open.undo(),
                None => open.redo(),
            };
        }
        let (expected, dirty) = (open.flow().to_json(), open.dirty());
        let labels = (open.undo_label().map(str::to_owned), open.redo_label().map(str::to_owned));
        drop(open);
        let again = journaled(&project, &state);
        prop_assert_eq!(again.flow().to_json(), expected.clone());
        if expected != flow("saved").to_json() {
            prop_assert!(dirty && again.dirty() && again.recovered());
            prop_assert_eq!((again.undo_label().map(str::to_owned), again.redo_label().map(str::to_owned)), labels);
        }
        let _: &Flow = again.flow();
    }
}
