//! A disk that is soon full.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, mounted below a folder, and unmounted when dropped.
pub struct SmallDisk {
    pub folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it; none where this account may not.
    pub fn mount(parent: &Path, megabytes: u32) -> Option<Self> {
        let folder = parent.join("small");
        std::fs::create_dir_all(&folder).expect("its folder");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "cairn-test"]).arg(&folder).output();
        mounted.is_ok_and(|done| done.status.success()).then_some(Self { folder })
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("the filler");
        let zeros = [0_u8; 64 * 1024];
        while filler.write_all(&zeros).is_ok() {}
        while filler.write_all(&[0]).is_ok() {}
    }

    /// Gives it back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("the filler is removed");
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
