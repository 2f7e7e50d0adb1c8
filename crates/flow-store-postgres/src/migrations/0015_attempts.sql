-- The attempt that is under way, and the one that finished its request, are told by the request's own row, so what runs
-- through at once never touches the table of attempts: that has the others, once they have ended.

-- When the current attempt started; null where it is the first, which `started` tells.
ALTER TABLE request ADD COLUMN attempt_started bigint;
UPDATE request r SET attempt_started = a.started FROM attempt a
WHERE r.attempt > 1 AND a.request = r.id AND a.attempt = r.attempt;
DELETE FROM attempt WHERE ended IS NULL OR outcome = 0;
