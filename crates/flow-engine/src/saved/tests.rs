//! What is kept of saved points.

use super::Finished;
use super::outline::Outline;
use flow_store::{PointPlace, SavedKind, SavedOutline, Timestamp};

fn point(place: u64, kind: SavedKind, component: &str, iteration: String) -> SavedOutline {
    let (place, component) = (PointPlace(place), component.to_owned());
    SavedOutline {
        place,
        kind,
        component,
        iteration,
        outlets: vec![],
        due: None,
        at: Timestamp(0),
        attempt: 1,
        has_stream: true,
    }
}

#[test]
fn finished_iterations_are_known_with_their_results_in_order() {
    let mut finished = Finished::default();
    let has_result = |number: u64| number.is_multiple_of(3);
    for number in (0..2000_u64).rev().filter(|number| *number != 700) {
        finished.add(number, has_result(number).then_some(PointPlace(number * 10)));
    }
    assert_eq!(finished.result(700), None);
    assert_eq!(finished.result(701), Some(None));
    assert_eq!(finished.result(702), Some(Some(PointPlace(7020))));
    assert!(finished.contains(0) && !finished.contains(2000) && !finished.contains(u64::MAX));
    let found: Vec<(u64, PointPlace)> = finished.results_from(511).take(3).collect();
    assert_eq!(found, [(513, PointPlace(5130)), (516, PointPlace(5160)), (519, PointPlace(5190))]);
    finished.forget_before(1030);
    assert!(!finished.contains(1023) && finished.contains(1024));
}

#[test]
fn later_iterations_are_added_to_earlier_ones() {
    let (mut one, mut other) = (Finished::default(), Finished::default());
    one.add(1, Some(PointPlace(1)));
    one.add(2, Some(PointPlace(2)));
    other.add(2, Some(PointPlace(20)));
    other.add(u64::MAX, None);
    one.extend(other);
    assert_eq!(one.result(1), Some(Some(PointPlace(1))));
    assert_eq!(one.result(2), Some(Some(PointPlace(20))));
    assert_eq!(one.result(u64::MAX), Some(None));
}

#[test]
fn nothing_is_kept_of_what_is_inside_of_finished_iterations() {
    let mut outline = Outline::default();
    let mut place = 1_000_000;
    let mut add = |kind, component: &str, iteration: String| {
        place -= 1;
        outline.add(point(place, kind, component, iteration));
    };
    // Newest first: the last iteration has not finished; in each of the others another ForEach has run.
    add(SavedKind::Checkpoint, "inner", "each[9999]/again[5]".to_owned());
    add(SavedKind::Completed, "again", "each[9999]/again[4]".to_owned());
    for number in (0..9999).rev() {
        add(SavedKind::Completed, "each", format!("each[{number}]"));
        add(SavedKind::Completed, "again", format!("each[{number}]/again[0]"));
        add(SavedKind::Checkpoint, "inner", format!("each[{number}]/again[0]"));
        add(SavedKind::Input, "again", format!("each[{number}]"));
    }
    add(SavedKind::Input, "each", String::new());
    let [part] = outline.parts.as_slice() else { panic!("there is one part") };
    assert_eq!(part.points.len(), 2);
    assert_eq!(part.finished.len(), 2);
    assert_eq!(part.finished["each"].results_from(0).count(), 9999);
    assert!(part.finished["each[9999]/again"].contains(4));
}

#[test]
fn a_terminal_component_of_a_body_is_no_finished_iteration() {
    let mut outline = Outline::default();
    outline.add(point(2, SavedKind::Completed, "act", "each[0]".to_owned()));
    assert_eq!((outline.parts[0].points.len(), outline.parts[0].finished.len()), (1, 0));
}
