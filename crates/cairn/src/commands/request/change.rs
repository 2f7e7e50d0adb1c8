//! Changing many requests at once: several, or all that a filter finds; and `cairn request cancel`.

use super::filter::FilterArgs;
use super::show::request_line;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, counted};
use crate::remote::Remote;
use clap::Args;
use flow_api::{Bulk, BulkAction, BulkDone, RequestState, VersionChoice};
use std::io::{BufRead, IsTerminal, Write};

/// How many are named of those that a filter found and that were left alone.
const NAMED: usize = 10;

/// End requests: one, several, or all that a filter finds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cairn request cancel 17
  cairn request cancel --flow order-import --state Queued --dry-run
  cairn request cancel --flow order-import --state Queued --yes

What has ended cannot be cancelled. A filter without --state means all that have not ended.")]
pub struct CancelArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Which requests.
#[derive(Debug, Args)]
pub struct Chosen {
    /// The requests, by id.
    ids: Vec<i64>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Say how many it would be done to, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before it is done to all that a filter finds.
    #[arg(long, short)]
    yes: bool,
}

/// Runs `cairn request cancel`.
pub async fn cancel(args: CancelArgs, remote: &Remote, output: Output) -> Result<Outcome, Failure> {
    let Some(id) = args.chosen.only_one() else {
        let under_way =
            [RequestState::Queued, RequestState::Running, RequestState::Waiting, RequestState::WaitingForRetry];
        return many(args.chosen, BulkAction::Cancel, None, &under_way, remote, output).await;
    };
    let request = remote.any(|client| async move { client.cancel(id).await }).await?;
    output.answer(&request, || request_line(&request));
    Ok(Outcome::Good)
}

impl Chosen {
    /// The one request that was named, whatever else was.
    pub fn named(&self) -> Option<i64> {
        match self.ids.as_slice() {
            [id] if !self.filter.is_given() => Some(*id),
            _ => None,
        }
    }

    /// Whether nothing is to be done but told.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The one request that was named, when it is to be changed without more ado.
    pub fn only_one(&self) -> Option<i64> {
        self.named().filter(|_| !self.dry_run)
    }
}

/// Does something to all that were chosen, or says what that would do.
pub async fn many(
    chosen: Chosen,
    action: BulkAction,
    version: Option<VersionChoice>,
    states: &[RequestState],
    remote: &Remote,
    output: Output,
) -> Result<Outcome, Failure> {
    let Chosen { ids, filter, dry_run, yes } = chosen;
    if ids.is_empty() != filter.is_given() {
        let message = "say which requests: either their ids, or conditions such as --flow or --state, and not both";
        return Err(Failure::new("request/which", message));
    }
    let by_filter = ids.is_empty();
    let mut bulk = Bulk { action, ids: Some(ids), filter: None, version, dry_run: true };
    if by_filter {
        (bulk.ids, bulk.filter) = (None, Some(filter.or_in(states).query(remote).await?));
    }
    if dry_run || (by_filter && !yes) {
        let preview = all_pages(bulk.clone(), remote).await?;
        if dry_run {
            output.answer(&preview, || done_text(&bulk, &preview));
            return Ok(Outcome::Good);
        }
        confirm(&done_text(&bulk, &preview), output)?;
    }
    bulk.dry_run = false;
    let done = all_pages(bulk.clone(), remote).await?;
    output.answer(&done, || done_text(&bulk, &done));
    Ok(Outcome::good_if(done.skipped_count == 0))
}

/// Does it page by page, and gives the sum.
async fn all_pages(mut bulk: Bulk, remote: &Remote) -> Result<BulkDone, Failure> {
    let mut sum: Option<BulkDone> = None;
    loop {
        let page = {
            let bulk = &bulk;
            remote.any(|client| async move { client.bulk(bulk).await }).await?
        };
        let next = page.next.clone();
        let so_far = match sum.take() {
            Some(before) => added(before, page),
            None => page,
        };
        match (next, &mut bulk.filter) {
            (Some(next), Some(filter)) => filter.after = Some(next),
            _ => return Ok(BulkDone { next: None, ..so_far }),
        }
        sum = Some(so_far);
    }
}

fn added(mut sum: BulkDone, page: BulkDone) -> BulkDone {
    sum.matched += page.matched;
    sum.done += page.done;
    sum.skipped_count += page.skipped_count;
    sum.skipped.extend(page.skipped);
    for (state, count) in page.states {
        *sum.states.entry(state).or_default() += count;
    }
    sum
}

fn done_text(bulk: &Bulk, done: &BulkDone) -> String {
    let what = match (bulk.action, bulk.dry_run) {
        (BulkAction::ReExecute, true) => "would re-execute",
        (BulkAction::ReExecute, false) => "re-executed",
        (BulkAction::Cancel, true) => "would cancel",
        (BulkAction::Cancel, false) => "cancelled",
    };
    let states: Vec<String> = done.states.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let mut text = format!("{what} {} of {}", done.done, counted(done.matched, "request"));
    if bulk.version == Some(VersionChoice::Newest) {
        text.push_str(" at the newest version");
    }
    if !states.is_empty() {
        text.push_str(&format!(" ({})", states.join(", ")));
    }
    // Whoever names them hears of each.
    let named = bulk.ids.as_ref().map_or(NAMED, Vec::len);
    for skipped in done.skipped.iter().take(named) {
        text.push_str(&format!("\n  not {}: {} [{}]", skipped.id, skipped.message, skipped.code));
    }
    let unnamed = done.skipped_count.saturating_sub(done.skipped.len().min(named) as u64);
    if unnamed > 0 {
        text.push_str(&format!("\n  and not {unnamed} more"));
    }
    text
}

/// Asks whether it shall be done, after what would be done has been told.
fn confirm(preview: &str, output: Output) -> Result<(), Failure> {
    if output.is_json() || !std::io::stdin().is_terminal() {
        let message = "nobody is there to be asked: look with --dry-run, then say --yes";
        return Err(Failure::new("request/not-confirmed", message));
    }
    let failed = |error: std::io::Error| Failure::new("request/not-confirmed", format!("no answer came: {error}"));
    let mut err = std::io::stderr();
    write!(err, "{preview}\nDo it? [y/N] ").and_then(|()| err.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new("request/not-confirmed", "nothing was changed")),
    }
}
