use super::*;
use crate::{PostgresAddress, PostgresStore};
use std::time::Duration;
use test_postgres::Server;

const NOTE: &str = "INSERT INTO committed (writer, batch, at) VALUES ('w/1', 1, 0)";

async fn committer(server: &Server) -> (Arc<PostgresStore>, Committer) {
    let address: PostgresAddress = server.database().parse().unwrap();
    let store = PostgresStore::open(&address).await.unwrap();
    let pool = crate::connect::Connector::new(&address, "test").unwrap().committer_pool().unwrap();
    let committer = Committer::new(store.database.clone(), pool, Arc::default(), Arc::default(), "w".to_owned());
    (store, committer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_was_found_not_to_be_committed_never_will_be() {
    let server = Server::start();
    let (store, committer) = committer(&server).await;
    let token = Token { mark: "w/1".to_owned(), batch: 1 };
    assert!(!committer.settle(&token).await.unwrap());
    let late = store.database.writer().await.unwrap();
    assert!(late.batch_execute(NOTE).await.is_err(), "what was still on its way comes too late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_still_under_way_is_waited_for() {
    let server = Server::start();
    let (store, committer) = committer(&server).await;
    let token = Token { mark: "w/1".to_owned(), batch: 1 };
    for (ends, committed) in [("ROLLBACK", false), ("COMMIT", true)] {
        let under_way = store.database.writer().await.unwrap();
        under_way.batch_execute(&format!("DELETE FROM committed; BEGIN; {NOTE}")).await.unwrap();
        let mut settles = std::pin::pin!(committer.settle(&token));
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut settles).await.is_err(), "nobody knows yet");
        under_way.batch_execute(ends).await.unwrap();
        assert_eq!(settles.await.unwrap(), committed, "{ends}");
    }
}
