//! What an operator does with real processes: takes a request from a server that lives, and lets one go on at another
//! version.

use super::{Story, ledger_flow};
use flow_api::{
    ReExecution, ReExecutionQuery, Request, RequestQuery, RequestState, SettingChange, TakeOver, Update, VersionChoice,
};
use serde_json::json;
use std::process::Command;
use system_tests::Tested;
use system_tests::program;
use system_tests::wait::until;

/// A request that hangs at the endpoint, on the first server, and is stalled.
async fn hanging(story: &Story) -> Request {
    let first = story.cluster.server("first");
    let change = SettingChange { value: json!(1), version: None };
    first.client.change_setting("service.stalled_after_seconds", &change).await.expect("the setting");
    let request = story.under_way(1).await.remove(0);
    let second = story.cluster.server("second");
    until("the other server shows it as stalled", async || {
        let query = RequestQuery { stalled: true, ..RequestQuery::default() };
        second.client.requests(&query).await.ok()?.items.into_iter().find(|one| one.id == request.id)
    })
    .await
}

/// Runs `cairn request …` against a server of the cluster.
fn cairn_request(story: &Story, server: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program("cairn"));
    command.arg("request").args(arguments).args(["--server", &story.cluster.server(server).address]);
    let output = command.env("CAIRN_TOKEN", &story.cluster.token).output().expect("cairn runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), said(&output.stdout) + &said(&output.stderr))
}

async fn lost_attempts(story: &Story, server: &str) -> Option<String> {
    let text = story.cluster.server(server).client.metrics().await.ok()?;
    text.lines().find_map(|line| line.strip_prefix("cairn_attempts_total{left=\"Lost\"} ")).map(str::to_owned)
}

async fn taken_over_twice_nothing(story: &Story) -> Tested {
    let request = hanging(story).await;
    let (good, said) = cairn_request(story, "first", &["list", "--stalled"]);
    assert!(good && said.contains("stalled"), "{said}");
    let (good, said) = cairn_request(story, "second", &["take-over", &request.id.to_string()]);
    assert!(good && said.contains("second"), "{said}");
    story.endpoint.until_calls(2).await;
    // Both calls are answered now: the late one to a server that the request does not belong to any more.
    story.endpoint.open();
    let second = story.cluster.server("second");
    let ended = second.until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt, ended.retries_used), (RequestState::Finished, 2, 0));
    assert_eq!(ended.owner.as_ref().map(|owner| &owner.server), Some(&second.id));
    until("the first server has dropped its attempt", async || {
        lost_attempts(story, "first").await.filter(|lost| lost == "1")
    })
    .await;
    let after = story.cluster.server("first").client.request(request.id).await?;
    assert_eq!(after.request, ended, "the late answer changed nothing");
    let places: Vec<_> = story.ledger().into_iter().map(|(place, ..)| place).collect();
    assert_eq!(places, ["before", "after"], "nothing lost, and nothing twice");
    let keys: Vec<_> = story.endpoint.calls().into_iter().map(|call| call.idempotency_key).collect();
    assert_eq!(keys[0], keys[1], "the repeated call has the same idempotency key");
    let audit = second.client.audit(&flow_api::AuditQuery::default()).await?;
    assert!(audit.items.iter().any(|one| one.action == "request-taken-over"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_hangs_is_taken_over_from_a_server_that_lives() -> Tested {
    let story = Story::begin(&["first", "second"], true).await?;
    taken_over_twice_nothing(&story).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_hangs_is_taken_over_from_a_server_that_lives_on_postgres() -> Tested {
    let database = test_postgres::Server::start();
    let story = Story::begin_on(Some(&database.database()), &["first", "second"], true, &[]).await?;
    taken_over_twice_nothing(&story).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_be_taken_even_where_no_other_server_would_go_on_by_itself() -> Tested {
    let story = Story::begin(&["first", "second"], false).await?;
    let request = hanging(&story).await;
    let wish = TakeOver { server: Some(story.cluster.server("second").id.clone()) };
    story.cluster.server("first").client.take_over(request.id, &wish).await?;
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let ended = story.cluster.server("second").until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    assert_eq!(story.ledger().len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survivor_without_the_newest_update_goes_on_with_the_pinned_version() -> Tested {
    let mut story = Story::begin(&["first", "second"], true).await?;
    let old = story.cluster.server("second").client.project_servers("ledger").await?;
    story.project.write("flows/ledger.flow.json", &ledger_flow(true, "second"));
    story.project.commit_and_push("Mark the rows otherwise");
    // Only the first server has it.
    story.cluster.server("first").client.update("ledger", &Update::default()).await?;
    let request = story.under_way(1).await.remove(0);
    story.cluster.server_mut("first").kill();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    let ended = survivor.until_ended(request.id).await;
    assert_eq!((ended.state, &ended.version), (RequestState::Finished, &request.version));
    let marks: Vec<_> = story.ledger().into_iter().map(|(.., mark)| mark).collect();
    assert_eq!(marks, ["second", "second"], "by the version that the survivor never updated to");
    let here = |servers: &[flow_api::ProjectOnServer]| {
        let own = servers.iter().find(|one| one.server == survivor.id).expect("the survivor");
        own.present.as_ref().map(|present| present.version.clone())
    };
    let now = survivor.client.project_servers("ledger").await?;
    assert_eq!(here(&now), here(&old), "it still has what it had");
    assert_ne!(here(&now).as_ref(), Some(&request.version));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_on_at_the_newest_version_on_a_server_that_has_not_updated() -> Tested {
    let story = Story::begin(&["first", "second"], true).await?;
    let first = story.cluster.server("first");
    let request = story.under_way(1).await.remove(0);
    first.client.cancel(request.id).await?;
    first.until_state(request.id, RequestState::Cancelled).await;
    story.project.write("flows/ledger.flow.json", &ledger_flow(true, "second"));
    story.project.commit_and_push("Mark the rows otherwise");
    first.client.update("ledger", &Update::default()).await?;
    story.endpoint.open();

    let id = request.id.to_string();
    let (good, said) = cairn_request(&story, "second", &["re-execute", &id, "--version", "newest", "--dry-run"]);
    assert!(good && said.contains("would run: Hold, After, Write after, End"), "{said}");
    assert!(said.contains("never run, since they are settled: Before"), "{said}");
    let second = story.cluster.server("second");
    let wish = ReExecution { version: Some(VersionChoice::Newest), ..ReExecution::default() };
    let again = second.client.re_execute_from(request.id, &wish).await?;
    assert_ne!(again.version, request.version);
    let ended = second.until_ended(request.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    let marks: Vec<_> = story.ledger().into_iter().map(|(place, _, mark)| (place, mark)).collect();
    let expected = [("before", "first"), ("after", "second")].map(|(place, mark)| (place.to_owned(), mark.to_owned()));
    assert_eq!(marks, expected, "what was settled stays, the rest runs at the newest version");

    // What is saved does not fit once its Checkpoint is gone; that is said, and nothing is changed.
    let other = first.request("ledger", "ledger", json!({"number": 2}), 1).await.remove(0);
    let other = first.until_ended(other.id).await;
    assert_eq!(other.state, RequestState::Finished);
    let query = ReExecutionQuery { version: Some(VersionChoice::Same), ..ReExecutionQuery::default() };
    assert!(first.client.re_execution(other.id, &query).await?.fits, "at its own version everything fits");
    let flow = ledger_flow(true, "third").replace("checkpoint-1", "checkpoint-2");
    story.project.write("flows/ledger.flow.json", &flow);
    story.project.commit_and_push("Another Checkpoint");
    first.client.update("ledger", &Update::default()).await?;
    let other = other.id.to_string();
    let (good, said) = cairn_request(&story, "second", &["re-execute", &other, "--version", "newest", "--dry-run"]);
    assert!(!good && said.contains("has the id checkpoint-2 now"), "{said}");
    Ok(())
}
