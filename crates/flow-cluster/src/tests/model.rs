//! Models of what servers may do in any order, looked through whole at a small size (docs/proofs.md). What happens to a
//! request's row, who may act and who is suspected is decided by the code that servers run.

/// States that are the same, and hash alike, where their `key`s are and do.
macro_rules! compared_by_key {
    ($state:ty) => {
        impl PartialEq for $state {
            fn eq(&self, other: &Self) -> bool {
                fn same<T: PartialEq>(one: T, other: T) -> bool {
                    one == other
                }
                same(self.key(), other.key())
            }
        }

        impl std::hash::Hash for $state {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }
    };
}

mod lease;
mod limits;
mod state;
mod story;

use state::Faults;
use stateright::{Checker, CheckerBuilder, HasDiscoveries, Model};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use story::{Mistake, Story};

/// Whether a property is seen to be broken.
fn until_found<M>(checker: CheckerBuilder<M>, property: &'static str) -> bool
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Debug + Clone + PartialEq + Send + Sync + 'static,
    M::Action: Debug + Clone + PartialEq + Send + Sync,
{
    let found = checker.finish_when(HasDiscoveries::AnyOf(BTreeSet::from([property]))).spawn_bfs().join();
    found.discovery(property).is_some()
}

const NONE: Faults = Faults {
    crashes: 0,
    lapses: 0,
    lost: 0,
    outages: 0,
    failures: 0,
    cancels: 0,
    re_executions: 0,
    rewinds: 0,
    takes: 0,
    drains: 0,
    restarts: 0,
};

fn story(left: Faults) -> Story {
    Story { servers: 2, other_server_retry: Some(true), left, speculates: true, tells: false, mistake: None }
}

fn look_through(story: Story) {
    let named = format!("{:?}", story.left);
    let checked = story.checker().spawn_bfs().join();
    println!("{} moments of two servers with {named}", checked.unique_state_count());
    checked.assert_properties();
}

#[test]
fn crashes_and_hangs_lose_and_repeat_nothing() {
    let left = Faults { crashes: 1, lapses: 1, restarts: 1, ..NONE };
    look_through(Story { other_server_retry: None, ..story(left) });
}

#[test]
fn persons_who_race_with_retries_lose_and_repeat_nothing() {
    look_through(story(Faults { crashes: 1, failures: 1, cancels: 1, re_executions: 1, ..NONE }));
}

#[test]
fn a_person_who_takes_a_request_from_a_server_that_lives_loses_and_repeats_nothing() {
    let left = Faults { crashes: 1, lapses: 1, takes: 1, ..NONE };
    look_through(Story { other_server_retry: None, ..story(left) });
    look_through(story(Faults { lost: 1, takes: 2, ..NONE }));
    look_through(story(Faults { failures: 1, takes: 1, cancels: 1, ..NONE }));
}

#[test]
fn a_person_who_goes_back_to_an_earlier_checkpoint_has_the_rest_done_again() {
    let left = Faults { crashes: 1, failures: 1, rewinds: 1, takes: 1, ..NONE };
    look_through(Story { other_server_retry: None, ..story(left) });
}

#[test]
fn servers_that_are_stopped_and_started_lose_and_repeat_nothing() {
    let left = Faults { crashes: 1, drains: 1, restarts: 1, ..NONE };
    look_through(Story { other_server_retry: None, ..story(left) });
}

#[test]
fn nothing_of_it_depends_on_speculation() {
    let left = Faults { crashes: 1, lapses: 1, ..NONE };
    look_through(Story { speculates: false, other_server_retry: None, ..story(left) });
}

/// Everything beside a crash that may happen, once.
const OTHERS: [fn(&mut Faults); 8] = [
    |left| left.lapses = 1,
    |left| left.lost = 1,
    |left| left.outages = 1,
    |left| left.failures = 1,
    |left| left.cancels = 1,
    |left| left.re_executions = 1,
    |left| left.drains = 1,
    |left| left.restarts = 1,
];

/// A crash with each two of the others; one of the two halves of all pairs, which run beside each other.
fn a_crash_with_any_two_others(half: usize) {
    let pairs = (0..OTHERS.len()).flat_map(|one| (one + 1..OTHERS.len()).map(move |other| (one, other)));
    for (_, (one, other)) in pairs.enumerate().filter(|(number, _)| number % 2 == half) {
        let mut left = Faults { crashes: 1, ..NONE };
        OTHERS[one](&mut left);
        OTHERS[other](&mut left);
        look_through(story(left));
    }
}

#[test]
fn a_crash_with_any_two_other_faults_loses_and_repeats_nothing() {
    a_crash_with_any_two_others(0);
}

#[test]
fn a_crash_with_any_other_two_faults_loses_and_repeats_nothing() {
    a_crash_with_any_two_others(1);
}

/// All of it at once; takes minutes: `cargo nextest run -p flow-cluster -E 'test(all_faults)' --run-ignored all`.
#[test]
#[ignore = "takes minutes"]
fn all_faults_together_lose_and_repeat_nothing() {
    let left = Faults { crashes: 1, lapses: 1, lost: 1, outages: 1, restarts: 1, failures: 1, ..NONE };
    look_through(Story { other_server_retry: None, ..story(left) });
}

#[test]
fn a_request_comes_to_its_end_once_nothing_goes_wrong_any_more() {
    for other in OTHERS {
        let mut left = Faults { crashes: 1, ..NONE };
        other(&mut left);
        let told = Told(Story { other_server_retry: None, ..story(left) }, how_it_ends);
        told.checker().spawn_bfs().join().assert_properties();
    }
}

#[test]
fn a_request_that_is_given_back_for_ever_is_seen() {
    let forever = Story { mistake: Some(Mistake::GivesBackForEver), ..story(NONE) };
    assert!(until_found(Told(forever, how_it_ends).checker(), ENDS));
}

#[test]
fn each_rule_is_needed() {
    let starting = "no rule of starting is broken";
    let seen = "what was seen stays";
    let lost = "nothing is lost";
    let goes_on = "a request goes on while somebody lives";
    let all = Faults { crashes: 1, lapses: 1, lost: 1, ..NONE };
    let claims = Faults { crashes: 1, failures: 1, ..NONE };
    let mistakes = [
        (Mistake::FencesAreNotRaised, starting, all),
        (Mistake::ActsWithoutLease, starting, all),
        (Mistake::TakesOverTheLiving, starting, all),
        (Mistake::EffectsDoNotWait, starting, all),
        (Mistake::RepliesBeforeTheCommit, seen, all),
        (Mistake::BeginsAtTheStart, starting, all),
        (Mistake::GoesOnWhileAWriteIsUnderWay, starting, all),
        (Mistake::NobodyAttends, goes_on, all),
        (Mistake::TakeoverIsTriedOnce, goes_on, Faults { crashes: 1, outages: 1, ..NONE }),
        (Mistake::ClaimsWhileDraining, starting, Faults { crashes: 1, drains: 1, failures: 1, ..NONE }),
        (Mistake::ClaimsFromOthers, starting, claims),
        (Mistake::FencesAreNotRaised, starting, Faults { takes: 1, ..NONE }),
        (Mistake::WritesOvertake, "a saved point has all that it came from", all),
        (Mistake::BeginsBehindWhatIsNotSaved, lost, all),
        (Mistake::KeepsWhatIsRefused, lost, all),
    ];
    for (mistake, property, left) in mistakes {
        let story = Story { mistake: Some(mistake), other_server_retry: None, ..story(left) };
        assert!(until_found(story.checker(), property), "{mistake:?} is not found");
    }
}

#[test]
fn what_the_model_is_about_does_happen() {
    // None of the rules above holds only because nothing happens.
    let all = Faults { crashes: 1, lapses: 1, failures: 1, re_executions: 1, ..NONE };
    let told = Told(Story { tells: true, ..story(all) }, what_happens_by_itself);
    let checked = told.checker().finish_when(HasDiscoveries::All).spawn_bfs().join();
    checked.assert_properties();
}

#[test]
fn what_persons_do_does_happen() {
    let all = Faults { failures: 1, rewinds: 1, takes: 1, ..NONE };
    let told = Told(Story { tells: true, ..story(all) }, what_persons_do);
    let checked = told.checker().finish_when(HasDiscoveries::All).spawn_bfs().join();
    checked.assert_properties();
}

const ENDS: &str = "it ends once nothing goes wrong any more";

type Happens = stateright::Property<Told>;

fn how_it_ends() -> Vec<Happens> {
    vec![Happens::always(ENDS, |told: &Told, moment: &state::Moment| told.0.comes_to_an_end(moment))]
}

fn what_happens_by_itself() -> Vec<Happens> {
    vec![
        Happens::sometimes("a takeover", |_, moment: &state::Moment| moment.told.taken_over),
        Happens::sometimes("a zombie is refused", |_, moment: &state::Moment| moment.told.refused),
        Happens::sometimes("a component starts before a commit", |_, moment: &state::Moment| moment.told.speculated),
        Happens::sometimes("a person is quicker than a retry", |_, moment: &state::Moment| moment.told.raced),
        Happens::sometimes("it ends all the same", |_, moment: &state::Moment| {
            moment.told.taken_over && moment.told.refused && moment.replied
        }),
    ]
}

fn what_persons_do() -> Vec<Happens> {
    vec![
        Happens::sometimes("a person takes it, and the late write is refused", |_, moment: &state::Moment| {
            moment.told.taken && moment.told.refused && moment.replied
        }),
        Happens::sometimes("it goes back, and ends", |_, moment: &state::Moment| moment.told.rewound && moment.replied),
    ]
}

/// The same story, asked what can happen in it.
#[derive(Clone)]
struct Told(Story, fn() -> Vec<Happens>);

impl Model for Told {
    type State = state::Moment;
    type Action = story::Event;

    fn init_states(&self) -> Vec<state::Moment> {
        self.0.init_states()
    }

    fn actions(&self, moment: &state::Moment, events: &mut Vec<story::Event>) {
        self.0.actions(moment, events);
    }

    fn next_state(&self, moment: &state::Moment, event: story::Event) -> Option<state::Moment> {
        self.0.next_state(moment, event)
    }

    fn properties(&self) -> Vec<Happens> {
        self.1()
    }
}
