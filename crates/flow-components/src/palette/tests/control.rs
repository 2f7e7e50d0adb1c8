//! Start, End, Checkpoint, Branch, Wait, Fail.

use crate::testing::{Bench, outlet, prepare, rows, stream};
use crate::{Ask, Palette, WaitUntil};
use flow_data::arrow::datatypes::DataType;
use flow_model::{Catalogue, Component};
use serde_json::json;
use std::time::Duration;

fn branch() -> Component {
    let branches = json!([
        {"outlet": "large", "condition": "total > 100"},
        {"outlet": "test", "condition": "$mode = 'test'"},
    ]);
    Component::new("Branch", "Which way").with("Branches", branches)
}

#[tokio::test]
async fn start_gives_its_inputs_as_one_typed_record() {
    let bench = Bench::new().with_variable("month", "1997-01").with_variable("share", 1);
    let inputs = json!([
        {"name": "month", "type": "Text"},
        {"name": "share", "type": "Number"},
        {"name": "limit", "type": "Integer", "default": 9},
    ]);
    let outcome = bench.run(&Component::new("Start", "Start").with("Inputs", inputs), stream("")).await.unwrap();
    let record = outlet(&outcome, "out");
    assert_eq!(rows(record), json!([{"month": "1997-01", "share": 1.0, "limit": 9}]));
    assert_eq!(record.schema().field(1).data_type(), &DataType::Float64);
}

#[tokio::test]
async fn checkpoint_and_end_pass_on_what_arrives() {
    let input = stream("a\n1\n2\n");
    let saved = Bench::new().run(&Component::new("Checkpoint", "Saved"), input.clone()).await.unwrap();
    assert_eq!((outlet(&saved, "out"), saved.note.as_deref()), (&input, Some("2 records")));
    let ended = Bench::new().run(&Component::new("End", "End"), input.clone()).await.unwrap();
    assert_eq!(outlet(&ended, "out"), &input);
    let silent = Component::new("End", "End").with("Reply", "Nothing");
    assert!(Bench::new().run(&silent, input).await.unwrap().outlets.is_empty());
}

#[tokio::test]
async fn branch_takes_the_first_outlet_whose_condition_holds_for_the_first_record() {
    for (total, mode, expected) in
        [("500\n1", "", "large"), ("5\n500", "test", "test"), ("5\n500", "", "otherwise"), ("\"\"", "", "otherwise")]
    {
        let bench = Bench::new().with_variable("mode", mode);
        let input = flow_data::read_csv(
            format!("total\n{total}\n").as_bytes(),
            &flow_data::CsvOptions { types: [("total".to_owned(), DataType::Int64)].into(), ..Default::default() },
        )
        .unwrap();
        let outcome = bench.run(&branch(), input.clone()).await.unwrap();
        assert_eq!(outcome.outlets, [(expected.to_owned(), input)], "{total:?} {mode:?}");
    }
}

#[tokio::test]
async fn a_wrong_branch_condition_names_its_outlet() {
    let error = Bench::new().with_variable("mode", "").run(&branch(), stream("sum\n1\n")).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.property.as_deref()), ("data/unknown-field", Some("Branches")));
    assert!(error.message.starts_with("outlet “large”: there is no field “total”"), "{error}");
}

#[test]
fn the_outlets_of_a_branch_follow_its_property() {
    let palette = Palette::standard();
    let names = |component: &Component| -> Vec<String> {
        palette.ports(component).unwrap().outlets.into_iter().map(|port| port.name).collect()
    };
    assert_eq!(names(&branch()), ["large", "test", "otherwise", "error", "always"]);
    assert_eq!(
        names(&Component::new("Branch", "Empty").with("Branches", "nonsense")),
        ["otherwise", "error", "always"]
    );
    let taken =
        Component::new("Branch", "Taken").with("Branches", json!([{"outlet": "otherwise", "condition": "true"}]));
    let problems = palette.prepare(&crate::testing::id("b-aaaaaa"), &taken).err().unwrap();
    assert_eq!(
        (problems[0].code.as_str(), problems[0].place.property.as_deref()),
        ("property/value", Some("Branches"))
    );
}

#[tokio::test]
async fn wait_asks_for_its_time_and_then_passes_on() {
    let component = Component::new("Wait", "A while").with("Seconds", 1.5);
    let (bench, input) = (Bench::new(), stream("a\n1\n"));
    let asked = bench.run(&component, input.clone()).await.unwrap();
    assert_eq!(asked.ask, Some(Ask::Wait(WaitUntil::After(Duration::from_millis(1500)))));
    assert!(asked.outlets.is_empty());
    let over = bench.run_prepared(prepare(&component).as_ref(), input.clone(), true).await.unwrap();
    assert_eq!((outlet(&over, "out"), &over.ask), (&input, &None));
}

#[tokio::test]
async fn fail_fills_its_message_and_says_whether_to_retry() {
    let bench = Bench::new().with_variable("month", "May");
    let message = "Order ${order} of ${month} has no customer";
    for retry in [false, true] {
        let component = Component::new("Fail", "No customer").with("Message", message).with("Retry", retry);
        let error = bench.run(&component, stream("order\n17\n18\n")).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.retryable), ("flow/failed", retry));
        assert_eq!(error.message, "Order 17 of May has no customer");
    }
}

#[test]
fn an_error_becomes_a_record_with_its_place() {
    let error = crate::ComponentError::new("http/timeout", "no answer");
    let input = stream("order\n17\n");
    let record = error.to_stream("Give notice", &input).unwrap();
    let expected =
        json!([{"code": "http/timeout", "message": "no answer", "component": "Give notice", "row": null, "order": 17}]);
    assert_eq!(rows(&record), expected);
    assert_eq!(record.schema(), &crate::ComponentError::schema(input.schema()));
}
