//! The palette: the component types that flows are made of. Each is one file under `palette/FAMILY/`: its description
//! (what the palette, the inspector and the help show), its ports, and its code.
//!
//! A component is *prepared* once per flow version: its properties are read and checked. Then it runs any number of
//! times, several at once, against the [`Services`] that whoever runs it supplies. Before anything runs, [`Palette`]
//! tells which fields flow on every link and what is wrong with the expressions over them.

mod component;
mod context;
mod describe;
mod design;
mod error;
mod palette;
mod places;
mod properties;
mod services;
mod sqlite;
mod template;
#[cfg(test)]
mod testing;
mod wording;

pub use component::{Ask, Component, ComponentType, Iterations, LogLevel, LogLine, Outcome, WaitUntil};
pub use context::{RequestRef, RunContext, Runner};
pub use design::{Design, Examination, PortKey};
pub use error::{CANCELLED, ComponentError, MAY_NOT_ACT};
pub use palette::Palette;
pub use places::Places;
pub use properties::Properties;
pub use services::{ResolvedPath, Services};
pub use template::Template;
