-- The version that the triggers of a project go by.
CREATE TABLE trigger_version (
    project      TEXT PRIMARY KEY,
    version      TEXT NOT NULL,
    from_commit  TEXT NOT NULL
) WITHOUT ROWID;

-- What the cluster knows of each trigger. Of one that its version no longer has, the switch is kept.
CREATE TABLE trigger_state (
    id            INTEGER PRIMARY KEY,
    project       TEXT    NOT NULL,
    "trigger"     TEXT    NOT NULL,
    mark          TEXT    NOT NULL,
    present       INTEGER NOT NULL,
    active        INTEGER NOT NULL,
    switched_by   TEXT,
    switched      INTEGER,
    reached       INTEGER NOT NULL,
    fired         INTEGER NOT NULL,
    missed        INTEGER NOT NULL,
    last_fired    INTEGER,
    last_request  INTEGER,
    UNIQUE (project, "trigger")
);

-- A trigger fires once for each key.
CREATE TABLE trigger_firing (
    id       INTEGER PRIMARY KEY,
    "trigger"  INTEGER NOT NULL REFERENCES trigger_state (id),
    key      TEXT    NOT NULL,
    due      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    missed   INTEGER NOT NULL,
    lasting  INTEGER NOT NULL,
    request  INTEGER,
    UNIQUE ("trigger", key)
);
CREATE INDEX trigger_firing_passing ON trigger_firing ("trigger", id) WHERE lasting = 0;
