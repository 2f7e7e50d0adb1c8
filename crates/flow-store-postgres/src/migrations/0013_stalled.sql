-- Since when the attempt with a fence makes no progress. Of another attempt, or of one that has ended, it says nothing; so
-- what starts and ends attempts need not touch it.
ALTER TABLE request ADD COLUMN stalled bigint;
ALTER TABLE request ADD COLUMN stalled_fence bigint;

-- The version that an attempt ran, where its request was pinned to another one since.
ALTER TABLE attempt ADD COLUMN version text;
