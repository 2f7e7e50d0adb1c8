//! One look, printed.

use super::picture::{Listed, Looker, Picture};
use crate::commands::{request, server};
use crate::moment::clock;
use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::Remote;
use flow_api::{RequestState, ServerState};
use std::time::Duration;

/// Looks twice, so that the throughput is known, and prints the second look.
pub async fn run(remote: &Remote, interval: Duration, output: Output) -> Result<Outcome, Failure> {
    let mut looker = Looker::new(remote);
    looker.look(Listed::UnderWay).await?;
    tokio::time::sleep(interval).await;
    let picture = looker.look(Listed::UnderWay).await?;
    output.answer(&picture, || text(&picture));
    Ok(Outcome::good_if(picture.servers.iter().any(|server| server.state == ServerState::Running)))
}

fn text(picture: &Picture) -> String {
    let count = |state: &RequestState| picture.counts.get(state).copied().unwrap_or_default();
    let counts: Vec<String> =
        RequestState::ALL.iter().map(|state| format!("{} {}", state.as_str(), count(state))).collect();
    let rate = picture.ended_per_second.unwrap_or_default();
    let mut parts = vec![
        format!("{} at {}\n{}\n{rate:.1} ended a second", clock(picture.at), picture.address, counts.join("  ")),
        server::list_text(&picture.servers, picture.at),
        match picture.requests.as_slice() {
            [] => "nothing is under way".to_owned(),
            requests => request::list_text(requests),
        },
    ];
    if !picture.takeovers.is_empty() {
        let rows = picture.takeovers.iter().map(|takeover| {
            let requests = takeover.requests.map(|count| count.to_string()).unwrap_or_default();
            [clock(takeover.at), takeover.lost.clone(), takeover.survivor.clone(), requests]
        });
        parts.push(table(["takeover", "lost", "survivor", "requests"], rows));
    }
    parts.join("\n\n")
}
