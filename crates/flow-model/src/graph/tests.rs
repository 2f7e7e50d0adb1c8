use crate::example::{flow, id};
use crate::{Graph, GraphError};

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
