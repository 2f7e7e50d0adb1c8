//! JavaScript: makes records by a script, where SQL expressions do not reach.

mod limits;
mod machine;
mod surroundings;
mod values;

use crate::describe::{choice, optional, required};
use crate::json_records::{Chunk, JsonRecords};
use crate::wording::records;
use crate::{
    Component, ComponentError, ComponentType, Design, LogLevel, LogLine, Outcome, Properties, RunContext, Runner,
};
use async_trait::async_trait;
use flow_data::arrow::array::new_null_array;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::RecordBatch;
use flow_data::{DataError, Stream, Variables, json_schema_of};
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind, TextPlace};
use limits::{Limits, Pulse};
use machine::{Machine, Script};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const HELP: &str = "\
Makes records by a script. Prefer Mapper, Filter and Aggregate where they do: they are faster, and the designer knows \
what they make.

With *Per* on *Record* the script is called for each record and returns the record that leaves, a list of records, or \
nothing (the record is dropped). It knows `record`, its `index` from 0, and the flow `variables`:

```js
const words = record.name.split(' ');
return { ...record, first: words[0], last: words.at(-1), greeting: variables.greeting };
```

With *Stream* it is called once, with the list of all `records`, and returns a list.

**Values.** Texts, numbers, booleans, lists and objects are what they are in JavaScript. Whole numbers beyond 2^53 are \
`BigInt` (`12345678901234567890n`), decimals with more than 15 digits are texts, so that no digit is ever lost; dates and \
times are texts in ISO 8601, missing values are `null`. `BigInt` and `Date` may be returned.

**Fields.** *Columns* declares the fields that leave. Without them the records themselves show which there are; the \
designer then guesses by a trial with made-up values, and types may differ from what it shows.

**Limits.** A call that takes longer than *TimeLimit* or needs more than *MemoryLimit* ends with an error. A script reaches \
neither network nor files. It gives the same result whenever it runs again: with *Clock* off, `Date.now()`, `new Date()` \
and `Math.random()` are errors. `console.log()` writes into the request's log (100 lines). Times of day in a `Date` are \
those of the server's time zone: use its UTC functions.";

/// So many records of results make a batch.
const BATCH: usize = 8_192;
/// The designer's trial may take so long.
const TRIAL: Duration = Duration::from_millis(200);

pub(super) struct JavaScript;

impl ComponentType for JavaScript {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "JavaScript",
            title: "JavaScript",
            family: Family::Transform,
            icon: "braces",
            summary: "Makes records by a script",
            help: HELP,
            properties: vec![
                required(
                    "Script",
                    "Script",
                    PropertyKind::Script,
                    "The body of a function of `record`, `index` and `variables`, or of `records` and `variables`.",
                ),
                optional(
                    "Per",
                    "Per",
                    choice(&[("Record", "Called for each record"), ("Stream", "Called once for all")]),
                    "Record",
                    "How often the script is called.",
                ),
                optional(
                    "Columns",
                    "Columns",
                    PropertyKind::Columns { fixed: false },
                    json!([]),
                    "The fields that leave and their types. Empty: as the records show them.",
                ),
                optional(
                    "TimeLimit",
                    "Time limit",
                    PropertyKind::Seconds { min: 0.001 },
                    5,
                    "Seconds that one call may take.",
                ),
                optional(
                    "MemoryLimit",
                    "Memory limit",
                    PropertyKind::Integer { min: 1, max: 4_096 },
                    64,
                    "The most memory that the script may use, in MiB.",
                ),
                optional(
                    "Clock",
                    "Clock",
                    PropertyKind::Boolean,
                    false,
                    "Whether the script may ask for the time and for random numbers, so that it may give another result when it runs again.",
                ),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Script}",
        }
    }

    fn effect(&self, component: &flow_model::Component) -> Option<Effect> {
        let clock = component.properties.get("Clock").and_then(Value::as_bool).unwrap_or_default();
        clock.then_some(Effect::Reads)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let time = Duration::try_from_secs_f64(properties.seconds("TimeLimit")).unwrap_or(Duration::MAX);
        let limits = Limits { time, memory: properties.integer("MemoryLimit") << 20 };
        let per_record = properties.choice("Per", &[("Record", true), ("Stream", false)]);
        let script = Script::new(&properties.text("Script"), per_record, properties.boolean("Clock"), limits);
        Arc::new(Prepared { script: Arc::new(script), columns: properties.schema("Columns") })
    }
}

struct Prepared {
    script: Arc<Script>,
    /// The fields that leave, if they are declared.
    columns: Option<SchemaRef>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let work = Work {
            script: Arc::clone(&self.script),
            input: run.input().clone(),
            variables: run.variables.clone(),
            made: JsonRecords::new(run.spool(), Vec::new(), self.columns.clone()),
            cancel: run.cancel.clone(),
            pulse: Arc::default(),
            runner: Arc::clone(&run.runner),
        };
        let pulse = Arc::clone(&work.pulse);
        let (stream, said) = tokio::select! {
            done = run.blocking(move || work.done()) => done?,
            // Its thread is lost; the request is not.
            () = pulse.stuck() => return Err(self.script.limits.out_of_time()),
        };
        let note = records(stream.rows());
        let log = said.into_iter().map(|message| LogLine { level: LogLevel::Info, message }).collect();
        Ok(Outcome { log, ..Outcome::out(stream) }.with_note(note))
    }

    fn design(&self, design: &mut Design<'_>) {
        let trial = self.trial(design.input(), design.variables());
        match trial {
            Err(error) if error.code == machine::SYNTAX => {
                let script = design.properties.get("Script").and_then(Value::as_str).unwrap_or_default();
                let place = place_of(&error, script);
                design.problem_within(&error.code, "Script", &error.message, place);
            }
            // Made-up values may not be what the script expects.
            Err(_) => {}
            Ok(guess) => {
                if let Some(fields) = self.columns.clone().or(guess) {
                    design.outlet(OUT, fields);
                }
                return;
            }
        }
        if let Some(columns) = &self.columns {
            design.outlet(OUT, Arc::clone(columns));
        }
    }
}

impl Prepared {
    /// Compiles the script and tries it on a made-up record; the answer is the fields of what it made, if that is
    /// anything.
    fn trial(&self, input: Option<&SchemaRef>, variables: &Variables) -> Result<Option<SchemaRef>, ComponentError> {
        let mut machine = Machine::new(&self.script.with_time(TRIAL))?;
        let Some(batch) = input.and_then(made_up) else { return Ok(None) };
        machine.begin(&CancellationToken::new(), &Arc::default(), variables)?;
        let made =
            if self.script.per_record { machine.call(&batch, 0, 0)? } else { machine.call_with_all(&[batch])? };
        Ok((!made.is_empty()).then(|| json_schema_of(&made)))
    }
}

/// Where in the script the engine found what is wrong: its message begins with that.
fn place_of(error: &ComponentError, script: &str) -> Option<TextPlace> {
    let (line, rest) = error.message.strip_prefix("line ")?.split_once(", column ")?;
    let (column, message) = rest.split_once(": ")?;
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    let place = DataError::ExpressionSyntax { line, column, message: message.to_owned() };
    Some(TextPlace::default().marking(script, place.range_in(script)?))
}

/// One record with made-up values.
fn made_up(schema: &SchemaRef) -> Option<RecordBatch> {
    let columns = schema.fields().iter().map(|field| {
        let nothing = new_null_array(field.data_type(), 1);
        values::made_up(field.data_type()).unwrap_or(nothing)
    });
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>();
    RecordBatch::try_new(Arc::new(flow_data::arrow::datatypes::Schema::new(fields)), columns.collect()).ok()
}

/// A run of the script over a stream, on a thread of its own.
struct Work {
    script: Arc<Script>,
    input: Stream,
    variables: Variables,
    made: JsonRecords,
    cancel: CancellationToken,
    pulse: Arc<Pulse>,
    runner: Arc<dyn Runner>,
}

impl Work {
    /// The records that the script makes, and what it logs.
    fn done(mut self) -> Result<(Stream, Vec<String>), ComponentError> {
        let mut machine = self.script.machine()?;
        machine.begin(&self.cancel, &self.pulse, &self.variables)?;
        if self.script.per_record {
            self.each(&mut machine)?;
        } else {
            let batches = self.input.batches()?.collect::<Result<Vec<_>, _>>()?;
            let values = machine.call_with_all(&batches)?;
            self.add(values)?;
        }
        let said = machine.said()?;
        self.script.give_back(machine);
        let stream = self.made.finish().map_err(unfit)?;
        Ok((stream, said))
    }

    fn each(&mut self, machine: &mut Machine) -> Result<(), ComponentError> {
        let mut index = 0;
        for batch in self.input.batches()? {
            let batch = batch?;
            let mut values = Vec::with_capacity(batch.num_rows());
            for row in 0..batch.num_rows() {
                let made = machine.call(&batch, row, index);
                index += 1;
                values.extend(made.map_err(|error| error.about(&format!("record {index}")).at_row(index))?);
                if values.len() >= BATCH {
                    self.add(std::mem::take(&mut values))?;
                }
            }
            self.runner.progress(index);
            self.add(values)?;
        }
        Ok(())
    }

    fn add(&mut self, values: Vec<Value>) -> Result<(), ComponentError> {
        self.made.add(Chunk { values, before: Vec::new() }).map_err(unfit)
    }
}

/// What the script made does not fit its fields.
fn unfit(error: flow_data::DataError) -> ComponentError {
    ComponentError::from(error).about("what the script returned").on("Columns")
}
