-- How many times as long each further interval between retries is.
ALTER TABLE request_given ADD COLUMN retry_backoff bigint NOT NULL DEFAULT 1;
