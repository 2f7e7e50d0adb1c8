//! Start: where a request begins.

use crate::describe::{choice, optional};
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::Stream;
use flow_data::arrow::datatypes::{DataType, Field, Schema};
use flow_model::{ComponentDescription, Effect, Family, InputDeclaration, InputType, OUT, Ports, PropertyKind};
use serde_json::{Value, json};
use std::sync::Arc;

const HELP: &str = "\
Every flow has exactly one Start. A request begins here, and Start says how the request is kept safe.

**Inputs** are the values that a request brings along. Each becomes a flow variable (`$month` in expressions, \
`${month}` in texts) and a field of the one record that leaves the outlet. An input without a default must be given.

**If its server dies.** With *OtherServerRetry* on, the first server to notice takes the request over and goes on from \
the last saved point. Without it, the request waits until its own server is back.

**If it fails.** *RetryCount* and *RetryInterval* say how often it is tried again, and after how long. Each new attempt \
goes on from the last saved points. The counts hold across servers; a takeover does not use one up.

**BeginCheckpoint** set to *Use* saves the inputs the way a Checkpoint would, so that a request which has not come far \
begins again with the same inputs, the same record and the same version of the flow.";

pub(super) struct Start;

impl ComponentType for Start {
    fn description(&self) -> ComponentDescription {
        let seconds = |min| PropertyKind::Seconds { min };
        ComponentDescription {
            kind: "Start",
            title: "Start",
            family: Family::Control,
            icon: "play",
            summary: "Where a request begins, and how it is kept safe",
            help: HELP,
            properties: vec![
                optional(
                    "Inputs",
                    "Inputs",
                    PropertyKind::Inputs,
                    json!([]),
                    "The values that a request brings along. Each becomes a flow variable and a field of the record that leaves the outlet.",
                ),
                optional(
                    "OtherServerRetry",
                    "OtherServerRetry",
                    PropertyKind::Boolean,
                    false,
                    "Whether other servers take the request over when its server dies. Off: it waits for its own server.",
                ),
                optional(
                    "BeginCheckpoint",
                    "BeginCheckpoint",
                    choice(&[("NotUse", "NotUse"), ("Use", "Use")]),
                    "NotUse",
                    "Use saves the inputs at the start, as a Checkpoint right behind Start would.",
                ),
                optional(
                    "RetryCount",
                    "RetryCount",
                    PropertyKind::Integer { min: 0, max: 1_000_000 },
                    0,
                    "How many times a failed request is tried again by itself.",
                ),
                optional(
                    "RetryInterval",
                    "RetryInterval",
                    seconds(0.0),
                    10,
                    "Seconds from a failed attempt to the next.",
                ),
                optional(
                    "RetryBackoff",
                    "RetryBackoff",
                    PropertyKind::Integer { min: 1, max: 10 },
                    1,
                    "How many times as long each further interval is: with 2, intervals double. A day at the most.",
                ),
                optional(
                    "Timeout",
                    "Timeout",
                    seconds(0.0),
                    Value::Null,
                    "Seconds that one attempt may take; empty for no limit.",
                ),
                optional(
                    "Priority",
                    "Priority",
                    PropertyKind::Integer { min: -9, max: 9 },
                    0,
                    "Which of the requests that wait for a server come first: higher ones. Lower ones wait longer, but not for ever.",
                ),
                optional(
                    "ConcurrencyLimit",
                    "ConcurrencyLimit",
                    PropertyKind::Integer { min: 0, max: 1_000_000 },
                    0,
                    "How many requests of this flow run at once, in the whole cluster; 0 for no limit. The others wait for their turn.",
                ),
                optional(
                    "StalledAfter",
                    "StalledAfter",
                    seconds(0.0),
                    Value::Null,
                    "Seconds without progress after which a running request is shown as stalled, so that somebody looks at it; 0 for never, empty for what the settings of the cluster say. What only takes long makes progress: records that move, iterations, saved points.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Inputs}",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&[], &[OUT])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { inputs: properties.list("Inputs") })
    }
}

struct Prepared {
    inputs: Vec<InputDeclaration>,
}

fn data_type(kind: InputType) -> DataType {
    match kind {
        InputType::Text => DataType::Utf8,
        InputType::Integer => DataType::Int64,
        InputType::Number => DataType::Float64,
        InputType::Boolean => DataType::Boolean,
    }
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let value = |input: &InputDeclaration| {
            run.variables.get(&input.name).or(input.default.as_ref()).cloned().unwrap_or(Value::Null)
        };
        let fields: Vec<(&str, DataType, Value)> =
            self.inputs.iter().map(|input| (input.name.as_str(), data_type(input.kind), value(input))).collect();
        Ok(Outcome::out(Stream::from_typed_record(&fields)?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let fields: Vec<Field> =
            self.inputs.iter().map(|input| Field::new(&input.name, data_type(input.kind), true)).collect();
        design.outlet(OUT, Arc::new(Schema::new(fields)));
    }
}
