//! The cluster as a whole: its settings, its storage, and turns.

use super::{Fixture, checkpoint};
use crate::retention::{TURN, keep_house_once};
use crate::{
    AttemptWrite, CheckpointStorage, Figures, INLINE_LIMIT, ServerId, ServerReport, check_same_storage,
    check_shared_storage, mark_storage,
};
use serde_json::json;
use std::collections::HashSet;
use std::fs::File;
use std::time::{Duration, SystemTime};

pub(super) async fn settings_are_made_changed_and_removed(fixture: Fixture) {
    let store = &fixture.store;
    assert_eq!(store.settings().await.unwrap(), []);
    let first = store.set_setting("retention.finished.days", json!(30), "ann", None).await.unwrap();
    assert_eq!((first.version, first.by.as_str(), first.at), (1, "ann", store.now()));
    fixture.clock.advance_ms(5);
    let second = store.set_setting("retention.finished.days", json!(7.5), "bob", None).await.unwrap();
    assert_eq!((second.version, &second.value, second.at), (2, &json!(7.5), store.now()));
    let other = store.set_setting("limits", json!({"body": [1, "x"]}), "ann", None).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), [other.clone(), second]);
    assert!(store.remove_setting("retention.finished.days", "bob", None).await.unwrap());
    assert!(!store.remove_setting("retention.finished.days", "bob", None).await.unwrap());
    assert_eq!(store.settings().await.unwrap(), [other]);
    let again = store.set_setting("retention.finished.days", json!(1), "ann", None).await.unwrap();
    assert_eq!(again.version, 4, "so that whoever has read an earlier one can tell");
}

pub(super) async fn a_setting_that_was_changed_since_it_was_seen_stays_as_it_is(fixture: Fixture) {
    let (store, key) = (&fixture.store, "limits.stop_seconds");
    let set = async |value: u64, seen| store.set_setting(key, json!(value), "ann", seen).await;
    let refused = set(1, Some(3)).await.unwrap_err();
    assert_eq!(refused.code(), "store/conflict");
    assert_eq!(set(1, Some(0)).await.unwrap().version, 1);
    assert_eq!(set(2, Some(0)).await.unwrap_err().code(), "store/conflict", "somebody has made it");
    assert_eq!(set(2, Some(1)).await.unwrap().version, 2);
    assert_eq!(set(3, Some(1)).await.unwrap_err().code(), "store/conflict");
    assert_eq!(store.remove_setting(key, "ann", Some(1)).await.unwrap_err().code(), "store/conflict");
    assert_eq!(store.settings().await.unwrap()[0].value, json!(2));
    assert!(store.remove_setting(key, "ann", Some(2)).await.unwrap());
    assert!(!store.remove_setting(key, "ann", Some(0)).await.unwrap());
    let both = [10, 20].map(|value| {
        let store = store.clone();
        tokio::spawn(async move { store.set_setting(key, json!(value), "ann", Some(0)).await })
    });
    let mut set = 0;
    for one in both {
        set += usize::from(one.await.unwrap().is_ok());
    }
    assert_eq!(set, 1, "of two who have seen the same");
}

pub(super) async fn one_at_a_time_has_a_turn(fixture: Fixture) {
    let store = &fixture.store;
    assert!(store.take_turn("retention", "a", 1000).await.unwrap());
    assert!(!store.take_turn("retention", "b", 1000).await.unwrap());
    assert!(store.take_turn("something else", "b", 1000).await.unwrap());
    fixture.clock.advance_ms(900);
    assert!(store.take_turn("retention", "a", 1000).await.unwrap(), "for longer");
    fixture.clock.advance_ms(999);
    assert!(!store.take_turn("retention", "b", 1000).await.unwrap());
    fixture.clock.advance_ms(1);
    assert!(store.take_turn("retention", "b", 1000).await.unwrap(), "it has run out");
    store.end_turn("retention", "a").await.unwrap();
    assert!(!store.take_turn("retention", "a", 1000).await.unwrap(), "it was no longer a's to end");
    store.end_turn("retention", "b").await.unwrap();
    assert!(store.take_turn("retention", "a", 1000).await.unwrap());
}

pub(super) async fn servers_on_another_storage_are_refused(fixture: Fixture) {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = |folder: &tempfile::TempDir| CheckpointStorage::open(folder.path()).unwrap();
    let check = async |storage: &CheckpointStorage| check_same_storage(&*fixture.store, storage).await;
    check(&open(&ours)).await.unwrap();
    check(&open(&ours)).await.unwrap();
    let marker = open(&ours).marker().await.unwrap().unwrap();
    assert_eq!(marker.cluster, fixture.store.cluster_id().await.unwrap());

    let error = check(&open(&other)).await.unwrap_err();
    assert_eq!(error.code(), "storage/another");
    assert!(error.to_string().contains("mounted"), "{error}");
    assert_eq!(open(&other).marker().await.unwrap(), None, "nothing is written into what is not ours");
    open(&other).mark(&marker.cluster).await.unwrap();
    let error = check(&open(&other)).await.unwrap_err();
    assert!(error.to_string().contains("use another one"), "{error}");
    let foreign = tempfile::tempdir().unwrap();
    open(&foreign).mark("some other database").await.unwrap();
    let error = check(&open(&foreign)).await.unwrap_err();
    assert!(error.to_string().contains("another checkpoint database"), "{error}");
    let marker_of = |folder: &tempfile::TempDir| folder.path().join("cairn-storage.json");
    std::fs::write(marker_of(&foreign), "{").unwrap();
    assert_eq!(check(&open(&foreign)).await.unwrap_err().code(), "storage/another");

    std::fs::copy(marker_of(&ours), marker_of(&foreign)).unwrap();
    check(&open(&foreign)).await.unwrap();
}

pub(super) async fn a_copy_of_the_storage_is_refused_while_others_live_on_the_other(fixture: Fixture) {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ours, copy] = [0, 1].map(|at: usize| CheckpointStorage::open(folders[at].path()).unwrap());
    let copy_all = || {
        for file in std::fs::read_dir(folders[0].path()).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), folders[1].path().join(file.file_name())).unwrap();
            }
        }
    };
    let store = &*fixture.store;
    let [a, b, c] = ["a", "b", "c"].map(|id| ServerId::parse(id).unwrap());
    let refused = async |storage: &CheckpointStorage, own: &ServerId| {
        check_shared_storage(store, storage, own).await.err().map(|error| (error.code(), error.to_string()))
    };
    check_same_storage(store, &ours).await.unwrap();
    mark_storage(store, &ours, &a).await.unwrap();
    copy_all();
    assert_eq!(refused(&copy, &b).await, None, "nobody lives on the other");

    // Its next start is behind the copy.
    mark_storage(store, &ours, &a).await.unwrap();
    let first = fixture.server("a").await;
    check_same_storage(store, &copy).await.unwrap();
    let (code, told) = refused(&copy, &b).await.unwrap();
    assert_eq!(code, "storage/another");
    assert!(told.contains("“Server a”") && told.contains(".cairn-server-a"), "{told}");
    assert_eq!(refused(&ours, &b).await, None);
    assert_eq!(refused(&copy, &a).await, None, "it does not look for itself");

    // One that copied all of it just now is seen by whoever starts next.
    copy_all();
    assert_eq!(refused(&copy, &b).await, None);
    mark_storage(store, &copy, &b).await.unwrap();
    let second = fixture.server("b").await;
    assert!(refused(&ours, &c).await.unwrap().1.contains("“Server b”"));
    store.terminate(&second).await.unwrap();
    assert_eq!(refused(&ours, &c).await, None);

    // A server of the release before has no marker, and one that is silent is lost, although nobody has declared it dead.
    let third = fixture.server("of-before").await;
    assert_eq!(refused(&ours, &c).await, None);
    store.terminate(&third).await.unwrap();
    mark_storage(store, &ours, &a).await.unwrap();
    assert!(refused(&copy, &b).await.is_some());
    fixture.clock.advance_ms(59_000);
    let report = ServerReport { version: "1.0.0".to_owned(), resident_bytes: 1 };
    store.report(&first, report, Figures::default()).await.unwrap();
    fixture.clock.advance_ms(59_000);
    assert!(refused(&copy, &b).await.is_some(), "it was heard in the last minute");
    fixture.clock.advance_ms(2_000);
    assert_eq!(refused(&copy, &b).await, None);
    assert_eq!(ours.objects().await.unwrap(), [], "no orphan collection sees markers");
}

pub(super) async fn orphans_are_collected_and_nothing_else(fixture: Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let a = fixture.server("a").await;
    let request = fixture.request(Some(&a), super::anywhere()).await;
    let named = storage.save(vec![1; INLINE_LIMIT + 1].into()).await.unwrap();
    let orphan = storage.save(vec![2; INLINE_LIMIT + 2].into()).await.unwrap();
    let point = crate::SavedPoint { data: named.clone(), ..checkpoint(&request, "large") };
    let write = AttemptWrite { saved: vec![point], log: vec![] };
    fixture.store.write(request.id, request.fence, write).await.unwrap();

    let keys = |data: &[&crate::SavedData]| -> HashSet<String> {
        let key = |data: &&crate::SavedData| match data {
            crate::SavedData::Object { key, .. } => key.clone(),
            other => panic!("{other:?}"),
        };
        data.iter().map(key).collect()
    };
    let both = keys(&[&named, &orphan]).into_iter().collect();
    assert_eq!(fixture.store.named_objects(both).await.unwrap(), keys(&[&named]));
    let hour = Duration::from_secs(3600);
    assert_eq!(storage.old_objects(hour).await.unwrap(), [], "they are young");
    let all = storage.old_objects(Duration::ZERO).await.unwrap();
    assert_eq!(all.len(), 2);
    let removed = storage.remove_unnamed(all.clone(), hour, &*fixture.store).await.unwrap();
    assert_eq!(removed, (0, 0), "young by now, so it is brought back");
    assert_eq!(storage.objects().await.unwrap(), all);
    let removed = storage.remove_unnamed(all, Duration::ZERO, &*fixture.store).await.unwrap();
    assert_eq!(removed, (1, INLINE_LIMIT as u64 + 2));
    assert!(storage.load(&named).await.is_ok());
    assert_eq!(storage.load(&orphan).await.unwrap_err().code(), "storage/missing-object");
}

pub(super) async fn orphans_are_collected_once_an_hour_whichever_servers_start(fixture: Fixture) {
    const MINUTE_MS: i64 = 60_000;
    let (store, folder) = (&*fixture.store, tempfile::tempdir().unwrap());
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let old_orphan = async |byte: u8| {
        storage.save(vec![byte; INLINE_LIMIT + 1].into()).await.unwrap();
        for object in storage.objects().await.unwrap() {
            let file = File::options().write(true).open(folder.path().join(object.key)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(2 * 3600)).unwrap();
        }
    };
    let collected = async |server: &str| {
        let done = keep_house_once(store, &storage, server).await.unwrap();
        done.map_or(0, |done| done.objects)
    };
    old_orphan(1).await;
    assert_eq!(collected("a").await, 1, "nobody ever has");
    old_orphan(2).await;
    for _ in 0..2 {
        fixture.clock.advance_ms(29 * MINUTE_MS);
        // Who comes may be one that was started anew.
        assert_eq!((collected("a").await, collected("b").await), (0, 0), "somebody has done so in this hour");
    }
    fixture.clock.advance_ms(2 * MINUTE_MS);
    assert!(store.take_turn(TURN, "backup", 1000).await.unwrap());
    assert_eq!(collected("b").await, 0, "a backup needs what it has found");
    store.end_turn(TURN, "backup").await.unwrap();
    assert_eq!((collected("b").await, collected("a").await), (1, 0), "one of them does");
    old_orphan(3).await;
    fixture.clock.advance_ms(59 * MINUTE_MS);
    assert_eq!(collected("a").await, 0);
    fixture.clock.advance_ms(MINUTE_MS);
    assert_eq!(collected("a").await, 1, "an hour later");
}
