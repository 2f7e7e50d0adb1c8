//! Starting and stopping a server.

use crate::announced;
use crate::auth::Callers;
use crate::caller_address::Entrance;
use crate::cluster_key::ClusterKey;
use crate::connections::Reach;
use crate::events::{self, Events};
use crate::first_administrator::{self, FirstAdministrator};
use crate::http::Http;
use crate::identity::StateFolder;
use crate::log_files;
use crate::machine_clock;
use crate::metrics::Metrics;
use crate::names::Names;
use crate::projects::Projects;
use crate::readiness::{self, Readiness};
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::state::App;
use crate::throttle::LoginThrottle;
use crate::tls::Certificate;
use crate::traces::RequestTraces;
use crate::triggers::{self, Triggers};
use crate::update;
use crate::watchdog::Watchdog;
use crate::work::{Joining, Work};
use crate::{ServeError, ServerConfig, routes};
use flow_cluster::Identity;
use flow_components::Palette;
use flow_engine::{Engine, EngineParts, StoredProjects};
use flow_store::sample::SAMPLED_MS;
use flow_store::{
    CheckpointStorage, Epoch, Owner, ServerId, ServerReport, StorageMarker, StoreError, Timestamp, check_same_storage,
    check_shared_storage, keep_house, mark_storage,
};
use flow_trace::{Process as TracedProcess, Traces};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

/// How often a server says of itself what others show of it, and leaves a sample of its figures.
const REPORT: Duration = Duration::from_millis(SAMPLED_MS);
/// How long open connections may go on after that.
const CONNECTIONS: Duration = Duration::from_secs(2);
/// How many passwords are hashed at once.
const HASHED_AT_ONCE: usize = 2;

/// A server that listens and has joined its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingAt {
    /// Where its API and console are: `http://127.0.0.1:7401`.
    pub address: String,
    /// Its id.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// Its start number.
    pub epoch: Epoch,
    /// The first account of the cluster, if this start made it: to be shown now or never.
    pub first_administrator: Option<FirstAdministrator>,
}

/// Runs a server until `shutdown` is cancelled, then lets it end in good order: what runs is ended or given back to
/// the cluster. `ready` is called once it listens and has joined.
///
/// # Errors
/// A [`ServeError`] with a code, the place, and the way out. What was begun is ended before it returns.
pub async fn serve(
    config: ServerConfig,
    shutdown: CancellationToken,
    ready: impl FnOnce(&ServingAt),
) -> Result<(), ServeError> {
    // First what can be wrong with the settings, so that the cluster does not see a server come and go.
    let listener = TcpListener::bind(config.listen).await.map_err(|error| ServeError::listen(config.listen, error))?;
    let listen = listener.local_addr().map_err(|error| ServeError::listen(config.listen, error))?;
    let certificate = config.tls.clone().map(Certificate::read).transpose()?.map(Arc::new);
    if certificate.is_none() && !listen.ip().is_loopback() {
        tracing::warn!(
            code = "serve/plain-http",
            %listen,
            "passwords, tokens and data cross the network as everybody there can read them: give a certificate with \
             --tls-cert and --tls-key, or listen on loopback behind a proxy that has one"
        );
    }
    let state = StateFolder::open(&config.state)?;
    let spool = config.spool.clone().unwrap_or_else(|| state.spool());
    let storage = CheckpointStorage::open_at(&config.storage, &spool).await?;
    let marker = check_same_storage(config.store.as_ref(), &storage).await?;
    if config.clock_check {
        machine_clock::check(config.store.as_ref(), Timestamp::of_this_machine()).await?;
    }
    let key = ClusterKey::open(&config.key_file)?;
    let (patience, log) = (config.patience, config.log.clone());
    if let Some(log) = &log {
        log.begin(log_files::folder(&logs_in(&storage, &state), state.id().as_str()));
    }

    let (app, at) = join(config, &state, (storage, marker), key, listen).await?;
    update::adopt_stored(&app).await?;
    tracing::info!(address = at.address, server = %at.id, name = at.name, epoch = %at.epoch, "serving");
    ready(&at);

    let background = CancellationToken::new();
    let _stopped_with_us = background.clone().drop_guard();
    let beside = Beside { app: &app, until: &background };
    beside.spawn(|app| async move { events::watch(&app).await });
    beside.spawn(|app| async move { app.work.live_again_for_ever(&app.stopping).await });
    beside.spawn(|app| async move { machine_clock::tell_if_wrong(app.store.as_ref(), app.work.owner()).await });
    beside.spawn(|app| async move { update::adopt_wanted(&app).await });
    beside.spawn(|app| async move { app.settings.follow(app.store.as_ref()).await });
    beside.spawn(|app| async move { app.names.follow(&app).await });
    beside.spawn(|app| async move { app.callers.follow(app.store.as_ref()).await });
    beside.spawn(|app| async move { triggers::follow(&app).await });
    beside.spawn(|app| async move { triggers::follow_chains(&app).await });
    beside.spawn(|app| async move { triggers::watch_folders(&app).await });
    beside.spawn(|app| async move { triggers::note_calls(&app).await });
    beside.spawn(|app| async move { app.watchdog.watch(&app).await });
    beside.spawn(|app| async move { report_for_ever(&app).await });
    beside.spawn(|app| async move { readiness::follow(&app).await });
    beside.spawn(|app| async move { keep_house(app.store.as_ref(), &app.storage, app.id.as_str()).await });
    if let Some(certificate) = certificate.clone() {
        beside.spawn(|_| async move { certificate.follow().await });
    }

    let closing = CancellationToken::new();
    let http = Http { listener, router: routes::router(&app), certificate, patience };
    let mut http = tokio::spawn(http.serve(closing.clone()));

    let stopped_by_itself = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = &mut http => Some(ended),
    };
    app.stopping.cancel();
    tracing::info!("stopping");
    let left = app.work.end(app.settings.limits().stop).await;
    closing.cancel();
    if let Some(ended) = stopped_by_itself {
        let reason = ended.err().map_or_else(|| "no reason given".to_owned(), |error| error.to_string());
        return Err(ServeError::Http(std::io::Error::other(reason)));
    }
    if tokio::time::timeout(CONNECTIONS, &mut http).await.is_err() {
        http.abort();
    }
    if let Some(traces) = app.traces.clone() {
        // It waits on a thread of its own for what the runtime sends.
        let _ = tokio::task::spawn_blocking(move || traces.close()).await;
    }
    tracing::info!("stopped");
    if let Some(log) = log {
        log.settle().await;
    }
    Ok(left?)
}

/// Where servers have their logs: where all of them can read them, or each on its own machine.
fn logs_in(storage: &CheckpointStorage, state: &StateFolder) -> PathBuf {
    storage.folder().map_or_else(|| state.path().to_owned(), ToOwned::to_owned)
}

async fn join(
    config: ServerConfig,
    state: &StateFolder,
    (storage, storage_marker): (CheckpointStorage, StorageMarker),
    key: ClusterKey,
    listen: SocketAddr,
) -> Result<(Arc<App>, ServingAt), ServeError> {
    let (id, logs) = (state.id().clone(), logs_in(&storage, state));
    let settings = Arc::new(Settings::of(&config));
    settings.read(config.store.as_ref()).await?;
    let first_administrator = match config.first_administrator {
        true => first_administrator::make(config.store.as_ref()).await?,
        false => None,
    };
    let known = config.store.servers().await?.into_iter().find(|server| server.id == id);
    let name = config.name.or(known.as_ref().map(|known| known.name.clone())).unwrap_or_else(|| id.to_string());
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let address = config.address.unwrap_or_else(|| announced::address(scheme, listen));
    let traced = TracedProcess { service: "cairn-server", instance: Some(id.to_string()) };
    let traces = Traces::of_environment(&traced)?;
    let request_traces = traces.clone().map(|traces| Arc::new(RequestTraces::new(traces, Arc::clone(&config.store))));
    let palette = Palette::standard();
    let secrets = Arc::new(Secrets::new(Arc::clone(&config.store), key));
    let engine = Engine::new(EngineParts {
        palette: Arc::clone(&palette),
        store: Arc::clone(&config.store) as _,
        storage: storage.clone(),
        projects: Arc::new(StoredProjects(Arc::clone(&config.store))),
        secrets: Arc::clone(&secrets) as _,
        local_folder: state.local_files(),
        spool_folder: config.spool.unwrap_or_else(|| state.spool()),
        server_name: name.clone(),
        observer: request_traces.clone().map(|traces| traces as _),
        speculates: config.speculation,
    });
    let versions = known.map(|known| known.versions).unwrap_or_default();
    let projects = Projects::new(Arc::clone(&config.store), palette, id.clone(), versions);
    let metrics = Arc::<Metrics>::default();
    check_shared_storage(config.store.as_ref(), &storage, &id).await?;
    mark_storage(config.store.as_ref(), &storage, &id).await?;
    let work = Work::begin(Joining {
        store: Arc::clone(&config.store),
        lock_folder: config.lock_folder,
        identity: Identity { id: id.clone(), name: name.clone(), address: address.clone() },
        lease: config.lease,
        concurrency: config.concurrency,
        engine,
        metrics: Arc::clone(&metrics),
        traces: request_traces,
        settings: Arc::clone(&settings),
    })
    .await?;
    // Another server may have joined at the same moment.
    if let Err(error) = check_shared_storage(config.store.as_ref(), &storage, &id).await {
        work.end(Duration::ZERO).await?;
        return Err(error.into());
    }
    let epoch = work.owner().map_or(Epoch(0), |owner| owner.epoch);
    let at = ServingAt { address, id: id.clone(), name: name.clone(), epoch, first_administrator };
    let app = App {
        store: config.store,
        storage,
        storage_marker,
        secrets,
        id,
        started_as: name,
        names: Names::default(),
        settings,
        work,
        watchdog: Watchdog::default(),
        readiness: Readiness::default(),
        projects,
        logs,
        triggers: Triggers::default(),
        reach: Reach::new(state.local_files()),
        copies: state.projects(),
        updating: Mutex::new(()),
        events: Events::default(),
        metrics,
        metrics_public: config.metrics_public,
        traces,
        entrance: Entrance { trusted_proxies: config.trusted_proxies, tls: config.tls.is_some() },
        patience: config.patience,
        callers: Callers::default(),
        throttle: LoginThrottle::default(),
        hashing: Semaphore::new(HASHED_AT_ONCE),
        openapi: OnceLock::new(),
        stopping: CancellationToken::new(),
    };
    Ok((Arc::new(app), at))
}

/// Says of this server what others show of it, for as long as it lives.
async fn report_for_ever(app: &App) {
    loop {
        if let Some(owner) = app.work.owner() {
            let reported = report(app, &owner).await;
            app.readiness.wrote(&reported);
            if let Err(error) = reported {
                tracing::debug!(code = error.code(), %error, "the others cannot be told of this server");
            }
        }
        tokio::time::sleep(REPORT).await;
    }
}

async fn report(app: &App, owner: &Owner) -> Result<(), StoreError> {
    let figures = app.metrics.figures(app).await?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let report = ServerReport { version, resident_bytes: figures.resident_bytes };
    app.store.report(owner, report, figures).await
}

/// What runs beside the server, for as long as it lives.
struct Beside<'a> {
    app: &'a Arc<App>,
    until: &'a CancellationToken,
}

impl Beside<'_> {
    fn spawn<Task>(&self, task: impl FnOnce(Arc<App>) -> Task)
    where
        Task: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(self.until.clone().run_until_cancelled_owned(task(Arc::clone(self.app))));
    }
}
