//! The palette: the component types that flows are made of. Each is one file under `palette/FAMILY/`: its description
//! (what the palette, the inspector and the help show), its ports, and its code.
//!
//! A component is *prepared* once per flow version: its properties are read and checked. Then it runs any number of
//! times, several at once, against the [`Services`] that whoever runs it supplies. Before anything runs, [`Palette`]
//! tells which fields flow on every link and what is wrong with the expressions over them.

mod bucket;
mod component;
mod context;
mod database;
mod describe;
mod design;
mod disk;
mod error;
mod examine;
mod formats;
#[cfg(test)]
mod fuzz;
mod http;
mod json_records;
mod lookup;
mod nesting;
mod palette;
mod places;
mod properties;
mod reach;
mod services;
mod template;
#[cfg(test)]
mod testing;
mod wording;

pub use bucket::{Bucket, BucketFile, BucketPath};
pub use component::{Ask, Component, ComponentType, Iterations, LogLevel, LogLine, Outcome, WaitUntil};
pub use context::{RequestRef, RunContext, Runner};
pub use database::{Column, Databases, Table, inspect_query, inspect_tables};
pub use design::{Design, ExpressionType};
pub use error::{CANCELLED, ComponentError, MAY_NOT_ACT};
pub use examine::{Examination, Knowledge, PortKey};
pub use http::{ClientSettings, Endpoint, HttpClients, Redirects};
pub use palette::Palette;
pub use places::{Folder, Places, StorageFiles};
pub use properties::Properties;
pub use reach::test_connection;
pub use services::{NoSecrets, ResolvedPath, SecretSource, Services};
pub use template::Template;
pub use wording::counted;
