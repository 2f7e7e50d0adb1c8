-- Batches that are committed, each under the name of its writer and its number: they are asked for when a connection breaks
-- around a commit. The ids of transactions do not tell for sure, since those that a crash has cut off are given again.
CREATE TABLE committed (
    writer  text PRIMARY KEY,
    batch   bigint NOT NULL,
    at      bigint NOT NULL
) WITH (fillfactor = 50);
