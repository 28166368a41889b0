CREATE SCHEMA IF NOT EXISTS alerts;

-- What happened, once: a callback that runs again finds its notice there.
CREATE TABLE IF NOT EXISTS alerts.notice (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    event text NOT NULL,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    said text NOT NULL,
    detail text NOT NULL,
    link text NOT NULL,
    amount bigint,
    at timestamptz NOT NULL,
    seen_at timestamptz,
    seen_by text
);
CREATE INDEX IF NOT EXISTS notice_at ON alerts.notice (at DESC);

-- One place that a notice goes to.
--   waiting    not sent yet, or not taken: tried again at `next_attempt_at`
--   delivered  taken
--   given_up   not taken for a day: the page says so, and nobody tries again
CREATE TABLE IF NOT EXISTS alerts.delivery (
    notice_id bigint NOT NULL REFERENCES alerts.notice ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('slack', 'webhook', 'email')),
    connection text NOT NULL,
    address text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    problem text NOT NULL DEFAULT '',
    PRIMARY KEY (notice_id, kind, connection, address)
);
