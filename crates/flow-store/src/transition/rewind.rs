//! Going on from an earlier saved point.

use super::TransitionError;
use crate::{RequestId, SavedKind};

/// From where a re-executed request goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoOn {
    /// From all that is saved.
    Newest,
    /// From all that was saved; but retention has removed that.
    Removed,
    /// From what was saved up to some point.
    Earlier(Earlier),
}

/// What is left of a request's saved points when it goes on from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// How many of the first ones stay.
    pub points: u32,
    /// How many later ones are withdrawn.
    pub withdrawn: u32,
    /// Name of the last Checkpoint that stays.
    pub checkpoint: Option<String>,
}

/// A saved point and the write it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointInWrite {
    /// What it says.
    pub kind: SavedKind,
    /// Name of its component.
    pub name: String,
    /// Whether the point before it came in the same write.
    pub joined: bool,
}

/// What is left of `points`, in the order in which they were saved, when their request goes on from the end of the first
/// `keep`; 0 is its start. It is always a beginning of them, so whatever stays has all that it came from. What came in the
/// same write and belongs to the last of them stays, too: choices of outlets, completions, and the other inlets of a saved
/// input. Streams do not: several may have come in one write only because a slow disk made them wait for each other, and
/// the point is chosen to get behind one of them.
pub fn rewind(request: RequestId, points: &[PointInWrite], keep: u32) -> Result<Earlier, TransitionError> {
    let wanted = usize::try_from(keep).unwrap_or(usize::MAX);
    if wanted > points.len() {
        return Err(TransitionError::NoSavedPoint { request, wanted: keep, present: points.len() });
    }
    let (first, later) = points.split_at(wanted);
    let belongs = |point: &&PointInWrite| match point.kind {
        SavedKind::Outlets | SavedKind::Completed | SavedKind::Withdrawn => point.joined,
        SavedKind::Input => {
            point.joined && first.last().is_some_and(|last| last.kind == SavedKind::Input && last.name == point.name)
        }
        SavedKind::Begin | SavedKind::Checkpoint | SavedKind::Wait | SavedKind::Stream => false,
    };
    let joined = if wanted == 0 { 0 } else { later.iter().take_while(belongs).count() };
    let (stays, withdrawn) = points.split_at(first.len() + joined);
    let name = |point: &PointInWrite| match point.kind {
        SavedKind::Begin => Some("Start".to_owned()),
        SavedKind::Checkpoint => Some(point.name.clone()),
        _ => None,
    };
    let number = |points: &[PointInWrite]| u32::try_from(points.len()).unwrap_or(u32::MAX);
    Ok(Earlier { points: number(stays), withdrawn: number(withdrawn), checkpoint: stays.iter().rev().find_map(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(kind: SavedKind, name: &str, joined: bool) -> PointInWrite {
        PointInWrite { kind, name: name.to_owned(), joined }
    }

    #[test]
    fn the_inlets_of_an_input_stay_together_and_other_streams_go() {
        let points = [
            point(SavedKind::Checkpoint, "One", false),
            point(SavedKind::Input, "Join", true),
            point(SavedKind::Input, "Join", true),
            point(SavedKind::Input, "Mail", true),
            point(SavedKind::Checkpoint, "Two", true),
        ];
        let left = |from| rewind(RequestId(7), &points, from).unwrap().points;
        assert_eq!([0, 1, 2, 3, 4, 5].map(left), [0, 1, 3, 3, 4, 5]);
    }

    #[test]
    fn what_came_in_one_write_stays_together_up_to_the_next_checkpoint() {
        let points = [
            point(SavedKind::Begin, "Begin", false),
            point(SavedKind::Checkpoint, "One", false),
            point(SavedKind::Completed, "Mail", true),
            point(SavedKind::Outlets, "Branch", true),
            point(SavedKind::Checkpoint, "Two", false),
            point(SavedKind::Checkpoint, "Three", true),
        ];
        let left = |from| {
            let Earlier { points, withdrawn, checkpoint } = rewind(RequestId(7), &points, from).unwrap();
            (points, withdrawn, checkpoint)
        };
        assert_eq!(left(0), (0, 6, None));
        assert_eq!(left(1), (1, 5, Some("Start".to_owned())));
        for inside in 2..=4 {
            assert_eq!(left(inside), (4, 2, Some("One".to_owned())), "{inside}");
        }
        assert_eq!(left(5), (5, 1, Some("Two".to_owned())));
        assert_eq!(left(6), (6, 0, Some("Three".to_owned())));
        let error = rewind(RequestId(7), &points, 7).unwrap_err();
        assert_eq!(error, TransitionError::NoSavedPoint { request: RequestId(7), wanted: 7, present: 6 });
    }
}
