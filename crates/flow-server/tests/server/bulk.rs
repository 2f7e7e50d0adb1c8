//! Changing many requests at once.

use crate::harness::{Cluster, TestProject, until, wish};
use flow_api::{Bulk, BulkAction, NewRequests, RequestQuery, RequestState, Role};

fn bulk(action: BulkAction, state: &str, dry_run: bool) -> Bulk {
    let filter = RequestQuery { state: Some(state.to_owned()), ..RequestQuery::default() };
    Bulk { action, ids: None, filter: Some(filter), version: None, dry_run }
}

#[tokio::test]
async fn a_preview_changes_nothing_and_the_same_call_does_what_it_said() {
    let cluster = Cluster::new();
    let server = cluster.start("first").await;
    let client = cluster.client(&server, Role::Administrator).await;
    TestProject::new(&cluster).install(&client).await;
    let made = client.create_requests(&NewRequests { count: Some(7), ..wish("long") }, None).await.unwrap().requests;
    let all_are = async |state: RequestState| {
        until("all are there", async || {
            let counts = client.request_counts().await.unwrap();
            (counts[&state] == 7).then_some(())
        })
        .await;
    };
    all_are(RequestState::Waiting).await;

    let preview = client.bulk(&bulk(BulkAction::Cancel, "Waiting", true)).await.unwrap();
    assert_eq!((preview.matched, preview.done, preview.states[&RequestState::Waiting]), (7, 7, 7));
    all_are(RequestState::Waiting).await;
    let done = client.bulk(&bulk(BulkAction::Cancel, "Waiting", false)).await.unwrap();
    assert_eq!((done.matched, done.done, done.skipped_count), (7, 7, 0));
    all_are(RequestState::Cancelled).await;

    // By ids: what cannot be done is named with the reason, the rest is done.
    let ids = vec![made[0].id, made[1].id, 999_999];
    let again =
        Bulk { action: BulkAction::Cancel, ids: Some(ids.clone()), filter: None, version: None, dry_run: false };
    let refused = client.bulk(&again).await.unwrap();
    assert_eq!((refused.matched, refused.done, refused.skipped_count), (3, 0, 3));
    let codes: Vec<&str> = refused.skipped.iter().map(|skipped| skipped.code.as_str()).collect();
    assert_eq!(codes, ["request/not-found", "request/state", "request/state"]);
    let re_execute =
        Bulk { action: BulkAction::ReExecute, ids: Some(ids), filter: None, version: None, dry_run: false };
    assert_eq!(client.bulk(&re_execute).await.unwrap().done, 2);

    // Page by page.
    let mut page = bulk(BulkAction::ReExecute, "Cancelled", true);
    if let Some(filter) = &mut page.filter {
        filter.limit = Some(3);
    }
    let first = client.bulk(&page).await.unwrap();
    assert_eq!(first.matched, 3);
    if let Some(filter) = &mut page.filter {
        filter.after = first.next;
    }
    assert_eq!(client.bulk(&page).await.unwrap().matched, 2);
    server.stop().await;
}
