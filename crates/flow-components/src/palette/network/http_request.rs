//! HTTP Request: asks a server something, or tells it.

mod answer;
mod call;
mod describe;
mod exchange;
mod expected;
mod json_path;
mod paging;
mod unpack;

use crate::describe::acts_once;
use crate::http::content::check_header_names;
use crate::http::{Endpoint, Redirects};
use crate::json_records::{Chunk, JsonRecords};
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use answer::{As, Received};
use async_trait::async_trait;
use call::Body;
use exchange::Exchange;
use expected::ExpectedStatus;
use flow_data::arrow::datatypes::{Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_model::{ComponentDescription, Effect, OUT};
use futures::{StreamExt, TryStreamExt};
use json_path::JsonPath;
use paging::{Pages, Paging, Turning};
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// So many records of answers make a batch.
const BATCH: usize = 8_192;

pub(super) struct HttpRequest;

impl ComponentType for HttpRequest {
    fn description(&self) -> ComponentDescription {
        describe::description()
    }

    /// GET and HEAD change nothing on a server that keeps to the standard.
    fn effect(&self, component: &flow_model::Component) -> Option<Effect> {
        let method = component.properties.get("Method").and_then(Value::as_str);
        matches!(method, Some("GET" | "HEAD")).then_some(Effect::Reads)
    }

    fn saves_input(&self, component: &flow_model::Component) -> bool {
        acts_once(component)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let prepared = Prepared::read(properties);
        prepared.check(properties);
        Arc::new(prepared)
    }
}

struct Prepared {
    connection: String,
    method: Method,
    path: Template,
    query: Vec<(String, Template)>,
    per_record: bool,
    parallel: usize,
    body: Body,
    text: Template,
    headers: Vec<(String, Template)>,
    exactly_once: bool,
    expected: ExpectedStatus,
    timeout: Duration,
    connect_timeout: Duration,
    retries: usize,
    retry_pause: Duration,
    redirects: Redirects,
    answer: As,
    records_text: String,
    records_at: JsonPath,
    /// The fields of the records, declared or from a sample.
    columns: Option<SchemaRef>,
    keep_fields: Vec<String>,
    keep_status: bool,
    header_fields: Vec<String>,
    /// In bytes.
    body_limit: usize,
    pages: Pages,
}

impl Prepared {
    fn read(properties: &mut Properties<'_>) -> Self {
        let expected = properties.text("ExpectStatus");
        let expected = ExpectedStatus::parse(&expected).unwrap_or_else(|part| {
            properties
                .problem("ExpectStatus", &format!("holds “{part}”, which is no status: use a list such as 2xx, 404"));
            ExpectedStatus::nothing()
        });
        let records_text = properties.text("Records");
        let records_at = JsonPath::parse(&records_text);
        Self {
            connection: properties.text("Connection"),
            method: method(properties),
            path: properties.template("Path"),
            query: properties.pairs("Query"),
            per_record: properties.choice("Per", &[("Stream", false), ("Record", true)]),
            parallel: properties.integer("Parallel"),
            body: properties.choice("Body", describe::BODIES),
            text: properties.template("Text"),
            headers: properties.pairs("Headers"),
            exactly_once: properties.boolean("ExactlyOnce"),
            expected,
            timeout: duration(properties, "Timeout"),
            connect_timeout: duration(properties, "ConnectTimeout"),
            retries: properties.integer("Retries"),
            retry_pause: duration(properties, "RetryPause"),
            redirects: properties.choice("Redirects", describe::REDIRECTS),
            answer: properties.choice("Answer", &[("Text", As::Text), ("Bytes", As::Bytes), ("Records", As::Records)]),
            columns: columns(properties, &records_at),
            records_text,
            records_at,
            keep_fields: properties.names("KeepFields"),
            keep_status: properties.boolean("KeepStatus"),
            header_fields: properties.names("HeaderFields"),
            body_limit: properties.integer("BodyLimit") << 20,
            pages: Pages {
                paging: properties.choice("Paging", describe::PAGINGS),
                parameter: properties.text("PageParameter"),
                start: properties.integer("PageStart") as u64,
                size: properties.integer("PageSize") as u64,
                size_parameter: properties.text("SizeParameter"),
                next_at: JsonPath::parse(&properties.text("Next")),
                limit: properties.integer("PageLimit"),
            },
        }
    }

    /// Reports properties that do not go together.
    fn check(&self, properties: &mut Properties<'_>) {
        check_header_names(properties, "Headers", self.headers.iter().map(|(name, _)| name));
        check_header_names(properties, "HeaderFields", self.header_fields.iter());
        let counts = matches!(self.pages.paging, Paging::Page | Paging::Offset);
        if counts && self.answer != As::Records {
            properties.problem("Paging", "counts records: set Answer to Records, or choose another way");
        }
        if (counts || self.pages.paging == Paging::Cursor) && self.pages.parameter.is_empty() {
            properties.problem("PageParameter", "is missing: say which query parameter the server wants");
        }
        if self.pages.need_body() && self.pages.next_at == JsonPath::parse("") {
            properties.problem("Next", "is missing: say where the body holds the next link or mark");
        }
        let before = self.fields_before(None).unwrap_or_default();
        let fields = self.columns.iter().flat_map(|columns| columns.fields());
        let twice = fields
            .map(|field| field.name())
            .find(|name| self.keep_fields.contains(name) || before.iter().any(|field| field.name() == *name));
        if let Some(name) = twice {
            let message = format!("has the field “{name}”, which is also kept of the input, the headers or the status");
            properties.problem("Columns", &message);
        }
    }
}

fn method(properties: &mut Properties<'_>) -> Method {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
    let choices: Vec<(&str, &Method)> = describe::METHODS.iter().copied().zip(&methods).collect();
    properties.choice("Method", &choices).clone()
}

fn duration(properties: &mut Properties<'_>, name: &str) -> Duration {
    Duration::try_from_secs_f64(properties.seconds(name)).unwrap_or(Duration::MAX)
}

/// The fields of the records: as declared, else as the sample shows them.
fn columns(properties: &mut Properties<'_>, records_at: &JsonPath) -> Option<SchemaRef> {
    if let Some(declared) = properties.schema("Columns") {
        return Some(declared);
    }
    let sample = properties.text("Sample");
    if sample.trim().is_empty() {
        return None;
    }
    answer::fields_of_sample(&sample, records_at).map_err(|problem| properties.problem("Sample", &problem)).ok()
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let run = &*run;
        let connection = run.services.connection(&self.connection).await.map_err(|error| error.on("Connection"))?;
        let endpoint = Endpoint::of(&connection, run.services)?;
        let exchange = Exchange::new(self, run, &endpoint)?;
        let before = self.fields_before(Some(run.input().schema())).unwrap_or_default();
        let gathered = JsonRecords::new(run.spool(), before, self.declared());
        let (gathered, note) = if self.per_record {
            self.for_each_record(&exchange, gathered).await?
        } else {
            self.for_the_stream(&exchange, gathered).await?
        };
        let stream = run.blocking(move || Ok(gathered.finish()?)).await?;
        Ok(Outcome::out(stream).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.path, "Path", true);
        for (_, value) in &self.query {
            design.template(value, "Query", true);
        }
        if self.body == Body::Text {
            design.template(&self.text, "Text", true);
        }
        for (_, value) in &self.headers {
            design.template(value, "Headers", true);
        }
        for name in &self.keep_fields {
            design.field(name, "KeepFields");
        }
        let before = self.fields_before(design.input().map(AsRef::as_ref));
        if let (Some(before), Some(fields)) = (before, self.declared()) {
            let all = before.into_iter().map(Arc::new).chain(fields.fields().iter().cloned());
            design.outlet(OUT, Arc::new(Schema::new(all.collect::<Vec<_>>())));
        }
    }
}

impl Prepared {
    /// One request for the stream, with all its pages.
    async fn for_the_stream(
        &self,
        exchange: &Exchange<'_>,
        mut gathered: JsonRecords,
    ) -> Result<(JsonRecords, String), ComponentError> {
        let run = exchange.run;
        let first = run.first(1).await?;
        let body = self.body_of_stream(run, &first).await?;
        let call = self.call(run, exchange.endpoint, &first, 0, body)?;
        let mut turning = Turning::new(&self.pages, exchange.endpoint);
        let mut next = Some(turning.first(self.with_key(call, &run.idempotency_key)?));
        let mut status = String::new();
        while let Some(call) = next {
            let answer = exchange.answer(&call).await?;
            status = answer.status.to_string();
            let document = self.document(run, &answer, &call).await?;
            let (received, page) = self.received(answer, document, 0, &call)?;
            next = turning.next(&call, &page)?;
            let chunk = self.chunk(vec![received], &first)?;
            gathered = run.blocking(move || added(gathered, chunk)).await?;
            run.progress(gathered.rows() as u64);
        }
        let note = match (self.answer, turning.received()) {
            (As::Records, 1) => format!("{} {status}: {}", self.method, records(gathered.rows())),
            (_, 1) => format!("{} {status}", self.method),
            (As::Records, pages) => format!("{}: {} on {pages} pages", self.method, records(gathered.rows())),
            (_, pages) => format!("{}: {pages} pages", self.method),
        };
        Ok((gathered, note))
    }

    /// One request for each record, several at once; the answers keep the order of the records.
    async fn for_each_record(
        &self,
        exchange: &Exchange<'_>,
        mut gathered: JsonRecords,
    ) -> Result<(JsonRecords, String), ComponentError> {
        let run = exchange.run;
        // Requests cannot be taken back, so nothing is sent before everything has arrived.
        let mut batches = run.held().await?.batches()?;
        let mut sent = 0;
        loop {
            let (batch, rest) = run.blocking(move || Ok((batches.next().transpose()?, batches))).await?;
            batches = rest;
            let Some(batch) = batch else { break };
            let requests: Vec<_> =
                (0..batch.num_rows()).map(|row| self.for_record(exchange, &batch, row, sent + row)).collect();
            let mut answers = futures::stream::iter(requests).buffered(self.parallel);
            let mut waiting: Vec<Received> = Vec::new();
            let mut waiting_records = 0;
            while let Some(received) = answers.try_next().await? {
                waiting_records += received.iter().map(|answer| answer.records.len()).sum::<usize>();
                waiting.extend(received);
                sent += 1;
                run.progress(sent as u64);
                if waiting_records >= BATCH {
                    waiting_records = 0;
                    let chunk = self.chunk(std::mem::take(&mut waiting), &batch)?;
                    gathered = run.blocking(move || added(gathered, chunk)).await?;
                }
            }
            let chunk = self.chunk(waiting, &batch)?;
            gathered = run.blocking(move || added(gathered, chunk)).await?;
        }
        let note = match self.answer {
            As::Records => format!("{} for {}: {}", self.method, records(sent), records(gathered.rows())),
            As::Text | As::Bytes => format!("{} for {}", self.method, records(sent)),
        };
        Ok((gathered, note))
    }

    /// The answers for the record at `row` of a batch, which is the record `number` of the stream, from 0.
    async fn for_record(
        &self,
        exchange: &Exchange<'_>,
        batch: &RecordBatch,
        row: usize,
        number: usize,
    ) -> Result<Vec<Received>, ComponentError> {
        self.pages_for_record(exchange, batch, row, number).await.map_err(|error| error.at_row(number as u64 + 1))
    }

    async fn pages_for_record(
        &self,
        exchange: &Exchange<'_>,
        batch: &RecordBatch,
        row: usize,
        number: usize,
    ) -> Result<Vec<Received>, ComponentError> {
        let run = exchange.run;
        let body = self.body_of_record(run, batch, row)?;
        let call = self.call(run, exchange.endpoint, batch, row, body)?;
        let call = self.with_key(call, &format!("{}-{number}", run.idempotency_key))?;
        let mut turning = Turning::new(&self.pages, exchange.endpoint);
        let mut next = Some(turning.first(call));
        let mut all = Vec::new();
        while let Some(call) = next {
            let answer = exchange.answer(&call).await?;
            let document = self.document(run, &answer, &call).await?;
            let (received, page) = self.received(answer, document, row, &call)?;
            next = turning.next(&call, &page)?;
            all.push(received);
        }
        Ok(all)
    }
}

fn added(mut gathered: JsonRecords, chunk: Chunk) -> Result<JsonRecords, ComponentError> {
    gathered.add(chunk)?;
    Ok(gathered)
}
