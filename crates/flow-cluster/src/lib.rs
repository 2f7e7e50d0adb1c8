//! A server's membership in its cluster: liveness, takeover, and which requests it works on.
//!
//! Every server process holds the lock of its own file for as long as it lives and counts a heartbeat up in it. The
//! others wait for that lock, so that a death is seen at once, and watch that counter, so that a hang is seen within a
//! lease. Whoever sees a loss first takes the requests over in one transaction of the store; the fence that it raises
//! there stops whatever a hanging server may still try. [`Membership`] is that; [`Dispatcher`] brings the requests
//! which are this server's to the engine; [`plan`] says what a schedule has to do at a moment.
//!
//! This crate knows the [`flow_store::Store`] trait and nothing of the engine.

mod dispatcher;
mod error;
mod event;
mod guard;
mod heartbeat;
mod holder;
mod lease;
mod lock_file;
mod membership;
mod observation;
mod peers;
mod process;
mod pulse;
mod schedule;
mod stuck_writer;
mod takeover;
mod time;

pub use dispatcher::{Dispatcher, DispatcherSettings, Slot};
pub use error::ClusterError;
pub use event::ClusterEvent;
pub use guard::Guard;
pub use lease::LeaseSettings;
pub use membership::{Identity, Membership};
pub use schedule::{Due, MissedRuns, Plan, Planned, plan};

#[cfg(test)]
mod tests;
