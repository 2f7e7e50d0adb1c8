//! Firing for files that have come into a folder.
//!
//! A folder is looked at again and again: no notice of a file system may be relied on over a network. A file counts once
//! it has not changed for a while. What it fires for is its name, size and time (in a bucket its tag, too), so a file that is
//! replaced counts anew.

mod watched;

use super::active::Live;
use crate::state::App;
use flow_model::{Afterwards, FileTrigger, TriggerAction};
use flow_store::{Fired, NewFiring, ProjectName, RequestId, RequestState, StoreError, Timestamp};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use globset::GlobBuilder;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watched::{Stamp, Watched};

pub use watched::problem;

/// How often folders are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often a bucket is looked at: services count each look.
const LOOK_INTO_BUCKET: Duration = Duration::from_secs(5);

/// A file as this server has seen it.
struct Known {
    stamp: Stamp,
    since: Instant,
    /// The request that was made for it, once that is known.
    request: Option<Option<RequestId>>,
}

/// The project and the id of a trigger.
type Place = (ProjectName, String);

/// The folder of one trigger.
#[derive(Default)]
struct Seen {
    looked: Option<Instant>,
    files: BTreeMap<String, Known>,
    /// What kept it from all that is to be done at the last look: told once for as long as it lasts.
    problem: Option<String>,
}

/// Fires for files that have come, for as long as the server lives. A folder that hangs, for the machine behind it is away,
/// holds up no other.
pub async fn watch_folders(app: &App) {
    let mut seen: HashMap<Place, Seen> = HashMap::new();
    let (mut looks, mut looked_at) = (FuturesUnordered::new(), HashSet::<Place>::new());
    loop {
        let active = app.triggers.active();
        let mut watched = HashSet::new();
        for (live, action) in active.firing() {
            let TriggerAction::File(file) = action else { continue };
            if !is_here(app, file) || !app.may_fire() {
                continue;
            }
            let place = (live.open.project.clone(), live.open.trigger.id.clone());
            if looked_at.insert(place.clone()) {
                let files = seen.remove(&place).unwrap_or_default();
                looks.push(look_once(app, Arc::clone(live), file.clone(), (place.clone(), files)));
            }
            watched.insert(place);
        }
        seen.retain(|place, _| watched.contains(place));
        let mut next = pin!(tokio::time::sleep(LOOK));
        loop {
            tokio::select! {
                () = &mut next => break,
                Some((place, files)) = looks.next() => {
                    looked_at.remove(&place);
                    seen.insert(place, files);
                }
            }
        }
    }
}

/// Looks at the folder of a trigger, and gives back what is known of it then.
async fn look_once(app: &App, live: Arc<Live>, file: FileTrigger, (place, mut files): (Place, Seen)) -> (Place, Seen) {
    look_now_and_then(app, &live, &file, &mut files).await;
    (place, files)
}

/// Whether this server looks at the folder.
fn is_here(app: &App, file: &FileTrigger) -> bool {
    file.server.as_ref().is_none_or(|server| *server == app.names.own(app) || *server == app.id.as_str())
}

async fn look_now_and_then(app: &App, live: &Live, file: &FileTrigger, seen: &mut Seen) {
    let is_early = |looked: Instant| looked.elapsed() < LOOK_INTO_BUCKET;
    let problem = match Watched::at(&app.storage, &file.folder) {
        Ok(folder) if folder.is_in_bucket() && seen.looked.is_some_and(is_early) => return,
        Ok(folder) => {
            seen.looked = Some(Instant::now());
            look(app, live, file, &folder, &mut seen.files).await.err()
        }
        Err(problem) => Some(problem),
    };
    if let Some(problem) = &problem
        && seen.problem.as_ref() != Some(problem)
    {
        let (project, trigger) = (&live.open.project, &live.open.trigger.name);
        tracing::warn!(%project, trigger, "{}: {problem}; trying again", file.folder);
    }
    seen.problem = problem;
}

async fn look(
    app: &App,
    live: &Live,
    file: &FileTrigger,
    folder: &Watched,
    files: &mut BTreeMap<String, Known>,
) -> Result<(), String> {
    let pattern = GlobBuilder::new(&file.pattern).literal_separator(true).build();
    let pattern = pattern.map_err(|error| error.to_string())?.compile_matcher();
    let listed = folder.list(pattern).await?;
    files.retain(|name, known| listed.get(name) == Some(&known.stamp));
    let (mut unmoved, mut fires) = (None, true);
    for (name, stamp) in listed {
        let new = || Known { stamp: stamp.clone(), since: Instant::now(), request: None };
        let known = files.entry(name.clone()).or_insert_with(new);
        if known.since.elapsed() < Duration::from_millis(file.settle_ms) {
            continue;
        }
        if known.request.is_none() && fires {
            known.request = fire(app, live, file, &name, &stamp).await.map_err(|error| error.to_string())?;
            // What there is no room for at this time, there is none for the others either.
            fires = known.request.is_some();
        }
        if let (Some(Some(request)), Afterwards::MoveTo(to)) = (known.request, &file.afterwards) {
            // One that cannot be moved holds up no other.
            if let Err(problem) = move_if_finished(app, folder, (name.as_str(), &stamp), to, request).await {
                unmoved = Some(format!("{name} cannot be moved to {to}: {problem}"));
            }
        }
    }
    unmoved.map_or(Ok(()), Err)
}

/// Fires for a file; the request that was made for it, now or before, once that is settled.
async fn fire(
    app: &App,
    live: &Live,
    file: &FileTrigger,
    name: &str,
    stamp: &Stamp,
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
        key: format!("{}/{name} {stamp}", file.folder),
        lasting: true,
        here_only: file.is_of_one_server(),
        missed: u64::from(request.is_err()),
        ..live.open.firing(due, request.ok())
    };
    let fired = match file.is_of_one_server() {
        true => super::fire_here(app, live, firing).await?,
        false => super::fire_if_room(app, live, firing).await?,
    };
    Ok(match fired {
        Some(Fired::New(request)) => Some(request.map(|request| request.id)),
        Some(Fired::Before(request)) => Some(request),
        Some(Fired::Off) | None => None,
    })
}

/// Moves a file whose request has finished.
async fn move_if_finished(
    app: &App,
    folder: &Watched,
    file: (&str, &Stamp),
    to: &str,
    request: RequestId,
) -> Result<(), String> {
    match app.store.get(request).await {
        Ok(request) if request.state == RequestState::Finished => {}
        _ => return Ok(()),
    }
    folder.move_to(file, Watched::at(&app.storage, to)?, request).await
}
