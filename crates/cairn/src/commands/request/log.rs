//! `cairn request log`.

use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::Remote;
use flow_api::{EventStream, LogEntry, LogQuery, RequestEvent};
use std::time::Duration;

/// How long no server need answer before a log is no longer followed.
const GIVE_UP: Duration = Duration::from_secs(60);
/// Time between two tries to find a server that answers.
const AGAIN: Duration = Duration::from_millis(500);

/// Show the log of one request.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn request log 17
  cairn request log 17 --follow            Until the request has ended, across the loss of servers
  cairn --json request log 17 | jq -r 'select(.level == \"error\") | .message'")]
pub struct Args {
    /// The request.
    id: i64,
    /// Go on until the request has ended.
    #[arg(long, short)]
    follow: bool,
}

/// Runs the command.
pub async fn run(args: Args, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let mut follower = Follower { id: args.id, remote, output, printed: None };
    match args.follow {
        true => follower.follow().await?,
        false => follower.print_all().await?,
    }
    Ok(Outcome::Good)
}

/// Prints the entries of a log, each once.
struct Follower<'a> {
    id: i64,
    remote: &'a Remote,
    output: Output,
    /// The number of the last entry that was printed.
    printed: Option<u64>,
}

impl Follower<'_> {
    async fn print_all(&mut self) -> Result<(), Failure> {
        loop {
            let (id, query) = (self.id, &LogQuery { after: self.printed, limit: None });
            let entries = self.remote.any(|client| async move { client.request_log(id, query).await }).await?;
            if entries.is_empty() {
                return Ok(());
            }
            entries.iter().for_each(|entry| self.print(entry));
        }
    }

    /// Follows the events of the request. When the server that tells them is lost, another one goes on.
    async fn follow(&mut self) -> Result<(), Failure> {
        self.remote.servers().await?;
        let (id, mut after) = (self.id, None::<String>);
        let mut answered = tokio::time::Instant::now();
        loop {
            let from = after.as_deref();
            match self.remote.any(|client| async move { client.request_events(id, from).await }).await {
                Ok(mut events) => {
                    let ended = self.read(&mut events).await;
                    after = events.last_id().map(str::to_owned).or(after);
                    answered = tokio::time::Instant::now();
                    if ended {
                        return Ok(());
                    }
                }
                Err(error) if error.code != "cluster/unreachable" || answered.elapsed() > GIVE_UP => {
                    return Err(error.into());
                }
                Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Prints what the stream tells. Whether the request has ended; otherwise the stream broke.
    async fn read(&mut self, events: &mut EventStream<RequestEvent>) -> bool {
        let mut ended = false;
        while let Ok(Some(event)) = events.try_next().await {
            match event {
                RequestEvent::Log { entry } => self.print(&entry),
                RequestEvent::Changed { request } => ended = request.state.has_ended(),
                RequestEvent::SavedPoint { .. } => {}
            }
        }
        ended
    }

    fn print(&mut self, entry: &LogEntry) {
        if self.printed.is_none_or(|printed| entry.number > printed) {
            self.printed = Some(entry.number);
            self.output.answer(entry, || log_line(entry));
        }
    }
}

/// One line of a log.
fn log_line(entry: &LogEntry) -> String {
    let place = entry.component.as_deref().unwrap_or("-");
    format!("{} {} #{} {place} {}: {}", clock(entry.at), entry.server, entry.attempt, entry.event, entry.message)
}
