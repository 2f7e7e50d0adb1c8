//! Sequences of random commands, to be followed by [`super::observe`].

use super::Step;
use super::steps::SERVERS;
use crate::SavedKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A sequence of commands, each with the number of who gives it. All servers are there from the start, so that short ones do
/// something.
pub fn random_steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let registered = |server| (server, Step::Register(server));
    vec((0..2_usize, step()), 1..80)
        .prop_map(move |steps| (0..SERVERS).map(registered).chain(steps).collect::<Vec<_>>())
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..64_usize;
    let create =
        (proptest::option::of(n()), any::<bool>(), 0..3_u8, proptest::option::weighted(0.3, any::<u8>()), any::<u8>());
    let many = (
        proptest::option::of(n()),
        vec(proptest::option::weighted(0.3, any::<u8>()), 1..5),
        any::<u8>(),
        any::<bool>(),
    );
    let write = (n(), vec(select(SavedKind::ALL.as_slice()), 0..3), 0..4_u8, proptest::bool::weighted(0.1));
    prop_oneof![
        2 => (0..120_u16).prop_map(Step::Wait),
        2 => n().prop_map(Step::Register),
        5 => create.prop_map(|(owner, anywhere, retries, key, queue)| Step::Create { owner, anywhere, retries, key, queue }),
        3 => many.prop_map(|(owner, keys, limits, audited)| Step::CreateMany { owner, keys, limits, audited }),
        5 => (n(), 1..5_usize).prop_map(|(server, limit)| Step::Claim(server, limit)),
        6 => write.prop_map(|(request, kinds, log, stale)| Step::Write { request, kinds, log, stale }),
        3 => (n(), any::<u8>()).prop_map(|(request, how)| Step::End(request, how)),
        3 => (n(), n()).prop_map(|(survivor, dead)| Step::TakeOver(survivor, dead)),
        1 => (n(), any::<bool>()).prop_map(|(server, drain)| Step::Drain(server, drain)),
        1 => (n(), any::<bool>()).prop_map(|(server, on)| Step::Maintain(server, on)),
        1 => (any::<bool>(), proptest::option::of(any::<u8>()))
            .prop_map(|(connection, most)| Step::SetLimit { connection, most }),
        1 => n().prop_map(Step::Terminate),
        2 => (n(), n(), proptest::option::of(any::<u8>()))
            .prop_map(|(request, server, from)| Step::ReExecute(request, server, from)),
        1 => (0..200_u8, proptest::option::of(0..4_u8), any::<bool>())
            .prop_map(|(age, number, details)| Step::Retain { age, number, details }),
        1 => n().prop_map(Step::Cancel),
        2 => (n(), n(), proptest::bool::weighted(0.3), proptest::option::of(any::<u8>()))
            .prop_map(|(request, server, stale, from)| Step::Pin { request, server, stale, from }),
        1 => (n(), n()).prop_map(|(request, server)| Step::TakeFrom(request, server)),
        2 => (n(), any::<bool>()).prop_map(|(request, stalls)| Step::Stall(request, stalls)),
        2 => (any::<u8>(), select(vec![0_usize, 0, 0, 1])).prop_map(|(which, without)| Step::Adopt(which, without)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trigger, on)| Step::Switch(trigger, on)),
        4 => (any::<u8>(), any::<u8>(), proptest::option::of(n()), any::<u8>())
            .prop_map(|(trigger, key, owner, how)| Step::Fire { trigger, key, owner, how }),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(trigger, ago)| Step::Reach(trigger, ago)),
        1 => (any::<u8>(), 1..4_u8, n()).prop_map(|(trigger, more, request)| Step::NoteFired(trigger, more, request)),
        1 => (any::<u8>(), 1..5_usize).prop_map(|(ago, limit)| Step::Ended(ago, limit)),
        1 => (n(), any::<u8>()).prop_map(|(server, created)| Step::Report(server, created)),
    ]
}
