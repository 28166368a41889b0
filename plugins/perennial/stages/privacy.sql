CREATE SCHEMA IF NOT EXISTS privacy;

-- What was done with people's data because of a law, who asked for it, and when. Rows never change, and name nobody.
CREATE TABLE IF NOT EXISTS privacy.trail (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('access', 'download', 'erasure', 'retention')),
    request text NOT NULL,
    asked_by text,
    reason text NOT NULL DEFAULT '',
    what jsonb NOT NULL
);

-- What is kept of a person, for them, until it expires; `prints` are the fingerprints of their identities.
CREATE TABLE IF NOT EXISTS privacy.package (
    request text PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    prints text[] NOT NULL,
    content bytea NOT NULL
);
