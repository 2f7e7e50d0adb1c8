use super::*;
use serde_json::json;

fn told(expected: Value, found: Value, rules: &Rules) -> Vec<String> {
    let all = differences("x", &expected, Some(&found), rules);
    all.into_iter().map(|d| format!("{}: {} | {}", d.place, d.expected, d.found)).collect()
}

#[test]
fn what_does_not_matter_makes_no_difference() {
    let rules = Rules::default();
    for (expected, found) in [
        (json!({"a": 1}), json!({"a": 1, "b": 2})),
        (json!({"a": null}), json!({})),
        (json!(0.3), json!(0.1 + 0.2)),
        (json!(9223372036854775807_i64), json!("9223372036854775807")),
        (json!("12.50"), json!(12.5)),
        (json!(12.5), json!("12.50")),
        (json!("a\nb"), json!("a\r\nb")),
        (json!(["$any", "$any"]), json!([null, {"b": 1}])),
        (json!({"$like": "order * of * May"}), json!("order 7 of 3 May")),
    ] {
        assert_eq!(told(expected, found, &rules), Vec::<String>::new());
    }
}

#[test]
fn what_differs_is_told_with_its_place() {
    let rules = Rules::default();
    for (expected, found, difference) in [
        (json!([{"a": {"b": [1, 2]}}]), json!([{"a": {"b": [1, 3]}}]), "x[0].a.b[1]: 2 | 3"),
        (json!({"a": 1}), json!({}), "x.a: 1 | null"),
        (json!("1"), json!(true), "x: \"1\" | true"),
        (json!(9007199254740993_i64), json!("9007199254740992"), ""),
        (json!({"$like": "a*c"}), json!("abd"), "x: a text like \"a*c\" | \"abd\""),
        (json!(1), json!(null), "x: 1 | null"),
    ] {
        let exact = Rules { tolerance: 0.0, ..rules.clone() };
        let told = told(expected, found, &exact);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(difference), "{told:?}");
    }
    let exact = Rules { exact_fields: true, ..rules };
    assert_eq!(told(json!({}), json!({"b": 1}), &exact), ["x.b: no such field | 1"]);
}

#[test]
fn what_was_found_is_written_as_the_test_writes_what_it_expects() {
    let rules = Rules::default();
    assert_eq!(told(json!({"total": 60}), json!({"total": "63"}), &rules), ["x.total: 60 | 63"]);
    assert_eq!(told(json!(0.5), json!("12.500000000000000001"), &rules), ["x: 0.5 | 12.500000000000000001"]);
    assert_eq!(told(json!("60"), json!(63), &rules), ["x: \"60\" | \"63\""]);
    assert_eq!(told(json!(60), json!("sixty"), &rules), ["x: 60 | \"sixty\""]);
    let (expected, found) =
        (json!([{"n": 1, "of": [2]}]), json!([{"n": "1", "of": [2]}, {"n": "3", "of": ["4", "5"]}]));
    let more = ["x: 1 in the list | 2 in the list", "x: nothing like it | {\"n\":3,\"of\":[4,5]}"];
    assert_eq!(told(expected, found, &rules), more);
}

#[test]
fn lists_are_matched_where_order_does_not_count_or_lengths_differ() {
    let any_order = Rules { any_order: true, ..Rules::default() };
    assert_eq!(told(json!([1, 2, 2]), json!([2, 1, 2]), &any_order), Vec::<String>::new());
    assert_eq!(told(json!([1, 2]), json!([2, 3]), &any_order), ["x: 1 | nothing like it", "x: nothing like it | 3"]);
    let ordered = Rules::default();
    let told_short = told(json!([1, 2]), json!([1, 2, 3]), &ordered);
    assert_eq!(told_short, ["x: 2 in the list | 3 in the list", "x: nothing like it | 3"]);
    let many: Vec<i32> = (0..100).collect();
    let other: Vec<i32> = (1..101).collect();
    let told_many = told(json!(many), json!(other), &ordered);
    assert_eq!((told_many.len(), told_many[10].as_str()), (11, "x:  | … and 90 more differences"));
}

#[test]
fn a_star_stands_for_anything() {
    for (pattern, text, fits) in [
        ("", "", true),
        ("*", "", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "ac", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "acb", false),
        ("abc", "abcd", false),
        ("ab*ba", "aba", false),
    ] {
        assert_eq!(like(pattern, text), fits, "{pattern} {text}");
    }
}
