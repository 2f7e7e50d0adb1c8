//! Firing when requests of other flows have ended.

use super::active::Live;
use crate::state::App;
use flow_model::{RequestTrigger, TriggerAction, WatchedState};
use flow_store::{NewFiring, ProjectName, Request, RequestId, RequestState, StoreError, Timestamp};
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// While much changes, ended requests are looked for this often.
const GAP: Duration = Duration::from_millis(50);
/// Where nothing changes, they are looked for this often all the same.
const LONGEST: Duration = Duration::from_secs(30);
/// And this soon where that could not be done, or not yet.
const AGAIN: Duration = Duration::from_secs(1);
/// An end may become visible so long after the time that it carries.
const VISIBLE_MS: u64 = 10_000;
/// How far a trigger has come is written down in steps of this.
const STEP_MS: u64 = 60_000;
/// So many requests are read at once, unless more have ended at one moment.
const PAGE: usize = 500;

/// What this server has seen of the requests that one trigger follows.
struct Seen {
    /// What was switched on, or changed, since then begins anew.
    mark: (String, Timestamp),
    /// All that ended before this is dealt with.
    from: Timestamp,
    /// Those dealt with that ended since: a request that was re-executed ends again, in another attempt.
    dealt_with: BTreeMap<(RequestId, u32), Timestamp>,
}

/// Fires for requests that have ended, for as long as the server lives.
pub async fn follow_chains(app: &App) {
    let mut changes = app.store.changes();
    let mut seen: HashMap<(ProjectName, String), Seen> = HashMap::new();
    loop {
        changes.borrow_and_update();
        let active = app.triggers.active();
        let (mut followed, mut wait) = (Vec::new(), LONGEST);
        for (live, action) in active.firing() {
            let TriggerAction::Request(request) = action else { continue };
            let place = (live.open.project.clone(), live.open.trigger.id.clone());
            if !app.may_fire() {
                // A server that stands back may act again at any moment, without a change of the database.
                wait = AGAIN;
            } else {
                let known = seen.remove(&place).filter(|known| known.is_of(live));
                let mut known = known.unwrap_or_else(|| Seen::begin(live));
                let followed_all = look(app, live, request, &mut known).await;
                if let Err(error) = &followed_all {
                    tracing::debug!(code = error.code(), %error, "ended requests cannot be looked for; trying again");
                }
                if !matches!(followed_all, Ok(true)) {
                    wait = AGAIN;
                }
                seen.insert(place.clone(), known);
            }
            followed.push(place);
        }
        seen.retain(|place, _| followed.contains(place));
        tokio::time::sleep(GAP).await;
        if followed.is_empty() {
            // The triggers are looked at again beside this; so often is soon enough.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        if let Ok(Err(_)) = tokio::time::timeout(wait, changes.changed()).await {
            return;
        }
    }
}

impl Seen {
    fn begin(live: &Live) -> Self {
        Self { mark: Self::mark_of(live), from: live.state.reached, dealt_with: BTreeMap::new() }
    }

    fn mark_of(live: &Live) -> (String, Timestamp) {
        (live.state.mark.clone(), live.state.switched.unwrap_or(Timestamp(0)))
    }

    fn is_of(&self, live: &Live) -> bool {
        self.mark == Self::mark_of(live)
    }
}

/// Fires for what has ended since the last look; whether that is all of it, which it is not while too many requests are queued.
async fn look(app: &App, live: &Live, follows: &RequestTrigger, seen: &mut Seen) -> Result<bool, StoreError> {
    let now = app.store.now();
    if live.state.reached <= now {
        // What others have dealt with while this server could not: not each of those firings is remembered for good.
        seen.from = seen.from.max(live.state.reached);
    }
    if seen.from > now {
        // The clock was ahead when that was noted. What ends from now on ends before it, and is not to be passed over.
        seen.from = now.minus_ms(VISIBLE_MS);
    }
    let states: Vec<RequestState> = follows.states.iter().map(|state| stored(*state)).collect();
    let (mut from, mut page) = (seen.from, PAGE);
    let all = 'pages: loop {
        let asked = app.store.now();
        let flow = follows.flow.as_str();
        let ended = app.store.ended_requests(&live.open.project, flow, &states, from, page).await?;
        for request in &ended {
            let at = request.ended.unwrap_or(request.updated);
            if let Entry::Vacant(end) = seen.dealt_with.entry((request.id, request.attempt)) {
                if !fire(app, live, request).await? {
                    seen.from = seen.from.max(at.min(asked.minus_ms(VISIBLE_MS)));
                    break 'pages false;
                }
                end.insert(at);
            }
        }
        let last = ended.last().and_then(|request| request.ended);
        match last.filter(|_| ended.len() == page) {
            Some(last) if last > from => from = last,
            // What ended in one write, of a takeover say, cannot be told apart by time: it is read all at once.
            Some(_) => page *= 2,
            None => {
                // All that had ended by then is dealt with, save what was not yet visible.
                seen.from = seen.from.max(asked.minus_ms(VISIBLE_MS));
                break true;
            }
        }
    };
    seen.dealt_with.retain(|_, ended| *ended >= seen.from);
    if live.state.reached.plus_ms(STEP_MS) < seen.from {
        app.store.trigger_reached(&live.open.project, &live.open.trigger.id, seen.from).await?;
    }
    Ok(all)
}

/// Fires for the end of a request; false if that has to wait.
async fn fire(app: &App, live: &Live, ended: &Request) -> Result<bool, StoreError> {
    let text = |text: &str| Value::from(text);
    let brought = [
        ("request", Value::from(ended.id.0)),
        ("state", text(ended.state.as_str())),
        ("reply", ended.reply.clone().unwrap_or(Value::Null)),
        ("error", ended.error.as_ref().map_or(Value::Null, |error| text(&error.message))),
    ];
    let at = ended.ended.unwrap_or(ended.updated);
    let request = live.open.request("trigger", &brought);
    if let Err(problem) = &request {
        let trigger = &live.open.trigger.name;
        tracing::warn!(project = %live.open.project, trigger, request = %ended.id, "the end of a request is given up: {problem}");
    }
    let missed = u64::from(request.is_err());
    // Each end is one: a request that was re-executed ends again.
    let key = format!("request {} attempt {}", ended.id, ended.attempt);
    let firing = NewFiring { key, missed, ..live.open.firing(at, request.ok()) };
    Ok(super::fire_if_room(app, live, firing).await?.is_some())
}

fn stored(state: WatchedState) -> RequestState {
    match state {
        WatchedState::Finished => RequestState::Finished,
        WatchedState::Error => RequestState::Error,
        WatchedState::Cancelled => RequestState::Cancelled,
    }
}
