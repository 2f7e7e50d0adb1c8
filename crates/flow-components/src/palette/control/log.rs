//! Log: writes lines into the request's log.

use crate::describe::{choice, optional, required};
use crate::wording::records;
use crate::{
    Component, ComponentError, ComponentType, Design, LogLevel, LogLine, Outcome, Properties, RunContext, Template,
};
use async_trait::async_trait;
use flow_model::{ComponentDescription, Effect, Family, OUT, PropertyKind};
use std::sync::Arc;

const HELP: &str = "\
Writes into the log of the request, and passes on what arrives.

With *Per* on *Stream* it writes one line, in which `${name}` stands for a field of the first record or for a flow \
variable. With *Record* it writes a line for each record, up to *Limit* of them, and then one that says how far it got.

The log is for people who look at a request later: write what they will want to know (`${orders} orders of ${month}`), \
and nothing secret. Lines that are written again after a failure appear again, with the number of their attempt.";

/// The longest line, in characters. A log is read by people.
const LONGEST: usize = 2_000;

pub(super) struct Log;

impl ComponentType for Log {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Log",
            title: "Log",
            family: Family::Control,
            icon: "scroll-text",
            summary: "Writes into the request's log",
            help: HELP,
            properties: vec![
                required(
                    "Message",
                    "Message",
                    PropertyKind::Multiline,
                    "The line. `${name}` stands for a field or a flow variable.",
                ),
                optional(
                    "Level",
                    "Level",
                    choice(&[("Info", "Information"), ("Warning", "Warning"), ("Error", "Error")]),
                    "Info",
                    "How it is marked in the log. It changes nothing else: use Fail to end a request.",
                ),
                optional(
                    "Per",
                    "Per",
                    choice(&[("Stream", "One line for the stream"), ("Record", "One line for each record")]),
                    "Stream",
                    "How many lines are written.",
                ),
                optional(
                    "Limit",
                    "Limit",
                    PropertyKind::Integer { min: 1, max: 10_000 },
                    100,
                    "How many records get a line when Per is Record.",
                )
                .when("Per", &["Record"]),
            ],
            effect: Effect::None,
            saves: false,
            line: "{Message}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared {
            message: properties.template("Message"),
            level: properties.choice(
                "Level",
                &[("Info", LogLevel::Info), ("Warning", LogLevel::Warning), ("Error", LogLevel::Error)],
            ),
            per_record: properties.choice("Per", &[("Stream", false), ("Record", true)]),
            limit: properties.integer("Limit"),
        })
    }
}

struct Prepared {
    message: Template,
    level: LogLevel,
    per_record: bool,
    limit: usize,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        // One more than the limit tells whether there are more.
        let first = run.first(if self.per_record { self.limit + 1 } else { 1 }).await?;
        let line = |row| self.line(run.fill_from(&self.message, &first, row)?);
        let log = if self.per_record {
            let mut log = (0..first.num_rows().min(self.limit)).map(line).collect::<Result<Vec<_>, _>>()?;
            if first.num_rows() > self.limit {
                let message = format!("… and more: only the first {} are written", records(self.limit));
                log.push(LogLine { level: self.level, message });
            }
            log
        } else {
            vec![line(0)?]
        };
        Ok(Outcome { log, ..Outcome::out(run.input().clone()) })
    }

    fn design(&self, design: &mut Design<'_>) {
        design.template(&self.message, "Message", true);
        design.passes_on(OUT);
    }
}

impl Prepared {
    fn line(&self, mut message: String) -> Result<LogLine, ComponentError> {
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Ok(LogLine { level: self.level, message })
    }
}
