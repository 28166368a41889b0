-- Calls that all tasks with one connection took from a provider's windows: by seconds of the window, and slot of it.
CREATE TABLE IF NOT EXISTS activation.calls (
    destination text NOT NULL,
    operation text NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    slots jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (destination, operation)
);

-- What a person was asked before a send, in which run, and the answer; none yet where `approved` is empty.
CREATE TABLE IF NOT EXISTS activation.approval (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    request text NOT NULL,
    size integer NOT NULL,
    held integer,
    asked_at timestamptz NOT NULL DEFAULT now(),
    approved boolean,
    answered_by text,
    answered_at timestamptz,
    PRIMARY KEY (destination, activation, audience, request)
);

-- What a provider was asked to export, until it is read: its job, and of which seconds since 1970 that tells.
CREATE TABLE IF NOT EXISTS activation.export (
    destination text NOT NULL,
    stream text NOT NULL,
    job text NOT NULL,
    starts bigint NOT NULL,
    ends bigint NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (destination, stream)
);
