//! What the designer can do, free of any desktop: projects, open flows, local runs, version control, clusters.
//!
//! Every command is declared once, as a type that is its input and knows its name, its output and its body; see
//! [`Command`]. A host opens a [`Designer`], carries [`Designer::call`]s to it and [`Event`]s from it, and supplies
//! windows, menus and dialogs through [`Host`]. The TypeScript types of all of it come from [`typescript`].

mod background;
mod calendar;
mod cluster;
mod command;
mod config_folder;
mod conflict;
mod connection;
mod designer;
mod error;
mod event;
mod flow;
mod flow_test;
mod host;
mod palette;
mod problems;
mod project;
mod push_update;
mod recent;
mod recovery;
mod run;
mod samples;
mod search;
mod secrets;
mod settings;
pub mod tour;
mod trigger;
mod typescript;
mod vcs;

pub use cluster::{Calls, ClusterDownload, ClusterListView, ClusterView, SignIns};
pub use command::Command;
pub use config_folder::default_config_folder;
pub use designer::{Designer, DesignerOptions};
pub use error::CommandError;
pub use event::Event;
pub use host::{Host, HostKind, Menu, MenuEntry, MenuItem, NoHost, Notification, not_here, system};
pub use project::{local_spool, local_storage};
pub use push_update::{PushUpdateProgress, ServerUpdate, UpdateStep};
pub use samples::{SAMPLES, Sample, write_sample};
pub use secrets::{LocalSecrets, SecretPlace, SecretStore};
pub use settings::{DesignerSettings, EditorSettings, Motion, Theme};
pub use tour::{TourPhase, TourProgress, TourReport};
pub use typescript::{typescript, typescript_palette};
