-- What is known of the cluster as a whole: `cluster-id`, `storage-id`.
CREATE TABLE cluster (
    key    text PRIMARY KEY,
    value  text NOT NULL
);
INSERT INTO cluster VALUES ('cluster-id', replace(gen_random_uuid()::text, '-', ''));

-- Whose turn it is at work that one server does for all.
CREATE TABLE turn (
    work    text PRIMARY KEY,
    holder  text   NOT NULL,
    until   bigint NOT NULL
);

-- The value is null once the setting has its default again.
CREATE TABLE setting (
    key      text COLLATE "C" PRIMARY KEY,
    value    text,
    version  bigint NOT NULL,
    by       text   NOT NULL,
    at       bigint NOT NULL
);

-- What a server last said of itself.
ALTER TABLE server ADD COLUMN version text;
ALTER TABLE server ADD COLUMN resident_bytes bigint;

ALTER TABLE account ADD COLUMN one_time boolean NOT NULL DEFAULT false;

CREATE TABLE saved_filter (
    account  bigint NOT NULL REFERENCES account (id),
    name     text COLLATE "C" NOT NULL,
    query    text   NOT NULL,
    PRIMARY KEY (account, name)
);

-- Encrypted with the cluster's key, which is not in the database.
CREATE TABLE account_secret (
    account  bigint NOT NULL REFERENCES account (id),
    name     text COLLATE "C" NOT NULL,
    sealed   bytea  NOT NULL,
    updated  bigint NOT NULL,
    PRIMARY KEY (account, name)
);
