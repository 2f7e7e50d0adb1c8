//! Writing a file all or nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// What the names of temporary files begin with. The dot hides them from everything that lists a project.
const PREFIX: &str = ".cairn-save-";
/// A temporary file this old was left behind by a crash.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Writes `content` to `path` so that after a crash at any moment the file holds either what it held before or
/// `content`. `ready` is asked right before the file is replaced; an error from it leaves the file as it was.
pub(crate) fn write<E>(
    path: &Path,
    content: &[u8],
    ready: impl FnOnce() -> Result<(), E>,
) -> io::Result<Result<(), E>> {
    let folder = path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no folder"))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        // What a new file gets anyway, less the umask.
        builder.permissions(fs::Permissions::from_mode(0o666));
        fs::metadata(path).ok().map(|metadata| metadata.permissions())
    };
    let mut file = builder.tempfile_in(folder).map_err(without_path)?;
    file.as_file_mut().write_all(content)?;
    #[cfg(unix)]
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    if let Err(error) = ready() {
        return Ok(Err(error));
    }
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)?;
    Ok(Ok(()))
}

/// The error alone: whoever saves a file knows its name, and that of the temporary one tells nobody anything.
fn without_path(error: io::Error) -> io::Error {
    let cause =
        error.get_ref().and_then(|wrapped| wrapped.source()).and_then(|cause| cause.downcast_ref::<io::Error>());
    let code = cause.and_then(io::Error::raw_os_error);
    code.map_or(error, io::Error::from_raw_os_error)
}

/// Makes renames and removals in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes temporary files that crashed saves left in `folder`.
pub(crate) fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|at| at.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > ABANDONED)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::debug!(path = %entry.path().display(), %error, "an abandoned temporary file stays");
        }
    }
}
