//! What requests save and log, read back in pages.

use super::requests::fail;
use super::{Fixture, anywhere, checkpoint, log_entry};
use crate::{
    AttemptEnd, AttemptWrite, PointPlace, Request, RequestId, SavedData, SavedKind, SavedOutline, SavedPoint,
    Timestamp, event,
};
use serde_json::json;

pub(super) async fn saved_points_come_back_as_they_were_saved(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let begin = SavedPoint { kind: SavedKind::Begin, name: "Begin".to_owned(), ..checkpoint(&request, "start") };
    let object = SavedPoint {
        data: SavedData::Object { key: "objects/ab/cd".to_owned(), hash: "abcd".to_owned(), bytes: 70_000 },
        variables: json!({"total": 1.5, "name": "Zoë", "list": [1, null]}),
        iteration: "3/7".to_owned(),
        ..checkpoint(&request, "orders validated")
    };
    let outlets = SavedPoint {
        kind: SavedKind::Outlets,
        data: SavedData::None,
        outlets: vec!["large".to_owned(), "otherwise".to_owned()],
        ..checkpoint(&request, "branch")
    };
    let wait = SavedPoint { kind: SavedKind::Wait, due: Some(Timestamp(77)), ..checkpoint(&request, "wait") };
    let write = |saved: Vec<SavedPoint>| AttemptWrite { saved, log: vec![] };
    fixture.store.write(request.id, request.fence, write(vec![begin.clone()])).await.unwrap();
    assert_eq!(fixture.get(request.id).await.checkpoint.as_deref(), Some("Start"));
    fixture.store.write(request.id, request.fence, write(vec![object.clone(), outlets.clone()])).await.unwrap();
    fixture.store.write(request.id, request.fence, write(vec![wait.clone()])).await.unwrap();
    let saved = fixture.store.saved_points(request.id).await.unwrap();
    assert_eq!(saved, [begin, object, outlets, wait]);
    for page in 1..=5 {
        check_outlines(&fixture, request.id, &saved, page).await;
    }
    let request = fixture.get(request.id).await;
    assert_eq!((request.checkpoint.as_deref(), request.saved_points), (Some("orders validated"), 4));
}

/// Outlines, read so many a time from the newest on, tell of all saved points and lead to them.
async fn check_outlines(fixture: &Fixture, id: RequestId, saved: &[SavedPoint], page: usize) {
    let mut outlines: Vec<SavedOutline> = Vec::new();
    loop {
        let before = outlines.last().map(|last| last.place);
        let more = fixture.store.saved_outlines(id, before, page).await.unwrap();
        assert!(more.len() <= page);
        if more.is_empty() {
            break;
        }
        outlines.extend(more);
    }
    outlines.reverse();
    assert!(outlines.is_sorted_by_key(|outline| outline.place));
    let expected: Vec<_> =
        outlines.iter().zip(saved).map(|(outline, point)| SavedOutline::of(outline.place, point)).collect();
    assert_eq!((outlines.len(), &outlines), (saved.len(), &expected));
    let places: Vec<PointPlace> = outlines.iter().rev().map(|outline| outline.place).collect();
    let at: Vec<SavedPoint> = fixture.store.saved_at(id, &places).await.unwrap();
    assert!(at.iter().eq(saved.iter().rev()));
    let nowhere = fixture.store.saved_at(id, &[PointPlace(u32::MAX.into())]).await;
    assert_eq!(nowhere.unwrap_err().code(), "store/not-found");
}

pub(super) async fn log_entries_are_numbered_over_all_writes(fixture: Fixture) {
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), anywhere()).await;
    let write = |events: &[(&str, i64)]| AttemptWrite {
        saved: vec![],
        log: events.iter().map(|(event, at)| log_entry(1, event, *at)).collect(),
    };
    let (id, fence) = (request.id, request.fence);
    fixture.store.write(id, fence, write(&[("one", 1), ("two", 2), ("three", 3)])).await.unwrap();
    fixture.store.write(id, fence, AttemptWrite::default()).await.unwrap();
    fixture.store.write(id, fence, write(&[("four", 4), (event::COMPONENT_STARTED, 5)])).await.unwrap();
    fixture.store.write(id, fence, write(&[(event::COMPONENT_STARTED, 6)])).await.unwrap();
    let page = async |after, limit| {
        let entries = fixture.store.log(id, after, limit).await.unwrap();
        entries.into_iter().map(|entry| (entry.number, entry.entry.event)).collect::<Vec<_>>()
    };
    let all = page(0, 100).await;
    assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(page(0, 2).await, all[..2]);
    assert_eq!(page(1, 3).await, all[1..4]);
    assert_eq!(page(3, 100).await, all[3..]);
    assert_eq!(page(6, 100).await, []);
    let attempts = fixture.store.attempts(id, None, 100).await.unwrap();
    assert_eq!(attempts[0].first_component_at, Some(Timestamp(5)));
}

pub(super) async fn attempts_are_read_in_pages_the_newest_first(fixture: Fixture) {
    let a = fixture.server("a").await;
    let mut request = fixture.request(Some(&a), anywhere()).await;
    for _ in 1..5 {
        let end = AttemptEnd::Released;
        fixture.store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
        request = fixture.store.claim(&a, 1).await.unwrap().remove(0);
    }
    let page = async |before, limit| {
        let attempts = fixture.store.attempts(request.id, before, limit).await.unwrap();
        attempts.iter().map(|attempt| (attempt.attempt, attempt.end.is_some())).collect::<Vec<_>>()
    };
    let all = page(None, 100).await;
    assert_eq!(all, [(1, true), (2, true), (3, true), (4, true), (5, false)]);
    assert_eq!(page(None, 2).await, all[3..]);
    assert_eq!(page(Some(4), 2).await, all[1..3]);
    assert_eq!(page(Some(2), 2).await, all[..1]);
    assert_eq!(page(Some(1), 2).await, []);
}

pub(super) async fn going_back_brings_nothing_withdrawn_back_and_loses_nothing_that_stays(fixture: Fixture) {
    let (store, a) = (&fixture.store, fixture.server("a").await);
    let mut request = fixture.request(Some(&a), anywhere()).await;
    let id = request.id;
    let names = async || -> Vec<String> {
        let saved = store.saved_points(id).await.unwrap();
        let outlines = store.saved_outlines(id, None, 100).await.unwrap();
        // By each way of reading the same, page by page, too.
        assert_eq!(saved.len(), outlines.len());
        check_outlines(&fixture, id, &saved, 1).await;
        check_outlines(&fixture, id, &saved, 2).await;
        assert_eq!(saved.len(), fixture.get(id).await.saved_points as usize);
        saved.into_iter().map(|point| point.name).collect()
    };
    let write = async |request: &Request, kind: SavedKind, names: &[&str]| {
        let saved = names.iter().map(|name| SavedPoint { kind, ..checkpoint(request, name) }).collect();
        store.write(request.id, request.fence, AttemptWrite { saved, log: vec![] }).await.unwrap();
    };
    let back = async |request: &Request, keep: u32| -> Request {
        fail(&fixture, request, false).await;
        store.re_execute(request.id, &a, "ann", Some(keep)).await.unwrap();
        store.claim(&a, 1).await.unwrap().remove(0)
    };
    write(&request, SavedKind::Checkpoint, &["one", "two", "three"]).await;
    request = back(&request, 1).await;
    assert_eq!(names().await, ["one"], "each of several Checkpoints of one write can be gone back to");
    // Of another write than the Checkpoint that stayed, so it does not belong to that one.
    write(&request, SavedKind::Completed, &["mail"]).await;
    write(&request, SavedKind::Outlets, &["branch"]).await;
    assert_eq!(names().await, ["one", "mail", "branch"]);
    request = back(&request, 1).await;
    assert_eq!(names().await, ["one"], "nothing of a later write stays, though the write before it was cut off");
    write(&request, SavedKind::Checkpoint, &["four"]).await;
    write(&request, SavedKind::Input, &["join", "join", "other"]).await;
    request = back(&request, 3).await;
    assert_eq!(names().await, ["one", "four", "join", "join"], "the inlets of one component stay together");
    let error = {
        fail(&fixture, &request, false).await;
        store.re_execute(request.id, &a, "ann", Some(5)).await.unwrap_err()
    };
    assert_eq!(error.code(), "store/wrong-state", "what was withdrawn cannot be gone on from");
    assert_eq!(names().await, ["one", "four", "join", "join"]);
    store.re_execute(request.id, &a, "ann", None).await.unwrap();
    assert_eq!(names().await, ["one", "four", "join", "join"], "going on from all loses nothing");
    request = store.claim(&a, 1).await.unwrap().remove(0);
    write(&request, SavedKind::Checkpoint, &["five"]).await;
    request = back(&request, 0).await;
    assert!(names().await.is_empty());
    write(&request, SavedKind::Checkpoint, &["six"]).await;
    assert_eq!(names().await, ["six"], "nothing from before the start comes back");
}
