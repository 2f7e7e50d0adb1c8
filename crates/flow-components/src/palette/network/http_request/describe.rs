//! What HTTP Request says about itself.

use super::call::Body;
use super::paging::Paging;
use crate::describe::{choice, exactly_once, optional, required};
use crate::http::Redirects;
use flow_model::{ComponentDescription, Effect, Family, PropertyDescription, PropertyKind};
use serde_json::json;

const HELP: &str = "\
Sends an HTTP request and puts out what the server answers.

**What is sent.** With *Body* on *Records*, the records as JSON: a list of them, or with *Per* on *Record* one request \
for each record (*Parallel* of them at once) with that record as an object. With *Form*, the fields of the record as a \
web form; with *Document*, the only field of the record as it is, text or bytes; with *Text*, the text below. GET and \
HEAD send no body.

**Values.** In path, query, text and headers `${name}` stands for a field of the record (with *Per* on *Stream*, of the \
first one) or for a flow variable. In path and query it is encoded as needed.

**The answer.** As *Text* or *Bytes*, one record for each answer: `status` and `body`. As *Records*, JSON: *Records* says \
where the body holds the list (`data.items`), or an object that is one record. *Columns* declares the fields; without \
them a *Sample* answer shows them, and without that the answers themselves do, so that the fields are not known before \
the flow runs. *HeaderFields* and *KeepFields* put headers of the answer and fields of the input beside every record. Servers are asked to compress what they send (gzip, \
brotli or deflate), and what comes is unpacked before anything looks at it; a body of more than *BodyLimit* bytes, packed or \
unpacked, is an error.

**Pages.** *Paging* fetches page after page as one stream: by the `Link` header; by a link or a mark (cursor) that the \
body holds at *Next*; by the number of the page; or by how many records came before. More than *PageLimit* pages are an \
error, and so is a page that leads back.

**When it fails.** Another status than *ExpectStatus* (a list such as `2xx, 404`) is an error, and so is no whole answer \
within *Timeout*, or one larger than *BodyLimit*. What may pass is tried again, up to *Retries* times, after pauses that \
double from *RetryPause* on, or as long as the server's `Retry-After` says: 429 and 503, a server that cannot be \
reached; and, where the server may get the request twice (GET, HEAD, PUT, DELETE, or *ExactlyOnce*), 408, 500, 502, 504, \
a timeout and an answer that breaks off.

**Once only.** With *ExactlyOnce* each request carries an `Idempotency-Key`, which is the same whenever the component runs \
again for the same request, and the input is saved before the first one is sent, so that the key always stands for the \
same data. A server that knows the header acts once. Without it, a retry or a takeover may send a request again.

The connection is of kind `http` and holds the `url`, how requests show who they come from (user and password, a token, \
or a key in a header), the certificates to trust, and how many requests a second the server takes (`rate`).";

pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

pub(super) const BODIES: &[(&str, Body)] = &[
    ("Records", Body::Records),
    ("Form", Body::Form),
    ("Document", Body::Document),
    ("Text", Body::Text),
    ("None", Body::None),
];

pub(super) const REDIRECTS: &[(&str, Redirects)] =
    &[("SameServer", Redirects::SameServer), ("Anywhere", Redirects::Anywhere), ("None", Redirects::None)];

pub(super) const PAGINGS: &[(&str, Paging)] = &[
    ("None", Paging::None),
    ("LinkHeader", Paging::LinkHeader),
    ("Link", Paging::Link),
    ("Cursor", Paging::Cursor),
    ("Page", Paging::Page),
    ("Offset", Paging::Offset),
];

pub(super) fn description() -> ComponentDescription {
    ComponentDescription {
        kind: "HttpRequest",
        title: "HTTP Request",
        family: Family::Network,
        icon: "globe",
        summary: "Asks a server something, or tells it",
        help: HELP,
        properties: [request(), answer(), pages(), failure()].into_iter().flatten().collect(),
        effect: Effect::Changes,
        saves: false,
        line: "{Method} {Path}",
    }
}

fn request() -> Vec<PropertyDescription> {
    let method = choice(&[
        ("GET", "GET"),
        ("POST", "POST"),
        ("PUT", "PUT"),
        ("PATCH", "PATCH"),
        ("DELETE", "DELETE"),
        ("HEAD", "HEAD"),
    ]);
    let bodies = choice(&[
        ("Records", "Records as JSON"),
        ("Form", "Fields of the record as a form"),
        ("Document", "The only field as it is"),
        ("Text", "Text"),
        ("None", "None"),
    ]);
    vec![
        required("Connection", "Connection", PropertyKind::Connection { kinds: vec!["http"] }, "The server."),
        optional("Method", "Method", method, "POST", "What is asked of the server."),
        optional(
            "Path",
            "Path",
            PropertyKind::Text,
            "/",
            "What comes behind the connection's URL. `${name}` stands for a field or a flow variable.",
        ),
        optional(
            "Query",
            "Query",
            PropertyKind::Pairs,
            json!([]),
            "Query parameters, encoded as needed. `${name}` stands for a field or a flow variable.",
        ),
        optional(
            "Per",
            "Per",
            choice(&[("Stream", "One request for the stream"), ("Record", "One request for each record")]),
            "Stream",
            "How many requests are sent.",
        ),
        optional(
            "Parallel",
            "Parallel",
            PropertyKind::Integer { min: 1, max: 64 },
            1,
            "How many requests are under way at once when Per is Record. The answers keep the order of the records.",
        )
        .when("Per", &["Record"]),
        optional("Body", "Body", bodies, "Records", "What is sent with POST, PUT, PATCH and DELETE.")
            .when("Method", &["POST", "PUT", "PATCH", "DELETE"]),
        optional(
            "Text",
            "Text",
            PropertyKind::Multiline,
            "",
            "The body when Body is Text. `${name}` stands for a field or a flow variable.",
        )
        .when("Method", &["POST", "PUT", "PATCH", "DELETE"])
        .when("Body", &["Text"]),
        optional(
            "Headers",
            "Headers",
            PropertyKind::Pairs,
            json!([]),
            "More headers. `${name}` stands for a field or a flow variable.",
        ),
        exactly_once(
            "Whether requests carry an Idempotency-Key. The input is saved first, so that the key always stands for the same data.",
        ),
    ]
}

fn answer() -> Vec<PropertyDescription> {
    let answers =
        choice(&[("Text", "Status and text"), ("Bytes", "Status and bytes"), ("Records", "Records from JSON")]);
    vec![
        optional("Answer", "Answer", answers, "Text", "What becomes of the answer."),
        optional(
            "Records",
            "Records",
            PropertyKind::Text,
            "",
            "Where the JSON holds the records, such as data.items. Empty: the whole body.",
        )
        .when("Answer", &["Records"]),
        optional(
            "Columns",
            "Columns",
            PropertyKind::Columns { fixed: false },
            json!([]),
            "The fields of the records and their types. Empty: as the sample, or else the answers, show them.",
        )
        .when("Answer", &["Records"]),
        optional(
            "Sample",
            "Sample",
            PropertyKind::Multiline,
            "",
            "A body as the server gives it, from which the fields are taken when there are no Columns.",
        )
        .when("Answer", &["Records"]),
        optional(
            "HeaderFields",
            "Header fields",
            PropertyKind::Fields,
            json!([]),
            "Headers of the answer that become fields.",
        ),
        optional(
            "KeepFields",
            "Keep fields",
            PropertyKind::Fields,
            json!([]),
            "Fields of the input that stand beside what was answered for them.",
        ),
        optional(
            "KeepStatus",
            "Keep status",
            PropertyKind::Boolean,
            false,
            "Whether the status becomes a field when Answer is Records.",
        )
        .when("Answer", &["Records"]),
    ]
}

fn pages() -> Vec<PropertyDescription> {
    let pagings = choice(&[
        ("None", "One answer"),
        ("LinkHeader", "Link header"),
        ("Link", "Link in the body"),
        ("Cursor", "Mark in the body"),
        ("Page", "Number of the page"),
        ("Offset", "Number of records before"),
    ]);
    vec![
        optional("Paging", "Paging", pagings, "None", "How the pages of an answer follow one another."),
        optional(
            "Next",
            "Next",
            PropertyKind::Text,
            "",
            "Where the JSON holds the link or mark for the next page, such as paging.next.",
        )
        .when("Paging", &["Link", "Cursor"]),
        optional(
            "PageParameter",
            "Page parameter",
            PropertyKind::Text,
            "page",
            "The query parameter for the page: its number, its offset or its mark.",
        )
        .when("Paging", &["Cursor", "Page", "Offset"]),
        optional(
            "PageStart",
            "Page start",
            PropertyKind::Integer { min: 0, max: 1_000_000 },
            1,
            "The number of the first page.",
        )
        .when("Paging", &["Page"]),
        optional(
            "PageSize",
            "Page size",
            PropertyKind::Integer { min: 0, max: 1_000_000 },
            0,
            "How many records a page has: one with fewer is the last. 0: as many as come, until a page has none.",
        )
        .when("Paging", &["LinkHeader", "Link", "Cursor", "Page", "Offset"]),
        optional(
            "SizeParameter",
            "Size parameter",
            PropertyKind::Text,
            "",
            "The query parameter that asks for PageSize records, such as limit. Empty: it is not asked for.",
        )
        .when("Paging", &["LinkHeader", "Link", "Cursor", "Page", "Offset"]),
        optional(
            "PageLimit",
            "Page limit",
            PropertyKind::Integer { min: 1, max: 1_000_000 },
            1_000,
            "The most pages that are fetched; more are an error.",
        )
        .when("Paging", &["LinkHeader", "Link", "Cursor", "Page", "Offset"]),
    ]
}

fn failure() -> Vec<PropertyDescription> {
    let seconds = |min| PropertyKind::Seconds { min };
    let redirects = choice(&[("SameServer", "On the same server"), ("Anywhere", "Anywhere"), ("None", "None")]);
    vec![
        optional(
            "ExpectStatus",
            "Expect status",
            PropertyKind::Text,
            "2xx",
            "The statuses that are no error: `2xx, 404`. With Answer on Records, 4xx gives no records.",
        ),
        optional("Timeout", "Timeout", seconds(0.001), 30, "Seconds until the whole answer must be there."),
        optional(
            "ConnectTimeout",
            "Connect timeout",
            seconds(0.001),
            10,
            "Seconds until the server must have been reached.",
        ),
        optional(
            "Retries",
            "Retries",
            PropertyKind::Integer { min: 0, max: 20 },
            2,
            "How often a request that failed for a reason that may pass is sent again.",
        ),
        optional(
            "RetryPause",
            "Retry pause",
            seconds(0.0),
            0.5,
            "Seconds before the first of these; the pauses double from there.",
        ),
        optional(
            "Redirects",
            "Redirects",
            redirects,
            "SameServer",
            "Which redirects are followed. What shows who the request comes from never goes to another server.",
        ),
        optional(
            "BodyLimit",
            "Body limit",
            PropertyKind::Integer { min: 1, max: 1_024 },
            64,
            "The most of a body that is sent or taken, in MiB.",
        ),
    ]
}
