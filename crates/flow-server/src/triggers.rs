//! The triggers of the cluster, as this server works on them.
//!
//! Every server does the same: it knows the triggers of the versions that all servers have (`active`), and fires what is
//! due (`schedules`), what has ended (`chains`) and what has come (`files`). Several may come with the same firing; the
//! checkpoint database lets one of them make it, so nothing depends on who is alive. Calls (`calls`) are answered by the
//! server that receives them.

mod active;
mod adopt;
mod calls;
mod chains;
mod files;
mod follow;
mod schedules;
mod show;

pub use active::Live;
pub use calls::{call, note_calls};
pub use chains::follow_chains;
pub use files::watch_folders;
pub use follow::follow;
pub use show::{entries, entry, next_due};

use crate::routes::{admit, full_queue};
use crate::state::App;
use crate::traces;
use active::Active;
use flow_model::trigger_kind;
use flow_store::{Fired, NewFiring, ProjectName, Request, RequestId, StoreError};
use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A call for which no trigger is known makes this server look again, so soon after the last look.
const OLD: Duration = Duration::from_millis(50);

/// What this server knows of the cluster's triggers.
#[derive(Default)]
pub struct Triggers {
    active: RwLock<Arc<Active>>,
    /// When they were looked at last.
    looked: Mutex<Option<Instant>>,
    /// There may be other triggers than at the last look.
    changed: Notify,
    /// Calls that have made requests since that was last written down: how many, and the last of them.
    calls: Mutex<HashMap<(ProjectName, String), (u64, RequestId)>>,
}

impl Triggers {
    /// The triggers as of the last look.
    pub fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read())
    }

    /// Whether the last look was so long ago that there may be others by now.
    fn may_be_old(&self) -> bool {
        self.looked.lock().is_none_or(|at| at.elapsed() >= OLD)
    }

    /// Somebody has changed something about them: it is looked at now.
    pub fn look_again(&self) {
        self.changed.notify_one();
    }
}

/// The triggers as they are now, for whoever asks.
pub async fn now(app: &App) -> Result<Arc<Active>, StoreError> {
    let active = Arc::new(Active::read(app, &app.triggers.active()).await?);
    *app.triggers.looked.lock() = Some(Instant::now());
    *app.triggers.active.write() = Arc::clone(&active);
    Ok(active)
}

/// Makes a firing, and executes its request if it is this server's own. Gives the request if this very call made it.
async fn fire(app: &App, live: &Live, firing: NewFiring) -> Result<Fired, StoreError> {
    let (key, missed) = (firing.key.clone(), firing.missed);
    let fired = app.work.fire(firing).await?;
    note(app, live, &key, missed, &fired);
    Ok(fired)
}

/// The same for what stays where it is until it is fired for; none while too many requests are queued.
async fn fire_if_room(app: &App, live: &Live, mut firing: NewFiring) -> Result<Option<Fired>, StoreError> {
    if let Some(request) = &mut firing.request {
        app.settings.limit(request);
        if full_queue(app, 1, !request.settings.limits.is_empty()).await?.is_some() {
            return Ok(None);
        }
    }
    fire(app, live, firing).await.map(Some)
}

/// The same for a request that only this server can run, which is never queued; none while this server has no room.
async fn fire_here(app: &App, live: &Live, firing: NewFiring) -> Result<Option<Fired>, StoreError> {
    let (key, missed) = (firing.key.clone(), firing.missed);
    let fired = app.work.fire_here(firing).await?;
    if let Some(fired) = &fired {
        note(app, live, &key, missed, fired);
    }
    Ok(fired)
}

/// Tells the log of a firing and counts it, unless another server made it.
fn note(app: &App, live: &Live, key: &str, missed: u64, fired: &Fired) {
    let Fired::New(request) = fired else { return };
    if let Some(request) = request {
        let (project, trigger) = (&live.open.project, &live.open.trigger.id);
        tracing::debug!(%project, trigger, key, request = %request.id, "a trigger fired");
    }
    count(app, live, u64::from(request.is_some()), missed);
}

/// Counts what a trigger fired at this server, and what it gave up.
fn count(app: &App, live: &Live, requests: u64, missed: u64) {
    if let Some(kind) = trigger_kind(&live.open.trigger.kind) {
        app.metrics.trigger_fired(kind.kind, requests, missed);
    }
}

/// A person fires a trigger.
pub async fn fire_by_hand(app: &App, live: &Live, by: &str) -> crate::problem::Reply<Request> {
    use crate::problem::Refusal;
    let broken = |problem: &str| {
        let detail = format!("the trigger “{}” cannot fire: {problem}", live.open.trigger.name);
        Refusal::new(flow_api::codes::TRIGGER_BROKEN, detail)
    };
    let now = app.store.now();
    let brought = [("due", serde_json::Value::from(now.to_string()))];
    let mut request = live.open.request(by, &brought).map_err(|problem| broken(&problem))?;
    app.settings.limit(&mut request);
    admit(app, 1, !request.settings.limits.is_empty()).await?;
    let firing = NewFiring {
        key: format!("by hand {now} {:08x}", rand::random::<u32>()),
        by_hand: true,
        ..live.open.firing(now, Some(request))
    };
    match fire(app, live, firing).await? {
        Fired::New(Some(request)) => {
            traces::made(&request);
            Ok(*request)
        }
        _ => Err(broken("the checkpoint database has made no request")),
    }
}
