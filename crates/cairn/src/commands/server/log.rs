//! `cairn server log`.

use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::Remote;
use flow_api::{LogLevel, ServerLogLine, ServerLogQuery};
use std::time::Duration;

/// Time between two looks at a log that is followed.
const LOOK: Duration = Duration::from_secs(1);
/// How many looks in a row may fail before a log is no longer followed.
const FAILURES: u32 = 60;

/// Show the end of a server's log; other servers have it too when the server is gone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn server log north
  cairn server log north --lines 1000 --level warning
  cairn server log north --follow --text takeover
  cairn --json server log north | jq -r 'select(.fields.request == 17).message'")]
pub struct Args {
    /// The server, by name or id.
    #[arg(value_name = "SERVER")]
    named: String,
    /// Go on with what is written from now on, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// How many lines of its end.
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    lines: u32,
    /// Only lines at least as important as this: debug, info, warning or error.
    #[arg(long, value_parser = parse_level)]
    level: Option<LogLevel>,
    /// Only lines with this text in them.
    #[arg(long)]
    text: Option<String>,
}

/// Runs the command.
pub async fn run(args: Args, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let id = remote.server(&args.named).await?.id;
    let id = id.as_str();
    let mut query =
        ServerLogQuery { q: args.text, level: args.level, limit: Some(args.lines), ..ServerLogQuery::default() };
    let mut failures = 0;
    loop {
        let wanted = &query;
        match remote.any(|client| async move { client.server_log(id, wanted).await }).await {
            Ok(page) => {
                page.items.iter().for_each(|line| output.answer(line, || text(line)));
                if !args.follow {
                    return Ok(Outcome::Good);
                }
                failures = 0;
                let there_is_more = query.after.is_some() && !page.items.is_empty();
                query.after = Some(page.next);
                if there_is_more {
                    continue;
                }
            }
            Err(error) if args.follow && error.code == "cluster/unreachable" && failures < FAILURES => failures += 1,
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn text(line: &ServerLogLine) -> String {
    let mut text = format!("{} {:<7} {}", clock(line.at), level_name(line.level), line.message);
    for (name, value) in &line.fields {
        match value.as_str() {
            Some(value) => text.push_str(&format!(" {name}={value}")),
            None => text.push_str(&format!(" {name}={value}")),
        }
    }
    text
}

fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warning",
        LogLevel::Error => "error",
    }
}

fn parse_level(text: &str) -> Result<LogLevel, String> {
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error];
    let found = levels.into_iter().find(|level| level_name(*level).eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("“{text}” is not a level: use debug, info, warning or error"))
}
