//! Sort, Aggregate, Join, Union, Distinct, Unnest, SQL, and the Mapper with records and lookups.

use crate::testing::{Bench, id, outlet, rows, stream};
use crate::{Outcome, Palette};
use flow_data::{Stream, json_schema_of, json_to_batch, type_name};
use flow_model::{Component, Flow, Link, PortRef};
use serde_json::{Value, json};

const ORDERS: &str = "id,customer,amount\n1,b,10\n2,a,5\n3,b,2.5\n4,,1\n";
const CUSTOMERS: &str = "id,name\na,Ada\nb,Bob\nd,Dan\n";

fn column(outcome: &Outcome, name: &str) -> Vec<Value> {
    let Value::Array(records) = rows(outlet(outcome, "out")) else { panic!() };
    records.iter().map(|record| record[name].clone()).collect()
}

fn nested(records: Value) -> Stream {
    let Value::Array(records) = records else { panic!() };
    let schema = json_schema_of(&records);
    let batch = json_to_batch(&records, &schema).unwrap();
    Stream::new(schema, vec![batch])
}

#[tokio::test]
async fn a_sort_orders_by_expressions_and_may_stop_early() {
    let sort = Component::new("Sort", "Largest")
        .with("Keys", json!([{"expression": "customer"}, {"expression": "amount * $factor", "order": "Descending"}]));
    let bench = Bench::new().with_variable("factor", 1);
    assert_eq!(column(&bench.run(&sort, stream(ORDERS)).await.unwrap(), "id"), [2, 1, 3, 4]);
    let sort = sort.with("Nulls", "First").with("Limit", 2);
    assert_eq!(column(&bench.run(&sort, stream(ORDERS)).await.unwrap(), "id"), [4, 2]);
    let wrong = Component::new("Sort", "S").with("Keys", json!([{"expression": "amont"}]));
    let error = bench.run(&wrong, stream(ORDERS)).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("data/unknown-field", Some("Keys")));
}

#[tokio::test]
async fn an_aggregate_makes_a_record_for_each_group() {
    let component = Component::new("Aggregate", "Totals")
        .with("GroupBy", json!([{"field": "who", "expression": "coalesce(customer, '?')"}]))
        .with(
            "Fields",
            json!([{"field": "total", "expression": "sum(amount)"}, {"field": "n", "expression": "count(*)"}]),
        );
    let outcome = Bench::new().run(&component, stream(ORDERS)).await.unwrap();
    let expected = json!([
        {"who": "b", "total": 12.5, "n": 2}, {"who": "a", "total": 5.0, "n": 1}, {"who": "?", "total": 1.0, "n": 1}
    ]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
    let wrong = component.with("GroupBy", json!([{"field": "who", "expression": "custmer"}]));
    let error = Bench::new().run(&wrong, stream(ORDERS)).await.unwrap_err();
    assert_eq!(error.property.as_deref(), Some("GroupBy"), "{error}");
    assert!(error.message.contains("field “who”: there is no field “custmer”; did you mean “customer”?"), "{error}");
}

#[tokio::test]
async fn a_join_brings_partners_together() {
    let join = |kind: &str| {
        let keys = json!([{"left": "customer", "right": "id"}]);
        Component::new("Join", "With names").with("Kind", kind).with("Keys", keys)
    };
    let bench = Bench::new();
    for (kind, expected) in [
        ("Inner", json!([[1, "Bob"], [2, "Ada"], [3, "Bob"]])),
        ("Left", json!([[1, "Bob"], [2, "Ada"], [3, "Bob"], [4, null]])),
        ("Semi", json!([[1, null], [2, null], [3, null]])),
        ("Anti", json!([[4, null]])),
    ] {
        let inlets = [("left", stream(ORDERS)), ("right", stream(CUSTOMERS))];
        let outcome = bench.run_inlets(&join(kind), &inlets).await.unwrap();
        let found: Vec<Value> = column(&outcome, "id")
            .into_iter()
            .zip(column(&outcome, "name"))
            .map(|(id, name)| json!([id, name]))
            .collect();
        assert_eq!(json!(found), expected, "{kind}");
    }
    let error = bench.run_inlets(&join("Inner"), &[("left", stream(ORDERS))]).await.unwrap_err();
    assert_eq!(error.code, "join/no-input");
}

#[tokio::test]
async fn a_union_goes_by_names_and_leaves_out_what_did_not_come() {
    let component = Component::new("Union", "All").with("Inlets", json!(["a", "b", "c"]));
    let inlets = [("a", stream("id,x\n1,1\n")), ("c", stream("x,y\n2.5,z\n"))];
    let outcome = Bench::new().run_inlets(&component, &inlets).await.unwrap();
    let expected = json!([{"id": 1, "x": 1.0, "y": null}, {"id": null, "x": 2.5, "y": "z"}]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
    let ports = flow_model::Catalogue::ports(Palette::standard().as_ref(), &component).unwrap();
    assert!(ports.has_inlet("c") && !ports.has_inlet("in"));
}

#[tokio::test]
async fn distinct_keeps_the_first_and_unnest_makes_many() {
    let component = Component::new("Distinct", "Once").with("Fields", json!(["customer"]));
    let outcome = Bench::new().run(&component, stream(ORDERS)).await.unwrap();
    assert_eq!(column(&outcome, "id"), [1, 2, 4]);
    let orders =
        nested(json!([{"id": 1, "items": [{"id": "x", "n": 2}, {"id": "y", "n": 1}]}, {"id": 2, "items": []}]));
    let component = Component::new("Unnest", "Items").with("Field", "items").with("KeepEmpty", true);
    let outcome = Bench::new().run(&component, orders).await.unwrap();
    let expected = json!([
        {"id": 1, "items_id": "x", "n": 2}, {"id": 1, "items_id": "y", "n": 1}, {"id": 2, "items_id": null, "n": null}
    ]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
}

#[tokio::test]
async fn a_query_asks_over_its_inlets() {
    let query = "SELECT c.name, sum(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer \
                 WHERE o.amount >= $least GROUP BY c.name ORDER BY total DESC";
    let component = Component::new("Sql", "Totals").with("Inlets", json!(["orders", "customers"])).with("Query", query);
    let inlets = [("orders", stream(ORDERS)), ("customers", stream(CUSTOMERS))];
    let bench = Bench::new().with_variable("least", 2);
    let outcome = bench.run_inlets(&component, &inlets).await.unwrap();
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"name": "Bob", "total": 12.5}, {"name": "Ada", "total": 5.0}]));
    let error = bench.run_inlets(&component, &inlets[..1]).await.unwrap_err();
    assert!(error.message.contains("there is no table “customers”"), "{error}");
}

#[tokio::test]
async fn a_mapper_takes_records_apart_and_puts_them_together() {
    let orders = nested(json!([{"id": 1, "to": {"city": "Ulm", "zip": "89073"}, "items": [{"n": 2}, {"n": 3}]}]));
    let fields = json!([
        {"field": "address.city", "expression": "upper(to.city)"},
        {"field": "first", "expression": "items[1]['n']"},
        {"field": "address.geo.zip", "expression": "to.zip"},
        {"field": "pair", "expression": "make_array(id, id + 1)"},
    ]);
    let component = Component::new("Mapper", "Form").with("Fields", fields);
    let outcome = Bench::new().run(&component, orders).await.unwrap();
    let expected = json!([{"address": {"city": "ULM", "geo": {"zip": "89073"}}, "first": 2, "pair": [1, 2]}]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
}

#[tokio::test]
async fn a_mapper_looks_up_what_another_stream_knows() {
    let component = Component::new("Mapper", "Names")
        .with("LookupKeys", json!([{"left": "customer", "right": "id"}]))
        .with("Fields", json!([{"field": "name", "expression": "coalesce(lookup.name, 'nobody')"}]))
        .with("KeepOtherFields", true);
    let inlets = [("in", stream(ORDERS)), ("lookup", stream(CUSTOMERS))];
    let outcome = Bench::new().run_inlets(&component, &inlets).await.unwrap();
    assert_eq!(column(&outcome, "name"), ["Bob", "Ada", "Bob", "nobody"]);
    assert_eq!(outlet(&outcome, "out").schema().fields().len(), 4);
    let error = Bench::new().run_inlets(&component, &inlets[..1]).await.unwrap_err();
    assert_eq!(error.code, "mapper/no-lookup");
}

/// A flow in which two files arrive at the inlets of one component.
fn two_files(component: Component, inlets: [&str; 2]) -> Flow {
    let mut flow = Flow::default();
    let read = |path: &str| Component::new("FileRead", "Read").with("Path", path);
    flow.components.insert(id("start-a"), Component::new("Start", "Start"));
    flow.components.insert(id("read-a"), read("project:orders.csv"));
    flow.components.insert(id("read-b"), read("project:customers.csv"));
    flow.components.insert(id("tested"), component);
    for (from, inlet) in [("read-a", inlets[0]), ("read-b", inlets[1])] {
        flow.links.insert(Link::between(&id("start-a"), &id(from)));
        flow.links.insert(Link { from: PortRef::new(&id(from), "out"), to: PortRef::new(&id("tested"), inlet) });
    }
    flow
}

#[test]
fn the_fields_behind_them_are_known_before_anything_runs() {
    let bench = Bench::new().with_project_file("orders.csv", ORDERS).with_project_file("customers.csv", CUSTOMERS);
    let keys = json!([{"left": "customer", "right": "id"}]);
    let mapping = |field: &str, expression: &str| json!([{"field": field, "expression": expression}]);
    let sort = json!([{"expression": "amount"}]);
    for (component, inlets, expected) in [
        (
            Component::new("Join", "J").with("Keys", keys.clone()),
            ["left", "right"],
            "id integer, customer text, amount number, right_id text, name text",
        ),
        (
            Component::new("Mapper", "M").with("LookupKeys", keys).with("Fields", mapping("who.name", "lookup.name")),
            ["in", "lookup"],
            "who record (name text)",
        ),
        (
            Component::new("Sql", "S")
                .with("Inlets", json!(["a", "b"]))
                .with("Query", "SELECT a.amount AS x, b.* FROM a, b"),
            ["a", "b"],
            "x number, id text, name text",
        ),
        (Component::new("Sort", "S").with("Keys", sort), ["in", "none"], "id integer, customer text, amount number"),
        (Component::new("Aggregate", "A").with("Fields", mapping("n", "count(*)")), ["in", "none"], "n integer"),
    ] {
        let flow = two_files(component, inlets);
        let found = Palette::standard().examine(&flow, &bench);
        assert_eq!(found.diagnostics, [], "{expected}");
        let schema = &found.schemas[&PortRef::new(&id("tested"), "out")];
        let fields: Vec<String> =
            schema.fields().iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect();
        assert_eq!(fields.join(", "), expected);
    }
}

#[test]
fn what_is_wrong_with_them_is_found_before_anything_runs() {
    let bench = Bench::new().with_project_file("orders.csv", ORDERS).with_project_file("customers.csv", CUSTOMERS);
    let keys = |left: &str, right: &str| json!([{"left": left, "right": right}]);
    for (component, inlets, code, property, part) in [
        (
            Component::new("Join", "J").with("Keys", keys("id", "name")),
            ["left", "right"],
            "data/type",
            "Keys",
            "key 1: integer is compared with text",
        ),
        (
            Component::new("Join", "J").with("Keys", keys("custmer", "id")),
            ["left", "right"],
            "data/unknown-field",
            "Keys",
            "did you mean “customer”?",
        ),
        (
            Component::new("Union", "U"),
            ["first", "second"],
            "data/different-fields",
            "Inlets",
            "“id” is integer in one stream and text in another",
        ),
        (
            Component::new("Sql", "S").with("Inlets", json!(["a", "b"])).with("Query", "SELECT nme FROM b"),
            ["a", "b"],
            "data/unknown-field",
            "Query",
            "did you mean “name”",
        ),
        (Component::new("Unnest", "U").with("Field", "id"), ["in", "none"], "data/type", "Field", "only a list"),
        (
            Component::new("Distinct", "D").with("Fields", json!(["idd"])),
            ["in", "none"],
            "data/unknown-field",
            "Fields",
            "did you mean “id”?",
        ),
        (
            Component::new("Mapper", "M")
                .with("LookupKeys", keys("id", "name"))
                .with("Fields", json!([{"field": "a", "expression": "id"}])),
            ["in", "lookup"],
            "data/type",
            "LookupKeys",
            "integer is compared with text",
        ),
        (
            Component::new("Mapper", "M")
                .with("Fields", json!([{"field": "a", "expression": "id"}, {"field": "a.b", "expression": "id"}])),
            ["in", "none"],
            "property/value",
            "Fields",
            "“a.b”",
        ),
    ] {
        let found = Palette::standard().examine(&two_files(component, inlets), &bench).diagnostics;
        let problem = found.iter().find(|problem| problem.place.component == Some(id("tested")));
        let problem = problem.unwrap_or_else(|| panic!("{part}: {found:?}"));
        assert_eq!((problem.code.as_str(), problem.place.property.as_deref()), (code, Some(property)), "{problem:?}");
        assert!(problem.message.contains(part), "{}", problem.message);
    }
}
