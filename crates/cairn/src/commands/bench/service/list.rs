//! Pages of the list of requests when there are many.

use super::{Cluster, flows};
use crate::commands::bench::report::Samples;
use crate::outcome::Failure;
use crate::server_process::ClusterFolder;
use flow_api::RequestQuery;
use flow_store::{
    AttemptEnd, AttemptWrite, NewRequest, NewServer, Owner, ProjectName, RequestError, RequestSettings, ServerId,
    Store, VersionId,
};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;

/// Requests written at once.
const AT_ONCE: u32 = 1000;
/// Every so many requests one has failed.
const FAILED: u32 = 500;
/// Rows of a page in the console.
const PAGE: u32 = 100;

pub async fn measure(cluster: &Cluster, count: u32, runs: u32, figures: &mut Samples) -> Result<(), Failure> {
    // Makes the database.
    cluster.start("one", &[]).await?.stop().await;
    let store = ClusterFolder(&cluster.folder).connection().open_existing().await?.store;
    fill(&store, count).await?;
    let server = cluster.start("one", &[]).await?;
    let client = cluster.client(&server).await?;

    let page = || RequestQuery { limit: Some(PAGE), ..RequestQuery::default() };
    let newest = client.requests(&RequestQuery { limit: Some(1), ..RequestQuery::default() }).await?.items;
    let middle = newest.first().map_or(1, |newest| newest.id - i64::from(count) / 2);
    let queries = [
        ("list_newest_ms", page()),
        ("list_failed_ms", RequestQuery { state: Some("Error".to_owned()), ..page() }),
        ("list_rare_flow_ms", RequestQuery { flow: Some("rare".to_owned()), ..page() }),
        ("list_of_server_ms", RequestQuery { server: Some(OWNER.to_owned()), ..page() }),
        ("list_by_code_ms", RequestQuery { code: Some("bench/failed".to_owned()), ..page() }),
        ("list_by_text_ms", RequestQuery { q: Some(middle.to_string()), ..page() }),
    ];
    for _ in 0..runs {
        for (key, query) in &queries {
            let begin = Instant::now();
            client.requests(query).await?;
            figures.add(*key, "ms", begin.elapsed().as_secs_f64() * 1000.0);
        }
        let first = client.requests(&page()).await?;
        let begin = Instant::now();
        client.requests(&RequestQuery { after: first.next, ..page() }).await?;
        figures.add("list_second_page_ms", "ms", begin.elapsed().as_secs_f64() * 1000.0);
    }
    figures.add("list_requests", "requests", f64::from(count));
    server.stop().await;
    Ok(())
}

const OWNER: &str = "filler";

/// Writes requests that have ended, as a server would have.
async fn fill(store: &Arc<dyn Store>, count: u32) -> Result<(), Failure> {
    let wrong = |error: flow_model::InvalidName| Failure::new("flow/name", error.to_string());
    let server = NewServer {
        id: ServerId::parse(OWNER).map_err(wrong)?,
        name: OWNER.to_owned(),
        address: String::new(),
        pid: std::process::id(),
        process_start: 0,
        lock_path: String::new(),
    };
    let owner = store.register(server).await?;
    let request = NewRequest {
        project: ProjectName::parse(flows::PROJECT).map_err(wrong)?,
        version: VersionId::parse("bench").map_err(wrong)?,
        flow: "usual".to_owned(),
        trigger: "bench".to_owned(),
        requested_by: "bench".to_owned(),
        inputs: serde_json::json!({}),
        settings: RequestSettings::default(),
        idempotency_key: None,
    };
    let mut missing = count;
    while missing > 0 {
        let made = missing.min(AT_ONCE);
        some(store, &owner, &request, made).await?;
        missing -= made;
    }
    Ok(store.terminate(&owner).await?)
}

/// Each end is a task of its own, as on a server: so one batch is made while another one is synced.
async fn some(store: &Arc<dyn Store>, owner: &Owner, request: &NewRequest, count: u32) -> Result<(), Failure> {
    let flow = |number: u32| if number == 0 { "rare".to_owned() } else { request.flow.clone() };
    let new = (0..count).map(|number| NewRequest { flow: flow(number), ..request.clone() }).collect();
    let created = store.create_requests(new, Some(owner.clone()), None).await?;
    let mut ends = JoinSet::new();
    for (created, number) in created.into_iter().zip(0..) {
        let failed =
            || RequestError { code: "bench/failed".to_owned(), message: "on purpose".to_owned(), component: None };
        let end = match number % FAILED {
            0 => AttemptEnd::Failed { error: failed(), retryable: false },
            _ => AttemptEnd::Finished { reply: None },
        };
        let (store, request) = (Arc::clone(store), created.request);
        ends.spawn(async move { store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await });
    }
    while let Some(ended) = ends.join_next().await {
        ended.map_err(|error| Failure::new("bench/fill", error.to_string()))??;
    }
    Ok(())
}
