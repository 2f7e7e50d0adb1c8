//! The designer by its commands, as a host would call them.

mod cluster;
mod flows;
mod projects;
mod runs;
mod versions;
mod workbench;
