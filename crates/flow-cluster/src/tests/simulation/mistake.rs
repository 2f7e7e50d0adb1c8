//! Mistakes made on purpose, to see that the simulation finds them.

/// A rule that is left out. Each is one that a cluster could break without any single server noticing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// The store takes a write whatever its fence.
    FenceIsNotChecked,
    /// A takeover leaves the fence as it was.
    TakesOverWithoutFence,
    /// One server gives the others half of the lease that they count on.
    LeaseCountedTooShort,
    /// Nobody asks before an effect whether this server may still act.
    GuardIsNotAsked,
    /// Effects do not wait for the checkpoints before them.
    EffectsDoNotWait,
    /// An end is told to whoever waits before it is durable.
    AnswersBeforeTheCommit,
    /// Nobody looks for requests that nobody attends to.
    NobodyAttends,
    /// Whoever comes with a firing makes a request, whether or not it was made before.
    FiresByItself,
}

impl Mistake {
    pub(super) const ALL: [Self; 8] = [
        Self::FenceIsNotChecked,
        Self::TakesOverWithoutFence,
        Self::LeaseCountedTooShort,
        Self::GuardIsNotAsked,
        Self::EffectsDoNotWait,
        Self::AnswersBeforeTheCommit,
        Self::NobodyAttends,
        Self::FiresByItself,
    ];

    /// The one that `CAIRN_MISTAKE` asks for.
    pub(super) fn asked() -> Option<Self> {
        let name = std::env::var("CAIRN_MISTAKE").ok()?;
        let named = Self::ALL.into_iter().find(|mistake| format!("{mistake:?}") == name);
        Some(named.unwrap_or_else(|| panic!("CAIRN_MISTAKE is one of {:?}", Self::ALL)))
    }
}
