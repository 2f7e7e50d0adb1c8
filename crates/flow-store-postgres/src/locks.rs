//! The numbers of advisory locks that stand for no row. Servers of another release know them, so none ever gets another meaning.
//! Those of servers and of idempotency keys are hashes; those of lives are in `liveness`.

/// Whoever makes or changes the tables.
pub(crate) const SCHEMA: i64 = 0x4361_6972_6e00_0001;
/// Whoever copies another database into this one.
pub(crate) const COPY: i64 = 0x4361_6972_6e00_0002;
/// Whoever makes requests run that have limits: claims them, or makes them so.
pub(crate) const LIMITS: i64 = 0x4361_6972_6e00_0003;
/// Whoever brings counts together.
pub(crate) const COUNTS: i64 = 0x4361_6972_6e00_0004;
/// Whoever makes the triggers of a project change over.
pub(crate) const TRIGGERS: i64 = 0x4361_6972_6e00_0005;
/// Whoever changes roles of accounts.
pub(crate) const ROLES: i64 = 0x4361_6972_6e00_0006;
/// Whoever changes a setting.
pub(crate) const SETTINGS: i64 = 0x4361_6972_6e00_0007;
