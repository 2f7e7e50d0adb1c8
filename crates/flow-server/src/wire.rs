//! From the store's words to those of the API.

use flow_api::{
    Account, Attempt, AttemptEnd, AuditRecord, Drift, LogEntry, Owner, Project, ProjectVersion, Request, RequestError,
    RequestLimit, RequestSettings, RequestState, Role, SavedKind, SavedPoint, Server, ServerState, Time, Token,
};
use flow_store as store;
use flow_store::{AttemptOutcome, Level, SavedData, ServerId, Timestamp};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The names of the servers, for those who only know their ids.
#[derive(Debug, Default)]
pub struct ServerNames(HashMap<ServerId, String>);

impl ServerNames {
    pub fn of(servers: &[store::Server]) -> Self {
        Self(servers.iter().map(|server| (server.id.clone(), server.name.clone())).collect())
    }

    pub fn has(&self, server: &ServerId) -> bool {
        self.0.contains_key(server)
    }

    pub fn name_of(&self, server: &ServerId) -> Option<&str> {
        self.0.get(server).map(String::as_str)
    }

    pub fn owner(&self, owner: &store::Owner) -> Owner {
        let name = self.0.get(&owner.server).cloned().unwrap_or_else(|| owner.server.to_string());
        Owner { server: owner.server.to_string(), name, epoch: owner.epoch.0 }
    }
}

pub fn time(time: Timestamp) -> Time {
    Time::from_millisecond(time.0)
}

pub fn role(role: store::Role) -> Role {
    match role {
        store::Role::Viewer => Role::Viewer,
        store::Role::Operator => Role::Operator,
        store::Role::Author => Role::Author,
        store::Role::Administrator => Role::Administrator,
    }
}

pub fn stored_role(role: Role) -> store::Role {
    match role {
        Role::Viewer => store::Role::Viewer,
        Role::Operator => store::Role::Operator,
        Role::Author => store::Role::Author,
        Role::Administrator => store::Role::Administrator,
    }
}

pub fn account(account: store::Account) -> Account {
    let created = time(account.created);
    Account { name: account.name, role: role(account.role), disabled: account.disabled, created }
}

pub fn token(token: store::Token) -> Token {
    Token {
        id: token.id.0,
        name: token.name,
        account: token.account,
        created: time(token.created),
        expires: token.expires.map(time),
        revoked: token.revoked.map(time),
    }
}

pub fn audit(record: store::AuditRecord, names: &ServerNames) -> AuditRecord {
    let entry = record.entry;
    let server = entry.action.starts_with("server-").then(|| ServerId::parse(&entry.subject).ok()).flatten();
    AuditRecord {
        number: record.number,
        at: time(record.at),
        account: entry.account,
        action: entry.action,
        subject_name: server.and_then(|id| names.name_of(&id).map(str::to_owned)),
        subject: entry.subject,
        detail: entry.detail,
        address: entry.address,
    }
}

/// A server that runs so many requests, as the one with the id `this` shows it; `projects` are those of the cluster.
pub fn server(server: store::Server, requests_running: u64, this: &ServerId, projects: &[store::Project]) -> Server {
    let report = server.report;
    Server {
        drift: projects.iter().filter_map(|project| drift(project, &server.versions)).collect(),
        program: report.as_ref().map(|report| report.version.clone()),
        memory: report.as_ref().map(|report| report.resident_bytes),
        this_server: server.id == *this,
        id: server.id.to_string(),
        name: server.name,
        state: server_state(server.state),
        maintenance: server.maintenance,
        address: server.address,
        epoch: server.epoch.0,
        pid: server.pid,
        started: time(server.started),
        terminated: server.terminated.map(time),
        taken_over_by: server.taken_over_by.map(|id| id.to_string()),
        requests_running,
        versions: server.versions.into_iter().map(version).collect(),
        problems: Vec::new(),
    }
}

/// How a server's versions differ from what a project wants.
fn drift(project: &store::Project, versions: &[store::ServerVersion]) -> Option<Drift> {
    let wanted = project.wanted_commit.clone()?;
    let present = versions.iter().find(|version| version.project == project.name).map(|version| version.commit.clone());
    (present.as_ref() != Some(&wanted)).then(|| Drift { project: project.name.to_string(), wanted, present })
}

pub fn server_state(state: store::ServerState) -> ServerState {
    match state {
        store::ServerState::Running => ServerState::Running,
        store::ServerState::Draining => ServerState::Draining,
        store::ServerState::Terminated => ServerState::Terminated,
    }
}

pub fn version(version: store::ServerVersion) -> ProjectVersion {
    ProjectVersion {
        project: version.project.to_string(),
        version: version.version.to_string(),
        commit: version.commit,
        since: time(version.updated),
    }
}

pub fn project(project: store::Project, here: Option<ProjectVersion>) -> Project {
    Project {
        name: project.name.to_string(),
        repository: without_password(&project.repository),
        branch: project.branch,
        folder: project.folder,
        account: project.account,
        wanted_commit: project.wanted_commit,
        version: here,
    }
}

/// An address as it may be shown: `https://anna:secret@host/x` becomes `https://anna@host/x`.
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}{path}")
        }
        None => address.to_owned(),
    }
}

pub fn request_state(state: store::RequestState) -> RequestState {
    match state {
        store::RequestState::Queued => RequestState::Queued,
        store::RequestState::Running => RequestState::Running,
        store::RequestState::Waiting => RequestState::Waiting,
        store::RequestState::WaitingForRetry => RequestState::WaitingForRetry,
        store::RequestState::Finished => RequestState::Finished,
        store::RequestState::Error => RequestState::Error,
        store::RequestState::Cancelled => RequestState::Cancelled,
    }
}

pub fn request(request: store::Request, names: &ServerNames) -> Request {
    Request {
        id: request.id.0,
        project: request.project.to_string(),
        version: request.version.to_string(),
        flow: request.flow,
        trigger: request.trigger,
        requested_by: request.requested_by,
        state: request_state(request.state),
        owner: request.owner.map(|owner| names.owner(&owner)),
        priority: request.settings.priority,
        waits_for: None,
        fence: request.fence.0,
        attempt: request.attempt,
        retries_used: request.retries_used,
        due: request.due.map(time),
        created: time(request.created),
        started: request.started.map(time),
        updated: time(request.updated),
        stalled: request.stalled.map(time),
        ended: request.ended.map(time),
        checkpoint: request.checkpoint,
        saved_points: request.saved_points,
        error: request.error.map(error),
        reply: request.reply,
        attempts: None,
    }
}

pub fn error(error: store::RequestError) -> RequestError {
    RequestError { code: error.code, message: error.message, component: error.component }
}

pub fn settings(settings: &store::RequestSettings) -> RequestSettings {
    RequestSettings {
        other_server_retry: settings.other_server_retry,
        begin_checkpoint: settings.begin_checkpoint,
        retry_count: settings.retry_count,
        retry_interval: seconds(settings.retry_interval_ms),
        retry_backoff: settings.retry_backoff,
        timeout: settings.timeout_ms.map(seconds),
        limits: settings.limits.iter().map(limit).collect(),
    }
}

fn limit(limit: &store::Limit) -> RequestLimit {
    RequestLimit { of: limit.of.to_string(), most: limit.most }
}

/// Milliseconds as seconds; exact for any time that a flow can name.
fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

pub fn attempt(record: store::AttemptRecord) -> Attempt {
    let owner = record.owner;
    Attempt {
        attempt: record.attempt,
        owner: Owner { server: owner.server.to_string(), name: record.server_name, epoch: owner.epoch.0 },
        started: time(record.started),
        first_component_at: record.first_component_at.map(time),
        ended: record.ended.map(time),
        end: record.end.map(attempt_end),
        error: record.error.map(error),
        version: record.version.map(|version| version.to_string()),
    }
}

fn attempt_end(outcome: AttemptOutcome) -> AttemptEnd {
    match outcome {
        AttemptOutcome::Finished => AttemptEnd::Finished,
        AttemptOutcome::Failed => AttemptEnd::Failed,
        AttemptOutcome::Waiting => AttemptEnd::Waiting,
        AttemptOutcome::Released => AttemptEnd::Released,
        AttemptOutcome::OwnerLost => AttemptEnd::OwnerLost,
        AttemptOutcome::Cancelled => AttemptEnd::Cancelled,
    }
}

/// The saved points of a request with these inputs, from the one with the number `first` on.
pub fn saved_points(points: Vec<store::SavedPoint>, first: u32, inputs: &Value) -> Vec<SavedPoint> {
    points.into_iter().zip(first..).map(|(point, number)| saved_point(point, number, inputs)).collect()
}

fn saved_point(point: store::SavedPoint, number: u32, inputs: &Value) -> SavedPoint {
    // Flow variables that are the request's inputs are not saved again; a called flow has inputs of its own.
    let is_called = !point.iteration.split('/').all(|step| step.is_empty() || step.ends_with(']'));
    let mut variables = if is_called || point.data == SavedData::None { Map::new() } else { object(inputs.clone()) };
    variables.extend(object(point.variables));
    SavedPoint {
        number,
        kind: match point.kind {
            store::SavedKind::Begin => SavedKind::Begin,
            store::SavedKind::Checkpoint => SavedKind::Checkpoint,
            store::SavedKind::Wait => SavedKind::Wait,
            store::SavedKind::Input => SavedKind::Input,
            store::SavedKind::Stream => SavedKind::Stream,
            store::SavedKind::Completed => SavedKind::Completed,
            store::SavedKind::Outlets => SavedKind::Outlets,
            store::SavedKind::Withdrawn => SavedKind::Withdrawn,
        },
        component: point.component,
        iteration: point.iteration,
        name: point.name,
        attempt: point.attempt,
        rows: point.rows,
        bytes: match &point.data {
            SavedData::None => 0,
            SavedData::Inline(bytes) => bytes.len() as u64,
            SavedData::Object { bytes, .. } => *bytes,
        },
        variables,
        outlets: point.outlets,
        at: time(point.at),
    }
}

/// A JSON object that was stored as one.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

pub fn log_entry(numbered: store::NumberedLogEntry) -> LogEntry {
    let entry = numbered.entry;
    LogEntry {
        number: numbered.number,
        at: time(entry.at),
        attempt: entry.attempt,
        server: entry.server.as_ref().to_owned(),
        level: match entry.level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
        .to_owned(),
        component: entry.component.as_deref().map(str::to_owned),
        event: entry.event.into_owned(),
        message: entry.message,
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(without_password("https://anna:secret@host/x.git"), "https://anna@host/x.git");
        assert_eq!(without_password("https://host/a@b:c"), "https://host/a@b:c");
        assert_eq!(without_password("ssh://git@host/x"), "ssh://git@host/x");
        assert_eq!(without_password("/srv/project.git"), "/srv/project.git");
    }
}
