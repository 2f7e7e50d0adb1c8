//! Nothing of what an author did is lost: other programs, two windows, crashes, folders that cannot be written.

use crate::workbench::{FLOW, Workbench, git};
use designer::{Designer, DesignerOptions, Event};
use serde_json::{Value, json};
use std::fs;

const FILE: &str = "flows/orders.flow.json";

fn rename(component: &str, name: &str) -> Value {
    json!({"edit": "rename", "id": format!("{component}-aaaaaa"), "name": name})
}

/// Another program replaces a text in the flow's file.
fn write_outside(bench: &Workbench, from: &str, to: &str) {
    let path = bench.project().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

/// Waits for what becomes of the other program's changes; the outcome, and what they were in words.
async fn outcome(bench: &mut Workbench) -> (String, Vec<String>) {
    bench
        .event("flow-changed-outside", |event| match event {
            Event::FlowChangedOutside { outcome, words, .. } => {
                Some((serde_json::to_value(outcome).unwrap().as_str().unwrap().to_owned(), words.clone()))
            }
            _ => None,
        })
        .await
}

async fn names(bench: &Workbench) -> [String; 2] {
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    ["read-aaaaaa", "double-aaaaaa"].map(|id| view["document"]["components"][id]["name"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_another_program_wrote_is_merged_with_unsaved_edits_and_saved_with_them() {
    let mut bench = Workbench::with_project().await;
    bench.edit(rename("double", "Mine")).await;
    write_outside(&bench, "\"Read\"", "\"Theirs\"");
    assert_eq!(outcome(&mut bench).await, ("merged".to_owned(), vec!["renamed “Read” to “Theirs”".to_owned()]));
    assert_eq!(names(&bench).await, ["Theirs", "Mine"]);
    let saved = bench.call("flow_save", json!({"flow": FLOW})).await;
    assert_eq!(saved["state"]["dirty"], false);
    let file = fs::read_to_string(bench.project().join(FILE)).unwrap();
    assert!(file.contains("\"Mine\"") && file.contains("\"Theirs\""), "{file}");
    // Taking it in is a step like any other.
    let undone = bench.call("flow_undo", json!({"flow": FLOW})).await;
    assert_eq!(undone["state"]["redo"], "Take in what another program changed");
}

#[tokio::test]
async fn a_flow_without_own_changes_follows_its_file() {
    let mut bench = Workbench::with_project().await;
    write_outside(&bench, "\"Read\"", "\"Theirs\"");
    assert_eq!(outcome(&mut bench).await.0, "followed");
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Theirs");
    assert_eq!(view["state"]["dirty"], false);
}

#[tokio::test]
async fn where_both_changed_the_same_the_author_is_asked_for_each() {
    let mut bench = Workbench::with_project().await;
    bench.edit(rename("double", "My double")).await;
    bench.edit(rename("read", "My read")).await;
    write_outside(&bench, "\"Read\"", "\"Their read\"");
    write_outside(&bench, "\"Double\"", "\"Their double\"");
    while outcome(&mut bench).await.0 != "conflict" {}
    assert_eq!(bench.fails("flow_save", json!({"flow": FLOW})).await.code, "project/changed-outside");
    assert_eq!(bench.call("flow_open", json!({"flow": FLOW})).await["conflict"], true);
    let conflicts = loop {
        // The second of the two writes may come a little later.
        let conflicts = bench.call("flow_conflicts", json!({"flow": FLOW})).await;
        if conflicts.as_array().unwrap().len() == 2 {
            break conflicts;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!(conflicts[0]["what"], "the name of “My read”");
    assert_eq!((&conflicts[0]["before"], &conflicts[0]["mine"]), (&json!("Read"), &json!("My read")));
    assert_eq!(conflicts[0]["theirs"], "Their read");
    let keep = |count: usize| -> Value {
        let sides = ["theirs", "mine"];
        let kept = (0..count).map(|at| (conflicts[at]["key"].as_str().unwrap().to_owned(), json!(sides[at])));
        kept.collect::<serde_json::Map<_, _>>().into()
    };
    let open = bench.call("flow_take_in", json!({"flow": FLOW, "keep": keep(1)})).await;
    assert_eq!(open.as_array().unwrap().len(), 1, "the other is left to decide");
    assert_eq!(names(&bench).await, ["My read", "My double"]);
    assert_eq!(bench.call("flow_take_in", json!({"flow": FLOW, "keep": keep(2)})).await, json!([]));
    assert_eq!(names(&bench).await, ["Their read", "My double"]);
    bench.call("flow_save", json!({"flow": FLOW})).await;
    assert_eq!(bench.call("flow_open", json!({"flow": FLOW})).await["conflict"], false);
}

#[tokio::test]
async fn who_takes_back_what_the_file_is_in_conflict_with_follows_the_file() {
    let mut bench = Workbench::with_project().await;
    bench.edit(rename("read", "My read")).await;
    write_outside(&bench, "\"Read\"", "\"Their read\"");
    assert_eq!(outcome(&mut bench).await.0, "conflict");
    bench.call("flow_undo", json!({"flow": FLOW})).await;
    assert_eq!(outcome(&mut bench).await.0, "followed");
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["read-aaaaaa"]["name"], "Their read");
    assert_eq!((&view["conflict"], &view["state"]["dirty"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn two_programs_on_one_project_lose_nothing_of_each_other() {
    let mut bench = Workbench::with_project().await;
    let other = Designer::new(DesignerOptions::without_host(bench.folder.path().join("config")));
    let events = other.events();
    let mut other = Workbench { designer: other, events, folder: tempfile::tempdir().unwrap() };
    other.call("project_open", json!({"path": bench.project()})).await;
    other.call("flow_open", json!({"flow": FLOW})).await;
    bench.edit(rename("read", "One")).await;
    other.edit(rename("double", "Other")).await;
    bench.call("flow_save", json!({"flow": FLOW})).await;
    assert_eq!(outcome(&mut other).await.0, "merged");
    assert_eq!(names(&other).await, ["One", "Other"]);
    other.call("flow_save", json!({"flow": FLOW})).await;
    assert_eq!(outcome(&mut bench).await.0, "followed");
    assert_eq!(names(&bench).await, ["One", "Other"]);
}

#[tokio::test]
async fn a_flow_with_unsaved_edits_outlives_its_file() {
    let mut bench = Workbench::with_project().await;
    bench.edit(rename("read", "Mine")).await;
    fs::remove_file(bench.project().join(FILE)).unwrap();
    assert_eq!(outcome(&mut bench).await.0, "gone");
    let project = bench.call("project_current", json!({})).await;
    assert_eq!((&project["flows"][0]["name"], &project["flows"][0]["dirty"]), (&json!(FLOW), &json!(true)));
    bench.call("flow_save", json!({"flow": FLOW})).await;
    assert!(fs::read_to_string(bench.project().join(FILE)).unwrap().contains("\"Mine\""));
}

#[tokio::test]
async fn what_a_crash_left_is_told_in_words_and_dropped_on_request() {
    let bench = Workbench::with_project().await;
    bench.edit(rename("read", "Left")).await;
    let again = crashed(bench).await;
    let left = again.call("project_left_changes", json!({})).await;
    assert_eq!((&left[0]["flow"], &left[0]["words"]), (&json!(FLOW), &json!(["renamed “Read” to “Left”"])));
    assert!(left[0]["at"].as_i64().unwrap() > 0 && left[0]["fileChanged"] == false);
    again.call("project_drop_left_changes", json!({"flow": FLOW})).await;
    assert_eq!(again.call("project_left_changes", json!({})).await, json!([]));
    assert_eq!(names(&again).await[0], "Read");
}

#[tokio::test]
async fn what_a_crash_left_is_merged_with_what_was_written_since() {
    let bench = Workbench::with_project().await;
    bench.edit(rename("read", "Left")).await;
    let again = crashed(bench).await;
    write_outside(&again, "\"Double\"", "\"Written since\"");
    assert_eq!(again.call("project_left_changes", json!({})).await[0]["fileChanged"], true);
    assert_eq!(names(&again).await, ["Left", "Written since"]);
    again.call("flow_save", json!({"flow": FLOW})).await;
}

/// The designer goes without closing anything, and another one opens the project.
async fn crashed(bench: Workbench) -> Workbench {
    let Workbench { designer, events, folder } = bench;
    drop((designer, events));
    crate::flows::until_nobody_holds(&folder.path().join("config/journal")).await;
    let designer = Designer::new(DesignerOptions::without_host(folder.path().join("config")));
    let again = Workbench { events: designer.events(), designer, folder };
    again.call("project_open", json!({"path": again.project()})).await;
    again
}

#[tokio::test]
async fn the_project_is_saved_elsewhere_with_its_history_and_what_is_not_saved() {
    let bench = Workbench::with_project().await;
    bench.call("vcs_commit", json!({"message": "Everything"})).await;
    bench.edit(rename("read", "Unsaved")).await;
    let inside = json!({"path": bench.project().join("copy")});
    assert_eq!(bench.fails("project_save_as", inside).await.code, "project/inside");
    let elsewhere = bench.folder.path().join("elsewhere");
    let project = bench.call("project_save_as", json!({"path": elsewhere})).await;
    assert_eq!(project["path"].as_str(), fs::canonicalize(&elsewhere).unwrap().to_str());
    assert!(fs::read_to_string(elsewhere.join(FILE)).unwrap().contains("\"Unsaved\""));
    assert!(!fs::read_to_string(bench.project().join(FILE)).unwrap().contains("\"Unsaved\""));
    let log = bench.call("vcs_log", json!({})).await;
    assert_eq!(log[0]["message"], "Everything");
    git(&elsewhere, &["fsck", "--strict"]);
}
