-- The ledger as the first release made it, with a row of each table.
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

INSERT INTO activation.run (destination, activation, as_of, state) VALUES ('esp', 'email', '2026-11-24', 'done');
INSERT INTO activation.batch (run_id, kind, state, rows) VALUES (1, 'upsert', 'done', 1);
INSERT INTO activation.delivery (destination, activation, audience, key, person_id, payload_hash, state, batch_id, as_of)
VALUES ('esp', 'email', 'top', 'a@example.com', '1', 'h', 'delivered', 1, '2026-11-24');
INSERT INTO activation.list VALUES ('esp', 'email', 'top', 'list-1', 'Top');
INSERT INTO activation.suppression (destination, key, kind) VALUES ('esp', 'b@example.com', 'unsubscribe');
