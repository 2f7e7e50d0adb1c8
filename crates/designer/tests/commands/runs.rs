use crate::workbench::{FLOW, Workbench};
use designer::Event;
use serde_json::{Value, json};

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
