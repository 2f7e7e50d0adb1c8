//! Servers that leave in good order: SIGTERM, restarts one after the other under load, updates while they last, and
//! maintenance. And limits, which hold wherever requests go.

use crate::takeover::Story;
use flow_api::{AttemptEnd, Request, RequestState, ServerState, SettingChange, Update};
use rusqlite::TransactionBehavior;
use serde_json::json;
use std::time::{Duration, Instant};
use system_tests::Tested;
use system_tests::chaos::{self, History, Load, PROJECT, Scene};
use system_tests::cluster::TestCluster;
use system_tests::wait::until;
use test_postgres::Server as Database;

/// Requests made and confirmed between two steps of a restart, so that there is always work on the way.
const BETWEEN: usize = 15;

/// The table of results is in one SQLite file, which all servers write to: who waits too long for another's lock fails, and
/// an operator lets it go on.
const MENDED: [&str; 1] = ["sql/busy"];

async fn set(cluster: &TestCluster, server: &str, key: &str, value: serde_json::Value) {
    let change = SettingChange { value, version: None };
    cluster.server(server).client.change_setting(key, &change).await.expect("the setting is changed");
}

async fn request(story: &Story, server: &str, number: i64) -> Request {
    story.cluster.server(server).request("ledger", "ledger", json!({"number": number}), 1).await.remove(0)
}

async fn until_ended(cluster: &mut TestCluster, name: &str) {
    until(&format!("{name} ends"), async || cluster.server_mut(name).has_ended().then_some(())).await;
}

async fn until_more(load: &Load) {
    let made = load.made();
    until("the load goes on", async || (load.made() > made + BETWEEN).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_lets_what_runs_end_by_itself_within_the_set_time() -> Tested {
    let mut story = Story::begin_with(&["first", "second"], true, &[]).await?;
    set(&story.cluster, "first", "limits.stop_seconds", json!(60)).await;
    let running = request(&story, "first", 1).await;
    story.endpoint.until_calls(1).await;
    story.cluster.server("first").terminate();
    let id = story.cluster.server("first").id.clone();
    until("it drains", async || {
        (story.cluster.server("second").sees(&id).await.state == ServerState::Draining).then_some(())
    })
    .await;
    assert!(!story.cluster.server_mut("first").has_ended(), "it has time");
    story.endpoint.open();
    until_ended(&mut story.cluster, "first").await;
    let ended = story.cluster.server("second").until_ended(running.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 1));
    assert_eq!(ended.owner.map(|owner| owner.server), Some(id), "it ended where it ran");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_hands_over_what_does_not_end_within_the_set_time() -> Tested {
    let mut story = Story::begin_with(&["first", "second"], true, &[]).await?;
    set(&story.cluster, "first", "limits.stop_seconds", json!(1)).await;
    let running = request(&story, "first", 1).await;
    story.endpoint.until_calls(1).await;
    let told = Instant::now();
    story.cluster.server("first").terminate();
    // The other one has it before the endpoint answers anybody.
    story.endpoint.until_calls(2).await;
    assert!(told.elapsed() >= Duration::from_secs(1), "it had its time");
    until_ended(&mut story.cluster, "first").await;
    story.endpoint.open();
    let survivor = story.cluster.server("second");
    let ended = survivor.until_ended(running.id).await;
    assert_eq!((ended.state, ended.attempt, ended.retries_used), (RequestState::Finished, 2, 0));
    let detail = survivor.client.request(running.id).await?;
    assert_eq!(detail.attempts[0].end, Some(AttemptEnd::Released));
    let acts = story.ledger().len();
    assert_eq!(acts, 2, "what was settled did not run again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_never_takes_what_is_recovered() -> Tested {
    let mut story = Story::begin_with(&["draining", "dying"], true, &[]).await?;
    set(&story.cluster, "dying", "limits.stop_seconds", json!(60)).await;
    request(&story, "draining", 1).await;
    story.endpoint.until_calls(1).await;
    let lost = request(&story, "dying", 2).await;
    story.endpoint.until_calls(2).await;
    let (draining, dying) = (story.cluster.server("draining").id.clone(), story.cluster.server("dying").id.clone());
    story.cluster.server("draining").terminate();
    until("it drains", async || {
        (story.cluster.server("dying").sees(&draining).await.state == ServerState::Draining).then_some(())
    })
    .await;
    story.cluster.server_mut("dying").kill();
    // The loss is seen in milliseconds and would be answered at once; a lease covers all other ways.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    story.cluster.add_server("next");
    story.endpoint.until_calls(3).await;
    story.endpoint.open();
    let next = story.cluster.server("next");
    let ended = next.until_ended(lost.id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    let owners: Vec<String> =
        next.client.request(lost.id).await?.attempts.into_iter().map(|attempt| attempt.owner.server).collect();
    assert_eq!(owners, [dying, next.id.clone()]);
    until_ended(&mut story.cluster, "draining").await;
    Ok(())
}

/// Restarts the servers one after the other, the next one told to stop while the one before it comes back.
async fn restart_all(cluster: &mut TestCluster, load: &Load, names: &[&str]) {
    cluster.server(names[0]).terminate();
    for (place, name) in names.iter().enumerate() {
        until_ended(cluster, name).await;
        if let Some(next) = names.get(place + 1) {
            cluster.server(next).terminate();
        }
        cluster.add_server(name);
        load.servers_are(cluster);
        until_more(load).await;
    }
}

/// `meanwhile`: what comes before the first of them is told to stop.
async fn restarts_on(connection: &str, folder: &std::path::Path, meanwhile: impl FnOnce()) -> Tested {
    let names = ["one", "two", "three"];
    let mut scene = Scene::begin_on(connection, folder, &names, &[]).await;
    let load = Load::start(&scene.cluster);
    until_more(&load).await;
    meanwhile();
    restart_all(&mut scene.cluster, &load, &names).await;
    let made = load.stop().await;
    let history = History::gather(&scene, made, &MENDED).await;
    history.check(false);
    assert!(
        history
            .details()
            .all(|detail| detail.attempts.iter().all(|attempt| attempt.end != Some(AttemptEnd::OwnerLost)))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_restarted_one_after_the_other_under_load_lose_and_repeat_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    restarts_on(&format!("sqlite:{}", folder.path().join("cairn.db").display()), folder.path(), || {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_postgres_that_are_restarted_one_after_the_other_lose_and_repeat_nothing() -> Tested {
    let database = Database::start();
    let folder = tempfile::tempdir()?;
    restarts_on(&database.database(), folder.path(), || {}).await
}

/// What the first server of a next release may do to the database that serves this release, too.
const NEXT_SCHEMA: &str = "
    ALTER TABLE server ADD COLUMN later text;
    ALTER TABLE request_given ADD COLUMN later text;
    ALTER TABLE request ADD COLUMN later bigint NOT NULL DEFAULT 7;
    ALTER TABLE history ADD COLUMN later text;
    ALTER TABLE attempt ADD COLUMN later text;
    CREATE TABLE later (id bigint PRIMARY KEY);
    CREATE INDEX request_later ON request (later);
    INSERT INTO migration (number, name, at) SELECT max(number) + 1, 'later', 0 FROM migration;";

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_on_and_start_again_on_the_schema_of_a_next_release() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cairn.db");
    restarts_on(&format!("sqlite:{}", path.display()), folder.path(), || {
        let mut database = rusqlite::Connection::open(&path).expect("it opens");
        database.busy_timeout(Duration::from_secs(30)).expect("a time");
        let migration = database.transaction_with_behavior(TransactionBehavior::Immediate).expect("its turn");
        migration.execute_batch(NEXT_SCHEMA).expect("the next schema");
        let number: i64 = migration.query_row("SELECT max(number) FROM migration", [], |row| row.get(0)).expect("it");
        migration.pragma_update(None, "user_version", number).expect("its number");
        migration.commit().expect("all of it");
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_postgres_go_on_and_start_again_on_the_schema_of_a_next_release() -> Tested {
    let database = Database::start();
    let folder = tempfile::tempdir()?;
    restarts_on(&database.database(), folder.path(), || {
        // Servers lock tables in other orders: who stands in another's way begins anew, as a migration does.
        let migration = format!(
            "DO $$ BEGIN LOOP
                 BEGIN
                     {NEXT_SCHEMA}
                     EXIT;
                 EXCEPTION WHEN deadlock_detected THEN
                     NULL;
                 END;
             END LOOP; END $$"
        );
        database.sql("test_0", &migration);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_the_project_between_restarts_loses_and_repeats_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let names = ["one", "two", "three"];
    let mut scene = Scene::begin(folder.path(), &names, &[]).await;
    let load = Load::start(&scene.cluster);
    until_more(&load).await;
    scene.project.write("flows/acts.flow.json", &chaos::newer_flow());
    scene.project.commit_and_push("Reply with the release");
    for name in names {
        scene.cluster.server(name).terminate();
        until_ended(&mut scene.cluster, name).await;
        let server = scene.cluster.add_server(name);
        // Those before it have the new version by now, and those behind it the old one.
        server.client.update(PROJECT, &Update::default()).await?;
        load.servers_are(&scene.cluster);
        until_more(&load).await;
    }
    let made = load.stop().await;
    let history = History::gather(&scene, made, &MENDED).await;
    history.check(false);
    let mut versions = std::collections::BTreeMap::new();
    for detail in history.details() {
        let release = detail.request.reply.as_ref().and_then(|reply| reply[0].get("release")).cloned();
        let release =
            versions.entry(detail.request.version.clone()).or_insert_with(|| release.clone()).clone() == release;
        assert!(release, "a request replies as its own version does: {:?}", detail.request);
    }
    assert_eq!(versions.len(), 2, "requests of both versions ran: {versions:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_maintenance_hands_over_and_takes_nothing_until_it_ends() -> Tested {
    let story = Story::begin_with(&["first", "second"], true, &[]).await?;
    set(&story.cluster, "second", "limits.stop_seconds", json!(1)).await;
    let running = request(&story, "first", 1).await;
    story.endpoint.until_calls(1).await;
    let (first, second) = (story.cluster.server("first"), story.cluster.server("second"));
    let shown = second.client.maintain_server(&first.id, true).await?;
    assert_eq!((shown.state, shown.maintenance), (ServerState::Draining, true));
    // It is handed over when its time is up, and runs at the other one.
    story.endpoint.until_calls(2).await;
    let moved = second.until_state(running.id, RequestState::Running).await;
    assert_eq!(moved.owner.map(|owner| owner.server).as_ref(), Some(&second.id));
    // Whoever is asked, the other one runs it.
    let more = request(&story, "first", 2).await;
    story.endpoint.until_calls(3).await;
    let more = second.until_state(more.id, RequestState::Running).await;
    assert_eq!(more.owner.map(|owner| owner.server).as_ref(), Some(&second.id));
    let refused = first.client.re_execute(running.id).await.expect_err("it takes nothing");
    assert_eq!(refused.code(), "server/not-running");

    // With nobody left, what is made waits, and it is said why.
    second.client.maintain_server(&second.id, true).await?;
    let waiting = request(&story, "first", 3).await;
    let told = second.client.request(waiting.id).await?.request;
    assert_eq!(told.state, RequestState::Queued);
    assert_eq!(told.waits_for.as_deref(), Some("every server is in maintenance or stopped"));
    first.client.maintain_server(&first.id, false).await?;
    story.endpoint.open();
    for id in [running.id, more.id, waiting.id] {
        assert_eq!(second.until_ended(id).await.state, RequestState::Finished);
    }
    assert_eq!(story.ledger().len(), 6, "what was settled did not run again");
    Ok(())
}

/// Those of the requests that run, as a server sees them.
async fn running_of(cluster: &TestCluster, server: &str, requests: &[i64]) -> Vec<Request> {
    let mut running = Vec::new();
    for id in requests {
        let request = cluster.server(server).client.request(*id).await.expect("it is there").request;
        if request.state == RequestState::Running {
            running.push(request);
        }
    }
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_on_all_servers_and_after_a_takeover() -> Tested {
    let mut story = Story::begin_with(&["first", "second", "third"], true, &[]).await?;
    set(&story.cluster, "first", "limit.connection.ledger/hold", json!(2)).await;
    // Every server knows of it within half a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut made = Vec::new();
    for number in 0..6 {
        let server = ["first", "second", "third"][number as usize % 3];
        made.push(request(&story, server, number).await.id);
    }
    story.endpoint.until_calls(2).await;
    let running = running_of(&story.cluster, "third", &made).await;
    assert_eq!(running.len(), 2);
    let waiting = made.iter().find(|id| running.iter().all(|request| request.id != **id)).expect("one that waits");
    let told = story.cluster.server("third").client.request(*waiting).await?.request;
    assert_eq!(told.waits_for.as_deref(), Some("limit of connection hold reached: 2 of 2 running"));
    let lost = running[0].owner.as_ref().expect("it runs").server.clone();
    let name = ["first", "second", "third"].into_iter().find(|name| story.cluster.server(name).id == lost);
    let name = name.expect("one of the three");
    let survivor = ["first", "second", "third"].into_iter().find(|other| *other != name).expect("another");
    story.cluster.server_mut(name).kill();
    story.endpoint.until_calls(3).await;
    for _ in 0..20 {
        assert!(running_of(&story.cluster, survivor, &made).await.len() <= 2, "a third one runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    story.endpoint.open();
    for id in &made {
        assert_eq!(story.cluster.server(survivor).until_ended(*id).await.state, RequestState::Finished);
    }
    assert_eq!(story.ledger().len(), 12, "nothing lost, and nothing settled ran again");
    Ok(())
}
