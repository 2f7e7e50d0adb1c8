use super::*;
use crate::requests::{PreparedRequest, PreparedWrite};
use crate::{PostgresAddress, PostgresStore};
use flow_store::conformance::{anywhere, new_request, new_server};
use flow_store::{AttemptEnd, AttemptWrite, Owner, Request, RequestStore, ServerStore};
use std::time::Duration;
use test_postgres::Server;
use tokio::sync::oneshot;

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

/// Commits one command; whether it was by what is known.
async fn was_known(committer: &mut Committer, command: Command) -> bool {
    let commands = [command];
    let needs = needs_of(&commands[0]);
    if let Ok(Some(_)) = committer.try_known(&commands, &needs).await {
        return true;
    }
    assert!(committer.try_commit(&commands).await.is_ok());
    false
}

async fn create(store: &PostgresStore, key: Option<&str>, owner: &Owner) -> Command {
    let new = flow_store::NewRequest { idempotency_key: key.map(Into::into), ..new_request(anywhere()) };
    let lane = store.database.numbers.lane(&store.database.reader().await.unwrap(), &new).await.unwrap();
    let new = vec![PreparedRequest::new(new, lane).unwrap()];
    Command::Create { new, owner: Some(owner.clone()), audit: None, reply: oneshot::channel().0 }
}

fn write(request: &Request) -> Command {
    let write = PreparedWrite::new(AttemptWrite::default()).unwrap();
    Command::Write { id: request.id, fence: request.fence, write, reply: oneshot::channel().0 }
}

fn end(request: &Request) -> Command {
    let write = PreparedWrite::new(AttemptWrite::default()).unwrap();
    let end = AttemptEnd::Finished { reply: None };
    Command::End { id: request.id, fence: request.fence, end, write, reply: oneshot::channel().0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_process_has_made_is_known_until_it_ends_or_somebody_else_changes_it() {
    let server = Server::start();
    let (store, mut committer) = committer(&server).await;
    let owner = store.register(new_server("a")).await.unwrap();
    let newest = async || store.list(&flow_store::RequestFilter::default()).await.unwrap().remove(0);
    let first = create(&store, None, &owner).await;
    assert!(!was_known(&mut committer, first).await, "servers are known from the first batch on");
    let keyed = create(&store, Some("key"), &owner).await;
    assert!(!was_known(&mut committer, keyed).await, "somebody else may have made it");
    let second = create(&store, None, &owner).await;
    assert!(was_known(&mut committer, second).await);
    let request = newest().await;
    assert!(was_known(&mut committer, write(&request)).await);
    assert!(was_known(&mut committer, write(&request)).await);
    let elsewhere = store.database.writer().await.unwrap();
    elsewhere.batch_execute("UPDATE request SET newest = newest + 1").await.unwrap();
    assert!(!was_known(&mut committer, write(&request)).await);
    assert!(was_known(&mut committer, end(&request)).await);
    assert_eq!(newest().await.state, flow_store::RequestState::Finished);
    assert!(committer.known.batch(&needs_of(&write(&request)), store.database.now()).is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_write_was_refused_is_not_known() {
    let server = Server::start();
    let (store, mut committer) = committer(&server).await;
    let owner = store.register(new_server("a")).await.unwrap();
    let made = create(&store, None, &owner).await;
    assert!(committer.try_commit(&[made]).await.is_ok());
    let request = store.list(&flow_store::RequestFilter::default()).await.unwrap().remove(0);
    let elsewhere = store.database.writer().await.unwrap();
    elsewhere.batch_execute("UPDATE request SET fence = fence + 1").await.unwrap();
    let refused_and_made = [write(&request), create(&store, Some("key"), &owner).await];
    assert!(committer.try_commit(&refused_and_made).await.is_ok());
    assert!(committer.known.batch(&needs_of(&write(&request)), store.database.now()).is_none());
}

fn needs_of(command: &Command) -> Needs {
    let mut needs = Needs::default();
    command.needs(&mut needs);
    needs
}
