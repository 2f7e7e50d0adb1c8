//! What comes of what happens in the model's cluster.

use super::super::state::{
    Attempt, Component, End, FLOW, Moment, NOW, Way, Write, checkpoints_before, owner, point, resume, waits_for_retry,
};
use super::{Mistake, Story};
use flow_store::transition::{self, GoOn, PointInWrite};
use flow_store::{Fence, Request, RequestState, SavedKind, ServerState};

impl Story {
    /// A component starts: the rules of who may start what. Says whether it counts.
    pub(super) fn start(&self, moment: &mut Moment, server: usize, attempt: &Attempt, acts: bool) -> bool {
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

    pub(super) fn step(&self, moment: &mut Moment, server: usize) -> Option<()> {
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

    pub(super) fn send(&self, moment: &mut Moment, server: usize, end: Option<End>) -> Option<()> {
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
    pub(super) fn commit(&self, moment: &mut Moment, place: usize) {
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
                if self.makes(Mistake::KeepsWhatIsRefused) {
                    moment.saved.extend(&write.points);
                }
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
    pub(super) fn answer(&self, moment: &mut Moment, place: usize) {
        let write = moment.writes.remove(place);
        let over = write.end.is_some() || write.way == Way::Refused;
        moment.replied |= write.way == Way::Committed && write.end == Some(End::Finished);
        if over {
            moment.servers[write.server].attempt = None;
        }
    }

    /// The answer to a write is lost: nobody knows whether it was committed, so the attempt can only end.
    pub(super) fn answer_lost(&self, moment: &mut Moment, place: usize) {
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

    pub(super) fn claim(&self, moment: &mut Moment, server: usize) -> Option<()> {
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

    pub(super) fn forget_raise(&self, moment: &mut Moment, fence: Fence) {
        if self.makes(Mistake::FencesAreNotRaised) {
            moment.request.fence = fence;
        }
    }

    pub(super) fn take_over(&self, moment: &mut Moment, survivor: usize, lost: usize) {
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

    pub(super) fn register(&self, moment: &mut Moment, place: usize) {
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

    pub(super) fn re_execute(&self, moment: &mut Moment, server: usize) -> Option<()> {
        moment.told.raced |= self.tells && waits_for_retry(&moment.request);
        let (life, alive) = (moment.life(server), moment.living_owner());
        let how = (GoOn::Newest, None);
        moment.apply(transition::re_execute(moment.request.clone(), &life, alive.as_ref(), "", how, NOW).ok()?);
        moment.left.re_executions -= 1;
        moment.home = Some(server);
        Some(())
    }

    /// A person has the request go on from the first `keep` checkpoints: what is behind them is to be seen again.
    pub(super) fn rewind(&self, moment: &mut Moment, server: usize, keep: usize) -> Option<()> {
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

    /// A person takes the running request from a server that lives and has marked it as stalled.
    pub(super) fn take_from(&self, moment: &mut Moment, server: usize) -> Option<()> {
        let (life, fence) = (moment.life(server), moment.request.fence);
        let marked = Request { stalled: Some(NOW), ..moment.request.clone() };
        moment.apply(transition::take_from(marked, "", &life, "", NOW).ok()?);
        moment.left.takes -= 1;
        moment.ended_by_person.push(fence);
        moment.home = Some(server);
        moment.told.taken |= self.tells;
        self.forget_raise(moment, fence);
        Some(())
    }

    pub(super) fn attend(&self, moment: &mut Moment) -> Option<()> {
        let (row, fence) = (moment.request.clone(), moment.request.fence);
        moment.apply(transition::end_attempt(row, fence, End::Released.of_attempt(), "", NOW).ok()?);
        Some(())
    }

    pub(super) fn leave(&self, moment: &mut Moment, server: usize) {
        let life = moment.life(server);
        if let Some(change) = transition::leave(moment.request.clone(), &life, NOW) {
            moment.apply(change);
        }
        moment.forget_writes(server);
        moment.servers[server].known = ServerState::Terminated;
        moment.servers[server].up = false;
    }

    pub(super) fn confirm(&self, moment: &mut Moment, server: usize) {
        if moment.is_known(server) {
            moment.servers[server].lapsed = false;
        } else {
            // Declared dead: the epoch is over, and the server joins under a new one.
            self.register(moment, server);
        }
    }

    pub(super) fn go_on(&self, moment: &mut Moment, server: usize) {
        let fence = moment.servers[server].attempt.take().map(|attempt| attempt.fence);
        if self.makes(Mistake::GoesOnWhileAWriteIsUnderWay) {
            moment.forget_writes(server);
        }
        if moment.request.state == RequestState::Running && Some(moment.request.fence) == fence {
            moment.begin_attempt(server);
        }
    }
}
