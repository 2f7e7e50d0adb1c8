//! The stable codes that the API answers with, each with its HTTP status and its title. Codes of other crates
//! (`store/…`, `vcs/…`, `flow/…`) pass through as they are.

/// A code and what every problem with it has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code: `auth/required`.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What went wrong, in a few words.
    pub title: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code { code: $code, status: $status, title: $title };)*
        /// Every code of the API.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// No session and no token, or one that has ended.
    AUTH_REQUIRED = "auth/required", 401, "Sign in first";
    /// Name or password is wrong; which of them is not told.
    AUTH_WRONG_PASSWORD = "auth/wrong-password", 401, "Name or password is wrong";
    /// Too many failed logins for this account from this address.
    AUTH_TOO_MANY_ATTEMPTS = "auth/too-many-attempts", 429, "Too many failed logins";
    /// The role of the account is not enough.
    AUTH_FORBIDDEN = "auth/forbidden", 403, "The role of this account is not enough";
    /// A change by cookie without the header that other origins cannot set.
    AUTH_CSRF = "auth/csrf", 403, "The request did not come from the console";
    /// The password was made by an administrator: it must be changed first.
    AUTH_PASSWORD_EXPIRED = "auth/password-expired", 403, "The password must be changed first";
    /// The body or the query cannot be read.
    INPUT_MALFORMED = "input/malformed", 400, "The request cannot be read";
    /// The body can be read but says something that cannot be.
    INPUT_INVALID = "input/invalid", 422, "A value is not valid";
    /// The body is larger than is taken.
    INPUT_TOO_LARGE = "input/too-large", 413, "The request is too large";
    /// No such endpoint.
    INPUT_NO_SUCH_ENDPOINT = "input/no-such-endpoint", 404, "There is no such endpoint";
    /// The endpoint does not know this method.
    INPUT_METHOD = "input/method", 405, "The endpoint does not know this method";
    /// The body did not come in time.
    INPUT_TOO_SLOW = "input/too-slow", 408, "The request came too slowly";
    /// No such request.
    REQUEST_NOT_FOUND = "request/not-found", 404, "There is no such request";
    /// The request has no saved point of that number, or it keeps no stream.
    REQUEST_NO_SAVED_POINT = "request/no-saved-point", 404, "There is no such saved point";
    /// The state of the request does not allow this.
    REQUEST_STATE = "request/state", 409, "The state of the request does not allow this";
    /// What the request has saved, or its inputs, do not fit the version that it is to go on at.
    REQUEST_VERSION = "request/version-does-not-fit", 409, "The request does not fit this version";
    /// The same Idempotency-Key was used for other requests.
    REQUEST_KEY_REUSED = "request/key-reused", 409, "The Idempotency-Key was used for something else";
    /// So many requests are queued that no more are made.
    REQUEST_QUEUE_FULL = "request/queue-full", 429, "Too many requests wait already";
    /// A filter finds more requests than one call may change, or names none.
    REQUEST_TOO_MANY = "request/too-many", 422, "Too many requests for one call";
    /// The request that a trigger's caller waited for has ended in an error.
    REQUEST_FAILED = "request/failed", 500, "The request failed";
    /// No such project.
    PROJECT_NOT_FOUND = "project/not-found", 404, "There is no such project";
    /// A project of this name exists.
    PROJECT_EXISTS = "project/exists", 409, "A project of this name exists";
    /// The server has no version of the project yet.
    PROJECT_NO_VERSION = "project/no-version", 409, "The server has no version of the project yet";
    /// The commit has no project in the folder.
    PROJECT_EMPTY = "project/empty", 422, "There is no project in this folder of the repository";
    /// The project has no flow of this name.
    FLOW_NOT_FOUND = "project/flow-not-found", 404, "The project has no such flow";
    /// The flow's file cannot be read, or the flow has no start component.
    FLOW_BROKEN = "project/flow-broken", 422, "The flow cannot run";
    /// The folder of the working copy cannot be used.
    PROJECT_WORKING_COPY = "project/working-copy", 500, "The working copy cannot be used";
    /// No such account.
    ACCOUNT_NOT_FOUND = "account/not-found", 404, "There is no such account";
    /// An account of this name exists.
    ACCOUNT_EXISTS = "account/exists", 409, "An account of this name exists";
    /// The password is too short or too long.
    ACCOUNT_WEAK_PASSWORD = "account/weak-password", 422, "The password is too easy to guess";
    /// The last administrator cannot go.
    ACCOUNT_LAST_ADMINISTRATOR = "account/last-administrator", 409, "The last administrator cannot go";
    /// No such token.
    TOKEN_NOT_FOUND = "token/not-found", 404, "There is no such token";
    /// The cluster has no trigger of this project and id, or none that answers this call.
    TRIGGER_NOT_FOUND = "trigger/not-found", 404, "There is no such trigger";
    /// The trigger is switched off.
    TRIGGER_OFF = "trigger/off", 503, "The trigger is switched off";
    /// The trigger cannot fire.
    TRIGGER_BROKEN = "trigger/broken", 422, "The trigger cannot fire";
    /// No such server.
    SERVER_NOT_FOUND = "server/not-found", 404, "There is no such server";
    /// Another server has this name.
    SERVER_NAME_TAKEN = "server/name-taken", 409, "Another server has this name";
    /// The server does not work, so that nothing can be given to it.
    SERVER_NOT_RUNNING = "server/not-running", 409, "The server does not work";
    /// No such setting.
    SETTING_NOT_FOUND = "setting/not-found", 404, "There is no such setting";
    /// The setting is made where the server is started.
    SETTING_FIXED = "setting/fixed", 409, "The setting cannot be changed here";
    /// Somebody else has changed the setting since it was read.
    SETTING_CHANGED = "setting/changed", 409, "The setting has been changed since";
    /// The project has no connection of this name.
    CONNECTION_NOT_FOUND = "connection/not-found", 404, "The project has no such connection";
    /// There is no credential for the host.
    GIT_CREDENTIAL_NOT_FOUND = "git/credential-not-found", 404, "There is no credential for this host";
    /// No such filter.
    FILTER_NOT_FOUND = "filter/not-found", 404, "There is no such filter";
    /// The server holds so many bytes of bodies that this one does not fit.
    SERVER_BUSY = "server/busy", 503, "The server has no room for the body";
    /// The server is stopping.
    SERVER_STOPPING = "server/stopping", 503, "The server is stopping";
    /// The cluster is in maintenance: it makes no new requests.
    SERVER_MAINTENANCE = "server/maintenance", 503, "The cluster is in maintenance";
    /// The server lost its lease and stands back.
    SERVER_FENCED = "server/fenced", 503, "The server lost its lease";
    /// The server met an error of its own; its log has the details.
    SERVER_INTERNAL = "server/internal", 500, "The server met an error of its own";
    /// The console's files are not in this build.
    CONSOLE_NOT_BUILT = "console/not-built", 503, "The console is not built";
}
