use super::{add, apply, describe, id, journaled, name, rename, saved_project, set};
use crate::{OpenFlow, Outside, Project, TakenIn};
use flow_model::{Flow, Side};
use std::fs;

/// Writes the flow as another program would.
fn write_outside(project: &Project, flow: &Flow) {
    fs::write(project.root().join("flows/a.flow.json"), flow.to_json()).expect("writes");
}

/// The flow of the file with something changed.
fn theirs(project: &Project, change: impl FnOnce(&mut OpenFlow)) -> Flow {
    let mut open = OpenFlow::open(project, &name("a"), None).expect("opens");
    change(&mut open);
    open.flow().clone()
}

/// A saved flow with the components `a` and `b`.
fn with_two() -> (tempfile::TempDir, Project) {
    let (folder, project) = saved_project();
    let flow = theirs(&project, |open| {
        apply(open, add("a"));
        apply(open, add("b"));
    });
    write_outside(&project, &flow);
    (folder, project)
}

fn take_in(open: &mut OpenFlow, project: &Project, decide: Option<Side>) -> TakenIn {
    match open.outside(project).expect("reads") {
        Outside::Changed { flow, stamp, .. } => open.take_in(flow, stamp, &|_| decide),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_another_program_wrote_is_merged_with_what_is_not_saved() {
    let (folder, project) = with_two();
    let state = folder.path().join("state");
    let mut open = journaled(&project, &state);
    apply(&mut open, rename("a", "Mine"));
    assert!(matches!(open.outside(&project).expect("reads"), Outside::Same));
    write_outside(&project, &theirs(&project, |open| drop(apply(open, rename("b", "Theirs")))));
    let Outside::Changed { changes, .. } = open.outside(&project).expect("reads") else { panic!("is changed") };
    assert_eq!(changes[0].words, "renamed “b” to “Theirs”");
    assert!(matches!(take_in(&mut open, &project, None), TakenIn::Merged(Some(_))));
    let names = |flow: &Flow| [id("a"), id("b")].map(|id| flow.components[&id].name.clone());
    assert_eq!(names(open.flow()), ["Mine", "Theirs"]);
    assert!(open.dirty());
    // A crash right after it loses nothing, and the next save writes over nothing.
    drop(open);
    let mut open = journaled(&project, &state);
    assert_eq!(names(open.flow()), ["Mine", "Theirs"]);
    open.save(&project, false).expect("saves");
    assert_eq!(names(&project.load(&name("a")).expect("loads").flow), ["Mine", "Theirs"]);
}

#[test]
fn a_flow_without_changes_becomes_what_the_other_program_wrote_and_that_can_be_undone() {
    let (_folder, project) = with_two();
    let mut open = OpenFlow::open(&project, &name("a"), None).expect("opens");
    let before = open.flow().clone();
    write_outside(&project, &theirs(&project, |open| drop(apply(open, rename("b", "Theirs")))));
    assert!(matches!(take_in(&mut open, &project, None), TakenIn::Merged(Some(_))));
    assert!(!open.dirty() && open.flow().components[&id("b")].name == "Theirs");
    open.undo().expect("undoes");
    assert!(open.dirty() && *open.flow() == before);
    open.redo().expect("does it again");
    assert!(!open.dirty());
}

#[test]
fn what_both_changed_is_asked_for_and_decided_one_by_one() {
    let (_folder, project) = with_two();
    let mut open = OpenFlow::open(&project, &name("a"), None).expect("opens");
    apply(&mut open, rename("a", "Mine"));
    apply(&mut open, set("b", "mine"));
    write_outside(
        &project,
        &theirs(&project, |open| {
            apply(open, rename("a", "Theirs"));
            apply(open, set("b", "theirs"));
        }),
    );
    let TakenIn::Conflicts(conflicts) = take_in(&mut open, &project, None) else { panic!("is in conflict") };
    assert_eq!(conflicts.len(), 2);
    assert_eq!(open.flow().components[&id("a")].name, "Mine", "nothing is taken in before that is decided");
    assert_eq!(open.save(&project, false).expect_err("is refused").code(), "project/changed-outside");
    let Outside::Changed { flow, stamp, .. } = open.outside(&project).expect("reads") else { panic!("is changed") };
    let key = conflicts[0].key();
    let decide = |conflict: &flow_model::Conflict| Some(if conflict.key() == key { Side::Theirs } else { Side::Ours });
    assert!(matches!(open.take_in(flow, stamp, &decide), TakenIn::Merged(_)));
    assert_eq!(open.flow().components[&id("a")].name, "Theirs");
    assert_eq!(open.flow().components[&id("b")].properties["Path"], "mine");
    open.save(&project, false).expect("saves");
}

#[test]
fn a_flow_whose_file_is_gone_is_kept_and_written_anew() {
    let (folder, project) = with_two();
    let state = folder.path().join("state");
    let mut open = journaled(&project, &state);
    apply(&mut open, rename("a", "Mine"));
    fs::remove_file(project.root().join("flows/a.flow.json")).expect("is removed");
    assert!(matches!(open.outside(&project).expect("reads"), Outside::Gone));
    open.file_is_gone();
    drop(open);
    let mut open = journaled(&project, &state);
    assert!(open.dirty() && open.flow().components[&id("a")].name == "Mine");
    open.save(&project, false).expect("saves");
    assert_eq!(project.load(&name("a")).expect("loads").flow.components[&id("a")].name, "Mine");
}

#[test]
fn two_processes_have_a_journal_each_and_a_crash_of_both_loses_neither() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    let (mut one, mut other) = (journaled(&project, &state), journaled(&project, &state));
    apply(&mut one, describe("one"));
    apply(&mut other, add("b"));
    assert!(one.is_journaled() && other.is_journaled());
    assert!(project.left_edits(&name("a"), &state).is_none(), "both are open");
    drop((one, other));
    let left = project.left_edits(&name("a"), &state).expect("is left");
    assert_eq!((left.changes[0].words.as_str(), left.file_changed), ("changed the description", false));
    let mut one = journaled(&project, &state);
    assert_eq!(one.flow().description, "one");
    one.save(&project, false).expect("saves");
    let left = project.left_edits(&name("a"), &state).expect("is left");
    assert!(left.changes[0].words.starts_with("added") && left.file_changed, "{left:?}");
    drop(one);
    let mut other = journaled(&project, &state);
    assert!(other.recovered() && matches!(take_in(&mut other, &project, None), TakenIn::Merged(Some(_))));
    assert!(other.flow().description == "one" && other.flow().components.contains_key(&id("b")));
}

#[test]
fn a_look_at_what_a_crash_left_hides_it_from_nobody() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    apply(&mut journaled(&project, &state), describe("left"));
    let journal = fs::read_dir(&state).expect("is there").next().expect("a journal").expect("is read").path();
    let look = fs::File::open(journal).expect("opens");
    look.lock_shared().expect("locks");
    assert!(project.left_edits(&name("a"), &state).is_some(), "another look finds it, too");
    let recovered = std::thread::scope(|scope| {
        let opening = scope.spawn(|| journaled(&project, &state).recovered());
        look.unlock().expect("unlocks");
        opening.join().expect("opens")
    });
    assert!(recovered, "opening waits for the look, and takes no other journal");
}

#[test]
fn what_a_crash_left_can_be_dropped() {
    let (folder, project) = saved_project();
    let state = folder.path().join("state");
    apply(&mut journaled(&project, &state), describe("left"));
    assert!(project.left_edits(&name("a"), &state).is_some());
    project.drop_left_edits(&name("a"), &state).expect("drops");
    assert!(project.left_edits(&name("a"), &state).is_none());
    assert_eq!(journaled(&project, &state).flow().description, "saved");
}

#[test]
fn an_old_version_is_restored_as_a_step_that_can_be_undone() {
    let (_folder, project) = with_two();
    let mut open = OpenFlow::open(&project, &name("a"), None).expect("opens");
    let before = open.flow().clone();
    open.replace(Flow::default(), "Restore the first version");
    assert_eq!(open.undo_label(), Some("Restore the first version"));
    assert!(open.flow().components.is_empty() && open.dirty());
    open.undo().expect("undoes");
    assert!(*open.flow() == before && !open.dirty());
}
