//! Which way a request goes, and what is saved of it.

mod branch;
mod checkpoint;
mod end;
mod fail;
mod start;
mod wait;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![
        Box::new(start::Start),
        Box::new(end::End),
        Box::new(branch::Branch),
        Box::new(wait::Wait),
        Box::new(fail::Fail),
        Box::new(checkpoint::Checkpoint),
    ]
}
