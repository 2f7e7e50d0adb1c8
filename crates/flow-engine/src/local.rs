//! Running a flow of open project files in this process, without a cluster: for the designer and `cairn run`.

use crate::{AlwaysOwner, Engine, EngineError, EngineParts, Observer, OpenFiles, ProjectFiles};
use flow_components::{Palette, SecretSource};
use flow_model::{BeginCheckpoint, FlowName, StartSettings};
use flow_store::{
    CheckpointStorage, MemoryStore, NewRequest, NewServer, Owner, ProjectName, Request, RequestId, RequestSettings,
    RequestStore, ServerId, ServerStore, StoreError, VersionId,
};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Runs flows of one set of project files. Retries and waits are carried out as on a server; saved points are kept in
/// memory, and gone afterwards.
pub struct LocalRun {
    /// The component types that flows may use.
    pub palette: Arc<Palette>,
    /// The project's files as they are now, by path from the project's folder.
    pub files: Arc<ProjectFiles>,
    /// The folder that relative local paths start from: the project's.
    pub folder: PathBuf,
    /// The folder that `storage:` paths lead to.
    pub storage: CheckpointStorage,
    /// Where streams that take much memory put files, which go with the process. A folder on a real disk.
    pub spool_folder: PathBuf,
    /// Where the secrets of connections come from.
    pub secrets: Arc<dyn SecretSource>,
    /// Who watches, if anybody does.
    pub observer: Option<Arc<dyn Observer>>,
}

/// A local run under way: the store that knows its request.
struct Local {
    store: Arc<MemoryStore>,
    engine: Engine,
    owner: Owner,
}

impl LocalRun {
    /// Runs `flow` with `inputs` until it has finished or failed, or `cancel` fires (then it comes to a safe end and is
    /// `Cancelled`). The answer is the request as it is then.
    ///
    /// Fails, without running anything, when the flow cannot run or the inputs do not fit.
    pub async fn run(
        &self,
        flow: &FlowName,
        inputs: &Map<String, Value>,
        cancel: CancellationToken,
    ) -> Result<Request, EngineError> {
        let local = self.start().await?;
        let project = ProjectName::parse("local").map_err(unexpected)?;
        let version = VersionId::parse("open").map_err(unexpected)?;
        let settings = local.engine.start_settings(&project, &version, flow).await?;
        let new = NewRequest {
            project,
            version,
            flow: flow.to_string(),
            trigger: "designer".to_owned(),
            requested_by: "the author".to_owned(),
            inputs: Value::Object(settings.check_inputs(inputs)?),
            settings: request_settings(&settings),
            idempotency_key: None,
        };
        let request = local.store.create_request(new, Some(local.owner.clone())).await?.request;
        local.run(request, cancel).await
    }

    async fn start(&self) -> Result<Local, EngineError> {
        let store = Arc::new(MemoryStore::new());
        let server = NewServer {
            id: ServerId::parse("local").map_err(unexpected)?,
            name: "this machine".to_owned(),
            address: String::new(),
            pid: std::process::id(),
            process_start: 0,
            lock_path: String::new(),
        };
        let owner = store.register(server).await?;
        let engine = Engine::new(EngineParts {
            palette: Arc::clone(&self.palette),
            store: Arc::clone(&store) as Arc<dyn RequestStore>,
            storage: self.storage.clone(),
            projects: Arc::new(OpenFiles(Arc::clone(&self.files))),
            secrets: Arc::clone(&self.secrets),
            local_folder: self.folder.clone(),
            spool_folder: self.spool_folder.clone(),
            server_name: "this machine".to_owned(),
            observer: self.observer.clone(),
            speculates: true,
        });
        Ok(Local { store, engine, owner })
    }
}

impl Local {
    /// Runs attempt after attempt until the request has ended.
    async fn run(&self, mut request: Request, cancel: CancellationToken) -> Result<Request, EngineError> {
        loop {
            request = self.attempt(request, &cancel).await?;
            if request.state.is_ended() {
                return Ok(request);
            }
            request = match self.next_attempt(&cancel).await? {
                Some(next) => next,
                None => return Ok(self.cancel(request.id).await?),
            };
        }
    }

    async fn attempt(&self, request: Request, cancel: &CancellationToken) -> Result<Request, EngineError> {
        let (id, stop) = (request.id, CancellationToken::new());
        let attempt = self.engine.execute(request, Arc::new(AlwaysOwner), stop.clone());
        let mut attempt = std::pin::pin!(attempt);
        let ended = tokio::select! {
            ended = &mut attempt => ended,
            () = cancel.cancelled() => {
                self.cancel(id).await?;
                stop.cancel();
                attempt.await
            }
        };
        match ended {
            Err(EngineError::Fenced) => Ok(self.store.get(id).await?),
            ended => ended,
        }
    }

    /// The request once its next attempt is due; `None` when it is to be cancelled before.
    async fn next_attempt(&self, cancel: &CancellationToken) -> Result<Option<Request>, EngineError> {
        loop {
            if let Some(request) = self.store.claim(&self.owner, 1).await?.into_iter().next() {
                return Ok(Some(request));
            }
            let due = self.store.next_due(&self.owner).await?.unwrap_or(Duration::from_secs(1));
            tokio::select! {
                () = tokio::time::sleep(due) => {}
                () = cancel.cancelled() => return Ok(None),
            }
        }
    }

    /// Cancels the request; if it has ended meanwhile, that stands.
    async fn cancel(&self, id: RequestId) -> Result<Request, StoreError> {
        match self.store.cancel(id, "the author").await {
            Err(StoreError::WrongState(_)) => self.store.get(id).await,
            cancelled => cancelled,
        }
    }
}

/// What a request keeps of the settings of its flow's start component.
pub fn request_settings(start: &StartSettings) -> RequestSettings {
    RequestSettings {
        other_server_retry: start.other_server_retry,
        begin_checkpoint: start.begin_checkpoint == BeginCheckpoint::Use,
        retry_count: start.retry_count,
        retry_interval_ms: milliseconds(start.retry_interval),
        retry_backoff: start.retry_backoff,
        timeout_ms: start.timeout.map(milliseconds),
        priority: start.priority,
        // They belong to the cluster, which knows who else runs.
        limits: Vec::new(),
    }
}

/// Seconds as whole milliseconds; what is more than 500 years, or no number, counts as so many.
fn milliseconds(seconds: f64) -> u64 {
    const MOST: Duration = Duration::from_secs(500 * 366 * 86_400);
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(MOST).min(MOST);
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Our own names always parse.
fn unexpected(error: flow_model::InvalidName) -> EngineError {
    EngineError::Store(StoreError::Conflict(error.to_string()))
}
