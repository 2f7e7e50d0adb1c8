//! HTTP Request: asks a server something, or tells it.

use crate::describe::{choice, optional, required};
use crate::wording::records;
use crate::{CANCELLED, Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_model::{ComponentDescription, Connection, Effect, Family, OUT, PropertyKind};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const HELP: &str = "\
Sends an HTTP request and puts out one record with the answer: its `status` and its `body` as text.

**What is sent.** With *Body* on *Records*, the records as JSON: a list of them, or with *Per* on *Record* one request \
for each record with that record as an object. With *Text*, the text below. GET and HEAD send no body.

**Values.** In path, text and headers `${name}` stands for a field of the record (with *Per* on *Stream*, of the first \
one) or for a flow variable. In the path it is encoded as needed.

**Once only.** Each request carries an `Idempotency-Key`, which is the same whenever the component runs again for the \
same request: a server that knows the header acts once. A retry, or a takeover right after the request was sent, sends \
it again.

**When it fails.** Another status than *ExpectStatus* is an error, and so is no answer within *Timeout*. \
*ExpectStatus* is a list such as `2xx, 404`.

The connection is of kind `http` and holds the `url`. Its secrets may be `user` and `password`, or a `token` (sent as \
`Authorization: Bearer …`).";

/// The most of an answer that is taken.
const MOST: usize = 16 * 1024 * 1024;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

static ANSWER: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![Field::new("status", DataType::Int64, true), Field::new("body", DataType::Utf8, true)]))
});

pub(super) struct HttpRequest;

impl ComponentType for HttpRequest {
    fn description(&self) -> ComponentDescription {
        let method = choice(&[
            ("GET", "GET"),
            ("POST", "POST"),
            ("PUT", "PUT"),
            ("PATCH", "PATCH"),
            ("DELETE", "DELETE"),
            ("HEAD", "HEAD"),
        ]);
        ComponentDescription {
            kind: "HttpRequest",
            title: "HTTP Request",
            family: Family::Network,
            icon: "globe",
            summary: "Asks a server something, or tells it",
            help: HELP,
            properties: vec![
                required("Connection", "Connection", PropertyKind::Connection { kinds: vec!["http"] }, "The server."),
                optional("Method", "Method", method, "POST", "What is asked of the server."),
                optional(
                    "Path",
                    "Path",
                    PropertyKind::Text,
                    "/",
                    "What comes behind the connection's URL. `${name}` stands for a field or a flow variable.",
                ),
                optional(
                    "Per",
                    "Per",
                    choice(&[("Stream", "One request for the stream"), ("Record", "One request for each record")]),
                    "Stream",
                    "How many requests are sent.",
                ),
                optional(
                    "Body",
                    "Body",
                    choice(&[("Records", "Records as JSON"), ("Text", "Text"), ("None", "None")]),
                    "Records",
                    "What is sent with POST, PUT, PATCH and DELETE.",
                ),
                optional(
                    "Text",
                    "Text",
                    PropertyKind::Multiline,
                    "",
                    "The body when Body is Text. `${name}` stands for a field or a flow variable.",
                ),
                optional(
                    "Headers",
                    "Headers",
                    PropertyKind::Pairs,
                    json!([]),
                    "More headers. `${name}` stands for a field or a flow variable.",
                ),
                optional(
                    "ExpectStatus",
                    "ExpectStatus",
                    PropertyKind::Text,
                    "2xx",
                    "The statuses that are no error: `2xx, 404`.",
                ),
                optional(
                    "Timeout",
                    "Timeout",
                    PropertyKind::Seconds { min: 0.001 },
                    30,
                    "Seconds until an answer must be there.",
                ),
            ],
            effect: Effect::Changes,
            saves: false,
            line: "{Method} {Path}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
        let names = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
        let choices: Vec<(&str, &Method)> = names.into_iter().zip(&methods).collect();
        let expected = properties.text("ExpectStatus");
        let expected = ExpectedStatus::parse(&expected).unwrap_or_else(|part| {
            properties
                .problem("ExpectStatus", &format!("holds “{part}”, which is no status: use a list such as 2xx, 404"));
            ExpectedStatus(Vec::new())
        });
        let headers = properties.pairs("Headers");
        for (name, _) in headers.iter().filter(|(name, _)| HeaderName::try_from(name.as_str()).is_err()) {
            properties.problem("Headers", &format!("holds “{name}”, which cannot be the name of a header"));
        }
        Arc::new(Prepared {
            connection: properties.text("Connection"),
            method: properties
                .choice("Method", &choices.iter().map(|(name, method)| (*name, *method)).collect::<Vec<_>>())
                .clone(),
            path: properties.template("Path"),
            per_record: properties.choice("Per", &[("Stream", false), ("Record", true)]),
            body: properties.choice("Body", &[("Records", Body::Records), ("Text", Body::Text), ("None", Body::None)]),
            text: properties.template("Text"),
            headers,
            expected,
            timeout: Duration::try_from_secs_f64(properties.seconds("Timeout")).unwrap_or(Duration::MAX),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Records,
    Text,
    None,
}

struct Prepared {
    connection: String,
    method: Method,
    path: Template,
    per_record: bool,
    body: Body,
    text: Template,
    headers: Vec<(String, Template)>,
    expected: ExpectedStatus,
    timeout: Duration,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let connection = run.services.connection(&self.connection).map_err(|error| error.on("Connection"))?;
        let base = base_url(&connection)?;
        if !self.per_record {
            let (status, body) = self.send(run, &connection, &base, None).await?;
            return Ok(Outcome::out(answers(&[(status, body)])?).with_note(format!("{} {status}", self.method)));
        }
        let mut received = Vec::with_capacity(run.input().rows());
        for row in 0..run.input().rows() {
            let answer = self.send(run, &connection, &base, Some(row)).await;
            received.push(answer.map_err(|error| error.at_row(row as u64 + 1))?);
        }
        let note = format!("{} for {}", self.method, records(received.len()));
        Ok(Outcome::out(answers(&received)?).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path, "Path", true);
        if self.body == Body::Text {
            design.template(&self.text, "Text", true);
        }
        for (_, value) in &self.headers {
            design.template(value, "Headers", true);
        }
        design.outlet(OUT, Arc::clone(&ANSWER));
    }
}

impl Prepared {
    /// Sends one request, for the record at `row` or for the whole stream, and gives status and body of the answer.
    async fn send(
        &self,
        run: &RunContext<'_>,
        connection: &Connection,
        base: &Url,
        row: Option<usize>,
    ) -> Result<(StatusCode, String), ComponentError> {
        let url = self.url(run, base, row.unwrap_or(0))?;
        let place = format!("{} {}", self.method, shown(&url));
        let request = run.services.http().request(self.method.clone(), url).timeout(self.timeout);
        let request = self.with_body(run, authorized(request, connection), row)?;
        let request = request.headers(self.headers(run, row)?);

        run.before_effect().await?;
        let exchange = async {
            let response = request.send().await.map_err(|error| unanswered(&place, error))?;
            let status = response.status();
            let body = read_body(response).await.map_err(|problem| problem.about(&place))?;
            Ok::<_, ComponentError>((status, body))
        };
        let (status, body) = tokio::select! {
            biased;
            answer = exchange => answer?,
            () = run.cancel.cancelled() => return Err(ComponentError::new(CANCELLED, "the attempt was told to end")),
        };
        if self.expected.holds(status) {
            return Ok((status, body));
        }
        let message = format!("{place}: the server answered {status}{}", excerpt(&body));
        Err(ComponentError::new("http/status", message).on("ExpectStatus"))
    }

    fn url(&self, run: &RunContext<'_>, base: &Url, row: usize) -> Result<Url, ComponentError> {
        let encoded = run.fill_encoded(&self.path, row, percent_encoded)?;
        let joined = format!("{}/{}", base.as_str().trim_end_matches('/'), encoded.trim_start_matches('/'));
        Url::parse(&joined).map_err(|error| {
            let message = format!("the connection's URL and the path “{encoded}” make no URL: {error}");
            ComponentError::new("http/bad-url", message).on("Path").for_good()
        })
    }

    fn with_body(
        &self,
        run: &RunContext<'_>,
        request: RequestBuilder,
        row: Option<usize>,
    ) -> Result<RequestBuilder, ComponentError> {
        if self.method == Method::GET || self.method == Method::HEAD {
            return Ok(request);
        }
        Ok(match self.body {
            Body::None => request,
            Body::Text => {
                let text = run.fill_with_record(&self.text, row.unwrap_or(0))?;
                request.header(CONTENT_TYPE, "text/plain; charset=utf-8").body(text)
            }
            Body::Records => {
                let records = match row {
                    Some(row) => Value::from(run.input().slice(row, 1).to_json_records().pop().unwrap_or_default()),
                    None => Value::from(run.input().to_json_records().into_iter().map(Value::from).collect::<Vec<_>>()),
                };
                request.header(CONTENT_TYPE, "application/json").body(records.to_string())
            }
        })
    }

    fn headers(&self, run: &RunContext<'_>, row: Option<usize>) -> Result<HeaderMap, ComponentError> {
        let key = match row {
            Some(row) => format!("{}-{row}", run.idempotency_key),
            None => run.idempotency_key.clone(),
        };
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let value = run.fill_with_record(template, row.unwrap_or(0))?;
            let Ok(parsed) = HeaderName::try_from(name.as_str()) else { continue };
            headers.append(parsed, header_value(name, &value)?);
        }
        if !headers.contains_key(IDEMPOTENCY_KEY) {
            headers.insert(IDEMPOTENCY_KEY, header_value(IDEMPOTENCY_KEY, &key)?);
        }
        Ok(headers)
    }
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, ComponentError> {
    HeaderValue::from_str(value).map_err(|_| {
        let message = format!("the value of the header “{name}” holds characters that a header cannot have");
        ComponentError::new("http/bad-header", message).on("Headers").for_good()
    })
}

fn base_url(connection: &Connection) -> Result<Url, ComponentError> {
    let bad = |code: &str, message: String| Err(ComponentError::new(code, message).on("Connection").for_good());
    let name = &connection.name;
    if connection.kind != "http" {
        return bad(
            "http/connection-kind",
            format!("the connection “{name}” is of kind {}, HTTP Request needs one of kind http", connection.kind),
        );
    }
    let Some(text) = connection.text("url") else {
        return bad("http/bad-url", format!("the connection “{name}” has no “url”: say where the server is"));
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        // The text itself may hold a password.
        _ => bad("http/bad-url", format!("the URL of the connection “{name}” must begin with http:// or https://")),
    }
}

fn authorized(request: RequestBuilder, connection: &Connection) -> RequestBuilder {
    match (connection.text("token"), connection.text("user")) {
        (Some(token), _) => request.bearer_auth(token),
        (None, Some(user)) => request.basic_auth(user, connection.text("password")),
        (None, None) => request,
    }
}

/// The URL for messages: without what may be secret in it.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn unanswered(place: &str, error: reqwest::Error) -> ComponentError {
    let (code, what) = match &error {
        error if error.is_timeout() => ("http/timeout", "no answer in time"),
        error if error.is_connect() => ("http/unreachable", "the server cannot be reached"),
        _ => ("http/failed", "the request failed"),
    };
    let causes: Vec<String> = std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
        .map(ToString::to_string)
        .collect();
    let cause = causes.last().map(|cause| format!(" ({cause})")).unwrap_or_default();
    ComponentError::new(code, format!("{place}: {what}{cause}"))
}

async fn read_body(mut response: Response) -> Result<String, ComponentError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered("the answer", error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            return Err(ComponentError::new("http/too-large", format!("the answer is larger than {} MiB", MOST >> 20)));
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The beginning of an answer, for messages.
fn excerpt(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        _ if line.is_empty() => String::new(),
        Some((end, _)) => format!(": {}…", &line[..end]),
        None => format!(": {line}"),
    }
}

fn answers(received: &[(StatusCode, String)]) -> Result<Stream, ComponentError> {
    let records = received.iter().map(|(status, body)| {
        let status = Value::from(status.as_u16());
        Stream::from_typed_record(&[
            ("status", DataType::Int64, status),
            ("body", DataType::Utf8, Value::from(body.as_str())),
        ])
    });
    let records = records.collect::<Result<Vec<_>, _>>()?;
    if records.is_empty() { Ok(Stream::empty(Arc::clone(&ANSWER))) } else { Ok(Stream::append(&records)?) }
}

/// What may stand in a path as it is.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// Statuses that are no error: single ones and whole classes.
struct ExpectedStatus(Vec<(u16, u16)>);

impl ExpectedStatus {
    /// Parses `2xx, 404`; gives the part that is wrong.
    fn parse(text: &str) -> Result<Self, String> {
        let ranges = text.split(',').map(str::trim).map(|part| {
            let wrong = || part.to_owned();
            if let Some(class) = part.strip_suffix("xx").or_else(|| part.strip_suffix("XX")) {
                let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class)).ok_or_else(wrong)?;
                return Ok((class * 100, class * 100 + 99));
            }
            let status: u16 = part.parse().ok().filter(|status| (100..600).contains(status)).ok_or_else(wrong)?;
            Ok((status, status))
        });
        ranges.collect::<Result<Vec<_>, _>>().map(Self)
    }

    fn holds(&self, status: StatusCode) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&status.as_u16()))
    }
}
