//! Requests over HTTP and their replies: how many a second, and how soon the first component runs.

use super::{Cluster, flows};
use crate::commands::bench::report::{Samples, quantile_ms};
use crate::outcome::Failure;
use flow_api::{Client, NewRequests, RequestQuery, RequestState};
use serde_json::{Map, json};
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

/// Callers at the same time.
const CALLERS: u32 = 32;
/// Until caches are warm.
const WARM_UP: Duration = Duration::from_secs(2);
/// Half of the replies a second that are asked of a server (`replies_32_per_s`). One that gives more is measured at half of
/// its own load as well, which is more of a load.
const HALF_OF_WHAT_IS_ASKED: f64 = 1500.0;
/// Full load and the others take turns, so that a machine that becomes slower or faster meanwhile does not turn half of what
/// it did into all that it can do.
const TURNS: u32 = 6;
/// How long a turn's calls are counted.
const TURN: Duration = Duration::from_secs(1);
/// A moment of the log is a whole millisecond, rounded down: half of one is added to each.
const ROUNDED_DOWN: Duration = Duration::from_micros(500);
/// How long a caller waits for a reply.
const REPLY: Duration = Duration::from_secs(30);

/// Measures `runs` times. Each figure's name begins with `prefix`.
pub async fn measure(cluster: &Cluster, runs: u32, prefix: &str, figures: &mut Samples) -> Result<(), Failure> {
    let server = cluster.start("one", &[]).await?;
    let repository = flows::publish(&cluster.folder.join("project"), "http://127.0.0.1:9")?;
    cluster.install(&repository, &[&server]).await?;
    let client = cluster.client(&server).await?;

    as_fast_as_possible(&client, WARM_UP).await?;
    for _ in 0..runs {
        once(&client, prefix, figures).await?;
    }
    server.stop().await;
    Ok(())
}

async fn once(client: &Client, prefix: &str, figures: &mut Samples) -> Result<(), Failure> {
    let (mut times, mut counted) = (Vec::new(), Duration::ZERO);
    let (mut at_half, mut at_half_of_asked) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let begin = Instant::now();
        let replies = as_fast_as_possible(client, TURN).await?;
        let took = begin.elapsed();
        at_half.extend(at_a_steady_pace(client, replies.len() as f64 / took.as_secs_f64() / 2.0).await?);
        at_half_of_asked.extend(at_a_steady_pace(client, HALF_OF_WHAT_IS_ASKED).await?);
        times.extend(replies);
        counted += took;
    }
    figures.add(format!("{prefix}replies_32_per_s"), "1/s", times.len() as f64 / counted.as_secs_f64());
    figures.add(format!("{prefix}reply_32_p50_ms"), "ms", quantile_ms(&mut times, 0.5));
    figures.add(format!("{prefix}reply_32_p99_ms"), "ms", quantile_ms(&mut times, 0.99));
    for (load, mut times) in [("", at_half), ("_1500_per_s", at_half_of_asked)] {
        let name = format!("{prefix}create_to_first_component{load}");
        figures.add(format!("{name}_p50_ms"), "ms", quantile_ms(&mut times, 0.5));
        figures.add(format!("{name}_p99_ms"), "ms", quantile_ms(&mut times, 0.99));
    }
    Ok(())
}

/// Every caller asks again as soon as it has its reply. How long each reply took.
async fn as_fast_as_possible(client: &Client, time: Duration) -> Result<Vec<Duration>, Failure> {
    let end = Instant::now() + time;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begin = Instant::now();
                ask(&client).await?;
                times.push(begin.elapsed());
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = callers.join_next().await {
        all.extend(times.map_err(|error| Failure::new("bench/caller", error.to_string()))??);
    }
    Ok(all)
}

/// Calls come at a steady pace, whatever the replies take. How long after each call its first component ran.
async fn at_a_steady_pace(client: &Client, per_second: f64) -> Result<Vec<Duration>, Failure> {
    let caller = Handle::current();
    let calling = client.clone();
    // On a thread of its own: the runtime's timers go by whole milliseconds, and so would let calls come in bursts.
    let calls = spawn_blocking(move || {
        let (begin, mut calls) = (Instant::now(), Vec::new());
        let next = |calls: &Vec<_>| Duration::from_secs_f64(calls.len() as f64 / per_second);
        while next(&calls) < TURN {
            std::thread::sleep(next(&calls).saturating_sub(begin.elapsed()));
            let client = calling.clone();
            calls.push(caller.spawn(async move {
                let sent = since_epoch();
                Ok::<_, Failure>((ask(&client).await?, sent))
            }));
        }
        calls
    });
    let broke_off = |error: JoinError| Failure::new("bench/caller", error.to_string());
    let mut asked = HashMap::new();
    for call in calls.await.map_err(broke_off)? {
        let (id, sent) = call.await.map_err(broke_off)??;
        asked.insert(id, sent);
    }
    // The newest are enough, and they are those of the steady state.
    let query = RequestQuery { limit: Some(1000), attempts: true, ..RequestQuery::default() };
    let listed = client.requests(&query).await?.items;
    let first_component = listed.iter().filter_map(|request| {
        let moment = request.attempts.iter().flatten().find_map(|attempt| attempt.first_component_at)?;
        let moment = Duration::from_micros(u64::try_from(moment.0.as_microsecond()).ok()?);
        Some((moment + ROUNDED_DOWN).saturating_sub(*asked.get(&request.id)?))
    });
    Ok(first_component.collect())
}

/// Makes a request and waits for its reply.
async fn ask(client: &Client) -> Result<i64, Failure> {
    let inputs = Map::from_iter([("id".to_owned(), json!(7)), ("text".to_owned(), json!("cairn"))]);
    let wish = NewRequests {
        project: flows::PROJECT.to_owned(),
        flow: flows::REPLY.to_owned(),
        inputs,
        count: None,
        priority: None,
        trigger: Some("bench".to_owned()),
    };
    let made = client.create_requests_and_wait(&wish, None, REPLY).await?.requests;
    match made.first() {
        Some(request) if request.state == RequestState::Finished && request.reply.is_some() => Ok(request.id),
        other => Err(Failure::new("bench/reply", format!("a request got no reply: {other:?}"))),
    }
}

/// The database's clock is this machine's.
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
