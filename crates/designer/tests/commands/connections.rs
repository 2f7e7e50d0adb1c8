use crate::workbench::Workbench;
use designer::Event;
use serde_json::json;

#[tokio::test]
async fn a_connection_is_made_changed_and_deleted() {
    let bench = Workbench::with_project().await;
    let kinds = bench.call("connection_kinds", json!({})).await;
    let names: Vec<_> = kinds["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
    assert_eq!(names, ["sqlite", "postgres", "mysql", "http"]);
    let settings = json!({"host": "db.example.org", "database": "sales", "user": "anna", "ca": ""});
    let wish = json!({"name": "warehouse", "kind": "postgres", "settings": settings, "create": true});
    let project = bench.call("connection_save", wish.clone()).await;
    assert_eq!(project["connections"][0]["address"], "db.example.org/sales");
    assert_eq!(bench.fails("connection_save", wish).await.code, "connection/exists");
    for (settings, code) in [
        (json!({"host": "h"}), "connection/missing-field"),
        (json!({"host": "h", "database": "d", "user": "u", "password": "hunter2"}), "connection/secret-in-file"),
    ] {
        let error =
            bench.fails("connection_save", json!({"name": "other", "kind": "mysql", "settings": settings})).await;
        assert_eq!(error.code, code);
        assert!(!error.message.contains("hunter2"));
    }
    assert_eq!(
        bench.fails("connection_save", json!({"name": "../x", "kind": "http", "settings": {"url": "u"}})).await.code,
        "project/name"
    );

    let set = json!({"name": "warehouse", "field": "password", "value": "hunter2"});
    assert_eq!(bench.call("connection_set_secret", set).await, json!({"secrets": ["password"]}));
    let view = bench.call("connection_view", json!({"name": "warehouse"})).await;
    assert_eq!((&view["secrets"], &view["problem"]), (&json!(["password"]), &json!(null)));
    assert!(!view.to_string().contains("hunter2"), "{view}");
    assert!(!std::fs::read_to_string(bench.project().join("connections/warehouse.json")).unwrap().contains("hunter2"));
    let unknown = json!({"name": "warehouse", "field": "host", "value": "x"});
    assert_eq!(bench.fails("connection_set_secret", unknown).await.code, "secret/unknown-field");

    let project = bench.call("connection_delete", json!({"name": "warehouse"})).await;
    assert_eq!(project["connections"], json!([]));
    assert_eq!(bench.fails("connection_view", json!({"name": "warehouse"})).await.code, "connection/not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_tells_its_tables_and_the_fields_of_queries() {
    let mut bench = Workbench::with_project().await;
    let wish = json!({"name": "warehouse", "kind": "sqlite", "settings": {"path": "w.db"}, "create": true});
    bench.call("connection_save", wish).await;
    assert_eq!(bench.fails("connection_test", json!({"name": "warehouse"})).await.code, "sql/no-database");
    // Any database will do; this one has a table of projects.
    let _database = flow_store_sqlite::SqliteStore::open(bench.project().join("w.db")).unwrap();
    let answer = bench.call("connection_test", json!({"name": "warehouse"})).await;
    assert!(answer["server"].as_str().unwrap().starts_with("SQLite 3."), "{answer}");
    let schema = bench.call("connection_schema", json!({"name": "warehouse"})).await;
    let tables = schema["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["name"] == "project").unwrap();
    assert_eq!(table["fields"][1], json!({"name": "name", "type": "text", "nullable": false}));
    assert_eq!(table["keys"], json!(["id"]));

    let component = json!({"type": "SqlGet", "name": "Get", "properties": {"Connection": "warehouse", "Query": "SELECT id, name AS who FROM project"}});
    bench
        .edit(json!({"edit": "addComponent", "id": "get-aaaaaa", "component": component, "position": {"x": 0, "y": 0}}))
        .await;
    bench
        .event("the fields of the query", |event| match event {
            Event::FlowChecked(checked) => checked
                .fields
                .iter()
                .any(|(id, outlets)| {
                    id.as_str() == "get-aaaaaa"
                        && outlets.get("out").is_some_and(|fields| {
                            fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>() == ["id", "who"]
                        })
                })
                .then_some(()),
            _ => None,
        })
        .await;
}
