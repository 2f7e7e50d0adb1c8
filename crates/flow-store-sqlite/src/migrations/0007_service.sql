-- When the first component of the current attempt started; once the attempt has ended, this is kept with it.
ALTER TABLE request ADD COLUMN began INTEGER;
ALTER TABLE attempt ADD COLUMN began INTEGER;

-- Of an entry that tells of requests that somebody made: the first and the last of them, and how many there are.
ALTER TABLE audit ADD COLUMN made_first INTEGER;
ALTER TABLE audit ADD COLUMN made_last INTEGER;
ALTER TABLE audit ADD COLUMN made INTEGER;

-- A number that rises with whatever changes who may call: accounts, tokens, and sessions that end.
CREATE TABLE account_change (
    n  INTEGER NOT NULL
);
INSERT INTO account_change VALUES (0);
CREATE TRIGGER account_made AFTER INSERT ON account BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER account_changed AFTER UPDATE ON account BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER account_removed AFTER DELETE ON account BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER token_made AFTER INSERT ON token BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER token_changed AFTER UPDATE ON token BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER token_removed AFTER DELETE ON token BEGIN UPDATE account_change SET n = n + 1; END;
CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN UPDATE account_change SET n = n + 1; END;
