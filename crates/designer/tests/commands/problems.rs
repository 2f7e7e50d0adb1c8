use crate::workbench::{FLOW, Workbench};
use designer::Event;
use serde_json::{Value, json};

/// What the check of the flow's newest state found.
async fn checked(bench: &mut Workbench, revision: &Value) -> Value {
    let revision = revision.as_u64().unwrap();
    bench
        .event("a check", |event| match event {
            Event::FlowChecked(checked) if checked.revision >= revision => serde_json::to_value(checked).ok(),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn an_expression_has_its_type_and_its_error_its_place_in_the_text() {
    let mut bench = Workbench::with_project().await;
    let fields = json!([{"field": "a", "expression": "id"}, {"field": "b", "expression": "upper('ü') || amuont"}]);
    let edit = json!({"edit": "setProperty", "id": "double-aaaaaa", "property": "Fields", "value": fields});
    let change = bench.edit(edit).await;
    let found = checked(&mut bench, &change["state"]["revision"]).await;
    let problem = &found["diagnostics"][0];
    assert_eq!(problem["code"], "data/unknown-field", "{found}");
    assert_eq!(problem["place"]["property"], "Fields");
    let text = json!({"entry": 1, "member": "expression", "range": [14, 20]});
    assert_eq!(problem["place"]["text"], text);
    let types = &bench.call("flow_open", json!({"flow": FLOW})).await["checked"]["expressions"]["double-aaaaaa"];
    assert_eq!((&types[0]["type"], &types[0]["entry"]), (&json!("integer"), &json!(0)), "{types}");
    assert_eq!((&types[1]["type"], &types[1]["entry"]), (&json!(null), &json!(1)), "{types}");
}

#[tokio::test]
async fn scripts_and_queries_are_marked_too() {
    let mut bench = Workbench::with_project().await;
    let add = |id: &str, kind: &str, properties: Value| {
        json!({"edit": "batch", "edits": [
            {"edit": "addComponent", "id": id, "position": {"x": 0, "y": 0},
             "component": {"type": kind, "name": id, "properties": properties}},
            {"edit": "connect", "link": {"from": {"component": "read-aaaaaa", "port": "out"},
                                         "to": {"component": id, "port": if kind == "Sql" { "input" } else { "in" }}}}]})
    };
    let marked = |found: &Value, id: &str| {
        let all = found["diagnostics"].as_array().unwrap();
        let own = all.iter().find(|one| one["place"]["component"] == id);
        own.map(|one| one["place"]["text"]["range"].clone()).unwrap_or_default()
    };
    let script = "const a = 1;\nreturn { b: a + };";
    let change = bench.edit(add("script-aaaaaa", "JavaScript", json!({"Script": script}))).await;
    let found = checked(&mut bench, &change["state"]["revision"]).await;
    assert!(marked(&found, "script-aaaaaa")[0].as_u64().is_some_and(|from| from > 12), "{found}");
    let change = bench.edit(add("query-aaaaaa", "Sql", json!({"Query": "SELECT id,\n amuont FROM input"}))).await;
    let found = checked(&mut bench, &change["state"]["revision"]).await;
    assert_eq!(marked(&found, "query-aaaaaa"), json!([12, 18]), "{found}");
}

#[tokio::test]
async fn the_problems_of_all_flows_are_told_of_open_ones_as_they_are_on_screen() {
    let bench = Workbench::with_project().await;
    assert_eq!(bench.call("project_problems", json!({})).await, json!([]));
    bench.edit(json!({"edit": "setProperty", "id": "read-aaaaaa", "property": "Path", "value": null})).await;
    bench.write("flows/broken.flow.json", "{");
    bench.write("flows/empty.flow.json", "{\"format\": 1, \"components\": [], \"links\": [], \"layout\": {}}");
    let found = bench.call("project_problems", json!({})).await;
    let codes: Vec<(&str, &str)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| (flow["flow"].as_str().unwrap(), flow["diagnostics"][0]["code"].as_str().unwrap()))
        .collect();
    let expected = [("broken", "document/syntax"), ("empty", "flow/no-start"), (FLOW, "property/missing")];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn the_functions_of_expressions_are_told() {
    let bench = Workbench::with_project().await;
    let all = bench.call("sql_functions", json!({})).await;
    let named = |name: &str| all["functions"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
    let substr = named("substr").unwrap();
    assert_eq!(substr["kind"], "scalar");
    assert!(substr["arguments"].as_array().is_some_and(|arguments| !arguments.is_empty()), "{substr}");
}
