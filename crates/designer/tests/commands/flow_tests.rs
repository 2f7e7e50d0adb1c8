use crate::workbench::{FLOW, Workbench};
use designer::{CommandError, Event};
use serde_json::{Value, json};

async fn run_to_the_end(bench: &mut Workbench) -> Value {
    let run = bench.call("run_start", json!({"flow": FLOW, "inputs": {"factor": 3}})).await["run"].clone();
    bench
        .event("the end of the run", |event| match event {
            Event::RunChanged(changed) => {
                let outcome = serde_json::to_value(&changed.outcome).unwrap();
                (outcome["state"] != "running").then_some(())
            }
            _ => None,
        })
        .await;
    run
}

#[tokio::test]
async fn a_test_made_of_a_run_passes_until_the_flow_does_something_else() {
    let mut bench = Workbench::with_project().await;
    let run = run_to_the_end(&mut bench).await;
    let draft = bench.call("test_from_run", json!({"run": run})).await;
    assert_eq!((&draft["name"], &draft["notes"]), (&json!(FLOW), &json!([])));
    let content: Value = serde_json::from_str(draft["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["inputs"], json!({"factor": 3}));
    assert_eq!(content["expect"]["records"]["Double"][0]["double"], json!("30"), "{content}");

    let saved = json!({"name": "doubles", "content": draft["content"], "new": true});
    bench.call("test_save", saved.clone()).await;
    assert_eq!(bench.fails("test_save", saved).await.code, "test/exists");
    let listed = bench.call("test_list", json!({})).await;
    assert_eq!(listed, json!([{"name": "doubles", "flow": FLOW, "about": "", "problem": null, "warnings": []}]));
    let result = bench.call("test_run", json!({"name": "doubles"})).await;
    assert_eq!(result["passed"], true, "{result}");

    // The flow as it is on screen is tested, saved or not.
    let other = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields",
        "value": [{"field": "id", "expression": "id"}, {"field": "double", "expression": "amount + $factor"}]});
    bench.edit(other).await;
    let result = bench.call("test_run", json!({"name": "doubles"})).await;
    assert_eq!(result["passed"], false);
    let places: Vec<&str> =
        result["differences"].as_array().unwrap().iter().filter_map(|one| one["place"].as_str()).collect();
    assert!(places.iter().any(|place| place.contains("records at Double")), "{places:?}");

    bench.call("test_delete", json!({"name": "doubles"})).await;
    assert_eq!(bench.fails("test_run", json!({"name": "doubles"})).await.code, "test/not-found");
}

#[tokio::test]
async fn a_test_follows_the_new_name_of_a_component_once_the_flow_is_saved_and_runs_with_it_before() {
    let bench = Workbench::with_project().await;
    let test = json!({"flow": FLOW, "inputs": {"factor": 3}, "expect": {"records": {"Double": {"first": [{}]}}}});
    bench.call("test_save", json!({"name": "doubles", "content": test.to_string(), "new": true})).await;
    bench.edit(json!({"edit": "rename", "id": "double-aaaaaa", "name": "Twice"})).await;
    let result = bench.call("test_run", json!({"name": "doubles"})).await;
    assert_eq!(result["passed"], true, "{result}");
    let saved = bench.call("flow_save", json!({"flow": FLOW})).await;
    assert_eq!(saved["tests"], json!(["doubles"]));
    let content = bench.call("test_read", json!({"name": "doubles"})).await["content"].clone();
    assert_eq!(content, json!(test.to_string().replace("Double", "Twice")));

    // Nothing tells what another program renamed.
    bench.write("tests/doubles.test.json", &test.to_string());
    let listed = bench.call("test_list", json!({})).await;
    assert!(listed[0]["warnings"][0].as_str().unwrap().contains("no component “Double”"), "{listed}");
    assert_eq!(bench.call("flow_save", json!({"flow": FLOW})).await["tests"], json!([]));
}

#[tokio::test]
async fn what_is_no_test_is_not_written_and_listed_with_what_is_wrong() {
    let bench = Workbench::with_project().await;
    let CommandError { code, message, .. } =
        bench.fails("test_save", json!({"name": "a", "content": "{\"flow\": 1}"})).await;
    assert_eq!(code, "test/syntax", "{message}");
    assert_eq!(
        bench.fails("test_save", json!({"name": "../a", "content": "{\"flow\": \"a\"}"})).await.code,
        "project/name"
    );
    bench.write("tests/broken.test.json", "{");
    let listed = bench.call("test_list", json!({})).await;
    assert_eq!(listed[0]["name"], "broken");
    assert!(listed[0]["problem"].as_str().unwrap().contains("cannot be read"), "{listed}");
}

#[tokio::test]
async fn connections_and_files_of_a_run_are_stood_in_for() {
    let mut bench = Workbench::with_project().await;
    bench
        .edit(json!({"edit": "setProperty", "id": "read-aaaaaa", "property": "Path", "value": "data/orders.csv"}))
        .await;
    let run = run_to_the_end(&mut bench).await;
    let draft = bench.call("test_from_run", json!({"run": run})).await;
    let content: Value = serde_json::from_str(draft["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["files"], json!({"data/orders.csv": {"file": "data/orders.csv"}}));
    bench.call("test_save", json!({"name": "import", "content": draft["content"]})).await;
    let result = bench.call("test_run", json!({"name": "import"})).await;
    assert_eq!(result["passed"], true, "{result}");
}
