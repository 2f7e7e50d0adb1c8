-- Up to which request that has ended in a state, in the order of their ends, logs and saved points have been removed.
CREATE TABLE retention_mark (
    state    bigint PRIMARY KEY,
    ended    bigint NOT NULL,
    request  bigint NOT NULL
);

-- Rows of the history that no longer count and are still to be removed: those of a request up to a number.
CREATE TABLE history_removed (
    request  bigint NOT NULL,
    until    bigint NOT NULL,
    PRIMARY KEY (request, until)
);

-- Which objects of the storage are named.
CREATE INDEX history_object ON history (object_key) WHERE object_key IS NOT NULL;

-- True for a saved point that came in the same write as the one before it.
ALTER TABLE history ADD COLUMN joined boolean;
-- A row without kind but with `records` is a step back: for saved points (not for the log) what is before it is the row
-- with that number, or nothing if that is 0. So a request goes on from an earlier saved point.
