-- The secret fields of connections, encrypted with the cluster's key, which is not in the database.
CREATE TABLE connection_secret (
    project     bigint NOT NULL REFERENCES project (id),
    connection  text   NOT NULL,
    field       text COLLATE "C" NOT NULL,
    sealed      bytea  NOT NULL,
    updated     bigint NOT NULL,
    PRIMARY KEY (project, connection, field)
);
