//! A server that is parted from its database by the network, and comes back.

use flow_api::{ServerState, Update};
use rand::RngExt;
use std::time::Duration;
use system_tests::Tested;
use system_tests::chaos::{History, Ledger, Load, PROJECT, Scene, chance};
use system_tests::network::Network;
use system_tests::wait::until;
use test_postgres::Server;

/// Far longer than the lease of two seconds.
const LONG: Duration = Duration::from_secs(5);

/// A server `far` in a network of its own, and one `near` beside the database.
struct Parted {
    scene: Scene,
    network: Network,
    _folder: tempfile::TempDir,
    _database: Server,
}

impl Parted {
    async fn begin() -> Option<Self> {
        let network = match Network::make() {
            Ok(network) => network,
            Err(why) => {
                eprintln!("NOT TRIED: no network of its own can be made for a server, which takes root: {why}");
                return None;
            }
        };
        let folder = tempfile::tempdir().expect("a folder");
        let database = Server::start_listening_at(&network.database());
        let direct = database.database();
        let name = direct.rsplit('/').next().unwrap_or_default();
        let far = format!("postgres://cairn@{}:{}/{name}?sslmode=disable", network.database(), database.port());
        let ledger = Ledger::start_at(&network.here()).await;
        let mut scene = Scene::begin_with(ledger, &direct, folder.path(), &["near"], &[]).await;
        scene.cluster.add_server_in(&network, "far", &far);
        scene.cluster.server("far").client.update(PROJECT, &Update::default()).await.expect("it updates");
        Some(Self { scene, network, _folder: folder, _database: database })
    }

    async fn epoch(&self) -> i64 {
        self.scene.cluster.server("near").sees(&self.scene.cluster.server("far").id).await.epoch
    }

    async fn until_given_up(&self) {
        let far = &self.scene.cluster.server("far").id;
        until("it is given up", async || {
            (self.scene.cluster.server("near").sees(far).await.state == ServerState::Terminated).then_some(())
        })
        .await;
    }

    async fn until_it_joins_after(&self, epoch: i64) {
        let far = &self.scene.cluster.server("far").id;
        until("it joins anew", async || {
            let seen = self.scene.cluster.server("near").sees(far).await;
            (seen.epoch > epoch && seen.state == ServerState::Running).then_some(())
        })
        .await;
    }
}

async fn made_more(load: &Load) {
    let made = load.made();
    until("the load goes on", async || (load.made() > made + 15).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_line_to_the_database_is_cut_is_taken_over_and_joins_again_when_it_is_mended() -> Tested {
    let Some(parted) = Parted::begin().await else { return Ok(()) };
    let load = Load::start(&parted.scene.cluster);
    made_more(&load).await;
    for _ in 0..2 {
        let epoch = parted.epoch().await;
        parted.network.cut(true);
        parted.until_given_up().await;
        made_more(&load).await;
        parted.network.cut(false);
        parted.until_it_joins_after(epoch).await;
        made_more(&load).await;
    }
    let made = load.stop().await;
    let history = History::gather(&parted.scene, made, &[]).await;
    assert!(history.moved() > 0, "nothing was under way when the line was cut");
    history.check(true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_reaches_the_database_and_gets_no_answers_is_taken_over_and_repeats_nothing() -> Tested {
    let Some(parted) = Parted::begin().await else { return Ok(()) };
    let load = Load::start(&parted.scene.cluster);
    made_more(&load).await;
    let epoch = parted.epoch().await;
    parted.network.lose_answers(true);
    parted.until_given_up().await;
    made_more(&load).await;
    parted.network.lose_answers(false);
    parted.until_it_joins_after(epoch).await;
    made_more(&load).await;
    let made = load.stop().await;
    History::gather(&parted.scene, made, &[]).await.check(true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_again_and_again_loses_and_repeats_nothing() -> Tested {
    let mut chance = chance();
    let Some(parted) = Parted::begin().await else { return Ok(()) };
    let load = Load::start(&parted.scene.cluster);
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(chance.random_range(100..2_000))).await;
        let milliseconds = chance.random_range(50..4_000);
        println!("the line is cut for {milliseconds} ms");
        parted.network.cut(true);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        parted.network.cut(false);
    }
    tokio::time::sleep(LONG).await;
    made_more(&load).await;
    let made = load.stop().await;
    History::gather(&parted.scene, made, &[]).await.check(true);
    Ok(())
}
