//! What a cluster is like at one moment.

use crate::remote::Remote;
use designer::CommandError;
use flow_api::{Client, ClientError, Request, RequestQuery, RequestState, Server, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many requests are asked for.
const REQUESTS: u32 = 100;
/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many takeovers are kept.
const TAKEOVERS: usize = 50;

/// A cluster at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// When.
    pub at: Time,
    /// The address of the server that answered.
    pub address: String,
    /// The servers.
    pub servers: Vec<Server>,
    /// How many requests there are in each state.
    pub counts: BTreeMap<RequestState, u64>,
    /// How many requests ended a second since the picture before; absent in the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_per_second: Option<f64>,
    /// The requests that were asked for, the newest first.
    pub requests: Vec<Request>,
    /// The takeovers that are known, the newest first.
    pub takeovers: Vec<Takeover>,
}

/// A survivor took over the requests of a lost server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Takeover {
    /// When.
    pub at: Time,
    /// The id of the lost server.
    pub server: String,
    /// Its start number, which was its last of that life.
    pub epoch: i64,
    /// Its name.
    pub lost: String,
    /// The name of the survivor.
    pub survivor: String,
    /// How many requests the survivor took; absent where nobody was watching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
}

/// Which requests are listed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those that servers work on, or that wait for one.
    #[default]
    UnderWay,
    /// Those that wait durably or for a retry.
    Waiting,
    /// Those that ended in an error.
    Failed,
    /// All.
    All,
}

impl Listed {
    /// Every choice, in their order on the screen.
    pub const ALL: [Self; 4] = [Self::UnderWay, Self::Waiting, Self::Failed, Self::All];

    fn query(self) -> RequestQuery {
        let state = match self {
            Self::UnderWay => Some("Queued,Running,WaitingForRetry"),
            Self::Waiting => Some("Waiting,WaitingForRetry"),
            Self::Failed => Some("Error"),
            Self::All => None,
        };
        RequestQuery { state: state.map(str::to_owned), limit: Some(REQUESTS), ..RequestQuery::default() }
    }
}

/// Looks at a cluster again and again.
pub struct Looker<'a> {
    remote: &'a Remote,
    /// How many requests had ended at the look before, and when that was.
    before: Option<(u64, Instant)>,
    takeovers: Vec<Takeover>,
}

impl<'a> Looker<'a> {
    /// Looks at this cluster.
    pub fn new(remote: &'a Remote) -> Self {
        Self { remote, before: None, takeovers: Vec::new() }
    }

    /// What the cluster is like now.
    pub async fn look(&mut self, listed: Listed) -> Result<Picture, CommandError> {
        let query = &listed.query();
        let (address, servers, counts, page) = self
            .remote
            .any(|client| async move {
                let looks =
                    async { tokio::try_join!(client.servers(), client.request_counts(), client.requests(query)) };
                let (servers, counts, page) = in_time(&client, looks).await?;
                Ok((client.address().to_owned(), servers, counts, page))
            })
            .await?;
        self.remote.learn(&servers).await;
        let ended_per_second = self.ended_per_second(&counts);
        for takeover in seen_takeovers(&servers) {
            self.learn(takeover);
        }
        Ok(Picture {
            at: Time(jiff::Timestamp::now()),
            address,
            servers,
            counts,
            ended_per_second,
            requests: page.items,
            takeovers: self.takeovers.clone(),
        })
    }

    /// Adds a takeover; one that is known already learns how many requests it was about.
    pub fn learn(&mut self, takeover: Takeover) {
        learn(&mut self.takeovers, takeover);
    }

    fn ended_per_second(&mut self, counts: &BTreeMap<RequestState, u64>) -> Option<f64> {
        let now = Instant::now();
        let ended = counts.iter().filter(|(state, _)| state.has_ended()).map(|(_, count)| count).sum();
        let (before, at) = self.before.replace((ended, now))?;
        // Retention and re-execution make the number smaller; nothing ended less than not at all.
        Some(ended.saturating_sub(before) as f64 / now.duration_since(at).as_secs_f64().max(0.001))
    }
}

/// What a server answers within [`PATIENCE`]. One that hangs is passed over for another.
pub async fn in_time<T>(client: &Client, call: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    tokio::time::timeout(PATIENCE, call).await.unwrap_or_else(|_| {
        let why = format!("it did not answer within {} s", PATIENCE.as_secs());
        Err(ClientError::Unreachable { address: client.address().to_owned(), why })
    })
}

fn learn(known: &mut Vec<Takeover>, takeover: Takeover) {
    match known.iter_mut().find(|known| (&known.server, known.epoch) == (&takeover.server, takeover.epoch)) {
        Some(known) => known.requests = known.requests.or(takeover.requests),
        None => {
            known.push(takeover);
            known.sort_by_key(|takeover| std::cmp::Reverse(takeover.at));
            known.truncate(TAKEOVERS);
        }
    }
}

/// The takeovers that the list of servers still tells of.
fn seen_takeovers(servers: &[Server]) -> impl Iterator<Item = Takeover> {
    servers.iter().filter_map(|server| {
        let survivor = server.taken_over_by.as_ref()?;
        let name = servers.iter().find(|other| other.id == *survivor).map_or(survivor, |other| &other.name);
        Some(Takeover {
            at: server.terminated?,
            server: server.id.clone(),
            epoch: server.epoch,
            lost: server.name.clone(),
            survivor: name.clone(),
            requests: None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takeover(server: &str, epoch: i64, at: i64, requests: Option<u64>) -> Takeover {
        Takeover {
            at: Time::from_millisecond(at),
            server: server.to_owned(),
            epoch,
            lost: server.to_owned(),
            survivor: "one".to_owned(),
            requests,
        }
    }

    #[test]
    fn a_takeover_is_known_once_and_learns_its_number_later() {
        let mut known = Vec::new();
        for seen in [
            takeover("two", 1, 5, None),
            takeover("three", 1, 9, Some(2)),
            takeover("two", 1, 6, Some(14)),
            takeover("two", 2, 7, None),
        ] {
            learn(&mut known, seen);
        }
        let told: Vec<_> = known.iter().map(|known| (known.lost.as_str(), known.epoch, known.requests)).collect();
        assert_eq!(told, [("three", 1, Some(2)), ("two", 2, None), ("two", 1, Some(14))]);
    }
}
