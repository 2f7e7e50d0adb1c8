//! `cairn audit`: who did what on a cluster.

use crate::moment::{Moment, clock};
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::RemoteArgs;
use flow_api::{AuditQuery, AuditRecord};

/// Show who did what on a cluster, the newest first: every change, and every login that was refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn audit
  cairn audit --since 1d --account otto
  cairn audit --action login-refused
  cairn audit --text orders --limit 1000
  cairn --json audit --since 1h | jq -r '.items[] | [.at, .account, .action, .subject] | @tsv'

It wants an administrator.")]
pub struct Args {
    /// Only what this account did.
    #[arg(long)]
    account: Option<String>,
    /// Only this action: login-refused, setting-changed, project-updated …
    #[arg(long)]
    action: Option<String>,
    /// Only what has this text in what it was done to, or in what is told about it.
    #[arg(long)]
    text: Option<String>,
    /// Only what was done since: a time (2026-03-01, 2026-03-01T12:00) or how long ago (90m, 2h, 3d).
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only what was done before; as --since.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// At most so many, 1 to 1000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Only those before this number: what a list before this one ended with.
    #[arg(long, value_name = "NUMBER")]
    before: Option<String>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    let query = AuditQuery {
        account: args.account,
        action: args.action,
        q: args.text,
        from: args.since.map(Moment::time),
        to: args.until.map(Moment::time),
        after: args.before,
        limit: Some(args.limit),
    };
    let query = &query;
    let page = remote.any(|client| async move { client.audit(query).await }).await?;
    output.answer(&page, || list_text(&page.items));
    if let Some(next) = &page.next {
        output.remark(&format!("more: --before {next}"));
    }
    Ok(Outcome::Good)
}

fn list_text(records: &[AuditRecord]) -> String {
    if records.is_empty() {
        return "nothing like this was done".to_owned();
    }
    let rows = records.iter().map(|record| {
        let AuditRecord { at, account, action, subject, subject_name, detail, address, .. } = record;
        let subject = subject_name.as_ref().unwrap_or(subject);
        [clock(*at), account.clone(), action.clone(), subject.clone(), detail.clone(), address.clone()]
    });
    table(["when", "who", "what", "to what", "more", "from"], rows)
}
