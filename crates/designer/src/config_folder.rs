//! The designer's config folder: small JSON files with what it keeps.

use crate::CommandError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The file that is locked by who changes another one.
const LOCK: &str = ".lock";

/// How often this process has written.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// The designer's config folder.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFolder {
    folder: Arc<Path>,
}

impl ConfigFolder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder: folder.into() }
    }

    /// A folder or file in the config folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads the settings file `name`. What is missing or cannot be read counts as empty: a broken settings file must
    /// not keep anybody from their project.
    pub(crate) fn read<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(content) => serde_json::from_slice(&content).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the settings file is broken and counts as empty");
                T::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the settings file cannot be read and counts as empty");
                T::default()
            }
        }
    }

    /// Changes the settings file `name`, which nobody else changes meanwhile; an error of `change` leaves it as it is.
    pub(crate) fn change<T: DeserializeOwned + Default + Serialize, R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut T) -> Result<R, CommandError>,
    ) -> Result<R, CommandError> {
        let _alone = self.alone()?;
        let mut content = self.read(name);
        let answer = change(&mut content)?;
        self.write(name, &content)?;
        Ok(answer)
    }

    /// Keeps everybody else, in this process and in others, from changing what is read here and then written, for as long as
    /// the answer is kept.
    pub(crate) fn alone(&self) -> Result<File, CommandError> {
        let path = self.path(LOCK);
        let lock = || -> io::Result<File> {
            fs::create_dir_all(&self.folder)?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|error| cannot_write(&path, &error))
    }

    /// Writes the settings file `name`, all or nothing, readable by the user alone.
    pub(crate) fn write(&self, name: &str, content: &impl Serialize) -> Result<(), CommandError> {
        let path = self.path(name);
        self.replace(&path, content).map_err(|error| cannot_write(&path, &error))
    }

    fn replace(&self, path: &Path, content: &impl Serialize) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut text = serde_json::to_vec_pretty(content)?;
        text.push(b'\n');
        // A name of its own for each write: two threads may write at once, and two designers may share the folder.
        let write = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{write}.tmp", std::process::id()));
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        written().inspect_err(|_| {
            // On a full disk it would only take room.
            let _ = fs::remove_file(&temporary);
        })
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new("settings/cannot-write", format!("cannot write {}: {error}", path.display()))
}

/// The config folder of the user's designer: `CAIRN_CONFIG`, or else the place that the XDG rules name.
pub fn default_config_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("CAIRN_CONFIG")
        .or_else(|| variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute()).map(|path| path.join("cairn")))
        .or_else(|| variable("HOME").map(|home| home.join(".config/cairn")))
        .unwrap_or_else(|| PathBuf::from(".cairn"))
}
