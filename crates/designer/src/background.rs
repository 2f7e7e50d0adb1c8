//! Work that would hold up others.

use crate::CommandError;

/// Runs what blocks (files, git, a keyring) on a thread made for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(CommandError::internal(&error)))
}
