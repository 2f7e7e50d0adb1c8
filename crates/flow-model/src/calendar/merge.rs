//! Differences of calendars, and three-way merge: day by day, so that authors who add and remove days never get in each
//! other's way.

use super::{Calendar, Day};
use crate::{Conflict, Place, Side};

impl Calendar {
    /// What is different in `to`, in words: “12-25 added”.
    pub fn differences(&self, to: &Self) -> Vec<String> {
        let shown = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let described = (self.description != to.description)
            .then(|| format!("description: {} → {}", shown(&self.description), shown(&to.description)));
        let removed = self.days.difference(&to.days).map(|day| format!("{day} removed"));
        let added = to.days.difference(&self.days).map(|day| format!("{day} added"));
        described.into_iter().chain(removed).chain(added).collect()
    }

    /// Merges `ours` and `theirs`, which both come from `base`: a day that either added is there, and one that either
    /// removed is not. Where both changed the description differently, and `decide` names no side, that is a conflict,
    /// and the merged calendar has ours.
    pub fn merge(
        base: Option<&Self>,
        ours: &Self,
        theirs: &Self,
        decide: &dyn Fn(&Conflict) -> Option<Side>,
    ) -> (Self, Vec<Conflict>) {
        let was_there = |day: Day| base.is_some_and(|base| base.days.contains(&day));
        let in_both = |day: Day| ours.days.contains(&day) && theirs.days.contains(&day);
        let days = ours.days.union(&theirs.days).copied().filter(|day| in_both(*day) || !was_there(*day)).collect();
        let mut merged = Self { days, ..ours.clone() };
        let before = base.map_or("", |base| base.description.as_str());
        let (mine, other) = (ours.description.as_str(), theirs.description.as_str());
        if mine == other || other == before {
            return (merged, Vec::new());
        }
        let conflict = Conflict {
            place: Place { property: Some("description".to_owned()), ..Place::default() },
            what: format!("description of calendar “{}”", ours.name),
            base: before.into(),
            ours: mine.into(),
            theirs: other.into(),
        };
        let side = if mine == before { Some(Side::Theirs) } else { decide(&conflict) };
        match side {
            Some(Side::Ours) => {}
            Some(Side::Theirs) => other.clone_into(&mut merged.description),
            None => return (merged, vec![conflict]),
        }
        (merged, Vec::new())
    }
}
