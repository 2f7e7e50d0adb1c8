//! Fuzzing of all that comes from outside: documents, files, expressions, saved streams. Whatever the bytes, there is an
//! answer or an error with a code: no panic, no endless computing, no more memory than [`MEMORY`].
//!
//! In the tests each target sees a few hundred inputs, always the same. `make fuzz` gives each so many seconds
//! (`CAIRN_FUZZ_SECONDS`, 60 unless said otherwise) and begins anywhere; `CAIRN_SEED` begins there again. An input that
//! fails is made smaller and kept in `fuzz/kept/TARGET/`, where every later run begins. If the process dies (out of
//! memory, of stack), the input is in the file that the target printed at its start.

mod checkpoints;
mod documents;
mod expressions;
mod files;
mod inputs;

use inputs::{Inputs, Random};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many inputs a target sees in the tests.
const CASES: u64 = 150;
/// How much CPU time one input may take.
const TIME: Duration = Duration::from_secs(20);
/// How many bytes of memory the process may take more than at the start.
const MEMORY: u64 = 1 << 30;
/// How often it is tried to make an input that fails smaller.
const TRIES: usize = 400;

/// Checks inputs made from `samples`, into which `words` are put, until enough have been seen.
fn fuzz(target: &str, samples: Vec<Vec<u8>>, words: &[&str], check: impl Fn(&[u8])) {
    let run = Run { target, check: &check, memory: most_memory() + MEMORY };
    for (path, input) in kept(target) {
        println!("{}", path.display());
        run.checked(&input);
    }
    samples.iter().for_each(|sample| run.checked(sample));

    let (seed, until) = plan();
    println!("{target}: CAIRN_SEED={seed}; the input at work is in {}", run.at_work().display());
    let mut inputs = Inputs::new(Random::new(seed), samples, words);
    let begun = Instant::now();
    let mut seen = 0;
    while until.map_or(seen < CASES, |until| begun.elapsed() < until) {
        run.checked(&inputs.next());
        seen += 1;
    }
    fs::remove_file(run.at_work()).ok();
    println!("{target}: {seen} inputs");
}

/// Where to begin, and for how long; without a time, for [`CASES`] inputs.
fn plan() -> (u64, Option<Duration>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let until = number("CAIRN_FUZZ_SECONDS").map(Duration::from_secs);
    let anywhere = || std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
    (number("CAIRN_SEED").unwrap_or_else(|| if until.is_some() { anywhere() } else { 1 }), until)
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fuzz/kept").join(target)
}

/// The inputs that failed once.
fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder(target)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The most memory that this process ever took.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// A target at work.
struct Run<'a> {
    target: &'a str,
    check: &'a dyn Fn(&[u8]),
    /// So much memory may be taken at most.
    memory: u64,
}

impl Run<'_> {
    /// Where the input is that is being checked.
    fn at_work(&self) -> PathBuf {
        std::env::temp_dir().join(format!("cairn-fuzz-{}-{}", self.target, std::process::id()))
    }

    /// Checks an input. If it fails, it is made smaller and kept, and the test fails.
    fn checked(&self, input: &[u8]) {
        fs::write(self.at_work(), input).unwrap();
        let Err(why) = self.check(input) else { return };
        let smaller = if why.can_be_tried_again { self.smaller(input) } else { input.to_vec() };
        let path = folder(self.target).join(&blake3::hash(&smaller).to_hex()[..16]);
        fs::create_dir_all(folder(self.target)).unwrap();
        fs::write(&path, &smaller).unwrap();
        let text = String::from_utf8_lossy(&smaller[..smaller.len().min(2000)]).into_owned();
        panic!("{}: {}; the input is kept in {}:\n{text}", self.target, why.text, path.display());
    }

    fn check(&self, input: &[u8]) -> Result<(), Why> {
        let begun = cpu_time();
        if catch_unwind(AssertUnwindSafe(|| (self.check)(input))).is_err() {
            return Err(Why { text: "a panic".to_owned(), can_be_tried_again: true });
        }
        let took = cpu_time().saturating_sub(begun);
        if took > TIME {
            return Err(Why { text: format!("it takes {took:?}"), can_be_tried_again: false });
        }
        let most = most_memory();
        if most > self.memory {
            let text = format!("it takes the process to {} MiB", most >> 20);
            return Err(Why { text, can_be_tried_again: false });
        }
        Ok(())
    }

    /// The same failure with less: parts are left out as long as it fails.
    fn smaller(&self, input: &[u8]) -> Vec<u8> {
        let mut smallest = input.to_vec();
        let (mut part, mut from) = (smallest.len() / 2, 0);
        for _ in 0..TRIES {
            if part == 0 {
                break;
            }
            let to = (from + part).min(smallest.len());
            let without = [&smallest[..from.min(to)], &smallest[to..]].concat();
            if to > from && self.check(&without).is_err() {
                smallest = without;
            } else {
                from += part;
            }
            if from >= smallest.len() {
                (part, from) = (part / 2, 0);
            }
        }
        smallest
    }
}

/// Why an input is refused.
struct Why {
    text: String,
    can_be_tried_again: bool,
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
