use crate::example::{Tiny, flow, id};
use crate::{ComponentId, FailureAt, Flow, FlowName, Resumes, Saving, failure_at, failure_report};
use serde_json::json;
use std::collections::BTreeMap;

fn set(flow: &mut Flow, component: &str, property: &str, value: serde_json::Value) {
    flow.components[&id(component)].properties.insert(property.to_owned(), value);
}

fn at(flow: &Flow, component: &str) -> FailureAt {
    let report = failure_report(flow, &Tiny::new(), &BTreeMap::new());
    let at = report.at(&id(component)).expect("is reported").clone();
    assert_eq!(failure_at(flow, &Tiny::new(), &BTreeMap::new(), &id(component)).as_ref(), Some(&at));
    at
}

fn ids(names: &str) -> Vec<ComponentId> {
    names.split_whitespace().map(id).collect()
}

#[test]
fn behind_a_checkpoint_only_what_is_behind_it_runs_again() {
    let flow = flow("start:Start put:Put check:Checkpoint a end:End", "start>put put>check check>a a>end");
    let before = at(&flow, "put");
    assert_eq!(
        (before.runs_again, before.unprotected, before.resumes),
        (ids("start put"), ids("put"), Resumes::Nobody)
    );
    let behind = at(&flow, "a");
    assert_eq!((behind.runs_again, behind.settled), (ids("a"), ids("start put check")));
    assert_eq!((behind.unprotected, behind.resumes), (ids(""), Resumes::SameServer));
}

#[test]
fn other_servers_go_on_where_the_start_says_so() {
    let mut flow = flow("start:Start a", "start>a");
    assert_eq!(at(&flow, "a").resumes, Resumes::Nobody);
    set(&mut flow, "start", "BeginCheckpoint", json!("Use"));
    assert_eq!(at(&flow, "a").resumes, Resumes::SameServer);
    assert_eq!(at(&flow, "a").runs_again, ids("a"));
    set(&mut flow, "start", "OtherServerRetry", json!(true));
    assert_eq!(at(&flow, "a").resumes, Resumes::AnyServer);
}

#[test]
fn an_effect_that_happens_exactly_once_is_protected_and_saves_what_is_before_it() {
    let mut flow = flow("start:Start a put:Put b", "start>a a>put put>b");
    assert_eq!(at(&flow, "b").unprotected, ids("put"));
    set(&mut flow, "put", "ExactlyOnce", json!(true));
    let found = at(&flow, "b");
    assert_eq!((found.runs_again, found.settled), (ids("put b"), ids("start a")));
    assert_eq!(found.unprotected, ids(""));
}

#[test]
fn a_wait_saves_what_is_before_it() {
    let flow = flow("start:Start put:Put wait:Wait a", "start>put put>wait wait>a");
    assert_eq!(at(&flow, "a").runs_again, ids("wait a"));
    assert_eq!(at(&flow, "wait").unprotected, ids(""));
}

const LOOP: &str = "start:Start a loop:ForEach";
const LINKS: &str = "start>a a>loop loop>end";

#[test]
fn a_body_without_traces_runs_again_as_a_whole() {
    let flow = flow(&format!("{LOOP} loop/b loop/c end:End"), &format!("{LINKS} loop.each>b b>c c>loop.result"));
    assert_eq!(at(&flow, "b").runs_again, ids("start a loop b c"));
    assert_eq!(at(&flow, "loop").runs_again, ids("start a loop b c"));
    assert_eq!(at(&flow, "end").runs_again, ids("start a loop b c end"));
}

#[test]
fn a_body_that_leaves_traces_goes_on_with_the_iterations_under_way() {
    let flow =
        flow(&format!("{LOOP} loop/b loop/put:Put end:End"), &format!("{LINKS} loop.each>b b>put put>loop.result"));
    let inside = at(&flow, "put");
    assert_eq!((inside.runs_again, inside.settled), (ids("b put"), ids("start a")));
    assert_eq!((inside.unprotected, inside.resumes), (ids("put"), Resumes::SameServer));
    let behind = at(&flow, "end");
    assert_eq!(behind.runs_again, ids("loop end"));
    assert_eq!((behind.settled, behind.unprotected), (ids("start a b put"), ids("")));
}

#[test]
fn a_checkpoint_in_a_nested_body_protects_what_is_before_it_in_its_iteration() {
    let links = "start>outer outer.each>x x>inner inner.each>check check>y";
    let flow = flow("start:Start outer:ForEach outer/x outer/inner:ForEach inner/check:Checkpoint inner/y", links);
    let found = at(&flow, "y");
    assert_eq!((found.runs_again, found.settled), (ids("y"), ids("start x check")));
    assert_eq!(at(&flow, "x").runs_again, ids("x"));
}

#[test]
fn a_called_flow_is_recorded_when_it_leaves_traces() {
    let mut caller = flow("start:Start a call:SubFlow", "start>a a>call");
    set(&mut caller, "call", "Flow", json!("called"));
    let name = FlowName::parse("called").expect("is valid");
    let saving = |called: &Flow| {
        let flows = BTreeMap::from([(name.clone(), called.clone())]);
        (
            Saving::of(&caller, &Tiny::new(), &flows).inputs.contains(&id("call")),
            failure_at(&caller, &Tiny::new(), &flows, &id("call")),
        )
    };
    let (is_recorded, found) = saving(&flow("start:Start b", "start>b"));
    assert_eq!((is_recorded, found.expect("is there").runs_again), (false, ids("start a call")));
    let (is_recorded, found) = saving(&flow("start:Start put:Put", "start>put"));
    let found = found.expect("is there");
    assert_eq!((is_recorded, found.runs_again, found.unprotected), (true, ids("call"), ids("")));
    assert_eq!(at(&caller, "call").unprotected, ids("call"), "nobody knows what a missing flow does");
    let mut itself = flow("start:Start call:SubFlow", "start>call");
    set(&mut itself, "call", "Flow", json!("called"));
    assert!(!saving(&itself).0, "a circle of calls comes to an end");
}
