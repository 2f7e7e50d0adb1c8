//! Counting what must never happen: a settled component that runs again.

use crate::CommandError;
use crate::cluster::Cluster;
use flow_api::{LogEntry, LogQuery, RequestDetail, SavedKind, SavedPoint};
use flow_model::{ComponentId, Flow, Graph, SavedState, settled};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The event with which a server logs that a component begins.
const COMPONENT_STARTED: &str = "component-started";
/// How many lines of a log are asked for at once.
const PAGE: u32 = 1000;

/// Counts in the logs of `requests` how many components ran in a later attempt although they were settled before it.
pub(super) async fn settled_components_repeated(cluster: &Cluster, requests: &[i64]) -> Result<u32, CommandError> {
    let mut graphs: HashMap<(String, String), Graph> = HashMap::new();
    let mut repeated = 0;
    for id in requests.iter().copied() {
        let detail = cluster.any(|client| async move { client.request(id).await }).await?;
        if detail.attempts.len() < 2 {
            continue;
        }
        let version = (detail.request.version.clone(), detail.request.flow.clone());
        if !graphs.contains_key(&version) {
            let flow = cluster.any(|client| async move { client.request_flow(id).await }).await?.flow;
            graphs.insert(version.clone(), graph_of(&flow)?);
        }
        let log = whole_log(cluster, id).await?;
        repeated += graphs.get(&version).map_or(0, |graph| count(graph, &detail, &log));
    }
    Ok(repeated)
}

fn count(graph: &Graph, detail: &RequestDetail, log: &[LogEntry]) -> u32 {
    let mut settled_before: BTreeMap<u32, HashSet<ComponentId>> = BTreeMap::new();
    let mut repeated = 0;
    for entry in log.iter().filter(|entry| entry.attempt > 1 && entry.event == COMPONENT_STARTED) {
        let settled = settled_before
            .entry(entry.attempt)
            .or_insert_with(|| settled(graph, &saved_before(graph, entry.attempt, &detail.saved_points)));
        let component = entry.component.as_deref().and_then(|id| ComponentId::parse(id).ok());
        repeated += u32::from(component.is_some_and(|component| settled.contains(&component)));
    }
    repeated
}

/// What had been saved when `attempt` began.
fn saved_before(graph: &Graph, attempt: u32, points: &[SavedPoint]) -> SavedState {
    let mut state = SavedState::default();
    for point in points.iter().filter(|point| point.attempt < attempt) {
        let Ok(component) = ComponentId::parse(&point.component) else { continue };
        match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint => {
                state.saved.insert(component);
            }
            SavedKind::Completed => {
                state.completed_terminals.insert(component);
            }
            SavedKind::Outlets => {
                state.not_taken.retain(|(of, _)| *of != component);
                let links = graph.index_of(&component).map(|at| graph.outgoing(at)).unwrap_or_default();
                let others = links.iter().filter(|link| !point.outlets.contains(&link.outlet));
                state.not_taken.extend(others.map(|link| (component.clone(), link.outlet.clone())));
            }
            SavedKind::Withdrawn => state.not_taken.retain(|(of, _)| *of != component),
            // They save a place in the middle, which settles nothing by itself.
            SavedKind::Wait | SavedKind::Input | SavedKind::Stream => {}
        }
    }
    state
}

fn graph_of(flow: &Flow) -> Result<Graph, CommandError> {
    Graph::build(flow).map_err(|error| CommandError::new(error.code(), error.to_string()))
}

async fn whole_log(cluster: &Cluster, request: i64) -> Result<Vec<LogEntry>, CommandError> {
    let mut log: Vec<LogEntry> = Vec::new();
    loop {
        let query = &LogQuery { after: log.last().map(|entry| entry.number), limit: Some(PAGE) };
        let page = cluster.any(|client| async move { client.request_log(request, query).await }).await?;
        let is_last = page.len() < PAGE as usize;
        log.extend(page);
        if is_last {
            return Ok(log);
        }
    }
}
