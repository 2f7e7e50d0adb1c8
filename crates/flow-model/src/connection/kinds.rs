//! What connections can lead to, and which fields each kind has.

use crate::Choice;
use serde::Serialize;
use ts_rs::TS;

/// Something that a connection can lead to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct ConnectionKind {
    /// Its name in the document: `postgres`.
    pub kind: &'static str,
    /// Its name for people: `PostgreSQL`.
    pub title: &'static str,
    /// One line that says what it is for.
    pub summary: &'static str,
    /// Its fields, in the order in which they are asked for.
    pub fields: &'static [ConnectionField],
}

/// A field of a kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct ConnectionField {
    /// Its name in the document.
    pub name: &'static str,
    /// Its label.
    pub title: &'static str,
    /// What it means, and what holds when it is left out.
    pub help: &'static str,
    /// What values it takes. A secret is always a text.
    pub values: FieldValues,
    /// Whether the connection cannot do without it.
    pub required: bool,
    /// Whether it is a secret, which is kept apart from the project.
    pub secret: bool,
}

/// What values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum FieldValues {
    /// A text.
    Text,
    /// A whole number.
    Integer {
        /// The least value allowed.
        min: i64,
        /// The greatest value allowed.
        max: i64,
    },
    /// A number above zero.
    Number,
    /// Yes or no; no when it is left out.
    Boolean,
    /// One of several texts; the first is the default.
    Choice {
        /// The texts, in order.
        choices: &'static [Choice],
    },
}

impl ConnectionKind {
    /// The field `name`.
    pub fn field(&self, name: &str) -> Option<&'static ConnectionField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Every kind of connection.
pub fn connection_kinds() -> &'static [ConnectionKind] {
    KINDS
}

/// The kind of this name.
pub fn connection_kind(kind: &str) -> Option<&'static ConnectionKind> {
    KINDS.iter().find(|known| known.kind == kind)
}

const fn text(name: &'static str, title: &'static str, help: &'static str) -> ConnectionField {
    ConnectionField { name, title, help, values: FieldValues::Text, required: false, secret: false }
}

const fn required(field: ConnectionField) -> ConnectionField {
    ConnectionField { required: true, ..field }
}

const fn secret(name: &'static str, title: &'static str, help: &'static str) -> ConnectionField {
    ConnectionField { secret: true, ..text(name, title, help) }
}

const fn of(field: ConnectionField, values: FieldValues) -> ConnectionField {
    ConnectionField { values, ..field }
}

const HOST: ConnectionField =
    required(text("host", "Host", "The database server's name or address, or the folder of its Unix socket."));
const PORT: FieldValues = FieldValues::Integer { min: 1, max: 65_535 };
const DATABASE: ConnectionField = required(text("database", "Database", "The database on that server."));
const USER: ConnectionField = required(text("user", "User", "The account of the database."));
const PASSWORD: ConnectionField = secret("password", "Password", "The account's password, if it needs one.");
const TLS: ConnectionField = of(
    text(
        "tls",
        "TLS",
        "Verify encrypts and checks the server's certificate; it holds unless said otherwise, save for this machine \
         itself and for Unix sockets, where it is Disable. Require encrypts and takes any certificate. Disable does not encrypt.",
    ),
    FieldValues::Choice {
        choices: &[
            Choice { value: "verify", title: "Verify the certificate" },
            Choice { value: "require", title: "Encrypt only" },
            Choice { value: "disable", title: "Disable" },
        ],
    },
);
const CA: ConnectionField = text(
    "ca",
    "Certificate authority",
    "A PEM file (`project:`, `storage:` or local) with the certificates to trust beside those of the system.",
);

const CLIENT_CERTIFICATE: ConnectionField = secret(
    "clientCertificate",
    "Client certificate",
    "A PEM text with the certificate that this client shows to the server, and its key behind it. The key must not be encrypted.",
);

const THIS_SERVER_ONLY: ConnectionField = of(
    text(
        "ThisServerOnly",
        "This server only",
        "Whether it can be reached from one server only. Flows that other servers may go on with are warned of it.",
    ),
    FieldValues::Boolean,
);

const LIMIT: ConnectionField = of(
    text(
        "limit",
        "Requests at once",
        "How many requests whose flows use it run at once, in the whole cluster. Without it, any number.",
    ),
    FieldValues::Integer { min: 1, max: 1_000_000 },
);

const KINDS: &[ConnectionKind] = &[
    ConnectionKind {
        kind: "sqlite",
        title: "SQLite",
        summary: "An SQLite database in a file",
        fields: &[
            required(text(
                "path",
                "Path",
                "The file of the database. Below `storage:` every server of the cluster has it.",
            )),
            LIMIT,
        ],
    },
    ConnectionKind {
        kind: "postgres",
        title: "PostgreSQL",
        summary: "A PostgreSQL database",
        fields: &[
            HOST,
            of(text("port", "Port", "5432 unless said otherwise."), PORT),
            DATABASE,
            USER,
            PASSWORD,
            TLS,
            CA,
            CLIENT_CERTIFICATE,
            LIMIT,
            THIS_SERVER_ONLY,
        ],
    },
    ConnectionKind {
        kind: "mysql",
        title: "MySQL or MariaDB",
        summary: "A MySQL or MariaDB database",
        fields: &[
            HOST,
            of(text("port", "Port", "3306 unless said otherwise."), PORT),
            DATABASE,
            USER,
            PASSWORD,
            TLS,
            CA,
            CLIENT_CERTIFICATE,
            LIMIT,
            THIS_SERVER_ONLY,
        ],
    },
    ConnectionKind {
        kind: "http",
        title: "HTTP",
        summary: "A service that is called by HTTP",
        fields: &[
            required(text(
                "url",
                "URL",
                "Where the service is; paths of components are appended: `https://api.example.org/v1`.",
            )),
            of(
                text(
                    "auth",
                    "Authentication",
                    "How calls are authenticated; without it, it follows from the fields that are set.",
                ),
                FieldValues::Choice {
                    choices: &[
                        Choice { value: "none", title: "None" },
                        Choice { value: "basic", title: "User and password" },
                        Choice { value: "bearer", title: "Bearer token" },
                        Choice { value: "header", title: "Key in a header" },
                    ],
                },
            ),
            text("user", "User", "The user of basic authentication."),
            secret("password", "Password", "The password of basic authentication."),
            secret("token", "Token", "The bearer token."),
            text("header", "Header", "The name of the header that the key goes into: `X-Api-Key`."),
            secret("key", "Key", "The key that goes into that header."),
            CA,
            CLIENT_CERTIFICATE,
            of(
                text(
                    "rate",
                    "Rate",
                    "How many calls a second are made at most, by all components of a server together.",
                ),
                FieldValues::Number,
            ),
            LIMIT,
            THIS_SERVER_ONLY,
        ],
    },
];
