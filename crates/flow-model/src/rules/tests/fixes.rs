//! The fixes that diagnostics offer.

use super::check;
use crate::edit::tests::any_edit;
use crate::example::{Tiny, flow, id};
use crate::{Diagnostic, Flow};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_mistyped_property_is_given_its_name() {
    let mut flow = flow("start:Start end:End", "start>end");
    flow.components[&id("start")].properties.insert("retry-count".to_owned(), json!(3));
    let found = check(&flow).remove(0);
    let fix = found.fix.expect("can be mended");
    assert_eq!((found.code.as_str(), fix.title.as_str()), ("property/unknown", "Call it RetryCount"));
    fix.edit.apply(&mut flow, &Tiny::new()).expect("applies");
    assert_eq!(flow.components[&id("start")].properties.get("RetryCount"), Some(&json!(3)));
}

#[test]
fn a_local_path_becomes_one_that_all_servers_share() {
    for (path, shared) in [
        ("orders.csv", "storage:orders.csv"),
        ("./in/orders.csv", "storage:in/orders.csv"),
        ("/data/in/orders.csv", "storage:orders.csv"),
        ("C:\\in\\orders.csv", "storage:orders.csv"),
    ] {
        assert_eq!(super::super::local::shared_path(path), shared);
    }
}

/// Breaks the rules in ways that no edit may, as a file written by hand does.
fn broken(mut flow: Flow, breaks: &[(usize, &'static str)]) -> Flow {
    let ids: Vec<_> = flow.components.keys().cloned().collect();
    for (at, how) in breaks {
        let Some(of) = ids.get(at % ids.len().max(1)) else { break };
        let component = &mut flow.components[of];
        match *how {
            "parent" => component.parent = Some(ids[(at * 7 + 3) % ids.len()].clone()),
            "orphan" => component.parent = Some(id("gone")),
            "kind" => component.kind = "Start".to_owned(),
            "property" => drop(component.properties.insert("Path".to_owned(), Value::from(7))),
            _ => {
                let to = &ids[(at * 5 + 1) % ids.len()];
                flow.links.insert(crate::example::link(&format!("{of}.{how}>{to}")));
            }
        }
    }
    flow
}

proptest! {
    #[test]
    fn every_fix_that_is_offered_mends_what_it_is_offered_for(
        edits in prop::collection::vec(any_edit(), 1..30),
        breaks in prop::collection::vec((0..50_usize, prop::sample::select(vec!["parent", "orphan", "kind", "property", "out", "each"])), 0..4),
    ) {
        let catalogue = Tiny::new();
        let mut made = flow("start:Start", "");
        for edit in edits {
            let _ = edit.apply(&mut made, &catalogue);
        }
        let made = broken(made, &breaks);
        for found in check(&made) {
            let Some(fix) = found.fix else { continue };
            let mut mended = made.clone();
            fix.edit.apply(&mut mended, &catalogue).map_err(|error| TestCaseError::fail(format!("{}: {error}", found.code)))?;
            // Of several circles, one is mended at a time.
            let is_same = |now: &Diagnostic| (&now.code, &now.place, &now.message) == (&found.code, &found.place, &found.message);
            let is_mended = found.code == "flow/cycle" || !check(&mended).iter().any(is_same);
            prop_assert!(is_mended, "{:?} is still there after {:?}", found.message, fix.title);
        }
    }
}
