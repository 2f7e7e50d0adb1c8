//! `cairn store retention`.

use crate::checkpoint_database::CheckpointConnection;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, counted, table};
use flow_store::retention::{TURN, wait_for_turn};
use flow_store::{Keep, RetentionDone, RetentionGroup, RetentionPolicy, RetentionReport, Store};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;
/// Requests in one write.
const AT_ONCE: usize = 100;

/// How often a turn is taken anew.
const AGAIN: Duration = Duration::from_secs(20);

/// Show what would be removed, or remove it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn store retention                          What would the servers remove by the cluster's settings?
  cairn store retention --finished-days 30 --error-number 10000
                                                 What would this policy remove?
  cairn store retention --finished-days 30 --apply
                                                 Remove it now

Only requests that have ended are ever removed. Servers apply the policy of the settings retention.finished.days,
retention.finished.number, retention.finished.details_days (and the same for error and cancelled) by themselves, every
minute; nothing is set at first, so everything is kept. The room is used again; the file
itself shrinks by `cairn store compact`.")]
pub struct Args {
    /// The checkpoint database: sqlite:PATH, or postgres://USER@HOST/DATABASE.
    #[arg(long, env = "CAIRN_CHECKPOINT_CONNECTION", value_name = "CONNECTION")]
    checkpoint_connection: CheckpointConnection,
    /// Days after its end that a finished request is removed.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    finished_days: Option<f64>,
    /// How many finished requests are kept.
    #[arg(long, value_name = "N")]
    finished_number: Option<u64>,
    /// Days after which the log and the saved points of a finished request are removed.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    finished_details_days: Option<f64>,
    /// The same for requests that ended with an error.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    error_days: Option<f64>,
    /// How many requests that ended with an error are kept.
    #[arg(long, value_name = "N")]
    error_number: Option<u64>,
    /// Days after which their log and saved points are removed.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    error_details_days: Option<f64>,
    /// The same for cancelled requests.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    cancelled_days: Option<f64>,
    /// How many cancelled requests are kept.
    #[arg(long, value_name = "N")]
    cancelled_number: Option<u64>,
    /// Days after which their log and saved points are removed.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    cancelled_details_days: Option<f64>,
    /// Remove it, instead of showing what would be removed.
    #[arg(long)]
    apply: bool,
}

fn days(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(days) if days.is_finite() && days >= 0.0 => Ok(days),
        _ => Err("give a number of days, such as 30 or 0.5".to_owned()),
    }
}

/// What was removed.
#[derive(Debug, Default, Serialize)]
struct Removed {
    requests: u64,
    details: u64,
}

pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let store = args.checkpoint_connection.open_existing().await?.store;
    let given = args.policy();
    let policy = match given.keeps_everything() {
        true => RetentionPolicy::from_settings(&store.settings().await?),
        false => given,
    };
    if args.apply {
        let removed = apply(&*store, &policy).await?;
        output.answer(&removed, || {
            let Removed { requests, details } = removed;
            format!("removed {}, and log and saved points of {details} others", counted(requests, "request"))
        });
    } else {
        let report = store.retention_preview(&policy).await?;
        output.answer(&report, || text(&report, &policy));
    }
    Ok(Outcome::Good)
}

impl Args {
    fn policy(&self) -> RetentionPolicy {
        let ms = |days: Option<f64>| days.map(|days| (days * DAY_MS) as u64);
        let keep = |age: Option<f64>, number: Option<u64>, details: Option<f64>| Keep {
            age_ms: ms(age),
            number,
            details_ms: ms(details),
        };
        RetentionPolicy {
            finished: keep(self.finished_days, self.finished_number, self.finished_details_days),
            error: keep(self.error_days, self.error_number, self.error_details_days),
            cancelled: keep(self.cancelled_days, self.cancelled_number, self.cancelled_details_days),
        }
    }
}

/// The turn at retention, for as long as this value lives: nothing is removed meanwhile.
pub struct Turn {
    store: Arc<dyn Store>,
    holder: String,
    kept: tokio::task::JoinHandle<()>,
}

impl Turn {
    /// Waits for it and takes it.
    pub async fn take(store: Arc<dyn Store>, work: &str) -> Result<Self, Failure> {
        let holder = format!("{work}-{}", std::process::id());
        wait_for_turn(&*store, &holder).await?;
        let (again, name) = (Arc::clone(&store), holder.clone());
        let kept = tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                // What fails is tried again before the turn has run out.
                let _ = wait_for_turn(&*again, &name).await;
            }
        });
        Ok(Self { store, holder, kept })
    }

    /// Ends it at once, so that whoever is next need not wait for it to run out.
    pub async fn end(self) -> Result<(), Failure> {
        self.kept.abort();
        Ok(self.store.end_turn(TURN, &self.holder).await?)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.kept.abort();
    }
}

async fn apply(store: &dyn Store, policy: &RetentionPolicy) -> Result<Removed, Failure> {
    let holder = format!("retention-{}", std::process::id());
    let mut removed = Removed::default();
    loop {
        // A backup may be under way, which needs what it has found.
        wait_for_turn(store, &holder).await?;
        let RetentionDone { requests, details, more } = store.apply_retention(policy, AT_ONCE).await?;
        removed.requests += requests;
        removed.details += details;
        if !more {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.end_turn(TURN, &holder).await?;
    Ok(removed)
}

fn text(report: &RetentionReport, policy: &RetentionPolicy) -> String {
    let row = |group: &RetentionGroup| {
        let oldest = group.oldest.map_or_else(String::new, |oldest| oldest.to_string());
        let RetentionGroup { state, present, requests, details, .. } = group;
        [state.to_string(), present.to_string(), requests.to_string(), details.to_string(), oldest]
    };
    let table = table(["state", "there", "go", "lose details", "oldest end"], report.groups.iter().map(row));
    if policy.keeps_everything() { format!("{table}\n\nno policy is set, so everything is kept") } else { table }
}
