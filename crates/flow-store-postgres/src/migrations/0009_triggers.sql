-- The version that the triggers of a project go by.
CREATE TABLE trigger_version (
    project      text COLLATE "C" PRIMARY KEY,
    version      text NOT NULL,
    from_commit  text NOT NULL
);

-- What the cluster knows of each trigger. Of one that its version no longer has, the switch is kept.
CREATE TABLE trigger_state (
    id            bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project       text COLLATE "C" NOT NULL,
    "trigger"     text COLLATE "C" NOT NULL,
    mark          text    NOT NULL,
    present       boolean NOT NULL,
    active        boolean NOT NULL,
    switched_by   text,
    switched      bigint,
    reached       bigint  NOT NULL,
    fired         bigint  NOT NULL,
    missed        bigint  NOT NULL,
    last_fired    bigint,
    last_request  bigint,
    UNIQUE (project, "trigger")
);

-- A trigger fires once for each key.
CREATE TABLE trigger_firing (
    id         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "trigger"  bigint  NOT NULL REFERENCES trigger_state (id),
    key        text COLLATE "C" NOT NULL,
    due        bigint  NOT NULL,
    at         bigint  NOT NULL,
    missed     bigint  NOT NULL,
    lasting    boolean NOT NULL,
    request    bigint,
    UNIQUE ("trigger", key)
);
CREATE INDEX trigger_firing_passing ON trigger_firing ("trigger", id) WHERE NOT lasting;
