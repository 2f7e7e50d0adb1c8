//! All saved points of a request in the order of saving, in short, and the search for how many of them fit.

use super::number;
use flow_store::{PointPlace, SavedKind, SavedOutline};
use std::collections::HashMap;

/// The places and kinds of all saved points, and which are of the same component; small, however many there are.
#[derive(Default)]
pub(super) struct SavedOrder {
    points: Vec<(PointPlace, SavedKind, u32)>,
    components: HashMap<String, u32>,
}

impl SavedOrder {
    /// Takes in a point that is older than all before.
    pub(super) fn add_older(&mut self, point: &SavedOutline) {
        let next = number(self.components.len());
        let component = match self.components.get(&point.component) {
            Some(known) => *known,
            None => *self.components.entry(point.component.clone()).or_insert(next),
        };
        self.points.push((point.place, point.kind, component));
    }

    pub(super) fn in_order(mut self) -> Self {
        self.points.reverse();
        self
    }

    pub(super) fn len(&self) -> u32 {
        number(self.points.len())
    }

    /// The place of the point with this number, if there is one.
    pub(super) fn place(&self, number: u32) -> Option<PointPlace> {
        self.points.get(number as usize).map(|(place, ..)| *place)
    }

    /// The number of the point at a place.
    pub(super) fn number(&self, place: PointPlace) -> u32 {
        number(self.points.partition_point(|(other, ..)| *other < place))
    }

    /// Whether the point may stay with the one before it when later ones are withdrawn
    /// ([`flow_store::transition::rewind`]): so it is, if both came in one write, which cannot be seen here.
    fn may_belong(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.points.get(before));
        match self.points.get(at) {
            Some((_, SavedKind::Outlets | SavedKind::Completed | SavedKind::Withdrawn, _)) => before.is_some(),
            Some((_, SavedKind::Input, of)) => {
                before.is_some_and(|(_, kind, before)| *kind == SavedKind::Input && before == of)
            }
            _ => false,
        }
    }

    /// How many points may stay when the first `keep` are to stay.
    pub(super) fn reach(&self, keep: u32) -> u32 {
        let mut at = keep as usize;
        while keep > 0 && self.may_belong(at) {
            at += 1;
        }
        number(at)
    }

    /// The most points, at most `keep`, with which no others stay.
    pub(super) fn cut(&self, keep: u32) -> u32 {
        let mut at = keep as usize;
        while at > 0 && self.may_belong(at) {
            at -= 1;
        }
        number(at)
    }
}

/// A search for the most points that fit, when not all do. It looks back in ever larger steps until something fits, and then
/// between that and what did not: a few times, however many points there are.
pub(super) struct Search<'a> {
    order: &'a SavedOrder,
    /// More than these do not fit.
    most: u32,
    /// Up to here all is known.
    least: u32,
    /// How far the next look goes back; none once something was found that fits.
    step: Option<u32>,
}

impl<'a> Search<'a> {
    /// Of the first `tried` points the one with the number `misfit` does not fit.
    pub(super) fn below(order: &'a SavedOrder, tried: u32, misfit: u32) -> Self {
        Self { order, most: before(tried, misfit), least: 0, step: Some(0) }
    }

    /// How many points to look at next; none at the end.
    pub(super) fn next(&mut self) -> Option<u32> {
        if let Some(step) = self.step {
            return Some(self.order.cut(self.most.saturating_sub(step)));
        }
        while self.least < self.most {
            let middle = self.most - (self.most - self.least) / 2;
            let next = self.order.cut(middle);
            if next > self.least {
                return Some(next);
            }
            self.least = middle;
        }
        None
    }

    /// The first `tried` points fit.
    pub(super) fn fits(&mut self, tried: u32) {
        self.least = tried;
        self.step = None;
    }

    /// Of the first `tried` points the one with the number `misfit` does not fit.
    pub(super) fn fails(&mut self, tried: u32, misfit: u32) {
        self.most = before(tried, misfit);
        self.step = self.step.map(|step| step.saturating_mul(2).saturating_add(1));
    }
}

/// How many points may fit at the most if of so many this one does not. What belongs to the last of them has numbers behind.
fn before(tried: u32, misfit: u32) -> u32 {
    misfit.min(tried.saturating_sub(1))
}
