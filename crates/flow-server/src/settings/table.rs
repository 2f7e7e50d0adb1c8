use flow_api::SettingKind;
use flow_store::RetentionPolicy;
use serde_json::{Value, json};

/// Where a setting is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where the server is started.
    Start,
    /// In the cluster, while servers run.
    Cluster,
    /// The server's name: with the cluster, for this server.
    Name,
}

/// The value of a setting when nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// None, or no limit.
    Nothing,
    /// A number.
    Number(u32),
    /// A text.
    Text(&'static str),
    /// Yes or no.
    Flag(bool),
}

impl Default {
    /// As JSON.
    pub fn value(self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Flag(is) => json!(is),
        }
    }
}

/// What is known of a setting before anybody makes it.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its key.
    pub key: &'static str,
    /// The part of the page it belongs to.
    pub group: &'static str,
    /// Its name, for people.
    pub title: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What kind of value it has.
    pub kind: SettingKind,
    /// What its number counts.
    pub unit: Option<&'static str>,
    /// Its value when nobody says anything.
    pub default: Default,
    /// Where it is made.
    pub place: Place,
    /// The least and the greatest number.
    pub range: Option<(u32, u32)>,
}

impl Definition {
    /// The setting with this key.
    pub fn of(key: &str) -> Option<&'static Self> {
        TABLE.iter().find(|definition| definition.key == key)
    }

    /// Whether the setting can have this value; if not, what is wrong.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        if self.key.starts_with("retention.") {
            return RetentionPolicy::check_setting(self.key, value);
        }
        let fits = |number: f64| match self.range {
            Some((least, greatest)) => (f64::from(least)..=f64::from(greatest)).contains(&number),
            None => true,
        };
        match (self.kind, value) {
            (SettingKind::Text, Value::String(_)) | (SettingKind::Flag, Value::Bool(_)) => Ok(()),
            (SettingKind::Number, Value::Number(number)) if number.as_f64().is_some_and(fits) => Ok(()),
            (SettingKind::Number, _) => Err(match self.range {
                Some((least, greatest)) => format!("give a number from {least} to {greatest}"),
                None => "give a number".to_owned(),
            }),
            (SettingKind::Text, _) => Err("give a text".to_owned()),
            (SettingKind::Flag, _) => Err("give true or false".to_owned()),
        }
    }
}

const fn start(key: &'static str, group: &'static str, title: &'static str, help: &'static str) -> Definition {
    let (kind, unit, default) = (SettingKind::Text, None, Default::Nothing);
    Definition { key, group, title, help, kind, unit, default, place: Place::Start, range: None }
}

const fn retention(key: &'static str, title: &'static str, help: &'static str, unit: &'static str) -> Definition {
    let (group, kind, default) = ("Retention", SettingKind::Number, Default::Nothing);
    Definition { key, group, title, help, kind, unit: Some(unit), default, place: Place::Cluster, range: None }
}

const fn limit(
    key: &'static str,
    title: &'static str,
    help: &'static str,
    unit: &'static str,
    default: u32,
    range: (u32, u32),
) -> Definition {
    let (group, kind, default) = ("Limits", SettingKind::Number, Default::Number(default));
    Definition { key, group, title, help, kind, unit: Some(unit), default, place: Place::Cluster, range: Some(range) }
}

const REMOVED: &str = "Days after its end that a request is removed; for ever, if empty.";
const NUMBER: &str = "How many are kept; of more, those that ended first are removed. All, if empty.";
const DETAILS: &str = "Days after its end that a request's log and saved points are removed. It stays in lists.";

/// Every setting, in the order in which they are shown.
pub const TABLE: &[Definition] = &[
    Definition {
        place: Place::Name,
        ..start("server.name", "Server", "Server name", "What this server is called. It is its id until changed.")
    },
    start("server.listen", "Server", "Listen address", "Where the API and the console are served (--listen)."),
    start(
        "server.address",
        "Server",
        "Address",
        "Where others reach this server (--address). If empty, where it listens; an address of its machine, if it listens \
         on all.",
    ),
    start(
        "server.state",
        "Server",
        "State folder",
        "This server's own folder: its id and its working copies (--state).",
    ),
    start(
        "server.spool",
        "Server",
        "Spool folder",
        "Where large streams are put while they are worked on (--spool-path).",
    ),
    Definition {
        kind: SettingKind::Number,
        unit: Some("attempts"),
        default: Default::Number(64),
        ..start("server.concurrency", "Server", "Concurrency", "How many attempts run here at once (--concurrency).")
    },
    Definition {
        kind: SettingKind::Flag,
        default: Default::Flag(true),
        ..start(
            "server.speculation",
            "Server",
            "Speculation",
            "Whether what is behind a checkpoint may start before that is durable (--speculation). What changes the world never does.",
        )
    },
    Definition {
        kind: SettingKind::Flag,
        default: Default::Flag(true),
        ..start(
            "server.clock_check",
            "Server",
            "Clock check",
            "Whether a start is refused while the machine's clock is an hour or more from the database's, or behind what is written there (--clock-check).",
        )
    },
    start(
        "server.tls_certificate",
        "Server",
        "TLS certificate",
        "The file with the certificate (--tls-cert); plain HTTP, if empty. Read again when it changes.",
    ),
    start("server.tls_key", "Server", "TLS key", "The file with the certificate's private key (--tls-key)."),
    Definition {
        default: Default::Text(""),
        ..start(
            "server.trusted_proxies",
            "Server",
            "Trusted proxies",
            "The proxies whose word about who calls is taken (--trusted-proxy).",
        )
    },
    Definition {
        kind: SettingKind::Flag,
        default: Default::Flag(false),
        ..start(
            "server.metrics_public",
            "Server",
            "Public metrics",
            "Whether anybody may read /metrics (--metrics-public).",
        )
    },
    start(
        "checkpoint.connection",
        "Checkpoints",
        "Checkpoint Connection",
        "The checkpoint database, shared by all servers (--checkpoint-connection).",
    ),
    start(
        "checkpoint.storage",
        "Checkpoints",
        "Checkpoint Storage Path",
        "The folder for large checkpoints and storage: paths, shared by all servers (--checkpoint-storage).",
    ),
    Definition {
        key: "service.maintenance",
        group: "Service",
        title: "Maintenance",
        help: "While on, no new requests are made on any server; those that are there go on.",
        kind: SettingKind::Flag,
        unit: None,
        default: Default::Flag(false),
        place: Place::Cluster,
        range: None,
    },
    Definition {
        group: "Service",
        ..limit(
            "service.stalled_after_seconds",
            "Stalled after",
            "A running request that makes no progress for so long is shown as stalled; 0 for never. StalledAfter of a flow's Start says otherwise for its requests.",
            "seconds",
            1800,
            (0, 604_800),
        )
    },
    retention("retention.finished.days", "Finished: keep for", REMOVED, "days"),
    retention("retention.finished.number", "Finished: keep at most", NUMBER, "requests"),
    retention("retention.finished.details_days", "Finished: keep details for", DETAILS, "days"),
    retention("retention.error.days", "Error: keep for", REMOVED, "days"),
    retention("retention.error.number", "Error: keep at most", NUMBER, "requests"),
    retention("retention.error.details_days", "Error: keep details for", DETAILS, "days"),
    retention("retention.cancelled.days", "Cancelled: keep for", REMOVED, "days"),
    retention("retention.cancelled.number", "Cancelled: keep at most", NUMBER, "requests"),
    retention("retention.cancelled.details_days", "Cancelled: keep details for", DETAILS, "days"),
    limit(
        "limits.session_idle_minutes",
        "Session without use",
        "How long a session in the console lasts that is not used.",
        "minutes",
        120,
        (1, 10_080),
    ),
    limit("limits.session_hours", "Longest session", "After so long everybody signs in again.", "hours", 12, (1, 720)),
    limit(
        "limits.queued_requests",
        "Queued requests",
        "While so many requests wait for a server with room, no more are made.",
        "requests",
        100_000,
        (1, 10_000_000),
    ),
    limit(
        "limits.stop_seconds",
        "Stopping",
        "How long a server that is told to stop, or is put into maintenance, lets what runs come to its end; the rest is given back to the cluster.",
        "seconds",
        5,
        (0, 3600),
    ),
    limit(
        "limits.requests_per_call",
        "Requests in one call",
        "The most requests that one call makes.",
        "requests",
        1000,
        (1, 10_000),
    ),
];
