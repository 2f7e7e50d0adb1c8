//! Firing for files that have come into a folder.
//!
//! A folder is looked at again and again: no notice of a file system may be relied on over a network. A file counts once
//! it has not changed for a while. What it fires for is its name, size and time, so a file that is replaced counts anew.

use super::active::Live;
use crate::state::App;
use flow_components::{Folder, Places};
use flow_model::{Afterwards, FileTrigger, TriggerAction};
use flow_store::{Fired, NewFiring, ProjectName, RequestId, RequestState, StoreError, Timestamp};
use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How often folders are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970.
    changed: u128,
}

/// A file as this server has seen it.
struct Known {
    stamp: Stamp,
    since: Instant,
    /// The request that was made for it, once that is known.
    request: Option<Option<RequestId>>,
}

/// The files in the folder of one trigger.
type Files = BTreeMap<String, Known>;

/// Fires for files that have come, for as long as the server lives.
pub async fn watch_folders(app: &App) {
    let mut seen: HashMap<(ProjectName, String), Files> = HashMap::new();
    loop {
        let active = app.triggers.active();
        let mut watched = HashMap::new();
        for (live, action) in active.firing() {
            let TriggerAction::File(file) = action else { continue };
            if !is_here(app, file) || !app.may_fire() {
                continue;
            }
            let place = (live.open.project.clone(), live.open.trigger.id.clone());
            let mut files = seen.remove(&place).unwrap_or_default();
            if let Err(problem) = look(app, live, file, &mut files).await {
                tracing::debug!(project = %place.0, trigger = live.open.trigger.name, "a folder cannot be looked at: {problem}");
            }
            watched.insert(place, files);
        }
        seen = watched;
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether this server looks at the folder.
fn is_here(app: &App, file: &FileTrigger) -> bool {
    file.server.as_ref().is_none_or(|server| *server == app.names.own(app) || *server == app.id.as_str())
}

async fn look(app: &App, live: &Live, file: &FileTrigger, files: &mut Files) -> Result<(), String> {
    let folder = on_disk(app.storage.folder(), &file.folder)?;
    let pattern = GlobBuilder::new(&file.pattern).literal_separator(true).build();
    let pattern = pattern.map_err(|error| error.to_string())?.compile_matcher();
    let listed =
        tokio::task::spawn_blocking(move || list(&folder, &pattern)).await.map_err(|error| error.to_string())?;
    let listed = listed.map_err(|error| error.to_string())?;
    files.retain(|name, known| listed.get(name) == Some(&known.stamp));
    for (name, stamp) in listed {
        let known = files.entry(name.clone()).or_insert_with(|| Known { stamp, since: Instant::now(), request: None });
        if known.since.elapsed() < Duration::from_millis(file.settle_ms) {
            continue;
        }
        if known.request.is_none() {
            known.request = fire(app, live, file, &name, stamp).await.map_err(|error| error.to_string())?;
        }
        if let (Some(Some(request)), Afterwards::MoveTo(to)) = (known.request, &file.afterwards) {
            move_if_finished(app, file, &name, to, request).await?;
        }
    }
    Ok(())
}

/// Fires for a file; the request that was made for it, now or before, once that is settled.
async fn fire(
    app: &App,
    live: &Live,
    file: &FileTrigger,
    name: &str,
    stamp: Stamp,
) -> Result<Option<Option<RequestId>>, StoreError> {
    let brought = [
        ("path", Value::from(format!("{}/{name}", file.folder))),
        ("name", Value::from(name)),
        ("bytes", Value::from(stamp.bytes)),
    ];
    let request = live.open.request("trigger", &brought);
    if let Err(problem) = &request {
        tracing::warn!(project = %live.open.project, trigger = live.open.trigger.name, file = name, "a file is given up: {problem}");
    }
    let due = Timestamp(i64::try_from(stamp.changed / 1_000_000).unwrap_or(i64::MAX));
    let firing = NewFiring {
        key: format!("{}/{name} {} {}", file.folder, stamp.bytes, stamp.changed),
        lasting: true,
        missed: u64::from(request.is_err()),
        ..live.open.firing(due, request.ok())
    };
    let fired = match file.is_of_one_server() {
        true => match app.work.fire_here(firing).await? {
            Some(fired) => fired,
            None => return Ok(None),
        },
        false => super::fire(app, firing).await?,
    };
    Ok(match fired {
        Fired::New(request) => Some(request.map(|request| request.id)),
        Fired::Before(request) => Some(request),
        Fired::Off => None,
    })
}

/// Moves a file whose request has finished.
async fn move_if_finished(
    app: &App,
    file: &FileTrigger,
    name: &str,
    to: &str,
    request: RequestId,
) -> Result<(), String> {
    match app.store.get(request).await {
        Ok(request) if request.state == RequestState::Finished => {}
        _ => return Ok(()),
    }
    let (from, folder) = (on_disk(app.storage.folder(), &file.folder)?.join(name), on_disk(app.storage.folder(), to)?);
    let name = name.to_owned();
    let moved = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        let plain = folder.join(&name);
        let target = if plain.exists() { folder.join(format!("{request}-{name}")) } else { plain };
        std::fs::rename(from, target)
    });
    match moved.await {
        // Another server may have been faster.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(moved) => moved.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Why no server of this cluster can look at the folder, or move files to where they are to go. `storage` is the folder of the
/// checkpoint storage; none if that is in a bucket.
pub fn problem(storage: Option<&Path>, file: &FileTrigger) -> Option<String> {
    let to = match &file.afterwards {
        Afterwards::Remember => None,
        Afterwards::MoveTo(to) => Some(to),
    };
    std::iter::once(&file.folder).chain(to).find_map(|folder| on_disk(storage, folder).err())
}

fn on_disk(storage: Option<&Path>, folder: &str) -> Result<PathBuf, String> {
    let places = Places { storage: storage.map(Path::to_owned), project: Arc::default(), local: PathBuf::from("/") };
    match places.folder(folder) {
        Ok(Folder::Disk(folder)) => Ok(folder),
        Ok(Folder::Project(_)) => Err("files of a project do not come".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The files of a folder that fit, with their stamps. A folder that is not there is empty.
fn list(folder: &Path, pattern: &GlobMatcher) -> std::io::Result<BTreeMap<String, Stamp>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut files = BTreeMap::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || !pattern.is_match(&name) {
            continue;
        }
        // A file that is gone by now does not count.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_file() {
            let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            files.insert(name, Stamp { bytes: about.len(), changed });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching(folder: &str, afterwards: Afterwards) -> FileTrigger {
        FileTrigger { folder: folder.to_owned(), pattern: "*".to_owned(), settle_ms: 1, afterwards, server: None }
    }

    #[test]
    fn a_folder_that_no_server_can_look_at_is_a_problem() {
        let storage = Some(Path::new("/storage"));
        let moved = |to: &str| Afterwards::MoveTo(to.to_owned());
        let incoming = watching("storage:incoming", moved("storage:incoming/done"));
        assert_eq!(problem(storage, &incoming), None);
        assert_eq!(problem(None, &watching("/incoming", moved("/done"))), None);
        for file in [&incoming, &watching("/incoming", moved("storage:done"))] {
            let told = problem(None, file).unwrap();
            assert!(told.contains("bucket") && told.contains("folder that all servers see"), "{told}");
        }
        let told = problem(storage, &watching("storage:objects", Afterwards::Remember)).unwrap();
        assert!(told.contains("saved points"), "{told}");
    }
}
