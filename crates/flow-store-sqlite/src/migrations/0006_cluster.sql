-- What is known of the cluster as a whole: `cluster-id`, `storage-id`.
CREATE TABLE cluster (
    key    TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO cluster VALUES ('cluster-id', lower(hex(randomblob(16))));

-- Whose turn it is at work that one server does for all.
CREATE TABLE turn (
    work    TEXT PRIMARY KEY,
    holder  TEXT    NOT NULL,
    until   INTEGER NOT NULL
) WITHOUT ROWID;

-- The value is null once the setting has its default again.
CREATE TABLE setting (
    key      TEXT PRIMARY KEY,
    value    TEXT,
    version  INTEGER NOT NULL,
    by       TEXT    NOT NULL,
    at       INTEGER NOT NULL
) WITHOUT ROWID;

-- What a server last said of itself.
ALTER TABLE server ADD COLUMN version TEXT;
ALTER TABLE server ADD COLUMN resident_bytes INTEGER;

ALTER TABLE account ADD COLUMN one_time INTEGER NOT NULL DEFAULT 0;

CREATE TABLE saved_filter (
    account  INTEGER NOT NULL REFERENCES account (id),
    name     TEXT    NOT NULL,
    query    TEXT    NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

-- Encrypted with the cluster's key, which is not in the database.
CREATE TABLE account_secret (
    account  INTEGER NOT NULL REFERENCES account (id),
    name     TEXT    NOT NULL,
    sealed   BLOB    NOT NULL,
    updated  INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
