-- Calls that all tasks with one connection took from one of the provider's windows, by slot of it.
CREATE TABLE IF NOT EXISTS activation.calls (
    destination text NOT NULL,
    operation text NOT NULL,
    seconds double precision NOT NULL,
    slots jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (destination, operation, seconds)
);
