//! What a backup says about itself. Written last: a folder without it is no backup.

use crate::outcome::Failure;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The format that this release writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// The files of a backup.
#[derive(Debug, Clone)]
pub struct BackupFolder(PathBuf);

/// What a backup says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The backup's format.
    pub format: u32,
    /// The release that made it.
    pub version: String,
    /// When it was made.
    pub made: String,
    /// The schema of the database.
    pub schema: i64,
    /// BLAKE3 of the database file, in hex.
    pub database_hash: String,
    /// How large the database is.
    pub database_bytes: u64,
    /// How many objects of the storage there are.
    pub objects: u64,
    /// How large they are together.
    pub object_bytes: u64,
    /// Other files of the storage (those of `storage:` paths).
    pub files: u64,
    /// Whether the key file is there.
    pub has_key: bool,
}

impl BackupFolder {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("cairn.db")
    }

    pub fn storage(&self) -> PathBuf {
        self.0.join("storage")
    }

    pub fn key(&self) -> PathBuf {
        self.0.join("cairn.db.key")
    }

    fn manifest(&self) -> PathBuf {
        self.0.join("backup.json")
    }

    /// Writes what the backup says about itself.
    pub fn finish(&self, manifest: &Manifest) -> Result<(), Failure> {
        let path = self.manifest();
        let written = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
            file.sync_all()?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|error| Failure::file("write", &path, &error))
    }

    /// What the backup says about itself. Refuses a folder that is no whole backup, or one of a newer release.
    pub fn read(&self) -> Result<Manifest, Failure> {
        let no_backup = |reason: String| {
            let message = format!("“{}” is no whole backup: {reason}", self.0.display());
            Failure::new("store/no-backup", message)
        };
        let text =
            fs::read(self.manifest()).map_err(|error| no_backup(format!("backup.json cannot be read ({error})")))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| no_backup(format!("backup.json is damaged ({error})")))?;
        if manifest.format > FORMAT {
            return Err(no_backup(format!(
                "it has format {}; use release {} or later",
                manifest.format, manifest.version
            )));
        }
        Ok(manifest)
    }
}

impl Manifest {
    /// That of a backup made now, of which nothing is known yet.
    pub fn now(schema: i64) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made: jiff::Timestamp::now().to_string(),
            schema,
            database_hash: String::new(),
            database_bytes: 0,
            objects: 0,
            object_bytes: 0,
            files: 0,
            has_key: false,
        }
    }
}
