//! A disk that fails while servers run: a library, loaded before theirs, by which what they write cannot be made durable.

use crate::preload;
use std::path::{Path, PathBuf};

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(int file) {
    const char *told = getenv("CAIRN_TEST_FAILING_DISK");
    char beginning[4096], link[64], path[4096];
    int list = told ? open(told, O_RDONLY | O_CLOEXEC) : -1;
    if (list < 0) return 0;
    ssize_t length = read(list, beginning, sizeof beginning);
    close(list);
    if (length <= 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path);
    return size >= length && memcmp(path, beginning, (size_t)length) == 0;
}

static int sync_by(long call, int file) {
    if (fails(file)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, file);
}

int fsync(int file) { return sync_by(SYS_fsync, file); }

int fdatasync(int file) { return sync_by(SYS_fdatasync, file); }
"#;

pub struct FailingDisk {
    library: PathBuf,
    told: PathBuf,
}

impl FailingDisk {
    /// Builds the library in `folder`. The disk is well until it is told to fail.
    pub fn new(folder: &Path) -> Self {
        let disk = Self { library: preload::build(folder, "disk", SOURCE), told: folder.join("disk-fails") };
        disk.mend();
        disk
    }

    /// From now on no file whose path begins with this can be made durable.
    pub fn fail(&self, beginning: &Path) {
        preload::tell(&self.told, &beginning.to_string_lossy());
    }

    /// From now on all can.
    pub fn mend(&self) {
        preload::tell(&self.told, "");
    }

    /// What a process needs in its environment to have this disk.
    pub fn environment(&self) -> Vec<(String, String)> {
        preload::environment(&self.library, "CAIRN_TEST_FAILING_DISK", &self.told)
    }
}
