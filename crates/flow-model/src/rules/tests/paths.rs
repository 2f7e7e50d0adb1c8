//! Paths, bodies and flow variables.

use super::{check, codes, set};
use crate::example::{Tiny, flow, id};
use crate::{Connection, Flow, FlowName, Severity, Surroundings, check_sub_flows};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn a_body_is_sound_when_its_links_pass_through_the_for_each() {
    let sound = flow("start:Start loop:ForEach loop/a end:End", "start>loop loop.each>a a>loop.result loop>end");
    assert_eq!(check(&sound), []);
}

#[test]
fn what_is_wrong_with_bodies_is_named() {
    let cases = [
        ("gone/a", "start>end", "component/no-such-parent"),
        ("end/a", "start>end", "component/parent-has-no-body"),
        ("one/two:ForEach two/one:ForEach", "start>end", "component/parent-circle"),
        ("loop:ForEach", "start>loop loop>end", "body/empty"),
        ("loop:ForEach loop/a", "start>loop loop>end", "flow/unreachable"),
        ("loop:ForEach loop/a", "start>loop loop.each>a start>a", "link/crosses-border"),
        ("loop:ForEach loop/a", "start>loop loop.each>a loop>a", "link/no-such-outlet"),
        ("loop:ForEach loop/a", "start>loop loop.each>a a>loop", "link/no-such-inlet"),
        ("loop:ForEach loop/a loop/b", "start>loop loop.each>a a>b b>a", "flow/cycle"),
    ];
    for (components, links, code) in cases {
        let found = codes(&flow(&format!("start:Start end:End {components}"), links));
        assert!(found.iter().any(|found| found == code), "{components} {links}: {found:?}");
    }
}

#[test]
fn a_flow_whose_every_path_ends_in_fail_can_never_finish() {
    let never =
        |components: &str, links: &str| codes(&flow(components, links)).contains(&"flow/never-ends-well".to_owned());
    assert!(never("start:Start a fail:Fail", "start>a a>fail"));
    assert!(never("start:Start a fail:Fail other:Fail", "start>a a>fail a.error>other"));
    assert!(never("start:Start choice:Branch fail:Fail", "start>choice choice.otherwise>fail"));
    assert!(!never("start:Start a fail:Fail", "start>a a.error>fail"), "a may succeed");
    assert!(!never("start:Start a fail:Fail end:End", "start>a a>fail a.error>end"), "a may fail");
    let mut choice = flow("start:Start choice:Branch fail:Fail", "start>choice choice.big>fail");
    set(&mut choice, "choice", "Branches", json!([{"outlet": "big", "condition": "true"}]));
    assert_eq!(codes(&choice), [""; 0], "the choice may fall on the outlet that is not linked");
}

fn setting(components: &str, links: &str) -> Vec<String> {
    let mut flow = flow(components, links);
    for component in flow.components.values_mut().filter(|component| component.kind == "Set") {
        component.properties.insert("Variables".to_owned(), json!(["v"]));
    }
    let found = check(&flow).into_iter().filter(|found| found.code == "variable/set-on-parallel-paths");
    found.map(|found| format!("{} {}", found.place.component.expect("is at a component"), found.severity)).collect()
}

#[test]
fn parallel_paths_that_set_one_variable_must_not_join() {
    assert_eq!(setting("start:Start a:Set b:Set join", "start>a start>b a>join b>join"), ["join error"]);
    assert_eq!(setting("start:Start a:Set b:Set", "start>a start>b"), [""; 0], "they do not join");
    assert_eq!(setting("start:Start a:Set b:Set join", "start>a a>b b>join"), [""; 0], "one after the other");
    assert_eq!(setting("start:Start a:Set b join", "start>a start>b a>join b>join"), [""; 0], "one sets it");
    assert_eq!(
        setting("start:Start a:Set b c:Set join", "start>a a>b a>c b>join c>join"),
        ["join error"],
        "on one path it is old"
    );
}

#[test]
fn paths_that_exclude_each_other_may_set_one_variable() {
    assert_eq!(
        setting("start:Start x:Branch a:Set b:Set join", "start>x x.big>a x.otherwise>b a>join b>join"),
        [""; 0]
    );
    assert_eq!(setting("start:Start x a:Set b:Set join", "start>x x>a x.error>b a>join b>join"), [""; 0]);
    assert_eq!(
        setting("start:Start x:Branch a:Set b:Set c join", "start>x x.big>a x.otherwise>b start>c a>c b>c c>join"),
        [""; 0],
        "what joins behind the choice is settled there"
    );
    assert_eq!(
        setting("start:Start x a:Set b:Set join", "start>x x>a x>b a>join b>join"),
        ["join error"],
        "two links of one outlet"
    );
}

#[test]
fn what_a_body_sets_stays_in_it() {
    let links = "start>a a>loop loop.each>b b>loop.result loop>join a>c c>join";
    assert_eq!(setting("start:Start a:Set loop:ForEach loop/b:Set c join", links), [""; 0]);
    let links = "start>loop loop.each>a loop.each>b a>c b>c";
    assert_eq!(setting("start:Start loop:ForEach loop/a:Set loop/b:Set loop/c", links), ["c error"]);
}

#[test]
fn groups_name_what_is_there() {
    let mut flow = flow("start:Start end:End", "start>end");
    flow.groups.insert(id("g"), crate::Group { members: [id("gone"), id("end")].into(), ..Default::default() });
    let found = check(&flow);
    assert_eq!((found[0].code.as_str(), found[0].severity), ("group/no-such-component", Severity::Warning));
}

fn calling(flows: &[(&str, &str)]) -> BTreeMap<FlowName, Flow> {
    let name = |text: &str| FlowName::parse(text).expect("a flow name");
    let calls = |called: &&str| {
        let mut flow = flow("start:Start call:SubFlow end:End", "start>call call>end");
        set(&mut flow, "call", "Flow", json!(called));
        flow
    };
    flows.iter().map(|(caller, called)| (name(caller), calls(called))).collect()
}

#[test]
fn calls_of_flows_lead_to_flows_and_never_back() {
    let flows = calling(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "gone"), ("f", "f"), ("g", "")]);
    let found = |name: &str| {
        let name = FlowName::parse(name).expect("a flow name");
        let around = Surroundings { flows: &flows, connections: &BTreeMap::new(), catalogue: &Tiny::new() };
        let found = check_sub_flows(&name, &flows[&name], around);
        found.into_iter().map(|found| (found.code, found.message)).next()
    };
    for name in ["a", "b", "c", "f"] {
        assert_eq!(found(name).expect("is circular").0, "sub-flow/circle", "{name}");
    }
    assert!(found("a").expect("is circular").1.contains("“a” → “b” → “c” → “a”"));
    assert_eq!(found("e").expect("calls nothing").0, "sub-flow/unknown");
    assert_eq!((found("d"), found("g")), (None, None), "the circle is not its own; what is missing is told elsewhere");
}

#[test]
fn what_is_local_in_called_flows_is_told_with_the_way_to_it() {
    let mut flows = calling(&[("a", "b"), ("b", "c"), ("c", "d")]);
    let name = |text: &str| FlowName::parse(text).expect("a flow name");
    let mut last = flow("start:Start loop:ForEach loop/put end:End", "start>loop loop.each>put loop>end");
    set(&mut last, "put", "Path", json!("/data/orders.csv"));
    set(&mut last, "put", "Connection", json!("here"));
    flows.insert(name("d"), last);
    let here = r#"{"kind": "sqlite", "settings": {"path": "/data/warehouse.db"}}"#;
    let connections = [("here".to_owned(), Connection::from_json("here", here).expect("reads"))].into();
    let found = |flows: &BTreeMap<FlowName, Flow>| {
        let around = Surroundings { flows, connections: &connections, catalogue: &Tiny::new() };
        check_sub_flows(&name("a"), &flows[&name("a")], around)
    };
    assert_eq!(found(&flows), [], "nobody else goes on with its requests");

    set(flows.get_mut(&name("a")).expect("is there"), "start", "OtherServerRetry", json!(true));
    let told = found(&flows);
    let codes: Vec<&str> = told.iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["restart/local-path", "restart/local-path"]);
    for (found, what) in told.iter().zip(["/data/orders.csv", "the connection “here”"]) {
        assert!(found.message.starts_with("in “b” → “c” → “d”, “put”: "), "{}", found.message);
        assert!(found.message.contains(what), "{}", found.message);
        assert_eq!((found.place.component.as_ref(), found.fix.is_none()), (Some(&id("call")), true));
    }

    set(flows.get_mut(&name("d")).expect("is there"), "start", "OtherServerRetry", json!(true));
    assert_eq!(found(&flows), [], "it tells this itself");
}

#[test]
fn checking_a_large_flow_is_quick_enough_to_be_done_at_every_edit() {
    // A guard against what grows with the square: at a thousand components that would take seconds.
    let mut components = String::from("start:Start ");
    let mut links = String::from("start>n0 ");
    for n in 0..1000 {
        components += &format!("n{n}:{} ", if n % 2 == 0 { "Step" } else { "Set" });
        if n > 0 {
            links += &format!("n{}>n{n} n{}.error>n{n} ", n - 1, n / 2);
        }
    }
    let mut large = flow(&components, &links);
    for (id, component) in large.components.iter_mut().filter(|(_, component)| component.kind == "Set") {
        component.properties.insert("Variables".to_owned(), json!([id.as_str()]));
    }
    let began = std::time::Instant::now();
    check(&large);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
