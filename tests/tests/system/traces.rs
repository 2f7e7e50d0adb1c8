//! Traces: what a collector is told of calls, requests and takeovers.

use crate::takeover::Story;
use flow_api::RequestState;
use serde_json::json;
use std::process::{Command, Stdio};
use system_tests::trace_collector::{Sent, TraceCollector};
use system_tests::wait::until;
use system_tests::{Tested, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_changes_its_server_is_one_trace_with_the_lost_attempt_in_it() -> Tested {
    let collector = TraceCollector::start().await?;
    let mut story = Story::begin_with(&["first", "second"], true, &collector.environment()).await?;
    let first = story.cluster.server("first").id.clone();
    let request = story.cluster.server("first").request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0);
    story.endpoint.until_calls(1).await;
    let named = |name: &str| collector.sent().into_iter().find(|span| span.name == name);
    let made = until("the call that made the request", async || named("POST /api/v1/requests")).await;
    // What a server has not sent when it is killed is lost.
    until("what ran at first is sent", async || named("put-1")).await;

    story.cluster.servers[0].kill();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    assert_eq!(survivor.until_ended(request.id).await.state, RequestState::Finished);

    let whole = until("the request's own span", async || named("request ledger/ledger")).await;
    let lost = until("the lost attempt", async || named("attempt 1")).await;
    let second = until("the second attempt", async || named("attempt 2")).await;
    assert_eq!(made.links, std::slice::from_ref(&whole.trace), "the call leads to the request's trace");
    assert_eq!((made.service.as_str(), &made.instance), ("cairn-server", &first));
    assert_eq!(whole.parent, [] as [u8; 0]);
    for attempt in [&lost, &second] {
        assert_eq!((&attempt.trace, &attempt.parent), (&whole.trace, &whole.id), "{}", attempt.name);
        assert_eq!(attempt.instance, survivor.id, "a killed server tells no more; the survivor does");
    }
    assert_eq!(lost.error.as_deref(), Some("its server was lost"));
    assert_eq!(second.error, None);

    let ran_in = |attempt: &Sent| {
        let sent = collector.sent().into_iter().filter(|span| span.parent == attempt.id);
        sent.map(|span| (span.instance, span.name)).collect::<Vec<_>>()
    };
    assert!(ran_in(&lost).contains(&(first.clone(), "put-1".to_owned())), "what ran at first: {:?}", ran_in(&lost));
    let again = (survivor.id.clone(), "put-2".to_owned());
    until("what ran after it", async || ran_in(&second).contains(&again).then_some(())).await;
    assert!(!ran_in(&second).iter().any(|(_, name)| name == "put-1"), "what is settled does not run again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_person_cancels_is_a_whole_trace() -> Tested {
    let collector = TraceCollector::start().await?;
    let story = Story::begin_with(&["alone"], true, &collector.environment()).await?;
    let server = story.cluster.server("alone");
    let request = server.request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0);
    story.endpoint.until_calls(1).await;
    server.client.cancel(request.id).await?;
    let named = |name: &str| collector.sent().into_iter().find(|span| span.name == name);
    let whole = until("the request's own span", async || named("request ledger/ledger")).await;
    let attempt = until("its attempt", async || named("attempt 1")).await;
    assert_eq!((&attempt.trace, &attempt.parent), (&whole.trace, &whole.id));
    assert_eq!(attempt.error.as_deref(), Some("it was cancelled"));
    story.endpoint.open();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_asks_of_a_server_is_in_the_trace_of_the_program() -> Tested {
    let collector = TraceCollector::start().await?;
    let variables = collector.environment();
    let story = Story::begin_with(&["alone"], true, &variables).await?;
    let mut list = Command::new(program("cairn"));
    list.args(["server", "list"])
        .env("CAIRN_SERVER", &story.cluster.server("alone").address)
        .env("CAIRN_TOKEN", &story.cluster.token)
        .envs(variables)
        .stdout(Stdio::null());
    assert!(list.status()?.success());

    let by = |service: &str, is: &dyn Fn(&Sent) -> bool| {
        collector.sent().into_iter().find(|span| span.service == service && is(span))
    };
    let asked = until("the program's span", async || by("cairn", &|span| span.name == "GET")).await;
    let answered = until("the server's span", async || by("cairn-server", &|span| span.parent == asked.id)).await;
    assert_eq!((answered.trace, answered.name.as_str()), (asked.trace, "GET /api/v1/servers"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_without_the_collector_of_its_traces() -> Tested {
    let collector = TraceCollector::start().await?;
    let variables = collector.environment();
    drop(collector);
    let story = Story::begin_with(&["alone"], true, &variables).await?;
    story.endpoint.open();
    let server = story.cluster.server("alone");
    let request = server.request("ledger", "ledger", json!({"number": 1}), 1).await.remove(0);
    assert_eq!(server.until_ended(request.id).await.state, RequestState::Finished);
    until("it is said in the log", async || story.cluster.log_of("alone").contains("trace/collector").then_some(()))
        .await;
    Ok(())
}
