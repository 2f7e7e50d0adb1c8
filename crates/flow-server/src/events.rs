//! Tells those who watch what changed, by whichever server.
//!
//! The checkpoint database says only *that* something changed. While somebody watches, what can be seen is read again
//! and compared with what was seen before.

use crate::state::App;
use crate::wire::{ServerNames, time};
use flow_api::Event;
use flow_store::{
    Epoch, Owner, Project, Request, RequestFilter, RequestId, RequestState, Server, ServerId, StoreError,
};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Changes within so long come as one.
const COALESCED: Duration = Duration::from_millis(100);
/// So many of the newest requests, and of those that have not ended, are compared one by one.
const SEEN: usize = 500;
/// More changed requests than this are told as one event.
const TOLD: usize = 50;
/// How many events a slow listener may lag behind.
const KEPT: usize = 1024;

/// Where the events of this server come from.
pub struct Events {
    /// Tells the numbers of this start from those of another.
    run: u32,
    told: Mutex<Told>,
    sender: broadcast::Sender<Numbered>,
    somebody: Notify,
}

/// The last events, for those who come back.
#[derive(Default)]
struct Told {
    last: u64,
    kept: VecDeque<Numbered>,
}

/// An event with its number in the order of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: u64,
    /// The event.
    pub event: Event,
}

impl Default for Events {
    fn default() -> Self {
        let sender = broadcast::channel(KEPT).0;
        Self { run: rand::random(), told: Mutex::default(), sender, somebody: Notify::new() }
    }
}

impl Events {
    /// What to begin with, and the events from now on. Whoever names the event that they heard last, and is not too late,
    /// begins with those behind it; everybody else is told to read all again.
    pub fn subscribe(&self, heard: Option<&str>) -> (Vec<Numbered>, broadcast::Receiver<Numbered>) {
        let told = self.told.lock();
        let receiver = self.sender.subscribe();
        self.somebody.notify_one();
        let missed = heard.and_then(|id| self.number_of(id)).and_then(|heard| told.behind(heard));
        (missed.unwrap_or_else(|| vec![self.read_again(told.last)]), receiver)
    }

    /// The id of an event in the event stream.
    pub fn id(&self, number: u64) -> String {
        format!("{:08x}-{number}", self.run)
    }

    /// What tells a listener to read everything again.
    pub fn read_again(&self, number: u64) -> Numbered {
        Numbered { number, event: Event::RequestsChanged }
    }

    fn number_of(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        (run == format!("{:08x}", self.run)).then(|| number.parse().ok())?
    }

    /// Whether somebody listens.
    pub fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells that the list of servers is another one, for what is not in the checkpoint database.
    pub fn servers_changed(&self) {
        self.tell(vec![Event::ServersChanged]);
    }

    fn tell(&self, events: Vec<Event>) {
        let mut told = self.told.lock();
        for event in events {
            told.last += 1;
            let event = Numbered { number: told.last, event };
            if told.kept.len() == KEPT {
                told.kept.pop_front();
            }
            told.kept.push_back(event.clone());
            // An error only means that the last listener has just gone.
            let _ = self.sender.send(event);
        }
    }
}

impl Told {
    /// The events behind the one with the number `heard`; none if some of them are no longer known.
    fn behind(&self, heard: u64) -> Option<Vec<Numbered>> {
        let oldest = self.kept.front().map_or(self.last + 1, |oldest| oldest.number);
        let known = heard <= self.last && heard + 1 >= oldest;
        known.then(|| self.kept.iter().filter(|event| event.number > heard).cloned().collect())
    }
}

/// Watches the checkpoint database for as long as somebody listens, for ever.
pub async fn watch(app: &App) {
    let mut changes = app.store.changes();
    loop {
        if !app.events.is_heard() {
            app.events.somebody.notified().await;
        }
        let mut seen = None;
        while app.events.is_heard() {
            changes.borrow_and_update();
            match View::read(app).await {
                Ok(now) => {
                    // What changed before the first look cannot be told apart: whoever listens reads all again.
                    let all = || vec![Event::RequestsChanged, Event::ServersChanged, Event::ProjectsChanged];
                    app.events.tell(seen.as_ref().map_or_else(all, |before| now.differences(before)));
                    seen = Some(now);
                }
                Err(error) => tracing::warn!(code = error.code(), %error, "what changed cannot be read; trying again"),
            }
            tokio::time::sleep(COALESCED).await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = app.events.somebody.notified() => {}
            }
        }
    }
}

/// What can be seen of the cluster at one moment.
struct View {
    requests: HashMap<RequestId, Request>,
    counts: BTreeMap<RequestState, u64>,
    servers: Vec<Server>,
    projects: Vec<Project>,
}

impl View {
    async fn read(app: &App) -> Result<Self, StoreError> {
        // A takeover is seen at the servers; its requests are read after them, so that they are seen with it.
        let servers = app.store.servers().await?;
        let projects = app.store.projects().await?;
        let counts = app.store.counts(&RequestFilter::default()).await?;
        let newest = RequestFilter { limit: SEEN, ..RequestFilter::default() };
        let states = RequestState::ALL.into_iter().filter(|state| !state.is_ended()).collect();
        let unended = RequestFilter { states, limit: SEEN, ..RequestFilter::default() };
        let mut requests = app.store.list(&newest).await?;
        requests.extend(app.store.list(&unended).await?);
        let requests = requests.into_iter().map(|request| (request.id, request)).collect();
        Ok(Self { requests, counts, servers, projects })
    }

    fn differences(&self, before: &Self) -> Vec<Event> {
        let mut events = self.takeovers(before);
        events.extend(self.stalled(before));
        if self.servers_shown() != before.servers_shown() {
            events.push(Event::ServersChanged);
        }
        if self.projects != before.projects {
            events.push(Event::ProjectsChanged);
        }
        events.extend(self.changed_requests(before));
        events
    }

    fn changed_requests(&self, before: &Self) -> Vec<Event> {
        let is_new = |request: &&Request| before.requests.get(&request.id) != Some(*request);
        let mut changed: Vec<RequestId> = self.requests.values().filter(is_new).map(|request| request.id).collect();
        // One that is seen no more has ended, and newer ones have taken its place.
        let gone = |request: &&Request| !request.state.is_ended() && !self.requests.contains_key(&request.id);
        changed.extend(before.requests.values().filter(gone).map(|request| request.id));
        let unseen = changed.is_empty() && self.counts != before.counts;
        if unseen || changed.len() > TOLD {
            return vec![Event::RequestsChanged];
        }
        changed.sort_unstable();
        changed.into_iter().map(|RequestId(id)| Event::RequestChanged { id }).collect()
    }

    /// Those lives of servers that ended in a takeover since.
    fn takeovers(&self, before: &Self) -> Vec<Event> {
        let known: HashSet<(&ServerId, Epoch)> = before.taken_over().map(|(dead, _)| (&dead.id, dead.epoch)).collect();
        let names = ServerNames::of(&self.servers);
        let new = self.taken_over().filter(|(dead, _)| !known.contains(&(&dead.id, dead.epoch)));
        let tell = |(dead, survivor): (&Server, &Server)| Event::Takeover {
            dead: names.owner(&dead.owner()),
            survivor: names.owner(&survivor.owner()),
            count: self.moved(before, &dead.owner(), &survivor.id),
        };
        new.map(tell).collect()
    }

    /// Those requests that are stalled since.
    fn stalled(&self, before: &Self) -> Vec<Event> {
        let names = ServerNames::of(&self.servers);
        let was = |id: &RequestId| before.requests.get(id).is_some_and(|request| request.stalled.is_some());
        let new = self.requests.values().filter(|request| !was(&request.id));
        let tell = |request: &Request| {
            Some(Event::Stalled {
                id: request.id.0,
                flow: request.flow.clone(),
                owner: names.owner(request.owner.as_ref()?),
                since: time(request.stalled?),
            })
        };
        new.filter_map(tell).collect()
    }

    fn taken_over(&self) -> impl Iterator<Item = (&Server, &Server)> {
        self.servers.iter().filter_map(|dead| {
            let survivor = dead.taken_over_by.as_ref()?;
            Some((dead, self.servers.iter().find(|server| server.id == *survivor)?))
        })
    }

    /// How many requests were the dead server's before and are the survivor's now.
    fn moved(&self, before: &Self, dead: &Owner, survivor: &ServerId) -> u64 {
        let was_theirs = |id: &RequestId| before.requests.get(id).is_some_and(|old| old.owner.as_ref() == Some(dead));
        let is_ours = |request: &Request| request.owner.as_ref().is_some_and(|owner| owner.server == *survivor);
        self.requests.values().filter(|request| is_ours(request) && was_theirs(&request.id)).count() as u64
    }

    /// What the list of servers shows.
    fn servers_shown(&self) -> Vec<Server> {
        // What a server says of itself every ten seconds is no news.
        self.servers.iter().map(|server| Server { report: None, ..server.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(events: &[Numbered]) -> Vec<u64> {
        events.iter().map(|event| event.number).collect()
    }

    #[test]
    fn who_comes_back_in_time_misses_nothing_and_hears_nothing_twice() {
        let events = Events::default();
        let (begin, _first) = events.subscribe(None);
        assert_eq!(begin, [events.read_again(0)]);
        events.tell((0..5).map(|id| Event::RequestChanged { id }).collect());
        let (missed, mut later) = events.subscribe(Some(&events.id(3)));
        assert_eq!(numbers(&missed), [4, 5]);
        events.tell(vec![Event::ServersChanged]);
        assert_eq!(later.try_recv().unwrap().number, 6);
        assert_eq!(numbers(&events.subscribe(Some(&events.id(6))).0), [] as [u64; 0]);
    }

    #[test]
    fn who_comes_back_too_late_or_from_another_start_reads_again() {
        let events = Events::default();
        events.tell((0..KEPT as i64 + 2).map(|id| Event::RequestChanged { id }).collect());
        let last = KEPT as u64 + 2;
        for id in [&events.id(1), &events.id(last + 1), "00000000-5", "x", ""] {
            assert_eq!(events.subscribe(Some(id)).0, [events.read_again(last)], "{id}");
        }
        assert_eq!(events.subscribe(Some(&events.id(2))).0.len(), KEPT);
    }
}
