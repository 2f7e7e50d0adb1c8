//! A server's engine and store, without what is around them.

use crate::outcome::Failure;
use bytes::Bytes;
use flow_components::{NoSecrets, Palette};
use flow_engine::{AlwaysOwner, Engine, EngineParts, StoredProjects};
use flow_model::{Flow, FlowName};
use flow_store::{
    CheckpointStorage, Created, Durability, NewRequest, NewServer, Owner, ProjectName, Request, RequestSettings,
    RequestState, ServerId, Store, VersionId,
};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Runs requests of one flow.
#[derive(Clone)]
pub struct Server {
    store: Arc<dyn Store>,
    engine: Engine,
    owner: Owner,
    request: NewRequest,
}

impl Server {
    /// A server over `store` whose requests are all of `flow` with the same inputs. Files are in `folder`.
    pub async fn start(store: Arc<dyn Store>, folder: &Path, flow: &Flow, inputs: Value) -> Result<Self, Failure> {
        Self::start_with(Palette::standard(), store, folder, flow, inputs).await
    }

    /// The same with a palette of its own.
    pub async fn start_with(
        palette: Arc<Palette>,
        store: Arc<dyn Store>,
        folder: &Path,
        flow: &Flow,
        inputs: Value,
    ) -> Result<Self, Failure> {
        let owner = store.register(new_server()?).await?;
        let request = new_request(inputs)?;
        let name = FlowName::parse(&request.flow).map_err(|error| Failure::new("flow/name", error.to_string()))?;
        let files = vec![(name.path(), Bytes::from(flow.to_json()))];
        store.put_version(&request.project, &request.version, "bench", files).await?;
        let engine = Engine::new(EngineParts {
            palette,
            store: Arc::clone(&store) as _,
            storage: CheckpointStorage::open(folder.join("storage"))?,
            projects: Arc::new(StoredProjects(Arc::clone(&store))),
            secrets: Arc::new(NoSecrets),
            local_folder: folder.to_owned(),
            spool_folder: folder.to_owned(),
            server_name: "bench".to_owned(),
            observer: None,
            speculates: true,
        });
        Ok(Self { store, engine, owner, request })
    }

    /// Runs one request to its end, which must be a good one. It begins as on a server: as soon as the store knows it.
    pub async fn one_request(&self) -> Result<Request, Failure> {
        let (begun, runs) = oneshot::channel();
        let (engine, runtime) = (self.engine.clone(), Handle::current());
        let begin = move |created: &[Created], made: Durability| {
            let attempts = created.iter().map(|created| {
                let (engine, request, made) = (engine.clone(), created.request.clone(), made.clone());
                let owner = Arc::new(AlwaysOwner);
                runtime.spawn(async move { engine.execute_made(request, made, owner, CancellationToken::new()).await })
            });
            // Nobody waits any more if the caller has gone.
            let _ = begun.send(attempts.collect::<Vec<_>>());
        };
        let new = vec![self.request.clone()];
        self.store.create_and_begin(new, Some(self.owner.clone()), None, Box::new(begin)).await?;
        let wrong = |what: &str| Failure::new("bench/flow", format!("a flow {what}"));
        let attempt = runs.await.unwrap_or_default().pop().ok_or_else(|| wrong("was not begun"))?;
        let ended = attempt.await.map_err(|_| wrong("panicked"))??;
        match ended.error {
            None if ended.state == RequestState::Finished => Ok(ended),
            error => Err(wrong(&format!("ended as {}: {error:?}", ended.state))),
        }
    }
}

pub(super) fn new_request(inputs: Value) -> Result<NewRequest, Failure> {
    let wrong = |error: flow_model::InvalidName| Failure::new("flow/name", error.to_string());
    Ok(NewRequest {
        project: ProjectName::parse("bench").map_err(wrong)?,
        version: VersionId::parse("bench").map_err(wrong)?,
        flow: "bench".to_owned(),
        trigger: "bench".to_owned(),
        requested_by: "bench".to_owned(),
        inputs,
        settings: RequestSettings { other_server_retry: true, ..RequestSettings::default() },
        idempotency_key: None,
    })
}

pub(super) fn new_server() -> Result<NewServer, Failure> {
    Ok(NewServer {
        id: ServerId::parse("bench").map_err(|error| Failure::new("flow/name", error.to_string()))?,
        name: "bench".to_owned(),
        address: String::new(),
        pid: std::process::id(),
        process_start: 0,
        lock_path: String::new(),
    })
}
