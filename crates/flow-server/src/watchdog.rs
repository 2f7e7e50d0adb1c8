//! Running requests that get nowhere although their server lives: one component hangs, say, in something outside that never
//! answers. Their server marks them, so that they are listed, counted and told of, and an operator may take them from it.
//! By itself nothing is done to them: nobody can tell a call that hangs from one that takes its time.
//!
//! What progress is, the engine says ([`flow_engine::Standstill`]); how long there may be none, the flow's start or the
//! cluster's settings.

use crate::state::App;
use flow_engine::Standstill;
use flow_store::{Fence, Level, LogEntry, RequestId, StoreError, Timestamp, event};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the attempts of this server are looked at. Nothing is counted below this.
const LOOK: Duration = Duration::from_millis(500);

/// The attempts of this server that are marked as stalled.
#[derive(Default)]
pub struct Watchdog {
    marked: Mutex<HashMap<(RequestId, Fence), Mark>>,
}

/// The mark of an attempt.
#[derive(Clone, Copy)]
struct Mark {
    attempt: u32,
    /// Whether it is known to be in the checkpoint database. One that is not may be there all the same, and is taken away as any
    /// other.
    is_noted: bool,
}

impl Watchdog {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.marked.lock().values().filter(|mark| mark.is_noted).count()
    }

    /// Looks again and again, for as long as the server lives.
    pub async fn watch(&self, app: &App) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look(app).await;
        }
    }

    async fn look(&self, app: &App) {
        let by_default = app.settings.stalled_after();
        let stands = |one: &Standstill| {
            let may_last = one.may_last.unwrap_or(by_default);
            !may_last.is_zero() && one.lasts >= may_last
        };
        let standing: HashMap<(RequestId, Fence), Standstill> = {
            let found = app.work.engine().standing_for(LOOK).into_iter().filter(stands);
            found.map(|one| ((one.request, one.fence), one)).collect()
        };
        let marked = self.marked.lock().clone();
        for (id, fence) in marked.keys().copied() {
            // Whoever took the request raised its fence.
            if let Some(taken) = app.store.get(id).await.ok().filter(|request| request.fence > fence) {
                app.work.end_before(id, taken.fence);
            }
        }
        for (key, mark) in marked.iter().filter(|(key, _)| !standing.contains_key(*key)) {
            self.no_longer(app, *key, mark.attempt).await;
        }
        for (key, one) in standing.iter().filter(|(key, _)| marked.get(*key).is_none_or(|mark| !mark.is_noted)) {
            self.mark(app, *key, one).await;
        }
    }

    /// Marks an attempt that makes no progress.
    async fn mark(&self, app: &App, key: (RequestId, Fence), one: &Standstill) {
        let seconds = one.lasts.as_secs();
        let what = match one.running.first() {
            Some((_, name)) => format!("“{name}” runs since, and nothing comes of it"),
            None => "the checkpoint storage or the checkpoint database does not answer".to_owned(),
        };
        let message = format!("no progress for {seconds} s: {what}. If it hangs, take the request over or cancel it");
        tracing::warn!(code = "request/stalled", request = %one.request, "{message}");
        let component = one.running.first().map(|(id, _)| id.shared());
        let entry = self.entry(app, one.attempt, (Level::Warning, event::STALLED), (component, message));
        let since = app.store.now().minus_ms(u64::try_from(one.lasts.as_millis()).unwrap_or(u64::MAX));
        self.tell(app, key, (Some(since), one.attempt), entry).await;
    }

    /// Takes the mark from an attempt that makes progress again, or has ended.
    async fn no_longer(&self, app: &App, key: (RequestId, Fence), attempt: u32) {
        let message = "it makes progress again".to_owned();
        let entry = self.entry(app, attempt, (Level::Info, event::NO_LONGER_STALLED), (None, message));
        self.tell(app, key, (None, attempt), entry).await;
    }

    /// Notes it in the checkpoint database, and here. If that cannot be reached, the next look tries again.
    async fn tell(
        &self,
        app: &App,
        (id, fence): (RequestId, Fence),
        (since, attempt): (Option<Timestamp>, u32),
        entry: LogEntry,
    ) {
        if since.is_some() {
            // Before it can be seen: from then on the request may be taken.
            app.work.engine().doubt(id, fence, true);
        }
        let told = app.store.mark_stalled(id, fence, since, entry).await;
        if told.is_ok() && since.is_none() {
            app.work.engine().doubt(id, fence, false);
        }
        let is_noted = !matches!(told, Err(StoreError::Unavailable(_) | StoreError::Full(_)));
        if let (false, Err(error)) = (is_noted, &told) {
            tracing::debug!(code = error.code(), %error, request = %id, "a standstill cannot be noted; trying again");
        }
        let mut marked = self.marked.lock();
        if since.is_some() {
            marked.insert((id, fence), Mark { attempt, is_noted });
        } else if is_noted {
            marked.remove(&(id, fence));
        }
    }

    fn entry(
        &self,
        app: &App,
        attempt: u32,
        (level, event): (Level, &'static str),
        (component, message): (Option<Arc<str>>, String),
    ) -> LogEntry {
        let server = app.work.engine().server_name();
        LogEntry { at: app.store.now(), attempt, server, level, component, event: event.into(), message }
    }
}
