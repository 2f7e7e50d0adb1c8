//! `cairn bench`: what Cairn does on this machine, beside what the machine can do at all.

mod bulk;
mod checkpoints;
mod effect;
mod engine;
mod failover;
mod flows;
mod overload;
mod process;
mod report;
mod requests;
mod sales;
mod scratch;
mod server;
mod service;
mod stolen;
mod streams;
mod upsert;
mod yardstick;

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use clap::ValueEnum;
use report::Report;
use scratch::Scratch;
use std::path::PathBuf;
use stolen::Processors;

/// Measure Cairn on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn bench checkpoints --runs 5
  cairn --json bench failover --folder /var/lib/cairn

Figures of saved work depend on the disk, so they come with yardsticks of it, probed in turn with the load:
  F  appends of 4 KiB to a growing file, each followed by fdatasync, per second
  S  rows of 1 KB that bare SQLite commits, 64 at a time (WAL, synchronous=FULL), per second
Where the machine is a virtual one, the host may give its processors to others while something is measured:
  stolen_percent  the share of all processor time that was withheld so; figures with different shares do not compare

checkpoints  flows of 10 components with a Checkpoint behind each and streams of 1 KB, through the real engine and store
  sequential_ratio_f      checkpoints per second, one flow at a time, as a share of F
  concurrent_64_ratio_s   checkpoints per second, 64 flows at once, as a share of S (and _ratio_f of F)
  bulk_rows_per_s         checkpoints per second that the store takes when many come at once
  flow_latency_ms         from asking for a flow to its end, one at a time
  flows_32_per_s          flows per second, 32 at once (flows_1: one at a time; *_p50_ms, *_p99_ms: how long each takes), and
                          effects_flows_* where every component between the Checkpoints changes the world: what bench/peers
                          compares with other programs
failover     two real servers; the owner of requests under way is killed with SIGKILL, frozen with SIGSTOP, or cut off from
             the database
  kill_to_resumed_ms      from the kill to the first component that runs on the survivor
  hang_to_resumed_ms      the same from the moment in which it was frozen; the lease is 2,000
  partition_to_resumed_ms the same where the owner's line to PostgreSQL (--database, by TCP on this machine) is cut
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
upsert       a CSV file (--rows) put into a table of PostgreSQL, half of whose rows are there already, by cairn run
  seconds, rows_per_s, peak_resident_mib
                          as for streams
  peer_psql_seconds       the same by psql: COPY into a staging table and one INSERT … ON CONFLICT; ratio_psql as above
  The server is that of PGHOST, PGPORT, PGUSER and PGDATABASE; bench/peers/postgres/with COMMAND starts one.
service      real servers and their API
  start_to_ready_ms       from starting a server to its being ready
  idle_cpu_percent, idle_resident_mib
                          what a server takes that nobody asks anything of
  replies_32_per_s        requests of 10 components with one Checkpoint made over HTTP, and their replies, 32 at once; the
                          callers are in the measuring process (reply_32_*_ms: how long each takes)
  create_to_first_component_*_ms
                          from sending the call to the start of the first component, at half of that load
  in_flight_*             --in-flight requests under way whose owner is killed with SIGKILL: until they are the survivor's
                          (reowned), and until the last one runs there (last_resumed)
  list_*_ms               a page of the list of requests over HTTP, with --stored requests in the store
  stored_*                replies and the start of the first component, as above, with --stored requests in the store
overload     three servers with the default lease and callers who never rest, beside twice as many threads that only burn
             processor time as there are processors, for --minutes; `taskset -c 0 cairn bench overload` takes one
  takeovers, declared_dead        must be 0: nobody was lost (declared_dead counts servers that had to join anew)
  longest_silence_ms              the longest time in which a server's heartbeat stood still (SQLite); the lease is 2,000
  servers_cpus, others_cpus       the processors that the servers got, and that burners and callers did
  replies, reply_p99_ms           what the callers got; calls_failed, second_attempts should be 0
requests     a store with as many requests as --stored, of 60 flows and 5 servers, filtered in many ways
  list_worst_ms, counts_worst_ms   the slowest page of 100, and the slowest counts
  writes_full_ratio                requests made, saved once and ended per second, as a share of those in an empty store
  retention_longest_write_ms       how long one write of retention keeps others waiting

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
    /// Measure `checkpoints`, `failover` and `service` on this PostgreSQL database, in schemas of their own, which are removed at
    /// the end: postgres://USER@HOST/DATABASE.
    #[arg(long, value_name = "CONNECTION")]
    database: Option<CheckpointConnection>,
    /// Records of the file that `streams` (10 million) and `upsert` (1 million) read.
    #[arg(long)]
    rows: Option<u64>,
    /// Requests under way when `service` kills their owner; 0 leaves that out.
    #[arg(long, default_value_t = 10_000)]
    in_flight: u32,
    /// Requests in the store when `service` and `requests` list them and `service` makes more; 0 leaves that out of `service`.
    #[arg(long, default_value_t = 1_000_000)]
    stored: u32,
    /// For how long `overload` burns.
    #[arg(long, default_value_t = 60.0, value_parser = overload::minutes)]
    minutes: f64,
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
    /// How fast a large file gets into PostgreSQL.
    Upsert,
    /// What a running service costs and gives.
    Service,
    /// Whether servers take each other for dead on a machine that has far too much to do.
    Overload,
    /// How long lists, counts and retention take when the store is full of requests.
    Requests,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let scratch = Scratch::new(args.folder, args.database)?;
    let begun = Processors::now();
    let mut report: Report = match args.bench {
        Bench::Checkpoints => checkpoints::measure(&scratch, args.runs).await?,
        Bench::Failover => failover::measure(&scratch, args.runs).await?,
        Bench::Engine => engine::measure(&scratch, args.runs).await?,
        Bench::Streams => streams::measure(&scratch, args.runs, args.rows.unwrap_or(10_000_000), &args.peers)?,
        Bench::Service => {
            let size = service::Size { in_flight: args.in_flight, stored: args.stored };
            service::measure(&scratch, args.runs, size).await?
        }
        Bench::Overload => overload::measure(&scratch, args.minutes).await?,
        Bench::Requests => requests::measure(&scratch, args.runs, args.stored).await?,
        Bench::Upsert => upsert::measure(&scratch, args.runs, args.rows.unwrap_or(1_000_000))?,
    };
    let stolen = begun.and_then(|begun| Processors::now()?.stolen_percent_since(&begun));
    report.note_stolen(stolen);
    scratch.clean().await?;
    report.print(output);
    Ok(Outcome::Good)
}
