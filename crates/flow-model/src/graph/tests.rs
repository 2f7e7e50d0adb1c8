use crate::example::{flow, id};
use crate::{Entry, Exit, Graph, GraphError};

#[test]
fn the_order_follows_the_links_and_then_the_flow() {
    let graph = Graph::build(&flow("end:End b a start:Start", "start>a start>b a>end b>end")).expect("builds");
    assert_eq!(graph.order(), [id("start"), id("b"), id("a"), id("end")]);
    let end = graph.index_of(&id("end")).expect("is there");
    assert_eq!(graph.incoming(end).len(), 2);
    assert!(graph.is_terminal(end) && graph.outgoing(0).iter().all(|link| link.from == 0 && link.outlet == "out"));
}

#[test]
fn a_circle_is_named_without_what_only_follows_it() {
    let found = Graph::build(&flow("start:Start a b end:End", "start>a a>b b>a b>end")).expect_err("has a circle");
    assert_eq!(found, GraphError::Cycle { components: vec![id("a"), id("b")] });
}

#[test]
fn a_link_to_nowhere_is_an_error() {
    let found = Graph::build(&flow("start:Start", "start>gone")).expect_err("has no such component");
    assert_eq!(found.code(), "link/no-such-component");
}

#[test]
fn reach_goes_along_the_links_only() {
    let graph = Graph::build(&flow("start:Start a b end:End", "start>a a>end b>end")).expect("builds");
    let at = |name: &str| graph.index_of(&id(name)).expect("is there");
    let from_a = graph.reachable_from([at("a")]);
    assert!(from_a[at("a")] && from_a[at("end")] && !from_a[at("start")] && !from_a[at("b")]);
    let to_a = graph.leading_to(at("a"));
    assert!(to_a[at("a")] && to_a[at("start")] && !to_a[at("b")] && !to_a[at("end")]);
}

const LOOP: &str = "start:Start loop:ForEach loop/a loop/b end:End";

#[test]
fn a_body_has_a_graph_of_its_own_with_an_entry_and_an_exit() {
    let flow = flow(LOOP, "start>loop loop.each>a a>b b>loop.result loop>end");
    let top = Graph::build(&flow).expect("builds");
    assert_eq!(top.order(), [id("start"), id("loop"), id("end")]);
    assert!(top.entries().is_empty() && top.exits().is_empty());
    let body = Graph::of_body(&flow, &id("loop")).expect("builds");
    assert_eq!(body.order(), [id("a"), id("b")]);
    assert_eq!(body.entries(), [Entry { outlet: "each".to_owned(), to: 0, inlet: "in".to_owned() }]);
    assert_eq!(body.exits(), [Exit { from: 1, outlet: "out".to_owned(), inlet: "result".to_owned() }]);
    assert!(!body.is_terminal(1), "its stream leaves the body");
}

#[test]
fn a_link_over_the_border_is_an_error_on_either_side_of_it() {
    let crossing = flow(LOOP, "start>loop start>a loop.each>b");
    assert_eq!(Graph::build(&crossing).expect_err("crosses").code(), "link/crosses-border");
    assert_eq!(Graph::of_body(&crossing, &id("loop")).expect_err("crosses").code(), "link/crosses-border");
}

#[test]
fn a_circle_in_a_body_is_no_circle_outside() {
    let flow = flow(LOOP, "start>loop loop.each>a a>b b>a");
    assert!(Graph::build(&flow).is_ok());
    assert_eq!(Graph::of_body(&flow, &id("loop")).expect_err("has a circle").code(), "flow/cycle");
}
