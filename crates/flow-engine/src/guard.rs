//! Whether this server still surely owns what it runs.

/// Tells whether this server may act. A server whose lease is running out must not: a survivor may be about to.
pub trait OwnerGuard: Send + Sync {
    /// Whether it may act now. Asked before every component and every effect on the world, so it must be quick.
    fn may_act(&self) -> bool;
}

/// The guard of whoever has no one to share with: local runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysOwner;

impl OwnerGuard for AlwaysOwner {
    fn may_act(&self) -> bool {
        true
    }
}

/// The guard where nothing may act at all: flows are only looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NeverOwner;

impl OwnerGuard for NeverOwner {
    fn may_act(&self) -> bool {
        false
    }
}
