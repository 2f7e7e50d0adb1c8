-- The secret fields of connections, encrypted with the cluster's key, which is not in the database.
CREATE TABLE connection_secret (
    project     INTEGER NOT NULL REFERENCES project (id),
    connection  TEXT    NOT NULL,
    field       TEXT    NOT NULL,
    sealed      BLOB    NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (project, connection, field)
) WITHOUT ROWID;
