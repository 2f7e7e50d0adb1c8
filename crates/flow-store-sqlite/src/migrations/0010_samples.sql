-- What each epoch of a server had counted at some moments of the last day.
CREATE TABLE sample (
    server             INTEGER NOT NULL REFERENCES server (id),
    epoch              INTEGER NOT NULL,
    at                 INTEGER NOT NULL,
    created            INTEGER NOT NULL,
    finished           INTEGER NOT NULL,
    failed             INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    commits            INTEGER NOT NULL,
    commands           INTEGER NOT NULL,
    commit_us          INTEGER NOT NULL,
    cpu_ms             INTEGER NOT NULL,
    resident_bytes     INTEGER NOT NULL,
    queued             INTEGER NOT NULL,
    running            INTEGER NOT NULL,
    waiting            INTEGER NOT NULL,
    waiting_for_retry  INTEGER NOT NULL,
    PRIMARY KEY (server, epoch, at)
) WITHOUT ROWID;

-- The takeovers of the last day.
CREATE TABLE takeover (
    at              INTEGER NOT NULL,
    dead            INTEGER NOT NULL REFERENCES server (id),
    dead_epoch      INTEGER NOT NULL,
    survivor        INTEGER NOT NULL REFERENCES server (id),
    survivor_epoch  INTEGER NOT NULL,
    requests        INTEGER NOT NULL,
    PRIMARY KEY (at, dead, dead_epoch)
) WITHOUT ROWID;
