//! What the machine does to a cluster: its clock is set, its disk is full.

use flow_api::{ClientError, NewRequests, Server, Update};
use serde_json::{Map, json};
use std::path::Path;
use system_tests::Tested;
use system_tests::chaos::{FLOW, History, Load, PROJECT, Scene};
use system_tests::clock::TestClock;
use system_tests::cluster::TestCluster;
use system_tests::small_disk::SmallDisk;
use system_tests::wait::until;

/// What happens to two servers on this database whose clock is set, of both or only of the first.
async fn clocks_that_are_set(connection: &str, folder: &Path, both: bool) -> Tested {
    const HOURS: i64 = 3600;
    let clock = TestClock::new(folder);
    let (servers, environment): (&[&str], _) =
        if both { (&["one", "two"], clock.environment()) } else { (&["two"], Vec::new()) };
    let mut scene = Scene::begin_on(connection, folder, servers, &environment).await;
    if !both {
        scene.cluster.add_server_with("one", &clock.environment());
        scene.cluster.server("one").client.update(PROJECT, &Update::default()).await?;
    }
    let lives = async |scene: &Scene| -> Vec<(String, i64)> {
        let servers: Vec<Server> = scene.cluster.server("two").client.servers().await.expect("the servers");
        servers.into_iter().map(|server| (server.id, server.epoch)).collect()
    };
    let load = Load::start(&scene.cluster);
    let made_more = async |load: &Load| {
        let made = load.made();
        until("the load goes on", async || (load.made() > made + 15).then_some(())).await;
    };
    let mut calm = 0;
    for offset in [2 * HOURS, -3 * HOURS, 24 * HOURS, 0] {
        let before = lives(&scene).await;
        clock.set(offset);
        made_more(&load).await;
        calm += u32::from(lives(&scene).await == before);
    }
    // A machine under load may make a server late now and then; a lease by the clock would do so at every jump.
    assert!(calm > 0, "leases go by the clock");

    // A server that is lost while the clock jumps is taken over as ever.
    scene.cluster.server_mut("one").kill();
    clock.set(-2 * HOURS);
    made_more(&load).await;
    scene.cluster.add_server_with("one", &clock.environment());
    load.servers_are(&scene.cluster);
    clock.set(0);
    made_more(&load).await;
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_makes_nobody_look_dead_and_loses_and_repeats_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let connection = format!("sqlite:{}", folder.path().join("cairn.db").display());
    clocks_that_are_set(&connection, folder.path(), true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_one_machine_that_is_set_does_no_harm_to_a_cluster_on_postgres() -> Tested {
    let (database, folder) = (test_postgres::Server::start(), tempfile::tempdir()?);
    clocks_that_are_set(&database.database(), folder.path(), false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_after_its_clock_was_set_back_by_hours_says_so() -> Tested {
    let folder = tempfile::tempdir()?;
    let clock = TestClock::new(folder.path());
    clock.set(3 * 3600);
    let mut cluster = TestCluster::start_in(folder.path(), &["one"], &clock.environment());
    until("it has said of itself what others show", async || {
        let seen = cluster.server("one").sees(&cluster.server("one").id).await;
        seen.program.map(|_| ())
    })
    .await;
    cluster.server_mut("one").kill();
    assert!(!cluster.log_of("one").contains("serve/clock"), "{}", cluster.log_of("one"));

    clock.set(0);
    cluster.add_server("one");
    until("its log tells so, with the way out", async || {
        let log = cluster.log_of("one");
        ["serve/clock", "h ", "later than", "NTP"].iter().all(|part| log.contains(part)).then_some(())
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_loses_nothing_and_the_cluster_goes_on_when_there_is_room() -> Tested {
    let parent = tempfile::tempdir()?;
    let Some(disk) = SmallDisk::mount(parent.path(), 64) else {
        eprintln!("NOT TRIED: this account may not mount a file system");
        return Ok(());
    };
    let scene = Scene::begin(&disk.folder, &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;

    disk.fill();
    // What is refused makes no request. As long as there is room in what the database has already, more are made, each
    // under a key of its own; one without an answer is asked for again.
    let (mut number, mut squeezed_in) = (1_000_000, Vec::new());
    until("the full disk is said", async || {
        let wish = NewRequests {
            project: PROJECT.to_owned(),
            flow: FLOW.to_owned(),
            inputs: Map::from_iter([("number".to_owned(), json!(number))]),
            count: None,
            priority: None,
            trigger: None,
        };
        let key = format!("full-{number}");
        match scene.cluster.server("one").client.create_requests(&wish, Some(&key)).await {
            Err(ClientError::Problem(problem)) => (problem.code == "store/full").then_some(()),
            Ok(made) => {
                squeezed_in.extend(made.requests.first().map(|request| (number, request.id)));
                number += 1;
                None
            }
            Err(_) => None,
        }
    })
    .await;
    disk.make_room();

    let made = load.made();
    until("the cluster goes on", async || (load.made() > made + 20).then_some(())).await;
    let mut made = load.stop().await;
    made.extend(squeezed_in);
    History::gather(&scene, made, &["sql/disk-full"]).await.check(false);
    Ok(())
}
