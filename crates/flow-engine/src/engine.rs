//! The engine of a process: what all of its attempts share.

use crate::attempt::Attempt;
use crate::bucket::storage_files;
use crate::guard::NeverOwner;
use crate::observe::Seen;
use crate::plan::{Plan, PlanCache};
use crate::progress::{Attempts, Standstill};
use crate::resume::Resumption;
use crate::saved::{Archive, Outline, SavedScope};
use crate::services::{AttemptServices, Shared};
use crate::streams::Streams;
use crate::{EngineError, Observer, OwnerGuard, ProjectFiles, ProjectSource, RunEvent, RunEventKind};
use flow_components::{Palette, Places, SecretSource};
use flow_data::Variables;
use flow_model::{FlowName, StartSettings};
use flow_store::{
    AttemptEnd, AttemptWrite, CheckpointStorage, Durability, Fence, Level, LogEntry, ProjectName, Request,
    RequestError, RequestId, RequestStore, VersionId, event,
};
use parking_lot::RwLock;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What an engine is made of.
pub struct EngineParts {
    /// The component types that flows may use.
    pub palette: Arc<Palette>,
    /// Where requests and their saved points are.
    pub store: Arc<dyn RequestStore>,
    /// Where large saved streams go, and what `storage:` paths lead to.
    pub storage: CheckpointStorage,
    /// Where the files of project versions come from.
    pub projects: Arc<dyn ProjectSource>,
    /// Where the secrets of connections come from.
    pub secrets: Arc<dyn SecretSource>,
    /// The folder that relative local paths start from.
    pub local_folder: PathBuf,
    /// Where streams and plans that take much memory put files, which go with the process. A folder on a real disk.
    pub spool_folder: PathBuf,
    /// Name of this server, for the log; see [`Engine::rename_server`].
    pub server_name: String,
    /// Who watches, if anybody does.
    pub observer: Option<Arc<dyn Observer>>,
    /// Whether what is behind a saved point may start before that is durable. What changes the world never does, and a
    /// reply is given only once everything is durable, so nobody can tell but by the time that it takes.
    pub speculates: bool,
}

/// Runs attempts. Cheap to clone; any number may run at once.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) palette: Arc<Palette>,
    pub(crate) store: Arc<dyn RequestStore>,
    pub(crate) streams: Streams,
    storage: CheckpointStorage,
    projects: Arc<dyn ProjectSource>,
    secrets: Arc<dyn SecretSource>,
    local_folder: PathBuf,
    server_name: RwLock<Arc<str>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) speculates: bool,
    pub(crate) attempts: Arc<Attempts>,
    plans: PlanCache,
    shared: Arc<Shared>,
}

/// What an attempt begins with.
pub(crate) struct Beginning {
    pub(crate) from: Resumption,
    /// The inputs of the request; nothing if they do not fit, which Start then says.
    pub(crate) inputs: Variables,
}

impl Engine {
    /// An engine of the given parts.
    pub fn new(parts: EngineParts) -> Self {
        let inner = Inner {
            palette: parts.palette,
            store: parts.store,
            streams: Streams::new(parts.storage.clone()),
            storage: parts.storage,
            projects: parts.projects,
            secrets: parts.secrets,
            local_folder: parts.local_folder,
            server_name: RwLock::new(parts.server_name.into()),
            observer: parts.observer,
            speculates: parts.speculates,
            attempts: Arc::default(),
            plans: PlanCache::default(),
            shared: Arc::new(Shared::new(parts.spool_folder)),
        };
        Self { inner: Arc::new(inner) }
    }

    /// This server is called otherwise from now on; attempts that run keep the name that they began with.
    pub fn rename_server(&self, name: &str) {
        if &*self.inner.server_name() != name {
            *self.inner.server_name.write() = name.into();
        }
    }

    /// What this server is called now.
    pub fn server_name(&self) -> Arc<str> {
        self.inner.server_name()
    }

    /// The attempts that run here and have not got on for so long, or longer.
    pub fn standing_for(&self, least: Duration) -> Vec<Standstill> {
        self.inner.attempts.standing_for(least)
    }

    /// Whether a person may take the request from this attempt from now on: then whatever changes the world starts only
    /// after a write that shows that it is still the attempt's.
    pub fn doubt(&self, request: RequestId, fence: Fence, doubted: bool) {
        self.inner.attempts.doubt(request, fence, doubted);
    }

    /// The settings of a flow's start component: what its requests are retried by, and which inputs they take. Fails
    /// with what is to be mended when the flow cannot run.
    pub async fn start_settings(
        &self,
        project: &ProjectName,
        version: &VersionId,
        flow: &FlowName,
    ) -> Result<StartSettings, EngineError> {
        Ok(self.inner.plan(project, version, flow.as_str()).await?.flow.settings.clone())
    }

    /// Runs one attempt of `request`, which the store has as `Running` with the fence given in it, and ends it: the
    /// answer is the request as it is then. Before every effect `guard` is asked whether this server may still act.
    ///
    /// When `cancel` fires, nothing more starts, what runs comes to a safe end, and the request is given back (or, if
    /// it had been cancelled or taken over in the store before, just dropped). When the future itself is dropped,
    /// everything stops where it is, as it would if the server died.
    ///
    /// Fails with [`EngineError::Fenced`] when the request belongs to someone else, with [`EngineError::MayNotAct`]
    /// when the guard says no, and with [`EngineError::Store`] when the store refuses even the end of the attempt.
    pub async fn execute(
        &self,
        request: Request,
        guard: Arc<dyn OwnerGuard>,
        cancel: CancellationToken,
    ) -> Result<Request, EngineError> {
        self.execute_made(request, Durability::ALREADY, guard, cancel).await
    }

    /// The same for a request that has just been made and may not be durable yet. Until it is, nothing is written, and what
    /// changes the world waits; where the engine does not speculate, everything does. Fails with [`EngineError::Fenced`],
    /// with nothing done that anybody saw, if the request never becomes durable.
    pub async fn execute_made(
        &self,
        request: Request,
        made: Durability,
        guard: Arc<dyn OwnerGuard>,
        cancel: CancellationToken,
    ) -> Result<Request, EngineError> {
        let id = request.id;
        if !self.inner.speculates && !made.clone().wait().await {
            return Err(EngineError::Fenced);
        }
        tracing::debug!(request = id.0, attempt = request.attempt, flow = request.flow, "attempt begins");
        let ended = match self.inner.prepare(&request).await {
            Ok((plan, from)) => {
                let services = self.inner.services_under(&plan.flow.files, &request.project, Arc::clone(&guard));
                Attempt::new(Arc::clone(&self.inner), (request, made), plan, from, services).run(&cancel).await
            }
            Err(_) if !made.wait().await => Err(EngineError::Fenced),
            Err(error) => self.inner.refuse(request, error, guard.as_ref(), &cancel).await,
        };
        match &ended {
            Ok(request) => tracing::debug!(request = id.0, state = %request.state, "attempt ended"),
            Err(error) => tracing::info!(request = id.0, code = error.code(), "attempt stopped: {error}"),
        }
        ended
    }
}

impl Inner {
    /// What an attempt of `request` begins with.
    async fn prepare(&self, request: &Request) -> Result<(Arc<Plan>, Beginning), EngineError> {
        let plan = self.plan(&request.project, &request.version, &request.flow).await?;
        let inputs = plan.inputs(&request.inputs).unwrap_or_default();
        let from = if request.saved_points > 0 {
            let saved = SavedScope::read(&plan, Outline::read(self.store.as_ref(), request.id).await?)?;
            Resumption::of(&plan, saved, &self.archive(request.id), &inputs).await?
        } else {
            Resumption::fresh(&plan)
        };
        Ok((plan, Beginning { from, inputs }))
    }

    /// What components reach out to when a flow is looked through and nothing runs.
    pub(crate) fn services(&self, files: &Arc<ProjectFiles>, project: &ProjectName) -> AttemptServices {
        self.services_under(files, project, Arc::new(NeverOwner))
    }

    fn services_under(
        &self,
        files: &Arc<ProjectFiles>,
        project: &ProjectName,
        guard: Arc<dyn OwnerGuard>,
    ) -> AttemptServices {
        let places = Places {
            storage: storage_files(&self.storage),
            project: Arc::clone(files),
            local: self.local_folder.clone(),
        };
        AttemptServices::new(Arc::clone(&self.shared), guard, places, project.as_str(), Arc::clone(&self.secrets))
    }

    /// Where the saved points of a request can be read.
    pub(crate) fn archive(&self, request: RequestId) -> Archive {
        Archive::new(Arc::clone(&self.store), request, self.streams.clone())
    }

    pub(crate) async fn plan(
        &self,
        project: &ProjectName,
        version: &VersionId,
        flow: &str,
    ) -> Result<Arc<Plan>, EngineError> {
        self.plans.plan(&self.palette, self.projects.as_ref(), (project, version, flow)).await
    }

    /// Ends an attempt that cannot even begin.
    async fn refuse(
        &self,
        request: Request,
        error: EngineError,
        guard: &dyn OwnerGuard,
        cancel: &CancellationToken,
    ) -> Result<Request, EngineError> {
        let end = match &error {
            EngineError::Fenced | EngineError::MayNotAct => return Err(error),
            EngineError::Store(error) if !is_lasting(error) => AttemptEnd::Released,
            _ => AttemptEnd::Failed {
                // What is wrong with a pinned version stays wrong; a storage that cannot be read may come back.
                retryable: matches!(error, EngineError::SavedPoint { .. } | EngineError::SavedStream { .. }),
                error: RequestError { code: error.code().to_owned(), message: error.to_string(), component: None },
            },
        };
        let log = self.entry(&request, Level::Error, event::ATTEMPT_FAILED, error.to_string());
        let write = AttemptWrite { saved: Vec::new(), log: vec![log] };
        let ended = self.end_attempt(&request, end, (write, Vec::new()), guard, cancel).await?;
        self.tell(&Seen::new(request.id, request.attempt, String::new()), || RunEventKind::AttemptEnded {
            request: Box::new(ended.clone()),
            error: ended.error.clone(),
        });
        Ok(ended)
    }

    /// Ends the attempt in the store, and tells observers of what is durable with that. While the store is not available the
    /// end is tried again, for as long as this server may act: nobody else would do it.
    pub(crate) async fn end_attempt(
        &self,
        request: &Request,
        end: AttemptEnd,
        (write, mut events): (AttemptWrite, Vec<RunEvent>),
        guard: &dyn OwnerGuard,
        cancel: &CancellationToken,
    ) -> Result<Request, EngineError> {
        let (mut pause, mut told) = (Duration::from_millis(50), false);
        // What the attempt writes last is lost if it cannot be written, so then it cannot count as finished or waiting: it
        // is given back instead.
        let otherwise = match &end {
            AttemptEnd::Failed { .. } => end.clone(),
            _ => AttemptEnd::Released,
        };
        let log = write.log.clone();
        let (mut end, mut write) = (end, write);
        loop {
            let error = match self.store.end_attempt(request.id, request.fence, end, write).await {
                Ok(ended) => {
                    self.observe(&events);
                    return Ok(ended);
                }
                Err(error) => error,
            };
            if error.is_stale() || is_lasting(&error) || cancel.is_cancelled() || !guard.may_act() {
                return Err(error.into());
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(
                    request = request.id.0,
                    "the end of the attempt could not be written; trying again until it can: {error}"
                );
            }
            end = otherwise.clone();
            write = AttemptWrite { log: log.clone(), ..AttemptWrite::default() };
            events.clear();
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled() => {}
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// What this server is called now.
    pub(crate) fn server_name(&self) -> Arc<str> {
        Arc::clone(&self.server_name.read())
    }

    /// A log entry of this server about the whole attempt.
    pub(crate) fn entry(&self, request: &Request, level: Level, event: &'static str, message: String) -> LogEntry {
        LogEntry {
            at: self.store.now(),
            attempt: request.attempt,
            server: self.server_name(),
            level,
            component: None,
            event: event.into(),
            message,
        }
    }

    /// Tells the observer, if there is one, of events.
    pub(crate) fn observe(&self, events: &[RunEvent]) {
        if let Some(observer) = &self.observer {
            events.iter().for_each(|event| observer.observe(event));
        }
    }

    /// Tells the observer, if there is one.
    pub(crate) fn tell(&self, whom: &Seen, what: impl FnOnce() -> RunEventKind) {
        if let Some(observer) = &self.observer {
            let Seen { request, attempt, iteration, .. } = whom;
            let event = RunEvent { request: *request, attempt: *attempt, iteration: iteration.clone(), what: what() };
            observer.observe(&event);
        }
    }
}

/// Whether trying again will not help.
pub(crate) fn is_lasting(error: &flow_store::StoreError) -> bool {
    use flow_store::StoreError::{NotFound, WrongState};
    matches!(error, NotFound { .. } | WrongState(_))
}
