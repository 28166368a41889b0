CREATE SCHEMA IF NOT EXISTS activation;

CREATE TABLE IF NOT EXISTS activation.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination text NOT NULL,
    activation text NOT NULL,
    as_of timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done')),
    counts jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (destination, activation, as_of)
);

-- One request to the destination. Recorded before it is made, so that a later run knows what may have arrived.
CREATE TABLE IF NOT EXISTS activation.batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES activation.run,
    kind text NOT NULL CHECK (kind IN ('upsert', 'removal')),
    state text NOT NULL CHECK (state IN ('intended', 'submitted', 'done', 'refused', 'abandoned', 'failed')),
    job text,
    rows integer NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS batch_open ON activation.batch (run_id) WHERE state IN ('intended', 'submitted');

CREATE TABLE IF NOT EXISTS activation.delivery (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    key text NOT NULL,
    person_id text NOT NULL,
    payload_hash text NOT NULL,
    state text NOT NULL CHECK (state IN ('sending', 'delivered', 'rejected', 'removing', 'removed')),
    reason text,
    batch_id bigint NOT NULL REFERENCES activation.batch,
    as_of timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (destination, activation, audience, key)
);
CREATE INDEX IF NOT EXISTS delivery_batch ON activation.delivery (batch_id);
CREATE INDEX IF NOT EXISTS delivery_rejected ON activation.delivery (activation) WHERE state = 'rejected';
-- What a run was asked for beside its day, so that it is done once.
ALTER TABLE activation.run ADD COLUMN IF NOT EXISTS request text;

-- The state of each membership. A row is written when its request is intended; the outcome of a request that
-- succeeded stands on its batch alone, so that a million rows are not written twice.
CREATE OR REPLACE VIEW activation.outcome AS
SELECT
    d.destination, d.activation, d.audience, d.key, d.person_id, d.payload_hash,
    CASE
        WHEN b.state = 'done' AND d.state = 'sending' THEN 'delivered'
        WHEN b.state = 'done' AND d.state = 'removing' THEN 'removed'
        ELSE d.state
    END AS state,
    d.reason, d.batch_id, d.as_of
FROM activation.delivery d JOIN activation.batch b USING (batch_id);

CREATE TABLE IF NOT EXISTS activation.list (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    list_id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (destination, activation, audience)
);

CREATE TABLE IF NOT EXISTS activation.suppression (
    destination text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (destination, key, kind)
);

-- Who is sent something and who is held out, from when somebody qualified for the first time. Rows never change.
CREATE TABLE IF NOT EXISTS activation.assignment (
    activation text NOT NULL,
    audience text NOT NULL,
    person_id text NOT NULL,
    arm text NOT NULL CHECK (arm IN ('treated', 'held_out')),
    share double precision NOT NULL,
    decile integer,
    as_of timestamptz NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (activation, audience, person_id)
);

-- Of activations to files: by which day's file somebody came into an audience, and by which one they left it.
CREATE TABLE IF NOT EXISTS activation.exported (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    key text NOT NULL,
    person_id text NOT NULL,
    payload_hash text NOT NULL,
    entered timestamptz NOT NULL,
    exited timestamptz,
    PRIMARY KEY (destination, activation, audience, key, entered)
);

-- The files themselves, each recorded before it appears.
CREATE TABLE IF NOT EXISTS activation.file (
    destination text NOT NULL,
    activation text NOT NULL,
    name text NOT NULL,
    audience text NOT NULL,
    part integer NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    run_id bigint NOT NULL REFERENCES activation.run,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (destination, activation, name)
);
