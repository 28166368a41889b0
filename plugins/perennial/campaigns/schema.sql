CREATE SCHEMA IF NOT EXISTS campaigns;

-- One e-mail to one person. Recorded before the mail server is given it, and again with what it said.
--   sending   given to the mail server, or about to be; once its run is over: in doubt
--   doubtful  a run ended while it was being sent: it may have arrived, and is not sent again by itself
--   sent      the mail server has taken it
--   deferred  the mail server asked to come back later, or was not there
--   bounced   the address is refused for good, at once or in a report that came later
--   blocked   the message is refused for good, and not for its address
--   expired   deferred until the campaign was over
CREATE TABLE IF NOT EXISTS campaigns.message (
    message_id uuid PRIMARY KEY,
    campaign text NOT NULL,
    person_id text NOT NULL,
    email_sha256 text NOT NULL,
    audience text NOT NULL,
    as_of date NOT NULL,
    state text NOT NULL
        CHECK (state IN ('sending', 'doubtful', 'sent', 'deferred', 'bounced', 'blocked', 'expired')),
    attempts integer NOT NULL DEFAULT 0,
    status text,
    reason text,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (campaign, person_id),
    UNIQUE (campaign, email_sha256)
);

-- What became of messages, until it has landed in the lake; written together with the message's state.
CREATE TABLE IF NOT EXISTS campaigns.event (
    event_id text PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES campaigns.message ON DELETE CASCADE,
    event text NOT NULL,
    bounce_class text,
    at timestamptz NOT NULL,
    landed boolean NOT NULL DEFAULT false
);
ALTER TABLE campaigns.message ADD COLUMN IF NOT EXISTS domain text;
ALTER TABLE campaigns.event ADD COLUMN IF NOT EXISTS status text;
CREATE INDEX IF NOT EXISTS event_message ON campaigns.event (message_id);
CREATE INDEX IF NOT EXISTS event_not_landed ON campaigns.event (at) WHERE NOT landed;

-- Who must not be sent any campaign. No more than the hash of the address: it outlives what is known of the person.
CREATE TABLE IF NOT EXISTS campaigns.suppression (
    email_sha256 text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('unsubscribe', 'bounce', 'complaint')),
    campaign text,
    since timestamptz NOT NULL,
    PRIMARY KEY (email_sha256, kind)
);

-- Up to where the collector's log was searched for people who unsubscribed.
CREATE TABLE IF NOT EXISTS campaigns.position (
    partition integer PRIMARY KEY,
    read_until bigint NOT NULL
);
