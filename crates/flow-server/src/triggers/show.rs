//! Triggers as the API shows them.

use super::active::{Active, Live};
use crate::state::App;
use crate::wire;
use flow_api::{DueTime, PREFIX, TriggerEntry};
use flow_model::{Afterwards, TriggerAction};
use flow_store::{Timestamp, TriggerState};

/// All triggers, by project and name; those that versions no longer have at the end.
pub fn entries(app: &App, active: &Active, project: Option<&str>) -> Vec<TriggerEntry> {
    let mut entries: Vec<TriggerEntry> = active.live().iter().map(|live| entry(app, live)).collect();
    for (project, open) in active.projects() {
        let version = open.version.version.to_string();
        entries.extend(open.broken.iter().map(|(name, error)| TriggerEntry {
            name: name.clone(),
            problem: Some(error.to_string()),
            present: true,
            ..bare(project.to_string(), String::new(), version.clone())
        }));
    }
    entries.sort_by(|one, other| (&one.project, &one.name).cmp(&(&other.project, &other.name)));
    let version_of =
        |state: &TriggerState| active.projects().get(&state.project).map(|open| open.version.version.to_string());
    entries.extend(active.gone().iter().map(|state| {
        let of = bare(state.project.to_string(), state.trigger.clone(), version_of(state).unwrap_or_default());
        with(TriggerEntry { name: state.trigger.clone(), ..of }, state)
    }));
    entries.retain(|entry| project.is_none_or(|project| entry.project == project));
    entries
}

/// One that is there.
pub fn entry(app: &App, live: &Live) -> TriggerEntry {
    let trigger = &live.open.trigger;
    let bare = bare(live.open.project.to_string(), trigger.id.clone(), live.open.version.to_string());
    let next = next_due(app, live, 1).into_iter().next().filter(|_| live.is_active());
    let address = match &live.open.action {
        Some(TriggerAction::Http(http)) => {
            Some(format!("{} {PREFIX}/http/{}/{}", http.method, live.open.project, http.path))
        }
        _ => None,
    };
    let entry = TriggerEntry {
        name: trigger.name.clone(),
        kind: trigger.kind.clone(),
        flow: trigger.flow.clone(),
        description: trigger.description.clone(),
        fires: live.open.action.as_ref().map(in_words).unwrap_or_default(),
        next: next.map(|due| due.at),
        address,
        problem: live.open.problem.clone(),
        ..bare
    };
    let entry = with(entry, &live.state);
    TriggerEntry { missed: entry.missed + missed_in_maintenance(app, live), ..entry }
}

/// How many due times a maintenance that still lasts has cost a schedule: so many as one look deals with at the most. What
/// becomes of them when it is over, the schedule says.
fn missed_in_maintenance(app: &App, live: &Live) -> u64 {
    let Some(TriggerAction::Schedule(schedule)) = &live.open.action else { return 0 };
    if !app.settings.in_maintenance() || !live.is_active() {
        return 0;
    }
    let late = app.store.now().minus_ms(schedule.jitter_ms + schedule.grace_ms);
    schedule.due(live.state.reached.0, late.0, 1000).len() as u64
}

/// When a schedule is due next, by its own time zone's clock.
pub fn next_due(app: &App, live: &Live, count: usize) -> Vec<DueTime> {
    let Some(TriggerAction::Schedule(schedule)) = &live.open.action else { return Vec::new() };
    let from = app.store.now().0.max(live.state.reached.0);
    let due = schedule.due(from, i64::MAX, count).into_iter();
    due.map(|due| DueTime { at: wire::time(Timestamp(due)), shown: schedule.shown(due) }).collect()
}

fn in_words(action: &TriggerAction) -> String {
    match action {
        TriggerAction::Schedule(schedule) => schedule.in_words(),
        TriggerAction::Http(http) => format!("On {} {}", http.method, http.path),
        TriggerAction::File(file) => {
            let then = match &file.afterwards {
                Afterwards::Remember => String::new(),
                Afterwards::MoveTo(to) => format!(", then moved to {to}"),
            };
            let whose = file.server.as_ref().map(|server| format!(" of {server}")).unwrap_or_default();
            format!("When a file {} comes into {}{whose}{then}", file.pattern, file.folder)
        }
        TriggerAction::Request(request) => {
            let states: Vec<&str> = request.states.iter().map(|state| state.as_str()).collect();
            format!("When a request of {} has ended in {}", request.flow, states.join(" or "))
        }
    }
}

fn bare(project: String, id: String, version: String) -> TriggerEntry {
    TriggerEntry {
        project,
        id,
        name: String::new(),
        kind: String::new(),
        flow: String::new(),
        description: String::new(),
        fires: String::new(),
        version,
        present: false,
        on: false,
        switched_by: None,
        switched: None,
        fired: 0,
        missed: 0,
        last_fired: None,
        last_request: None,
        next: None,
        address: None,
        problem: None,
    }
}

fn with(entry: TriggerEntry, state: &TriggerState) -> TriggerEntry {
    TriggerEntry {
        present: state.present,
        on: state.on,
        switched_by: state.switched_by.clone(),
        switched: state.switched.map(wire::time),
        fired: state.fired,
        missed: state.missed,
        last_fired: state.last_fired.map(wire::time),
        last_request: state.last_request.map(|id| id.0),
        ..entry
    }
}
