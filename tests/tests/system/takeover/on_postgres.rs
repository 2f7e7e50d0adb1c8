//! The same on PostgreSQL, and what happens when the database itself goes away.

use super::{Story, TestCluster};
use flow_api::{Request, RequestState};
use serde_json::json;
use std::time::Duration;
use system_tests::Tested;
use system_tests::wait::until;
use test_postgres::Server;

/// Far longer than the lease of two seconds.
const LONG: Duration = Duration::from_secs(6);

async fn begin(database: &Server) -> std::io::Result<Story> {
    Story::begin_on(Some(&database.database()), &["first", "second"], true, &[]).await
}

/// Makes requests on the first server, which are then under way there.
async fn under_way(story: &Story, count: i64) -> Vec<Request> {
    let mut requests = Vec::new();
    for number in 0..count {
        requests.extend(story.cluster.server("first").request("ledger", "ledger", json!({"number": number}), 1).await);
    }
    story.endpoint.until_calls(usize::try_from(count).unwrap_or(0)).await;
    requests
}

fn every_row_once(count: i64) -> Vec<(String, i64, String)> {
    let rows = |number| ["before", "after"].map(|place| (place.to_owned(), number, "first".to_owned()));
    (0..count).flat_map(rows).collect()
}

/// The epochs of the servers, as one of them sees them.
async fn epochs(cluster: &TestCluster) -> Vec<i64> {
    let servers = cluster.server("second").client.servers().await.unwrap_or_default();
    servers.into_iter().map(|server| server.epoch).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_taken_over_on_postgres() -> Tested {
    let database = Server::start();
    let mut story = begin(&database).await?;
    let requests = under_way(&story, 5).await;
    story.cluster.servers[0].kill();
    story.endpoint.until_calls(10).await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    for request in &requests {
        let ended = survivor.until_ended(request.id).await;
        assert_eq!((ended.state, ended.attempt, ended.retries_used), (RequestState::Finished, 2, 0));
        assert_eq!(ended.owner.map(|owner| owner.server), Some(survivor.id.clone()));
    }
    assert_eq!(story.ledger(), every_row_once(5), "nothing lost, and nothing settled ran again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_fenced_off_on_postgres() -> Tested {
    let database = Server::start();
    let mut story = begin(&database).await?;
    let request = under_way(&story, 1).await.remove(0);
    let zombie = story.cluster.server("first");
    zombie.stop();
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    let ended = survivor.until_ended(request.id).await;
    assert_eq!(ended.state, RequestState::Finished);
    let (zombie_id, epoch) = (zombie.id.clone(), survivor.sees(&zombie.id).await.epoch);

    zombie.go_on();
    until("the stopped server joins with a new epoch", async || {
        (survivor.sees(&zombie_id).await.epoch > epoch).then_some(())
    })
    .await;
    let after = survivor.client.request(request.id).await?;
    assert_eq!(after.request, ended, "its late writes changed nothing");
    assert_eq!(story.ledger().len(), 2, "it acted no more on the world");
    story.cluster.servers.clear();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_during_a_takeover_strands_nothing() -> Tested {
    let mut database = Server::start();
    let mut story = begin(&database).await?;
    let requests = under_way(&story, 5).await;
    story.cluster.servers[0].kill();
    database.crash();
    database.start_again();
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    for request in &requests {
        assert_eq!(survivor.until_ended(request.id).await.state, RequestState::Finished);
    }
    assert_eq!(story.ledger(), every_row_once(5), "nothing lost, and nothing settled ran again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_longer_than_a_lease_is_nobodys_death() -> Tested {
    let mut database = Server::start();
    let mut story = begin(&database).await?;
    let requests = under_way(&story, 3).await;
    let before = epochs(&story.cluster).await;
    database.crash();
    tokio::time::sleep(LONG).await;
    database.start_again();
    story.endpoint.open();
    for request in &requests {
        let ended = story.cluster.server("second").until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished);
    }
    // Another lease, in which a mistake would show.
    tokio::time::sleep(LONG).await;
    assert_eq!(epochs(&story.cluster).await, before, "a living server was declared dead");
    assert_eq!(story.ledger(), every_row_once(3), "nothing lost, and nothing settled ran again");
    story.cluster.servers.clear();
    Ok(())
}
