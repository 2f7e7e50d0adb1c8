//! HTTP Reply: what a request that came over HTTP is answered with.

use crate::describe::{choice, optional};
use crate::http::content::{BYTES, JSON, TEXT, check_header_names, document, header_value};
use crate::wording::records as records_in_words;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext, Template};
use async_trait::async_trait;
use base64::Engine;
use flow_data::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{Stream, json_to_batch};
use flow_model::{ComponentDescription, Effect, Family, IN, OUT, Ports, PropertyKind};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

const HELP: &str = "\
The end of a path, like End, for a request that was asked for over HTTP: it says with which status, headers and body \
the caller is answered.

**The body.** With *Body* on *Records*, the records that arrive, as a JSON list; with *Record* the first one alone, as a \
JSON object. With *Document*, the only field of the first record as it is, text or bytes: what Format makes. With *Text*, \
the text below; `${name}` stands for a field of the first record or for a flow variable.

A request that was started otherwise (by hand, by a schedule) has the same answer as its reply: status, headers and body. \
If several HTTP Replies are reached, the first in the flow's order answers. A flow that fails answers with an error; draw \
an error outlet to an HTTP Reply to say it in your own words.";

/// The most of a body, in bytes: the reply is kept with the request.
const MOST: usize = 4 << 20;
/// The most records of a body.
const MOST_RECORDS: usize = 100_000;

/// The one record that is the reply.
static REPLY: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let header = DataType::Struct(vec![text("name"), text("value")].into());
    let headers = DataType::List(Arc::new(Field::new_list_field(header, true)));
    Arc::new(Schema::new(vec![
        Field::new("status", DataType::Int32, true),
        Field::new("headers", headers, true),
        text("body"),
        text("encoding"),
    ]))
});

pub(super) struct HttpReply;

impl ComponentType for HttpReply {
    fn description(&self) -> ComponentDescription {
        let bodies = choice(&[
            ("Records", "Records as JSON"),
            ("Record", "The first record as JSON"),
            ("Document", "The only field as it is"),
            ("Text", "Text"),
            ("None", "None"),
        ]);
        ComponentDescription {
            kind: "HttpReply",
            title: "HTTP Reply",
            family: Family::Network,
            icon: "reply",
            summary: "Answers whoever asked over HTTP",
            help: HELP,
            properties: vec![
                optional(
                    "Status",
                    "Status",
                    PropertyKind::Integer { min: 200, max: 599 },
                    200,
                    "The status of the answer.",
                ),
                optional("Body", "Body", bodies, "Records", "What is sent."),
                optional(
                    "Text",
                    "Text",
                    PropertyKind::Multiline,
                    "",
                    "The body when Body is Text. `${name}` stands for a field or a flow variable.",
                )
                .when("Body", &["Text"]),
                optional(
                    "Headers",
                    "Headers",
                    PropertyKind::Pairs,
                    json!([]),
                    "More headers. `${name}` stands for a field or a flow variable. Content-Type follows from Body unless it is here.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Status}",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[IN], &[])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let headers = properties.pairs("Headers");
        check_header_names(properties, "Headers", headers.iter().map(|(name, _)| name));
        let bodies = [
            ("Records", Body::Records),
            ("Record", Body::Record),
            ("Document", Body::Document),
            ("Text", Body::Text),
            ("None", Body::None),
        ];
        Arc::new(Prepared {
            status: properties.integer("Status"),
            body: properties.choice("Body", &bodies),
            text: properties.template("Text"),
            headers,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Records,
    Record,
    Document,
    Text,
    None,
}

struct Prepared {
    status: usize,
    body: Body,
    text: Template,
    headers: Vec<(String, Template)>,
}

/// A body and how it stands in the reply: bytes that are no text are in base64.
struct Content {
    media_type: Option<&'static str>,
    text: String,
    is_base64: bool,
}

impl Content {
    fn none() -> Self {
        Self { media_type: None, text: String::new(), is_base64: false }
    }

    fn text(media_type: &'static str, text: String) -> Self {
        Self { media_type: Some(media_type), text, is_base64: false }
    }

    /// The only field of the first record, as it is.
    fn document(first: &RecordBatch) -> Result<Self, ComponentError> {
        Ok(match document(first, 0)? {
            None => Self::none(),
            Some((BYTES, bytes)) => {
                let text = base64::engine::general_purpose::STANDARD.encode(bytes);
                Self { media_type: Some(BYTES), text, is_base64: true }
            }
            Some((media_type, text)) => Self::text(media_type, String::from_utf8_lossy(&text).into_owned()),
        })
    }
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let first = run.first(1).await?;
        let content = self.content(run, &first).await?;
        if content.text.len() > MOST {
            let message = format!("the body is larger than {} MiB: answer with where it can be had", MOST >> 20);
            return Err(ComponentError::new("http/too-large", message).on("Body").for_good());
        }
        let mut headers = Vec::with_capacity(self.headers.len() + 1);
        for (name, template) in &self.headers {
            let value = run.fill_from(template, &first, 0)?;
            header_value(name, &value)?;
            headers.push(json!({"name": name, "value": value}));
        }
        let says_type = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if let Some(media_type) = content.media_type.filter(|_| !says_type) {
            headers.push(json!({"name": "content-type", "value": media_type}));
        }
        let note = format!("{} with {} bytes", self.status, content.text.len());
        let reply = json!({
            "status": self.status,
            "headers": headers,
            "body": content.text,
            "encoding": if content.is_base64 { "base64" } else { "text" },
        });
        let batch = json_to_batch(&[reply], &REPLY)?;
        Ok(Outcome::on(OUT, Stream::new(Arc::clone(&REPLY), vec![batch])).with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        if self.body == Body::Text {
            design.template(&self.text, "Text", true);
        }
        for (_, value) in &self.headers {
            design.template(value, "Headers", true);
        }
    }
}

impl Prepared {
    async fn content(&self, run: &RunContext<'_>, first: &RecordBatch) -> Result<Content, ComponentError> {
        Ok(match self.body {
            Body::None => Content::none(),
            Body::Text => Content::text(TEXT, run.fill_from(&self.text, first, 0)?),
            Body::Document => Content::document(first)?,
            Body::Record => {
                let record = Stream::new(first.schema(), vec![first.clone()]).to_json_records()?.pop();
                Content::text(JSON, record.map(Value::Object).unwrap_or_default().to_string())
            }
            Body::Records => {
                let input = run.input().clone();
                let records = run.blocking(move || Ok(input.first(MOST_RECORDS + 1)?.to_json_records()?)).await?;
                if records.len() > MOST_RECORDS {
                    let message = format!("a reply has at most {}: answer with fewer", records_in_words(MOST_RECORDS));
                    return Err(ComponentError::new("http/too-large", message).on("Body").for_good());
                }
                let records: Value = records.into_iter().map(Value::Object).collect();
                Content::text(JSON, records.to_string())
            }
        })
    }
}
