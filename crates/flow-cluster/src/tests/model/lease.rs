//! The lease by itself, with the code that servers run: one [`Guard`] that says whether its server may act, and one
//! [`Observation`] by which another server judges it. Time goes in quarters of a lease; either server may be held up at
//! any point for any time, and the database may go away and come back.

use crate::guard::Guard;
use crate::lease::{LeaseSettings, Moment};
use crate::observation::Observation;
use stateright::{Checker, Model, Property};
use std::hash::Hash;
use std::time::Duration;

/// A heartbeat each quarter of a lease.
const LEASE: LeaseSettings = LeaseSettings { heartbeat: Duration::from_secs(1), lease: Duration::from_secs(4) };
/// An outage that is longer makes observers begin anew.
const LONG_OUTAGE: u64 = 3;

fn at(quarter: u64) -> Moment {
    Moment::from_nanos(0).after(Duration::from_secs(quarter))
}

/// A mistake made on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// A server goes by when it sent its heartbeats, and not also by when the others could see them.
    GoesBySendingAlone,
    /// An answer of the database counts although it was asked before the silence ended.
    OldAnswersCount,
    /// A server that was silent for long goes on without asking.
    DoesNotAsk,
    /// A server acts for longer than a lease.
    ActsForLonger,
    /// An observer that could not beat itself judges all the same.
    UnsteadyObserverJudges,
}

#[derive(Debug, Clone)]
struct Lease {
    mistake: Option<Mistake>,
    about: About,
}

/// What the model is about: both at once have too many moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// A server that is held up and asks the database whether it still lives.
    Silence,
    /// A database that goes away, through which the heartbeats go.
    Outage,
}

impl About {
    /// The model ends after so many quarters.
    fn end(self) -> u64 {
        match self {
            Self::Silence => 10,
            Self::Outage => 8,
        }
    }
}

/// One server as it is judged, the other as it judges, and the database between them.
#[derive(Debug)]
struct Scene {
    now: u64,
    guard: Guard,
    /// A heartbeat that was begun then and cannot be seen yet.
    begun: Option<u64>,
    /// The counter that the other server reads.
    counter: u64,
    /// A question to the database: when it was asked, whether behind a silence that ended in that very quarter, and what
    /// the database has answered.
    asked: Option<(u64, bool, Option<bool>)>,
    observer: Guard,
    observation: Observation,
    seen: u64,
    declared_dead: bool,
    /// Since when the database is away.
    out_since: Option<u64>,
    outages: u8,
    /// When a long outage ended.
    long_outage_ended: Option<u64>,
    hasty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Quarter,
    Begin,
    Show,
    Ask,
    Read,
    Learn,
    ObserverBeats,
    Judge,
    Outage,
    OutageEnds,
}

impl Scene {
    fn first() -> Self {
        let begin = at(1);
        Self {
            now: 1,
            guard: Guard::starting(LEASE, begin),
            begun: None,
            counter: 1,
            asked: None,
            observer: Guard::starting(LEASE, begin),
            observation: Observation::starting(begin),
            seen: 0,
            declared_dead: false,
            out_since: None,
            outages: 1,
            long_outage_ended: None,
            hasty: false,
        }
    }

    /// All of it, times as ages.
    fn key(&self) -> impl Hash + PartialEq + use<> {
        let age = |moment: u64| self.now.saturating_sub(moment);
        let asked = self.asked.map(|(asked, behind, answer)| (age(asked), behind, answer));
        let (own, other) = (self.guard.parts(), self.observer.parts());
        let judged = (self.observation.changed(), self.seen == self.counter, self.declared_dead, self.hasty);
        let database = (self.out_since.map(age), self.outages, self.long_outage_ended.map(age));
        // The guards and the observation hold moments since the beginning, so the time itself belongs to it.
        (self.now, own, other, self.begun.map(age), asked, judged, database)
    }
}

impl Clone for Scene {
    fn clone(&self) -> Self {
        Self {
            guard: self.guard.copy(),
            observer: self.observer.copy(),
            observation: self.observation.clone(),
            ..*self
        }
    }
}

compared_by_key!(Scene);

impl Lease {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn may_act(&self, scene: &Scene) -> bool {
        if self.makes(Mistake::ActsForLonger) {
            let (sent, ..) = scene.guard.parts();
            return !scene.guard.has_ended() && at(scene.now).since(Moment::from_nanos(sent)) < LEASE.lease * 3 / 2;
        }
        scene.guard.may_act_at(at(scene.now))
    }

    fn show(&self, scene: &mut Scene) -> Option<()> {
        let (sent, now) = (at(scene.begun.take()?), at(scene.now));
        scene.counter += 1;
        let shown = if self.makes(Mistake::GoesBySendingAlone) { sent } else { now };
        scene.guard.heartbeat_succeeded(sent, shown);
        if self.makes(Mistake::DoesNotAsk) {
            scene.guard.confirmed(now);
        }
        Some(())
    }

    fn learn(&self, scene: &mut Scene) -> Option<()> {
        let (asked, behind, answer) = scene.asked.take()?;
        // Within one quarter moments tell what came first.
        let asked = if behind { at(asked) } else { Moment::from_nanos(at(asked).nanos() - 1) };
        if !answer? {
            scene.guard.end();
        } else if self.makes(Mistake::OldAnswersCount) {
            scene.guard.confirmed(at(scene.now));
        } else {
            scene.guard.confirmed(asked);
        }
        Some(())
    }

    fn judge(&self, scene: &mut Scene) {
        let now = at(scene.now);
        let steady = match scene.observer.steady_since(now) {
            None if self.makes(Mistake::UnsteadyObserverJudges) => Some(at(1)),
            Some(_) if self.makes(Mistake::UnsteadyObserverJudges) => Some(at(1)),
            steady => steady,
        };
        scene.seen = scene.counter;
        let suspected = scene.observation.suspects(now, Some(scene.counter), steady, LEASE.lease);
        if suspected && scene.out_since.is_none() && !scene.declared_dead {
            scene.declared_dead = true;
            let lease = LEASE.lease.as_secs();
            scene.hasty = scene.long_outage_ended.is_some_and(|ended| scene.now - ended < lease);
        }
    }
}

impl Model for Lease {
    type State = Scene;
    type Action = Event;

    fn init_states(&self) -> Vec<Scene> {
        vec![Scene::first()]
    }

    fn actions(&self, scene: &Scene, events: &mut Vec<Event>) {
        let reachable = scene.out_since.is_none();
        let mut may = |may: bool, event| events.extend(may.then_some(event));
        may(scene.now < self.about.end(), Event::Quarter);
        let (sent, ..) = scene.guard.parts();
        let beats = sent != at(scene.now).nanos() && !scene.guard.has_ended();
        may(scene.begun.is_none() && beats, Event::Begin);
        may(scene.begun.is_some() && reachable, Event::Show);
        let asks = self.about == About::Silence && !scene.guard.has_ended();
        // Servers ask all the time; what counts is asked in doubt, or long before.
        let asks = asks && (scene.guard.parts().2 != 0 || scene.now == 1);
        may(scene.asked.is_none() && asks, Event::Ask);
        may(scene.asked.is_some_and(|(.., answer)| answer.is_none()) && reachable, Event::Read);
        may(scene.asked.is_some_and(|(.., answer)| answer.is_some()), Event::Learn);
        let (beaten, ..) = scene.observer.parts();
        let beats = self.about == About::Outage && beaten != at(scene.now).nanos();
        may(beats && reachable, Event::ObserverBeats);
        may(!scene.declared_dead, Event::Judge);
        may(reachable && scene.outages > 0 && self.about == About::Outage, Event::Outage);
        may(!reachable, Event::OutageEnds);
    }

    fn next_state(&self, last: &Scene, event: Event) -> Option<Scene> {
        let mut scene = last.clone();
        match event {
            Event::Quarter => {
                scene.now += 1;
                if self.about == About::Silence {
                    scene.observer.heartbeat_succeeded(at(scene.now), at(scene.now));
                }
            }
            Event::Begin => scene.begun = Some(scene.now),
            Event::Show => self.show(&mut scene)?,
            Event::Ask => scene.asked = Some((scene.now, scene.guard.parts().2 == at(scene.now).nanos(), None)),
            Event::Read => {
                scene.asked = scene.asked.map(|(asked, behind, _)| (asked, behind, Some(!scene.declared_dead)))
            }
            Event::Learn => self.learn(&mut scene)?,
            Event::ObserverBeats => scene.observer.heartbeat_succeeded(at(scene.now), at(scene.now)),
            Event::Judge => self.judge(&mut scene),
            Event::Outage => {
                scene.outages -= 1;
                scene.out_since = Some(scene.now);
            }
            Event::OutageEnds => {
                let since = scene.out_since.take()?;
                if scene.now - since >= LONG_OUTAGE {
                    scene.long_outage_ended = Some(scene.now);
                }
            }
        }
        Some(scene)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ACTS, |lease: &Self, scene: &Scene| !(scene.declared_dead && lease.may_act(scene))),
            Property::always(HASTY, |_, scene: &Scene| !scene.hasty),
            Property::sometimes("somebody is declared dead", |_, scene: &Scene| scene.declared_dead),
        ]
    }
}

const ACTS: &str = "whoever was declared dead does not act";
const HASTY: &str = "a long outage gives everybody a whole lease";

#[test]
fn a_server_that_others_gave_up_has_stopped_acting_before() {
    for about in [About::Silence, About::Outage] {
        let checked = Lease { mistake: None, about }.checker().spawn_bfs().join();
        println!("{} moments of {about:?}", checked.unique_state_count());
        checked.assert_properties();
    }
}

#[test]
fn each_part_of_the_lease_is_needed() {
    let mistakes = [
        (Mistake::GoesBySendingAlone, About::Silence, ACTS),
        (Mistake::OldAnswersCount, About::Silence, ACTS),
        (Mistake::DoesNotAsk, About::Silence, ACTS),
        (Mistake::ActsForLonger, About::Silence, ACTS),
        (Mistake::UnsteadyObserverJudges, About::Outage, HASTY),
    ];
    for (mistake, about, property) in mistakes {
        let found = super::until_found(Lease { mistake: Some(mistake), about }.checker(), property);
        assert!(found, "{mistake:?} is not found");
    }
}
