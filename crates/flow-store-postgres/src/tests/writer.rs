//! The writer against a database that goes away.

use super::{server_with_schema, until};
use crate::PostgresStore;
use flow_store::conformance::{anywhere, new_request, new_server};
use flow_store::{
    AttemptEnd, AttemptWrite, Level, LogEntry, Owner, Request, RequestState, RequestStore, SavedData, SavedKind,
    SavedPoint, ServerState, ServerStore, Store, Timestamp, event,
};
use std::sync::Arc;
use std::time::Duration;
use test_postgres::Server;

async fn open(server: &Server) -> Arc<PostgresStore> {
    PostgresStore::open(&server.address("cairn", "test_0").parse().unwrap()).await.unwrap()
}

async fn owner(store: &PostgresStore, name: &str) -> Owner {
    store.register(new_server(name)).await.unwrap()
}

fn entry(request: &Request, message: String) -> AttemptWrite {
    let entry = LogEntry {
        at: Timestamp(1),
        attempt: request.attempt,
        server: "a".into(),
        level: Level::Info,
        component: None,
        event: event::LOGGED.into(),
        message,
    };
    AttemptWrite { saved: Vec::new(), log: vec![entry] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_written_twice_through_ended_sessions_and_a_restart() {
    let mut server = server_with_schema().await;
    let store = open(&server).await;
    let owner = owner(&store, "a").await;
    let request = store.create_request(new_request(anywhere()), Some(owner)).await.unwrap().request;
    let writing = {
        let (store, request) = (Arc::clone(&store), request.clone());
        tokio::spawn(async move {
            for number in 0..400 {
                store.write(request.id, request.fence, entry(&request, number.to_string())).await.unwrap();
            }
        })
    };
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if round == 3 {
            server.crash();
            server.start_again();
        } else {
            let all =
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'cairn-%'";
            server.sql("test_0", all);
        }
    }
    writing.await.unwrap();
    let log = store.log(request.id, 0, 1000).await.unwrap();
    let messages: Vec<String> = log.iter().map(|numbered| numbered.entry.message.clone()).collect();
    let expected: Vec<String> = (0..400).map(|number: u32| number.to_string()).collect();
    assert_eq!(messages, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_large_goes_in_several_batches_so_that_no_message_is_too_long_for_the_database() {
    let server = server_with_schema().await;
    let store = open(&server).await;
    let owner = owner(&store, "a").await;
    let made = store.create_requests(vec![new_request(anywhere()); 60], Some(owner), None).await.unwrap();
    let before = store.statistics().commits;
    let large = SavedData::Inline(vec![7; 4_000_000].into());
    let writes = made.iter().map(|made| {
        let request = &made.request;
        let saved = vec![SavedPoint { data: large.clone(), ..point(request, 0) }];
        store.write(request.id, request.fence, AttemptWrite { saved, log: Vec::new() })
    });
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
    let commits = store.statistics().commits - before;
    assert!((4..=10).contains(&commits), "240 MB went in {commits} batches");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_queues_up_during_a_commit_is_one_batch() {
    let server = server_with_schema().await;
    let store = open(&server).await;
    let owner = owner(&store, "a").await;
    let made = store.create_requests(vec![new_request(anywhere()); 200], Some(owner), None).await.unwrap();
    let before = store.statistics().commits;
    let writes = made.iter().map(|made| {
        let request = &made.request;
        store.write(request.id, request.fence, entry(request, "x".to_owned()))
    });
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
    let commits = store.statistics().commits - before;
    // Of each committer what it had at once, and what queued up behind that.
    assert!(commits <= 6, "{commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_sees_what_another_process_has_done_to_its_request_since_the_last_one() {
    let server = server_with_schema().await;
    let (first, second) = (open(&server).await, open(&server).await);
    let (one, two) = (owner(&first, "one").await, owner(&second, "two").await);
    let request = first.create_request(new_request(anywhere()), Some(one)).await.unwrap().request;
    let write = |message: &str| first.write(request.id, request.fence, entry(&request, message.to_owned()));
    write("one").await.unwrap();
    write("two").await.unwrap();
    let stalls = entry(&request, "three".to_owned()).log.remove(0);
    second.mark_stalled(request.id, request.fence, Some(Timestamp(1)), stalls).await.unwrap();
    // Several at once, in their order.
    let (four, five) = tokio::join!(write("four"), write("five"));
    four.unwrap();
    five.unwrap();
    let log = first.log(request.id, 0, 1000).await.unwrap();
    let told: Vec<_> = log.iter().map(|numbered| (numbered.number, numbered.entry.message.as_str())).collect();
    assert_eq!(told, [(1, "one"), (2, "two"), (3, "three"), (4, "four"), (5, "five")]);
    second.take_from(request.id, &two, "somebody").await.unwrap();
    let before = first.log(request.id, 0, 1000).await.unwrap();
    assert!(write("six").await.unwrap_err().is_stale(), "it is another server's now");
    assert_eq!(first.log(request.id, 0, 1000).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_request_goes_by_what_its_server_is_by_now() {
    let server = server_with_schema().await;
    let (first, second) = (open(&server).await, open(&server).await);
    let (one, two) = (owner(&first, "one").await, owner(&second, "two").await);
    let new = async || first.create_request(new_request(anywhere()), Some(one.clone())).await.map(|made| made.request);
    for _ in 0..4 {
        assert_eq!(new().await.unwrap().owner.as_ref(), Some(&one));
    }
    second.set_server_state(&one, ServerState::Draining).await.unwrap();
    assert_eq!(new().await.unwrap().owner, None, "a server that drains gets nothing new");
    second.set_server_state(&one, ServerState::Running).await.unwrap();
    for _ in 0..4 {
        assert_eq!(new().await.unwrap().owner.as_ref(), Some(&one));
    }
    second.take_over(&two, &one).await.unwrap();
    assert!(new().await.unwrap_err().is_stale(), "it was declared dead");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_lock_sees_what_was_committed_meanwhile_whatever_the_database_is_set_to() {
    let server = server_with_schema().await;
    server.sql("test_0", "ALTER DATABASE test_0 SET default_transaction_isolation = 'repeatable read'");
    let store = open(&server).await;
    let session = store.database.writer().await.unwrap();
    let isolation: String = session.query_one("SHOW transaction_isolation", &[]).await.unwrap().get(0);
    assert_eq!(isolation, "read committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_goes_by_what_another_process_has_done_to_its_request() {
    let server = server_with_schema().await;
    let (first, second) = (open(&server).await, open(&server).await);
    let one = owner(&first, "one").await;
    let made = first.create_requests(vec![new_request(anywhere()); 2], Some(one), None).await.unwrap();
    let (stalled, cancelled) = (&made[0].request, &made[1].request);
    let stalls = entry(stalled, "stalled".to_owned()).log.remove(0);
    second.mark_stalled(stalled.id, stalled.fence, Some(Timestamp(1)), stalls).await.unwrap();
    second.cancel(cancelled.id, "somebody").await.unwrap();
    let end = |request: &Request| {
        let end = AttemptEnd::Finished { reply: None };
        first.end_attempt(request.id, request.fence, end, entry(request, "end".to_owned()))
    };
    let (ended, refused) = tokio::join!(end(stalled), end(cancelled));
    assert_eq!(ended.unwrap().state, RequestState::Finished);
    assert!(refused.unwrap_err().is_stale());
    let log = first.log(stalled.id, 0, 1000).await.unwrap();
    let told: Vec<_> = log.iter().map(|numbered| numbered.entry.message.as_str()).collect();
    assert_eq!(told[..2], ["stalled", "end"]);
    assert_eq!(first.get(cancelled.id).await.unwrap().state, RequestState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_claim_from_one_queue_without_doubles_and_see_each_others_changes() {
    let server = server_with_schema().await;
    let (first, second) = (open(&server).await, open(&server).await);
    let (one, two) = (owner(&first, "one").await, owner(&second, "two").await);
    let mut changes = second.changes();
    changes.borrow_and_update();
    first.create_requests(vec![new_request(anywhere()); 100], None, None).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), changes.changed()).await.unwrap().unwrap();
    let mut claimed = Vec::new();
    until(async || {
        let (by_one, by_two) = tokio::join!(first.claim(&one, 7), second.claim(&two, 7));
        claimed.extend(by_one.unwrap().into_iter().chain(by_two.unwrap()).map(|request| request.id));
        claimed.len() >= 100
    })
    .await;
    let all = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!((all, claimed.len()), (100, 100));
}

fn point(request: &Request, number: u64) -> SavedPoint {
    let data = match number % 3 {
        0 => SavedData::Inline(vec![number as u8; 20].into()),
        1 => SavedData::Object { key: format!("a/{number}"), hash: "0f".repeat(32), bytes: number },
        _ => SavedData::None,
    };
    SavedPoint {
        kind: SavedKind::ALL[number as usize % SavedKind::ALL.len()],
        component: format!("checkpoint-{number}"),
        iteration: if number.is_multiple_of(2) { String::new() } else { format!("foreach-a[{number}]") },
        name: "“1,2\t\\N”".to_owned(),
        data,
        variables: serde_json::json!({"number": number}),
        outlets: if number.is_multiple_of(5) { vec!["out".to_owned()] } else { Vec::new() },
        due: number.is_multiple_of(7).then_some(Timestamp(number as i64)),
        rows: number,
        attempt: request.attempt,
        at: Timestamp(1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_saved_points_in_one_write_are_saved_as_few_are() {
    let server = server_with_schema().await;
    let store = open(&server).await;
    let owner = owner(&store, "a").await;
    let made = store.create_requests(vec![new_request(anywhere()); 2], Some(owner), None).await.unwrap();
    let (together, apart) = (&made[0].request, &made[1].request);
    let points: Vec<SavedPoint> = (0..700).map(|number| point(together, number)).collect();
    let write = |saved: &[SavedPoint], message: &str| AttemptWrite {
        saved: saved.to_vec(),
        ..entry(together, message.to_owned())
    };
    store.write(together.id, together.fence, write(&points, "all")).await.unwrap();
    for some in points.chunks(100) {
        store.write(apart.id, apart.fence, write(some, "some")).await.unwrap();
    }
    assert_eq!(store.saved_points(together.id).await.unwrap(), points);
    assert_eq!(store.saved_points(apart.id).await.unwrap(), points);
    assert_eq!(
        (store.log(together.id, 0, 9).await.unwrap().len(), store.log(apart.id, 0, 9).await.unwrap().len()),
        (1, 7)
    );
    assert_eq!(store.get(together.id).await.unwrap().saved_points, 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_of_answered_batches_do_not_pile_up() {
    let server = server_with_schema().await;
    let store = open(&server).await;
    let owner = owner(&store, "a").await;
    let request = store.create_request(new_request(anywhere()), Some(owner)).await.unwrap().request;
    let marks = || server.sql("test_0", "SELECT count(*) FROM committed").parse::<u32>().unwrap();
    for number in 0..200 {
        store.write(request.id, request.fence, entry(&request, number.to_string())).await.unwrap();
    }
    assert!(marks() >= 200, "{}", marks());
    let mut number = 200;
    until(async || {
        store.write(request.id, request.fence, entry(&request, number.to_string())).await.unwrap();
        number += 1;
        number > 256 && marks() < 200
    })
    .await;
}
