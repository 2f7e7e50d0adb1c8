use super::*;
use crate::storage::{CheckpointStorage, StoragePlace};
use crate::{MemoryStore, ServerId, check_same_storage};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use test_s3::Service;

/// Opens a storage with credentials from a file.
async fn open(service: &Service, prefix: &str, folder: &Path) -> Result<CheckpointStorage, StorageError> {
    let file = folder.join("credentials");
    std::fs::write(&file, "[default]\naws_access_key_id = test\naws_secret_access_key = hunter2\n").unwrap();
    let Ok(place): Result<StoragePlace, _> =
        format!("{}&credentials={}", service.storage(prefix), file.display()).parse();
    CheckpointStorage::open_at(&place, &folder.join("spool")).await
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|place| (place * 31 % 251) as u8).collect::<Vec<_>>().into()
}

async fn read(storage: &CheckpointStorage, object: &StoredObject) -> Vec<u8> {
    let mut read = Vec::new();
    storage.open_object(&object.key, &object.hash).await.unwrap().read_to_end(&mut read).unwrap();
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_objects_as_a_folder_does() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    let storage = open(&service, "some/prefix", folder.path()).await.unwrap();
    assert!(storage.folder().is_none());

    // Small ones stay in their rows; each object has a key of its own, also of equal bytes.
    let small = bytes(INLINE_LIMIT);
    assert_eq!(storage.save(small.clone()).await.unwrap(), SavedData::Inline(small));
    let large = bytes(INLINE_LIMIT + 1);
    let (one, two) =
        (storage.put_object(large.clone()).await.unwrap(), storage.put_object(large.clone()).await.unwrap());
    assert_ne!(one.key, two.key);
    assert_eq!(one.hash, two.hash);
    assert_eq!(storage.get_object(&one.key, &one.hash).await.unwrap(), large);
    assert_eq!(read(&storage, &two).await, large);

    // What is written bit by bit, in parts where it is long.
    for length in [10, INLINE_LIMIT + 1, 2 * PART + 5] {
        let all = bytes(length);
        let written = all.clone();
        let saved = storage.save_written(move |to: &mut dyn Write| to.write_all(&written).map(|()| "written")).await;
        let (data, answer) = saved.unwrap().unwrap();
        assert_eq!((storage.load(&data).await.unwrap(), answer), (Some(all), "written"), "{length}");
    }
    let failed = storage.save_written(|_| Err::<(), _>("no")).await.unwrap();
    assert_eq!(failed, Err("no"));

    // Damage and absence are told.
    service.put(&format!("some/prefix/{}", one.key), "something else");
    assert_eq!(storage.get_object(&one.key, &one.hash).await.unwrap_err().code(), "storage/corrupt");
    assert_eq!(storage.open_object(&one.key, &one.hash).await.unwrap_err().code(), "storage/corrupt");
    assert_eq!(storage.check_object(&one).await.unwrap_err().code(), "storage/corrupt");
    for key in ["objects/00/none", "../cairn-storage.json", ""] {
        assert_eq!(storage.get_object(key, "00").await.unwrap_err().code(), "storage/missing-object", "{key}");
    }
    let listing = service.listing("some/prefix/probes");
    assert!(!listing.contains("<Key>"), "no probe is left behind: {listing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_marker_of_a_bucket_tells_clusters_apart() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    let (store, other) = (MemoryStore::new(), MemoryStore::new());
    let storage = open(&service, "a", folder.path()).await.unwrap();
    check_same_storage(&store, &storage).await.unwrap();
    check_same_storage(&store, &open(&service, "a", folder.path()).await.unwrap()).await.unwrap();
    let error = check_same_storage(&store, &open(&service, "b", folder.path()).await.unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "storage/another");
    assert!(error.to_string().contains("prefix"), "{error}");
    let error = check_same_storage(&other, &storage).await.unwrap_err();
    assert!(error.to_string().contains("another checkpoint database"), "{error}");

    // Each server has a marker of its own, and each of its starts another word.
    let server = ServerId::parse("one").unwrap();
    assert_eq!(storage.marker_for(&server).await.unwrap(), None);
    let before = storage.mark_for(&server).await.unwrap();
    let now = storage.mark_for(&server).await.unwrap();
    assert_ne!(before, now);
    assert_eq!(storage.marker_for(&server).await.unwrap(), Some(now));

    // Of several who mark at once, one wins.
    let fresh = open(&service, "c", folder.path()).await.unwrap();
    let marks = futures::future::join_all((0..4).map(|n| {
        let fresh = fresh.clone();
        async move { fresh.mark(&format!("cluster-{n}")).await.unwrap() }
    }))
    .await;
    assert!(marks.iter().all(|mark| *mark == marks[0]), "{marks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_of_a_bucket_are_collected_and_objects_move_between_storages() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    let storage = open(&service, "", folder.path()).await.unwrap();
    let kept = CheckpointStorage::open(folder.path().join("kept")).unwrap();
    let object = storage.put_object(bytes(3 * PART)).await.unwrap();
    storage.copy_object(&object, &kept).await.unwrap();
    assert_eq!(kept.get_object(&object.key, &object.hash).await.unwrap(), bytes(3 * PART));
    let back = open(&service, "back", folder.path()).await.unwrap();
    for _ in 0..2 {
        kept.copy_object(&object, &back).await.unwrap();
        assert_eq!(back.get_object(&object.key, &object.hash).await.unwrap(), bytes(3 * PART));
    }

    let store = Arc::new(MemoryStore::new());
    assert_eq!(back.old_objects(Duration::from_secs(3600)).await.unwrap(), [], "it is young");
    let all = back.objects().await.unwrap();
    assert_eq!(all, [OldObject { key: object.key.clone(), bytes: object.bytes }]);
    let removed = back.remove_unnamed(all, Duration::ZERO, &*store).await.unwrap();
    assert_eq!(removed, (1, object.bytes));
    assert_eq!(back.objects().await.unwrap(), []);
    assert!(storage.check_object(&object).await.is_ok(), "what is elsewhere stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_others_bring_are_listed_read_and_moved() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    let storage = open(&service, "some/prefix", folder.path()).await.unwrap();
    let files = storage.bucket_files().unwrap();
    assert!(files.list("in", false).await.unwrap().is_empty());
    for (key, body) in [("in/a.csv", "1,2"), ("in/deep/b.csv", "3"), ("input.csv", "4")] {
        service.put(&format!("some/prefix/{key}"), body);
    }
    let paths = async |folder: &str, deep| {
        let found = files.list(folder, deep).await.unwrap();
        found.into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    assert_eq!(paths("in", false).await, ["in/a.csv"]);
    assert_eq!(paths("in", true).await, ["in/a.csv", "in/deep/b.csv"]);
    assert_eq!(paths("", false).await, ["input.csv"]);

    let listed = files.list("in", false).await.unwrap().remove(0);
    let known = files.file("in/a.csv").await.unwrap();
    assert_eq!((listed.bytes, known.bytes), (3, 3));
    service.put("some/prefix/in/a.csv", "9,9");
    assert_ne!(files.file("in/a.csv").await.unwrap().tag, known.tag, "another state of it");
    let mut text = String::new();
    files.open("in/a.csv").await.unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "9,9");

    files.move_to("in/a.csv", "in/done/a.csv").await.unwrap();
    assert_eq!(paths("in", true).await, ["in/deep/b.csv", "in/done/a.csv"]);
    for path in ["in/a.csv", "../a.csv", ""] {
        assert_eq!(files.file(path).await.unwrap_err().code(), "storage/missing-object", "{path}");
    }
    assert_eq!(files.move_to("in/a.csv", "in/x.csv").await.unwrap_err().code(), "storage/missing-object");
    assert!(CheckpointStorage::open(folder.path().join("kept")).unwrap().bucket_files().is_none());
}

/// The heads of the first calls that come to a port, which are refused. The probe that each carries has five bytes.
fn first_calls(listener: TcpListener, count: usize) -> JoinHandle<Vec<String>> {
    let one = move || {
        let (stream, _) = listener.accept().unwrap();
        let (mut reader, mut head) = (BufReader::new(&stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        reader.read_exact(&mut [0; 5]).unwrap();
        (&stream).write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        head
    };
    std::thread::spawn(move || (0..count).map(|_| one()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_called_at_its_endpoint_for_its_region_and_with_the_key_that_its_file_has_then() {
    let (listener, folder) = (TcpListener::bind("127.0.0.1:0").unwrap(), tempfile::tempdir().unwrap());
    let (endpoint, file) = (listener.local_addr().unwrap(), folder.path().join("credentials"));
    let write = |id: &str, token: &str| {
        let other = "[other]\naws_access_key_id = OTHER\naws_secret_access_key = no\n\n";
        let ours = format!("aws_access_key_id = {id}\naws_secret_access_key = hunter2\naws_session_token = {token}\n");
        std::fs::write(&file, format!("{other}[default]\n{ours}")).unwrap();
    };
    write("FIRST", "for-an-hour");
    let calls = first_calls(listener, 2);
    let Ok(place): Result<StoragePlace, _> =
        format!("s3://cairn/x?endpoint=http://{endpoint}&region=eu-central-1&credentials={}", file.display()).parse();
    let StoragePlace::Bucket(address) = place else { panic!("it is a bucket") };
    let bucket = Bucket::open(&address, &folder.path().join("spool")).unwrap();
    let refused = bucket.check_writable().await.unwrap_err();
    assert!(refused.code() == "storage/bucket" && !refused.to_string().contains("hunter2"), "{refused}");
    write("SECOND", "for-another");
    bucket.check_writable().await.unwrap_err();

    for (head, (id, token)) in calls.join().unwrap().iter().zip([("FIRST", "for-an-hour"), ("SECOND", "for-another")]) {
        assert!(head.starts_with("PUT /cairn/x/probes/"), "{head}");
        assert!(
            head.contains(&format!("Credential={id}/")) && head.contains("/eu-central-1/s3/aws4_request"),
            "{head}"
        );
        assert!(head.to_lowercase().contains(&format!("x-amz-security-token: {token}\r")), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_cannot_be_used_is_refused_with_the_way_out_and_without_a_secret() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    let at = async |text: String| {
        let Ok(place): Result<StoragePlace, _> = text.parse();
        let error = CheckpointStorage::open_at(&place, folder.path()).await.unwrap_err();
        assert_eq!(error.code(), "storage/bucket", "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error.to_string()
    };
    let file = folder.path().join("credentials");
    std::fs::write(&file, "aws_access_key_id = test\naws_secret_access_key = hunter2\n").unwrap();
    let credentials = format!("&region=us-east-1&credentials={}", file.display());
    let told = at(format!("s3://nowhere/x?endpoint={}{credentials}", service.endpoint())).await;
    assert!(told.contains("check the bucket"), "{told}");
    at(format!("s3://cairn/x?endpoint={}&secret=hunter2", service.endpoint())).await;
    let missing = folder.path().join("none");
    let told = at(format!("s3://cairn/x?endpoint={}&credentials={}", service.endpoint(), missing.display())).await;
    assert!(told.contains("gives no credentials"), "{told}");
}
