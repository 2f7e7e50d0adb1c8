-- Tables that every saved point touches have integer keys and as few indexes as can be.

CREATE TABLE migration (
    number  INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL,
    at      INTEGER NOT NULL
);

-- Servers -----------------------------------------------------------------------------------------------------------

CREATE TABLE server (
    id             INTEGER PRIMARY KEY,
    server         TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    address        TEXT    NOT NULL,
    pid            INTEGER NOT NULL,
    process_start  INTEGER NOT NULL,
    lock_path      TEXT    NOT NULL,
    epoch          INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    started        INTEGER NOT NULL,
    terminated     INTEGER,
    taken_over_by  INTEGER REFERENCES server (id)
);

-- Requests ----------------------------------------------------------------------------------------------------------

-- What was asked for; never changes. Kept apart from where the request stands, which changes at each saved point.
CREATE TABLE request_given (
    id                  INTEGER PRIMARY KEY,
    project             TEXT    NOT NULL,
    version             TEXT    NOT NULL,
    flow                TEXT    NOT NULL,
    "trigger"           TEXT    NOT NULL,
    requested_by        TEXT    NOT NULL,
    inputs              TEXT    NOT NULL,
    other_server_retry  INTEGER NOT NULL,
    begin_checkpoint    INTEGER NOT NULL,
    retry_count         INTEGER NOT NULL,
    retry_interval_ms   INTEGER NOT NULL,
    timeout_ms          INTEGER,
    created             INTEGER NOT NULL,
    idempotency_key     TEXT
);
CREATE UNIQUE INDEX request_given_key ON request_given (project, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX request_given_flow ON request_given (project, flow);

-- Where a request stands. AUTOINCREMENT: an id is never used twice, since idempotency keys are made from it.
CREATE TABLE request (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    state            INTEGER NOT NULL,
    server           INTEGER REFERENCES server (id),
    epoch            INTEGER,
    fence            INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    retries_used     INTEGER NOT NULL,
    takeovers        INTEGER NOT NULL,
    due              INTEGER,
    started          INTEGER,
    updated          INTEGER NOT NULL,
    ended            INTEGER,
    saved_points     INTEGER NOT NULL,
    log_entries      INTEGER NOT NULL DEFAULT 0,
    newest           INTEGER REFERENCES history (id),
    checkpoint       TEXT,
    error_code       TEXT,
    error_message    TEXT,
    error_component  TEXT,
    reply            TEXT
);
CREATE INDEX request_by_state ON request (state);
-- Those that have not ended, for claims and takeovers.
CREATE INDEX request_open ON request (server, epoch, state, due) WHERE ended IS NULL;

CREATE TABLE request_count (
    state  INTEGER PRIMARY KEY,
    n      INTEGER NOT NULL
);
INSERT INTO request_count VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0);

CREATE TABLE attempt (
    id               INTEGER PRIMARY KEY,
    request          INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    server           INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    started          INTEGER NOT NULL,
    ended            INTEGER,
    outcome          INTEGER,
    error_code       TEXT,
    error_message    TEXT,
    error_component  TEXT
);
CREATE UNIQUE INDEX attempt_of_request ON attempt (request, attempt);

-- What each request saved and logged. One row a write, unless it saves several points: then one row a point, with the
-- log entries in the first. The rows of a request are a chain from its newest row (request.newest) back, which costs
-- less to write than an index: a saved point changes two pages.
CREATE TABLE history (
    id            INTEGER PRIMARY KEY,
    previous      INTEGER,
    -- The saved point; null in a row that only holds log entries.
    kind          INTEGER,
    attempt       INTEGER,
    at            INTEGER,
    records       INTEGER,
    component     TEXT,
    name          TEXT,
    iteration     TEXT,
    variables     TEXT,
    outlets       TEXT,
    due           INTEGER,
    object_key    TEXT,
    object_hash   TEXT,
    object_bytes  INTEGER,
    -- The log entries, as a JSON list, and the place of the first one in the request's log.
    first         INTEGER,
    log           BLOB,
    data          BLOB
);

-- Projects ----------------------------------------------------------------------------------------------------------

CREATE TABLE project (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    repository      TEXT    NOT NULL,
    branch          TEXT    NOT NULL,
    folder          TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    created         INTEGER NOT NULL,
    active_version  TEXT,
    active_commit   TEXT,
    wanted_commit   TEXT
);

CREATE TABLE version (
    id           INTEGER PRIMARY KEY,
    project      TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    from_commit  TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    UNIQUE (project, version)
);

-- Contents of files, each kept once.
CREATE TABLE file (
    id     INTEGER PRIMARY KEY,
    hash   BLOB    NOT NULL UNIQUE,
    bytes  BLOB    NOT NULL
);

CREATE TABLE version_file (
    version  INTEGER NOT NULL REFERENCES version (id),
    path     TEXT    NOT NULL,
    file     INTEGER NOT NULL REFERENCES file (id),
    PRIMARY KEY (version, path)
) WITHOUT ROWID;

CREATE TABLE server_version (
    server       INTEGER NOT NULL REFERENCES server (id),
    project      TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    from_commit  TEXT    NOT NULL,
    updated      INTEGER NOT NULL,
    PRIMARY KEY (server, project)
) WITHOUT ROWID;

-- Accounts ----------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id             INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    role           INTEGER NOT NULL,
    disabled       INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    password_hash  TEXT    NOT NULL
);

CREATE TABLE token (
    id       INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL REFERENCES account (id),
    name     TEXT    NOT NULL,
    hash     TEXT    NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    expires  INTEGER,
    revoked  INTEGER
);

CREATE TABLE session (
    id       INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL REFERENCES account (id),
    hash     TEXT    NOT NULL UNIQUE,
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL
);

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    account  TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    address  TEXT    NOT NULL
);
