-- The priority of a request, where that is another one than 0, as its lane has it: lists of few among many need an index, and
-- those of the usual priority cost it nothing.
ALTER TABLE request ADD COLUMN priority bigint;
UPDATE request SET priority = (SELECT l.priority FROM lane l WHERE l.id = request.lane)
WHERE lane IN (SELECT id FROM lane WHERE priority <> 0);
CREATE INDEX request_by_priority ON request (request_group, priority, id) WHERE priority IS NOT NULL;
