//! The rule of every three-way merge.

/// What one thing becomes.
pub(super) enum Picked<'a, T> {
    /// This.
    One(&'a T),
    /// Both sides changed it, each differently.
    Conflict,
}

/// What changed on one side only, or on both in the same way, is taken.
pub(super) fn pick<'a, T: PartialEq>(base: &T, ours: &'a T, theirs: &'a T) -> Picked<'a, T> {
    if base == theirs || ours == theirs {
        Picked::One(ours)
    } else if base == ours {
        Picked::One(theirs)
    } else {
        Picked::Conflict
    }
}
