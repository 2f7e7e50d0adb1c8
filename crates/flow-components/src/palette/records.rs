//! What happens to records.

mod filter;
mod mapper;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![Box::new(mapper::Mapper), Box::new(filter::Filter)]
}
