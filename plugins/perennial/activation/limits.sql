-- Calls that all tasks with one connection took from a provider's windows: by seconds of the window, and slot of it.
CREATE TABLE IF NOT EXISTS activation.calls (
    destination text NOT NULL,
    operation text NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    slots jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (destination, operation)
);
