-- Requests of a flow with the same priority and limits: what waits is in line with its lane, and lanes take turns.
CREATE TABLE lane (
    id        INTEGER PRIMARY KEY,
    flow      INTEGER NOT NULL REFERENCES flow (id),
    priority  INTEGER NOT NULL,
    -- JSON; empty where there are none.
    limits    TEXT    NOT NULL,
    -- When something was last claimed from it.
    served    INTEGER,
    UNIQUE (flow, priority, limits)
);
INSERT INTO lane (flow, priority, limits) SELECT id, 0, '' FROM flow;

ALTER TABLE request ADD COLUMN lane INTEGER REFERENCES lane (id);
-- 1 where there are limits.
ALTER TABLE request ADD COLUMN limited INTEGER;
UPDATE request SET lane = (SELECT l.id FROM lane l WHERE l.flow = request.flow);

DROP INDEX request_waits;
CREATE INDEX request_waits ON request (server, epoch, state, lane, due) WHERE ended IS NULL AND state <> 1;
-- What runs under limits.
CREATE INDEX request_limited ON request (lane) WHERE limited = 1 AND state = 1;

-- Whether a server is in maintenance.
ALTER TABLE server ADD COLUMN maintenance INTEGER NOT NULL DEFAULT 0;
