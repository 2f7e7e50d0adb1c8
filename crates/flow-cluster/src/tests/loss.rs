use super::*;
use crate::lock_file::PeerLock;
use flow_store::{PeerLife as _, RequestId, RequestState};

fn taken_over(event: &ClusterEvent) -> Option<(Owner, Vec<RequestId>)> {
    match event {
        ClusterEvent::TakenOver { peer, requests } => Some((peer.clone(), requests.clone())),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_noticed_by_its_lock_and_its_requests_are_taken_over() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await;
    let survivor = cluster.join("survivor", LONG).await;
    let mut events = survivor.events();
    until_watched(&survivor, &dead.owner).await;

    dead.process.kill();
    let (peer, requests) = wait_for(&mut events, taken_over).await;

    assert_eq!((peer, requests), (dead.owner.clone(), vec![request.id]));
    let request = cluster.store().get(request.id).await.unwrap();
    assert_eq!(request.owner.as_ref(), Some(survivor.owner()));
    assert_eq!(cluster.state_of(&dead.owner.server).await, ServerState::Terminated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_died_before_anybody_watched_is_taken_over_too() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await;
    dead.process.kill();

    let survivor = cluster.join("survivor", LONG).await;
    cluster.until_owned(request.id, survivor.owner()).await;
    assert_eq!(cluster.state_of(&dead.owner.server).await, ServerState::Terminated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_heartbeat_stands_still_for_a_lease_is_taken_over_though_its_process_lives() {
    let cluster = Cluster::new();
    let mut hanging = cluster.foreign("hanging").await;
    let request = cluster.request(Some(&hanging.owner), true).await;
    let survivor = cluster.join("survivor", SHORT).await;

    cluster.until_owned(request.id, survivor.owner()).await;
    assert!(hanging.process.0.try_wait().unwrap().is_none(), "who is not in the way is not killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_survivors_takes_over_and_both_learn_of_it() {
    let cluster = Cluster::new();
    let mut dead = cluster.foreign("dead").await;
    let request = cluster.request(Some(&dead.owner), true).await;
    let survivors = [cluster.join("one", LONG).await, cluster.join("two", LONG).await];
    let mut events = survivors.each_ref().map(Membership::events);
    for survivor in &survivors {
        until_watched(survivor, &dead.owner).await;
    }

    dead.process.kill();
    for events in &mut events {
        wait_for(events, |event| match event {
            ClusterEvent::PeerDied { peer } if *peer == dead.owner => Some(()),
            ClusterEvent::PeerLeft { peer } if *peer == dead.owner => Some(()),
            _ => None,
        })
        .await;
    }
    let owner = cluster.store().get(request.id).await.unwrap().owner.unwrap();
    assert!(survivors.iter().any(|survivor| *survivor.owner() == owner));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_beat_do_not_suspect_each_other() {
    // So long that no load makes a heartbeat that late.
    let settings = LeaseSettings { lease: Duration::from_secs(5), ..SHORT };
    let cluster = Cluster::new();
    let one = cluster.join("one", settings).await;
    let two = cluster.join("two", settings).await;
    let mut events = one.events();
    tokio::time::sleep(settings.lease + settings.heartbeat * 10).await;
    assert!(one.guard().may_act() && two.guard().may_act());
    while let Ok(event) = events.try_recv() {
        assert!(matches!(event, ClusterEvent::PeerJoined { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_declared_dead_ends_its_epoch_and_may_join_again() {
    let cluster = Cluster::new();
    let zombie = cluster.join("zombie", LONG).await;
    let judge = cluster.join("judge", LONG).await;
    cluster.store().take_over(judge.owner(), zombie.owner()).await.unwrap();

    tokio::time::timeout(DEFECT, zombie.ended().cancelled()).await.unwrap();
    assert!(!zombie.guard().may_act() && zombie.guard().has_ended());
    let again = cluster.join("zombie", LONG).await;
    assert!(again.owner().epoch > zombie.owner().epoch && again.guard().may_act());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_leaves_in_good_order_is_not_taken_for_dead() {
    let cluster = Cluster::new();
    let stays = cluster.join("stays", LONG).await;
    let leaves = cluster.join("leaves", LONG).await;
    let owner = leaves.owner().clone();
    let mut events = stays.events();
    until_watched(&stays, &owner).await;
    let request = cluster.request(Some(&owner), true).await;

    leaves.drain().await.unwrap();
    leaves.leave().await.unwrap();
    wait_for(&mut events, |event| match event {
        ClusterEvent::PeerLeft { peer } | ClusterEvent::PeerDied { peer } if *peer == owner => Some(()),
        ClusterEvent::TakenOver { .. } => panic!("a takeover from a server that left: {event:?}"),
        _ => None,
    })
    .await;
    let request = cluster.store().get(request.id).await.unwrap();
    assert_eq!((request.owner, request.state), (None, RequestState::Queued), "free for the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_held_while_the_server_lives_and_its_heartbeat_moves() {
    let cluster = Cluster::new();
    let server = cluster.join("server", SHORT).await;
    let path = lock_files(cluster.folder.path()).pop().unwrap();
    let lock = PeerLock::open(&path).unwrap();
    let first = lock.heartbeat().unwrap();
    assert!(!lock.is_over());
    while lock.heartbeat().unwrap() == first {
        tokio::time::sleep(SHORT.heartbeat / 5).await;
    }
    drop(server);
    tokio::task::spawn_blocking(move || lock.wait_until_over()).await.unwrap().unwrap();
    assert!(path.exists(), "a lock file is never removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_lock_file_was_removed_stops_acting() {
    let cluster = Cluster::new();
    let server = cluster.join("server", SHORT).await;
    std::fs::remove_file(lock_files(cluster.folder.path()).pop().unwrap()).unwrap();
    let stopped = async {
        while server.guard().may_act() {
            tokio::time::sleep(SHORT.heartbeat).await;
        }
    };
    tokio::time::timeout(DEFECT, stopped).await.unwrap();
}

#[test]
fn only_the_very_process_that_was_meant_is_killed() {
    let mut child = Killed(Command::new("sleep").arg("600").spawn().unwrap());
    let right = ProcessIdentity::of(child.0.id()).unwrap();
    let reused = ProcessIdentity { start: right.start + 1, ..right };
    assert!(!reused.kill().unwrap());
    assert!(child.0.try_wait().unwrap().is_none());
    assert!(right.kill().unwrap());
    child.0.wait().unwrap();
    assert!(!right.kill().unwrap(), "it has ended already");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_under_which_another_process_runs_is_refused_until_that_has_ended() {
    let cluster = Cluster::new();
    let mut first = cluster.foreign("twin").await;
    let identity = || Identity { id: id("twin"), name: "twin".to_owned(), address: "http://127.0.0.1:3".to_owned() };
    let refused = Membership::join(cluster.store(), cluster.folder.path(), identity(), LONG).await.err().unwrap();
    assert_eq!(refused.code(), "cluster/id-in-use");
    assert!(refused.to_string().contains(&first.process.0.id().to_string()), "{refused}");
    assert_eq!(cluster.state_of(&id("twin")).await, ServerState::Running, "nothing was changed");

    first.process.kill();
    let second = Membership::join(cluster.store(), cluster.folder.path(), identity(), LONG).await.unwrap();
    assert!(second.owner().epoch > first.owner.epoch);
}
