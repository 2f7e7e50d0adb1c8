//! `cairn bench`: what Cairn does on this machine, beside what the machine can do at all.

mod checkpoints;
mod engine;
mod failover;
mod flows;
mod report;
mod scratch;
mod server;
mod streams;
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

Figures of saved work depend on the disk, so they come with yardsticks of it, probed in turn with the load:
  F  appends of 4 KiB to a growing file, each followed by fdatasync, per second
  S  rows of 1 KB that bare SQLite commits, 64 at a time (WAL, synchronous=FULL), per second

checkpoints  flows of 10 components with a Checkpoint behind each and streams of 1 KB, through the real engine and store
  sequential_ratio_f      checkpoints per second, one flow at a time, as a share of F
  concurrent_64_ratio_s   checkpoints per second, 64 flows at once, as a share of S (and _ratio_f of F)
  flow_latency_ms         from asking for a flow to its end, one at a time
failover     two real servers; the owner of requests under way is killed with SIGKILL
  kill_to_resumed_ms      from the kill to the first component that runs on the survivor
  owner_resident_mib      memory that the killed owner held
engine       what running a flow costs beside the work of its components; nothing is saved
  pure_flow_cpu_us            processor time of a flow of 10 Mappers over one record
  for_each_component_cpu_us   the same a component, in the body of a ForEach over 100,000 records
  check_500_flows_ms          cairn check of 500 flows of 50 components, as a whole process
  edit_diagnostics_ms         an edit of a flow of 1,000 components with its structural diagnostics
streams      a CSV file (--rows) read, filtered, mapped, summed up and put into SQLite by cairn run, as a whole process
  seconds, rows_per_s     how long it took
  peak_resident_mib       the most memory that it held
  peer_NAME_seconds       the same by another program (--peer NAME=COMMAND; see bench/peers), and ratio_NAME: its time
                          as a share of ours, so more is better

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
    /// Records of the file that `streams` reads.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Another program that does what `streams` does: a command that is given the file and a folder for its result.
    #[arg(long = "peer", value_name = "NAME=COMMAND", value_parser = streams::Peer::parse)]
    peers: Vec<streams::Peer>,
}

/// A benchmark.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bench {
    /// How many checkpoints are saved in a second.
    Checkpoints,
    /// How soon a survivor goes on after a kill.
    Failover,
    /// What running a flow costs, and checking one.
    Engine,
    /// How fast a large file goes through a flow.
    Streams,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let scratch = Scratch::new(args.folder)?;
    let report: Report = match args.bench {
        Bench::Checkpoints => checkpoints::measure(&scratch, args.runs).await?,
        Bench::Failover => failover::measure(&scratch, args.runs).await?,
        Bench::Engine => engine::measure(&scratch, args.runs).await?,
        Bench::Streams => streams::measure(&scratch, args.runs, args.rows, &args.peers)?,
    };
    report.print(output);
    Ok(Outcome::Good)
}
