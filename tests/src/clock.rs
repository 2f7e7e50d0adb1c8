//! A wall clock that a test sets while servers run: a library, loaded before theirs, that adds an offset to it.

use crate::preload;
use std::path::{Path, PathBuf};

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
    const char *path = getenv("CAIRN_TEST_CLOCK");
    char text[32] = {0};
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    return length > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
    return failed;
}

int gettimeofday(struct timeval *time, void *zone) {
    int failed = (int)syscall(SYS_gettimeofday, time, zone);
    if (!failed && time) time->tv_sec += offset();
    return failed;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"#;

pub struct TestClock {
    library: PathBuf,
    offset: PathBuf,
}

impl TestClock {
    /// Builds the library in `folder`.
    pub fn new(folder: &Path) -> Self {
        let clock = Self { library: preload::build(folder, "clock", SOURCE), offset: folder.join("clock-offset") };
        clock.set(0);
        clock
    }

    /// From now on the clock differs from the machine's by so many seconds.
    pub fn set(&self, seconds: i64) {
        preload::tell(&self.offset, &seconds.to_string());
    }

    /// What a process needs in its environment to go by this clock.
    pub fn environment(&self) -> Vec<(String, String)> {
        preload::environment(&self.library, "CAIRN_TEST_CLOCK", &self.offset)
    }
}
