//! Limits, looked through whole: requests of a flow of which only some may run at once, servers that claim them in steps as
//! they do on PostgreSQL (they look, then they hold what they want, then they commit), lose their owner, end and wait.
//! Which of them are taken is decided by `flow_store::queue`, and what becomes of them by `flow_store::transition`.

use super::state::{NOW, owner};
use flow_store::queue::{Lane, Limit, Limited, Limits, Line, choose};
use flow_store::transition::{self, Change};
use flow_store::{
    AttemptEnd, NewRequest, Owner, ProjectName, Request, RequestId, RequestSettings, RequestState, ServerRef, VersionId,
};
use stateright::{Checker, Model, Property};
use std::hash::Hash;

const REQUESTS: i64 = 3;
const SERVERS: usize = 2;
const MOST: u32 = 1;

/// The model, and a mistake that it makes on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claims {
    /// Whoever holds what it wants counts what runs as it was when it looked.
    counts_before_it_holds: bool,
}

#[derive(Debug, Clone)]
struct Moment {
    requests: Vec<Request>,
    /// What each server found when it looked, and how many ran then; it has not taken it yet.
    looked: Vec<Option<(Vec<RequestId>, u32)>>,
    /// Which start of each server is its last; one that is lost starts anew.
    epochs: Vec<i64>,
    losses: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Look(usize),
    Take(usize),
    End(usize),
    Wait(usize),
    Lose(usize),
}

impl Moment {
    fn key(&self) -> impl Hash + PartialEq + '_ {
        let rows: Vec<_> = self.requests.iter().map(|row| (row.state, row.owner.clone())).collect();
        (rows, &self.looked, &self.epochs, self.losses)
    }

    fn life(&self, server: usize) -> Owner {
        owner(server, self.epochs[server])
    }

    fn running(&self) -> u32 {
        let running = self.requests.iter().filter(|request| request.state == RequestState::Running);
        u32::try_from(running.count()).unwrap()
    }

    fn change(&mut self, change: Change) {
        let place = usize::try_from(change.request.id.0 - 1).unwrap();
        // Neither numbers that only rise nor times make another moment.
        self.requests[place] = change.request;
    }
}

compared_by_key!(Moment);

fn limit() -> Vec<Limit> {
    vec![Limit { of: Limited::Flow("f".to_owned()), most: MOST }]
}

fn project() -> ProjectName {
    ProjectName::parse("p").unwrap()
}

fn request(id: i64) -> Request {
    let settings = RequestSettings { other_server_retry: true, limits: limit(), ..RequestSettings::default() };
    let new = NewRequest {
        project: project(),
        version: VersionId::parse("v").unwrap(),
        flow: "f".to_owned(),
        trigger: String::new(),
        requested_by: String::new(),
        inputs: serde_json::Value::Null,
        settings,
        idempotency_key: None,
    };
    transition::create(RequestId(id), new, None, false, NOW).request
}

/// What a server would take that knows of so many running ones.
fn chosen(moment: &Moment, server: usize, running: u32, among: Option<&[RequestId]>) -> Vec<RequestId> {
    let own = moment.life(server);
    let mut ready: Vec<_> = moment
        .requests
        .iter()
        .filter(|request| transition::is_claimable(request, &own, NOW))
        .filter(|request| among.is_none_or(|among| among.contains(&request.id)))
        .map(Request::claim_order)
        .collect();
    ready.sort_unstable();
    let lane = Lane { id: 1, project: project(), priority: 0, limits: limit(), served: None };
    let mut limits = Limits::default();
    limits.run(&project(), &limit(), running);
    choose(&[Line { lane, ready }], limits, moment.requests.len(), NOW).requests
}

impl Model for Claims {
    type State = Moment;
    type Action = Event;

    fn init_states(&self) -> Vec<Moment> {
        let requests = (1..=REQUESTS).map(request).collect();
        vec![Moment { requests, looked: vec![None; SERVERS], epochs: vec![1; SERVERS], losses: 2 }]
    }

    fn actions(&self, moment: &Moment, events: &mut Vec<Event>) {
        for server in 0..SERVERS {
            match &moment.looked[server] {
                None if !chosen(moment, server, moment.running(), None).is_empty() => events.push(Event::Look(server)),
                None => {}
                Some(_) => events.push(Event::Take(server)),
            }
            if moment.losses > 0 {
                events.push(Event::Lose(server));
            }
        }
        for (place, request) in moment.requests.iter().enumerate() {
            if request.state == RequestState::Running {
                events.extend([Event::End(place), Event::Wait(place)]);
            }
        }
    }

    fn next_state(&self, before: &Moment, event: Event) -> Option<Moment> {
        let mut moment = before.clone();
        match event {
            Event::Look(server) => {
                let running = moment.running();
                moment.looked[server] = Some((chosen(&moment, server, running, None), running));
            }
            Event::Take(server) => {
                let (wanted, seen) = moment.looked[server].take()?;
                // Here one that holds the lock of limits looks again, and nobody else does at the same time.
                let running = if self.counts_before_it_holds { seen } else { moment.running() };
                for id in chosen(&moment, server, running, Some(&wanted)) {
                    let row = moment.requests[usize::try_from(id.0 - 1).ok()?].clone();
                    let own = moment.life(server);
                    moment.change(transition::claim(row, &own, NOW).ok()?);
                }
            }
            Event::End(place) => {
                let row = moment.requests[place].clone();
                let fence = row.fence;
                let end = AttemptEnd::Finished { reply: None };
                moment.change(transition::end_attempt(row, fence, end, "", NOW).ok()?);
            }
            Event::Wait(place) => {
                let row = moment.requests[place].clone();
                let fence = row.fence;
                let end = AttemptEnd::Waiting { due: NOW, component: String::new() };
                moment.change(transition::end_attempt(row, fence, end, "", NOW).ok()?);
            }
            Event::Lose(server) => {
                let named = |owner| ServerRef { owner, name: String::new() };
                let (dead, survivor) = (named(moment.life(server)), named(moment.life(1 - server)));
                for row in moment.requests.clone() {
                    if let Some(change) = transition::take_over(row, &dead, &survivor, NOW) {
                        moment.change(change);
                    }
                }
                moment.looked[server] = None;
                moment.epochs[server] += 1;
                moment.losses -= 1;
            }
        }
        Some(moment)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never more than agreed run", |_, moment: &Moment| moment.running() <= MOST),
            Property::sometimes("all of them end", |_, moment: &Moment| {
                moment.requests.iter().all(|request| request.state == RequestState::Finished)
            }),
            Property::always("what waits goes on while there is room", |_, moment: &Moment| {
                let waits = moment.requests.iter().any(|request| !request.state.is_ended());
                let nothing_runs = moment.running() == 0;
                let somebody_can = (0..SERVERS).any(|server| {
                    moment.looked[server].is_some() || !chosen(moment, server, moment.running(), None).is_empty()
                });
                !(waits && nothing_runs) || somebody_can
            }),
        ]
    }
}

#[test]
fn a_limit_holds_whoever_claims_and_is_lost() {
    let checked = Claims { counts_before_it_holds: false }.checker().spawn_bfs().join();
    println!("{} moments", checked.unique_state_count());
    checked.assert_properties();
}

#[test]
fn who_counts_before_it_holds_breaks_a_limit() {
    let checker = Claims { counts_before_it_holds: true }.checker();
    assert!(super::until_found(checker, "never more than agreed run"));
}
