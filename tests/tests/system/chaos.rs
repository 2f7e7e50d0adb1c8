//! Real clusters under load and faults: nothing lost, no state changed twice, no settled component run twice.
//!
//! `CAIRN_CHAOS_SECONDS` makes them longer, `CAIRN_CHAOS_SEED` repeats what a failed test did.

use crate::bucket::credentials;
use rand::RngExt;
use rand::rngs::StdRng;
use std::path::Path;
use std::time::Duration;
use system_tests::Tested;
use system_tests::chaos::{Faults, History, Load, Scene, chance, stop_inside_the_write_lock, time_of_faults};
use system_tests::wait::until;

/// The boundaries of a write in their order (`flow_store::FAULT_POINTS`).
const FAULT_POINTS: [&str; 6] = [
    "before-object",
    "after-object",
    "before-commit",
    "after-commit",
    "before-acknowledgement",
    "after-acknowledgement",
];

async fn faults_in_a_cluster_of(names: &[&str], faults: Faults, mut chance: StdRng) -> Tested {
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::begin(folder.path(), names, &[]).await;
    let load = Load::start(&scene.cluster);
    faults.inject(time_of_faults(), &mut scene.cluster, &load, &mut chance).await;
    let made = load.stop().await;
    let history = History::gather(&scene, made, &[]).await;
    history.check(faults.stop > 0);
    // The more servers there are, the less each of them has under way.
    assert!(history.moved() > 0 || names.len() > 2, "nothing was under way when a server was killed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_server_that_is_killed_again_and_again_loses_and_repeats_nothing() -> Tested {
    faults_in_a_cluster_of(&["lone"], Faults { storm: 1, ..Faults::KILLS }, chance()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_two_under_kills_loses_and_repeats_nothing() -> Tested {
    faults_in_a_cluster_of(&["one", "two"], Faults::KILLS, chance()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_three_under_kills_and_stops_loses_and_repeats_nothing() -> Tested {
    faults_in_a_cluster_of(&["one", "two", "three"], Faults::ALL, chance()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_five_under_kills_and_stops_loses_and_repeats_nothing() -> Tested {
    faults_in_a_cluster_of(&["one", "two", "three", "four", "five"], Faults::ALL, chance()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_inside_the_write_lock_is_ended_by_the_first_survivor() -> Tested {
    let mut chance = chance();
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::begin(folder.path(), &["one", "two", "three"], &[]).await;
    let load = Load::start(&scene.cluster);
    for name in ["one", "two"] {
        let made = load.made();
        until("the load runs", async || (load.made() > made + 20).then_some(())).await;
        stop_inside_the_write_lock(&scene.cluster, name, &mut chance).await;
        let pid = scene.cluster.server(name).pid();
        until("the others end it", async || scene.cluster.server_mut(name).has_ended().then_some(())).await;
        let logs: String = ["one", "two", "three"]
            .into_iter()
            .filter(|other| *other != name)
            .map(|other| scene.cluster.log_of(other))
            .collect();
        let told =
            logs.lines().any(|line| line.contains("killed-write-lock-holder") && line.contains(&pid.to_string()));
        assert!(told, "no survivor tells whom it ended ({pid}):\n{logs}");
        scene.cluster.add_server(name);
        load.servers_are(&scene.cluster);
    }
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_given_up_and_wakes_again_and_again_never_blocks_the_others() -> Tested {
    let mut chance = chance();
    let folder = tempfile::tempdir()?;
    let mut scene = Scene::begin(folder.path(), &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;
    let id = scene.cluster.server("one").id.clone();
    for _ in 0..3 {
        let epoch = scene.cluster.server("two").sees(&id).await.epoch;
        scene.cluster.server("one").stop();
        until("it is given up", async || {
            let seen = scene.cluster.server("two").sees(&id).await;
            (seen.epoch != epoch || seen.state == flow_api::ServerState::Terminated).then_some(())
        })
        .await;
        // It wakes for a moment, long enough to begin a write, not long enough to learn what happened.
        for _ in 0..5 {
            scene.cluster.server("one").go_on();
            tokio::time::sleep(Duration::from_micros(chance.random_range(100..5_000))).await;
            scene.cluster.server("one").stop();
        }
        let made = load.made();
        until("the other one goes on", async || (load.made() > made + 10).then_some(())).await;
        if scene.cluster.server_mut("one").has_ended() {
            scene.cluster.add_server("one");
            load.servers_are(&scene.cluster);
        }
        scene.cluster.server("one").go_on();
        until("it joins anew", async || {
            let seen = scene.cluster.server("two").sees(&id).await;
            (seen.epoch > epoch && seen.state == flow_api::ServerState::Running).then_some(())
        })
        .await;
    }
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(true);
    Ok(())
}

/// A server that ends at each boundary between what is durable, what is known and what is not, one after the other: it is
/// started again without the fault, and the history is whole. Checkpoints are too large for a row of the database.
async fn deaths_at_every_boundary(mut scene: Scene, callers: usize) -> Tested {
    let mut chance = chance();
    scene.ledger.talk();
    let load = Load::start_with(callers, &scene.cluster);
    for point in FAULT_POINTS {
        let made = load.made();
        until("the load runs", async || (load.made() > made + 10).then_some(())).await;
        scene.cluster.server_mut("one").kill();
        let number: u32 = chance.random_range(10..60);
        println!("one is to end at {point}:{number}");
        scene.cluster.add_server_with("one", &[("CAIRN_FAULT_POINT".to_owned(), format!("{point}:{number}"))]);
        load.servers_are(&scene.cluster);
        until("it comes to the point", async || scene.cluster.server_mut("one").has_ended().then_some(())).await;
        scene.cluster.add_server("one");
        load.servers_are(&scene.cluster);
    }
    let made = load.stop().await;
    let history = History::gather(&scene, made, &[]).await;
    history.check(false);
    assert!(history.moved() > 0, "nothing was under way when a server ended");
    Ok(())
}

/// The same with the checkpoint storage in a folder.
async fn deaths_beside_a_folder(connection: &str, folder: &Path) -> Tested {
    let scene = Scene::begin_on(connection, folder, &["one", "two"], &[]).await;
    deaths_at_every_boundary(scene, 4).await?;
    assert!(std::fs::read_dir(folder.join("storage/objects"))?.count() > 0, "nothing was large");
    Ok(())
}

/// The same with the checkpoint storage in a bucket, whose service here is no fast one.
async fn deaths_beside_a_bucket(connection: &str, folder: &Path) -> Tested {
    let service = test_s3::Service::start();
    let scene = Scene::begin_in(&service.storage("shared"), connection, folder, &["one", "two"], &credentials()).await;
    deaths_at_every_boundary(scene, 1).await?;
    assert!(service.listing("shared/objects").contains("<Key>"), "nothing was large");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_boundary_of_a_write_loses_and_repeats_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let connection = format!("sqlite:{}", folder.path().join("cairn.db").display());
    deaths_beside_a_folder(&connection, folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_boundary_of_a_write_loses_and_repeats_nothing_on_postgres() -> Tested {
    let (database, folder) = (test_postgres::Server::start(), tempfile::tempdir()?);
    deaths_beside_a_folder(&database.database(), folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_boundary_of_a_write_with_objects_in_a_bucket_loses_and_repeats_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let connection = format!("sqlite:{}", folder.path().join("cairn.db").display());
    deaths_beside_a_bucket(&connection, folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_at_any_boundary_of_a_write_on_postgres_and_in_a_bucket_loses_and_repeats_nothing() -> Tested
{
    let (database, folder) = (test_postgres::Server::start(), tempfile::tempdir()?);
    deaths_beside_a_bucket(&database.database(), folder.path()).await
}
