-- Whether a server runs in an epoch. It does so until the end of the transaction, too, for whoever changes that waits for its lock.
-- A function, since each of its statements sees what was committed before it began: this one looks when it has the lock.
CREATE FUNCTION server_runs(server_lock bigint, server_number bigint, server_epoch bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(server_lock);
    RETURN EXISTS (SELECT FROM server WHERE id = server_number AND epoch = server_epoch AND state = 0 AND NOT maintenance);
END $$;

-- Fails unless all is there that a batch was made from. The code is told apart from what else may go wrong.
CREATE FUNCTION check_batch(is_whole boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF is_whole THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'a request or its server was changed by somebody else; the batch is made again' USING ERRCODE = 'CAIRN';
END $$;
