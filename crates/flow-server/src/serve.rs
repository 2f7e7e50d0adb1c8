//! Starting and stopping a server.

use crate::cluster_key::ClusterKey;
use crate::events::{self, Events};
use crate::identity::StateFolder;
use crate::projects::Projects;
use crate::secrets::Secrets;
use crate::state::App;
use crate::throttle::LoginThrottle;
use crate::update;
use crate::work::{Joining, Work};
use crate::{ServeError, ServerConfig, routes};
use flow_cluster::Identity;
use flow_components::Palette;
use flow_engine::{Engine, EngineParts, StoredProjects};
use flow_store::{CheckpointStorage, Epoch, ServerId};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

/// How long attempts that run may go on by themselves once the server is to stop.
const PATIENCE: Duration = Duration::from_secs(5);
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
    let state = StateFolder::open(&config.state)?;
    let storage = CheckpointStorage::open(&config.storage)?;
    let key = ClusterKey::open(&config.key_file)?;

    let (app, at) = join(config, &state, storage, key, listen).await?;
    update::adopt_stored(&app).await?;
    tracing::info!(address = at.address, server = %at.id, name = at.name, epoch = %at.epoch, "serving");
    ready(&at);

    let background = CancellationToken::new();
    let _stopped_with_us = background.clone().drop_guard();
    spawn(&app, &background, |app| async move { events::watch(&app).await });
    spawn(&app, &background, |app| async move { app.work.live_again_for_ever(&app.stopping).await });
    spawn(&app, &background, |app| async move { update::adopt_wanted(&app).await });

    let router = routes::router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let closing = CancellationToken::new();
    let http = axum::serve(listener, router).with_graceful_shutdown(closing.clone().cancelled_owned());
    let mut http = tokio::spawn(async move { http.await });

    let stopped_by_itself = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = &mut http => Some(ended),
    };
    app.stopping.cancel();
    tracing::info!("stopping");
    let left = app.work.end(PATIENCE).await;
    closing.cancel();
    if let Some(ended) = stopped_by_itself {
        let error = ended.map_err(std::io::Error::other).and_then(|ended| ended);
        return Err(ServeError::Http(error.err().unwrap_or_else(|| std::io::Error::other("no reason given"))));
    }
    if tokio::time::timeout(CONNECTIONS, &mut http).await.is_err() {
        http.abort();
    }
    Ok(left?)
}

async fn join(
    config: ServerConfig,
    state: &StateFolder,
    storage: CheckpointStorage,
    key: ClusterKey,
    listen: SocketAddr,
) -> Result<(Arc<App>, ServingAt), ServeError> {
    let id = state.id().clone();
    let known = config.store.servers().await?.into_iter().find(|server| server.id == id);
    let name = config.name.or(known.as_ref().map(|known| known.name.clone())).unwrap_or_else(|| id.to_string());
    let address = format!("http://{listen}");
    let palette = Palette::standard();
    let secrets = Arc::new(Secrets::new(Arc::clone(&config.store), key));
    let engine = Engine::new(EngineParts {
        palette: Arc::clone(&palette),
        store: Arc::clone(&config.store) as _,
        storage: storage.clone(),
        projects: Arc::new(StoredProjects(Arc::clone(&config.store))),
        secrets: Arc::clone(&secrets) as _,
        local_folder: state.local_files(),
        server_name: name.clone(),
        observer: None,
    });
    let versions = known.map(|known| known.versions).unwrap_or_default();
    let projects = Projects::new(Arc::clone(&config.store), palette, id.clone(), versions);
    let work = Work::begin(Joining {
        store: Arc::clone(&config.store),
        lock_folder: config.lock_folder,
        identity: Identity { id: id.clone(), name: name.clone(), address: address.clone() },
        lease: config.lease,
        concurrency: config.concurrency,
        engine,
    })
    .await?;
    let epoch = work.owner().map_or(Epoch(0), |owner| owner.epoch);
    let at = ServingAt { address, id: id.clone(), name, epoch };
    let app = App {
        store: config.store,
        storage,
        secrets,
        id,
        work,
        projects,
        name: at.name.clone(),
        copies: state.projects(),
        updating: Mutex::new(()),
        events: Events::default(),
        throttle: LoginThrottle::default(),
        hashing: Semaphore::new(HASHED_AT_ONCE),
        openapi: OnceLock::new(),
        stopping: CancellationToken::new(),
    };
    Ok((Arc::new(app), at))
}

/// Runs something beside the server, for as long as it lives.
fn spawn<Task>(app: &Arc<App>, until: &CancellationToken, task: impl FnOnce(Arc<App>) -> Task)
where
    Task: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(until.clone().run_until_cancelled_owned(task(Arc::clone(app))));
}
