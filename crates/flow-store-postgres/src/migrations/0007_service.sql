-- When the first component of the current attempt started; once the attempt has ended, this is kept with it.
ALTER TABLE request ADD COLUMN began bigint;
ALTER TABLE attempt ADD COLUMN began bigint;

-- Of an entry that tells of requests that somebody made: the first and the last of them, and how many there are.
ALTER TABLE audit ADD COLUMN made_first bigint;
ALTER TABLE audit ADD COLUMN made_last bigint;
ALTER TABLE audit ADD COLUMN made bigint;

-- A number that rises with whatever changes who may call: accounts, tokens, and sessions that end. A row and no sequence,
-- so that nobody sees it rise before the change.
CREATE TABLE account_change (
    n  bigint NOT NULL
);
INSERT INTO account_change VALUES (0);
CREATE FUNCTION count_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account_change SET n = n + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER account_changed AFTER INSERT OR UPDATE OR DELETE ON account
    FOR EACH ROW EXECUTE FUNCTION count_account_change();
CREATE TRIGGER token_changed AFTER INSERT OR UPDATE OR DELETE ON token
    FOR EACH ROW EXECUTE FUNCTION count_account_change();
CREATE TRIGGER session_ended AFTER DELETE ON session
    FOR EACH ROW EXECUTE FUNCTION count_account_change();
