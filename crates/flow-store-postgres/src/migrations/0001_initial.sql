-- Numbers that stand for a server, an epoch or a flow are never null: 0 is none, so that an index finds what is free in its
-- order. Texts that lists are sorted by are compared byte by byte, as everywhere in Cairn.

CREATE TABLE migration (
    number  bigint PRIMARY KEY,
    name    text   NOT NULL,
    at      bigint NOT NULL
);
COMMENT ON TABLE migration IS 'Cairn checkpoint database';

-- Servers -----------------------------------------------------------------------------------------------------------

CREATE TABLE server (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server         text COLLATE "C" NOT NULL UNIQUE,
    name           text COLLATE "C" NOT NULL,
    address        text   NOT NULL,
    pid            bigint NOT NULL,
    process_start  bigint NOT NULL,
    lock_path      text   NOT NULL,
    epoch          bigint NOT NULL,
    state          bigint NOT NULL,
    started        bigint NOT NULL,
    terminated     bigint,
    taken_over_by  bigint REFERENCES server (id)
);

-- Heartbeats, by the lock that each life of a server holds. Not logged: after a crash of the database every server
-- that lives makes its row anew.
CREATE UNLOGGED TABLE heartbeat (
    lock     bigint PRIMARY KEY,
    counter  bigint NOT NULL
) WITH (fillfactor = 50);

-- Requests ----------------------------------------------------------------------------------------------------------

-- What was asked for; never changes. Kept apart from where the request stands, which changes at each saved point.
CREATE TABLE request_given (
    id                  bigint PRIMARY KEY,
    project             text    NOT NULL,
    version             text    NOT NULL,
    flow                text    NOT NULL,
    "trigger"           text    NOT NULL,
    requested_by        text    NOT NULL,
    inputs              text    NOT NULL,
    other_server_retry  boolean NOT NULL,
    begin_checkpoint    boolean NOT NULL,
    retry_count         bigint  NOT NULL,
    retry_interval_ms   bigint  NOT NULL,
    timeout_ms          bigint,
    created             bigint  NOT NULL,
    idempotency_key     text
);
CREATE UNIQUE INDEX request_given_key ON request_given (project, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX request_given_created ON request_given (created);

-- An id is never used twice, since idempotency keys are made from it.
CREATE SEQUENCE request_id;

-- Where a request stands. A saved point changes no column that has an index, so it stays on its page.
CREATE TABLE request (
    id               bigint PRIMARY KEY,
    state            bigint NOT NULL,
    server           bigint NOT NULL,
    epoch            bigint NOT NULL,
    fence            bigint NOT NULL,
    attempt          bigint NOT NULL,
    retries_used     bigint NOT NULL,
    takeovers        bigint NOT NULL,
    due              bigint,
    created          bigint NOT NULL,
    started          bigint,
    updated          bigint NOT NULL,
    ended            bigint,
    saved_points     bigint NOT NULL,
    log_entries      bigint NOT NULL,
    -- The last row of its history; rows up to `removed` no longer count.
    newest           bigint NOT NULL,
    removed          bigint NOT NULL,
    checkpoint       text,
    error_code       text,
    error_message    text,
    error_component  text,
    reply            text
) WITH (fillfactor = 70);
-- Those that have not ended, for claims and takeovers.
CREATE INDEX request_open ON request (server, epoch, state, due, id) WHERE ended IS NULL;

CREATE TABLE attempt (
    request          bigint NOT NULL,
    attempt          bigint NOT NULL,
    server           bigint NOT NULL,
    epoch            bigint NOT NULL,
    started          bigint NOT NULL,
    ended            bigint,
    outcome          bigint,
    error_code       text,
    error_message    text,
    error_component  text,
    PRIMARY KEY (request, attempt)
) WITH (fillfactor = 80);

-- What each request saved and logged. One row a write, unless it saves several points: then one row a point, with the
-- log entries in the first. The rows of a request count from 1.
CREATE TABLE history (
    request       bigint NOT NULL,
    number        bigint NOT NULL,
    -- The saved point; null in a row that only holds log entries.
    kind          bigint,
    attempt       bigint,
    at            bigint,
    records       bigint,
    component     text,
    name          text,
    iteration     text,
    variables     text,
    outlets       text,
    due           bigint,
    object_key    text,
    object_hash   text,
    object_bytes  bigint,
    -- The log entries, as a JSON list, and the place of the first one in the request's log.
    first         bigint,
    log           bytea,
    data          bytea,
    PRIMARY KEY (request, number)
);
-- Streams are compressed already.
ALTER TABLE history ALTER COLUMN data SET STORAGE EXTERNAL;

-- Projects ----------------------------------------------------------------------------------------------------------

CREATE TABLE project (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text COLLATE "C" NOT NULL UNIQUE,
    repository      text   NOT NULL,
    branch          text   NOT NULL,
    folder          text   NOT NULL,
    account         text   NOT NULL,
    created         bigint NOT NULL,
    active_version  text,
    active_commit   text,
    wanted_commit   text
);

CREATE TABLE version (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project      text   NOT NULL,
    version      text   NOT NULL,
    from_commit  text   NOT NULL,
    created      bigint NOT NULL,
    UNIQUE (project, version)
);

-- Contents of files, each kept once.
CREATE TABLE file (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash   bytea NOT NULL UNIQUE,
    bytes  bytea NOT NULL
);

CREATE TABLE version_file (
    version  bigint NOT NULL REFERENCES version (id),
    path     text   NOT NULL,
    file     bigint NOT NULL REFERENCES file (id),
    PRIMARY KEY (version, path)
);

CREATE TABLE server_version (
    server       bigint NOT NULL REFERENCES server (id),
    project      text COLLATE "C" NOT NULL,
    version      text   NOT NULL,
    from_commit  text   NOT NULL,
    updated      bigint NOT NULL,
    PRIMARY KEY (server, project)
);

-- Accounts ----------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text COLLATE "C" NOT NULL UNIQUE,
    role           bigint  NOT NULL,
    disabled       boolean NOT NULL,
    created        bigint  NOT NULL,
    password_hash  text    NOT NULL
);

CREATE TABLE token (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account  bigint NOT NULL REFERENCES account (id),
    name     text   NOT NULL,
    hash     text   NOT NULL UNIQUE,
    created  bigint NOT NULL,
    expires  bigint,
    revoked  bigint
);

CREATE TABLE session (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account  bigint NOT NULL REFERENCES account (id),
    hash     text   NOT NULL UNIQUE,
    created  bigint NOT NULL,
    expires  bigint NOT NULL
);

CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    account  text   NOT NULL,
    action   text   NOT NULL,
    subject  text   NOT NULL,
    detail   text   NOT NULL,
    address  text   NOT NULL
);
