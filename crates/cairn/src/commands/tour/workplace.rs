//! The folder in which a tour takes place.

use crate::outcome::Failure;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The work folder. One tour at a time.
pub struct Workplace {
    root: PathBuf,
    _lock: File,
}

impl Workplace {
    /// Opens the folder, makes it where it is missing, and clears away the last tour's cluster. The project stays.
    pub fn open(root: Option<PathBuf>) -> Result<Self, Failure> {
        let root = root.map_or_else(default_folder, Ok)?;
        let root = std::path::absolute(&root).map_err(|error| Failure::file("find", &root, &error))?;
        std::fs::create_dir_all(&root).map_err(|error| Failure::file("make the folder", &root, &error))?;
        let path = root.join("tour.lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| Failure::file("write", &path, &error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let message =
                format!("another tour is under way in {}: end it, or give --work another folder", root.display());
            return Err(Failure::new("tour/under-way", message));
        }
        let place = Self { root, _lock: lock };
        for folder in [place.cluster(), place.designer_config()] {
            clear(&folder)?;
        }
        Ok(place)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sample project.
    pub fn project(&self) -> PathBuf {
        self.root.join("orders")
    }

    /// The bare repository that the project is pushed to.
    pub fn remote(&self) -> PathBuf {
        self.root.join("orders.git")
    }

    /// Where the cluster keeps everything.
    pub fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// The designer's settings for the tour, apart from the user's own.
    pub fn designer_config(&self) -> PathBuf {
        self.root.join("designer")
    }

    /// What the designer's Failover tour reads.
    pub fn tour_file(&self) -> PathBuf {
        self.designer_config().join("tour.json")
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // It names processes that are gone. That it is missing is just as good.
        let _ = std::fs::remove_file(self.tour_file());
    }
}

fn clear(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file("clear", folder, &error)),
        _ => std::fs::create_dir_all(folder).map_err(|error| Failure::file("make the folder", folder, &error)),
    }
}

fn default_folder() -> Result<PathBuf, Failure> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("cairn/tour"))
        .ok_or_else(|| Failure::new("tour/no-home", "there is no home folder to work in: give --work a folder"))
}
