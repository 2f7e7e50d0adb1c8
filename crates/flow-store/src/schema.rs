//! Which programs may work on which schema of a checkpoint database, whatever keeps it. While the servers of a cluster are
//! brought to a new release one after the other, those of the release before work on its schema, too, and may start
//! again; so a database says which is the oldest schema whose programs it still serves.

use crate::StoreError;

/// The key in the table `cluster` that has the number of the oldest schema whose programs may work on the database.
pub const SERVES: &str = "serves-schema";

/// What this release's migrations write under [`SERVES`]: the oldest schema whose programs may work on a database of this
/// release's. To be raised by a migration that changes more than programs before it can bear: they bear more tables,
/// indexes and columns that may be left out.
pub const SERVES_FROM: i64 = 15;

/// Refuses a database of schema `found`, which serves programs from schema `serves` (where it says so), to a program that
/// knows schemas up to `supported`: with `store/newer-schema`.
pub fn admit(found: i64, serves: Option<i64>, supported: i64) -> Result<(), StoreError> {
    if found <= supported || serves.is_some_and(|serves| serves <= supported) {
        return Ok(());
    }
    Err(StoreError::NewerSchema { found, supported })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused_unless_it_serves_this_release_too() {
        assert!(admit(15, None, 15).is_ok());
        assert!(admit(14, Some(14), 15).is_ok());
        assert!(admit(16, Some(15), 15).is_ok());
        assert_eq!(admit(16, Some(16), 15).unwrap_err().code(), "store/newer-schema");
        assert_eq!(admit(16, None, 15).unwrap_err().code(), "store/newer-schema");
    }
}
