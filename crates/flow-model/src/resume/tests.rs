use crate::example::{flow, id};
use crate::{ComponentId, Graph, SavedState, Saving, runs_again, settled};
use proptest::prelude::*;
use std::collections::HashSet;

fn graph(components: &str, links: &str) -> Graph {
    Graph::build(&flow(components, links)).expect("builds")
}

fn ids(names: &str) -> HashSet<ComponentId> {
    names.split_whitespace().map(id).collect()
}

/// What is saved: saved points, completed terminals, outlets not taken (`component.outlet`).
fn state(saved: &str, completed: &str, not_taken: &str) -> SavedState {
    let outlet = |text: &str| {
        let (component, outlet) = text.split_once('.').expect("component.outlet");
        (id(component), outlet.to_owned())
    };
    SavedState {
        saved: ids(saved),
        inputs: HashSet::new(),
        completed_terminals: ids(completed),
        not_taken: not_taken.split_whitespace().map(outlet).collect(),
    }
}

#[test]
fn nothing_saved_settles_nothing() {
    let graph = graph("start a end", "start>a a>end");
    assert_eq!(settled(&graph, &state("", "", "")), ids(""));
}

#[test]
fn a_checkpoint_settles_itself_and_all_before_it() {
    let graph = graph("start a check b end", "start>a a>check check>b b>end");
    assert_eq!(settled(&graph, &state("check", "", "")), ids("start a check"));
}

#[test]
fn a_saved_begin_checkpoint_settles_start_alone() {
    let graph = graph("start a end", "start>a a>end");
    assert_eq!(settled(&graph, &state("start", "", "")), ids("start"));
}

#[test]
fn a_path_around_the_checkpoint_keeps_what_is_before_it_open() {
    let graph = graph("start a check b end", "start>a a>check a>b check>end b>end");
    assert_eq!(settled(&graph, &state("check", "", "")), ids("check"));
}

#[test]
fn paths_that_fork_are_settled_when_each_has_saved() {
    let graph = graph("start a one two end", "start>a a>one a>two one>end two>end");
    assert_eq!(settled(&graph, &state("one", "", "")), ids("one"));
    assert_eq!(settled(&graph, &state("one two", "", "")), ids("start a one two"));
}

#[test]
fn a_terminal_is_settled_only_when_its_completion_is_recorded() {
    let graph = graph("start check put end", "start>check check>put check>end");
    assert_eq!(settled(&graph, &state("check", "put", "")), ids("start check put"));
    assert_eq!(settled(&graph, &state("", "put end", "")), ids("start check put end"));
}

#[test]
fn an_outlet_not_taken_cuts_its_path() {
    let graph =
        graph("start choice big check small end", "start>choice choice.big>big big>check choice.small>small small>end");
    assert_eq!(settled(&graph, &state("check", "", "choice.small")), ids("start choice big check"));
    assert_eq!(settled(&graph, &state("check", "", "")), ids("big check"));
}

#[test]
fn a_component_whose_every_outgoing_path_is_cut_is_settled() {
    let graph = graph("start put undo", "start>put put.error>undo");
    assert_eq!(settled(&graph, &state("", "", "put.error")), ids("start put"));
}

#[test]
fn two_links_of_one_outlet_are_cut_together_and_those_of_another_are_not() {
    let graph = graph("start a b c", "start>a a.error>b a.error>c a.out>c");
    assert_eq!(settled(&graph, &state("", "", "a.error")), ids(""));
    assert_eq!(settled(&graph, &state("", "c", "a.error")), ids("start a c"));
}

#[test]
fn what_is_saved_but_no_longer_in_the_flow_changes_nothing() {
    let graph = graph("start end", "start>end");
    assert_eq!(settled(&graph, &state("gone", "gone", "gone.out")), ids(""));
}

#[test]
fn a_failure_behind_a_checkpoint_repeats_only_what_is_behind_it() {
    let graph = graph("start a check b c end", "start>a a>check check>b b>c c>end");
    let saving = Saving { points: ids("check"), ..Saving::default() };
    assert_eq!(runs_again(&graph, &saving, &id("c")), [id("b"), id("c")]);
    assert_eq!(runs_again(&graph, &saving, &id("a")), [id("start"), id("a")]);
    assert_eq!(runs_again(&graph, &saving, &id("check")), [id("start"), id("a"), id("check")]);
    assert_eq!(runs_again(&graph, &saving, &id("gone")), []);
}

#[test]
fn a_saved_input_settles_what_is_before_it_and_not_the_component() {
    let graph = graph("start a put b", "start>a a>put put>b");
    let state = SavedState { inputs: ids("put"), ..SavedState::default() };
    assert_eq!(settled(&graph, &state), ids("start a"));
}

#[test]
fn leaving_the_body_settles_nothing_unless_that_outlet_was_not_taken() {
    let flow = flow("loop:ForEach loop/check loop/a", "loop.each>check check>a a>loop.result a.error>loop.result");
    let graph = Graph::of_body(&flow, &id("loop")).expect("builds");
    assert_eq!(settled(&graph, &state("check", "", "")), ids("check"));
    assert_eq!(settled(&graph, &state("", "", "a.error")), ids(""));
    assert_eq!(settled(&graph, &state("", "", "a.error a.out")), ids("check a"));
}

/// The rule in its own words: follow every path.
fn settled_by_paths(graph: &Graph, state: &SavedState, at: usize) -> bool {
    let id = &graph.order()[at];
    if state.saved.contains(id) || state.completed_terminals.contains(id) {
        return true;
    }
    let mut links = graph.outgoing(at).iter().peekable();
    links.peek().is_some()
        && links.all(|link| {
            state.not_taken.contains(&(id.clone(), link.outlet.clone())) || settled_by_paths(graph, state, link.to)
        })
}

proptest! {
    #[test]
    fn the_rule_holds_on_every_graph(
        links in prop::collection::vec((0..9_usize, 0..9_usize, any::<bool>()), 0..20),
        saved in prop::collection::hash_set(0..9_usize, 0..4),
        completed in prop::collection::hash_set(0..9_usize, 0..3),
        not_taken in prop::collection::hash_set((0..9_usize, any::<bool>()), 0..6),
    ) {
        let outlet = |error: bool| if error { "error" } else { "out" };
        let forward: Vec<String> = links
            .into_iter()
            .filter(|(from, to, _)| from != to)
            .map(|(a, b, error)| format!("n{}.{}>n{}", a.min(b), outlet(error), a.max(b)))
            .collect();
        let names: Vec<String> = (0..9).map(|n| format!("n{n}")).collect();
        let graph = graph(&names.join(" "), &forward.join(" "));
        let state = SavedState {
            saved: saved.into_iter().map(|n| id(&names[n])).collect(),
            inputs: HashSet::new(),
            completed_terminals: completed
                .into_iter()
                .filter(|n| graph.is_terminal(graph.index_of(&id(&names[*n])).expect("is there")))
                .map(|n| id(&names[n]))
                .collect(),
            not_taken: not_taken.into_iter().map(|(n, error)| (id(&names[n]), outlet(error).to_owned())).collect(),
        };
        let found = settled(&graph, &state);
        for (at, id) in graph.order().iter().enumerate() {
            prop_assert_eq!(found.contains(id), settled_by_paths(&graph, &state, at), "{}", id);
        }
    }
}
