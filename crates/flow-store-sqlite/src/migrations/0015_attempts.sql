-- The attempt that is under way, and the one that finished its request, are told by the request's own row, so what runs
-- through at once never touches the table of attempts: that has the others, once they have ended.

-- When the current attempt started; null where it is the first, which `started` tells.
ALTER TABLE request ADD COLUMN attempt_started INTEGER;
UPDATE request
SET attempt_started = (SELECT a.started FROM attempt a WHERE a.request = request.id AND a.attempt = request.attempt)
WHERE attempt > 1;
DELETE FROM attempt WHERE ended IS NULL OR outcome = 0;
