-- What each epoch of a server had counted at some moments of the last day.
CREATE TABLE sample (
    server             bigint NOT NULL REFERENCES server (id),
    epoch              bigint NOT NULL,
    at                 bigint NOT NULL,
    created            bigint NOT NULL,
    finished           bigint NOT NULL,
    failed             bigint NOT NULL,
    attempts           bigint NOT NULL,
    commits            bigint NOT NULL,
    commands           bigint NOT NULL,
    commit_us          bigint NOT NULL,
    cpu_ms             bigint NOT NULL,
    resident_bytes     bigint NOT NULL,
    queued             bigint NOT NULL,
    running            bigint NOT NULL,
    waiting            bigint NOT NULL,
    waiting_for_retry  bigint NOT NULL,
    PRIMARY KEY (server, epoch, at)
);

-- The takeovers of the last day.
CREATE TABLE takeover (
    at              bigint NOT NULL,
    dead            bigint NOT NULL REFERENCES server (id),
    dead_epoch      bigint NOT NULL,
    survivor        bigint NOT NULL REFERENCES server (id),
    survivor_epoch  bigint NOT NULL,
    requests        bigint NOT NULL,
    PRIMARY KEY (at, dead, dead_epoch)
);
