//! `cairn bench`: what Cairn does on this machine, beside what the machine can do at all.

mod checkpoints;
mod failover;
mod report;
mod scratch;
mod yardstick;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use clap::ValueEnum;
use report::Report;
use scratch::Scratch;
use std::path::PathBuf;

/// Measure Cairn on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn bench checkpoints --runs 5
  cairn --json bench failover --folder /var/lib/cairn

Figures depend on the disk, so they come with yardsticks of the same disk, probed in turn with the load:
  F  appends of 4 KiB to a growing file, each followed by fdatasync, per second
  S  rows of 1 KB that bare SQLite commits, 64 at a time (WAL, synchronous=FULL), per second

checkpoints  flows of 10 components with a Checkpoint behind each and streams of 1 KB, through the real engine and store
  sequential_ratio_f      checkpoints per second, one flow at a time, as a share of F
  concurrent_64_ratio_s   checkpoints per second, 64 flows at once, as a share of S (and _ratio_f of F)
  flow_latency_ms         from asking for a flow to its end, one at a time
failover     two real servers; the owner of requests under way is killed with SIGKILL
  kill_to_resumed_ms      from the kill to the first component that runs on the survivor
  owner_resident_mib      memory that the killed owner held

Take the figures of an optimised build (make release), on a quiet machine.")]
pub struct Args {
    /// What to measure.
    #[arg(value_enum)]
    bench: Bench,
    /// How often to measure everything.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Measure on the disk that this folder is on; without it, on that of the current folder. What is written there is
    /// removed at the end.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// A benchmark.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bench {
    /// How many checkpoints are saved in a second.
    Checkpoints,
    /// How soon a survivor goes on after a kill.
    Failover,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let scratch = Scratch::new(args.folder)?;
    let report: Report = match args.bench {
        Bench::Checkpoints => checkpoints::measure(&scratch, args.runs).await?,
        Bench::Failover => failover::measure(&scratch, args.runs).await?,
    };
    report.print(output);
    Ok(Outcome::Good)
}
