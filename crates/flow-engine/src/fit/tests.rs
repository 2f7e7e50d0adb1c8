//! The parts of a look at saved points that need no store. Whole looks are tested where there are versions: in flow-server.

use super::fields::difference;
use super::*;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_store::{SavedKind, SavedOutline, Timestamp};

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let field = |(name, kind): &(&str, DataType)| Field::new(*name, kind.clone(), true);
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

#[test]
fn fields_differ_by_name_and_type_but_not_by_order() {
    use DataType::{Float64, Int64, Null, Utf8};
    let before = schema(&[("id", Int64), ("amount", Int64), ("note", Null)]);
    assert_eq!(difference(&before, &schema(&[("note", Utf8), ("amount", Int64), ("id", Int64)])), None);
    let now = schema(&[("id", Utf8), ("price", Float64), ("note", Utf8)]);
    let said = difference(&before, &now).unwrap();
    assert_eq!(said, "“id” was integer and is text, “amount” is gone, “price” is new");
    let wider = difference(&schema(&[("id", DataType::Int32)]), &schema(&[("id", Int64)])).unwrap();
    assert_eq!(wider, "“id” was Int32 and is Int64");
}

fn order(points: &[(SavedKind, &str)]) -> SavedOrder {
    let mut order = SavedOrder::default();
    for (place, (kind, component)) in (0..).zip(points).collect::<Vec<_>>().into_iter().rev() {
        order.add_older(&SavedOutline {
            place: PointPlace(place),
            kind: *kind,
            component: (*component).to_owned(),
            iteration: String::new(),
            outlets: Vec::new(),
            due: None,
            at: Timestamp(0),
            attempt: 1,
            has_stream: false,
        });
    }
    order.in_order()
}

#[test]
fn what_may_stay_with_a_point_has_to_fit_as_well_or_goes_with_it() {
    use SavedKind::{Begin, Checkpoint, Completed, Input, Outlets};
    let order = order(&[
        (Begin, "start"),
        (Checkpoint, "one"),
        (Completed, "mail"),
        (Outlets, "branch"),
        (Input, "join"),
        (Input, "join"),
        (Input, "pay"),
        (Checkpoint, "two"),
    ]);
    assert_eq!((0..=8).map(|keep| order.reach(keep)).collect::<Vec<_>>(), [0, 1, 4, 4, 4, 6, 6, 7, 8]);
    assert_eq!((0..=8).map(|keep| order.cut(keep)).collect::<Vec<_>>(), [0, 1, 1, 1, 4, 4, 6, 7, 8]);
    // What is cut off is never kept after all.
    assert!((0..=8).all(|keep| order.reach(order.cut(keep)) <= keep));
}

/// How many points are found to fit, and in how many looks, if of so many points that is tried `misfit` tells which one does
/// not fit.
fn search(order: &SavedOrder, misfit: impl Fn(u32) -> Option<u32>) -> (u32, usize) {
    let (mut search, mut fitting, mut looks) = (Search::below(order, order.len(), misfit(order.len()).unwrap()), 0, 1);
    while let Some(tried) = search.next() {
        assert_eq!(order.cut(tried), tried);
        looks += 1;
        match misfit(tried) {
            Some(misfit) => search.fails(tried, misfit),
            None => {
                search.fits(tried);
                fitting = tried;
            }
        }
    }
    (fitting, looks)
}

#[test]
fn how_many_of_many_points_fit_is_found_in_few_looks() {
    let order = order(&vec![(SavedKind::Checkpoint, "one"); 100_000]);
    for fitting in [0, 1, 2, 777, 50_000, 99_998, 99_999] {
        let named = search(&order, |tried| (tried > fitting).then_some(fitting));
        assert_eq!(named, (fitting, 2), "what does not fit is known");
        let (found, looks) = search(&order, |tried| (tried > fitting).then(|| tried - 1));
        assert_eq!(found, fitting, "only that something does not fit is known");
        assert!(looks < 40, "{looks} looks");
    }
}

#[test]
fn what_belongs_together_fits_as_a_whole_or_not_at_all() {
    use SavedKind::{Checkpoint, Completed};
    let order = order(&[(Checkpoint, "one"), (Completed, "mail"), (Completed, "tell")].repeat(1000));
    for fits in [0, 2, 3, 1500, 2998] {
        assert_eq!(search(&order, |tried| (tried > fits).then(|| tried - 1)).0, fits / 3 * 3);
    }
}
