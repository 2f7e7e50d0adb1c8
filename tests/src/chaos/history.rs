//! What came of it all: nothing lost, no state changed twice, no settled component run twice.

use super::flow::ORDER;
use super::{Entry, Scene};
use crate::cluster::ServerProcess;
use crate::wait::until;
use flow_api::{AttemptEnd, LogEntry, LogQuery, RequestDetail, RequestState, SavedKind};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// The places of the flow in their order.
const PLACES: [&str; 3] = ["once", "again", "last"];
/// How long the requests that are left may take after the last fault.
const SETTLING: Duration = Duration::from_secs(120);

/// All that is known of a load after its end.
pub struct History {
    /// The request that each number was given to.
    made: BTreeMap<i64, i64>,
    requests: BTreeMap<i64, RequestDetail>,
    /// The logs of those that had more than one attempt.
    logs: BTreeMap<i64, Vec<LogEntry>>,
    /// How many requests there are at all.
    present: usize,
    ledger: Vec<Entry>,
    /// How often each number is in the table of results.
    rows: BTreeMap<i64, i64>,
    /// Requests that ended in an error which an operator would answer by a re-execution.
    re_executed: HashSet<i64>,
}

/// A request whose server was lost three times in a row without progress is stopped on purpose.
const TAKEOVER_LIMIT: &str = "request/takeover-limit";
/// The table of results is a file with one writer at a time: on a disk with much to do a flow may wait for it in vain.
const TABLE_BUSY: &str = "sql/busy";

impl History {
    /// Waits until every request has ended, and gathers what is known. As an operator would, it re-executes what was lost
    /// with its server too often, and what ended in an error with one of the codes in `mended`.
    pub async fn gather(scene: &Scene, made: BTreeMap<i64, i64>, mended: &[&str]) -> Self {
        let mut history = Self {
            requests: BTreeMap::new(),
            logs: BTreeMap::new(),
            present: 0,
            ledger: Vec::new(),
            rows: BTreeMap::new(),
            re_executed: HashSet::new(),
            made,
        };
        let begun = Instant::now();
        let server = &scene.cluster.servers[0];
        for id in history.made.values().copied().collect::<Vec<_>>() {
            let detail = history.until_ended(server, id, mended, begun).await;
            if detail.attempts.len() > 1 {
                let all = LogQuery { after: None, limit: Some(1000) };
                let asked = async || server.client.request_log(id, &all).await.ok();
                history.logs.insert(id, until(&format!("the log of request {id}"), asked).await);
            }
            history.requests.insert(id, detail);
        }
        let counts = until("the requests are counted", async || server.client.request_counts().await.ok()).await;
        history.present = usize::try_from(counts.values().sum::<u64>()).expect("a number");
        history.ledger = scene.ledger.entries();
        history.rows = rows(&scene.results);
        history
    }

    async fn until_ended(&mut self, server: &ServerProcess, id: i64, mended: &[&str], begun: Instant) -> RequestDetail {
        loop {
            let found = server.client.request(id).await;
            match &found {
                Ok(detail) if detail.request.state == RequestState::Error && self.is_tried_again(detail, mended) => {
                    server.client.re_execute(id).await.expect("it is re-executed");
                }
                Ok(detail) if detail.request.state.has_ended() => return detail.clone(),
                _ => {}
            }
            assert!(begun.elapsed() < SETTLING, "request {id} does not end: {found:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn is_tried_again(&mut self, detail: &RequestDetail, mended: &[&str]) -> bool {
        let Some(error) = &detail.request.error else { return false };
        let known =
            [TAKEOVER_LIMIT, TABLE_BUSY].contains(&error.code.as_str()) || mended.contains(&error.code.as_str());
        known && self.re_executed.insert(detail.request.id)
    }

    /// Every request with its attempts and what it saved.
    pub fn details(&self) -> impl Iterator<Item = &RequestDetail> {
        self.requests.values()
    }

    /// How many requests were taken over or recovered at least once.
    pub fn moved(&self) -> usize {
        self.requests.values().filter(|detail| detail.request.attempt > 1).count()
    }

    /// Checks everything. `stopped` says whether servers were stopped and went on: such a server may act once more
    /// outside before it notices, with the key that it had.
    pub fn check(&self, stopped: bool) {
        let ids: BTreeSet<i64> = self.made.values().copied().collect();
        assert_eq!(ids.len(), self.made.len(), "two numbers were given to one request");
        assert_eq!(self.present, self.made.len(), "there are requests that nobody was told of");
        for (number, id) in &self.made {
            let detail = &self.requests[id];
            check_request(*number, detail, self.re_executed.contains(id));
            let entries: Vec<&Entry> = self.ledger.iter().filter(|entry| entry.number == *number).collect();
            check_acts(detail, &entries, stopped);
            if let Some(log) = self.logs.get(id) {
                check_starts(detail, log);
            }
            assert_eq!(self.rows.get(number), Some(&1), "the row of {number} is there exactly once");
        }
        let known: BTreeSet<i64> = self.made.keys().copied().collect();
        assert!(self.rows.keys().eq(known.iter()), "rows of requests that nobody made: {:?}", self.rows.keys());
        let mut keys: HashMap<&str, (&str, i64)> = HashMap::new();
        for entry in &self.ledger {
            let what = (entry.place.as_str(), entry.number);
            let stands_for = entry.key.as_deref().map(|key| *keys.entry(key).or_insert(what));
            assert!(stands_for.is_none_or(|first| first == what), "{:?} stands for two things: {what:?}", entry.key);
        }
        let acted: BTreeSet<i64> = self.ledger.iter().map(|entry| entry.number).collect();
        assert!(acted.is_subset(&known), "acts of requests that nobody made: {:?}", acted.difference(&known));
        let (requests, moved) = (self.made.len(), self.moved());
        println!("{requests} requests, {moved} of them in more than one attempt, {} acts", self.ledger.len());
    }
}

/// Nothing is lost, and each state change happened once. Only one that was re-executed may have failed before.
fn check_request(number: i64, detail: &RequestDetail, re_executed: bool) {
    let request = &detail.request;
    let id = request.id;
    assert_eq!(request.state, RequestState::Finished, "request {id}: {:?}", request.error);
    assert_eq!(request.retries_used, 0, "request {id}: the loss of a server spends no retry");
    let reply = request
        .reply
        .as_ref()
        .and_then(|reply| reply[0]["number"].as_i64().or_else(|| reply[0]["number"].as_str()?.parse().ok()));
    assert_eq!(reply, Some(number), "request {id}: the reply is of other inputs: {:?}", request.reply);

    for (attempt, expected) in detail.attempts.iter().zip(1..) {
        assert_eq!(attempt.attempt, expected, "request {id}: attempts follow each other: {:?}", detail.attempts);
    }
    let ends: Vec<_> = detail.attempts.iter().map(|attempt| attempt.end).collect();
    let finished = ends.iter().filter(|end| **end == Some(AttemptEnd::Finished)).count();
    assert_eq!((finished, ends.last()), (1, Some(&Some(AttemptEnd::Finished))), "request {id}: {ends:?}");
    assert_eq!(usize::try_from(request.attempt), Ok(ends.len()), "request {id}: attempts are missing: {ends:?}");
    let good = |end: &Option<AttemptEnd>| {
        matches!(end, Some(AttemptEnd::Finished | AttemptEnd::OwnerLost | AttemptEnd::Released))
            || re_executed && *end == Some(AttemptEnd::Failed)
    };
    assert!(ends.iter().all(good), "request {id}: {ends:?}");

    let mut saved = HashSet::new();
    for point in &detail.saved_points {
        let place = (point.kind, point.component.as_str(), point.iteration.as_str());
        assert!(saved.insert(place), "request {id}: {:?} of {} was saved twice", point.kind, point.component);
    }
    assert_eq!(usize::try_from(request.saved_points), Ok(saved.len()), "request {id}: saved points are missing");
}

/// No component that was settled when an attempt began was started in it. A log is written under the attempt's fence, so
/// what a server did that was given up is not in it: this holds whoever was stopped.
fn check_starts(detail: &RequestDetail, log: &[LogEntry]) {
    let place = |component: &str| ORDER.iter().position(|id| *id == component).expect("a component of the flow");
    for entry in log.iter().filter(|entry| entry.event == "component-started") {
        let before = detail.saved_points.iter().filter(|point| point.attempt < entry.attempt);
        // The first component that is not settled.
        let open = before.map(|point| match point.kind {
            SavedKind::Begin | SavedKind::Checkpoint | SavedKind::Completed => place(&point.component) + 1,
            // What is before it is not needed again.
            SavedKind::Input => place(&point.component),
            _ => 0,
        });
        let (open, component) = (open.max().unwrap_or(0), entry.component.as_deref().expect("its component"));
        let attempt = entry.attempt;
        assert!(
            place(component) >= open,
            "request {}: {component} was settled and ran again in attempt {attempt}: {:?}",
            detail.request.id,
            detail.saved_points
        );
    }
}

/// What is behind a saved point that was reached never ran again, save once for each server that was given up and woke up
/// late.
fn check_acts(detail: &RequestDetail, entries: &[&Entry], stopped: bool) {
    let id = detail.request.id;
    let places: Vec<&str> = entries.iter().map(|entry| entry.place.as_str()).collect();
    let mut keys: HashMap<&str, &Option<String>> = HashMap::new();
    let (mut reached, mut late) = (-1, 0);
    for entry in entries {
        let place = PLACES.iter().zip(0..).find_map(|(place, at)| (*place == entry.place).then_some(at));
        let place: i32 = place.expect("a place of the flow");
        let first = *keys.entry(entry.place.as_str()).or_insert(&entry.key);
        assert_eq!(first, &entry.key, "request {id}: {} has one key", entry.place);
        assert_eq!(entry.key.is_some(), entry.place != "again", "request {id}: {entry:?}");
        assert!(place <= reached + 1, "request {id}: it left out what is before {}: {places:?}", entry.place);
        late += usize::from(place < reached);
        reached = reached.max(place);
    }
    let given_up = if stopped { detail.attempts.len() - 1 } else { 0 };
    assert!(late <= given_up, "request {id}: what was settled ran again: {places:?}");
    // The last entry may be that of a server which was stopped and woke up late.
    assert!(places.contains(&PLACES[2]), "request {id} finished without having done everything: {places:?}");
}

fn rows(path: &Path) -> BTreeMap<i64, i64> {
    let results = rusqlite::Connection::open(path).expect("the results");
    let mut rows = results.prepare("SELECT number, count(*) FROM results GROUP BY number").expect("their table");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("the rows");
    rows.collect::<Result<_, _>>().expect("each row")
}
