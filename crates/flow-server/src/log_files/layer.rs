use flow_api::{LogLevel, ServerLogLine, Time};
use serde_json::{Map, Value};
use std::fmt;
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// The longest line, in bytes.
const LONGEST: usize = 256 * 1024;

/// Turns what the process logs into lines for the files.
pub struct LogLayer {
    lines: mpsc::Sender<String>,
}

impl LogLayer {
    pub(super) fn new(lines: mpsc::Sender<String>) -> Self {
        Self { lines }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let metadata = event.metadata();
        let line = ServerLogLine {
            at: Time(jiff::Timestamp::now()),
            level: level(*metadata.level()),
            target: metadata.target().to_owned(),
            message: said.message,
            fields: said.fields,
        };
        if let Some(line) = written(line) {
            // A disk that cannot keep up must not hold up what is logged about.
            let _ = self.lines.try_send(line);
        }
    }
}

/// The line as it is written. One that is too long for a reader keeps the beginning of its message.
fn written(mut line: ServerLogLine) -> Option<String> {
    let text = serde_json::to_string(&line).ok()?;
    if text.len() <= LONGEST {
        return Some(text);
    }
    line.fields = Map::new();
    line.message = line.message.chars().take(LONGEST / 8).collect();
    serde_json::to_string(&line).ok()
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn note(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            (name, value) => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.note(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.note(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.note(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.note(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.note(field, value.into());
    }
}
