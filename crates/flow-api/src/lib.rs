//! What travels between a server and those who call it: the wire types, the error codes, a typed client, and the
//! TypeScript declarations of it all.
//!
//! Names are in camelCase, times are RFC 3339 strings, ids are numbers that a JavaScript number can hold. An error
//! is a [`Problem`] (RFC 9457) whose `code` is one of [`codes`].

mod account;
mod client;
pub mod codes;
mod event;
mod git;
mod metrics;
mod page;
mod problem;
mod project;
mod request;
mod secret;
mod server;
mod setting;
mod time;
mod trigger;
mod typescript;

pub use account::{
    Account, AccountChange, AuditQuery, AuditRecord, Login, NewAccount, NewPassword, NewToken, NewTokenReply,
    PasswordChange, Role, Session, Token,
};
pub use client::{CallTracer, Client, ClientError, EventStream, SavedFile, TracedCall, trace_calls_with};
pub use event::Event;
pub use git::{GitAccessTest, GitCredential, GitCredentialKind, GitHostQuery, NewGitCredential};
pub use metrics::{MetricsHistory, MetricsQuery, OpenRequests, ServerMetrics, TakeoverMark};
pub use page::{Page, TestResult};
pub use problem::Problem;
pub use project::{
    CommitFile, CommitFileChange, ConnectionEntry, ConnectionSecret, FlowEntry, HistoryQuery, NewProject, Project,
    ProjectChange, ProjectCommit, ProjectOnServer, ProjectVersion, Update, Updated,
};
pub use request::{
    Attempt, AttemptEnd, AttemptsQuery, Bulk, BulkAction, BulkDone, CountQuery, CreateQuery, FitComponent,
    FlowAtVersion, LogEntry, LogQuery, Misfit, NewRequests, ReExecution, ReExecutionPreview, ReExecutionQuery, Request,
    RequestDetail, RequestError, RequestEvent, RequestLimit, RequestQuery, RequestSettings, RequestState, Requests,
    SavedFormat, SavedKind, SavedPoint, SavedPointsQuery, SavedQuery, SavedRows, Skipped, TakeOver, UnknownFields,
    VersionChoice, WaitQuery,
};
pub use secret::{NewSecrets, SecretEntry, SecretQuery};
pub use server::{
    About, Drift, LogLevel, Owner, Server, ServerLog, ServerLogLine, ServerLogQuery, ServerMaintenance, ServerName,
    ServerProblem, ServerState,
};
pub use setting::{
    RetentionGroup, RetentionReport, RetentionWish, SavedFilter, Setting, SettingApplies, SettingChange, SettingKind,
    SettingSource,
};
pub use time::Time;
pub use trigger::{DueTime, FiringQuery, TriggerEntry, TriggerFiring, TriggerQuery};
pub use typescript::{declarations, typescript};

/// Where the endpoints live on a server.
pub const PREFIX: &str = "/api/v1";

/// The header that a caller who signs in with a cookie must send (with any value) on everything but GET. A page of
/// another origin cannot set it.
pub const CSRF_HEADER: &str = "x-cairn-csrf";

/// The header that makes creating requests safe to repeat: the same key gives the same requests.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// The name of the session's cookie.
pub const SESSION_COOKIE: &str = "cairn_session";
