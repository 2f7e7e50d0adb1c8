//! What can be seen of a store after random commands.

use super::player::Player;
use super::steps::SERVERS;
use crate::{
    AttemptRecord, AuditEntry, AuditFilter, Firing, Limits, NumberedLogEntry, Request, RequestFilter, RequestId,
    RequestState, Sample, SavedPoint, Server, ServerId, StoreError, Timestamp, TriggerState,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// What can be seen of a store from outside.
#[derive(Debug, PartialEq)]
pub struct Observed {
    answers: Vec<String>,
    requests: Vec<Request>,
    saved: Vec<Vec<SavedPoint>>,
    logs: Vec<Vec<NumberedLogEntry>>,
    attempts: Vec<Vec<AttemptRecord>>,
    servers: Vec<Server>,
    filtered: Vec<(Vec<RequestId>, BTreeMap<RequestState, u64>)>,
    due: Vec<Result<Option<Duration>, StoreError>>,
    limits: Limits,
    triggers: Vec<(TriggerState, Vec<Firing>)>,
    audit: Vec<(Timestamp, AuditEntry)>,
    samples: Vec<Sample>,
}

/// Filters of every kind and some of several kinds.
fn filters(now: Timestamp) -> Vec<RequestFilter> {
    let all = RequestFilter::default();
    let text = |text: &str| Some(text.to_owned());
    let owner = Some(ServerId::parse("server-1").unwrap());
    vec![
        all.clone(),
        RequestFilter { before: Some(RequestId(4)), limit: 2, ..all.clone() },
        RequestFilter { flow: text("export"), ..all.clone() },
        RequestFilter { owner: owner.clone(), limit: 3, ..all.clone() },
        RequestFilter { code: text("x/y"), ..all.clone() },
        RequestFilter { text: text("EXP"), states: vec![RequestState::Error, RequestState::Queued], ..all.clone() },
        RequestFilter { text: text("3"), owner, ..all.clone() },
        RequestFilter { priority: Some(1), ..all.clone() },
        RequestFilter { priority: Some(0), from: Some(now.minus_ms(300)), limit: 3, ..all.clone() },
        RequestFilter { stalled: true, limit: 3, ..all.clone() },
        RequestFilter { stalled: true, flow: text("import"), from: Some(now.minus_ms(300)), ..all.clone() },
        RequestFilter { from: Some(now.minus_ms(200)), ..all.clone() },
        RequestFilter { to: Some(now.minus_ms(100)), from: Some(now.minus_ms(300)), text: text("imp"), ..all },
    ]
}

impl Player {
    /// All there is.
    pub(super) async fn observe(self) -> Observed {
        let requests = self.all().await;
        let (mut saved, mut logs, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for request in &requests {
            saved.push(self.store.saved_points(request.id).await.unwrap());
            logs.push(self.store.log(request.id, 0, 10_000).await.unwrap());
            attempts.push(self.store.attempts(request.id, None, 100).await.unwrap());
        }
        let mut due = Vec::new();
        for server in 0..SERVERS {
            due.push(self.store.next_due(&self.owner(server)).await);
        }
        let mut filtered = Vec::new();
        for filter in filters(self.store.now()) {
            let listed = self.store.list(&filter).await.unwrap().iter().map(|request| request.id).collect();
            filtered.push((listed, self.store.counts(&filter).await.unwrap()));
        }
        let mut triggers = Vec::new();
        for state in self.store.trigger_states().await.unwrap() {
            let firings = self.store.firings(&state.project, &state.trigger, 100).await.unwrap();
            triggers.push((state, firings));
        }
        let trail = self.store.audit_trail(&AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap();
        Observed {
            triggers,
            audit: trail.into_iter().map(|record| (record.at, record.entry)).collect(),
            samples: self.store.samples(Timestamp(0), 100).await.unwrap(),
            servers: self.store.servers().await.unwrap(),
            filtered,
            answers: self.answers,
            requests,
            saved,
            logs,
            attempts,
            due,
            limits: self.store.limits().await.unwrap(),
        }
    }
}
