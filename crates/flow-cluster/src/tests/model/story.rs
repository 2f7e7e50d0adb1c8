//! What can happen in the model's cluster, and what comes of it. Whatever happens to the request's row is done by the
//! functions of `flow_store::transition`, which all stores apply; the model adds what is around them.

mod happens;
mod possible;

use super::state::{End, FLOW, Faults, Moment, NOW, checkpoints_before, resume};
use flow_store::transition;
use flow_store::{RequestState, ServerState};
use possible::somebody_lives;
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
    /// An attempt begins behind the first checkpoint, whether or not that is saved.
    BeginsBehindWhatIsNotSaved,
    /// Saved points of a write that is refused stay.
    KeepsWhatIsRefused,
    /// An attempt that has done everything gives the request back instead of ending it.
    GivesBackForEver,
}

/// Far more than a request takes from any moment to its end, if nothing goes wrong.
const LONG: usize = 300;

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

    /// Whether the request ends, if from this moment on nothing goes wrong and nobody interferes: what happens by itself
    /// happens, one after the other. So it does not only go on, but leads somewhere.
    pub(super) fn comes_to_an_end(&self, moment: &Moment) -> bool {
        let mut now = moment.clone();
        for _ in 0..LONG {
            if now.request.state.is_ended() {
                return true;
            }
            let mut events = Vec::new();
            self.actions(&now, &mut events);
            let mut sure = events.into_iter().filter(|event| event.is_sure());
            let Some(next) = sure.find_map(|event| self.next_state(&now, event)) else { return !somebody_lives(&now) };
            now = next;
        }
        false
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
                let wrong = match self.mistake {
                    Some(Mistake::BeginsAtTheStart) => Some(0),
                    Some(Mistake::BeginsBehindWhatIsNotSaved) => Some(resume(&[0])),
                    _ => None,
                };
                if let (Some(attempt), Some(wrong)) = (&mut moment.servers[server].attempt, wrong) {
                    attempt.at = wrong;
                }
            }
            Event::ClaimAnswerLost(server) => {
                moment.left.lost -= 1;
                self.claim(moment, server)?;
            }
            Event::Step(server) => self.step(moment, server)?,
            Event::Send(server) => {
                let at_end = moment.servers[server].attempt.as_ref()?.at >= FLOW.len();
                let end = if self.makes(Mistake::GivesBackForEver) { End::Released } else { End::Finished };
                self.send(moment, server, at_end.then_some(end))?;
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
