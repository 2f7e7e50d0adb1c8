//! How often servers are told that something has changed.

use super::{server_with_schema, until};
use crate::connect::Connector;
use crate::{PostgresAddress, PostgresStore};
use flow_store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::AsyncMessage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_changes_there_are_a_server_tells_of_them_once_in_20_ms() {
    const CHANGES: u32 = 300;
    let server = server_with_schema().await;
    let address: PostgresAddress = server.address("cairn", "test_0").parse().unwrap();
    let notices = Arc::new(AtomicU32::new(0));
    let heard = Arc::clone(&notices);
    let hear = move |message: AsyncMessage| {
        if matches!(message, AsyncMessage::Notification(_)) {
            heard.fetch_add(1, Ordering::SeqCst);
        }
    };
    let (client, carrier) = Connector::new(&address, "listener").unwrap().connect(hear).await.unwrap();
    let carried = tokio::spawn(carrier);
    client.batch_execute("LISTEN cairn").await.unwrap();

    let begun = Instant::now();
    let store: Arc<dyn Store> = PostgresStore::open(&address).await.unwrap();
    for number in 0..CHANGES {
        store.set_setting("limits.queued_requests", number.into(), "ann", None).await.unwrap();
    }
    until(async || notices.load(Ordering::SeqCst) > 0).await;
    let (told, most) = (notices.load(Ordering::SeqCst), begun.elapsed().as_millis() / 20 + 1);
    assert!(u128::from(told) <= most, "{told} notices of {CHANGES} changes in the time of {most}");
    // Who heard the last notice knows of all changes: none is left out for the sake of the others.
    until(async || {
        let before = notices.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(60)).await;
        notices.load(Ordering::SeqCst) == before
    })
    .await;
    let before = notices.load(Ordering::SeqCst);
    store.set_setting("limits.queued_requests", CHANGES.into(), "ann", None).await.unwrap();
    until(async || notices.load(Ordering::SeqCst) > before).await;
    carried.abort();
}
