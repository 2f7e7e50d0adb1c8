//! What happens when the disk fails or is full, with a disk that really does: an SQLite VFS whose fsync fails when told to,
//! and a small file system in memory.

#![allow(unsafe_code)] // SQLite asks for C functions.

use crate::{SqliteOptions, SqliteStore, check};
use flow_store::conformance::{anywhere, new_request, new_server};
use flow_store::{
    AttemptEnd, AttemptWrite, Level, LogEntry, Owner, Request, RequestState, RequestStore, SavedData, SavedKind,
    SavedPoint, ServerStore, StoreError, Timestamp,
};
use rusqlite::ffi;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use tempfile::TempDir;

type Sync = unsafe extern "C" fn(*mut ffi::sqlite3_file, c_int) -> c_int;

/// SQLite's own VFS, as an address, and what its files do to sync.
static ORIGINAL: OnceLock<(usize, OnceLock<Sync>)> = OnceLock::new();
/// The path of each open file.
static OPEN: Mutex<Option<HashMap<usize, String>>> = Mutex::new(None);
/// Files whose path begins with this fail to sync.
static FAILING: Mutex<Option<String>> = Mutex::new(None);

/// From now on all databases of this process are opened through the VFS that can fail.
fn install() {
    ORIGINAL.get_or_init(|| {
        // SAFETY: a copy of a registered VFS that lives for ever, with another function of the same type in it.
        unsafe {
            let original = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut failing = *original;
            failing.zName = c"failing".as_ptr();
            failing.xOpen = Some(open);
            failing.pNext = std::ptr::null_mut();
            assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(failing)), 1), ffi::SQLITE_OK);
            (original as usize, OnceLock::new())
        }
    });
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let (original, sync_of_original) = ORIGINAL.get().unwrap();
    let original = *original as *mut ffi::sqlite3_vfs;
    // SAFETY: called by SQLite with what the original expects; its files have methods once they are open.
    unsafe {
        let code = (*original).xOpen.unwrap()(original, name, file, flags, out);
        if code == ffi::SQLITE_OK && !(*file).pMethods.is_null() {
            let mut methods = *(*file).pMethods;
            sync_of_original.get_or_init(|| methods.xSync.unwrap());
            methods.xSync = Some(sync);
            (*file).pMethods = Box::leak(Box::new(methods));
            if !name.is_null() {
                let path = CStr::from_ptr(name).to_string_lossy().into_owned();
                OPEN.lock().unwrap().get_or_insert_default().insert(file as usize, path);
            }
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let path = OPEN.lock().unwrap().as_ref().and_then(|open| open.get(&(file as usize)).cloned()).unwrap_or_default();
    if FAILING.lock().unwrap().as_ref().is_some_and(|failing| path.starts_with(failing)) {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    // SAFETY: called by SQLite with a file of the original VFS.
    unsafe { ORIGINAL.get().unwrap().1.get().unwrap()(file, flags) }
}

fn fail_syncs_of(path: &Path) {
    *FAILING.lock().unwrap() = Some(path.to_string_lossy().into_owned());
}

async fn server(store: &SqliteStore) -> Owner {
    store.register(new_server("a")).await.unwrap()
}

async fn running(store: &SqliteStore, owner: &Owner) -> Request {
    store.create_request(new_request(anywhere()), Some(owner.clone())).await.unwrap().request
}

fn point(request: &Request, name: &str, bytes: usize) -> AttemptWrite {
    let point = SavedPoint {
        kind: SavedKind::Checkpoint,
        component: "checkpoint-1".to_owned(),
        name: name.to_owned(),
        iteration: String::new(),
        attempt: request.attempt,
        data: SavedData::Inline(vec![7; bytes].into()),
        variables: serde_json::json!({}),
        outlets: vec![],
        due: None,
        rows: 1,
        at: Timestamp(1),
    };
    let entry = LogEntry {
        at: Timestamp(1),
        attempt: request.attempt,
        server: "a".into(),
        level: Level::Info,
        component: None,
        event: "logged".into(),
        message: name.to_owned(),
    };
    AttemptWrite { saved: vec![point], log: vec![entry] }
}

async fn saved(store: &SqliteStore, request: &Request) -> Vec<String> {
    store.saved_points(request.id).await.unwrap().into_iter().map(|point| point.name).collect()
}

#[tokio::test]
async fn a_failed_fsync_is_fatal_and_what_was_durable_stays() {
    install();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cairn.db");
    let failures = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&failures);
    let fatal = Arc::new(move |error: &StoreError| seen.lock().unwrap().push(error.code()));
    let store = SqliteStore::open_with(&path, SqliteOptions { fatal, ..SqliteOptions::default() }).unwrap();
    let owner = server(&store).await;
    let request = running(&store, &owner).await;
    store.write(request.id, request.fence, point(&request, "durable", 10)).await.unwrap();
    fail_syncs_of(&path);
    let error = store.write(request.id, request.fence, point(&request, "unknown", 10)).await.unwrap_err();
    assert_eq!(error.code(), "store/unavailable", "{error}");
    assert_eq!(*failures.lock().unwrap(), ["store/unavailable"]);
    let error = store.write(request.id, request.fence, point(&request, "later", 10)).await.unwrap_err();
    assert_eq!(error.code(), "store/unavailable", "nobody knows what it would build on");
    drop(store);

    *FAILING.lock().unwrap() = None;
    let store = SqliteStore::open(&path).unwrap();
    let found = saved(&store, &request).await;
    assert_eq!(found.first().map(String::as_str), Some("durable"));
    assert!(!found.contains(&"later".to_owned()));
    assert_eq!(check::check(&path).unwrap().problems, []);
}

/// Run by the test below in a process of its own.
#[tokio::test]
#[ignore = "ends its process"]
async fn process_with_a_failing_disk() {
    install();
    let path = PathBuf::from(std::env::var_os("CAIRN_TEST_DATABASE").expect("started by another test"));
    let store = SqliteStore::open(&path).unwrap();
    let owner = server(&store).await;
    let request = running(&store, &owner).await;
    store.write(request.id, request.fence, point(&request, "durable", 10)).await.unwrap();
    fail_syncs_of(&path);
    let answer = store.write(request.id, request.fence, point(&request, "unknown", 10)).await;
    panic!("it goes on: {answer:?}");
}

#[tokio::test]
async fn a_failed_fsync_ends_the_process_and_a_survivor_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cairn.db");
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::process_with_a_failing_disk", "--ignored", "--nocapture"])
        .env("CAIRN_TEST_DATABASE", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.signal(), Some(6), "it aborts: {said}");
    assert!(said.contains("the checkpoint database failed, so this process ends"), "{said}");
    let store = SqliteStore::open(&path).unwrap();
    let owner = server(&store).await;
    let [request] = <[Request; 1]>::try_from(store.claim(&owner, 9).await.unwrap()).unwrap();
    assert_eq!(saved(&store, &request).await.first().map(String::as_str), Some("durable"));
    store.write(request.id, request.fence, point(&request, "goes on", 10)).await.unwrap();
    assert_eq!(check::check(&path).unwrap().problems, []);
}

/// A small file system in memory.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None, said loudly, where this account may not mount one.
    fn mount(size: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: this account may not mount a small disk, so nothing was tested");
            return None;
        }
        Some(Self(folder))
    }

    /// Takes up all room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [1 << 16, 4096] {
            while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_request_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("8m") else { return };
    let path = disk.0.path().join("cairn.db");
    let options = SqliteOptions { log_bytes: 256 * 1024, ..SqliteOptions::default() };
    let store = SqliteStore::open_with(&path, options).unwrap();
    let owner = server(&store).await;
    let request = running(&store, &owner).await;
    let other = running(&store, &owner).await;
    store.write(request.id, request.fence, point(&request, "0", 10_000)).await.unwrap();
    let filler = disk.fill();
    let mut durable = vec!["0".to_owned()];
    // What fits into the files as they are is still written.
    let error = loop {
        let name = durable.len().to_string();
        match store.write(request.id, request.fence, point(&request, &name, 10_000)).await {
            Ok(()) => durable.push(name),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "store/full", "{error}");
    assert!(error.to_string().contains("make room"), "{error}");
    assert_eq!(saved(&store, &request).await, durable, "reads go on, and see what is durable");
    let error = store.write(request.id, request.fence, point(&request, "later", 10)).await.unwrap_err();
    assert_eq!(error.code(), "store/attempt-broken", "it would build on what was not saved");

    std::fs::remove_file(filler).unwrap();
    store.write(other.id, other.fence, point(&other, "another", 10_000)).await.unwrap();
    let end = AttemptEnd::Released;
    let released = store.end_attempt(request.id, request.fence, end, AttemptWrite::default()).await.unwrap();
    assert_eq!(released.state, RequestState::Queued);
    let [request] = <[Request; 1]>::try_from(store.claim(&owner, 9).await.unwrap()).unwrap();
    assert_eq!(saved(&store, &request).await, durable);
    store.write(request.id, request.fence, point(&request, "goes on", 10_000)).await.unwrap();
    assert_eq!(check::check(&path).unwrap().problems, []);
}
