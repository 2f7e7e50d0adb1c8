//! How many checkpoints a server saves in a second, through the real engine and the real store.

use super::report::{Report, Samples};
use super::scratch::Scratch;
use super::yardstick;
use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::Failure;
use bytes::Bytes;
use flow_components::Palette;
use flow_engine::{AlwaysOwner, Engine, EngineParts, StoredProjects};
use flow_model::{Component, ComponentId, Flow, FlowName, Link};
use flow_store::{
    CheckpointStorage, NewRequest, NewServer, Owner, ProjectName, RequestSettings, RequestState, ServerId, Store,
    VersionId,
};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Checkpoints in a flow, each behind a Mapper.
const CHECKPOINTS: u32 = 10;
/// How long each load goes on.
const LOAD: Duration = Duration::from_secs(3);
/// How many flows run at once in the second load.
const AT_ONCE: usize = 64;

/// Measures `runs` times.
pub async fn measure(scratch: &Scratch, runs: u32) -> Result<Report, Failure> {
    let (mut yardsticks, mut figures) = (Samples::default(), Samples::default());
    for run in 0..runs {
        let folder = scratch.folder(&format!("run-{run}"))?;
        let server = Server::start(&folder).await?;
        server.one_flow().await?;

        let probed = yardstick::probe(&folder)?;
        let sequential = server.load(1).await?;
        let probed_again = yardstick::probe(&folder)?;
        let concurrent = server.load(AT_ONCE).await?;

        for one in [probed, probed_again] {
            yardsticks.add("F", "1/s", one.f);
            yardsticks.add("S", "1/s", one.s);
        }
        figures.add("sequential_per_s", "1/s", sequential.rate);
        figures.add("sequential_ratio_f", "ratio", sequential.rate / probed.f);
        figures.add("flow_latency_ms", "ms", sequential.latency_ms);
        figures.add("concurrent_64_per_s", "1/s", concurrent.rate);
        figures.add("concurrent_64_ratio_s", "ratio", concurrent.rate / probed_again.s);
        figures.add("concurrent_64_ratio_f", "ratio", concurrent.rate / probed_again.f);
        figures.add("concurrent_64_flow_latency_ms", "ms", concurrent.latency_ms);
    }
    Ok(Report { bench: "checkpoints", yardsticks: yardsticks.medians(), runs, figures: figures.figures() })
}

/// What a load came to.
struct Loaded {
    /// Checkpoints per second.
    rate: f64,
    /// From asking for a flow to its end, on average.
    latency_ms: f64,
}

/// A server's engine and store, without what is around them.
#[derive(Clone)]
struct Server {
    store: Arc<dyn Store>,
    engine: Engine,
    owner: Owner,
    request: NewRequest,
}

impl Server {
    async fn start(folder: &Path) -> Result<Self, Failure> {
        let store = CheckpointConnection::Sqlite(folder.join("cairn.db")).open()?.store;
        let owner = store.register(new_server()?).await?;
        let request = new_request()?;
        let flow = FlowName::parse(&request.flow).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        let files = vec![(flow.path(), Bytes::from(flow_of_checkpoints()?.to_json()))];
        store.put_version(&request.project, &request.version, "bench", files).await?;
        let engine = Engine::new(EngineParts {
            palette: Palette::standard(),
            store: Arc::clone(&store) as _,
            storage: CheckpointStorage::open(folder.join("storage"))?,
            projects: Arc::new(StoredProjects(Arc::clone(&store))),
            local_folder: folder.to_owned(),
            server_name: "bench".to_owned(),
            observer: None,
        });
        Ok(Self { store, engine, owner, request })
    }

    /// Runs flows for a while, `at_once` at any time.
    async fn load(&self, at_once: usize) -> Result<Loaded, Failure> {
        let (start, mut running) = (Instant::now(), JoinSet::new());
        for _ in 0..at_once {
            let server = self.clone();
            running.spawn(async move { server.flows_until(start + LOAD).await });
        }
        let (mut flows, mut busy) = (0_u32, Duration::ZERO);
        while let Some(ended) = running.join_next().await {
            let (done, time) = ended.map_err(|error| Failure::new("bench/task", error.to_string()))??;
            flows += done;
            busy += time;
        }
        let flows = f64::from(flows);
        Ok(Loaded {
            rate: flows * f64::from(CHECKPOINTS) / start.elapsed().as_secs_f64(),
            latency_ms: busy.as_secs_f64() * 1000.0 / flows,
        })
    }

    /// Runs one flow after the other, and gives how many there were and how long they took.
    async fn flows_until(&self, end: Instant) -> Result<(u32, Duration), Failure> {
        let (mut flows, begin) = (0, Instant::now());
        while Instant::now() < end {
            self.one_flow().await?;
            flows += 1;
        }
        Ok((flows, begin.elapsed()))
    }

    async fn one_flow(&self) -> Result<(), Failure> {
        let created = self.store.create_request(self.request.clone(), Some(self.owner.clone())).await?;
        let ended = self.engine.execute(created.request, Arc::new(AlwaysOwner), CancellationToken::new()).await?;
        let saved_all = ended.saved_points >= CHECKPOINTS;
        match ended.error {
            None if ended.state == RequestState::Finished && saved_all => Ok(()),
            error => Err(Failure::new(
                "bench/flow",
                format!("a flow ended as {} with {} saved points: {error:?}", ended.state, ended.saved_points),
            )),
        }
    }
}

/// Start, ten times a Mapper and a Checkpoint, End.
fn flow_of_checkpoints() -> Result<Flow, Failure> {
    let mut flow = Flow::default();
    let inputs = json!([{"name": "id", "type": "Integer"}, {"name": "text", "type": "Text"}]);
    let mut last = add(&mut flow, "start", Component::new("Start", "Start").with("Inputs", inputs))?;
    let fields = json!([{"field": "id", "expression": "id + 1"}, {"field": "text", "expression": "reverse(text)"}]);
    for number in 1..=CHECKPOINTS {
        let mapper = Component::new("Mapper", &format!("Map {number}")).with("Fields", fields.clone());
        let checkpoint = Component::new("Checkpoint", &format!("Checkpoint {number}"));
        for (id, component) in [(format!("mapper-{number}"), mapper), (format!("checkpoint-{number}"), checkpoint)] {
            let next = add(&mut flow, &id, component)?;
            flow.links.insert(Link::between(&last, &next));
            last = next;
        }
    }
    let end = add(&mut flow, "end", Component::new("End", "End").with("Reply", "Nothing"))?;
    flow.links.insert(Link::between(&last, &end));
    Ok(flow)
}

fn add(flow: &mut Flow, id: &str, component: Component) -> Result<ComponentId, Failure> {
    let id = ComponentId::parse(id).map_err(|error| Failure::new("flow/name", error.to_string()))?;
    flow.components.insert(id.clone(), component);
    Ok(id)
}

fn new_request() -> Result<NewRequest, Failure> {
    let wrong = |error: flow_model::InvalidName| Failure::new("flow/name", error.to_string());
    Ok(NewRequest {
        project: ProjectName::parse("bench").map_err(wrong)?,
        version: VersionId::parse("bench").map_err(wrong)?,
        flow: "checkpoints".to_owned(),
        trigger: "bench".to_owned(),
        requested_by: "bench".to_owned(),
        inputs: json!({"id": 1, "text": incompressible_text()}),
        settings: RequestSettings { other_server_retry: true, ..RequestSettings::default() },
        idempotency_key: None,
    })
}

fn new_server() -> Result<NewServer, Failure> {
    Ok(NewServer {
        id: ServerId::parse("bench").map_err(|error| Failure::new("flow/name", error.to_string()))?,
        name: "bench".to_owned(),
        address: String::new(),
        pid: std::process::id(),
        process_start: 0,
        lock_path: String::new(),
    })
}

/// A thousand characters, so that a record with it and a number is 1 KB however the stream is packed.
fn incompressible_text() -> Value {
    let character = |_| char::from(rand::random_range(b'!'..=b'~'));
    Value::from((0..1000).map(character).collect::<String>())
}
