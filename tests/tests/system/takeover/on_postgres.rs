//! The same on PostgreSQL, and what happens when the database itself goes away.

use super::{Story, TestCluster, every_row_once};
use flow_api::{RequestState, Update};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::time::{Duration, Instant};
use system_tests::Tested;
use system_tests::chaos::{Faults, History, Load, Scene, chance, time_of_faults};
use system_tests::wait::until;
use test_postgres::Server;
use test_service::Line;

/// Far longer than the lease of two seconds.
const LONG: Duration = Duration::from_secs(6);

async fn begin(database: &Server) -> std::io::Result<Story> {
    Story::begin_on(Some(&database.database()), &["first", "second"], true, &[]).await
}

/// The epochs of the servers, as one of them sees them.
async fn epochs(cluster: &TestCluster) -> Vec<i64> {
    let servers = cluster.server("second").client.servers().await.expect("the servers");
    servers.into_iter().map(|server| server.epoch).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_taken_over_on_postgres() -> Tested {
    let database = Server::start();
    let mut story = begin(&database).await?;
    let requests = story.under_way(5).await;
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
async fn where_sessions_are_shared_a_killed_server_is_taken_over_after_a_lease() -> Tested {
    let database = Server::start();
    let address = database.database();
    // As behind a pooler that shares sessions between clients: each statement is with another process of the database.
    let another = "CREATE FUNCTION public.pg_backend_pid() RETURNS int LANGUAGE sql VOLATILE
                   AS 'SELECT (random() * 1000000)::int'";
    database.sql("test_0", another);
    let connection = format!("{address}?options=-csearch_path%3Dpublic%2Cpg_catalog");
    let mut story = Story::begin_on(Some(&connection), &["first", "second"], true, &[]).await?;
    for name in ["first", "second"] {
        until("its log warns of it", async || {
            story.cluster.log_of(name).contains("cluster/shared-sessions").then_some(())
        })
        .await;
    }
    let requests = story.under_way(5).await;
    story.cluster.servers[0].kill();
    let lost = Instant::now();
    story.endpoint.until_calls(10).await;
    assert!(lost.elapsed() > Duration::from_secs(1), "nothing but its heartbeat tells of it");
    story.endpoint.open();
    for request in &requests {
        let ended = story.cluster.server("second").until_ended(request.id).await;
        assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    }
    assert_eq!(story.ledger(), every_row_once(5), "nothing lost, and nothing settled ran again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_fenced_off_on_postgres() -> Tested {
    let database = Server::start();
    let mut story = begin(&database).await?;
    let request = story.under_way(1).await.remove(0);
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
    let requests = story.under_way(5).await;
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

/// The database ends at once, at a moment by chance between the death of a server and the first that its survivor does.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_at_any_moment_of_a_takeover_strands_nothing() -> Tested {
    let mut chance = chance();
    let (mut database, folder) = (Server::start(), tempfile::tempdir()?);
    let mut scene = Scene::begin_on(&database.database(), folder.path(), &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    for round in 0..6 {
        let made = load.made();
        until("the load runs", async || (load.made() > made + 10).then_some(())).await;
        // They take turns.
        let lost = ["one", "two"][round % 2];
        scene.cluster.server_mut(lost).kill();
        let milliseconds = chance.random_range(0..300);
        println!("{lost} is lost, and {milliseconds} ms later the database");
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        database.crash();
        database.start_again();
        scene.cluster.add_server(lost);
        load.servers_are(&scene.cluster);
    }
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_longer_than_a_lease_is_nobodys_death() -> Tested {
    let mut database = Server::start();
    let mut story = begin(&database).await?;
    let requests = story.under_way(3).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_ended_again_and_again_are_nobodys_death() -> Tested {
    let database = Server::start();
    let mut story = begin(&database).await?;
    let requests = story.under_way(3).await;
    let before = epochs(&story.cluster).await;
    for _ in 0..8 {
        database.end_sessions();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    story.endpoint.open();
    for request in &requests {
        let ended = story.cluster.server("second").until_ended(request.id).await;
        assert_eq!(ended.state, RequestState::Finished);
    }
    assert_eq!(epochs(&story.cluster).await, before, "a living server was declared dead");
    assert_eq!(story.ledger(), every_row_once(3), "nothing lost, and nothing settled ran again");
    story.cluster.servers.clear();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_parted_from_the_database_is_taken_over_and_joins_again() -> Tested {
    let database = Server::start_listening();
    let line = Line::to(database.port()).await;
    let direct = database.database();
    let name = direct.rsplit('/').next().unwrap_or_default();
    let parted = format!("postgres://cairn@127.0.0.1:{}/{name}", line.port);
    let mut story = Story::begin_on(Some(&direct), &["second"], true, &[]).await?;
    story.cluster.add_server_by("first", &parted);
    story.cluster.server("first").client.update("ledger", &Update::default()).await?;
    let requests = story.under_way(2).await;
    let (first, second) = (story.cluster.server("first"), story.cluster.server("second"));
    let epoch = second.sees(&first.id).await.epoch;

    line.hang();
    story.endpoint.until_calls(4).await;
    story.endpoint.open();
    for request in &requests {
        let ended = second.until_ended(request.id).await;
        assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
        assert_eq!(ended.owner.map(|owner| owner.server), Some(second.id.clone()));
    }
    line.lead_to(database.port());
    until("the server that was parted joins anew", async || (second.sees(&first.id).await.epoch > epoch).then_some(()))
        .await;
    // One more look: what the first server sent before it was parted may arrive now, and changes nothing.
    for request in &requests {
        let after = second.client.request(request.id).await?.request;
        assert_eq!((after.state, after.attempt), (RequestState::Finished, 2));
    }
    assert_eq!(story.ledger(), every_row_once(2), "nothing lost, and nothing settled ran again");
    let next = story.cluster.server("first").request("ledger", "ledger", json!({"number": 9}), 1).await.remove(0);
    assert_eq!(story.cluster.server("first").until_ended(next.id).await.state, RequestState::Finished);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_on_postgres_under_kills_stops_and_ended_sessions_loses_and_repeats_nothing() -> Tested {
    let mut chance = chance();
    // One seed decides both.
    let mut faults = StdRng::seed_from_u64(chance.random());
    let (database, folder) = (Server::start(), tempfile::tempdir()?);
    let mut scene = Scene::begin_on(&database.database(), folder.path(), &["one", "two", "three"], &[]).await;
    let load = Load::start(&scene.cluster);
    let ending = async {
        loop {
            tokio::time::sleep(Duration::from_millis(chance.random_range(300..1500))).await;
            println!("end all sessions");
            tokio::task::block_in_place(|| database.end_sessions());
        }
    };
    tokio::select! {
        () = ending => {}
        () = Faults::ALL.inject(time_of_faults(), &mut scene.cluster, &load, &mut faults) => {}
    }
    // What was cut off in the middle of a restart comes back.
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_again_and_again_under_load_loses_and_repeats_nothing() -> Tested {
    let mut chance = chance();
    let (mut database, folder) = (Server::start(), tempfile::tempdir()?);
    let scene = Scene::begin_on(&database.database(), folder.path(), &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    for round in 0..3 {
        let made = load.made();
        until("the load runs", async || (load.made() > made + 20).then_some(())).await;
        database.crash();
        // The last time for longer than a lease.
        let away = if round == 2 { 3_000 } else { chance.random_range(0..800) };
        tokio::time::sleep(Duration::from_millis(away)).await;
        database.start_again();
    }
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_with_one_id_another_storage_and_a_clock_that_is_hours_off_are_refused() -> Tested {
    let (database, folder) = (Server::start(), tempfile::tempdir()?);
    let connection = database.database();
    let clock = system_tests::clock::TestClock::new(folder.path());
    let mut story = Story::begin_on(Some(&connection), &["first"], true, &[]).await?;
    let refused_with = |environment: &[(String, String)], state: &std::path::Path, storage: &std::path::Path| {
        let mut command = std::process::Command::new(system_tests::program("cairn"));
        command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--checkpoint-connection", &connection]);
        command.arg("--checkpoint-storage").arg(storage).arg("--state").arg(state).envs(environment.iter().cloned());
        let ran =
            command.arg("--key-file").arg(story.cluster.folder.join("cairn.db.key")).output().expect("cairn runs");
        assert_eq!(ran.status.code(), Some(3));
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    let refused = |state: &std::path::Path, storage: &std::path::Path| refused_with(&[], state, storage);
    let twin = folder.path().join("twin");
    std::fs::create_dir(&twin)?;
    std::fs::copy(story.cluster.folder.join("first/server-id"), twin.join("server-id"))?;
    let told = refused(&twin, &story.cluster.folder.join("storage"));
    assert!(told.contains("cluster/id-in-use") && told.contains("remove the file server-id"), "{told}");
    let told = refused(&folder.path().join("third"), &folder.path().join("elsewhere"));
    assert!(told.contains("storage/another") && told.contains("check that it is the folder"), "{told}");
    assert!(told.contains("cairn-storage.json"), "{told}");

    // Its clock is three hours behind. Where it starts all the same, requests go by the database's, and so do heartbeats.
    clock.set(-3 * 3600);
    let told = refused_with(&clock.environment(), &folder.path().join("late"), &story.cluster.folder.join("storage"));
    assert!(told.contains("serve/clock") && told.contains("3 h 0 min behind"), "{told}");
    assert!(told.contains("let NTP or chrony keep it") && told.contains("--clock-check off"), "{told}");
    let mut late = story.cluster.brought_to(&story.cluster.folder.clone());
    let unchecked = [clock.environment(), vec![("CAIRN_CLOCK_CHECK".to_owned(), "off".to_owned())]].concat();
    late.go_by(&connection, &unchecked);
    late.add_server("late");
    late.server("late").client.update("ledger", &Update::default()).await?;
    until("the log tells of its clock", async || {
        let log = late.log_of("late");
        (log.contains("serve/clock") && log.contains("3 h 0 min behind")).then_some(())
    })
    .await;
    let epochs = |server: &system_tests::cluster::ServerProcess| {
        let client = server.client.clone();
        async move { client.servers().await.unwrap_or_default().into_iter().map(|server| server.epoch).collect::<Vec<_>>() }
    };
    let before = epochs(late.server("late")).await;
    let requests = late.server("late").request("ledger", "ledger", json!({"number": 1}), 1).await;
    story.endpoint.until_calls(1).await;
    late.server_mut("late").kill();
    story.endpoint.open();
    let ended = story.cluster.server("first").until_ended(requests[0].id).await;
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2), "it is due at once, by whatever clock");
    assert_eq!(epochs(story.cluster.server("first")).await, before, "nobody was declared dead by a clock");
    story.cluster.servers.clear();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_asks_little_of_the_database() -> Tested {
    const SECONDS: u32 = 20;
    const LOOKS: usize = 5;
    /// What is aimed at is 4; sessions tell what they did in lumps, so no look is exact.
    const MOST: f64 = 4.5;
    let database = Server::start();
    // What the database does by itself would be counted, too. Nobody else is in this one.
    for sql in ["ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"] {
        database.sql("postgres", sql);
    }
    let mut story = begin(&database).await?;
    let transactions = || -> f64 {
        let sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'test_0'";
        database.sql("postgres", sql).parse().unwrap_or(f64::NAN)
    };
    // A session tells what it did up to 10 seconds later, so the first looks may still count how all began.
    let mut seen = Vec::new();
    while seen.last().is_none_or(|each| *each > MOST) && seen.len() < LOOKS {
        let before = transactions();
        tokio::time::sleep(Duration::from_secs(SECONDS.into())).await;
        seen.push((transactions() - before) / f64::from(SECONDS) / 2.0);
    }
    println!("transactions a second and server: {seen:.2?}");
    assert!(seen.last().is_some_and(|each| *each <= MOST), "transactions a second and server: {seen:.2?}");
    story.cluster.servers.clear();
    Ok(())
}
