//! What a trigger says, once it has been checked.

use super::{Missed, Schedule, Trigger, TriggerError, TriggerKind, TriggerProperty, trigger_kind, trigger_kinds};
use crate::{Calendars, Day, FieldValues, FlowName};
use serde_json::Value;
use std::collections::BTreeSet;

/// A calendar whose name is at least so much like one that is not there (1 is the same) was probably meant.
const LIKE: f64 = 0.8;

/// When a trigger fires, and how.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there are few of them")]
pub enum TriggerAction {
    /// At set times.
    Schedule(Schedule),
    /// When it is called.
    Http(HttpTrigger),
    /// When a file has come.
    File(FileTrigger),
    /// When a request of another flow has ended.
    Request(RequestTrigger),
}

/// How calls of a trigger are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTrigger {
    /// Its path, without outer slashes.
    pub path: String,
    /// The HTTP method.
    pub method: String,
    /// Who may call.
    pub authentication: HttpAuthentication,
    /// What the caller gets.
    pub answer: Answer,
    /// The largest body, in bytes.
    pub largest_body: usize,
}

/// Who may call an HTTP trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAuthentication {
    /// Accounts with at least the role of this name, by token.
    Token(String),
    /// Whoever knows the token of this connection.
    Secret(String),
}

/// What the caller of an HTTP trigger gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What the flow replies, if it does within so many seconds.
    Reply(u64),
    /// The request's id, at once.
    Accepted,
}

/// Which files a trigger waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTrigger {
    /// The folder: `storage:…` or an absolute path.
    pub folder: String,
    /// The names of files, with `*` and `?`.
    pub pattern: String,
    /// So many milliseconds a file must not have changed.
    pub settle_ms: u64,
    /// What becomes of a file.
    pub afterwards: Afterwards,
    /// The server that has the folder, if it is one's own.
    pub server: Option<String>,
}

/// What becomes of a file whose request has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays where it is and never counts again, unless it changes.
    Remember,
    /// It is moved to this folder.
    MoveTo(String),
}

/// Which requests a trigger follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTrigger {
    /// Their flow.
    pub flow: FlowName,
    /// How they must have ended.
    pub states: Vec<WatchedState>,
}

/// How a request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchedState {
    /// Well.
    Finished,
    /// With an error.
    Error,
    /// By a person.
    Cancelled,
}

impl WatchedState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "Finished",
            Self::Error => "Error",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl FileTrigger {
    /// Whether only one server sees the folder.
    pub fn is_of_one_server(&self) -> bool {
        !self.folder.starts_with("storage:")
    }
}

impl Trigger {
    /// Everything that is wrong with it by itself, in a project with these calendars.
    pub fn problems(&self, calendars: &Calendars) -> Vec<TriggerError> {
        let Some(kind) = trigger_kind(&self.kind) else {
            let known = trigger_kinds().iter().map(|kind| kind.kind).collect::<Vec<_>>().join(", ");
            return vec![TriggerError::UnknownKind { name: self.name.clone(), kind: self.kind.clone(), known }];
        };
        let mut problems: Vec<TriggerError> =
            self.properties.iter().filter_map(|(name, value)| self.problem_of(kind, name, value)).collect();
        let missing = kind.properties.iter().filter(|property| property.required && self.is_unset(property.name));
        problems.extend(missing.map(|property| self.missing(property)));
        if problems.is_empty() {
            problems.extend(self.action(calendars).err());
        }
        problems
    }

    /// What it says, in a project with these calendars. The error is the first thing that is wrong with it.
    pub fn action(&self, calendars: &Calendars) -> Result<TriggerAction, TriggerError> {
        match self.kind.as_str() {
            "schedule" => self.schedule(calendars).map(TriggerAction::Schedule),
            "http" => self.http().map(TriggerAction::Http),
            "file" => self.file().map(TriggerAction::File),
            "request" => self.request().map(TriggerAction::Request),
            _ => Err(self.problems(calendars).swap_remove(0)),
        }
    }

    /// The names of the calendars that it goes by.
    pub fn calendars(&self) -> impl Iterator<Item = &str> {
        self.texts("Calendars").into_iter().map(str::trim)
    }

    /// The days that are left out: those of `Except`, and those of its calendars.
    fn left_out(&self, calendars: &Calendars) -> Result<BTreeSet<Day>, TriggerError> {
        let day = |text: &str| {
            Day::parse(text).map_err(|error| self.wrong("Except", format!("has “{text}”: {}", error.rule)))
        };
        let mut days = self.texts("Except").into_iter().map(day).collect::<Result<BTreeSet<_>, _>>()?;
        for name in self.calendars() {
            let calendar = calendars.get(name).ok_or_else(|| self.unknown_calendar(name, calendars))?;
            days.extend(&calendar.days);
        }
        Ok(days)
    }

    fn unknown_calendar(&self, calendar: &str, calendars: &Calendars) -> TriggerError {
        let wanted = calendar.to_lowercase();
        let likeness = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &wanted);
        let known = calendars.keys().map(|known| (likeness(known), known)).filter(|(likeness, _)| *likeness >= LIKE);
        let way_out = match known.max_by(|one, other| one.0.total_cmp(&other.0)) {
            Some((_, meant)) => format!("did you mean “{meant}”?"),
            None => "add it, or mend its file".to_owned(),
        };
        TriggerError::UnknownCalendar { name: self.name.clone(), calendar: calendar.to_owned(), way_out }
    }

    fn schedule(&self, calendars: &Calendars) -> Result<Schedule, TriggerError> {
        let days = self.left_out(calendars)?.into_iter().collect();
        let pattern = self.needed("Cron")?;
        let mut schedule = Schedule::parse(&self.name, pattern, self.text("TimeZone").unwrap_or("UTC"), days)?;
        schedule.missed = match self.text("Missed") {
            Some("Once") => Missed::Once,
            Some("All") => Missed::All,
            _ => Missed::Skip,
        };
        schedule.grace_ms = self.number("Grace").unwrap_or(60) * 1000;
        schedule.jitter_ms = self.number("Jitter").unwrap_or(0) * 1000;
        // Looked for from the end of 2023 on, so that it does not depend on when it is asked: a pattern that was due since
        // then, or will be.
        if schedule.next_after(1_700_000_000_000).is_none() {
            return Err(TriggerError::NeverDue { name: self.name.clone(), pattern: pattern.to_owned() });
        }
        Ok(schedule)
    }

    fn http(&self) -> Result<HttpTrigger, TriggerError> {
        let path = self.needed("Path")?.trim_matches('/');
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
                && part != "."
                && part != ".."
        };
        if path.len() > 200 || !path.split('/').all(plain) {
            let expected = "must be made of letters, digits, “-”, “_”, “.”, “~” and “/”, such as “orders/new”";
            return Err(self.wrong("Path", expected.to_owned()));
        }
        let authentication = match (self.text("Authentication"), self.text("Connection")) {
            (Some("Secret"), Some(connection)) => HttpAuthentication::Secret(connection.to_owned()),
            (Some("Secret"), None) => {
                return Err(TriggerError::MissingProperty {
                    name: self.name.clone(),
                    property: "Connection".to_owned(),
                    help: "name the connection of kind http whose token the caller must send".to_owned(),
                });
            }
            _ => HttpAuthentication::Token(self.text("Role").unwrap_or("Operator").to_owned()),
        };
        Ok(HttpTrigger {
            path: path.to_owned(),
            method: self.text("Method").unwrap_or("POST").to_owned(),
            authentication,
            answer: match self.text("Answer") {
                Some("Accepted") => Answer::Accepted,
                _ => Answer::Reply(self.number("Patience").unwrap_or(30)),
            },
            largest_body: usize::try_from(self.number("LargestBody").unwrap_or(1024) * 1024).unwrap_or(usize::MAX),
        })
    }

    fn file(&self) -> Result<FileTrigger, TriggerError> {
        let folder = self.folder("Folder", self.needed("Folder")?)?;
        let pattern = self.text("Pattern").unwrap_or("*");
        if pattern.contains('/') {
            return Err(self.wrong("Pattern", "is a file name, without “/”".to_owned()));
        }
        let server = self.text("Server").map(str::to_owned);
        let here_only = !folder.starts_with("storage:");
        if here_only && server.is_none() {
            return Err(TriggerError::MissingProperty {
                name: self.name.clone(),
                property: "Server".to_owned(),
                help: format!("“{folder}” is a folder of one server: name that server, or use storage:…"),
            });
        }
        if !here_only && server.is_some() {
            return Err(self.wrong("Server", "is for a folder of one server; all servers see storage:…".to_owned()));
        }
        let afterwards = match self.text("Afterwards") {
            Some("Move") => match self.text("MoveTo") {
                Some(to) => {
                    let to = self.folder("MoveTo", to)?;
                    if to.starts_with("storage:") == here_only {
                        return Err(self.wrong("MoveTo", "must be in the same place as Folder".to_owned()));
                    }
                    if to == folder {
                        return Err(self.wrong("MoveTo", "must be another folder than Folder".to_owned()));
                    }
                    Afterwards::MoveTo(to)
                }
                None => Afterwards::MoveTo(format!("{folder}/done")),
            },
            _ => Afterwards::Remember,
        };
        let settle_ms = self.number("Settle").unwrap_or(2) * 1000;
        Ok(FileTrigger { folder, pattern: pattern.to_owned(), settle_ms, afterwards, server })
    }

    /// A folder: `storage:…` or absolute, inside of which it stays.
    fn folder(&self, property: &str, text: &str) -> Result<String, TriggerError> {
        let text = text.trim();
        let inside = text.strip_prefix("storage:").map(|rest| rest.trim_start_matches('/'));
        let fits = inside.map_or_else(|| text.starts_with('/') && text.len() > 1, |inside| !inside.is_empty());
        if !fits || inside.unwrap_or(text).split('/').any(|part| part == "..") || text.contains('\0') {
            let expected = "must be a folder of the storage (storage:incoming) or an absolute path, without “..”";
            return Err(self.wrong(property, expected.to_owned()));
        }
        let plain = inside.map_or_else(|| text.to_owned(), |inside| format!("storage:{inside}"));
        Ok(plain.trim_end_matches('/').to_owned())
    }

    fn request(&self) -> Result<RequestTrigger, TriggerError> {
        let flow = FlowName::parse(self.needed("Flow")?);
        let flow = flow.map_err(|error| self.wrong("Flow", format!("names no flow: {}", error.rule)))?;
        let state = |text: &str| match text {
            "Error" => WatchedState::Error,
            "Cancelled" => WatchedState::Cancelled,
            _ => WatchedState::Finished,
        };
        let mut states: Vec<WatchedState> = self.texts("States").into_iter().map(state).collect();
        if states.is_empty() {
            states.push(WatchedState::Finished);
        }
        Ok(RequestTrigger { flow, states })
    }

    fn is_unset(&self, name: &str) -> bool {
        match self.properties.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(Value::Array(values)) => values.is_empty(),
            Some(_) => false,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.properties.get(name).and_then(Value::as_u64)
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        let values = self.properties.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(Value::as_str).filter(|text| !text.trim().is_empty()).collect()
    }

    fn needed(&self, name: &str) -> Result<&str, TriggerError> {
        let property = trigger_kind(&self.kind).and_then(|kind| kind.property(name));
        let missing = || match property {
            Some(property) => self.missing(property),
            None => self.wrong(name, "is missing".to_owned()),
        };
        self.text(name).ok_or_else(missing)
    }

    fn missing(&self, property: &TriggerProperty) -> TriggerError {
        TriggerError::MissingProperty {
            name: self.name.clone(),
            property: property.name.to_owned(),
            help: property.help.to_owned(),
        }
    }

    fn wrong(&self, property: &str, expected: String) -> TriggerError {
        TriggerError::Property { name: self.name.clone(), property: property.to_owned(), expected }
    }

    fn problem_of(&self, kind: &TriggerKind, name: &str, value: &Value) -> Option<TriggerError> {
        let Some(property) = kind.property(name) else {
            return Some(TriggerError::UnknownProperty {
                name: self.name.clone(),
                kind: kind.kind.to_owned(),
                property: name.to_owned(),
                known: kind.properties.iter().map(|known| known.name).collect::<Vec<_>>().join(", "),
            });
        };
        let expected = match (property.list, value) {
            (true, Value::Array(values)) => values.iter().find_map(|value| unfit(property.values, value)),
            (true, _) => Some("must be a list".to_owned()),
            (false, value) => unfit(property.values, value),
        };
        Some(self.wrong(name, expected?))
    }
}

/// What a value must be, if it is not.
fn unfit(values: FieldValues, value: &Value) -> Option<String> {
    match values {
        FieldValues::Text => (!value.is_string()).then(|| "must be a text".to_owned()),
        FieldValues::Integer { min, max } => {
            let fits = value.as_i64().is_some_and(|number| (min..=max).contains(&number));
            (!fits).then(|| format!("must be a whole number from {min} to {max}"))
        }
        FieldValues::Number => {
            (!value.as_f64().is_some_and(|number| number > 0.0)).then(|| "must be a number above 0".to_owned())
        }
        FieldValues::Boolean => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
        FieldValues::Choice { choices } => {
            let fits = value.as_str().is_some_and(|value| choices.iter().any(|choice| choice.value == value));
            let known = || choices.iter().map(|choice| choice.value).collect::<Vec<_>>().join(", ");
            (!fits).then(|| format!("must be one of {}", known()))
        }
    }
}
