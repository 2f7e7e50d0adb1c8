//! Databases.

mod sql_put;

use crate::ComponentType;

/// These component types, in the order of the palette.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    vec![Box::new(sql_put::SqlPut::default())]
}
