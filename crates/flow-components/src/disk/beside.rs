//! Writing a file beside its place, and putting it there when it is whole.

use super::leftovers::{PREFIX, claim, sweep_now_and_then};
use std::fs::{File, Permissions, create_dir_all, hard_link, remove_file};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How often another name is tried when a sweep takes the file away.
const TRIES: usize = 8;

/// A file that is being written under another name in the folder of its place. Dropped, it is removed.
pub(crate) struct Beside {
    file: NamedTempFile,
    place: PathBuf,
}

impl Beside {
    /// Begins a file that is to be put at `place`. Folders that are missing are made; what killed writers left in the
    /// folder is removed.
    pub(crate) fn create(place: &Path) -> io::Result<Self> {
        if place.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let folder = folder_of(place);
        make_folder(&folder)?;
        sweep_now_and_then(&folder);
        for _ in 0..TRIES {
            let permissions = Permissions::from_mode(0o666);
            let file = tempfile::Builder::new().prefix(PREFIX).permissions(permissions).tempfile_in(&folder)?;
            if claim(file.as_file())? {
                return Ok(Self { file, place: place.to_owned() });
            }
        }
        Err(io::Error::other("its unfinished file was removed by another program"))
    }

    /// Writes into the file. Give the writer to [`Self::sync`] at the end.
    pub(crate) fn writer(&self) -> BufWriter<&File> {
        BufWriter::with_capacity(1 << 18, self.file.as_file())
    }

    /// Brings all that was written safely to the disk.
    pub(crate) fn sync(mut writer: BufWriter<&File>) -> io::Result<()> {
        writer.flush()?;
        writer.get_ref().sync_all()
    }

    /// Gives the file its name, durably. A file that is there is replaced.
    pub(crate) fn put_in_place(self) -> io::Result<()> {
        self.file.persist(&self.place).map_err(|error| error.error)?;
        sync_folder(&self.place)
    }

    /// Gives the file its name, durably; fails if there is a file already.
    pub(crate) fn put_in_free_place(self) -> io::Result<()> {
        self.file.persist_noclobber(&self.place).map_err(|error| error.error)?;
        sync_folder(&self.place)
    }
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Brings the entry of a file in its folder to the disk.
fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder_of(file))?.sync_all()
}

/// Makes a folder and those above it that are missing, durably: a folder is safe once the one above it is on the disk.
fn make_folder(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).count();
    create_dir_all(folder)?;
    for made in folder.ancestors().take(missing) {
        sync_folder(made)?;
    }
    Ok(())
}

/// Moves a file durably. Onto another disk it is copied, and removed when the copy is safe. Unless `replace`, a file
/// that is at `to` already is an error.
pub(crate) fn move_file(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    if to.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    make_folder(&folder_of(to))?;
    match rename(from, to, replace) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy_file(&mut File::open(from)?, to, replace)?;
            remove_file(from)?;
        }
        Err(error) => return Err(error),
    }
    sync_folder(to)?;
    sync_folder(from)
}

/// Deletes a file durably.
pub(crate) fn delete_file(file: &Path) -> io::Result<()> {
    remove_file(file)?;
    sync_folder(file)
}

/// Puts what `from` gives at `to`, durably, as a whole or not at all.
pub(crate) fn copy_file(from: &mut impl io::Read, to: &Path, replace: bool) -> io::Result<()> {
    let beside = Beside::create(to)?;
    let mut writer = beside.writer();
    io::copy(from, &mut writer)?;
    Beside::sync(writer)?;
    if replace { beside.put_in_place() } else { beside.put_in_free_place() }
}

/// Without `replace` the new name is made first, which fails if it is taken, and then the old one is removed. A process
/// that dies in between leaves both names for one file, which the next try finishes.
fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    if replace {
        return std::fs::rename(from, to);
    }
    match hard_link(from, to) {
        Ok(()) => remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if is_same_file(from, to) {
                remove_file(from)
            } else {
                Err(error)
            }
        }
        Err(error) if matches!(error.kind(), ErrorKind::CrossesDevices | ErrorKind::NotFound) => Err(error),
        // A file system without hard links.
        Err(_) if to.exists() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to),
    }
}

/// Whether two different names are one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| path.symlink_metadata().ok().map(|file| (file.dev(), file.ino()));
    let name = |path: &Path| Some((folder_of(path).canonicalize().ok()?, path.file_name()?.to_owned()));
    identity(one).is_some() && identity(one) == identity(other) && name(one) != name(other)
}
