-- Requests of a flow with the same priority and limits: what waits is in line with its lane, and lanes take turns.
CREATE TABLE lane (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow      bigint NOT NULL REFERENCES flow (id),
    priority  bigint NOT NULL,
    -- JSON; empty where there are none.
    limits    text   NOT NULL,
    -- When something was last claimed from it.
    served    bigint,
    UNIQUE (flow, priority, limits)
);
INSERT INTO lane (flow, priority, limits) SELECT id, 0, '' FROM flow;

ALTER TABLE request ADD COLUMN lane bigint;
-- Whether there are limits.
ALTER TABLE request ADD COLUMN limited boolean;
UPDATE request r SET lane = l.id FROM lane l WHERE l.flow = r.flow;
ALTER TABLE request ALTER COLUMN lane SET NOT NULL;

DROP INDEX request_open;
CREATE INDEX request_open ON request (server, epoch, state, lane, due, id) WHERE ended IS NULL;
-- What runs under limits.
CREATE INDEX request_limited ON request (lane) WHERE limited AND state = 1;

-- Whether a server is in maintenance.
ALTER TABLE server ADD COLUMN maintenance boolean NOT NULL DEFAULT false;
