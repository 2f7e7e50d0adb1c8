-- Only what waits is looked for by when it is due. What runs is found by its group, so that a request which is made
-- running, runs and ends never touches this index.
DROP INDEX request_open;
CREATE INDEX request_waits ON request (server, epoch, state, due) WHERE ended IS NULL AND state <> 1;
CREATE INDEX request_group_of_server ON request_group (server, state);

-- How many requests of a group have ended, by their ids divided by 16384: a span of time is one of ids, so its requests
-- are counted by adding up.
CREATE TABLE ended_count (
    request_group  INTEGER NOT NULL,
    ids            INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    PRIMARY KEY (request_group, ids)
) WITHOUT ROWID;
INSERT INTO ended_count SELECT request_group, id >> 14, count(*) FROM request WHERE ended IS NOT NULL GROUP BY 1, 2;
