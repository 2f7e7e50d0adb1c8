//! How long lists and counts of requests take when there are a million, how much slower writing is than with none, and how
//! long retention holds others up.

use super::report::{Report, Samples};
use super::scratch::Scratch;
use crate::outcome::Failure;
use flow_store::{
    AttemptEnd, AttemptWrite, Clock, Keep, ManualClock, NewRequest, NewServer, Owner, ProjectName, Request,
    RequestError, RequestFilter, RequestSettings, RequestState, RequestStore, RetentionPolicy, RetentionStore,
    SavedData, SavedKind, SavedPoint, ServerId, ServerStore, StoreError, Timestamp, VersionId,
};
use flow_store_sqlite::{SqliteOptions, SqliteStore};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Flows that there are requests of.
const FLOWS: u64 = 60;
/// Projects that these are in.
const PROJECTS: u64 = 6;
/// Servers that the requests belong to.
const SERVERS: u64 = 5;
/// Milliseconds from one request to the next.
const APART_MS: i64 = 700;
/// How often each list is asked for.
const ASKED: usize = 15;
/// Requests that are made and ended at once while writing is measured.
const AT_ONCE: usize = 32;
/// How long writing is measured.
const LOAD: Duration = Duration::from_secs(3);

/// Measures `runs` times with `total` requests in the store.
pub async fn measure(scratch: &Scratch, runs: u32, total: u32) -> Result<Report, Failure> {
    let mut figures = Samples::default();
    for run in 0..runs {
        measure_once(&scratch.folder(&format!("requests-{run}"))?, u64::from(total), &mut figures).await?;
    }
    Ok(Report { bench: "requests", yardsticks: BTreeMap::new(), runs, figures: figures.figures() })
}

async fn measure_once(folder: &Path, total: u64, figures: &mut Samples) -> Result<(), StoreError> {
    let empty = Bench::open(&folder.join("empty.db")).await?;
    let few = empty.writes_per_second().await?;
    let full = Bench::open(&folder.join("full.db")).await?;
    let begun = Instant::now();
    full.fill(total).await?;
    figures.add("fill_s", "s", begun.elapsed().as_secs_f64());

    let (mut worst_list, mut worst_counts) = (0.0_f64, 0.0_f64);
    for (name, filter) in full.filters(total) {
        let listed = median_ms(async || full.store.list(&filter).await.map(drop)).await?;
        let counted = median_ms(async || full.store.counts(&filter).await.map(drop)).await?;
        (worst_list, worst_counts) = (worst_list.max(listed), worst_counts.max(counted));
        figures.add(format!("list_{name}_ms"), "ms", listed);
        figures.add(format!("counts_{name}_ms"), "ms", counted);
    }
    figures.add("list_worst_ms", "ms", worst_list);
    figures.add("counts_worst_ms", "ms", worst_counts);

    let many = full.writes_per_second().await?;
    figures.add("writes_empty_per_s", "1/s", few);
    figures.add("writes_full_per_s", "1/s", many);
    figures.add("writes_full_ratio", "ratio", many / few);
    full.retention(figures).await
}

/// A database with servers.
struct Bench {
    store: Arc<SqliteStore>,
    clock: Arc<ManualClock>,
    owners: Vec<Owner>,
}

impl Bench {
    async fn open(path: &Path) -> Result<Self, StoreError> {
        let clock = Arc::new(ManualClock::new(Timestamp::of_this_machine()));
        let options = SqliteOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..SqliteOptions::default() };
        let store = SqliteStore::open_with(path, options)?;
        let mut owners = Vec::new();
        for number in 0..SERVERS {
            owners.push(store.register(new_server(number)?).await?);
        }
        Ok(Self { store, clock, owners })
    }

    fn owner(&self, number: u64) -> Option<Owner> {
        usize::try_from(number % SERVERS).ok().and_then(|number| self.owners.get(number)).cloned()
    }

    /// Makes requests, most of which have finished.
    async fn fill(&self, total: u64) -> Result<(), StoreError> {
        const BATCH: u64 = 1000;
        let mut made = 0;
        while made < total {
            let number = BATCH.min(total - made);
            let owner = self.owner(made / BATCH);
            let mut new = Vec::new();
            for number in made..made + number {
                new.push(new_request(number)?);
            }
            self.clock.advance_ms(APART_MS * i64::try_from(number).unwrap_or(0));
            let created = self.store.create_requests(new, owner, None).await?;
            let mut ending = JoinSet::new();
            for (request, number) in created.into_iter().map(|created| created.request).zip(made..) {
                let store = Arc::clone(&self.store);
                ending.spawn(async move { end(&store, request, number).await });
            }
            while let Some(ended) = ending.join_next().await {
                ended.map_err(|error| StoreError::unavailable(error.to_string()))??;
            }
            made += number;
        }
        Ok(())
    }

    /// Filters of every kind, and the combinations that an index of one thing alone would be slow at.
    fn filters(&self, total: u64) -> Vec<(&'static str, RequestFilter)> {
        let all = RequestFilter::default();
        let text = |text: &str| Some(text.to_owned());
        let owner = self.owner(3).map(|owner| owner.server);
        let project = ProjectName::parse("project-1").ok();
        let now = self.store.now();
        let span = i64::try_from(total).unwrap_or(i64::MAX).saturating_mul(APART_MS);
        let middle = Timestamp(now.0 - span / 2);
        let states = vec![RequestState::Error, RequestState::Cancelled];
        vec![
            ("everything", all.clone()),
            ("state", RequestFilter { states: vec![RequestState::Error], ..all.clone() }),
            ("running", RequestFilter { states: vec![RequestState::Running], ..all.clone() }),
            ("project", RequestFilter { project: project.clone(), ..all.clone() }),
            ("flow", RequestFilter { flow: text("flow-7"), ..all.clone() }),
            ("server", RequestFilter { owner: owner.clone(), ..all.clone() }),
            ("code", RequestFilter { code: text("http/status-3"), ..all.clone() }),
            ("text", RequestFilter { text: text("flow-1"), ..all.clone() }),
            ("id", RequestFilter { text: Some((total / 2).to_string()), ..all.clone() }),
            ("nothing", RequestFilter { code: text("no/such"), project: project.clone(), ..all.clone() }),
            ("time", RequestFilter { from: Some(middle), to: Some(middle.plus_ms(86_400_000)), ..all.clone() }),
            ("half_the_time", RequestFilter { to: Some(middle), ..all.clone() }),
            (
                "late_page",
                RequestFilter { before: i64::try_from(total / 9).ok().map(flow_store::RequestId), ..all.clone() },
            ),
            (
                "all_at_once",
                RequestFilter {
                    states,
                    project,
                    owner,
                    text: text("flow"),
                    code: text("http/status-1"),
                    from: Some(middle),
                    ..all
                },
            ),
        ]
    }

    /// Requests that are made, save once and end, per second.
    async fn writes_per_second(&self) -> Result<f64, StoreError> {
        let (begun, mut writing) = (Instant::now(), JoinSet::new());
        for number in 0..AT_ONCE as u64 {
            let (store, owner) = (Arc::clone(&self.store), self.owner(number));
            writing.spawn(async move {
                let mut ended = 0_u32;
                while begun.elapsed() < LOAD {
                    let created = store.create_request(new_request(number)?, owner.clone()).await?;
                    let write = AttemptWrite { saved: vec![point()], log: vec![] };
                    store.write(created.request.id, created.request.fence, write).await?;
                    end(&store, created.request, 0).await?;
                    ended += 1;
                }
                Ok::<_, StoreError>(ended)
            });
        }
        let mut all = 0;
        while let Some(ended) = writing.join_next().await {
            all += ended.map_err(|error| StoreError::unavailable(error.to_string()))??;
        }
        Ok(f64::from(all) / begun.elapsed().as_secs_f64())
    }

    async fn retention(&self, figures: &mut Samples) -> Result<(), StoreError> {
        let keep = Keep { number: Some(1000), details_ms: Some(86_400_000), ..Keep::default() };
        let policy = RetentionPolicy { finished: keep, error: keep, cancelled: keep };
        let preview = median_ms(async || self.store.retention_preview(&policy).await.map(drop)).await?;
        let (begun, mut removed, mut longest) = (Instant::now(), 0, Duration::ZERO);
        for _ in 0..100 {
            let one = Instant::now();
            removed += self.store.apply_retention(&policy, 100).await?.requests;
            longest = longest.max(one.elapsed());
        }
        figures.add("retention_preview_ms", "ms", preview);
        figures.add("retention_longest_write_ms", "ms", longest.as_secs_f64() * 1000.0);
        figures.add("retention_per_s", "1/s", removed as f64 / begun.elapsed().as_secs_f64());
        Ok(())
    }
}

/// The time of a read in the middle of several, in milliseconds.
async fn median_ms(read: impl AsyncFn() -> Result<(), StoreError>) -> Result<f64, StoreError> {
    let mut times = Vec::new();
    for _ in 0..ASKED {
        let begun = Instant::now();
        read().await?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(ASKED / 2).copied().unwrap_or(f64::NAN))
}

fn new_server(number: u64) -> Result<NewServer, StoreError> {
    Ok(NewServer {
        id: ServerId::parse(&format!("server-{number}")).map_err(wrong)?,
        name: format!("Server {number}"),
        address: String::new(),
        pid: std::process::id(),
        process_start: 0,
        lock_path: String::new(),
    })
}

fn new_request(number: u64) -> Result<NewRequest, StoreError> {
    // Spread, so that neighbours differ.
    let flow = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    Ok(NewRequest {
        project: ProjectName::parse(&format!("project-{}", flow % PROJECTS)).map_err(wrong)?,
        version: VersionId::parse("v1").map_err(wrong)?,
        flow: format!("flow-{}", flow % FLOWS),
        trigger: "api".to_owned(),
        requested_by: "bench".to_owned(),
        inputs: json!({ "order": number, "customer": "somebody" }),
        settings: RequestSettings { other_server_retry: true, retry_count: 1, ..RequestSettings::default() },
        idempotency_key: None,
    })
}

/// Ends most requests well, some otherwise, and leaves a few running.
async fn end(store: &SqliteStore, request: Request, number: u64) -> Result<(), StoreError> {
    let error = |code: String| RequestError { code, message: "no answer".to_owned(), component: None };
    let end = match number % 100 {
        90..95 => AttemptEnd::Failed { error: error(format!("http/status-{}", number % 7)), retryable: false },
        95 => AttemptEnd::Failed { error: error("sql/timeout".to_owned()), retryable: true },
        96 => return store.cancel(request.id, "bench").await.map(drop),
        97 if number % 1000 == 97 => return Ok(()),
        98 => AttemptEnd::Released,
        _ => AttemptEnd::Finished { reply: Some(json!({ "records": number })) },
    };
    store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.map(drop)
}

fn point() -> SavedPoint {
    SavedPoint {
        kind: SavedKind::Checkpoint,
        component: "checkpoint-1".to_owned(),
        name: "Checkpoint 1".to_owned(),
        iteration: String::new(),
        attempt: 1,
        data: SavedData::Inline(vec![7; 1000].into()),
        variables: json!({}),
        outlets: vec![],
        due: None,
        rows: 1,
        at: Timestamp(0),
    }
}

fn wrong(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
