use super::*;
use crate::PostgresStore;
use crate::transaction::Transaction;
use flow_store::conformance::{anywhere, new_request};
use flow_store::{RequestFilter, RequestState, RequestStore};
use test_postgres::Server;

/// A store whose counts are folded by hand.
struct Counting {
    server: Server,
    store: Arc<PostgresStore>,
    folds: Folds,
}

impl Counting {
    async fn begin() -> Self {
        let server = Server::start();
        let store = PostgresStore::open(&server.database().parse().unwrap()).await.unwrap();
        Self { server, store, folds: Folds::default() }
    }

    /// One more request, and a fold.
    async fn make_and_fold(&mut self) {
        self.store.create_request(new_request(anywhere()), None).await.unwrap();
        self.fold().await;
    }

    async fn fold(&mut self) {
        self.folds.fold(&self.store.database).await.unwrap();
    }

    /// A transaction that counts one more, and is not committed yet.
    async fn late(&self) -> Transaction {
        let late = self.store.database.begin().await.unwrap();
        let sql = "INSERT INTO request_count (request_group, n) SELECT request_group, 1 FROM request LIMIT 1";
        crate::sql::execute(&late, sql, &[]).await.unwrap();
        late
    }

    /// How many requests are counted, and by how many rows.
    async fn counted(&self) -> (u64, String) {
        let counts = self.store.counts(&RequestFilter::default()).await.unwrap();
        (counts[&RequestState::Queued], self.server.sql("test_0", "SELECT count(*) FROM request_count"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_behind_a_fold_that_found_later_rows_counts_at_once_and_is_folded_by_the_next() {
    let mut counting = Counting::begin().await;
    for made in 1..=3 {
        counting.make_and_fold().await;
        assert_eq!(counting.counted().await, (made, "1".to_owned()));
    }
    let late = counting.late().await;
    counting.make_and_fold().await;
    assert_eq!(counting.counted().await, (4, "1".to_owned()));
    late.end(Ok(())).await.unwrap();
    assert_eq!(counting.counted().await, (5, "2".to_owned()));
    counting.fold().await;
    assert_eq!(counting.counted().await, (5, "1".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_leaves_rows_from_before_the_last_two_until_all_are_folded_again() {
    let mut counting = Counting::begin().await;
    counting.make_and_fold().await;
    let late = counting.late().await;
    counting.make_and_fold().await;
    counting.make_and_fold().await;
    late.end(Ok(())).await.unwrap();
    counting.fold().await;
    assert_eq!(counting.counted().await, (4, "2".to_owned()));
    counting.folds.whole = None;
    counting.fold().await;
    assert_eq!(counting.counted().await, (4, "1".to_owned()));
}
