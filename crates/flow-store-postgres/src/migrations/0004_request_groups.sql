-- Flows by number, so that what refers to them is small.
CREATE TABLE flow (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project  text NOT NULL,
    flow     text NOT NULL,
    UNIQUE (project, flow)
);

-- Requests that are the same in all that lists are filtered by (apart from ids and times). There are few groups, so a
-- filter is first applied to them; the requests of a group are then found by its number. The server is 0, and the code
-- empty, where there is none.
CREATE TABLE request_group (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow    bigint NOT NULL REFERENCES flow (id),
    state   bigint NOT NULL,
    server  bigint NOT NULL,
    code    text   NOT NULL,
    UNIQUE (flow, state, server, code)
);

-- How many requests are in a group: the sum of its rows. Writers only add rows, so that they never wait for each other;
-- now and then the rows of a group are made one.
CREATE TABLE request_count (
    request_group  bigint NOT NULL,
    n              bigint NOT NULL
);
CREATE INDEX request_count_group ON request_count (request_group);

-- No foreign keys: each would lock the row that it refers to, at every change of a request.
ALTER TABLE request ADD COLUMN flow bigint NOT NULL;
ALTER TABLE request ADD COLUMN request_group bigint NOT NULL;
CREATE INDEX request_by_group ON request (request_group, id);

-- Those that have ended, for retention.
CREATE INDEX request_ended ON request (state, ended, id) WHERE ended IS NOT NULL;
