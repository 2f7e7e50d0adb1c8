-- Up to which request that has ended in a state, in the order of their ends, logs and saved points have been removed.
CREATE TABLE retention_mark (
    state    INTEGER PRIMARY KEY,
    ended    INTEGER NOT NULL,
    request  INTEGER NOT NULL
);

-- Rows of the history that no request has any more and that are still to be removed: the newest of each chain.
CREATE TABLE history_removed (
    row  INTEGER PRIMARY KEY
);

-- Which objects of the storage are named.
CREATE INDEX history_object ON history (object_key) WHERE object_key IS NOT NULL;

-- 1 for a saved point that came in the same write as the one before it.
ALTER TABLE history ADD COLUMN joined INTEGER;
-- A row without kind but with `records` is a step back: for saved points (not for the log) what is before it is the row
-- with that number, or nothing if that is 0. So a request goes on from an earlier saved point.
