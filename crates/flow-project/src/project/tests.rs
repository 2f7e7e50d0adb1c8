use crate::{Project, ProjectError, Stamp};
use flow_model::{Calendar, Component, ComponentId, Day, Flow, FlowName};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

pub(crate) fn name(text: &str) -> FlowName {
    FlowName::parse(text).expect("a valid name")
}

/// A flow with a Start and nothing else, described as `description`.
pub(crate) fn flow(description: &str) -> Flow {
    let mut flow = Flow { description: description.to_owned(), ..Flow::default() };
    flow.components.insert(ComponentId::parse("start").expect("a valid id"), Component::new("Start", "Start"));
    flow.place_missing();
    flow
}

/// A new project in a new folder.
pub(crate) fn project() -> (TempDir, Project) {
    let folder = tempfile::tempdir().expect("a folder");
    let project = Project::create(folder.path().join("orders"), "Orders").expect("is created");
    (folder, project)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("is a folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_new_project_opens_from_its_folder_and_from_below() {
    let (_folder, project) = project();
    assert_eq!((project.name(), project.flows().expect("lists").len()), ("Orders", 0));
    let below = Project::open(project.root().join("flows")).expect("opens");
    assert_eq!(below.root(), project.root());
}

#[test]
fn what_is_no_project_is_refused_with_a_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |path: &Path| Project::open(path).expect_err("is refused").code();
    assert_eq!(code(&folder.path().join("gone")), "project/not-found");
    assert_eq!(code(folder.path()), "project/not-a-project");
    for (text, expected) in [
        ("{", "project/descriptor"),
        (r#"{"name": "x"}"#, "project/descriptor"),
        (r#"{"format": 1}"#, "project/descriptor"),
        (r#"{"format": 99, "name": "x"}"#, "project/too-new"),
    ] {
        fs::write(folder.path().join("project.json"), text).expect("writes");
        assert_eq!(code(folder.path()), expected, "{text}");
    }
    assert_eq!(Project::create(folder.path(), "x").expect_err("is not empty").code(), "project/exists");
}

#[test]
fn a_saved_flow_loads_as_it_was_and_leaves_no_other_file() {
    let (_folder, project) = project();
    let stamp = project.create_flow(&name("import/daily"), &flow("first")).expect("saves");
    let loaded = project.load(&name("import/daily")).expect("loads");
    assert_eq!((loaded.flow, loaded.stamp), (flow("first"), stamp));
    assert_eq!(names_in(&project.root().join("flows/import")), ["daily.flow.json"]);
}

#[test]
fn a_save_never_writes_over_what_another_program_wrote() {
    let (_folder, project) = project();
    let stamp = project.create_flow(&name("a"), &flow("mine")).expect("saves");
    let path = project.root().join("flows/a.flow.json");
    fs::write(&path, "theirs").expect("writes");
    for expected in [Some(&stamp), None] {
        let error = project.save(&name("a"), &flow("mine again"), expected).expect_err("is refused");
        assert_eq!(error.code(), "project/changed-outside");
    }
    assert_eq!(fs::read_to_string(&path).expect("reads"), "theirs");
    let theirs = project.stamp(&name("a")).expect("reads");
    project.save(&name("a"), &flow("mine again"), theirs.as_ref()).expect("saves when that is what the author wants");
}

#[test]
fn a_save_of_a_flow_deleted_meanwhile_is_refused_too() {
    let (_folder, project) = project();
    let stamp = project.create_flow(&name("a"), &flow("mine")).expect("saves");
    fs::remove_file(project.root().join("flows/a.flow.json")).expect("removes");
    let error = project.save(&name("a"), &flow("mine"), Some(&stamp)).expect_err("is refused");
    assert_eq!(error.code(), "project/changed-outside");
}

#[test]
fn a_broken_flow_is_listed_with_its_problem_beside_the_good_ones() {
    let (_folder, project) = project();
    project.create_flow(&name("good"), &flow("")).expect("saves");
    fs::write(project.root().join("flows/bad.flow.json"), "{\n  \"format\": 1,,\n}").expect("writes");
    fs::write(project.root().join("flows/latin.flow.json"), b"{\n  \"\xe9").expect("writes");
    fs::write(project.root().join("flows/notes.txt"), "no flow").expect("writes");
    let flows = project.flows().expect("lists");
    let found: Vec<_> = flows.iter().map(|flow| (flow.name.as_str(), flow.problem.is_some())).collect();
    assert_eq!(found, [("bad", true), ("good", false), ("latin", true)]);
    let problem = |at: usize| flows[at].problem.clone().expect("has a problem");
    assert_eq!(problem(0).code, "document/syntax");
    assert!(problem(0).message.starts_with("flows/bad.flow.json: line 2, column 15"), "{}", problem(0).message);
    assert!(problem(2).message.contains("line 2, column 4") && problem(2).message.contains("UTF-8"));
}

#[test]
fn flows_are_renamed_and_deleted() {
    let (_folder, project) = project();
    project.create_flow(&name("a"), &flow("a")).expect("saves");
    project.create_flow(&name("b"), &flow("b")).expect("saves");
    let code = |result: Result<(), ProjectError>| result.expect_err("is refused").code();
    assert_eq!(code(project.rename_flow(&name("a"), &name("b"))), "project/flow-exists");
    assert_eq!(code(project.rename_flow(&name("gone"), &name("c"))), "project/no-such-flow");
    assert_eq!(code(project.create_flow(&name("b"), &flow("")).map(|_| ())), "project/flow-exists");
    project.rename_flow(&name("a"), &name("sub/c")).expect("renames");
    project.delete_flow(&name("b")).expect("deletes");
    assert_eq!(code(project.delete_flow(&name("b"))), "project/no-such-flow");
    let flows: Vec<_> = project.flows().expect("lists").into_iter().map(|flow| flow.name).collect();
    assert_eq!(flows, [name("sub/c")]);
}

#[test]
fn calendars_are_saved_listed_and_deleted_and_a_broken_one_hides_no_other() {
    let (_folder, project) = project();
    let days = BTreeSet::from(["12-25", "2026-05-14"].map(|day| Day::parse(day).expect("a day")));
    let holidays = Calendar { name: "plants/north".to_owned(), description: "Closed".to_owned(), days };
    project.save_calendar(&holidays, true).expect("saves");
    assert_eq!(project.save_calendar(&holidays, true).expect_err("is taken").code(), "calendar/exists");
    assert_eq!(project.calendar("plants/north").expect("loads"), holidays);
    fs::write(project.root().join("calendars/broken.json"), "{").expect("writes");
    let names: Vec<_> = project.calendars().expect("lists").into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["broken", "plants/north"]);
    assert_eq!(project.calendar("broken").expect_err("cannot be read").code(), "calendar/document");
    assert_eq!(project.good_calendars().expect("lists").into_keys().collect::<Vec<_>>(), ["plants/north"]);
    project.delete_calendar("plants/north").expect("deletes");
    assert_eq!(project.calendar("plants/north").expect_err("is gone").code(), "calendar/not-found");
    assert_eq!(project.delete_calendar("plants/north").expect_err("is gone").code(), "calendar/not-found");
    assert_eq!(project.calendar("../x").expect_err("is no name").code(), "project/name");
}

#[test]
fn a_connection_that_cannot_be_read_hides_no_other() {
    let (_folder, project) = project();
    let folder = project.root().join("connections");
    fs::write(folder.join("bad.json"), "{").expect("writes");
    fs::write(folder.join("warehouse.json"), r#"{"kind": "sqlite", "settings": {"path": "storage:w.db"}}"#)
        .expect("writes");
    let connections = project.connections().expect("lists");
    assert_eq!(connections[0].connection.as_ref().expect_err("is broken").code, "connection/syntax");
    assert_eq!(connections[1].connection.as_ref().expect("is good").kind, "sqlite");
    assert_eq!(project.good_connections().expect("lists").keys().collect::<Vec<_>>(), ["warehouse"]);
}

#[test]
fn the_files_of_a_project_are_those_that_are_not_hidden() {
    let (_folder, project) = project();
    project.create_flow(&name("a"), &flow("")).expect("saves");
    for (path, content) in [(".git/config", "x"), (".hidden", "x"), ("data/.keep", "x"), ("data/orders.csv", "id\n1\n")]
    {
        let path = project.root().join(path);
        fs::create_dir_all(path.parent().expect("has a folder")).expect("is made");
        fs::write(path, content).expect("writes");
    }
    let files = project.files().expect("reads");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["data/orders.csv", "flows/a.flow.json", "project.json"]);
    assert_eq!(files["data/orders.csv"], b"id\n1\n");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_outside_of_the_project() {
    use std::os::unix::fs::symlink;
    let (folder, project) = project();
    let outside = folder.path().join("outside");
    fs::create_dir_all(&outside).expect("is made");
    fs::write(outside.join("a.flow.json"), flow("outside").to_json()).expect("writes");
    symlink(&outside, project.root().join("flows/linked")).expect("links");
    symlink(outside.join("a.flow.json"), project.root().join("flows/file.flow.json")).expect("links");
    symlink("/nowhere/at/all", project.root().join("flows/dangling.flow.json")).expect("links");
    let any = Stamp::of(b"");
    for flow_name in ["linked/a", "linked/new", "linked/deep/new", "file", "dangling"] {
        for expected in [None, Some(&any)] {
            let error = project.save(&name(flow_name), &flow("mine"), expected).expect_err("is refused");
            assert_eq!(error.code(), "project/outside", "{flow_name}");
        }
    }
    assert_eq!(project.delete_flow(&name("linked/a")).expect_err("is refused").code(), "project/outside");
    assert_eq!(names_in(&outside), ["a.flow.json"]);
    assert!(project.files().expect("reads").keys().all(|path| !path.contains("linked")), "nor read from outside");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_the_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, project) = project();
    let stamp = project.create_flow(&name("a"), &flow("before")).expect("saves");
    let flows = project.root().join("flows");
    fs::set_permissions(&flows, fs::Permissions::from_mode(0o555)).expect("sets");
    let saved = project.save(&name("a"), &flow("after"), Some(&stamp));
    fs::set_permissions(&flows, fs::Permissions::from_mode(0o755)).expect("sets");
    // Root may write anywhere, so there the save goes through.
    match saved {
        Err(error) => {
            assert_eq!(error.code(), "project/cannot-write");
            assert_eq!(project.load(&name("a")).expect("loads").flow, flow("before"));
        }
        Ok(_) => assert_eq!(project.load(&name("a")).expect("loads").flow, flow("after")),
    }
}

#[cfg(unix)]
#[test]
fn a_save_keeps_the_mode_of_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, project) = project();
    let stamp = project.create_flow(&name("a"), &flow("")).expect("saves");
    let path = project.root().join("flows/a.flow.json");
    let mode = || fs::metadata(&path).expect("is there").permissions().mode() & 0o777;
    assert_ne!(mode() & 0o044, 0, "a new file is as readable as any other, and not the owner's alone");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets");
    project.save(&name("a"), &flow("more"), Some(&stamp)).expect("saves");
    assert_eq!(mode(), 0o640);
}
