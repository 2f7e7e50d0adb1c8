//! What can happen in the model's cluster, and what comes of it. Whatever happens to the request's row is done by the
//! functions of `flow_store::transition`, which all stores apply; the model adds what is around them.

use super::state::{Attempt, waits_for_retry};
use super::state::{Component, End, FLOW, Faults, Moment, NOW, Way, Write, checkpoints_before, owner, point, resume};
use flow_store::transition::{self, GoOn, PointInWrite};
use flow_store::{Fence, RequestState, SavedKind, ServerState};
use stateright::{Model, Property};

/// A mistake that the model makes on purpose, to show that a property sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Neither a claim nor a takeover raises the fence.
    FencesAreNotRaised,
    /// Whoever has not beaten for long acts all the same.
    ActsWithoutLease,
    /// A survivor does not wait until the other has stopped acting.
    TakesOverTheLiving,
    /// What changes the world does not wait for the saved points that led to it.
    EffectsDoNotWait,
    /// The reply is given when it is known, not when it is durable.
    RepliesBeforeTheCommit,
    /// An attempt begins at the start of the flow, whatever is saved.
    BeginsAtTheStart,
    /// An attempt that had to pause goes on although its last write is still on its way.
    GoesOnWhileAWriteIsUnderWay,
    /// Nobody looks for running requests that nobody attends to.
    NobodyAttends,
    /// A takeover that fails is not tried again.
    TakeoverIsTriedOnce,
    /// A server that is stopping still claims.
    ClaimsWhileDraining,
    /// Whoever asks is given the request, whomever it belongs to.
    ClaimsFromOthers,
    /// Saved points overtake one another.
    WritesOvertake,
}

/// The model: how large, and how it differs from what is right.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) servers: usize,
    /// Whether other servers may go on with the request; both, if none.
    pub(super) other_server_retry: Option<bool>,
    pub(super) left: Faults,
    pub(super) speculates: bool,
    /// Whether what has happened is kept, for properties that say that it can; there are many more moments then.
    pub(super) tells: bool,
    pub(super) mistake: Option<Mistake>,
}

/// What can happen next. Numbers are those of servers, and of writes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Claim(usize),
    ClaimAnswerLost(usize),
    Step(usize),
    Send(usize),
    Commit(usize),
    Answer(usize),
    AnswerLost(usize),
    Vanish(usize),
    Fail(usize),
    Crash(usize),
    Restart(usize),
    Lapse(usize),
    Confirm(usize),
    GoOn(usize),
    TakeOver(usize, usize),
    Attend(usize),
    Drain(usize),
    Leave(usize),
    ReExecute(usize),
    Rewind(usize, usize),
    TakeFrom(usize),
    Cancel,
    Outage,
    OutageEnds,
}

impl Event {
    /// Whether it happens by itself sooner or later, and not only if somebody or chance wills it.
    fn is_sure(self) -> bool {
        matches!(
            self,
            Self::Claim(_)
                | Self::Step(_)
                | Self::Send(_)
                | Self::Commit(_)
                | Self::Answer(_)
                | Self::Confirm(_)
                | Self::GoOn(_)
                | Self::TakeOver(..)
                | Self::Attend(_)
                | Self::Leave(_)
                | Self::OutageEnds
        )
    }
}

impl Story {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn may_act(&self, moment: &Moment, server: usize) -> bool {
        !moment.servers[server].lapsed || self.makes(Mistake::ActsWithoutLease)
    }

    fn may_claim(&self, moment: &Moment, place: usize) -> bool {
        let server = &moment.servers[place];
        let in_order = server.known == ServerState::Running
            || self.makes(Mistake::ClaimsWhileDraining) && server.known == ServerState::Draining;
        let idle = server.attempt.is_none();
        server.up && idle && in_order && !moment.out && moment.is_known(place) && self.may_act(moment, place) && {
            self.is_claimable(moment, place)
        }
    }

    fn is_claimable(&self, moment: &Moment, server: usize) -> bool {
        let owner = moment.life(server).owner;
        if self.makes(Mistake::ClaimsFromOthers) && moment.request.state == RequestState::WaitingForRetry {
            return true;
        }
        transition::is_claimable(&moment.request, &owner, NOW)
    }

    /// Whether the attempt on this server can do its next component now.
    fn may_step(&self, moment: &Moment, server: usize) -> bool {
        let Some(attempt) = moment.servers[server].attempt.as_ref().filter(|attempt| !attempt.paused) else {
            return false;
        };
        if attempt.at >= FLOW.len() || moment.writes.iter().any(|write| write.server == server && write.end.is_some()) {
            return false;
        }
        let all_durable = attempt.pending.is_empty() && !moment.awaits(server);
        match FLOW[attempt.at] {
            Component::Effect(_) => all_durable || self.makes(Mistake::EffectsDoNotWait),
            Component::Compute => all_durable || self.speculates,
            Component::Checkpoint(_) => true,
        }
    }

    fn may_send(&self, moment: &Moment, server: usize) -> bool {
        let attempt = moment.servers[server].attempt.as_ref().filter(|attempt| !attempt.paused);
        let has_something = attempt.is_some_and(|a| !a.pending.is_empty() || a.at >= FLOW.len());
        has_something && (!moment.awaits(server) || self.overtakes(moment, server))
    }

    fn overtakes(&self, moment: &Moment, server: usize) -> bool {
        let ends = moment.writes.iter().any(|write| write.server == server && write.end.is_some());
        self.makes(Mistake::WritesOvertake) && !ends
    }

    fn may_take_over(&self, moment: &Moment, survivor: usize, lost: usize) -> bool {
        let (one, other) = (&moment.servers[survivor], &moment.servers[lost]);
        let may = one.up && one.known == ServerState::Running && moment.is_known(survivor) && !one.lapsed;
        let gone = !other.up || other.lapsed || self.makes(Mistake::TakesOverTheLiving);
        let forgotten = self.makes(Mistake::TakeoverIsTriedOnce) && moment.left.outages == 0;
        may && survivor != lost && gone && other.known != ServerState::Terminated && !moment.out && !forgotten
    }

    /// What each server can do, and what can become of it.
    fn events_of(&self, moment: &Moment, place: usize, events: &mut Vec<Event>) {
        let (server, left) = (&moment.servers[place], &moment.left);
        let mut may = |may: bool, event: Event| events.extend(may.then_some(event));
        if !server.up {
            return may(left.restarts > 0 && !moment.out, Event::Restart(place));
        }
        let claims = self.may_claim(moment, place);
        may(claims, Event::Claim(place));
        may(claims && left.lost > 0, Event::ClaimAnswerLost(place));
        may(self.may_step(moment, place), Event::Step(place));
        may(self.may_send(moment, place), Event::Send(place));
        let runs = server.attempt.as_ref().is_some_and(|a| !a.paused && a.at < FLOW.len()) && !moment.awaits(place);
        may(runs && left.failures > 0, Event::Fail(place));
        may(left.crashes > 0, Event::Crash(place));
        may(left.lapses > 0 && !server.lapsed, Event::Lapse(place));
        may(server.lapsed && !moment.out, Event::Confirm(place));
        let paused = server.attempt.as_ref().is_some_and(|attempt| attempt.paused);
        let answered = !moment.awaits(place) || self.makes(Mistake::GoesOnWhileAWriteIsUnderWay);
        may(paused && !server.lapsed && answered && !moment.out, Event::GoOn(place));
        for lost in 0..moment.servers.len() {
            may(self.may_take_over(moment, place, lost), Event::TakeOver(place, lost));
        }
        let own = moment.request.owner.as_ref() == Some(&moment.life(place).owner);
        let unattended = own && moment.request.state == RequestState::Running && server.attempt.is_none();
        let attends = unattended && !moment.out && !self.makes(Mistake::NobodyAttends);
        may(attends, Event::Attend(place));
        let known = moment.is_known(place) && !moment.out;
        may(known && left.drains > 0 && server.known == ServerState::Running, Event::Drain(place));
        let idle = server.attempt.is_none();
        may(known && server.known == ServerState::Draining && idle, Event::Leave(place));
        let ended = matches!(
            moment.request.state,
            RequestState::Error | RequestState::Cancelled | RequestState::WaitingForRetry
        );
        may(known && left.re_executions > 0 && ended, Event::ReExecute(place));
        for keep in 0..moment.saved.len() {
            may(known && left.rewinds > 0 && ended, Event::Rewind(place, keep));
        }
        let runs = moment.request.state == RequestState::Running;
        may(known && left.takes > 0 && runs && !own, Event::TakeFrom(place));
    }

    fn write_events(&self, moment: &Moment, events: &mut Vec<Event>) {
        for (place, write) in moment.writes.iter().enumerate() {
            match write.way {
                Way::Sent | Way::Forgotten if !moment.out => events.push(Event::Commit(place)),
                Way::Committed | Way::Refused => events.push(Event::Answer(place)),
                _ => {}
            }
            if write.way == Way::Forgotten {
                events.push(Event::Vanish(place));
            } else if write.way != Way::Refused && (moment.out || moment.left.lost > 0) {
                events.push(Event::AnswerLost(place));
            }
        }
    }

    /// Whether nobody does anything any more although somebody is there who could go on with the request.
    fn is_stuck(&self, moment: &Moment) -> bool {
        if moment.request.state.is_ended() || moment.out {
            return false;
        }
        let other = moment.request.settings.other_server_retry;
        let lives = |place: usize| moment.servers[place].up && (other || moment.home.is_none_or(|home| home == place));
        let somebody_lives = (0..moment.servers.len()).any(lives);
        let mut events = Vec::new();
        self.actions(moment, &mut events);
        somebody_lives && !events.into_iter().any(Event::is_sure)
    }

    /// A component starts: the rules of who may start what. Says whether it counts.
    fn start(&self, moment: &mut Moment, server: usize, attempt: &Attempt, acts: bool) -> bool {
        let valid = moment.request.state == RequestState::Running && moment.request.fence == attempt.fence;
        if !valid && moment.ended_by_person.contains(&attempt.fence) {
            // Its server learns with the next write that a person ended the attempt.
            return false;
        }
        if !valid || moment.request.owner.as_ref() != Some(&moment.life(server).owner) {
            moment.breaks("somebody works on a request that is not his");
        }
        if attempt.at < resume(&moment.saved) {
            moment.breaks("a settled component runs again");
        }
        if acts && !checkpoints_before(attempt.at).all(|checkpoint| moment.saved.contains(&checkpoint)) {
            moment.breaks("somebody sees what is not durable");
        }
        true
    }

    fn step(&self, moment: &mut Moment, server: usize) -> Option<()> {
        let mut attempt = moment.servers[server].attempt.take()?;
        if !self.may_act(moment, server) {
            attempt.pending.clear();
            attempt.paused = true;
        } else {
            match FLOW[attempt.at] {
                Component::Effect(effect) => {
                    let counts = self.start(moment, server, &attempt, true);
                    moment.effects[effect] = (moment.effects[effect] + u8::from(counts)).min(2);
                }
                Component::Compute => {
                    self.start(moment, server, &attempt, false);
                    let early = !attempt.pending.is_empty() || moment.awaits(server);
                    moment.told.speculated |= self.tells && early;
                }
                Component::Checkpoint(checkpoint) => attempt.pending.push(checkpoint),
            }
            attempt.at += 1;
        }
        moment.servers[server].attempt = Some(attempt);
        Some(())
    }

    fn send(&self, moment: &mut Moment, server: usize, end: Option<End>) -> Option<()> {
        let attempt = moment.servers[server].attempt.as_mut()?;
        let points = std::mem::take(&mut attempt.pending);
        let write = Write { server, fence: attempt.fence, points, end, way: Way::Sent };
        if end == Some(End::Finished) && self.makes(Mistake::RepliesBeforeTheCommit) {
            moment.replied = true;
        }
        moment.writes.push(write);
        Some(())
    }

    /// The database comes to a write.
    fn commit(&self, moment: &mut Moment, place: usize) {
        let write = moment.writes[place].clone();
        let row = moment.request.clone();
        let points: Vec<_> = write.points.iter().copied().map(point).collect();
        let saved = transition::save(row, write.fence, &points, NOW);
        let after = saved.and_then(|row| match write.end {
            Some(end) => {
                transition::end_attempt(row, write.fence, end.of_attempt(), "", NOW).map(|change| change.request)
            }
            None => Ok(row),
        });
        let way = match after {
            Ok(row) => {
                moment.request = row;
                moment.saved.extend(&write.points);
                Way::Committed
            }
            Err(_) => {
                moment.told.refused = self.tells;
                Way::Refused
            }
        };
        if write.way == Way::Forgotten {
            moment.writes.remove(place);
        } else {
            moment.writes[place].way = way;
        }
    }

    /// The answer to a write arrives.
    fn answer(&self, moment: &mut Moment, place: usize) {
        let write = moment.writes.remove(place);
        let over = write.end.is_some() || write.way == Way::Refused;
        moment.replied |= write.way == Way::Committed && write.end == Some(End::Finished);
        if over {
            moment.servers[write.server].attempt = None;
        }
    }

    /// The answer to a write is lost: nobody knows whether it was committed, so the attempt can only end.
    fn answer_lost(&self, moment: &mut Moment, place: usize) {
        if !moment.out {
            moment.left.lost -= 1;
        }
        let write = moment.writes[place].clone();
        moment.forget_writes(write.server);
        let Some(attempt) = moment.servers[write.server].attempt.as_mut() else { return };
        if attempt.paused || write.end.is_some() {
            moment.servers[write.server].attempt = None;
            return;
        }
        attempt.pending.clear();
        attempt.at = FLOW.len();
        let fence = attempt.fence;
        let end = Some(End::Released);
        moment.writes.push(Write { server: write.server, fence, points: Vec::new(), end, way: Way::Sent });
    }

    fn claim(&self, moment: &mut Moment, server: usize) -> Option<()> {
        let owner = moment.life(server).owner;
        if moment.servers[server].known == ServerState::Draining {
            moment.breaks("a draining server takes something new");
        }
        let home = *moment.home.get_or_insert(server);
        if !moment.request.settings.other_server_retry && home != server {
            moment.breaks("another server goes on though it must not");
        }
        let fence = moment.request.fence;
        let mut row = moment.request.clone();
        if self.makes(Mistake::ClaimsFromOthers) {
            row.owner = None;
        }
        moment.apply(transition::claim(row, &owner, NOW).ok()?);
        self.forget_raise(moment, fence);
        Some(())
    }

    fn forget_raise(&self, moment: &mut Moment, fence: Fence) {
        if self.makes(Mistake::FencesAreNotRaised) {
            moment.request.fence = fence;
        }
    }

    fn take_over(&self, moment: &mut Moment, survivor: usize, lost: usize) {
        let (survivor, fence) = (moment.life(survivor), moment.request.fence);
        let known = owner(lost, moment.servers[lost].known_epoch);
        let dead = flow_store::ServerRef { owner: known, name: String::new() };
        moment.servers[lost].known = ServerState::Terminated;
        if let Some(change) = transition::take_over(moment.request.clone(), &dead, &survivor, NOW) {
            moment.apply(change);
            moment.told.taken_over = self.tells;
        }
        self.forget_raise(moment, fence);
    }

    fn register(&self, moment: &mut Moment, place: usize) {
        moment.forget_writes(place);
        let fence = moment.request.fence;
        let server = &mut moment.servers[place];
        (server.up, server.lapsed, server.attempt) = (true, false, None);
        server.known_epoch += 1;
        (server.epoch, server.known) = (server.known_epoch, ServerState::Running);
        let life = moment.life(place);
        if let Some(change) = transition::recover(moment.request.clone(), &life, NOW) {
            moment.apply(change);
        }
        self.forget_raise(moment, fence);
    }

    fn re_execute(&self, moment: &mut Moment, server: usize) -> Option<()> {
        moment.told.raced |= self.tells && waits_for_retry(&moment.request);
        let (life, alive) = (moment.life(server), moment.living_owner());
        let how = (GoOn::Newest, None);
        moment.apply(transition::re_execute(moment.request.clone(), &life, alive.as_ref(), "", how, NOW).ok()?);
        moment.left.re_executions -= 1;
        moment.home = Some(server);
        Some(())
    }

    /// A person has the request go on from the first `keep` checkpoints: what is behind them is to be seen again.
    fn rewind(&self, moment: &mut Moment, server: usize, keep: usize) -> Option<()> {
        let checkpoint =
            |saved: &u8| PointInWrite { kind: SavedKind::Checkpoint, name: saved.to_string(), joined: false };
        let points: Vec<PointInWrite> = moment.saved.iter().map(checkpoint).collect();
        let earlier = transition::rewind(moment.request.id, &points, u32::try_from(keep).ok()?).ok()?;
        let from = (GoOn::Earlier(earlier), None);
        let (life, alive) = (moment.life(server), moment.living_owner());
        moment.apply(transition::re_execute(moment.request.clone(), &life, alive.as_ref(), "", from, NOW).ok()?);
        moment.left.rewinds -= 1;
        moment.saved.truncate(keep);
        let again = FLOW[resume(&moment.saved)..].iter();
        for component in again {
            if let Component::Effect(effect) = component {
                moment.effects[*effect] = 0;
            }
        }
        moment.home = Some(server);
        moment.told.rewound |= self.tells;
        Some(())
    }

    /// A person takes the running request from a server that lives.
    fn take_from(&self, moment: &mut Moment, server: usize) -> Option<()> {
        let (life, fence) = (moment.life(server), moment.request.fence);
        moment.apply(transition::take_from(moment.request.clone(), "", &life, "", NOW).ok()?);
        moment.left.takes -= 1;
        moment.ended_by_person.push(fence);
        moment.home = Some(server);
        moment.told.taken |= self.tells;
        self.forget_raise(moment, fence);
        Some(())
    }

    fn attend(&self, moment: &mut Moment) -> Option<()> {
        let (row, fence) = (moment.request.clone(), moment.request.fence);
        moment.apply(transition::end_attempt(row, fence, End::Released.of_attempt(), "", NOW).ok()?);
        Some(())
    }

    fn leave(&self, moment: &mut Moment, server: usize) {
        let life = moment.life(server);
        if let Some(change) = transition::leave(moment.request.clone(), &life, NOW) {
            moment.apply(change);
        }
        moment.forget_writes(server);
        moment.servers[server].known = ServerState::Terminated;
        moment.servers[server].up = false;
    }

    fn confirm(&self, moment: &mut Moment, server: usize) {
        if moment.is_known(server) {
            moment.servers[server].lapsed = false;
        } else {
            // Declared dead: the epoch is over, and the server joins under a new one.
            self.register(moment, server);
        }
    }

    fn go_on(&self, moment: &mut Moment, server: usize) {
        let fence = moment.servers[server].attempt.take().map(|attempt| attempt.fence);
        if self.makes(Mistake::GoesOnWhileAWriteIsUnderWay) {
            moment.forget_writes(server);
        }
        if moment.request.state == RequestState::Running && Some(moment.request.fence) == fence {
            moment.begin_attempt(server);
        }
    }
}

impl Model for Story {
    type State = Moment;
    type Action = Event;

    fn init_states(&self) -> Vec<Moment> {
        let kinds = [(true, true), (true, false), (false, true), (false, false)];
        let asked = |(other, _): &(bool, bool)| self.other_server_retry.is_none_or(|asked| asked == *other);
        let first = |(other, owned)| Moment::first(self.servers, self.left, other, owned);
        kinds.into_iter().filter(asked).map(first).collect()
    }

    fn actions(&self, moment: &Moment, events: &mut Vec<Event>) {
        for place in 0..moment.servers.len() {
            self.events_of(moment, place, events);
        }
        self.write_events(moment, events);
        if moment.left.cancels > 0 && !moment.out && !moment.request.state.is_ended() {
            events.push(Event::Cancel);
        }
        if moment.out {
            events.push(Event::OutageEnds);
        } else if moment.left.outages > 0 {
            events.push(Event::Outage);
        }
    }

    fn next_state(&self, last: &Moment, event: Event) -> Option<Moment> {
        let mut next = last.clone();
        let moment = &mut next;
        match event {
            Event::Claim(server) => {
                self.claim(moment, server)?;
                moment.begin_attempt(server);
                if self.makes(Mistake::BeginsAtTheStart)
                    && let Some(attempt) = &mut moment.servers[server].attempt
                {
                    attempt.at = 0;
                }
            }
            Event::ClaimAnswerLost(server) => {
                moment.left.lost -= 1;
                self.claim(moment, server)?;
            }
            Event::Step(server) => self.step(moment, server)?,
            Event::Send(server) => {
                let at_end = moment.servers[server].attempt.as_ref()?.at >= FLOW.len();
                self.send(moment, server, at_end.then_some(End::Finished))?;
            }
            Event::Commit(write) => self.commit(moment, write),
            Event::Answer(write) => self.answer(moment, write),
            Event::AnswerLost(write) => self.answer_lost(moment, write),
            Event::Vanish(write) => drop(moment.writes.remove(write)),
            Event::Fail(server) => {
                moment.left.failures -= 1;
                self.send(moment, server, Some(End::Failed))?;
                moment.servers[server].attempt.as_mut()?.at = FLOW.len();
            }
            Event::Crash(server) => {
                moment.left.crashes -= 1;
                moment.forget_writes(server);
                (moment.servers[server].up, moment.servers[server].attempt) = (false, None);
            }
            Event::Restart(server) => {
                moment.left.restarts -= 1;
                self.register(moment, server);
            }
            Event::Lapse(server) => {
                moment.left.lapses -= 1;
                moment.servers[server].lapsed = true;
            }
            Event::Confirm(server) => self.confirm(moment, server),
            Event::GoOn(server) => self.go_on(moment, server),
            Event::TakeOver(survivor, lost) => self.take_over(moment, survivor, lost),
            Event::Attend(_) => self.attend(moment)?,
            Event::Drain(server) => {
                moment.left.drains -= 1;
                moment.servers[server].known = ServerState::Draining;
            }
            Event::Leave(server) => self.leave(moment, server),
            Event::ReExecute(server) => self.re_execute(moment, server)?,
            Event::Rewind(server, keep) => self.rewind(moment, server, keep)?,
            Event::TakeFrom(server) => self.take_from(moment, server)?,
            Event::Cancel => {
                moment.left.cancels -= 1;
                let (running, fence) = (moment.request.state == RequestState::Running, moment.request.fence);
                moment.apply(transition::cancel(moment.request.clone(), "", "", NOW).ok()?);
                moment.ended_by_person.extend(running.then_some(fence));
            }
            Event::Outage => {
                moment.left.outages -= 1;
                moment.out = true;
            }
            Event::OutageEnds => moment.out = false,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no rule of starting is broken", |_, moment: &Moment| moment.broken.is_none()),
            Property::always("what was seen stays", |_, moment: &Moment| {
                let all_saved = |place| checkpoints_before(place).all(|wanted| moment.saved.contains(&wanted));
                (moment.effects[1] == 0 || all_saved(4))
                    && (!moment.replied || moment.request.state == RequestState::Finished)
            }),
            Property::always("nothing is lost", |_, moment: &Moment| {
                let finished = moment.request.state == RequestState::Finished;
                let counted = usize::try_from(moment.request.saved_points) == Ok(moment.saved.len());
                counted && (!finished || moment.effects.iter().all(|seen| *seen > 0))
            }),
            Property::always("a saved point has all that it came from", |_, moment: &Moment| {
                moment.saved.iter().zip(0..).all(|(saved, place)| *saved == place)
            }),
            Property::always("a request goes on while somebody lives", |story: &Self, moment| !story.is_stuck(moment)),
        ]
    }
}
