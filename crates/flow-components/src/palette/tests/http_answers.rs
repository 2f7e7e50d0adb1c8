//! What HTTP Request makes of answers: records, pages, fields beside them.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{ComponentError, Outcome};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flow_data::type_text;
use flow_model::Component;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// A shop with seven orders, which it gives in every way that there is.
#[derive(Clone, Default)]
struct Shop {
    asked: Arc<Mutex<Vec<String>>>,
    under_way: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

fn order(id: usize) -> Value {
    json!({"id": id, "total": id as f64 * 1.5, "customer": {"name": format!("c{id}")}})
}

fn orders(from: usize, count: usize) -> Vec<Value> {
    (from..(from + count).min(7)).map(order).collect()
}

type Parameters = Query<HashMap<String, String>>;

fn number(parameters: &Parameters, name: &str, otherwise: usize) -> usize {
    parameters.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn by_page(parameters: Parameters) -> String {
    let size = number(&parameters, "limit", 3);
    json!({"data": {"items": orders((number(&parameters, "page", 1) - 1) * size, size)}}).to_string()
}

async fn by_offset(parameters: Parameters) -> String {
    json!(orders(number(&parameters, "offset", 0), number(&parameters, "limit", 3))).to_string()
}

async fn by_cursor(parameters: Parameters) -> String {
    let from = number(&parameters, "after", 0);
    let next = if from + 3 < 7 { json!(from + 3) } else { Value::Null };
    json!({"items": orders(from, 3), "paging": {"next": next}}).to_string()
}

async fn by_link(State(shop): State<Shop>, parameters: Parameters) -> String {
    let from = number(&parameters, "from", 0);
    shop.asked.lock().unwrap().push(format!("link {from}"));
    let next = if from + 3 < 7 { json!(format!("link?from={}", from + 3)) } else { json!("") };
    json!({"items": orders(from, 3), "next": next}).to_string()
}

async fn by_header(parameters: Parameters, headers: HeaderMap) -> Response {
    let from = number(&parameters, "from", 0);
    if !headers.contains_key("authorization") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let host = headers["host"].to_str().unwrap();
    let next =
        format!("<http://{host}/header?from=0>; rel=\"first\", <http://{host}/header?from={}>; rel=\"next\"", from + 3);
    let body = json!(orders(from, 3)).to_string();
    if from + 3 < 7 { ([(header::LINK, next)], body).into_response() } else { body.into_response() }
}

async fn one(State(shop): State<Shop>, axum::extract::Path(id): axum::extract::Path<usize>) -> Response {
    let now = shop.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    shop.most_at_once.fetch_max(now, Ordering::SeqCst);
    // The later ones are faster.
    tokio::time::sleep(Duration::from_millis(40_u64.saturating_sub(10 * id as u64))).await;
    shop.under_way.fetch_sub(1, Ordering::SeqCst);
    match id {
        4 => (StatusCode::NOT_FOUND, "there is no such order").into_response(),
        _ => ([("x-version", "7")], order(id).to_string()).into_response(),
    }
}

/// Whether all is well or not, it comes packed, if that was asked for.
async fn packed(parameters: Parameters, headers: HeaderMap) -> Response {
    assert!(headers["accept-encoding"].to_str().unwrap().contains("gzip"));
    let status = if parameters.contains_key("fail") { StatusCode::CONFLICT } else { StatusCode::OK };
    let mut body = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let content = if status.is_success() { json!({"items": orders(0, 7)}) } else { json!({"why": "sold out"}) };
    body.write_all(content.to_string().as_bytes()).unwrap();
    (status, [(header::CONTENT_ENCODING, "gzip")], body.finish().unwrap()).into_response()
}

async fn open() -> (Bench, Shop) {
    let shop = Shop::default();
    let router = Router::new()
        .route("/page", get(by_page))
        .route("/offset", get(by_offset))
        .route("/cursor", get(by_cursor))
        .route("/link", get(by_link))
        .route("/header", get(by_header))
        .route("/packed", get(packed))
        .route("/falsely-packed", get(|| async { ([(header::CONTENT_ENCODING, "gzip")], "plain") }))
        .route("/order/{id}", get(one))
        .route("/loop", get(|| async { json!({"items": [order(1)], "next": "/loop"}).to_string() }))
        .route("/away", get(|| async { json!({"items": [order(1)], "next": "http://elsewhere.test/x"}).to_string() }))
        .route("/html", get(|| async { "<html>Please log in</html>" }))
        .route("/mixed", get(|| async { json!([{"a": 1}, {"a": "x", "b": [1, 2]}, 5, null]).to_string() }))
        .route(
            "/late",
            get(|| async {
                json!((0..3).map(|n| json!({"n": n})).chain([json!({"n": "many"})]).collect::<Vec<_>>()).to_string()
            }),
        )
        .with_state(shop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://ada:secret@{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Bench::new().with_connection("shop", "http", &[("url", &url)]), shop)
}

fn ask(path: &str) -> Component {
    Component::new("HttpRequest", "Orders")
        .with("Connection", "shop")
        .with("Path", path)
        .with("Method", "GET")
        .with("Answer", "Records")
}

fn columns() -> Value {
    json!([{"name": "id", "type": "Integer"}, {"name": "total", "type": "Decimal(10,2)"}, {"name": "customer", "type": "Record<name Text>"}])
}

async fn run(bench: &Bench, component: &Component) -> Result<Outcome, ComponentError> {
    bench.run(component, stream("order\n1\n")).await
}

fn ids(outcome: &Outcome) -> Vec<i64> {
    let records = outlet(outcome, "out").to_json_records().unwrap();
    records.iter().map(|record| record["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pages_of_every_kind_become_one_stream() {
    let (bench, _) = open().await;
    let pages = [
        ask("/page").with("Paging", "Page").with("Records", "data.items"),
        ask("/page")
            .with("Paging", "Page")
            .with("Records", "/data/items")
            .with("PageSize", 4)
            .with("SizeParameter", "limit"),
        ask("/offset").with("Paging", "Offset").with("PageParameter", "offset"),
        ask("/cursor")
            .with("Paging", "Cursor")
            .with("PageParameter", "after")
            .with("Next", "paging.next")
            .with("Records", "items"),
        ask("/link").with("Paging", "Link").with("Next", "next").with("Records", "items"),
        ask("/header").with("Paging", "LinkHeader"),
    ];
    for component in pages {
        let outcome = run(&bench, &component.with("Columns", columns())).await.unwrap();
        assert_eq!(ids(&outcome), [0, 1, 2, 3, 4, 5, 6]);
        assert!(outcome.note.as_deref().unwrap().starts_with("GET: 7 records on "), "{:?}", outcome.note);
        let types: Vec<_> = outlet(&outcome, "out")
            .schema()
            .fields()
            .iter()
            .map(|field| type_text(field.data_type()).unwrap())
            .collect();
        assert_eq!(types, ["Integer", "Decimal(10,2)", "Record<name Text>"]);
    }
}

#[tokio::test]
async fn pages_without_end_or_to_another_server_are_errors() {
    let (bench, _) = open().await;
    let linked = |path: &str| ask(path).with("Paging", "Link").with("Next", "next").with("Records", "items");
    for (component, code) in [
        (linked("/loop"), "http/paging-loop"),
        (linked("/away"), "http/paging-elsewhere"),
        (linked("/link").with("PageLimit", 2), "http/too-many-pages"),
    ] {
        let error = run(&bench, &component).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(!error.message.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn each_record_gets_its_answer_in_order_however_many_are_under_way() {
    let (bench, shop) = open().await;
    let component = ask("/order/${order}")
        .with("Per", "Record")
        .with("Parallel", 3)
        .with("KeepFields", json!(["order"]))
        .with("KeepStatus", true)
        .with("HeaderFields", json!(["x-version"]))
        .with("ExpectStatus", "2xx, 404")
        .with("Columns", json!([{"name": "total", "type": "Number"}]));
    let outcome = bench.run(&component, stream("order\n0\n1\n4\n2\n3\n")).await.unwrap();
    let record = |order: i64| json!({"order": order, "status": 200, "x-version": "7", "total": order as f64 * 1.5});
    assert_eq!(rows(outlet(&outcome, "out")), json!([record(0), record(1), record(2), record(3)]));
    assert_eq!(outcome.note.as_deref(), Some("GET for 5 records: 4 records"));
    assert_eq!(shop.most_at_once.load(Ordering::SeqCst), 3);
    let error = bench.run(&component.with("ExpectStatus", "2xx"), stream("order\n0\n4\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.row), ("http/status", Some(2)));
    let per_record = ask("/order/${order}").with("Per", "Record");
    let nothing = bench.run(&per_record, stream("order\n1\n").slice(0, 0).unwrap()).await.unwrap();
    assert_eq!(outlet(&nothing, "out").rows(), Some(0));
}

#[tokio::test]
async fn fields_are_inferred_where_nobody_declares_them() {
    let (bench, _) = open().await;
    let outcome = run(&bench, &ask("/mixed")).await.unwrap();
    let expected = json!([
        {"a": "1", "b": null, "value": null},
        {"a": "x", "b": [1, 2], "value": null},
        {"a": null, "b": null, "value": 5},
        {"a": null, "b": null, "value": null},
    ]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
}

#[tokio::test]
async fn what_the_server_packs_is_unpacked() {
    let (bench, _) = open().await;
    let outcome = run(&bench, &ask("/packed").with("Records", "items")).await.unwrap();
    assert_eq!(outlet(&outcome, "out").rows(), Some(7));
    let error = run(&bench, &ask("/packed?fail=1").with("Records", "items")).await.unwrap_err();
    assert_eq!(error.code, "http/status");
    assert!(error.message.contains("sold out"), "{error}");
}

#[tokio::test]
async fn wrong_content_is_explained() {
    let (bench, _) = open().await;
    for (component, code, part) in [
        (ask("/falsely-packed"), "http/encoding", "GET http://127.0.0.1"),
        (ask("/html"), "http/not-json", "(text/plain; charset=utf-8) is no JSON"),
        (ask("/page").with("Records", "items"), "http/no-records", "nothing at “items” in the answer; it has data"),
        (
            ask("/late").with("Columns", json!([{"name": "n", "type": "Integer"}])),
            "data/value",
            "row 4, field “n”: “many” is no integer",
        ),
    ] {
        let error = run(&bench, &component).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_answer_can_stay_text_or_bytes() {
    let (bench, _) = open().await;
    let text = run(&bench, &ask("/html").with("Answer", "Text").with("KeepFields", json!(["order"]))).await.unwrap();
    assert_eq!(rows(outlet(&text, "out")), json!([{"order": 1, "status": 200, "body": "<html>Please log in</html>"}]));
    let bytes = run(&bench, &ask("/html").with("Answer", "Bytes")).await.unwrap();
    assert_eq!(type_text(outlet(&bytes, "out").schema().field(1).data_type()).as_deref(), Some("Bytes"));
}
