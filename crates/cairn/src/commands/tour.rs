//! `cairn tour`: the whole story on this machine. Two servers, a project, requests, a loss, a takeover.

mod children;
mod cluster;
mod notices;
mod sample;
mod story;
mod workplace;

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use children::{BrowserDesigner, window_program};
use cluster::{Account, TourCluster};
use notices::Notices;
use sample::Samples;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use workplace::Workplace;

/// See it all at once: a cluster of two servers, a sample project, a loss and a takeover.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It makes a sample project under git, starts two servers that share a checkpoint database, and signs the designer in.

With a display it opens the designer on the project; the story is then Help > Failover tour. It ends when the window is
closed.

Without a display, or with --no-window, it plays the story by itself: it pushes the update to both servers, starts requests
on real data, kills the server that has most of them with SIGKILL, and shows how the other one goes on. It ends with a table
and the exit status 1 if anything was lost or done twice. At a terminal it then stays up until Ctrl-C.

Everything listens on loopback and is stopped at the end. The project stays in the work folder; the cluster is made anew
each time.")]
pub struct Args {
    /// Where the project, its repository and the cluster are kept.
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// The folder of the sample projects, rather than those that came with this program.
    #[arg(long, value_name = "FOLDER")]
    samples: Option<PathBuf>,
    /// How many requests the story starts.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=1000))]
    requests: u32,
    /// Play the story by itself although there is a display.
    #[arg(long)]
    no_window: bool,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let place = Workplace::open(args.work)?;
    output.line(format!("==> Everything is in {}", place.root().display()));
    let notices = Notices::start(&place.project(), Samples::new(args.samples)).await?;
    output.line("==> Starting a cluster of two servers");
    let mut cluster = TourCluster::start(&place, args.requests).await?;
    let account = cluster.make_account().await?;

    let outcome = match window_program().filter(|_| !args.no_window) {
        Some(program) => with_window(&program, &place, &mut cluster, &account, output).await,
        None => without_window(&place, &mut cluster, &account, &notices, output).await,
    };
    output.line("==> Stopping the servers");
    cluster.stop().await;
    outcome
}

async fn with_window(
    program: &Path,
    place: &Workplace,
    cluster: &mut TourCluster,
    account: &Account,
    output: Output,
) -> Result<Outcome, Failure> {
    story::sign_in(&place.designer_config(), cluster, account).await?;
    print_addresses(cluster, account, None, output);
    output.line("==> Opening the designer; the story is Help > Failover tour");
    let mut window = children::start_window(program, place)?;
    loop {
        tokio::select! {
            ended = window.wait() => return Ok(Outcome::good_if(ended.is_ok_and(|status| status.success()))),
            restarted = cluster.replace_a_lost_server() => restarted?,
            () = interrupted() => return Ok(Outcome::Good),
        }
    }
}

async fn without_window(
    place: &Workplace,
    cluster: &mut TourCluster,
    account: &Account,
    notices: &Notices,
    output: Output,
) -> Result<Outcome, Failure> {
    let report = tokio::select! {
        report = story::play(place, cluster, account, output) => report?,
        // A story that was not told to its end proves nothing.
        () = interrupted() => return Ok(Outcome::Bad),
    };
    output.answer(&report, || story::table_of(&report, notices.received()));
    let browser = BrowserDesigner::start(place).await?;
    print_addresses(cluster, account, Some(&browser), output);
    if output.is_terminal() && !output.is_json() {
        output.line("The cluster stays up until Ctrl-C. The server that was killed is started again.");
        stay_up(cluster).await?;
    }
    Ok(Outcome::good_if(story::is_good(&report)))
}

/// Until somebody wants it to end.
async fn stay_up(cluster: &mut TourCluster) -> Result<(), Failure> {
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            restarted = cluster.replace_a_lost_server() => restarted?,
            () = &mut interrupted => return Ok(()),
        }
    }
}

fn print_addresses(cluster: &TourCluster, account: &Account, browser: Option<&BrowserDesigner>, output: Output) {
    output.line("");
    for address in cluster.addresses() {
        output.line(format!("    console    {address}"));
    }
    output.line(format!("    sign in    {} / {}", account.name, account.password));
    if let Some(browser) = browser {
        output.line(format!("    designer   {}", browser.address));
    }
    output.line("");
}

/// Until Ctrl-C or SIGTERM.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
