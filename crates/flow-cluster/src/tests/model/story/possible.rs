//! What can happen next in the model's cluster.

use super::super::state::{Component, FLOW, Moment, NOW, Way};
use super::{Event, Mistake, Story};
use flow_store::transition;
use flow_store::{RequestState, ServerState};
use stateright::Model;

impl Story {
    pub(super) fn may_act(&self, moment: &Moment, server: usize) -> bool {
        !moment.servers[server].lapsed || self.makes(Mistake::ActsWithoutLease)
    }

    pub(super) fn may_claim(&self, moment: &Moment, place: usize) -> bool {
        let server = &moment.servers[place];
        let in_order = server.known == ServerState::Running
            || self.makes(Mistake::ClaimsWhileDraining) && server.known == ServerState::Draining;
        let idle = server.attempt.is_none();
        server.up && idle && in_order && !moment.out && moment.is_known(place) && self.may_act(moment, place) && {
            self.is_claimable(moment, place)
        }
    }

    pub(super) fn is_claimable(&self, moment: &Moment, server: usize) -> bool {
        let owner = moment.life(server).owner;
        if self.makes(Mistake::ClaimsFromOthers) && moment.request.state == RequestState::WaitingForRetry {
            return true;
        }
        transition::is_claimable(&moment.request, &owner, NOW)
    }

    /// Whether the attempt on this server can do its next component now.
    pub(super) fn may_step(&self, moment: &Moment, server: usize) -> bool {
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

    pub(super) fn may_send(&self, moment: &Moment, server: usize) -> bool {
        let attempt = moment.servers[server].attempt.as_ref().filter(|attempt| !attempt.paused);
        let has_something = attempt.is_some_and(|a| !a.pending.is_empty() || a.at >= FLOW.len());
        has_something && (!moment.awaits(server) || self.overtakes(moment, server))
    }

    pub(super) fn overtakes(&self, moment: &Moment, server: usize) -> bool {
        let ends = moment.writes.iter().any(|write| write.server == server && write.end.is_some());
        self.makes(Mistake::WritesOvertake) && !ends
    }

    pub(super) fn may_take_over(&self, moment: &Moment, survivor: usize, lost: usize) -> bool {
        let (one, other) = (&moment.servers[survivor], &moment.servers[lost]);
        let may = one.up && one.known == ServerState::Running && moment.is_known(survivor) && !one.lapsed;
        let gone = !other.up || other.lapsed || self.makes(Mistake::TakesOverTheLiving);
        let forgotten = self.makes(Mistake::TakeoverIsTriedOnce) && moment.left.outages == 0;
        may && survivor != lost && gone && other.known != ServerState::Terminated && !moment.out && !forgotten
    }

    /// What each server can do, and what can become of it.
    pub(super) fn events_of(&self, moment: &Moment, place: usize, events: &mut Vec<Event>) {
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

    pub(super) fn write_events(&self, moment: &Moment, events: &mut Vec<Event>) {
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
    pub(super) fn is_stuck(&self, moment: &Moment) -> bool {
        if moment.request.state.is_ended() || moment.out {
            return false;
        }
        let mut events = Vec::new();
        self.actions(moment, &mut events);
        somebody_lives(moment) && !events.into_iter().any(Event::is_sure)
    }
}

/// Whether a server runs that may go on with the request.
pub(super) fn somebody_lives(moment: &Moment) -> bool {
    let other = moment.request.settings.other_server_retry;
    let lives = |place: usize| moment.servers[place].up && (other || moment.home.is_none_or(|home| home == place));
    (0..moment.servers.len()).any(lives)
}
