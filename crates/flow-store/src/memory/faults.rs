//! Faults of a database, which tests switch on and off.

use crate::{Liveness, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use tokio::sync::watch;

/// What is wrong with a [`super::MemoryStore`] at this time.
#[derive(Debug, Default)]
pub struct Faults {
    out: AtomicBool,
    write_lock_holder: AtomicI32,
}

impl Faults {
    /// While `out`, every change is refused with `store/unavailable`.
    pub fn outage(&self, out: bool) {
        self.out.store(out, Ordering::SeqCst);
    }

    /// Pretends that the process `pid` holds the lock on writing; 0 means nobody.
    pub fn hold_write_lock(&self, pid: i32) {
        self.write_lock_holder.store(pid, Ordering::SeqCst);
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.out.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("an outage was switched on"));
        }
        Ok(())
    }

    pub(super) fn write_lock_holder(&self) -> Option<i32> {
        Some(self.write_lock_holder.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
    }
}

/// The way between a server and a [`super::MemoryStore`], for simulations: what is asked may be held up, never arrive, or
/// be done without an answer. Only what servers need to work on requests goes over it.
#[async_trait]
pub trait Line: Send + Sync {
    /// On the way to the store. An error means that it never arrived.
    async fn there(&self) -> Result<(), StoreError>;

    /// On the way back. An error means that it was done, and that nobody learns so.
    async fn back(&self) -> Result<(), StoreError>;

    /// How servers with such lines see each other live.
    fn liveness(&self) -> Option<Arc<dyn Liveness>>;
}

/// A line over which all that is asked arrives, and answers come back only while this is true.
pub struct HeldLine(pub watch::Receiver<bool>);

#[async_trait]
impl Line for HeldLine {
    async fn there(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn back(&self) -> Result<(), StoreError> {
        let shut = |_| StoreError::unavailable("nobody opens the line any more");
        self.0.clone().wait_for(|open| *open).await.map(drop).map_err(shut)
    }

    fn liveness(&self) -> Option<Arc<dyn Liveness>> {
        None
    }
}
