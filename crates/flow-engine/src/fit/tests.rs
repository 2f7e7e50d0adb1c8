//! The parts of a look at saved points that need no store. Whole looks are tested where there are versions: in flow-server.

use super::fields::difference;
use super::*;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_store::Timestamp;

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

fn kinds(points: &[(SavedKind, &str)]) -> Kinds {
    let mut kinds = Kinds::default();
    for (kind, component) in points.iter().rev() {
        kinds.add_older(&SavedOutline {
            place: PointPlace(0),
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
    kinds.in_order()
}

#[test]
fn what_may_stay_with_a_point_has_to_fit_as_well_or_goes_with_it() {
    use SavedKind::{Begin, Checkpoint, Completed, Input, Outlets};
    let kinds = kinds(&[
        (Begin, "start"),
        (Checkpoint, "one"),
        (Completed, "mail"),
        (Outlets, "branch"),
        (Input, "join"),
        (Input, "join"),
        (Input, "pay"),
        (Checkpoint, "two"),
    ]);
    assert_eq!((0..=8).map(|keep| kinds.reach(keep)).collect::<Vec<_>>(), [0, 1, 4, 4, 4, 6, 6, 7, 8]);
    assert_eq!((0..=8).map(|keep| kinds.cut(keep)).collect::<Vec<_>>(), [0, 1, 1, 1, 4, 4, 6, 7, 8]);
    // What is cut off is never kept after all.
    assert!((0..=8).all(|keep| kinds.reach(kinds.cut(keep)) <= keep));
}
