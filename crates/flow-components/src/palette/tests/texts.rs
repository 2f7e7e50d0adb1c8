//! Parse and Format.

use crate::testing::{Bench, outlet, rows, stream};
use crate::{Outcome, Palette};
use flow_data::{Stream, json_schema_of, json_to_batch};
use flow_model::Component;
use serde_json::{Value, json};

/// Records with a number and a text.
fn texts(texts: &[&str]) -> Stream {
    let records: Vec<Value> = texts.iter().enumerate().map(|(nr, text)| json!({"nr": nr + 1, "body": text})).collect();
    let schema = json_schema_of(&records);
    let batch = json_to_batch(&records, &schema).unwrap();
    Stream::new(schema, vec![batch])
}

fn parse(format: &str) -> Component {
    Component::new("Parse", "Parse").with("Field", "body").with("Format", format)
}

async fn parsed(component: Component, input: &[&str]) -> Outcome {
    Bench::new().run(&component, texts(input)).await.unwrap()
}

#[tokio::test]
async fn json_becomes_records_with_their_records_and_lists() {
    let outcome = parsed(
        parse("Json").with("Records", "data.items").with("KeepOtherFields", true),
        &[
            r#"{"data": {"items": [{"id": 1, "to": {"city": "Ulm"}}, {"id": 2}]}}"#,
            r#"{"data": {"items": []}}"#,
            r#"{"data": {"items": {"id": 3}}}"#,
        ],
    )
    .await;
    let expected = json!([
        {"nr": 1, "id": 1, "to": {"city": "Ulm"}}, {"nr": 1, "id": 2, "to": null}, {"nr": 3, "id": 3, "to": null}
    ]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
    assert_eq!(outcome.note.as_deref(), Some("3 records"));
}

#[tokio::test]
async fn a_sample_says_which_fields_leave_with_which_types() {
    let component = parse("Json")
        .with("Sample", r#"[{"id": 1, "price": 2.5}]"#)
        .with("Columns", json!([{"name": "day", "type": "Date"}]));
    let outcome = parsed(component.clone(), &[r#"{"id": 7, "more": true, "day": "2024-02-29"}"#]).await;
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"id": 7, "price": null, "day": "2024-02-29"}]));
    let error = Bench::new().run(&component, texts(&["{}", r#"{"id": "x"}"#])).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.row), ("data/value", Some(2)), "{error}");
}

#[tokio::test]
async fn xml_becomes_records_and_csv_does() {
    let xml = r#"<orders><order nr="1"><item>a</item><item>b</item></order><order nr="2"/></orders>"#;
    let outcome = parsed(parse("Xml").with("Records", "orders/order"), &[xml]).await;
    let found = rows(outlet(&outcome, "out"));
    assert_eq!((found[0]["item"].clone(), found.as_array().unwrap().len()), (json!(["a", "b"]), 2), "{found}");
    let outcome =
        parsed(parse("Csv").with("KeepOtherFields", true).with("Delimiter", ";"), &["id;x\n1;a\n2;b\n", "x;id\nc;3\n"])
            .await;
    let expected = json!([{"nr": 1, "id": 1, "x": "a"}, {"nr": 1, "id": 2, "x": "b"}, {"nr": 2, "id": 3, "x": "c"}]);
    assert_eq!(rows(outlet(&outcome, "out")), expected);
}

#[tokio::test]
async fn bad_texts_are_an_error_left_out_or_rejected() {
    let bodies = [r#"{"id": 1}"#, "{", r#"{"id": "x"}"#];
    let component = parse("Json").with("Sample", r#"{"id": 1}"#);
    let error = Bench::new().run(&component, texts(&bodies)).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.row, error.property.as_deref()), ("data/malformed", Some(2), Some("Field")));
    let outcome = parsed(component.clone().with("OnBadRecord", "Skip"), &bodies).await;
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"id": 1}]));
    let outcome = parsed(component.with("OnBadRecord", "Reject"), &bodies).await;
    assert_eq!(rows(outlet(&outcome, "out")), json!([{"id": 1}]));
    let rejected = rows(outlet(&outcome, "rejected"));
    assert_eq!((rejected[0]["row"].clone(), rejected[0]["text"].clone()), (json!(2), json!("{")));
    assert_eq!(
        (rejected[1]["code"].clone(), outcome.note.as_deref()),
        (json!("data/value"), Some("1 record, 2 rejected"))
    );
    for (text, part) in [("[1,", "this is no JSON"), (r#"{"a": 1}"#, "there is no “data”")] {
        let error = Bench::new().run(&parse("Json").with("Records", "data"), texts(&[text])).await.unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_xml_bomb_is_an_error() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><x><y>&b;</y></x>";
    let error = Bench::new().run(&parse("Xml").with("Records", "x/y"), texts(&[bomb])).await.unwrap_err();
    assert!(error.code.starts_with("data/"), "{error}");
    let deep = "<a>".repeat(100_000);
    let error = Bench::new().run(&parse("Xml").with("Records", "a/a"), texts(&[&deep])).await.unwrap_err();
    assert!(error.code.starts_with("data/"), "{error}");
}

#[tokio::test]
async fn records_become_one_text_or_one_each() {
    let format = |format: &str| Component::new("Format", "Text").with("Format", format);
    let input = || stream("id,name\n1,a\n2,\"b,c\"\n");
    let bench = Bench::new();
    let text = async |component: Component| -> Value {
        let outcome = bench.run(&component, input()).await.unwrap();
        rows(outlet(&outcome, "out"))
    };
    let all = text(format("Json").with("Records", "data")).await;
    let parsed: Value = serde_json::from_str(all[0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(parsed, json!({"data": [{"id": 1, "name": "a"}, {"id": 2, "name": "b,c"}]}));
    assert_eq!(text(format("Csv")).await, json!([{"text": "id,name\n1,a\n2,\"b,c\"\n"}]));
    let each = text(format("Json").with("Per", "Record").with("Into", "body").with("KeepOtherFields", true)).await;
    assert_eq!(each[1], json!({"id": 2, "name": "b,c", "body": r#"{"id":2,"name":"b,c"}"#}));
    let xml = text(format("Xml").with("Records", "all/one")).await;
    let xml = xml[0]["text"].as_str().unwrap();
    assert!(xml.contains("<all>") && xml.contains("<one>") && xml.contains("<name>b,c</name>"), "{xml}");
    let rows = text(format("Csv").with("Per", "Record").with("Header", false)).await;
    assert_eq!(rows, json!([{"text": "1,a\n"}, {"text": "2,\"b,c\"\n"}]));
}

#[tokio::test]
async fn what_is_formatted_can_be_parsed_again() {
    let input = stream("id,name,when\n1,\"a \"\"quoted\"\" ü\",2024-02-29\n2,,2024-03-01\n");
    for (kind, records) in [("Json", ""), ("Csv", ""), ("Xml", "all/one")] {
        let format = Component::new("Format", "F").with("Format", kind).with("Records", records).with("Into", "body");
        let bench = Bench::new();
        let text = bench.run(&format, input.clone()).await.unwrap();
        let columns = json!([
            {"name": "id", "type": "Integer"}, {"name": "name", "type": "Text"}, {"name": "when", "type": "Date"}
        ]);
        let component = parse(kind).with("Records", records).with("Columns", columns);
        let back = bench.run(&component, outlet(&text, "out").clone()).await.unwrap();
        assert_eq!(rows(outlet(&back, "out")), rows(&input), "{kind}");
    }
}

#[test]
fn a_sample_that_cannot_be_read_is_a_problem() {
    let component = parse("Json").with("Sample", "{");
    let problems = Palette::standard().prepare(&crate::testing::id("p-a"), &component).err().unwrap();
    assert_eq!((problems[0].code.as_str(), problems[0].place.property.as_deref()), ("property/value", Some("Sample")));
}
