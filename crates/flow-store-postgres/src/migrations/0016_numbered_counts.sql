-- The rows of counts are numbered as they come, so that those which came last are found without looking through the others,
-- of which PostgreSQL keeps even the removed ones while somebody keeps a transaction open.
ALTER TABLE request_count ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
-- Who adds the rows up reads all of them.
DROP INDEX request_count_group;
