use super::*;
use crate::error::DbError;
use crate::{SqliteOptions, SqliteStore};
use flow_store::{Durability, Fence, RequestId};
use parking_lot::Mutex;
use std::path::Path;
use std::time::Duration;

type Failures = Arc<Mutex<Vec<String>>>;

/// A store whose disk failures are collected instead of ending the process.
fn open(folder: &Path) -> (Arc<SqliteStore>, Failures) {
    let failures = Failures::default();
    let seen = failures.clone();
    let fatal: Fatal = Arc::new(move |error: &StoreError| seen.lock().push(error.code().to_owned()));
    let store =
        SqliteStore::open_with(folder.join("test.db"), SqliteOptions { log_bytes: 0, fatal, ..Default::default() });
    let store = store.unwrap();
    (store, failures)
}

fn note(text: &'static str) -> impl FnOnce(&Db<'_>) -> DbResult<()> {
    move |db| {
        db.connection.execute(
            "INSERT INTO audit (at, account, action, subject, detail, address) VALUES (0, ?, '', '', '', '')",
            [text],
        )?;
        Ok(())
    }
}

fn fail(text: &'static str) -> impl FnOnce(&Db<'_>) -> DbResult<()> {
    move |db| {
        note(text)(db)?;
        Err(StoreError::unavailable("on purpose").into())
    }
}

fn sqlite_error(code: i32) -> DbError {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None).into()
}

async fn notes(store: &SqliteStore) -> Vec<String> {
    let read = |db: &Connection| {
        let mut statement = db.prepare("SELECT account FROM audit ORDER BY id")?;
        crate::requests::collect(statement.query([])?, |row| Ok(row.get(0)?))
    };
    store.readers.run(read).await.unwrap()
}

#[tokio::test]
async fn what_queues_up_during_a_commit_is_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let other = WriteLock::open(store.lock_folder()).unwrap();
    let turn = other.take_turn().unwrap();
    let version = |db: &Connection| Ok(db.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))?);
    let before = store.readers.run(version).await.unwrap();
    let writes: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.writer.run(note("x")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(turn);
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(notes(&store).await.len(), 100);
    let after = store.readers.run(version).await.unwrap();
    assert!(after - before <= 3, "{} commits", after - before);
}

#[tokio::test]
async fn a_batch_that_writes_nothing_counts_as_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let before = store.writer.statistics();
    let looked = store.writer.run(|db| Ok(db.connection.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))?)).await;
    assert_eq!(looked.unwrap(), 7);
    assert_eq!(store.writer.statistics().commits, before.commits);
    store.writer.run(note("one")).await.unwrap();
    assert_eq!(store.writer.statistics().commits, before.commits + 1);
}

#[tokio::test]
async fn a_failed_command_leaves_the_others_of_its_batch_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failures) = open(folder.path());
    let turn_holder = WriteLock::open(store.lock_folder()).unwrap();
    let turn = turn_holder.take_turn().unwrap();
    let run = async {
        tokio::join!(
            store.writer.run(note("one")),
            store.writer.run(fail("never")),
            store.writer.run(note("two")),
            async { drop(turn) }
        )
    };
    let (one, failed, two, ()) = run.await;
    one.unwrap();
    two.unwrap();
    assert_eq!(failed.unwrap_err(), StoreError::unavailable("on purpose"));
    assert_eq!(notes(&store).await, ["one", "two"]);
    assert!(failures.lock().is_empty());
}

#[tokio::test]
async fn a_command_without_savepoint_that_fails_half_way_fails_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failures) = open(folder.path());
    let turn_holder = WriteLock::open(store.lock_folder()).unwrap();
    let turn = turn_holder.take_turn().unwrap();
    let refuses = |_: &Db<'_>| Err::<(), _>(StoreError::unavailable("refused at once").into());
    let (before, refused, failed, ()) = tokio::join!(
        store.writer.run(note("before")),
        store.writer.run_chained(Chain::None, Undo::RefusesFirst, refuses),
        store.writer.run_chained(Chain::None, Undo::RefusesFirst, fail("half way")),
        async { drop(turn) },
    );
    assert_eq!(refused.unwrap_err(), StoreError::unavailable("refused at once"));
    assert_eq!(before.unwrap_err(), StoreError::unavailable("on purpose"));
    assert_eq!(failed.unwrap_err(), StoreError::unavailable("on purpose"));
    store.writer.run(note("after")).await.unwrap();
    assert_eq!(notes(&store).await, ["after"]);
    assert!(failures.lock().is_empty());
}

#[tokio::test]
async fn a_command_is_committed_where_it_was_asked_for_while_nobody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut asked = std::pin::pin!(store.writer.run(note("alone")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(asked.as_mut().poll(&mut context).is_ready(), "another thread had to wake up");

    let other = WriteLock::open(store.lock_folder()).unwrap();
    let turn = other.take_turn().unwrap();
    let mut asked = std::pin::pin!(store.writer.run(note("later")));
    assert!(asked.as_mut().poll(&mut context).is_pending(), "it must not block while another process writes");
    drop(turn);
    asked.await.unwrap();
    assert_eq!(notes(&store).await, ["alone", "later"]);
}

#[tokio::test]
async fn later_writes_of_an_attempt_are_refused_after_a_failed_one() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (broken, other) = (AttemptKey(RequestId(1), Fence(1)), AttemptKey(RequestId(1), Fence(2)));
    let turn_holder = WriteLock::open(store.lock_folder()).unwrap();
    let turn = turn_holder.take_turn().unwrap();
    // In one batch, so that the second is queued before the first has failed.
    let (first, second, others, ()) = tokio::join!(
        store.writer.run_chained(Chain::Builds(broken), Undo::Savepoint, fail("lost")),
        store.writer.run_chained(Chain::Builds(broken), Undo::Savepoint, note("builds on what was lost")),
        store.writer.run_chained(Chain::Builds(other), Undo::Savepoint, note("other attempt")),
        async { drop(turn) },
    );
    assert!(first.is_err());
    assert_eq!(second.unwrap_err().code(), "store/attempt-broken");
    others.unwrap();
    let later = store.writer.run_chained(Chain::Builds(broken), Undo::Savepoint, note("later")).await;
    assert_eq!(later.unwrap_err().code(), "store/attempt-broken");
    store.writer.run_chained(Chain::Ends(broken), Undo::Savepoint, note("failed")).await.unwrap();
    assert_eq!(notes(&store).await, ["other attempt", "failed"]);
}

#[tokio::test]
async fn a_stale_fence_does_not_break_an_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let key = AttemptKey(RequestId(1), Fence(1));
    let stale = |_: &Db<'_>| Err::<(), _>(StoreError::StaleFence { request: RequestId(1), fence: Fence(1) }.into());
    assert!(store.writer.run_chained(Chain::Builds(key), Undo::Savepoint, stale).await.unwrap_err().is_stale());
    store.writer.run_chained(Chain::Builds(key), Undo::Savepoint, note("goes on")).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_fails_the_batch_and_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failures) = open(folder.path());
    let full = |db: &Db<'_>| {
        db.connection.execute_batch("ROLLBACK")?; // as SQLite does by itself
        Err::<(), _>(sqlite_error(rusqlite::ffi::SQLITE_FULL))
    };
    let turn_holder = WriteLock::open(store.lock_folder()).unwrap();
    let turn = turn_holder.take_turn().unwrap();
    let (before, failed, ()) =
        tokio::join!(store.writer.run(note("before")), store.writer.run(full), async { drop(turn) });
    assert_eq!(before.unwrap_err().code(), "store/full");
    assert_eq!(failed.unwrap_err().code(), "store/full");
    store.writer.run(note("after")).await.unwrap();
    assert_eq!(notes(&store).await, ["after"]);
    assert!(failures.lock().is_empty());
}

#[tokio::test]
async fn a_failing_disk_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failures) = open(folder.path());
    store.writer.run(note("durable")).await.unwrap();
    let broken_disk = |db: &Db<'_>| {
        note("lost")(db)?;
        Err::<(), _>(sqlite_error(rusqlite::ffi::SQLITE_IOERR_FSYNC))
    };
    assert!(store.writer.run(broken_disk).await.is_err());
    assert_eq!(*failures.lock(), ["store/unavailable"]);
    let later = tokio::time::timeout(Duration::from_secs(10), store.writer.run(note("later"))).await.unwrap();
    assert_eq!(later.unwrap_err().code(), "store/unavailable");
    assert_eq!(notes(&store).await, ["durable"]);
}

#[tokio::test]
async fn a_panic_in_a_command_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failures) = open(folder.path());
    let panics = |_: &Db<'_>| -> DbResult<()> { panic!("on purpose") };
    assert_eq!(store.writer.run(panics).await.unwrap_err().code(), "store/unavailable");
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while failures.lock().is_empty() {
        assert!(std::time::Instant::now() < deadline, "nobody was told");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_told_of_a_result_hears_of_it_before_it_is_durable_and_then_that_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (tell, told) = oneshot::channel();
    let foretold = move |result: &i32, durability: Durability| {
        let _ = tell.send((*result, durability.is_already(), durability));
    };
    let work = |db: &Db<'_>| note("it")(db).map(|()| 7);
    assert_eq!(store.writer.run_foretold(Undo::Savepoint, work, Box::new(foretold)).await.unwrap(), 7);
    let (result, was_durable, durability) = told.await.unwrap();
    assert_eq!((result, was_durable), (7, false));
    assert!(durability.wait().await);
    assert_eq!(notes(&store).await, ["it"]);
}

#[tokio::test]
async fn what_was_told_of_never_becomes_durable_if_its_batch_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (tell, told) = oneshot::channel();
    let foretold = move |(): &(), durability: Durability| {
        let _ = tell.send(durability);
    };
    // What ends the transaction makes the commit behind it fail.
    let work = |db: &Db<'_>| {
        note("lost")(db)?;
        Ok(db.connection.execute_batch("ROLLBACK")?)
    };
    assert!(store.writer.run_foretold(Undo::RefusesFirst, work, Box::new(foretold)).await.is_err());
    assert!(!told.await.unwrap().wait().await);
    assert_eq!(notes(&store).await, Vec::<String>::new());
}
