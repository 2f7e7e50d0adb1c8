//! What the machine does to a cluster: its clock is set, its disk fails or is full.

use flow_api::{ClientError, NewRequests, RequestQuery, Server, Update};
use serde_json::{Map, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use system_tests::Tested;
use system_tests::chaos::{FLOW, History, Load, PROJECT, Scene};
use system_tests::clock::TestClock;
use system_tests::cluster::TestCluster;
use system_tests::failing_disk::FailingDisk;
use system_tests::small_disk::SmallDisk;
use system_tests::wait::until;
use test_postgres::Server as Database;

/// Who goes by a clock that is set.
enum Whose {
    BothServers,
    FirstServer,
    /// The database, as it was started.
    Database,
}

/// What happens to two servers on this database while a clock is set.
async fn clock_that_is_set(clock: &TestClock, whose: Whose, connection: &str, folder: &Path) -> Tested {
    const HOURS: i64 = 3600;
    let (of_both, of_one) = match whose {
        Whose::BothServers => (clock.environment(), Vec::new()),
        Whose::FirstServer => (Vec::new(), clock.environment()),
        Whose::Database => (Vec::new(), Vec::new()),
    };
    let mut scene = Scene::begin_on(connection, folder, &["two"], &of_both).await;
    scene.cluster.add_server_with("one", &of_one);
    scene.cluster.server("one").client.update(PROJECT, &Update::default()).await?;
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
    let environment = [of_one, vec![("CAIRN_CLOCK_CHECK".to_owned(), "off".to_owned())]].concat();
    scene.cluster.add_server_with("one", &environment);
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
    clock_that_is_set(&TestClock::new(folder.path()), Whose::BothServers, &connection, folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_one_machine_that_is_set_does_no_harm_to_a_cluster_on_postgres() -> Tested {
    let (database, folder) = (Database::start(), tempfile::tempdir()?);
    let clock = TestClock::new(folder.path());
    clock_that_is_set(&clock, Whose::FirstServer, &database.database(), folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_database_that_is_set_makes_nobody_look_dead_and_loses_and_repeats_nothing() -> Tested {
    let (parent, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // The account of the database has to come by.
    std::fs::set_permissions(parent.path(), std::fs::Permissions::from_mode(0o755))?;
    let clock = TestClock::new(parent.path());
    let database = Database::start_below_with(parent.path(), &clock.environment());
    clock_that_is_set(&clock, Whose::Database, &database.database(), folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_was_set_back_by_hours_does_not_start_and_says_so_where_it_must() -> Tested {
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
    let mut command = std::process::Command::new(system_tests::program("cairn"));
    command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--checkpoint-connection"]);
    command.arg(format!("sqlite:{}", folder.path().join("cairn.db").display()));
    command
        .arg("--checkpoint-storage")
        .arg(cluster.folder.join("storage"))
        .arg("--state")
        .arg(folder.path().join("late"));
    let refused = command.envs(clock.environment()).output()?;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("serve/clock") && told.contains("--clock-check off"), "{told}");

    cluster.add_server_with("one", &[("CAIRN_CLOCK_CHECK".to_owned(), "off".to_owned())]);
    until("its log tells so, with the way out", async || {
        let log = cluster.log_of("one");
        ["serve/clock", "h ", "later than", "NTP"].iter().all(|part| log.contains(part)).then_some(())
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_fails_to_sync_ends_and_nothing_is_lost_or_repeated() -> Tested {
    let folder = tempfile::tempdir()?;
    let disk = FailingDisk::new(folder.path());
    let mut scene = Scene::begin(folder.path(), &["two"], &[]).await;
    scene.cluster.add_server_with("one", &disk.environment());
    scene.cluster.server("one").client.update(PROJECT, &Update::default()).await?;
    let load = Load::start(&scene.cluster);
    for _ in 0..3 {
        let made = load.made();
        until("the load runs", async || (load.made() > made + 20).then_some(())).await;
        // The database, its log and what is beside it; not the table that the flows write to.
        disk.fail(&folder.path().canonicalize()?.join("cairn.db"));
        until("it ends", async || scene.cluster.server_mut("one").has_ended().then_some(())).await;
        let made = load.made();
        until("the other one goes on", async || (load.made() > made + 10).then_some(())).await;
        disk.mend();
        scene.cluster.add_server_with("one", &disk.environment());
        load.servers_are(&scene.cluster);
    }
    let log = scene.cluster.log_of("one");
    assert!(log.matches("the checkpoint database failed, so this process ends").count() >= 3, "{log}");
    let made = load.stop().await;
    History::gather(&scene, made, &[]).await.check(false);
    Ok(())
}

/// A disk of so many megabytes; none, said loudly, where this account may not mount one.
fn small_disk(parent: &Path, megabytes: u32) -> Option<SmallDisk> {
    let disk = SmallDisk::mount(parent, megabytes);
    if disk.is_none() {
        eprintln!("NOT TRIED: this account may not mount a file system");
    }
    disk
}

/// Asks for a request with this number, under a key of its own: it is made once, however often it is asked for.
async fn ask_for(scene: &Scene, number: i64) -> Result<i64, ClientError> {
    let wish = NewRequests {
        project: PROJECT.to_owned(),
        flow: FLOW.to_owned(),
        inputs: Map::from_iter([("number".to_owned(), json!(number))]),
        count: None,
        priority: None,
        trigger: None,
    };
    let made = scene.cluster.server("one").client.create_requests(&wish, Some(&format!("full-{number}"))).await?;
    Ok(made.requests[0].id)
}

/// Asks for requests until one is refused with one of these codes: those that were made as long as there was room in what
/// the database had already, by their numbers, and the number of the one that was refused. One without an answer is asked
/// for again.
async fn requests_until_refused(scene: &Scene, codes: &[&str]) -> (Vec<(i64, i64)>, i64) {
    let (mut number, mut squeezed_in) = (1_000_000, Vec::new());
    until("the full disk is said", async || match ask_for(scene, number).await {
        Err(ClientError::Problem(problem)) => codes.contains(&problem.code.as_str()).then_some(()),
        Ok(request) => {
            squeezed_in.push((number, request));
            number += 1;
            None
        }
        Err(_) => None,
    })
    .await;
    (squeezed_in, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_loses_nothing_and_the_cluster_goes_on_when_there_is_room() -> Tested {
    let parent = tempfile::tempdir()?;
    let Some(disk) = small_disk(parent.path(), 64) else { return Ok(()) };
    let scene = Scene::begin(&disk.folder, &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;

    disk.fill();
    // What is refused makes no request.
    let (squeezed_in, _) = requests_until_refused(&scene, &["store/full"]).await;
    disk.make_room();

    let made = load.made();
    until("the cluster goes on", async || (load.made() > made + 20).then_some(())).await;
    let mut made = load.stop().await;
    made.extend(squeezed_in);
    History::gather(&scene, made, &["sql/disk-full"]).await.check(false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_postgres_is_said_loses_nothing_and_the_cluster_goes_on_when_there_is_room() -> Tested {
    let (parent, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // The account of the database has to come by.
    std::fs::set_permissions(parent.path(), std::fs::Permissions::from_mode(0o755))?;
    let Some(disk) = small_disk(parent.path(), 256) else { return Ok(()) };
    let mut database = Database::start_below(&disk.folder);
    let scene = Scene::begin_on(&database.database(), folder.path(), &["one", "two"], &[]).await;
    let load = Load::start(&scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;

    disk.fill();
    // Where there is no room for its log, the database ends, all at once or when it starts again by itself.
    let (squeezed_in, refused) = requests_until_refused(&scene, &["store/full", "store/unavailable"]).await;
    disk.make_room();

    let made = load.made();
    until("the cluster goes on", async || {
        if database.has_ended() {
            database.start_again();
        }
        (load.made() > made + 20).then_some(())
    })
    .await;
    // Nobody knows whether a database that went away had made it.
    let last = until("it is made", async || ask_for(&scene, refused).await.ok()).await;
    let mut made = load.stop().await;
    made.extend(squeezed_in);
    made.insert(refused, last);
    History::gather(&scene, made, &[]).await.check(false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_checkpoint_storage_fails_what_is_saved_there_and_nothing_is_lost_or_repeated() -> Tested {
    const SAID: &str = "storage/not-writable";
    let (parent, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let Some(disk) = small_disk(parent.path(), 128) else { return Ok(()) };
    let (database, storage) = (Database::start(), disk.folder.join("storage"));
    let storage = storage.to_string_lossy();
    let scene = Scene::begin_in(&storage, &database.database(), folder.path(), &["one", "two"], &[]).await;
    scene.ledger.talk();
    let load = Load::start_with(1, &scene.cluster);
    until("the load runs", async || (load.made() > 20).then_some(())).await;

    disk.fill();
    let query = RequestQuery { code: Some(SAID.to_owned()), ..RequestQuery::default() };
    until("the full disk is said", async || {
        let failed = scene.cluster.server("one").client.requests(&query).await.ok()?;
        (!failed.items.is_empty()).then_some(())
    })
    .await;
    disk.make_room();

    let made = load.made();
    until("the cluster goes on", async || (load.made() > made + 20).then_some(())).await;
    let made = load.stop().await;
    History::gather(&scene, made, &[SAID]).await.check(false);
    Ok(())
}
