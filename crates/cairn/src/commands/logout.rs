//! `cairn logout`: sign out of a cluster.

use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::remote::sign_ins;

/// Sign out of a cluster: the token of `cairn login` is revoked there and forgotten here, for the designer too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn logout                Sign out of the cluster that you signed in to last
  cairn logout production

A cluster that cannot be reached does not keep you from signing out; revoke the token there
later (Tools > Account).")]
pub struct Args {
    /// The cluster, as `cairn whoami` calls it.
    cluster: Option<String>,
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let sign_ins = sign_ins();
    let cluster = args.cluster.or_else(|| sign_ins.clusters().chosen);
    let Some(cluster) = cluster else {
        return Err(Failure::new("cluster/not-signed-in", "you are not signed in to any cluster: nothing was changed"));
    };
    sign_ins.sign_out(&cluster).await?;
    output.answer(&serde_json::json!({ "cluster": cluster }), || format!("signed out of {cluster}"));
    Ok(Outcome::Good)
}
