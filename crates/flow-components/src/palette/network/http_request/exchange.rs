//! Sending a request and receiving its answer: no faster than the server wants it, within limits of time and size, and
//! again where that may help.

use super::Prepared;
use super::call::Call;
use super::unpack::{self, ACCEPTED, Problem};
use crate::http::Endpoint;
use crate::{CANCELLED, ComponentError, RunContext};
use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::{Bytes, BytesMut};
use governor::DefaultDirectRateLimiter;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

/// The longest pause before another try. Who is to come back later has to do it by a retry of the request.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The bytes of an answer from which a message shows the beginning.
const SHOWN: usize = 2_000;

/// An answer that the author expects.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Where it came from, after redirects.
    pub(super) url: Url,
}

/// How requests are sent: made once for each run of the component.
pub(super) struct Exchange<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) run: &'a RunContext<'a>,
    pub(super) endpoint: &'a Endpoint,
    client: Client,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
}

/// Why there is no good answer, and whether another try may bring one.
struct Failure {
    error: ComponentError,
    again: Again,
    /// How long the server wants to be left alone.
    retry_after: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It would fail again.
    Never,
    /// The server may have acted already.
    IfRepeatable,
    /// The server has surely not acted.
    Always,
}

impl Failure {
    fn new(code: &str, message: String, again: Again) -> Self {
        Self { error: ComponentError::new(code, message), again, retry_after: None }
    }
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        prepared: &'a Prepared,
        run: &'a RunContext<'a>,
        endpoint: &'a Endpoint,
    ) -> Result<Self, ComponentError> {
        let clients = run.services.http();
        let client = clients.client(&endpoint.client(prepared.connect_timeout, prepared.redirects))?;
        let limiter = endpoint.rate.and_then(|rate| clients.limiter(&endpoint.base, rate));
        Ok(Self { prepared, run, endpoint, client, limiter })
    }

    /// Sends the request until there is a good answer or no hope for one.
    pub(super) async fn answer(&self, call: &Call) -> Result<Answer, ComponentError> {
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(self.prepared.retry_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.prepared.retries)
            .with_jitter()
            .build();
        let mut tries = 1;
        loop {
            self.until_cancelled(self.turn()).await??;
            self.run.before_effect().await?;
            let failure = match self.until_cancelled(self.once(call)).await? {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let again = failure.again == Again::Always || failure.again == Again::IfRepeatable && call.is_repeatable();
            let pause = if again { pauses.next() } else { None };
            let Some(pause) = pause.map(|pause| pause.max(failure.retry_after.unwrap_or_default())) else {
                return Err(told(failure.error, tries));
            };
            if pause > LONGEST_PAUSE {
                let message = format!("; it asks to be left alone for {} s", pause.as_secs());
                let mut error = told(failure.error, tries);
                error.message.push_str(&message);
                return Err(error);
            }
            self.until_cancelled(tokio::time::sleep(pause)).await?;
            tries += 1;
        }
    }

    /// Waits until the server may be asked again.
    async fn turn(&self) -> Result<(), ComponentError> {
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
        Ok(())
    }

    async fn until_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, ComponentError> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.run.cancel.cancelled() => Err(ComponentError::new(CANCELLED, "the attempt was told to end")),
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Failure> {
        let request = self.client.request(call.method.clone(), call.url.clone()).timeout(self.prepared.timeout);
        let request = match &call.body {
            Some(body) => request.body(body.clone()),
            None => request,
        };
        let place = call.place();
        // What the author asks for in its place is unpacked as well, if it is one of these.
        let request = match call.headers.contains_key(ACCEPT_ENCODING) {
            true => request,
            false => request.header(ACCEPT_ENCODING, ACCEPTED),
        };
        let response = self.endpoint.sign(request, call.headers.clone()).send().await;
        let response = response.map_err(|error| unanswered(&place, &error))?;
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        if self.prepared.expected.holds(status) {
            let body = self.body(response, &headers).await;
            let body = body.map_err(|failure| Failure { error: failure.error.about(&place), ..failure })?;
            return Ok(Answer { status, headers, body, url });
        }
        let message = format!("{place}: the server answered {status}{}", excerpt(&beginning(response, &headers).await));
        let failure = Failure::new("http/status", message, again_after(status));
        let error = failure.error.on("ExpectStatus");
        Err(Failure { error, retry_after: retry_after(&headers), ..failure })
    }

    /// The body of an answer, unpacked, and no larger than it may be either way.
    async fn body(&self, response: Response, headers: &HeaderMap) -> Result<Bytes, Failure> {
        let most = self.prepared.body_limit;
        let body = read_body(response, most).await?;
        if !unpack::is_packed(headers) {
            return Ok(body);
        }
        let headers = headers.clone();
        let unpacked = self.run.blocking(move || Ok(unpack::unpacked(&headers, &body, most))).await;
        let unpacked = unpacked.map_err(|error| Failure { error, again: Again::Never, retry_after: None })?;
        unpacked.map_err(|problem| match problem {
            Problem::TooLarge => too_large(most),
            Problem::Broken(why) => Failure::new("http/encoding", format!("the answer: {why}"), Again::Never),
        })
    }
}

fn told(mut error: ComponentError, tries: usize) -> ComponentError {
    if tries > 1 {
        error.message.push_str(&format!("; tried {tries} times"));
    }
    error
}

fn again_after(status: StatusCode) -> Again {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Again::Always,
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::GATEWAY_TIMEOUT => Again::IfRepeatable,
        _ => Again::Never,
    }
}

/// How long the server wants to be left alone: in seconds, or until a time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(until.duration_since(jiff::Timestamp::now())).ok()
}

fn unanswered(place: &str, error: &reqwest::Error) -> Failure {
    let causes: Vec<String> =
        std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect();
    let cause = causes.last().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let is_certificate = || causes.iter().any(|cause| cause.contains("certificate"));
    let (code, what, again) = if error.is_timeout() {
        ("http/timeout", "no answer in time", Again::IfRepeatable)
    } else if error.is_redirect() {
        ("http/redirect", "it leads elsewhere", Again::Never)
    } else if error.is_connect() && is_certificate() {
        let what = "the server's certificate is not trusted; give the connection the file of its authority (ca)";
        ("http/certificate", what, Again::Never)
    } else if error.is_connect() {
        ("http/unreachable", "the server cannot be reached", Again::Always)
    } else if error.is_builder() {
        ("http/bad-request", "the request cannot be sent", Again::Never)
    } else {
        ("http/broken-off", "the server broke off", Again::IfRepeatable)
    };
    Failure::new(code, format!("{place}: {what}{cause}"), again)
}

fn too_large(most: usize) -> Failure {
    let message = format!("the answer is larger than {} MiB: raise BodyLimit, or ask for less", most >> 20);
    Failure::new("http/too-large", message, Again::Never)
}

async fn read_body(mut response: Response, most: usize) -> Result<Bytes, Failure> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered("the answer", &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Err(too_large(most));
        }
    }
    Ok(body.freeze())
}

/// As much of an answer as a message shows of it.
async fn beginning(mut response: Response, headers: &HeaderMap) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < SHOWN {
        // What breaks off here is an error already.
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    unpack::beginning(headers, &body, SHOWN)
}

/// The beginning of an answer, for messages.
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        _ if line.is_empty() => String::new(),
        Some((end, _)) => format!(": {}…", &line[..end]),
        None => format!(": {line}"),
    }
}
