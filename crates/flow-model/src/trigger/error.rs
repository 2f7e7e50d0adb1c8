//! What can be wrong with a trigger.

use crate::DocumentError;

/// Why a trigger cannot be used. Each names the trigger and, where there is one, the property.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// Its file cannot be read.
    #[error("trigger “{name}”: {problem}")]
    Document {
        /// The trigger.
        name: String,
        /// What is wrong with its file.
        problem: DocumentError,
    },
    /// No release that this one knows of has this kind.
    #[error("trigger “{name}”: “{kind}” is no kind of trigger that this release knows; it knows {known}")]
    UnknownKind {
        /// The trigger.
        name: String,
        /// The kind in its file.
        kind: String,
        /// The kinds there are.
        known: String,
    },
    /// A property that its kind does not have.
    #[error("trigger “{name}”: a trigger of kind {kind} has no “{property}”; it has {known}")]
    UnknownProperty {
        /// The trigger.
        name: String,
        /// Its kind.
        kind: String,
        /// The property.
        property: String,
        /// The properties that the kind has.
        known: String,
    },
    /// A property has a value that it cannot have.
    #[error("trigger “{name}”: “{property}” {expected}")]
    Property {
        /// The trigger.
        name: String,
        /// The property.
        property: String,
        /// What it must be.
        expected: String,
    },
    /// A property that the kind cannot do without is not there.
    #[error("trigger “{name}”: “{property}” is missing: {help}")]
    MissingProperty {
        /// The trigger.
        name: String,
        /// The property.
        property: String,
        /// What it means.
        help: String,
    },
    /// `Cron` is no cron pattern.
    #[error(
        "trigger “{name}”: “{pattern}” is no schedule ({reason}); write minute, hour, day, month and weekday, such \
             as “30 6 * * MON-FRI”, with a second in front where it matters"
    )]
    Cron {
        /// The trigger.
        name: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing will ever be due.
    #[error("trigger “{name}”: “{pattern}” is never due: no day has this date, or all are in Except or a calendar")]
    NeverDue {
        /// The trigger.
        name: String,
        /// The pattern.
        pattern: String,
    },
    /// `TimeZone` is not known.
    #[error(
        "trigger “{name}”: “{zone}” is no time zone that this machine knows; write one such as “Europe/Berlin” or “UTC”"
    )]
    TimeZone {
        /// The trigger.
        name: String,
        /// The time zone.
        zone: String,
    },
    /// It goes by a calendar that is not there, or cannot be read. Without it, requests would start on days that it has.
    #[error("trigger “{name}”: the project has no calendar “{calendar}” that can be read: {way_out}")]
    UnknownCalendar {
        /// The trigger.
        name: String,
        /// The calendar.
        calendar: String,
        /// The calendar that was probably meant, or what to do.
        way_out: String,
    },
    /// It starts a flow that is not in the project.
    #[error("trigger “{name}”: the project has no flow “{flow}”; name one of its flows")]
    UnknownFlow {
        /// The trigger.
        name: String,
        /// The flow.
        flow: String,
    },
    /// An input does not fit the flow.
    #[error("trigger “{name}”: {problem}")]
    Input {
        /// The trigger.
        name: String,
        /// `trigger/unknown-input`, `trigger/missing-input` or `trigger/input-type`.
        code: &'static str,
        /// The input.
        input: String,
        /// What is wrong and the way out.
        problem: String,
    },
    /// Another trigger has the same identity.
    #[error(
        "trigger “{name}”: “{other}” has the same id {id}; give one of them another (six other letters at its end)"
    )]
    SameId {
        /// The trigger.
        name: String,
        /// The other one.
        other: String,
        /// Their id.
        id: String,
    },
    /// Another trigger answers to the same calls.
    #[error("trigger “{name}”: “{other}” answers {method} {path}, too; give one of them another Path or Method")]
    SamePath {
        /// The trigger.
        name: String,
        /// The other one.
        other: String,
        /// Their method.
        method: String,
        /// Their path.
        path: String,
    },
    /// It needs a connection that is not there.
    #[error(
        "trigger “{name}”: the project has no connection “{connection}”, which keeps its secret; make one of kind http"
    )]
    UnknownConnection {
        /// The trigger.
        name: String,
        /// The connection.
        connection: String,
    },
    /// Requests would start each other for ever.
    #[error(
        "trigger “{name}”: requests start each other for ever: {circle}; let it start another flow, or watch another state"
    )]
    Circle {
        /// The trigger.
        name: String,
        /// The flows, one after the other.
        circle: String,
    },
    /// Files of one server's own disk, which no other server sees.
    #[error(
        "trigger “{name}”: “{folder}” is a folder of one server: if that server is lost, files there wait for it; \
             use storage:… for a folder that all servers see"
    )]
    ThisServerOnly {
        /// The trigger.
        name: String,
        /// The folder.
        folder: String,
    },
}

impl TriggerError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document { problem: DocumentError::Syntax { .. }, .. } => "trigger/syntax",
            Self::Document { problem: DocumentError::TooNew { .. }, .. } => "trigger/too-new",
            Self::Document { problem: DocumentError::Shape { .. }, .. } => "trigger/shape",
            Self::UnknownKind { .. } => "trigger/unknown-kind",
            Self::UnknownProperty { .. } => "trigger/unknown-property",
            Self::Property { .. } => "trigger/property",
            Self::MissingProperty { .. } => "trigger/missing-property",
            Self::Cron { .. } => "trigger/cron",
            Self::NeverDue { .. } => "trigger/never-due",
            Self::TimeZone { .. } => "trigger/time-zone",
            Self::UnknownCalendar { .. } => "trigger/unknown-calendar",
            Self::UnknownFlow { .. } => "trigger/unknown-flow",
            Self::Input { code, .. } => code,
            Self::SameId { .. } => "trigger/same-id",
            Self::SamePath { .. } => "trigger/same-path",
            Self::UnknownConnection { .. } => "trigger/unknown-connection",
            Self::Circle { .. } => "trigger/circle",
            Self::ThisServerOnly { .. } => "trigger/this-server-only",
        }
    }

    /// Whether the trigger works all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::ThisServerOnly { .. })
    }

    /// The member of the file that it is about: a property, `flow`, `id`, or an input as `inputs.NAME`.
    pub fn member(&self) -> Option<String> {
        match self {
            Self::UnknownProperty { property, .. }
            | Self::Property { property, .. }
            | Self::MissingProperty { property, .. } => Some(property.clone()),
            Self::Cron { .. } | Self::NeverDue { .. } => Some("Cron".to_owned()),
            Self::TimeZone { .. } => Some("TimeZone".to_owned()),
            Self::UnknownCalendar { .. } => Some("Calendars".to_owned()),
            Self::UnknownFlow { .. } => Some("flow".to_owned()),
            Self::Circle { .. } => Some("Flow".to_owned()),
            Self::Input { input, .. } => Some(format!("inputs.{input}")),
            Self::SameId { .. } => Some("id".to_owned()),
            Self::SamePath { .. } => Some("Path".to_owned()),
            Self::UnknownConnection { .. } => Some("Connection".to_owned()),
            Self::ThisServerOnly { .. } => Some("Folder".to_owned()),
            Self::UnknownKind { .. } => Some("kind".to_owned()),
            Self::Document { .. } => None,
        }
    }
}
