//! What a person does to a request: re-executes it, or cancels it.

use super::{Change, GoOn, TransitionError, fenced, log_entry, went_on_from, wrong_state};
use crate::RequestState::{Cancelled, Error, Finished, Running, WaitingForRetry};
use crate::{AttemptOutcome, Level, NewVersion, Request, RequestSettings, ServerRef, Timestamp, event};

/// A person asks for a new attempt, which goes on from `from`, at another version where one is given. `owner` is the server
/// that it belongs to from then on, `alive` the one that it belongs to now, if that lives: what waits for its retry there
/// stays there.
pub fn re_execute(
    mut request: Request,
    owner: &ServerRef,
    alive: Option<&ServerRef>,
    by: &str,
    (from, version): (GoOn, Option<NewVersion>),
    now: Timestamp,
) -> Result<Change, TransitionError> {
    if !matches!(request.state, Error | Cancelled | WaitingForRetry) {
        let way_out = match request.state {
            Finished => "start a new request instead",
            _ => "cancel it first",
        };
        return Err(wrong_state(&request, "re-executed", way_out));
    }
    if let Some(other) = alive.filter(|alive| request.state == WaitingForRetry && alive.owner != owner.owner) {
        return Err(TransitionError::OwnerLives { request: request.id, server: other.name.clone() });
    }
    let withdrawn = match from {
        GoOn::Newest => 0,
        GoOn::Removed => {
            let way_out =
                "retention has removed its saved points: re-execute it from its start, or start a new request";
            return Err(wrong_state(&request, "re-executed", way_out));
        }
        GoOn::Earlier(earlier) => {
            request.saved_points = earlier.points;
            request.checkpoint = earlier.checkpoint;
            earlier.withdrawn
        }
    };
    let moved = match version {
        Some(NewVersion { version, seen, .. }) if seen != request.fence => {
            return Err(TransitionError::Changed { request: request.id, version });
        }
        // At the version that it has, it has the settings of that.
        Some(NewVersion { version, .. }) if version == request.version => None,
        Some(NewVersion { version, settings, .. }) => {
            // Where it waits and what it counts for stays as it was asked for.
            let RequestSettings { priority, limits, .. } = request.settings;
            request.settings = RequestSettings { priority, limits, ..settings };
            Some(std::mem::replace(&mut request.version, version))
        }
        None => None,
    };
    request.state = WaitingForRetry;
    request.owner = Some(owner.owner.clone());
    request.due = Some(now);
    request.ended = None;
    request.error = None;
    request.takeovers_without_progress = 0;
    let request = fenced(request, now);
    let mut message = format!("{by} asked {} to re-execute it from {}", owner.name, went_on_from(&request));
    if withdrawn > 0 {
        message.push_str(&format!("; {withdrawn} later saved points are withdrawn"));
    }
    if let Some(before) = moved {
        message.push_str(&format!(", at version {} instead of {}", request.version.short(), before.short()));
    }
    let entry = log_entry(&request, &owner.name, Level::Info, event::RE_EXECUTED, message, now);
    Ok(Change::quiet(request).with_log(entry))
}

/// A person cancels the request; a running attempt is fenced off. `server` is its owner's name, for the log.
pub fn cancel(mut request: Request, by: &str, server: &str, now: Timestamp) -> Result<Change, TransitionError> {
    if request.state.is_ended() {
        return Err(wrong_state(&request, "cancelled", "it has ended already"));
    }
    let was_running = request.state == Running;
    request.state = Cancelled;
    request.due = None;
    request.ended = Some(now);
    let request = fenced(request, now);
    let entry = log_entry(&request, server, Level::Warning, event::CANCELLED, format!("cancelled by {by}"), now);
    let change =
        if was_running { Change::ended(request, AttemptOutcome::Cancelled, None) } else { Change::quiet(request) };
    Ok(change.with_log(entry))
}
