//! What kinds of trigger there are, and which properties each has. Forms, the JSON Schema and the checks go by this table.

use crate::{Choice, FieldValues};
use serde::Serialize;
use ts_rs::TS;

/// A kind of trigger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct TriggerKind {
    /// Its name in the document: `schedule`.
    pub kind: &'static str,
    /// Its name for people: `Schedule`.
    pub title: &'static str,
    /// One line that says when it fires.
    pub summary: &'static str,
    /// Its properties, in the order in which they are asked for.
    pub properties: &'static [TriggerProperty],
    /// What each firing brings, for inputs of those names: name and meaning.
    pub brings: &'static [(&'static str, &'static str)],
}

/// A property of a kind of trigger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct TriggerProperty {
    /// Its name in the document.
    pub name: &'static str,
    /// Its label.
    pub title: &'static str,
    /// What it means, and what holds when it is left out.
    pub help: &'static str,
    /// What values it takes.
    pub values: FieldValues,
    /// Whether it is a list of such values.
    pub list: bool,
    /// Whether the trigger cannot do without it.
    pub required: bool,
}

const fn text(name: &'static str, title: &'static str, help: &'static str) -> TriggerProperty {
    TriggerProperty { name, title, help, values: FieldValues::Text, list: false, required: false }
}

const fn seconds(name: &'static str, title: &'static str, help: &'static str, max: i64) -> TriggerProperty {
    TriggerProperty { values: FieldValues::Integer { min: 0, max }, ..text(name, title, help) }
}

const fn choice(
    name: &'static str,
    title: &'static str,
    help: &'static str,
    choices: &'static [Choice],
) -> TriggerProperty {
    TriggerProperty { values: FieldValues::Choice { choices }, ..text(name, title, help) }
}

const fn needed(property: TriggerProperty) -> TriggerProperty {
    TriggerProperty { required: true, ..property }
}

const fn listed(property: TriggerProperty) -> TriggerProperty {
    TriggerProperty { list: true, ..property }
}

const fn is(value: &'static str, title: &'static str) -> Choice {
    Choice { value, title }
}

const PRIORITY: TriggerProperty = TriggerProperty {
    values: FieldValues::Integer { min: -9, max: 9 },
    ..text(
        "Priority",
        "Priority",
        "Which of the requests that wait for a server come first: higher ones, from -9 to 9. Without it, what the flow's \
         start says.",
    )
};

const SCHEDULE: TriggerKind = TriggerKind {
    kind: "schedule",
    title: "Schedule",
    summary: "At set times, by a cron pattern",
    properties: &[
        needed(text(
            "Cron",
            "When",
            "Minute, hour, day, month and weekday, with a second in front where it matters: “30 6 * * MON-FRI”. Also \
             @daily and its like, L for the last day, MON#1 for the first Monday.",
        )),
        text("TimeZone", "Time zone", "Whose clock the times are of, such as “Europe/Berlin”. Without it, UTC."),
        listed(text("Except", "Except on", "Days on which nothing is due: “2026-12-25”, or “12-25” in every year.")),
        listed(text("Calendars", "Calendars", "Calendars of the project, on whose days nothing is due either.")),
        choice(
            "Missed",
            "What was missed",
            "What happens to due times that passed while no server could fire them.",
            &[
                is("Skip", "Skip: they are only counted"),
                is("Once", "Once: one request for all of them"),
                is("All", "All: a request for each"),
            ],
        ),
        seconds("Grace", "Grace", "So many seconds late, a due time is not yet missed. Without it, 60.", 86_400),
        seconds(
            "Jitter",
            "Jitter",
            "Requests start up to so many seconds later, each time otherwise. Without it, none.",
            3600,
        ),
        PRIORITY,
    ],
    brings: &[("due", "When it was due, as 2026-05-04T06:30:00Z")],
};

const HTTP: TriggerKind = TriggerKind {
    kind: "http",
    title: "HTTP call",
    summary: "When a program calls it",
    properties: &[
        needed(text("Path", "Path", "Behind /api/v1/http/PROJECT/ on every server, such as “orders/new”.")),
        choice(
            "Method",
            "Method",
            "The HTTP method that it answers.",
            &[is("POST", "POST"), is("GET", "GET"), is("PUT", "PUT"), is("DELETE", "DELETE"), is("PATCH", "PATCH")],
        ),
        choice(
            "Authentication",
            "Who may call",
            "An account's token, or a secret of its own.",
            &[is("Token", "A token of an account with the role"), is("Secret", "The secret of a connection")],
        ),
        choice(
            "Role",
            "Role",
            "The least role of the account whose token is sent.",
            &[
                is("Operator", "Operator"),
                is("Viewer", "Viewer"),
                is("Author", "Author"),
                is("Administrator", "Administrator"),
            ],
        ),
        text(
            "Connection",
            "Connection",
            "For a secret: the connection of kind http whose token the caller sends as “Authorization: Bearer …”.",
        ),
        choice(
            "Answer",
            "Answer",
            "What the caller gets.",
            &[is("Reply", "What the flow's End replies"), is("Accepted", "At once: 202 and the request's id")],
        ),
        seconds("Patience", "Patience", "So many seconds a caller waits for the reply at most. Without it, 30.", 60),
        TriggerProperty {
            values: FieldValues::Integer { min: 1, max: 4 * 1024 },
            ..text("LargestBody", "Largest body", "So many KiB the body may have. Without it, 1,024.")
        },
        PRIORITY,
    ],
    brings: &[
        ("body", "The whole body as a text; without such an input, the members of the JSON body are inputs"),
        ("…", "Each parameter of the query, by its name"),
    ],
};

const FILE: TriggerKind = TriggerKind {
    kind: "file",
    title: "File arrival",
    summary: "When a file has come into a folder",
    properties: &[
        needed(text(
            "Folder",
            "Folder",
            "“storage:incoming”, which all servers see, or an absolute path on one server.",
        )),
        text("Pattern", "File names", "Such as “*.csv”. Without it, every file; hidden ones never."),
        seconds("Settle", "Settle", "A file counts once it has not changed for so many seconds. Without it, 2.", 3600),
        choice(
            "Afterwards",
            "Afterwards",
            "What becomes of the file once its request has finished.",
            &[is("Remember", "It stays, and is remembered"), is("Move", "It is moved")],
        ),
        text(
            "MoveTo",
            "Move to",
            "The folder, in the same place, that it is moved to. Without it, “done” inside of Folder.",
        ),
        text("Server", "Server", "For a folder of one server: that server's name or id."),
        PRIORITY,
    ],
    brings: &[
        ("path", "Where the file is, for components that read files"),
        ("name", "Its name"),
        ("bytes", "Its size"),
    ],
};

const REQUEST: TriggerKind = TriggerKind {
    kind: "request",
    title: "Finished request",
    summary: "When a request of another flow has ended",
    properties: &[
        needed(text("Flow", "Of the flow", "The flow of this project whose requests count.")),
        listed(choice(
            "States",
            "Ended as",
            "How they must have ended. Without it, Finished.",
            &[is("Finished", "Finished"), is("Error", "Error"), is("Cancelled", "Cancelled")],
        )),
        PRIORITY,
    ],
    brings: &[
        ("request", "The id of that request"),
        ("state", "How it ended"),
        ("reply", "What it replied, as JSON where it is no text"),
        ("error", "The message of its error"),
    ],
};

const KINDS: &[TriggerKind] = &[SCHEDULE, HTTP, FILE, REQUEST];

/// The kinds of trigger, in the order in which they are offered.
pub fn trigger_kinds() -> &'static [TriggerKind] {
    KINDS
}

/// The kind with this name.
pub fn trigger_kind(name: &str) -> Option<&'static TriggerKind> {
    KINDS.iter().find(|kind| kind.kind == name)
}

impl TriggerKind {
    /// The property with this name.
    pub fn property(&self, name: &str) -> Option<&'static TriggerProperty> {
        self.properties.iter().find(|property| property.name == name)
    }
}
