//! `cairn store` beside servers that work: backup, restore, check, and what becomes of damaged objects.

use flow_api::{ReExecution, RequestState};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use system_tests::cluster::TestCluster;
use system_tests::holding_endpoint::HoldingEndpoint;
use system_tests::project::{TestProject, component, http_connection, straight_flow};
use system_tests::wait::until;
use system_tests::{Tested, program};

/// A flow that passes two Checkpoints with streams too large for a database row, and then waits at the endpoint.
fn large_flow() -> String {
    let text = json!({"Fields": [{"field": "text", "expression": "$text"}]});
    let longer = json!({"Fields": [{"field": "text", "expression": "$text || '!'"}]});
    let hold = json!({"Connection": "hold", "Method": "POST", "Path": "/hold"});
    straight_flow(&[
        component(
            "start-1",
            "Start",
            "Start",
            json!({
                "OtherServerRetry": true, "BeginCheckpoint": "NotUse", "Inputs": [{"name": "text", "type": "Text"}],
            }),
        ),
        component("text-1", "Mapper", "Text", text),
        component("checkpoint-1", "Checkpoint", "One", json!({})),
        component("text-2", "Mapper", "Longer", longer),
        component("checkpoint-2", "Checkpoint", "Two", json!({})),
        component("hold-1", "HttpRequest", "Hold", hold),
        component("end-1", "End", "End", json!({})),
    ])
}

/// A flow that saves its start and ends.
fn quick_flow() -> String {
    json!({
        "format": 1,
        "components": [
            {"id": "start-1", "type": "Start", "name": "Start", "properties": {"BeginCheckpoint": "Use"}},
            {"id": "end-1", "type": "End", "name": "End", "properties": {}},
        ],
        "links": [{"from": "start-1.out", "to": "end-1.in"}],
    })
    .to_string()
}

pub struct Story {
    pub cluster: TestCluster,
    pub endpoint: HoldingEndpoint,
    folder: tempfile::TempDir,
}

impl Story {
    pub async fn begin(servers: &[&str]) -> std::io::Result<Self> {
        Self::begin_in(None, servers, &[]).await
    }

    /// With another checkpoint storage than a folder, and more in the environment of the servers.
    pub async fn begin_in(
        storage: Option<&str>,
        servers: &[&str],
        environment: &[(String, String)],
    ) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = HoldingEndpoint::start().await;
        let files = [
            ("flows/large.flow.json", large_flow()),
            ("flows/quick.flow.json", quick_flow()),
            ("connections/hold.json", http_connection(&endpoint.url)),
        ];
        let project = TestProject::new(folder.path(), "stored", &files);
        let mut cluster = TestCluster::start_in(folder.path(), &[], environment);
        if let Some(storage) = storage {
            cluster.keep_objects_in(storage);
        }
        for name in servers {
            cluster.add_server(name);
        }
        cluster.install("stored", &project.remote).await;
        Ok(Self { cluster, endpoint, folder })
    }

    /// Requests that wait at the endpoint, behind both Checkpoints.
    pub async fn hold(&self, server: &str, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        let already = self.endpoint.calls().len();
        for number in 0..count {
            let inputs = json!({"text": incompressible(number as u64)});
            ids.extend(
                self.cluster.server(server).request("stored", "large", inputs, 1).await.iter().map(|made| made.id),
            );
        }
        self.endpoint.until_calls(already + count).await;
        ids
    }

    /// Turns a bit of the newest object in the storage, beside those that were there `before`.
    pub fn damage_the_newest(&self, before: &[PathBuf]) -> std::io::Result<()> {
        let mut objects: Vec<_> = self.objects().into_iter().filter(|path| !before.contains(path)).collect();
        objects.sort_by_key(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok());
        let newest = objects.pop().expect("an object of a Checkpoint");
        let mut bytes = std::fs::read(&newest)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&newest, bytes)
    }

    pub fn objects(&self) -> Vec<PathBuf> {
        files_below(&self.folder.path().join("storage/objects"))
    }
}

/// A text of 100,000 letters that no packing makes much shorter; another one for each seed.
pub fn incompressible(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let letter = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state % 75).unwrap_or(0))
    };
    (0..100_000).map(letter).filter(|letter| letter.is_ascii_alphanumeric()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Runs `cairn store` on the database and storage in `folder`: its exit status and what it printed.
fn store(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let ran = Command::new(program("cairn"))
        .args(["--json", "store"])
        .args(arguments)
        .env("CAIRN_CHECKPOINT_CONNECTION", format!("sqlite:{}", folder.join("cairn.db").display()))
        .env("CAIRN_CHECKPOINT_STORAGE", folder.join("storage"))
        .output()
        .expect("cairn store runs");
    let printed = if ran.stdout.is_empty() { ran.stderr } else { ran.stdout };
    let text = String::from_utf8_lossy(&printed).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?} printed {text}: {error}"));
    (ran.status.code().unwrap_or(-1), value)
}

/// What in a folder, itself included, others than its owner may read or enter.
fn open_to_others(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let about = std::fs::metadata(path)?;
    let mut open = Vec::new();
    if about.permissions().mode() & 0o077 != 0 {
        open.push(path.to_owned());
    }
    if about.is_dir() {
        for entry in std::fs::read_dir(path)? {
            open.extend(open_to_others(&entry?.path())?);
        }
    }
    Ok(open)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_servers_work_is_whole_and_goes_on_elsewhere() -> Tested {
    let mut story = Story::begin(&["first", "second"]).await?;
    let held = story.hold("first", 3).await;
    let busy = Arc::new(AtomicBool::new(true));
    let load = {
        let (client, busy) = (story.cluster.server("second").client.clone(), Arc::clone(&busy));
        tokio::spawn(async move {
            let mut made = 0_usize;
            while busy.load(Ordering::SeqCst) {
                let wish =
                    serde_json::from_value(json!({"project": "stored", "flow": "quick", "inputs": {}, "count": 5}));
                client.create_requests(&wish.expect("a wish"), None).await.expect("requests are made");
                made += 5;
            }
            made
        })
    };
    let backup = story.folder.path().join("backup");
    let (status, manifest) = store(story.folder.path(), &["backup", &backup.to_string_lossy()]);
    assert_eq!(status, 0, "{manifest}");
    let (status, checked) = store(story.folder.path(), &["check"]);
    assert_eq!((status, &checked["problems"]), (0, &json!([])), "{checked}");
    busy.store(false, Ordering::SeqCst);
    let made = load.await?;
    assert!(made > 0, "the servers went on meanwhile");
    assert_eq!((&manifest["objects"], &manifest["has_key"]), (&json!(6), &json!(true)));
    assert_eq!(open_to_others(&backup)?, Vec::<PathBuf>::new(), "it is its owner's alone");
    let (status, refused) = store(story.folder.path(), &["backup", &backup.to_string_lossy()]);
    assert_eq!((status, &refused["error"]["code"]), (3, &json!("store/not-empty")));

    let elsewhere = tempfile::tempdir()?;
    let (status, restored) = store(elsewhere.path(), &["restore", &backup.to_string_lossy()]);
    assert_eq!((status, &restored["problems"], &restored["objects"]), (0, &json!([]), &json!(6)), "{restored}");
    let (status, refused) = store(elsewhere.path(), &["restore", &backup.to_string_lossy()]);
    assert_eq!((status, &refused["error"]["code"]), (3, &json!("store/not-empty")));

    // The cluster that the backup was made of lives on, and the other one minds its own.
    let mut other = story.cluster.brought_to(elsewhere.path());
    other.add_server("third");
    story.endpoint.until_calls(6).await;
    story.endpoint.open();
    for id in &held {
        let here = story.cluster.server("first").until_ended(*id).await;
        assert_eq!((here.state, here.attempt), (RequestState::Finished, 1));
        let there = other.server("third").until_ended(*id).await;
        assert_eq!((there.state, there.attempt), (RequestState::Finished, 2));
    }

    // Retention, too, may run beside servers that work.
    let keep_one = ["retention", "--finished-number", "1"];
    let go = made + held.len() - 1;
    until("all requests have ended", async || {
        let (status, preview) = store(story.folder.path(), &keep_one);
        assert_eq!(status, 0, "{preview}");
        (preview["groups"][0]["requests"] == json!(go)).then_some(())
    })
    .await;
    let (status, removed) = store(story.folder.path(), &[&keep_one[..], &["--apply"]].concat());
    assert_eq!((status, &removed["requests"]), (0, &json!(go)), "{removed}");
    let (status, checked) = store(story.folder.path(), &["check"]);
    assert_eq!((status, &checked["problems"], &checked["requests"]), (0, &json!([]), &json!(1)), "{checked}");
    let objects = ["objects", "orphans"].map(|key| checked[key].as_u64().unwrap_or(0));
    assert_eq!(objects.iter().sum::<u64>(), 6, "orphans are too young to be collected: {checked}");
    story.cluster.servers.iter_mut().for_each(|server| server.kill());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_anything_damaged_is_refused_on_either_side() -> Tested {
    let story = Story::begin(&["first"]).await?;
    story.hold("first", 1).await;
    let backup = story.folder.path().join("backup");
    assert_eq!(store(story.folder.path(), &["backup", &backup.to_string_lossy()]).0, 0);
    let database = backup.join("cairn.db");
    let mut bytes = std::fs::read(&database)?;
    bytes[5000] ^= 1;
    std::fs::write(&database, bytes)?;
    let elsewhere = tempfile::tempdir()?;
    let (status, refused) = store(elsewhere.path(), &["restore", &backup.to_string_lossy()]);
    assert_eq!((status, &refused["error"]["code"]), (3, &json!("store/corrupt")));
    assert!(!elsewhere.path().join("cairn.db").exists());
    std::fs::remove_file(backup.join("backup.json"))?;
    let (status, refused) = store(elsewhere.path(), &["restore", &backup.to_string_lossy()]);
    assert_eq!((status, &refused["error"]["code"]), (3, &json!("store/no-backup")));

    let object = story.objects().remove(0);
    std::fs::write(&object, "not what was saved")?;
    let another = story.folder.path().join("another");
    let (status, refused) = store(story.folder.path(), &["backup", &another.to_string_lossy()]);
    assert_eq!((status, &refused["error"]["code"]), (3, &json!("storage/corrupt")));
    assert!(!another.join("backup.json").exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_object_is_damaged_ends_and_goes_on_from_an_earlier_saved_point() -> Tested {
    let mut story = Story::begin(&["first", "second"]).await?;
    let before = story.objects();
    let [id] = story.hold("first", 1).await[..] else { panic!("one request") };
    let points = story.cluster.server("second").client.request(id).await?.saved_points;
    assert_eq!(points.len(), 3, "the call's input is saved, too, and is the same object as the second Checkpoint");
    story.damage_the_newest(&before)?;
    story.cluster.server_mut("first").kill();
    let survivor = story.cluster.server("second");
    let failed = survivor.until_ended(id).await;
    assert_eq!(failed.state, RequestState::Error);
    let error = failed.error.expect("the reason");
    assert_eq!(error.code, "storage/corrupt", "{}", error.message);
    let (status, checked) = store(story.folder.path(), &["check"]);
    assert_eq!(status, 1);
    assert_eq!(checked["problems"][0]["place"], json!(format!("request {id}")), "{checked}");

    // The API counts saved points from 0.
    let again = ReExecution { from: Some(0), ..ReExecution::default() };
    let again = survivor.client.re_execute_from(id, &again).await?;
    assert_eq!(again.saved_points, 1);
    story.endpoint.until_calls(2).await;
    story.endpoint.open();
    assert_eq!(survivor.until_ended(id).await.state, RequestState::Finished);
    let (status, checked) = store(story.folder.path(), &["check"]);
    assert_eq!(
        (status, &checked["problems"]),
        (0, &json!([])),
        "what was saved again has mended the object: {checked}"
    );
    Ok(())
}
