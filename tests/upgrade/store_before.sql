CREATE SCHEMA activation;
CREATE SCHEMA campaigns;
CREATE SCHEMA dashboards;
CREATE SCHEMA queries;
CREATE TABLE activation.approval (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    request text NOT NULL,
    size integer NOT NULL,
    held integer,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    approved boolean,
    answered_by text,
    answered_at timestamp with time zone
);
CREATE TABLE activation.assignment (
    activation text NOT NULL,
    audience text NOT NULL,
    person_id text NOT NULL,
    arm text NOT NULL,
    share double precision NOT NULL,
    decile integer,
    as_of timestamp with time zone NOT NULL,
    assigned_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT assignment_arm_check CHECK ((arm = ANY (ARRAY['treated'::text, 'held_out'::text])))
);
CREATE TABLE activation.batch (
    batch_id bigint NOT NULL,
    run_id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    job text,
    rows integer NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT batch_kind_check CHECK ((kind = ANY (ARRAY['upsert'::text, 'removal'::text]))),
    CONSTRAINT batch_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'submitted'::text, 'done'::text, 'refused'::text, 'abandoned'::text, 'failed'::text])))
);
ALTER TABLE activation.batch ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME activation.batch_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE activation.calls (
    destination text NOT NULL,
    operation text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    slots jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE TABLE activation.delivery (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    key text NOT NULL,
    person_id text NOT NULL,
    payload_hash text NOT NULL,
    state text NOT NULL,
    reason text,
    batch_id bigint NOT NULL,
    as_of timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT delivery_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'delivered'::text, 'rejected'::text, 'removing'::text, 'removed'::text])))
);
CREATE TABLE activation.exported (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    key text NOT NULL,
    person_id text NOT NULL,
    payload_hash text NOT NULL,
    entered timestamp with time zone NOT NULL,
    exited timestamp with time zone
);
CREATE TABLE activation.file (
    destination text NOT NULL,
    activation text NOT NULL,
    name text NOT NULL,
    audience text NOT NULL,
    part integer NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    run_id bigint NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE activation.list (
    destination text NOT NULL,
    activation text NOT NULL,
    audience text NOT NULL,
    list_id text NOT NULL,
    name text NOT NULL
);
CREATE VIEW activation.outcome AS
 SELECT d.destination,
    d.activation,
    d.audience,
    d.key,
    d.person_id,
    d.payload_hash,
        CASE
            WHEN ((b.state = 'done'::text) AND (d.state = 'sending'::text)) THEN 'delivered'::text
            WHEN ((b.state = 'done'::text) AND (d.state = 'removing'::text)) THEN 'removed'::text
            ELSE d.state
        END AS state,
    d.reason,
    d.batch_id,
    d.as_of
   FROM (activation.delivery d
     JOIN activation.batch b USING (batch_id));
CREATE TABLE activation.run (
    run_id bigint NOT NULL,
    destination text NOT NULL,
    activation text NOT NULL,
    as_of timestamp with time zone NOT NULL,
    state text NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    request text,
    CONSTRAINT run_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text])))
);
ALTER TABLE activation.run ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME activation.run_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE activation.suppression (
    destination text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE campaigns.event (
    event_id text NOT NULL,
    message_id uuid NOT NULL,
    event text NOT NULL,
    bounce_class text,
    at timestamp with time zone NOT NULL,
    landed boolean DEFAULT false NOT NULL
);
CREATE TABLE campaigns.message (
    message_id uuid NOT NULL,
    campaign text NOT NULL,
    person_id text NOT NULL,
    email_sha256 text NOT NULL,
    audience text NOT NULL,
    as_of date NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    status text,
    reason text,
    next_attempt_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT message_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'doubtful'::text, 'sent'::text, 'deferred'::text, 'bounced'::text, 'blocked'::text, 'expired'::text])))
);
CREATE TABLE campaigns."position" (
    partition integer NOT NULL,
    read_until bigint NOT NULL
);
CREATE TABLE campaigns.suppression (
    email_sha256 text NOT NULL,
    kind text NOT NULL,
    campaign text,
    since timestamp with time zone NOT NULL,
    CONSTRAINT suppression_kind_check CHECK ((kind = ANY (ARRAY['unsubscribe'::text, 'bounce'::text, 'complaint'::text])))
);
CREATE TABLE dashboards.versions (
    name text NOT NULL,
    version integer NOT NULL,
    document jsonb,
    saved_at timestamp with time zone DEFAULT now() NOT NULL,
    saved_by text NOT NULL
);
COMMENT ON COLUMN dashboards.versions.document IS 'null: deleted';
CREATE TABLE queries.executions (
    id uuid NOT NULL,
    owner text NOT NULL,
    dialect text NOT NULL,
    sql text NOT NULL,
    template text,
    parameters jsonb NOT NULL,
    state text NOT NULL,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    cancel_wanted boolean DEFAULT false NOT NULL,
    columns jsonb,
    rows bigint,
    truncated boolean,
    error jsonb,
    snapshots jsonb,
    peak_megabytes integer,
    result bytea
);
INSERT INTO activation.approval VALUES ('esp', 'email', 'best', 'run-1', 9, 5, '2024-03-03 03:00:00+00', true, 'ann', '2024-03-03 03:00:00+00');
INSERT INTO activation.assignment VALUES ('email', 'best', 'c03', 'held_out', 0.2, 1, '2024-03-03 03:00:00+00', '2024-03-03 03:00:00+00');
INSERT INTO activation.batch OVERRIDING SYSTEM VALUE VALUES (1, 1, 'upsert', 'done', NULL, 1, '2024-03-03 03:00:00+00');
INSERT INTO activation.batch OVERRIDING SYSTEM VALUE VALUES (2, 2, 'removal', 'submitted', NULL, 1, '2024-03-03 03:00:00+00');
INSERT INTO activation.calls VALUES ('esp', 'upsert', 3, '{}');
INSERT INTO activation.delivery VALUES ('esp', 'email', 'best', 'a@example.com', 'c01', 'h', 'sending', NULL, 1, '2024-03-03 03:00:00+00', '2024-03-03 03:00:00+00');
INSERT INTO activation.delivery VALUES ('esp', 'email', 'best', 'b@example.com', 'c02', 'h', 'rejected', 'invalid', 1, '2024-03-03 03:00:00+00', '2024-03-03 03:00:00+00');
INSERT INTO activation.exported VALUES ('files', 'agency', 'best', 'a@example.com', 'c01', 'h', '2024-03-03 03:00:00+00', NULL);
INSERT INTO activation.file VALUES ('files', 'agency', 'best.csv', 'best', 1, 1, 20, 1, '2024-03-03 03:00:00+00');
INSERT INTO activation.list VALUES ('esp', 'email', 'best', 'list-1', 'Best');
INSERT INTO activation.run OVERRIDING SYSTEM VALUE VALUES (1, 'esp', 'email', '2024-03-03 03:00:00+00', 'done', '{}', '2024-03-03 03:00:00+00', '2024-03-03 03:00:00+00', NULL);
INSERT INTO activation.run OVERRIDING SYSTEM VALUE VALUES (2, 'esp', 'email', '2024-03-04 00:00:00+00', 'running', '{}', '2024-03-03 03:00:00+00', NULL, NULL);
INSERT INTO activation.suppression VALUES ('esp', 'c@example.com', 'unsubscribe', '2024-03-03 03:00:00+00');
INSERT INTO campaigns.event VALUES ('e1', '11111111-1111-1111-1111-111111111111', 'bounced', 'hard', '2024-03-03 03:00:00+00', false);
INSERT INTO campaigns.message VALUES ('11111111-1111-1111-1111-111111111111', 'spring', 'c01', 'f0', 'best', '2024-03-03', 'bounced', 1, '5.1.1', 'no such user', NULL, '2024-03-03 03:00:00+00', '2024-03-03 03:00:00+00');
INSERT INTO campaigns."position" VALUES (0, 42);
INSERT INTO campaigns.suppression VALUES ('f1', 'unsubscribe', 'spring', '2024-03-03 03:00:00+00');
INSERT INTO dashboards.versions VALUES ('mine', 1, '{"title": "Mine"}', '2024-03-03 03:00:00+00', 'ann');
INSERT INTO dashboards.versions VALUES ('mine', 2, NULL, '2024-03-03 03:00:00+00', 'ann');
INSERT INTO queries.executions VALUES ('11111111-1111-1111-1111-111111111111', 'ann', 'lake', 'SELECT 1', NULL, '{}', 'done', '2024-03-03 03:00:00+00', NULL, NULL, '2024-03-03 03:00:00+00', false, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT pg_catalog.setval('activation.batch_batch_id_seq', 2, true);
SELECT pg_catalog.setval('activation.run_run_id_seq', 2, true);
ALTER TABLE ONLY activation.approval
    ADD CONSTRAINT approval_pkey PRIMARY KEY (destination, activation, audience, request);
ALTER TABLE ONLY activation.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (activation, audience, person_id);
ALTER TABLE ONLY activation.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (batch_id);
ALTER TABLE ONLY activation.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (destination, operation);
ALTER TABLE ONLY activation.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (destination, activation, audience, key);
ALTER TABLE ONLY activation.exported
    ADD CONSTRAINT exported_pkey PRIMARY KEY (destination, activation, audience, key, entered);
ALTER TABLE ONLY activation.file
    ADD CONSTRAINT file_pkey PRIMARY KEY (destination, activation, name);
ALTER TABLE ONLY activation.list
    ADD CONSTRAINT list_pkey PRIMARY KEY (destination, activation, audience);
ALTER TABLE ONLY activation.run
    ADD CONSTRAINT run_destination_activation_as_of_key UNIQUE (destination, activation, as_of);
ALTER TABLE ONLY activation.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY activation.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (destination, key, kind);
ALTER TABLE ONLY campaigns.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY campaigns.message
    ADD CONSTRAINT message_campaign_email_sha256_key UNIQUE (campaign, email_sha256);
ALTER TABLE ONLY campaigns.message
    ADD CONSTRAINT message_campaign_person_id_key UNIQUE (campaign, person_id);
ALTER TABLE ONLY campaigns.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY campaigns."position"
    ADD CONSTRAINT position_pkey PRIMARY KEY (partition);
ALTER TABLE ONLY campaigns.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (email_sha256, kind);
ALTER TABLE ONLY dashboards.versions
    ADD CONSTRAINT versions_pkey PRIMARY KEY (name, version);
ALTER TABLE ONLY queries.executions
    ADD CONSTRAINT executions_pkey PRIMARY KEY (id);
CREATE INDEX batch_open ON activation.batch USING btree (run_id) WHERE (state = ANY (ARRAY['intended'::text, 'submitted'::text]));
CREATE INDEX delivery_batch ON activation.delivery USING btree (batch_id);
CREATE INDEX delivery_rejected ON activation.delivery USING btree (activation) WHERE (state = 'rejected'::text);
CREATE INDEX event_message ON campaigns.event USING btree (message_id);
CREATE INDEX event_not_landed ON campaigns.event USING btree (at) WHERE (NOT landed);
CREATE INDEX executions_by_owner ON queries.executions USING btree (owner, submitted_at DESC);
ALTER TABLE ONLY activation.batch
    ADD CONSTRAINT batch_run_id_fkey FOREIGN KEY (run_id) REFERENCES activation.run(run_id);
ALTER TABLE ONLY activation.delivery
    ADD CONSTRAINT delivery_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES activation.batch(batch_id);
ALTER TABLE ONLY activation.file
    ADD CONSTRAINT file_run_id_fkey FOREIGN KEY (run_id) REFERENCES activation.run(run_id);
ALTER TABLE ONLY campaigns.event
    ADD CONSTRAINT event_message_id_fkey FOREIGN KEY (message_id) REFERENCES campaigns.message(message_id) ON DELETE CASCADE;
