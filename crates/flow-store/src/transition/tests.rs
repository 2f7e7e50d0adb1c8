//! What the conformance suite does not see from outside: every transition in every state.

use super::*;
use crate::{Epoch, Limit, Limited, NewVersion, ProjectName, RequestSettings, ServerId, ServerRef};
use serde_json::json;

const NOW: Timestamp = Timestamp(1000);

fn server(name: &str, epoch: i64) -> ServerRef {
    let owner = Owner { server: ServerId::parse(name).unwrap(), epoch: Epoch(epoch) };
    ServerRef { owner, name: format!("Server {name}") }
}

fn new_request(other_server_retry: bool) -> NewRequest {
    NewRequest {
        project: ProjectName::parse("orders").unwrap(),
        version: VersionId::parse("v1").unwrap(),
        flow: "import".to_owned(),
        trigger: "api".to_owned(),
        requested_by: "ann".to_owned(),
        inputs: json!({}),
        settings: RequestSettings { other_server_retry, retry_count: 1, ..RequestSettings::default() },
        idempotency_key: None,
    }
}

/// A request of server a in this state.
fn request(state: RequestState, other_server_retry: bool, saved_points: u32) -> Request {
    let created = create(RequestId(1), new_request(other_server_retry), None, false, Timestamp(1)).request;
    let due = matches!(state, Waiting | WaitingForRetry).then_some(Timestamp(5000));
    let attempt = u32::from(state != Queued);
    Request { state, owner: Some(server("a", 1).owner), fence: Fence(7), due, attempt, saved_points, ..created }
}

#[test]
fn what_is_made_under_limits_runs_at_once_only_where_they_have_room() {
    let owner = server("a", 1).owner;
    let limits = vec![Limit { of: Limited::Flow("import".to_owned()), most: 1 }];
    let settings = RequestSettings { limits, ..RequestSettings::default() };
    let new = || NewRequest { settings: settings.clone(), ..new_request(true) };
    let queued = create(RequestId(1), new(), Some(owner.clone()), false, NOW);
    assert_eq!((queued.request.state, queued.request.owner.as_ref()), (Queued, Some(&owner)));
    assert_eq!((queued.request.attempt, &queued.attempt), (0, &AttemptChange::None));
    let running = create(RequestId(1), new(), Some(owner.clone()), true, NOW);
    assert_eq!(running.request.state, Running);
    assert_eq!(running, claim(queued.request, &owner, NOW).unwrap(), "as if it had been queued and claimed");
    let free = create(RequestId(1), new(), None, true, NOW);
    assert_eq!((free.request.state, free.request.owner), (Queued, None));
}

#[test]
fn takeover_moves_each_state_as_the_rules_say() {
    let (dead, survivor) = (server("a", 1), server("b", 4));
    let (of_dead, of_survivor) = (Some(dead.owner.clone()), Some(survivor.owner.clone()));
    // (state, OtherServerRetry, saved points) → (state, owner, due)
    let table = [
        ((Queued, true, 0), (Queued, None, None)),
        ((Queued, false, 0), (Queued, None, None)),
        ((Running, true, 0), (WaitingForRetry, of_survivor.clone(), Some(NOW))),
        ((Running, true, 2), (WaitingForRetry, of_survivor.clone(), Some(NOW))),
        ((Running, false, 2), (WaitingForRetry, of_dead.clone(), Some(NOW))),
        ((Running, false, 0), (Error, of_dead.clone(), None)),
        ((Waiting, true, 0), (WaitingForRetry, of_survivor.clone(), Some(Timestamp(5000)))),
        ((Waiting, false, 2), (WaitingForRetry, of_dead.clone(), Some(Timestamp(5000)))),
        ((Waiting, false, 0), (Error, of_dead.clone(), None)),
        ((WaitingForRetry, true, 0), (WaitingForRetry, of_survivor, Some(Timestamp(5000)))),
        ((WaitingForRetry, false, 2), (WaitingForRetry, of_dead.clone(), Some(Timestamp(5000)))),
        ((WaitingForRetry, false, 0), (Error, of_dead, None)),
    ];
    for ((state, other_server_retry, saved), expected) in table {
        let change = take_over(request(state, other_server_retry, saved), &dead, &survivor, NOW).unwrap();
        let after = change.request;
        let place = format!("{state} OtherServerRetry={other_server_retry} saved={saved}");
        assert_eq!((after.state, after.owner, after.due), expected, "{place}");
        assert_eq!(after.fence, Fence(8), "{place}");
        assert_eq!(after.error.is_some(), after.state == Error, "{place}");
        assert_eq!(matches!(change.attempt, AttemptChange::Ended(AttemptOutcome::OwnerLost, _)), state == Running);
    }
}

#[test]
fn takeover_leaves_ended_requests_and_those_of_others_alone() {
    let survivor = server("b", 1);
    for state in [Finished, Error, Cancelled] {
        assert_eq!(take_over(request(state, true, 1), &server("a", 1), &survivor, NOW), None);
    }
    for other in [server("a", 2), server("c", 1)] {
        assert_eq!(take_over(request(Running, true, 1), &other, &survivor, NOW), None);
    }
    let free = Request { owner: None, ..request(Queued, true, 0) };
    assert_eq!(take_over(free, &server("a", 1), &survivor, NOW), None);
}

#[test]
fn a_restart_recovers_only_earlier_epochs_of_the_same_server() {
    assert_eq!(recover(request(Running, true, 0), &server("a", 1), NOW), None);
    assert_eq!(recover(request(Running, true, 0), &server("b", 2), NOW), None);
    let again = server("a", 3);
    let change = recover(request(Running, true, 0), &again, NOW).unwrap();
    assert_eq!((change.request.state, change.request.owner), (WaitingForRetry, Some(again.owner.clone())));
    let kept = recover(request(WaitingForRetry, false, 0), &again, NOW).unwrap().request;
    assert_eq!((kept.state, kept.due), (WaitingForRetry, Some(Timestamp(5000))), "it lost nothing");
}

#[test]
fn only_what_takes_the_request_forward_counts_as_progress() {
    let point = |kind| SavedPoint {
        kind,
        component: "c-1".to_owned(),
        name: "One".to_owned(),
        iteration: String::new(),
        attempt: 1,
        data: crate::SavedData::None,
        variables: json!({}),
        outlets: vec![],
        due: None,
        rows: 0,
        at: NOW,
    };
    let before = Request { takeovers_without_progress: 2, ..request(Running, true, 0) };
    for kind in SavedKind::ALL {
        let after = save(before.clone(), Fence(7), &[point(kind)], NOW).unwrap();
        let forward = !matches!(kind, SavedKind::Outlets | SavedKind::Withdrawn);
        assert_eq!(after.takeovers_without_progress == 0, forward, "{kind:?}");
        let checkpoint = match kind {
            SavedKind::Begin => Some("Start"),
            SavedKind::Checkpoint => Some("One"),
            _ => None,
        };
        assert_eq!((after.checkpoint.as_deref(), after.saved_points), (checkpoint, 1), "{kind:?}");
    }
}

#[test]
fn writes_need_the_running_attempt_and_its_fence() {
    for state in RequestState::ALL {
        let allowed = state == Running;
        assert_eq!(check_fence(&request(state, true, 0), Fence(7)).is_ok(), allowed, "{state}");
        assert!(check_fence(&request(state, true, 0), Fence(6)).is_err(), "{state}");
    }
}

#[test]
fn only_a_running_request_that_is_stalled_is_taken_from_its_owner() {
    let to = server("b", 1);
    let stalled = |state| Request { stalled: Some(NOW), ..request(state, false, 0) };
    for state in RequestState::ALL {
        let taken = take_from(stalled(state), "Server a", &to, "ann", NOW);
        assert_eq!(taken.is_ok(), state == Running, "{state}");
        assert!(take_from(request(state, false, 0), "Server a", &to, "ann", NOW).is_err(), "{state}");
    }
    let taken = take_from(stalled(Running), "Server a", &to, "ann", NOW).unwrap();
    let after = &taken.request;
    assert_eq!((after.state, after.owner.as_ref(), after.due), (WaitingForRetry, Some(&to.owner), Some(NOW)));
    assert_eq!((after.fence, after.retries_used, after.takeovers_without_progress), (Fence(8), 0, 0));
    assert!(taken.log[0].message.contains("ann took it from Server a"), "{}", taken.log[0].message);
    assert!(check_fence(after, Fence(7)).is_err(), "whatever its owner still writes is refused");
}

#[test]
fn a_request_is_pinned_to_another_version_only_as_it_was_looked_at() {
    let settings = RequestSettings { retry_count: 5, ..RequestSettings::default() };
    let at = |seen| NewVersion { version: VersionId::parse("v2").unwrap(), settings: settings.clone(), seen };
    let go = |seen| {
        let how = (GoOn::Newest, Some(at(seen)));
        re_execute(request(Error, true, 0), &server("b", 1), None, "ann", how, NOW)
    };
    let moved = go(Fence(7)).unwrap();
    assert_eq!((moved.request.version.as_str(), moved.request.settings.retry_count), ("v2", 5));
    assert!(moved.log[0].message.ends_with("at version v2 instead of v1"), "{}", moved.log[0].message);
    let error = go(Fence(6)).unwrap_err();
    assert!(matches!(error, TransitionError::Changed { .. }), "{error}");
}

#[test]
fn the_mark_of_a_stalled_attempt_goes_with_it() {
    let marked = Request { stalled: Some(Timestamp(900)), ..request(Running, true, 1) };
    let entry = log_entry(&marked, "Server a", Level::Warning, event::STALLED, "“Call” hangs".to_owned(), NOW);
    let since = Some(Timestamp(900));
    let change = mark_stalled(request(Running, true, 1), Fence(7), since, entry.clone(), NOW).unwrap();
    assert_eq!((&change.request.stalled, change.log.len()), (&since, 1));
    assert!(mark_stalled(request(Running, true, 1), Fence(6), since, entry.clone(), NOW).is_err());
    assert!(mark_stalled(request(Waiting, true, 1), Fence(7), since, entry, NOW).is_err());
    let b = server("b", 1);
    let gone = [
        take_from(marked.clone(), "Server a", &b, "ann", NOW).unwrap(),
        take_over(marked.clone(), &server("a", 1), &b, NOW).unwrap(),
        cancel(marked.clone(), "ann", "Server a", NOW).unwrap(),
        end_attempt(marked, Fence(7), AttemptEnd::Finished { reply: None }, "Server a", NOW).unwrap(),
    ];
    assert!(gone.iter().all(|change| change.request.stalled.is_none()));
}

#[test]
fn re_execution_and_cancelling_know_their_states() {
    for state in RequestState::ALL {
        let how = (GoOn::Newest, None);
        let re_executed = re_execute(request(state, true, 0), &server("b", 1), None, "ann", how, NOW);
        assert_eq!(re_executed.is_ok(), matches!(state, Error | Cancelled | WaitingForRetry), "{state}");
        let cancelled = cancel(request(state, true, 0), "ann", "Server a", NOW);
        assert_eq!(cancelled.is_ok(), !state.is_ended(), "{state}");
        assert!(cancelled.is_err() || cancelled.is_ok_and(|change| change.request.fence == Fence(8)), "{state}");
    }
}

#[test]
fn what_waits_for_its_retry_at_a_server_that_lives_stays_there() {
    let (a, b) = (server("a", 1), server("b", 1));
    let go = |state, to: &ServerRef, alive: Option<&ServerRef>| {
        re_execute(request(state, true, 0), to, alive, "ann", (GoOn::Newest, None), NOW)
    };
    let error = go(WaitingForRetry, &b, Some(&a)).unwrap_err();
    assert!(matches!(&error, TransitionError::OwnerLives { server, .. } if *server == a.name), "{error}");
    let at_once = go(WaitingForRetry, &a, Some(&a)).unwrap().request;
    assert_eq!((at_once.owner, at_once.due), (Some(a.owner.clone()), Some(NOW)), "it does not wait for the interval");
    for state in [Error, Cancelled] {
        assert!(go(state, &b, Some(&a)).is_ok(), "{state}");
    }
}

#[test]
fn a_claim_needs_a_request_that_is_free_or_ones_own_and_due() {
    let (a, b) = (server("a", 1).owner, server("b", 1).owner);
    let waiting = request(WaitingForRetry, true, 0);
    assert!(!is_claimable(&waiting, &a, Timestamp(4999)));
    assert!(is_claimable(&waiting, &a, Timestamp(5000)));
    assert!(!is_claimable(&waiting, &b, Timestamp(5000)));
    let free = Request { owner: None, ..waiting };
    assert!(is_claimable(&free, &b, Timestamp(5000)));
    let earlier = server("a", 2).owner;
    assert!(!is_claimable(&request(Queued, true, 0), &earlier, NOW));
    assert!(claim(request(Finished, true, 0), &a, NOW).is_err());
}

#[test]
fn a_graceful_stop_keeps_what_only_this_server_may_go_on_with() {
    let a = server("a", 1);
    assert_eq!(leave(request(Waiting, false, 0), &a, NOW), None);
    let free = leave(request(Waiting, true, 0), &a, NOW).unwrap().request;
    assert_eq!((free.state, free.owner, free.due), (Waiting, None, Some(Timestamp(5000))));
    let running = leave(request(Running, true, 0), &a, NOW).unwrap().request;
    assert_eq!((running.state, running.owner, running.fence), (Queued, None, Fence(8)));
}

#[test]
fn intervals_between_retries_grow_as_asked_to_a_day_at_the_most() {
    let settings =
        |retry_interval_ms, retry_backoff| RequestSettings { retry_interval_ms, retry_backoff, ..Default::default() };
    let intervals = |settings: RequestSettings| [1, 2, 3, 40].map(|retry| settings.interval_ms(retry));
    const DAY: u64 = 24 * 60 * 60 * 1000;
    assert_eq!(intervals(settings(1000, 0)), [1000; 4]);
    assert_eq!(intervals(settings(1000, 1)), [1000; 4]);
    assert_eq!(intervals(settings(1000, 2)), [1000, 2000, 4000, DAY]);
    assert_eq!(intervals(settings(3 * DAY, 2)), [3 * DAY; 4], "who asks for more than a day gets it");
}
