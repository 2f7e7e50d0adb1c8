-- Flows by number, so that what refers to them is small.
CREATE TABLE flow (
    id       INTEGER PRIMARY KEY,
    project  TEXT NOT NULL,
    flow     TEXT NOT NULL,
    UNIQUE (project, flow)
);
INSERT INTO flow (project, flow) SELECT DISTINCT project, flow FROM request_given;

-- Requests that are the same in all that lists are filtered by (apart from ids and times), and how many there are. There
-- are few groups, so a filter is first applied to them; the requests of a group are then found by its number, and
-- counting means adding up. The server is 0, and the code empty, where there is none.
CREATE TABLE request_group (
    id      INTEGER PRIMARY KEY,
    flow    INTEGER NOT NULL REFERENCES flow (id),
    state   INTEGER NOT NULL,
    server  INTEGER NOT NULL,
    code    TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    UNIQUE (flow, state, server, code)
);
ALTER TABLE request ADD COLUMN flow INTEGER REFERENCES flow (id);
ALTER TABLE request ADD COLUMN request_group INTEGER REFERENCES request_group (id);
UPDATE request SET flow = (
    SELECT f.id FROM request_given g JOIN flow f ON f.project = g.project AND f.flow = g.flow WHERE g.id = request.id
);
INSERT INTO request_group (flow, state, server, code, n)
    SELECT flow, state, coalesce(server, 0), coalesce(error_code, ''), count(*) FROM request GROUP BY 1, 2, 3, 4;
UPDATE request SET request_group = (
    SELECT id FROM request_group g
    WHERE g.flow = request.flow AND g.state = request.state AND g.server = coalesce(request.server, 0)
          AND g.code = coalesce(request.error_code, '')
);
DROP INDEX request_by_state;
DROP INDEX request_given_flow;
DROP TABLE request_count;
CREATE INDEX request_by_group ON request (request_group);

-- Those that have ended, for retention.
CREATE INDEX request_ended ON request (state, ended) WHERE ended IS NOT NULL;

-- Ids and creation times rise together, so a time is found by halving. The exceptions: requests made when the clock had
-- gone back since the request before.
CREATE TABLE clock_went_back (
    request  INTEGER PRIMARY KEY
);
INSERT INTO clock_went_back
    SELECT id FROM (SELECT id, created, lag(created) OVER (ORDER BY id) AS before FROM request_given)
    WHERE created < before;
