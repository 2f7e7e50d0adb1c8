use crate::workbench::{FLOW, Workbench};
use designer::Event;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

fn rename(name: &str) -> Value {
    json!({"edit": "rename", "id": "double-aaaaaa", "name": name})
}

#[tokio::test]
async fn an_open_flow_shows_ports_lines_and_what_settles() {
    let bench = Workbench::with_project().await;
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["views"]["read-aaaaaa"]["line"], "project:data/orders.csv");
    assert_eq!(view["views"]["double-aaaaaa"]["line"], "2 fields");
    assert_eq!(view["views"]["double-aaaaaa"]["settles"], true, "a Checkpoint follows it");
    assert_eq!(view["views"]["end-aaaaaa"]["settles"], false, "nothing saves behind it");
    let outlets = view["views"]["double-aaaaaa"]["ports"]["outlets"].as_array().unwrap();
    let names: Vec<_> = outlets.iter().map(|outlet| outlet["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["out", "error", "always"]);
    assert_eq!(view["diagnostics"], json!([]));
}

#[tokio::test]
async fn an_edit_answers_with_what_changed_and_tells_the_other_windows() {
    let mut bench = Workbench::with_project().await;
    let change = bench.edit(rename("Twice")).await;
    assert_eq!(change["base"], 0);
    assert_eq!(change["state"]["revision"], 1);
    assert_eq!(change["state"]["dirty"], true);
    assert_eq!(change["state"]["undo"], "Rename “Double” to “Twice”");
    assert_eq!(change["patch"]["components"].as_object().unwrap().keys().collect::<Vec<_>>(), ["double-aaaaaa"]);
    assert_eq!(change["views"], json!({}), "a name changes no ports");
    let told = bench.event("flow-changed", |event| match event {
        Event::FlowChanged(change) => Some(serde_json::to_value(change).unwrap()),
        _ => None,
    });
    assert_eq!(told.await, change);
}

#[tokio::test]
async fn undo_and_redo_go_the_same_way() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "removeComponent", "id": "double-aaaaaa"})).await;
    let undone = bench.call("flow_undo", json!({"flow": FLOW})).await;
    assert_eq!(undone["patch"]["links"].as_array().unwrap().len(), 2, "the links come back with it");
    assert_eq!(undone["state"]["dirty"], false, "it is as it was saved");
    let redone = bench.call("flow_redo", json!({"flow": FLOW})).await;
    assert_eq!(redone["patch"]["removedComponents"], json!(["double-aaaaaa"]));
    assert_eq!(redone["patch"]["removedLinks"].as_array().unwrap().len(), 2);
    assert_eq!(bench.fails("flow_redo", json!({"flow": FLOW})).await.code, "flow/nothing-to-redo");
}

#[tokio::test]
async fn an_edit_that_breaks_a_rule_changes_nothing_and_says_why() {
    let bench = Workbench::with_project().await;
    let circle = json!({"edit": "connect", "link": {
        "from": {"component": "save-aaaaaa", "port": "out"}, "to": {"component": "read-aaaaaa", "port": "in"}}});
    let error = bench.fails("flow_apply_edit", json!({"flow": FLOW, "revision": 0, "edit": circle})).await;
    assert_eq!(error.code, "edit/cycle");
    assert_eq!(bench.call("flow_open", json!({"flow": FLOW})).await["state"]["revision"], 0);
}

#[tokio::test]
async fn an_edit_on_an_older_revision_goes_through_when_it_touches_other_components() {
    let bench = Workbench::with_project().await;
    bench.edit(rename("Twice")).await;
    let moved = json!({"edit": "move", "id": "end-aaaaaa", "position": {"x": 1, "y": 2}});
    let change = bench.call("flow_apply_edit", json!({"flow": FLOW, "revision": 0, "edit": moved})).await;
    assert_eq!((&change["base"], &change["state"]["revision"]), (&json!(1), &json!(2)));
    let again = json!({"flow": FLOW, "revision": 0, "edit": rename("Thrice")});
    assert_eq!(bench.fails("flow_apply_edit", again).await.code, "flow/stale-revision");
}

#[tokio::test]
async fn the_slower_checks_come_in_an_event_that_names_the_revision() {
    let mut bench = Workbench::with_project().await;
    let typo = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields",
        "value": [{"field": "double", "expression": "amuont * 2"}]});
    bench.edit(typo).await;
    let checked = bench.event("flow-checked of revision 1", |event| match event {
        Event::FlowChecked(checked) if checked.revision == 1 => Some(checked.clone()),
        _ => None,
    });
    let checked = checked.await;
    let problem = checked.diagnostics.first().expect("the typo is found");
    assert_eq!(problem.place.component.as_ref().unwrap().as_str(), "double-aaaaaa");
    assert!(problem.message.contains("amuont") && problem.message.contains("amount"), "{}", problem.message);
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    let read = view["checked"]["fields"]["read-aaaaaa"]["out"].as_array().unwrap();
    assert_eq!(read.iter().map(|field| field["name"].clone()).collect::<Vec<_>>(), ["id", "amount"]);
}

#[tokio::test]
async fn a_check_tells_the_fields_of_those_components_only_that_got_others() {
    let mut bench = Workbench::with_project().await;
    let first = bench
        .event("flow-checked", |event| match event {
            Event::FlowChecked(checked) if checked.number == 1 => Some(checked.fields.len()),
            _ => None,
        })
        .await;
    assert!(first > 2, "the first check tells all");
    let other = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields",
        "value": [{"field": "triple", "expression": "amount * 3"}]});
    bench.edit(other).await;
    let news = bench
        .event("flow-checked of revision 1", |event| match event {
            Event::FlowChecked(checked) if checked.revision == 1 => Some(checked.clone()),
            _ => None,
        })
        .await;
    let told: Vec<&str> = news.fields.keys().map(flow_model::ComponentId::as_str).collect();
    assert!(told.contains(&"double-aaaaaa") && !told.contains(&"read-aaaaaa"), "{told:?}");
}

#[tokio::test]
async fn what_was_checked_stands_when_a_box_is_moved() {
    let mut bench = Workbench::with_project().await;
    bench.event("flow-checked", |event| matches!(event, Event::FlowChecked(_)).then_some(())).await;
    bench.edit(json!({"edit": "move", "id": "end-aaaaaa", "position": {"x": 7, "y": 7}})).await;
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["state"]["revision"], 1);
    assert!(view["checked"].is_object(), "{}", view["checked"]);
}

#[tokio::test]
async fn what_runs_again_is_what_no_checkpoint_protects() {
    let bench = Workbench::with_project().await;
    let again = async |component: &str| {
        bench.call("flow_runs_again", json!({"flow": FLOW, "component": component})).await["components"].clone()
    };
    assert_eq!(again("end-aaaaaa").await, json!(["end-aaaaaa"]), "the Checkpoint before it saved");
    assert_eq!(again("double-aaaaaa").await, json!(["start-aaaaaa", "read-aaaaaa", "double-aaaaaa"]));
}

#[tokio::test]
async fn a_new_component_gets_a_free_name_and_a_new_id() {
    let bench = Workbench::with_project().await;
    let new = bench.call("flow_new_component", json!({"flow": FLOW, "type": "End"})).await;
    assert_eq!(new["component"]["name"], "End 2");
    assert!(new["id"].as_str().unwrap().starts_with("end-"));
    let add =
        json!({"edit": "addComponent", "id": new["id"], "component": new["component"], "position": {"x": 0, "y": 0}});
    bench.edit(add).await;
    let unknown = bench.fails("flow_new_component", json!({"flow": FLOW, "type": "Nonsense"})).await;
    assert_eq!(unknown.code, "flow/unknown-type");
}

#[tokio::test]
async fn copied_components_paste_with_their_links_and_free_names() {
    let bench = Workbench::with_project().await;
    let ids = json!(["start-aaaaaa", "read-aaaaaa", "double-aaaaaa"]);
    let text = bench.call("flow_copy", json!({"flow": FLOW, "components": ids})).await["text"].clone();
    let paste = json!({"flow": FLOW, "text": text, "position": {"x": 1000, "y": 500}});
    let change = bench.call("flow_paste", paste).await;
    let components = change["patch"]["components"].as_object().unwrap();
    let names: Vec<_> = components.values().map(|component| component["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "a flow has one start component: {names:?}");
    assert!(names.contains(&"Read 2") && names.contains(&"Double 2"), "{names:?}");
    assert_eq!(change["patch"]["links"].as_array().unwrap().len(), 1, "the link between them");
    let left = change["patch"]["layout"].as_object().unwrap().values().map(|at| at["x"].as_f64().unwrap());
    assert_eq!(left.fold(f64::INFINITY, f64::min), 1000.0);
    let undone = bench.call("flow_undo", json!({"flow": FLOW})).await;
    assert_eq!(undone["patch"]["removedComponents"].as_array().unwrap().len(), 2, "one undo step");
    let nothing = json!({"flow": FLOW, "text": "hello", "position": {"x": 0, "y": 0}});
    assert_eq!(bench.fails("flow_paste", nothing).await.code, "flow/nothing-to-paste");
}

#[tokio::test]
async fn unsaved_changes_survive_a_crash() {
    let bench = Workbench::with_project().await;
    bench.edit(rename("Unsaved")).await;
    // A crash: the designer goes without closing anything. A check that is under way holds the flow a little longer.
    let Workbench { designer, events, folder } = bench;
    drop((designer, events));
    until_nobody_holds(&folder.path().join("config/journal")).await;
    let designer = designer::Designer::new(designer::DesignerOptions::without_host(folder.path().join("config")));
    let bench = Workbench { events: designer.events(), designer, folder };
    let project = bench.call("project_open", json!({"path": bench.project()})).await;
    assert_eq!(project["flows"][0]["recovered"], true);
    let view = bench.call("flow_open", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["double-aaaaaa"]["name"], "Unsaved");
    assert_eq!((&view["recovered"], &view["state"]["dirty"]), (&json!(true), &json!(true)));
    let view = bench.call("flow_reload", json!({"flow": FLOW})).await;
    assert_eq!(view["document"]["components"]["double-aaaaaa"]["name"], "Double");
}

#[tokio::test]
async fn an_unknown_command_and_a_bad_input_are_told_apart() {
    let bench = Workbench::empty();
    assert_eq!(bench.fails("flow_fly", json!({})).await.code, "command/unknown");
    let error = bench.fails("flow_open", json!({"flow": "../outside"})).await;
    assert_eq!(error.code, "command/input");
    assert!(error.message.contains("flow name"), "{}", error.message);
    assert_eq!(bench.fails("flow_open", json!({"flow": "orders"})).await.code, "project/none-open");
}

/// Waits until the crash journals in `folder` are free, as they are when the process that wrote them is gone.
pub async fn until_nobody_holds(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    for journal in fs::read_dir(folder).unwrap() {
        let file = fs::File::open(journal.unwrap().path()).unwrap();
        while file.try_lock().is_err() {
            assert!(Instant::now() < deadline, "the journal is still held");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        file.unlock().unwrap();
    }
}
