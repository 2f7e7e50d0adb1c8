//! What the servers counted, as lists of points: rates from the samples that they leave in the checkpoint database.

use crate::problem::{Refusal, Reply};
use crate::state::App;
use crate::wire;
use flow_api::{MetricsHistory, MetricsQuery, OpenRequests, ServerMetrics, TakeoverMark};
use flow_store::sample::{ALL_KEPT_MS, SAMPLED_MS, THINNED_MS};
use flow_store::{Figures, Owner, Sample, ServerId, TakeoverRecord, Timestamp};
use std::collections::BTreeMap;

/// The steps that are chosen from, in seconds. The finest is that of the samples.
const STEPS: [u32; 9] = [10, 20, 30, 60, 120, 240, 600, 1200, 3600];
/// The most points of a list.
const MOST_POINTS: i64 = 400;
/// What is told if nothing else is wanted.
const HOUR_MS: u64 = 3_600_000;
/// The earliest that can be told of.
const DAY_MS: u64 = 24 * HOUR_MS;
/// The most takeovers that are told.
const MOST_TAKEOVERS: usize = 500;

type Points = Vec<Option<f64>>;

/// The answer to `query`.
pub async fn history(app: &App, query: &MetricsQuery) -> Reply<MetricsHistory> {
    let span = Span::of(query, app.store.now())?;
    // A rate needs the sample before.
    let first = Timestamp(span.from - span.longest_gap());
    let samples = app.store.samples(first, span.step.unsigned_abs()).await?;
    let takeovers = app.store.takeovers(Timestamp(span.from), MOST_TAKEOVERS).await?;
    let names = wire::ServerNames::of(&app.store.servers().await?);
    let mark = |takeover: TakeoverRecord| TakeoverMark {
        at: wire::time(takeover.at),
        dead: names.owner(&takeover.dead),
        survivor: names.owner(&takeover.survivor),
        requests: takeover.requests,
    };
    let mut servers = servers(&samples, &span);
    for server in &mut servers {
        let known = ServerId::parse(&server.id).ok().and_then(|id| names.name_of(&id).map(str::to_owned));
        server.name = known.unwrap_or_else(|| server.id.clone());
    }
    servers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(MetricsHistory {
        from: wire::time(Timestamp(span.from)),
        step: u32::try_from(span.step / 1000).unwrap_or(u32::MAX),
        points: u32::try_from(span.points).unwrap_or(u32::MAX),
        requests: requests(&samples, &span),
        servers,
        takeovers: takeovers.into_iter().map(mark).collect(),
    })
}

/// A part of time, cut into steps. All times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    step: i64,
    points: usize,
    now: i64,
}

impl Span {
    fn of(query: &MetricsQuery, now: Timestamp) -> Reply<Self> {
        let from = query.from.map_or(now.minus_ms(HOUR_MS), |from| Timestamp(from.as_millisecond()));
        if from >= now {
            return Err(Refusal::invalid("from", "give a time that has passed"));
        }
        if query.step.is_some_and(|step| !(10..=3600).contains(&step)) {
            return Err(Refusal::invalid("step", "give 10 to 3600 seconds"));
        }
        let (from, now) = (from.max(now.minus_ms(DAY_MS)).0, now.0);
        let finest = if now - from > ALL_KEPT_MS as i64 { THINNED_MS as i64 } else { SAMPLED_MS as i64 };
        let wanted = query.step.map_or(finest, |step| finest.max(i64::from(step) * 1000));
        let points = |step: i64| (now - from.div_euclid(step) * step + step - 1).div_euclid(step);
        let fits = |step: &i64| points(*step) <= MOST_POINTS;
        // What is asked for is taken as it is if it can be.
        let step = [wanted].into_iter().chain(STEPS.map(|step| i64::from(step) * 1000));
        let step = step.filter(|step| *step >= wanted).find(fits).unwrap_or(HOUR_MS as i64);
        let points = usize::try_from(points(step)).unwrap_or_default();
        Ok(Self { from: from.div_euclid(step) * step, step, points, now })
    }

    /// The longest time from one sample to the next in which a server counts as having been there.
    fn longest_gap(&self) -> i64 {
        let (sampled, thinned) = (SAMPLED_MS as i64, THINNED_MS as i64);
        let thinned = if self.now - self.from > ALL_KEPT_MS as i64 { 2 * thinned } else { 3 * sampled };
        thinned.max(2 * self.step) + sampled / 2
    }

    /// The steps that a time from `begin` to `end` touches, each with how many milliseconds of it.
    fn touched(&self, begin: i64, end: i64) -> impl Iterator<Item = (usize, i64)> {
        let Self { from, step, points, .. } = *self;
        let first = usize::try_from((begin - from).max(0) / step).unwrap_or_default();
        (first..points).map_while(move |point| {
            let starts = from + point as i64 * step;
            let (begin, end) = (begin.max(starts), end.min(starts + step));
            (begin < end).then_some((point, end - begin))
        })
    }
}

/// What a server did between two samples, a second; and its memory at the end.
fn rates(before: &Sample, after: &Sample) -> [f64; 9] {
    let seconds = (after.at.0 - before.at.0).max(1) as f64 / 1000.0;
    let (before, after) = (&before.figures, &after.figures);
    let rate = |figure: fn(&Figures) -> u64| figure(after).saturating_sub(figure(before)) as f64 / seconds;
    [
        rate(|figures| figures.created),
        rate(|figures| figures.finished),
        rate(|figures| figures.failed),
        rate(|figures| figures.attempts),
        rate(|figures| figures.commits),
        rate(|figures| figures.commands),
        rate(|figures| figures.commit_us) / 1e6,
        rate(|figures| figures.cpu_ms) / 1e3,
        after.resident_bytes as f64,
    ]
}

/// What is known of a server, step by step.
struct Known {
    /// The rates, each times the milliseconds that it is known for.
    sums: [Vec<f64>; 9],
    /// For how many milliseconds of each step they are known.
    known: Vec<f64>,
}

impl Known {
    fn nothing(points: usize) -> Self {
        Self { sums: std::array::from_fn(|_| vec![0.0; points]), known: vec![0.0; points] }
    }

    fn add(&mut self, span: &Span, before: &Sample, after: &Sample) {
        let rates = rates(before, after);
        for (point, ms) in span.touched(before.at.0, after.at.0) {
            let ms = ms as f64;
            for (sums, rate) in self.sums.iter_mut().zip(rates) {
                if let Some(sum) = sums.get_mut(point) {
                    *sum += rate * ms;
                }
            }
            if let Some(known) = self.known.get_mut(point) {
                *known += ms;
            }
        }
    }

    fn metrics(self, id: &ServerId) -> ServerMetrics {
        let Self { sums, known } = self;
        let [created, finished, failed, attempts, commits, commands, committing, cores, memory] =
            sums.map(|sums| -> Points {
                let point = |(sum, known): (f64, &f64)| (*known > 0.0).then(|| rounded(sum / known));
                sums.into_iter().zip(&known).map(point).collect()
            });
        ServerMetrics {
            id: id.to_string(),
            name: String::new(),
            created,
            finished,
            failed,
            attempts,
            commits,
            commands,
            committing,
            cores,
            memory: memory.into_iter().map(|bytes| bytes.map(f64::round)).collect(),
        }
    }
}

/// Five places behind the point are enough for a request in a day.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

/// The servers of these samples. Each epoch counts from 0, so rates are told within an epoch only: what a server counted
/// between its last sample and its death nobody knows.
fn servers(samples: &[Sample], span: &Span) -> Vec<ServerMetrics> {
    let mut known: BTreeMap<&ServerId, Known> = BTreeMap::new();
    let mut last: BTreeMap<&Owner, &Sample> = BTreeMap::new();
    for sample in samples {
        let known = known.entry(&sample.owner.server).or_insert_with(|| Known::nothing(span.points));
        if let Some(before) = last.insert(&sample.owner, sample)
            && sample.at.0 - before.at.0 <= span.longest_gap()
        {
            known.add(span, before, sample);
        }
    }
    let there = known.into_iter().filter(|(_, known)| known.known.iter().any(|ms| *ms > 0.0));
    there.map(|(id, known)| known.metrics(id)).collect()
}

/// The requests of the cluster, as the last sample of any server before the end of each step has them.
fn requests(samples: &[Sample], span: &Span) -> OpenRequests {
    let mut samples = samples.iter().peekable();
    let mut last: Option<&Sample> = None;
    let mut requests = OpenRequests::default();
    for point in 0..span.points {
        let end = (span.from + (point as i64 + 1) * span.step).min(span.now + 1);
        while let Some(sample) = samples.next_if(|sample| sample.at.0 < end) {
            last = Some(sample);
        }
        let figures = last.filter(|last| end - last.at.0 <= span.longest_gap()).map(|last| last.figures);
        let now = |figure: fn(&Figures) -> u64| figures.map(|figures| figure(&figures) as f64);
        requests.queued.push(now(|figures| figures.queued));
        requests.running.push(now(|figures| figures.running));
        requests.waiting.push(now(|figures| figures.waiting));
        requests.waiting_for_retry.push(now(|figures| figures.waiting_for_retry));
    }
    requests
}

#[cfg(test)]
mod tests;
