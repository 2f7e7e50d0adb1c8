use super::*;

fn flow(components: &[(&str, &str)]) -> Flow {
    let mut flow = Flow::default();
    for (id, name) in components {
        flow.components.insert(ComponentId::parse(id).unwrap(), Component::new("Log", name));
    }
    flow
}

fn orders() -> FlowName {
    FlowName::parse("orders").unwrap()
}

#[test]
fn a_test_follows_the_new_names_of_components_and_stays_as_it_is_written() {
    let before = flow(&[("log-aaaaaa", "Log"), ("map-aaaaaa", "Map, \"twice\""), ("sum-aaaaaa", "Sum")]);
    let after = flow(&[("log-aaaaaa", "Note"), ("map-aaaaaa", "Double"), ("sum-aaaaaa", "Sum")]);
    let test = r#"{"flow": "orders",   "inputs": {"Log": 1.00},
  "expect": {"error": {"component":"Log"}, "records": {
    "Log": [{"Log": "Log"}], "Map, \"twice\".error" : {"count": 1}, "Sum": [],
    "log-aaaaaa": []}}}"#;
    let wanted = r#"{"flow": "orders",   "inputs": {"Log": 1.00},
  "expect": {"error": {"component":"Note"}, "records": {
    "Note": [{"Log": "Log"}], "Double.error" : {"count": 1}, "Sum": [],
    "log-aaaaaa": []}}}"#;
    assert_eq!(renamed(test, &orders(), &before, &after).as_deref(), Some(wanted));
    assert_eq!(renamed(wanted, &orders(), &after, &before).as_deref(), Some(test));
    assert_eq!(renamed(wanted, &orders(), &before, &after), None, "it follows already");
    assert_eq!(renamed(test, &FlowName::parse("other").unwrap(), &before, &after), None);
    assert_eq!(renamed("{", &orders(), &before, &after), None);
}

#[test]
fn names_that_are_swapped_stay_with_their_components_and_one_that_is_taken_becomes_the_id() {
    let test = r#"{"flow":"orders","expect":{"records":{"A":[],"B":[1]}}}"#;
    let before = flow(&[("a-aaaaaa", "A"), ("b-aaaaaa", "B")]);
    let swapped = flow(&[("a-aaaaaa", "B"), ("b-aaaaaa", "A")]);
    let wanted = r#"{"flow":"orders","expect":{"records":{"B":[],"A":[1]}}}"#;
    assert_eq!(renamed(test, &orders(), &before, &swapped).as_deref(), Some(wanted));
    let same = flow(&[("a-aaaaaa", "A"), ("b-aaaaaa", "A")]);
    let wanted = r#"{"flow":"orders","expect":{"records":{"A":[],"b-aaaaaa":[1]}}}"#;
    assert_eq!(renamed(test, &orders(), &before, &same).as_deref(), Some(wanted));
}

#[test]
fn what_a_test_names_and_is_not_there_is_found_at_its_place() {
    let flows = BTreeMap::from([(orders(), flow(&[("log-aaaaaa", "Log")]))]);
    let found = |test: &str| -> Vec<(String, String)> {
        let all = check(test.as_bytes(), &[orders()], &flows).into_iter();
        all.map(|found| (found.code, found.place.property.unwrap_or_default())).collect()
    };
    let is = |code: &str, place: &str| vec![(code.to_owned(), place.to_owned())];
    let good = r#"{"flow": "orders", "expect": {"records": {"Log": [], "Log.error": [], "log-aaaaaa.out": []}}}"#;
    assert_eq!(found(good), Vec::new());
    let gone = r#"{"flow": "orders", "expect": {"records": {"Note.error": []}}}"#;
    assert_eq!(found(gone), is("test/unknown-component", "expect.records.Note.error"));
    let error = r#"{"flow": "orders", "expect": {"error": {"component": "Note"}}}"#;
    assert_eq!(found(error), is("test/unknown-component", "expect.error.component"));
    assert_eq!(found(r#"{"flow": "gone"}"#), is("test/unknown-flow", "flow"));
    assert_eq!(found(r#"{"flow": "orders", "after": [{"flow": "gone"}]}"#), is("test/unknown-flow", "after"));
    assert_eq!(found("{"), is("test/syntax", ""));
}
