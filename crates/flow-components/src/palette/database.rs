//! Databases.

mod bind;
mod collect;
mod sql_execute;
mod sql_get;
mod sql_put;

use crate::ComponentType;
use crate::database::{Databases, Dialect};
use crate::describe::required;
use flow_model::{PropertyDescription, PropertyKind};

/// These component types, in the order of the palette. They share their connections.
pub(super) fn types() -> Vec<Box<dyn ComponentType>> {
    let databases = Databases::default();
    vec![
        Box::new(sql_get::SqlGet { databases: databases.clone() }),
        Box::new(sql_put::SqlPut { databases: databases.clone() }),
        Box::new(sql_execute::SqlExecute { databases }),
    ]
}

/// The property that names the database.
fn connection() -> PropertyDescription {
    let kinds = Dialect::KINDS.to_vec();
    required("Connection", "Connection", PropertyKind::Connection { kinds }, "The database.")
}
