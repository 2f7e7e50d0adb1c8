//! What becomes of a request when its owner is lost, comes back or leaves.

use super::{
    Change, TransitionError, end_in_error, fenced, log_entry, nothing_saved_error, release, went_on_from, wrong_state,
};
use crate::RequestState::{Queued, Running, WaitingForRetry};
use crate::{AttemptOutcome, Level, Owner, Request, RequestError, ServerRef, Timestamp, event};

/// The takeover in a row, without a new saved point, that ends a request in `Error`: a request that kills its server
/// must not kill them all.
pub const TAKEOVER_LIMIT: u32 = 3;

/// What the loss of its owner does to a request; none if it is not concerned. `survivor` takes it over where another
/// server may go on with it; otherwise it stays the dead server's.
pub fn take_over(mut request: Request, dead: &ServerRef, survivor: &ServerRef, now: Timestamp) -> Option<Change> {
    if request.owner.as_ref() != Some(&dead.owner) || request.state.is_ended() {
        return None;
    }
    if request.state == Queued {
        request.owner = None;
        return Some(Change::quiet(fenced(request, now)));
    }
    let was_running = request.state == Running;
    if !request.settings.other_server_retry && request.saved_points == 0 {
        return Some(lost(request, nothing_saved_error(&dead.name), &survivor.name, now));
    }
    if let Some(error) = count_takeover(&mut request) {
        return Some(lost(request, error, &survivor.name, now));
    }
    let at = went_on_from(&request);
    let (event, message) = if request.settings.other_server_retry {
        request.owner = Some(survivor.owner.clone());
        (event::TAKEN_OVER, format!("{} was lost; {} goes on from {at}", dead.name, survivor.name))
    } else {
        (event::OWNER_LOST, format!("{} was lost; it goes on from {at} at its next start", dead.name))
    };
    Some(resumable(request, was_running, event, message, &survivor.name, now))
}

/// A person takes a running request from its owner, which lives and yet gets nowhere with it. `to` goes on from what is
/// saved; whatever the owner still writes is refused. `from` is its name. It spends no retry and counts as no loss of a
/// server. Only an owner that has marked it as stalled looks whether it is still its own before it acts, so only from such a
/// one it is taken.
pub fn take_from(
    mut request: Request,
    from: &str,
    to: &ServerRef,
    by: &str,
    now: Timestamp,
) -> Result<Change, TransitionError> {
    if request.state != Running {
        let way_out = match request.state {
            state if state.is_ended() => "re-execute it instead",
            _ => "no server runs it: it goes on by itself when it is due, or re-execute it",
        };
        return Err(wrong_state(&request, "taken over", way_out));
    }
    if request.stalled.is_none() {
        let way_out = "it is not stalled: let it run, or cancel it and re-execute it then";
        return Err(wrong_state(&request, "taken over", way_out));
    }
    let message = format!("{by} took it from {from}; {} goes on from {}", to.name, went_on_from(&request));
    request.owner = Some(to.owner.clone());
    Ok(resumable(request, true, event::TAKEN_OVER, message, &to.name, now))
}

/// What the next start of the same server does to a request of an earlier epoch; none if it is not concerned. Whatever
/// waited lost nothing by the restart and keeps its due time; what ran is due at once if it may be resumed.
pub fn recover(mut request: Request, owner: &ServerRef, now: Timestamp) -> Option<Change> {
    let earlier = |current: &Owner| current.server == owner.owner.server && current.epoch < owner.owner.epoch;
    if !request.owner.as_ref().is_some_and(earlier) || request.state.is_ended() {
        return None;
    }
    if request.state == Queued {
        request.owner = None;
        return Some(Change::quiet(fenced(request, now)));
    }
    let was_running = request.state == Running;
    if was_running && !request.settings.other_server_retry && request.saved_points == 0 {
        return Some(lost(request, nothing_saved_error(&owner.name), &owner.name, now));
    }
    if let Some(error) = count_takeover(&mut request) {
        return Some(lost(request, error, &owner.name, now));
    }
    request.owner = Some(owner.owner.clone());
    let message = format!("{} started again and goes on from {}", owner.name, went_on_from(&request));
    Some(resumable(request, was_running, event::OWNER_RESTARTED, message, &owner.name, now))
}

/// What a graceful stop of its owner does to a request that is not running; none if it is not concerned.
pub fn leave(mut request: Request, owner: &ServerRef, now: Timestamp) -> Option<Change> {
    if request.owner.as_ref() != Some(&owner.owner) || request.state.is_ended() {
        return None;
    }
    match request.state {
        Running => {
            let change = release(fenced(request, now), &owner.name, now);
            let message = format!("{} stopped", owner.name);
            let entry = log_entry(&change.request, &owner.name, Level::Info, event::RELEASED, message, now);
            Some(change.with_log(entry))
        }
        Queued => {
            request.owner = None;
            Some(Change::quiet(fenced(request, now)))
        }
        _ if request.settings.other_server_retry => {
            request.owner = None;
            Some(Change::quiet(fenced(request, now)))
        }
        _ => None,
    }
}

/// What maintenance of its owner does to a request that waits there: any server may go on with it, if others may; none if
/// it is not concerned.
pub fn hand_over(request: Request, owner: &ServerRef, now: Timestamp) -> Option<Change> {
    if request.state == Running { None } else { leave(request, owner, now) }
}

/// Counts the loss of an owner under which the request ran; the error if it is one too many.
fn count_takeover(request: &mut Request) -> Option<RequestError> {
    if request.state != Running {
        return None;
    }
    request.takeovers_without_progress += 1;
    (request.takeovers_without_progress >= TAKEOVER_LIMIT).then(|| RequestError {
        code: "request/takeover-limit".to_owned(),
        message: format!(
            "its server was lost {TAKEOVER_LIMIT} times in a row while it ran, without a new saved point in between: \
             the request may be what ends the servers; look at its last component before you re-execute it"
        ),
        component: None,
    })
}

/// The request ends because its owner was lost.
fn lost(mut request: Request, error: RequestError, server: &str, now: Timestamp) -> Change {
    let was_running = request.state == Running;
    request.error = Some(error.clone());
    end_in_error(&mut request, now);
    let request = fenced(request, now);
    let entry = log_entry(&request, server, Level::Error, event::OWNER_LOST, error.message.clone(), now);
    let change = if was_running {
        Change::ended(request, AttemptOutcome::OwnerLost, Some(error))
    } else {
        Change::quiet(request)
    };
    change.with_log(entry)
}

/// The request waits for its next attempt after the loss of its owner.
fn resumable(
    mut request: Request,
    was_running: bool,
    event: &'static str,
    message: String,
    server: &str,
    now: Timestamp,
) -> Change {
    request.state = WaitingForRetry;
    if was_running {
        request.due = Some(now);
    }
    let request = fenced(request, now);
    let entry = log_entry(&request, server, Level::Warning, event, message, now);
    let change =
        if was_running { Change::ended(request, AttemptOutcome::OwnerLost, None) } else { Change::quiet(request) };
    change.with_log(entry)
}
