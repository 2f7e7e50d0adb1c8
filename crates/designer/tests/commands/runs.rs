use crate::workbench::{FLOW, Workbench};
use designer::Event;
use serde_json::{Value, json};
use std::cell::RefCell;

async fn outcome(bench: &mut Workbench) -> Value {
    bench
        .event("the end of the run", |event| match event {
            Event::RunChanged(changed) => {
                let outcome = serde_json::to_value(&changed.outcome).unwrap();
                (outcome["state"] != "running").then_some(outcome)
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_flow_runs_as_it_is_in_the_designer_and_shows_its_streams() {
    let mut bench = Workbench::with_project().await;
    let triple = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields",
        "value": [{"field": "result", "expression": "amount * $factor + 1"}]});
    bench.edit(triple).await;
    let run = bench.call("run_start", json!({"flow": FLOW, "inputs": {"factor": 3}})).await["run"].clone();
    assert_eq!(outcome(&mut bench).await["state"], "finished");
    let stream = json!({"run": run, "component": "double-aaaaaa", "outlet": "out"});
    let stream = bench.call("run_stream", stream).await;
    assert_eq!(stream["total"], 3);
    assert_eq!(stream["fields"][0]["name"], "result");
    assert_eq!(stream["rows"][0]["result"], json!("31"), "whole numbers travel as texts");
    let last = bench.call("run_last", json!({"flow": FLOW})).await;
    assert_eq!(last["components"]["read-aaaaaa"]["outlets"]["out"]["rows"], 3);
    assert_eq!(last["components"]["save-aaaaaa"]["state"], "finished");
    assert!(!last["log"].as_array().unwrap().is_empty());
    let nothing = json!({"run": run, "component": "double-aaaaaa", "outlet": "error"});
    assert_eq!(bench.fails("run_stream", nothing).await.code, "run/no-stream");
}

#[tokio::test]
async fn the_changes_of_a_run_are_numbered_so_that_a_window_sees_what_it_has_missed() {
    let mut bench = Workbench::with_project().await;
    assert_eq!(bench.call("run_start", json!({"flow": FLOW})).await["changes"], 0);
    let told = RefCell::new(Vec::new());
    bench
        .event("the end of the run", |event| match event {
            Event::RunChanged(changed) => {
                told.borrow_mut().push(changed.changes);
                (serde_json::to_value(&changed.outcome).unwrap()["state"] != "running").then_some(())
            }
            _ => None,
        })
        .await;
    let numbers = told.into_inner();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(bench.call("run_last", json!({"flow": FLOW})).await["changes"], numbers.len());
}

#[tokio::test]
async fn a_failing_component_is_named_with_the_row() {
    let mut bench = Workbench::with_project().await;
    bench.write("data/orders.csv", "id,amount\n1,10\n2\n");
    bench.call("run_start", json!({"flow": FLOW})).await;
    let outcome = outcome(&mut bench).await;
    assert_eq!(outcome["state"], "error", "{outcome}");
    assert_eq!(outcome["component"], "read-aaaaaa");
    assert_eq!(bench.call("run_last", json!({"flow": FLOW})).await["components"]["read-aaaaaa"]["state"], "failed");
}

#[tokio::test]
async fn a_flow_with_errors_does_not_start_and_the_place_is_told() {
    let bench = Workbench::with_project().await;
    bench.edit(json!({"edit": "setProperty", "id": "read-aaaaaa", "property": "Path", "value": null})).await;
    let error = bench.fails("run_start", json!({"flow": FLOW})).await;
    assert_eq!(error.code, "run/not-runnable");
    assert_eq!(error.place.unwrap().component.unwrap().as_str(), "read-aaaaaa");
    bench.call("flow_undo", json!({"flow": FLOW})).await;
    let error = bench.fails("run_start", json!({"flow": FLOW, "inputs": {"factor": "many"}})).await;
    assert_eq!(error.code, "input/type");
}

#[tokio::test]
async fn a_run_that_waits_can_be_stopped() {
    let mut bench = Workbench::with_project().await;
    let wait = json!({"edit": "batch", "edits": [
        {"edit": "addComponent", "id": "wait-aaaaaa", "position": {"x": 0, "y": 0},
         "component": {"type": "Wait", "name": "Wait", "properties": {"Seconds": 3600}}},
        {"edit": "connect", "link": {"from": {"component": "save-aaaaaa", "port": "out"},
                                     "to": {"component": "wait-aaaaaa", "port": "in"}}}]});
    bench.edit(wait).await;
    let run = bench.call("run_start", json!({"flow": FLOW})).await["run"].clone();
    bench
        .event("the wait has begun", |event| match event {
            Event::RunChanged(changed) => {
                let begun = changed.components.keys().any(|id| id.as_str() == "wait-aaaaaa");
                begun.then_some(())
            }
            _ => None,
        })
        .await;
    bench.call("run_stop", json!({"run": run})).await;
    assert_eq!(outcome(&mut bench).await["state"], "stopped");
}

/// Adds a FileWrite behind Double, and a Filter behind that.
async fn with_a_file_written(bench: &Workbench) {
    let link = |from: &str, to: &str| {
        json!({"edit": "connect", "link": {"from": {"component": from, "port": "out"},
                                           "to": {"component": to, "port": "in"}}})
    };
    let add = |id: &str, kind: &str, properties: Value| {
        json!({"edit": "addComponent", "id": id, "position": {"x": 0, "y": 0},
               "component": {"type": kind, "name": id, "properties": properties}})
    };
    let edits = [
        add("write-aaaaaa", "FileWrite", json!({"Path": "storage:out.csv"})),
        link("double-aaaaaa", "write-aaaaaa"),
        add("filter-aaaaaa", "Filter", json!({"Condition": "true"})),
        link("write-aaaaaa", "filter-aaaaaa"),
    ];
    bench.edit(json!({"edit": "batch", "edits": edits})).await;
}

#[tokio::test]
async fn what_a_run_would_change_is_told_and_can_be_left_out() {
    let mut bench = Workbench::with_project().await;
    with_a_file_written(&bench).await;
    let effects = bench.call("run_effects", json!({"flow": FLOW})).await;
    assert_eq!(effects.as_array().unwrap().len(), 1, "{effects}");
    assert_eq!((&effects[0]["component"], &effects[0]["type"]), (&json!("write-aaaaaa"), &json!("FileWrite")));
    assert!(effects[0]["what"].as_str().unwrap().contains("storage:out.csv"), "{effects}");
    assert_eq!(bench.call("run_effects", json!({"flow": FLOW, "to": "double-aaaaaa"})).await, json!([]));

    let run = bench.call("run_start", json!({"flow": FLOW, "withoutEffects": true})).await;
    assert_eq!(run["leftOut"], json!(["write-aaaaaa", "filter-aaaaaa"]));
    assert_eq!(outcome(&mut bench).await["state"], "finished");
    let last = bench.call("run_last", json!({"flow": FLOW})).await;
    assert_eq!(last["components"]["end-aaaaaa"]["state"], "finished");
    assert!(last["components"].get("write-aaaaaa").is_none(), "{last}");
}

#[tokio::test]
async fn a_run_up_to_a_component_runs_what_is_before_it_and_minds_nothing_else() {
    let mut bench = Workbench::with_project().await;
    with_a_file_written(&bench).await;
    // What is wrong behind the component is in nobody's way.
    bench.edit(json!({"edit": "setProperty", "id": "write-aaaaaa", "property": "Path", "value": null})).await;
    assert_eq!(bench.fails("run_start", json!({"flow": FLOW})).await.code, "run/not-runnable");
    let run = bench.call("run_start", json!({"flow": FLOW, "to": "double-aaaaaa"})).await;
    assert_eq!(run["to"], "double-aaaaaa");
    assert_eq!(outcome(&mut bench).await["state"], "finished");
    let last = bench.call("run_last", json!({"flow": FLOW})).await;
    let ran: Vec<&String> = last["components"].as_object().unwrap().keys().collect();
    assert_eq!(ran, ["double-aaaaaa", "read-aaaaaa", "start-aaaaaa"]);
    let stream = json!({"run": run["run"], "component": "double-aaaaaa", "outlet": "out"});
    assert_eq!(bench.call("run_stream", stream).await["total"], 3);
}

#[tokio::test]
async fn a_failure_names_the_record_and_the_property() {
    let mut bench = Workbench::with_project().await;
    let wrong = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields",
        "value": [{"field": "share", "expression": "100 / (amount - 20)"}]});
    bench.edit(wrong).await;
    bench.call("run_start", json!({"flow": FLOW})).await;
    assert_eq!(outcome(&mut bench).await["state"], "error");
    let last = bench.call("run_last", json!({"flow": FLOW})).await;
    let failure = &last["components"]["double-aaaaaa"]["failure"];
    assert_eq!((&failure["row"], &failure["handled"]), (&json!(2), &json!(false)), "{failure}");
}

#[tokio::test]
async fn a_called_flow_runs_as_it_is_in_the_designer_too() {
    let mut bench = Workbench::with_project().await;
    let called = json!({
        "format": 1,
        "components": [
            {"id": "start-aaaaaa", "type": "Start", "name": "Start"},
            {"id": "log-aaaaaa", "type": "Log", "name": "Say", "properties": {"Message": "as it is saved"}}],
        "links": [{"from": "start-aaaaaa.out", "to": "log-aaaaaa.in"}],
        "layout": {}
    });
    bench.write("flows/called.flow.json", &called.to_string());
    bench.call("flow_open", json!({"flow": "called"})).await;
    let revision = bench.call("flow_open", json!({"flow": "called"})).await["state"]["revision"].clone();
    let edit = json!({"edit": "setProperty", "id": "log-aaaaaa", "property": "Message", "value": "as it is on screen"});
    bench.call("flow_apply_edit", json!({"flow": "called", "revision": revision, "edit": edit})).await;
    bench
        .edit(json!({"edit": "batch", "edits": [
            {"edit": "addComponent", "id": "call-aaaaaa", "position": {"x": 0, "y": 0},
             "component": {"type": "SubFlow", "name": "Call", "properties": {"Flow": "called"}}},
            {"edit": "connect", "link": {"from": {"component": "save-aaaaaa", "port": "out"},
                                         "to": {"component": "call-aaaaaa", "port": "in"}}}]}))
        .await;
    bench.call("run_start", json!({"flow": FLOW})).await;
    let outcome = outcome(&mut bench).await;
    assert_eq!(outcome["state"], "finished", "{outcome}");
    let last = bench.call("run_last", json!({"flow": FLOW})).await;
    assert!(last["log"].to_string().contains("as it is on screen"), "{}", last["log"]);
}
