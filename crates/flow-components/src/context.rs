//! What a component has at hand while it runs.

use crate::{CANCELLED, ComponentError, MAY_NOT_ACT, Services, Template};
use flow_data::arrow::datatypes::Schema;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Numbers, Spool, Stream, Variables, value_at};
use flow_model::{ComponentId, IN};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use tokio_util::sync::CancellationToken;

/// Which request a component runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRef {
    /// The request.
    pub id: i64,
    /// Which try of it this is, from 1.
    pub attempt: u32,
}

/// The surroundings of one run of a component.
pub struct RunContext<'a> {
    /// The component.
    pub component: &'a ComponentId,
    /// Its name on the canvas.
    pub name: &'a str,
    /// The streams that its inlets received.
    pub inlets: &'a BTreeMap<String, Stream>,
    /// The flow variables that are set here.
    pub variables: &'a Variables,
    /// Connections, files, caches.
    pub services: &'a dyn Services,
    /// The request it runs for; none in a trial of a single component.
    pub request: Option<RequestRef>,
    /// The same for every attempt of this component on this request and iteration, different for all others.
    pub idempotency_key: String,
    /// Fires when the attempt must come to an end.
    pub cancel: CancellationToken,
    /// Whether the durable wait that this component asked for is over.
    pub waited: bool,
    /// Whoever runs the component. To be cloned by work on another thread that tells of its progress.
    pub runner: Arc<dyn Runner>,
}

/// Whoever runs a component, as far as the component is concerned.
pub trait Runner: Send + Sync {
    /// Whether anybody is interested in what leaves `outlet`.
    fn wants(&self, outlet: &str) -> bool;

    /// Takes note that so many records have been dealt with. Cheap: what comes too often is not passed on.
    fn progress(&self, rows: u64);
}

/// Where everything is wanted and nobody looks: trials of a single component.
impl Runner for () {
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn progress(&self, _: u64) {}
}

static NOTHING: LazyLock<Stream> = LazyLock::new(|| Stream::empty(Arc::new(Schema::empty())));

impl RunContext<'_> {
    /// The stream of the ordinary inlet; without fields and records if it received none.
    pub fn input(&self) -> &Stream {
        self.inlets.get(IN).unwrap_or(&NOTHING)
    }

    /// Whether anybody is interested in what leaves `outlet`: what nobody wants need not be computed.
    pub fn wants(&self, outlet: &str) -> bool {
        self.runner.wants(outlet)
    }

    /// Says that so many records have been dealt with so far.
    pub fn progress(&self, rows: u64) {
        self.runner.progress(rows);
    }

    /// Does work that blocks its thread (reading a stream that is not held, files, databases) where that holds nobody
    /// up.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
    ) -> Result<T, ComponentError> {
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| match error.try_into_panic() {
            // Whoever runs the component reports it.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ComponentError::new(CANCELLED, "the program is about to end")),
        })
    }

    /// Where streams that are computed are kept.
    pub fn spool(&self) -> &Spool {
        self.services.spool()
    }

    /// The first `n` records of the ordinary inlet.
    pub async fn first(&self, n: usize) -> Result<RecordBatch, ComponentError> {
        let input = self.input();
        if input.held().is_some() {
            return Ok(input.first(n)?.to_batch()?);
        }
        let input = input.clone();
        self.blocking(move || Ok(input.first(n)?.to_batch()?)).await
    }

    /// The stream of the ordinary inlet once all of it has arrived: for what cannot be taken back, and for what must see
    /// everything before it goes on.
    pub async fn held(&self) -> Result<Stream, ComponentError> {
        let input = self.input().clone();
        if !input.is_flowing() {
            return Ok(input);
        }
        let spool = self.spool().clone();
        self.blocking(move || Ok(input.hold(&spool)?)).await
    }

    /// The template with flow variables in place of `${name}`.
    pub fn text(&self, template: &str) -> Result<String, ComponentError> {
        self.fill(&Template::parse(template)?)
    }

    /// The same for a template that is parsed already.
    pub fn fill(&self, template: &Template) -> Result<String, ComponentError> {
        template.fill(|name| self.variables.text(name))
    }

    /// The same where names may also be those of fields: they stand for the values of the record at `row` of the
    /// ordinary inlet, from 0, and come before flow variables.
    pub fn fill_with_record(&self, template: &Template, row: usize) -> Result<String, ComponentError> {
        self.fill_encoded(template, row, str::to_owned)
    }

    /// The same over the record at `row` of a batch.
    pub fn fill_from(&self, template: &Template, batch: &RecordBatch, row: usize) -> Result<String, ComponentError> {
        self.fill_from_encoded(template, batch, row, str::to_owned)
    }

    /// The same with every value passed through `encode` before it is filled in.
    pub fn fill_from_encoded(
        &self,
        template: &Template,
        batch: &RecordBatch,
        row: usize,
        encode: fn(&str) -> String,
    ) -> Result<String, ComponentError> {
        let field = |name: &str| {
            let column = batch.column_by_name(name)?;
            // Without a record its fields are empty.
            Some(if row < column.len() { as_text(value_at(column, row, Numbers::AsText)) } else { String::new() })
        };
        template.fill(|name| field(name).or_else(|| self.variables.text(name)).map(|value| encode(&value)))
    }

    /// The same with every value passed through `encode` before it is filled in.
    pub fn fill_encoded(
        &self,
        template: &Template,
        row: usize,
        encode: fn(&str) -> String,
    ) -> Result<String, ComponentError> {
        let record = self.input().slice(row, 1)?;
        let field = |name: &str| {
            let batch = record.held()?.first()?;
            Some(as_text(value_at(batch.column_by_name(name)?, 0, Numbers::AsText)))
        };
        template.fill(|name| field(name).or_else(|| self.variables.text(name)).map(|value| encode(&value)))
    }

    /// Asks whether this server may still act on the world. Call it right before every effect: a server whose lease
    /// runs out must not act any more, since a survivor may be doing so already.
    pub async fn before_effect(&self) -> Result<(), ComponentError> {
        if self.cancel.is_cancelled() {
            return Err(ComponentError::new(CANCELLED, "the attempt was told to end"));
        }
        if !self.services.may_act() {
            return Err(ComponentError::new(
                MAY_NOT_ACT,
                "this server's lease is running out, so it must not act any more",
            ));
        }
        Ok(())
    }
}

/// A value as it stands in a text: null as nothing.
fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
