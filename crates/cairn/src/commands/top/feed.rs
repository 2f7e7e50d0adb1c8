//! Looks at the cluster for the screen, and does what the user wishes.

use super::model::{Change, News, Opened, Wish};
use super::picture::{Listed, Looker, Takeover, in_time};
use crate::remote::Remote;
use designer::CommandError;
use flow_api::{Client, ClientError, Event, LogEntry, LogQuery, RequestDetail, Time};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

/// How many entries at the end of a log are kept.
const LOG: usize = 200;
/// How many entries of a log one call reads.
const LOG_PAGE: u32 = 1000;
/// Time between two tries to open the event stream.
const AGAIN: Duration = Duration::from_secs(2);

/// Sends news until nobody takes them any more.
pub async fn run(remote: &Remote, every: Duration, wishes: Receiver<Wish>, news: Sender<News>) {
    let (seen, takeovers) = tokio::sync::mpsc::channel(16);
    let feed = Feed { remote, looker: Looker::new(remote), listed: Listed::UnderWay, opened: None, news };
    tokio::select! {
        () = feed.run(every, wishes, takeovers) => {}
        () = watch_takeovers(remote, seen) => {}
    }
}

struct Feed<'a> {
    remote: &'a Remote,
    looker: Looker<'a>,
    listed: Listed,
    opened: Option<Following>,
    news: Sender<News>,
}

/// A request that is opened, and what is known of its log.
struct Following {
    id: i64,
    log: Vec<LogEntry>,
}

impl Feed<'_> {
    async fn run(mut self, every: Duration, mut wishes: Receiver<Wish>, mut takeovers: Receiver<Takeover>) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Some(takeover) = takeovers.recv() => self.looker.learn(takeover),
                wish = wishes.recv() => match wish {
                    None | Some(Wish::Quit) => return,
                    Some(Wish::List(listed)) => self.listed = listed,
                    Some(Wish::Open(id)) => self.opened = Some(Following { id, log: Vec::new() }),
                    Some(Wish::Close) => self.opened = None,
                    Some(Wish::Change(change, id)) => {
                        let told = self.change(change, id).await;
                        if self.news.send(News::Told(told)).await.is_err() {
                            return;
                        }
                    }
                },
            }
            if self.look().await.is_err() {
                return;
            }
        }
    }

    /// Looks, and tells. An error means that nobody listens any more.
    async fn look(&mut self) -> Result<(), ()> {
        let looked = self.looker.look(self.listed).await.map_err(|error| error.to_string());
        self.news.send(News::Looked(looked)).await.map_err(drop)?;
        if let Some(following) = &mut self.opened {
            let told = match read(self.remote, following).await {
                Ok(opened) => News::Opened(Box::new(opened)),
                Err(error) => News::Told(error.to_string()),
            };
            self.news.send(told).await.map_err(drop)?;
        }
        Ok(())
    }

    async fn change(&self, change: Change, id: i64) -> String {
        let done = self.remote.any(|client| async move {
            match change {
                Change::Cancel => in_time(&client, client.cancel(id)).await,
                Change::ReExecute => in_time(&client, client.re_execute(id)).await,
            }
        });
        match done.await {
            Ok(request) => format!("request {id} is {} now", request.state.as_str()),
            Err(error) => error.to_string(),
        }
    }
}

/// Reads a request, and what its log has more than before.
async fn read(remote: &Remote, following: &mut Following) -> Result<Opened, CommandError> {
    let (id, after) = (following.id, following.log.last().map(|entry| entry.number));
    let (detail, more) =
        remote.any(|client| async move { in_time(&client, detail_and_log(&client, id, after)).await }).await?;
    following.log.extend(more);
    let old = following.log.len().saturating_sub(LOG);
    following.log.drain(..old);
    Ok(Opened { detail, log: following.log.clone() })
}

async fn detail_and_log(
    client: &Client,
    id: i64,
    mut after: Option<u64>,
) -> Result<(RequestDetail, Vec<LogEntry>), ClientError> {
    let detail = client.request(id).await?;
    let mut log: Vec<LogEntry> = Vec::new();
    loop {
        let page = client.request_log(id, &LogQuery { after, limit: Some(LOG_PAGE) }).await?;
        let is_last = page.len() < LOG_PAGE as usize;
        log.extend(page);
        // Only the end is shown: what is before it need not be held.
        log.drain(..log.len().saturating_sub(LOG));
        after = log.last().map(|entry| entry.number);
        if is_last {
            return Ok((detail, log));
        }
    }
}

/// Tells of takeovers as they happen; only the event stream knows how many requests each was about.
async fn watch_takeovers(remote: &Remote, seen: Sender<Takeover>) {
    loop {
        if let Ok(mut events) = remote.any(|client| async move { client.events().await }).await {
            while let Ok(event) = events.next().await {
                let Event::Takeover { dead, survivor, count } = event else { continue };
                let takeover = Takeover {
                    at: Time(jiff::Timestamp::now()),
                    server: dead.server,
                    epoch: dead.epoch,
                    lost: dead.name,
                    survivor: survivor.name,
                    requests: Some(count),
                };
                if seen.send(takeover).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}
