use super::*;
use crate::{SqliteOptions, SqliteStore};
use flow_store::{ProjectName, ProjectStore, ServerStore};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn the_holder_is_seen_while_it_holds_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let lock = WriteLock::open(folder.path()).unwrap();
    let observer = WriteLock::open(folder.path()).unwrap();
    assert_eq!(observer.holder(), None);
    let turn = lock.take_turn().unwrap();
    assert_eq!(observer.holder(), Some(std::process::id() as i32));
    drop(turn);
    assert_eq!(observer.holder(), None);
}

#[test]
fn whoever_waits_has_a_turn_before_the_last_writer_writes_again() {
    let folder = tempfile::tempdir().unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let busy = WriteLock::open(folder.path()).unwrap();
    let mut turn = Some(busy.take_turn().unwrap());
    let waiting = {
        let (turns, lock) = (turns.clone(), WriteLock::open(folder.path()).unwrap());
        std::thread::spawn(move || {
            let _turn = lock.take_turn().unwrap();
            turns.load(Ordering::SeqCst)
        })
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while busy.next.holder(std::fs::read_to_string("/proc/locks").ok().as_deref()).is_none() {
        assert!(Instant::now() < deadline, "the other one never came to wait");
        std::thread::yield_now();
    }
    for _ in 0..100 {
        drop(turn.take());
        turn = Some(busy.take_turn().unwrap());
        turns.fetch_add(1, Ordering::SeqCst);
    }
    drop(turn);
    assert_eq!(waiting.join().unwrap(), 0, "turns that the busy one had before the waiting one");
}

#[test]
fn those_who_wait_are_not_taken_for_the_holder() {
    let table = "1: POSIX  ADVISORY  WRITE 11 fd:00:77 0 EOF\n\
                 2: FLOCK  ADVISORY  WRITE 12 fd:00:78 0 EOF\n\
                 2: -> FLOCK  ADVISORY  WRITE 13 fd:00:78 0 EOF\n";
    assert_eq!(held_locks(table).collect::<Vec<_>>(), [(12, "fd:00:78")]);
}

/// Another process that holds the write lock until it is killed.
fn other_process_with_lock(folder: &Path) -> Child {
    let child = Command::new("flock").arg("--no-fork").arg(folder.join("write.lock")).args(["sleep", "600"]).spawn();
    let child = child.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let observer = WriteLock::open(folder).unwrap();
    while observer.holder() != Some(child.id() as i32) {
        assert!(Instant::now() < deadline, "the other process never got the lock");
        std::thread::yield_now();
    }
    child
}

#[tokio::test]
async fn writes_wait_for_a_stopped_process_until_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { log_bytes: 0, ..SqliteOptions::default() };
    let store = SqliteStore::open_with(folder.path().join("test.db"), options).unwrap();
    let mut other = other_process_with_lock(store.lock_folder());
    let pid = rustix::process::Pid::from_child(&other);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let project = ProjectName::parse("none").unwrap();
    let write = store.set_wanted(&project, "c1");
    tokio::pin!(write);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut write).await;
    assert!(early.is_err(), "it is not this process's turn");
    assert_eq!(store.write_lock_holder(), Some(other.id() as i32));
    assert!(store.servers().await.is_ok(), "reads do not wait");
    other.kill().unwrap();
    other.wait().unwrap();
    let written = tokio::time::timeout(Duration::from_secs(30), write).await.unwrap();
    assert_eq!(written.unwrap_err().code(), "store/not-found");
    // The answer may come before the turn is given back.
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.write_lock_holder().is_some() {
        assert!(Instant::now() < deadline, "the turn was never given back");
        tokio::task::yield_now().await;
    }
}
