use crate::workbench::{FLOW, Workbench};
use designer::Event;
use serde_json::json;

#[tokio::test]
async fn a_bad_flow_and_a_bad_connection_hide_no_good_ones() {
    let bench = Workbench::with_project().await;
    bench.write("flows/broken.flow.json", "{ \"format\": 1, ");
    bench.write(
        "connections/warehouse.json",
        r#"{"format": 1, "kind": "sqlite", "settings": {"path": "storage:w.db"}}"#,
    );
    bench.write("connections/broken.json", "[]");
    let project = bench.call("project_current", json!({})).await;
    let flows = project["flows"].as_array().unwrap();
    assert_eq!(flows.iter().map(|flow| flow["name"].as_str().unwrap()).collect::<Vec<_>>(), ["broken", "orders"]);
    assert!(flows[0]["problem"].as_str().unwrap().contains("line"), "{}", flows[0]);
    assert!(flows[1]["problem"].is_null());
    let connections = project["connections"].as_array().unwrap();
    assert!(connections[0]["problem"].is_string());
    assert_eq!(connections[1]["address"], "storage:w.db");
    assert_eq!(bench.fails("flow_open", json!({"flow": "broken"})).await.code, "document/syntax");
}

#[tokio::test]
async fn a_new_flow_can_run_at_once() {
    let bench = Workbench::with_project().await;
    let project = bench.call("project_create_flow", json!({"flow": "new/first"})).await;
    assert_eq!(project["flows"].as_array().unwrap().len(), 2);
    let view = bench.call("flow_open", json!({"flow": "new/first"})).await;
    assert_eq!(view["document"]["components"].as_object().unwrap().len(), 2);
    assert_eq!(view["diagnostics"], json!([]));
    assert_eq!(bench.fails("project_create_flow", json!({"flow": "new/first"})).await.code, "project/flow-exists");
}

#[tokio::test]
async fn flows_are_renamed_and_deleted_without_losing_changes() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "setDescription", "description": "unsaved"})).await;
    let rename = json!({"flow": FLOW, "to": "renamed"});
    assert_eq!(bench.fails("project_rename_flow", rename.clone()).await.code, "flow/unsaved");
    bench.call("flow_save", json!({"flow": FLOW})).await;
    let project = bench.call("project_rename_flow", rename).await;
    assert_eq!(project["flows"][0]["name"], "renamed");
    let project = bench.call("project_delete_flow", json!({"flow": "renamed"})).await;
    assert_eq!(project["flows"], json!([]));
}

#[tokio::test]
async fn another_project_is_opened_only_when_nothing_is_lost() {
    let bench = Workbench::with_project().await;
    let other = bench.folder.path().join("other");
    bench.edit(json!({"edit": "setDescription", "description": "unsaved"})).await;
    assert_eq!(bench.fails("project_create", json!({"path": other})).await.code, "project/unsaved");
    assert_eq!(bench.designer.unsaved().len(), 1);
    bench.call("flow_close", json!({"flow": FLOW, "discard": true})).await;
    let project = bench.call("project_open", json!({"path": other})).await;
    assert_eq!(project["name"], "other");
    let recent = bench.call("project_recent", json!({})).await;
    let names: Vec<_> = recent.as_array().unwrap().iter().map(|project| project["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["other", "Test project"]);
}

#[tokio::test]
async fn a_flow_made_by_another_program_appears() {
    let mut bench = Workbench::with_project().await;
    bench.write("flows/theirs.flow.json", r#"{"format": 1, "components": [], "links": [], "layout": {}}"#);
    bench
        .event("project-changed with the flow", |event| match event {
            Event::ProjectChanged { project: Some(project) } => {
                project.flows.iter().any(|flow| flow.name.as_str() == "theirs").then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn what_is_not_a_project_is_refused() {
    let bench = Workbench::empty();
    let missing = bench.folder.path().join("nowhere");
    assert_eq!(bench.fails("project_open", json!({"path": missing})).await.code, "project/not-found");
    assert_eq!(bench.fails("project_open", json!({"path": bench.folder.path()})).await.code, "project/not-a-project");
    assert_eq!(bench.call("project_current", json!(null)).await, json!(null));
}

#[tokio::test]
async fn a_host_without_windows_drops_nothing_when_told_to_close_one() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "setDescription", "description": "unsaved"})).await;
    assert_eq!(bench.fails("window_close", json!({})).await.code, "host/not-available");
    assert_eq!(bench.designer.unsaved().len(), 1);
}
