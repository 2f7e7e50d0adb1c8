//! What is in the storage.

use super::progress::Bar;
use crate::commands::store::{backup, blocking, files};
use crate::outcome::Failure;
use crate::output::counted;
use flow_store::{CheckpointStorage, StoredObject};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

/// Objects that are copied at the same time.
const AT_ONCE: usize = 8;

/// What was done with the storage.
#[derive(Debug, Default, Serialize)]
pub struct CopiedStorage {
    /// Objects that saved points name.
    pub objects: usize,
    /// Their size.
    pub bytes: u64,
    /// Files of `storage:` paths.
    pub files: u64,
    /// Whether they were copied to another storage.
    pub copied: bool,
    /// The identity of the storage, where it stays the same.
    #[serde(skip)]
    pub same_id: Option<String>,
}

impl CopiedStorage {
    pub fn text(&self) -> String {
        let (objects, size) = (counted(self.objects as u64, "object"), files::size(self.bytes));
        match self.copied {
            true => format!("{objects} ({size}) and {} are in the other storage.", counted(self.files, "file")),
            false => format!("{objects} ({size}) are in the storage, which stays the same."),
        }
    }
}

/// Copies the objects that are named into another storage, each checked by its hash; where there is no other, sees that they
/// are all there.
pub async fn copy(
    from: &CheckpointStorage,
    to: Option<&CheckpointStorage>,
    named: &[StoredObject],
    bar: &Bar,
) -> Result<CopiedStorage, Failure> {
    let bytes = named.iter().map(|object| object.bytes).sum();
    let mut done = CopiedStorage { objects: named.len(), bytes, copied: to.is_some(), ..Default::default() };
    bar.objects(bytes);
    let each = futures::stream::iter(named.iter().map(|object| async move {
        match to {
            Some(to) => from.copy_object(object, to).await?,
            None => from.check_object(object).await?,
        }
        bar.object(object.bytes);
        Ok::<_, Failure>(())
    }));
    each.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let marker = from.marker().await?;
    let Some(to) = to else {
        done.same_id = marker.map(|marker| marker.storage);
        return Ok(done);
    };
    if let (Some(from), Some(to)) = (from.folder(), to.folder()) {
        let (from, to) = (from.to_owned(), to.to_owned());
        done.files = blocking(move || {
            let copied = backup::copy_files(&from, &to, backup::Marker::Left)?;
            files::sync_folders(&to)?;
            Ok(copied)
        })
        .await?;
    }
    match (to.marker().await?, marker) {
        (Some(found), Some(marker)) if found.cluster == marker.cluster => {}
        (None, Some(marker)) => drop(to.mark(&marker.cluster).await?),
        // No server has ever used the source's.
        (None, None) => {}
        (Some(_), _) => return Err(to.of_another_cluster().into()),
    }
    Ok(done)
}
