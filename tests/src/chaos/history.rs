//! What came of it all: nothing lost, no state changed twice, no settled component run twice.

use super::{Entry, Scene};
use crate::cluster::ServerProcess;
use flow_api::{AttemptEnd, RequestDetail, RequestState, SavedKind};
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
            ledger: Vec::new(),
            rows: BTreeMap::new(),
            re_executed: HashSet::new(),
            made,
        };
        let begun = Instant::now();
        let server = &scene.cluster.servers[0];
        for id in history.made.values().copied().collect::<Vec<_>>() {
            let detail = history.until_ended(server, id, mended, begun).await;
            history.requests.insert(id, detail);
        }
        history.ledger = scene.ledger.entries();
        history.rows = rows(&scene.cluster.folder.join("storage/results.db"));
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
        for (number, id) in &self.made {
            let detail = &self.requests[id];
            check_request(*number, detail, self.re_executed.contains(id));
            let entries: Vec<&Entry> = self.ledger.iter().filter(|entry| entry.number == *number).collect();
            check_acts(detail, &entries, stopped);
            assert_eq!(self.rows.get(number), Some(&1), "the row of {number} is there exactly once");
        }
        let known: BTreeSet<i64> = self.made.keys().copied().collect();
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
    let good = |end: &Option<AttemptEnd>| {
        matches!(end, Some(AttemptEnd::Finished | AttemptEnd::OwnerLost | AttemptEnd::Released))
            || re_executed && *end == Some(AttemptEnd::Failed)
    };
    assert!(ends.iter().all(good), "request {id}: {ends:?}");

    let mut saved = HashSet::new();
    for point in &detail.saved_points {
        let place = (point.kind, point.component.clone(), point.iteration.clone());
        let again = point.kind != SavedKind::Input && !saved.insert(place);
        assert!(!again, "request {id}: {:?} of {} was saved twice", point.kind, point.component);
    }
}

/// What is behind a saved point that was reached never ran again.
fn check_acts(detail: &RequestDetail, entries: &[&Entry], stopped: bool) {
    let id = detail.request.id;
    let places: Vec<&str> = entries.iter().map(|entry| entry.place.as_str()).collect();
    let mut keys: HashMap<&str, &Option<String>> = HashMap::new();
    let mut reached = -1;
    for entry in entries {
        let place = PLACES.iter().zip(0..).find_map(|(place, at)| (*place == entry.place).then_some(at));
        let place: i32 = place.expect("a place of the flow");
        let first = *keys.entry(entry.place.as_str()).or_insert(&entry.key);
        assert_eq!(first, &entry.key, "request {id}: {} has one key", entry.place);
        assert_eq!(entry.key.is_some(), entry.place != "again", "request {id}: {entry:?}");
        assert!(place <= reached + 1, "request {id}: it left out what is before {}: {places:?}", entry.place);
        assert!(place >= reached || stopped, "request {id}: {} was settled and ran again: {places:?}", entry.place);
        reached = reached.max(place);
    }
    // The last entry may be that of a server which was stopped and woke up late.
    assert!(places.contains(&PLACES[2]), "request {id} finished without having done everything: {places:?}");
}

fn rows(path: &Path) -> BTreeMap<i64, i64> {
    let results = rusqlite::Connection::open(path).expect("the results");
    let mut rows = results.prepare("SELECT number, count(*) FROM results GROUP BY number").expect("their table");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("the rows");
    rows.collect::<Result<_, _>>().expect("each row")
}
