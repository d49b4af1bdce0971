-- What is to be done, what is being done, and what came of it.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE schedules (
    name        text        PRIMARY KEY CHECK (name <> '' AND length(name) <= 200),
    source_id   smallint    NOT NULL REFERENCES sources,
    kind        text        NOT NULL,
    stream      text        NOT NULL CHECK (stream <> ''),
    args        jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(args) = 'object'),
    period_s    integer     NOT NULL CHECK (period_s > 0),
    offset_s    integer     NOT NULL DEFAULT 0 CHECK (offset_s >= 0 AND offset_s < period_s),
    missed      text        NOT NULL CHECK (missed IN ('catch_up', 'coalesce')),
    not_after_s integer     CHECK (not_after_s > 0),
    enabled     boolean     NOT NULL DEFAULT true,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source_id, stream)
);
COMMENT ON COLUMN schedules.not_after_s IS 'after the slot nobody can use the answer; null = for ever';

CREATE TABLE slots (
    job_id        text        PRIMARY KEY CHECK (length(job_id) <= 300),
    schedule_name text        NOT NULL,
    source_id     smallint    NOT NULL REFERENCES sources,
    stream        text        NOT NULL,
    slot          timestamptz NOT NULL,
    message       text        NOT NULL,
    state         text        NOT NULL DEFAULT 'pending'
                              CHECK (state IN ('pending', 'published', 'skipped')),
    inserted_at   timestamptz NOT NULL DEFAULT now(),
    published_at  timestamptz,
    publishes     integer     NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
COMMENT ON TABLE slots IS 'the scheduler''s outbox: inserted before a job is published';
CREATE INDEX slots_stream ON slots (source_id, stream, slot);
CREATE INDEX slots_pending ON slots (inserted_at) WHERE state = 'pending';
CREATE INDEX slots_slot ON slots (slot);

CREATE TABLE runs (
    run_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      text        NOT NULL UNIQUE CHECK (length(job_id) <= 300),
    source_id   smallint    NOT NULL REFERENCES sources,
    kind        text        NOT NULL,
    stream      text        NOT NULL,
    slot        timestamptz NOT NULL,
    args        jsonb       NOT NULL DEFAULT '{}',
    attempt     integer     NOT NULL,
    status      text        NOT NULL CHECK (status IN ('running', 'ok', 'failed', 'expired',
                                                       'dead', 'waiting')),
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    pages       integer     NOT NULL DEFAULT 0,
    records     integer     NOT NULL DEFAULT 0,
    rejected    integer     NOT NULL DEFAULT 0,
    unmapped    integer     NOT NULL DEFAULT 0,
    error_code  text,
    error_text  text,
    http_status integer,
    worker      text,
    traceparent text,
    event       text
) WITH (fillfactor = 70);
COMMENT ON COLUMN runs.event IS 'what was said after the commit, to be said again if that got lost';
CREATE INDEX runs_source ON runs (source_id, started_at DESC);
CREATE INDEX runs_ok ON runs (source_id, finished_at DESC) WHERE status = 'ok';
CREATE INDEX runs_started ON runs (started_at DESC);

CREATE TABLE checkpoints (
    source_id smallint    NOT NULL REFERENCES sources,
    stream    text        NOT NULL,
    position  text        NOT NULL,
    moved_at  timestamptz NOT NULL DEFAULT now(),
    run_id    bigint      NOT NULL,
    PRIMARY KEY (source_id, stream)
) WITH (fillfactor = 50);

-- Moves a checkpoint from the position the worker had read, or stops its transaction.
CREATE FUNCTION checkpoint_advance(of_source smallint, of_stream text, old_position text,
                                   new_position text, by_run bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF old_position IS NULL THEN
        INSERT INTO checkpoints (source_id, stream, position, run_id)
        VALUES (of_source, of_stream, new_position, by_run)
        ON CONFLICT DO NOTHING;
    ELSE
        UPDATE checkpoints SET position = new_position, moved_at = now(), run_id = by_run
        WHERE source_id = of_source AND stream = of_stream AND position = old_position;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'checkpoint of % moved away from %', of_stream,
            coalesce(old_position, 'the beginning') USING ERRCODE = 'TM001';
    END IF;
END
$$;

-- Counts a page of a run, or stops its transaction if the run is finished: a quote that was delivered to two workers
-- is two different prices, and only one of them may stay.
CREATE FUNCTION run_page(of_run bigint, more_records integer, more_rejected integer, more_unmapped integer,
                         new_event text) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE runs
    SET pages = pages + 1, records = records + more_records, rejected = rejected + more_rejected,
        unmapped = unmapped + more_unmapped, event = new_event
    WHERE run_id = of_run AND status <> 'ok';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % is finished', of_run USING ERRCODE = 'TM001';
    END IF;
END
$$;

CREATE SEQUENCE raw_payload_ids AS bigint;
CREATE TABLE raw_payloads (
    payload_id   bigint      NOT NULL DEFAULT nextval('raw_payload_ids'),
    run_id       bigint      NOT NULL,
    source_id    smallint    NOT NULL,
    fetched_at   timestamptz NOT NULL,
    target       text        NOT NULL,
    http_status  integer     NOT NULL,
    content_type text        NOT NULL,
    verdict      text        NOT NULL,
    error_code   text,
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),
    body         bytea       COMPRESSION lz4 NOT NULL,
    rejects      jsonb,
    PRIMARY KEY (payload_id, fetched_at)
) PARTITION BY RANGE (fetched_at);
CREATE INDEX raw_payloads_run ON raw_payloads (run_id);
INSERT INTO partitioned_tables (name, width, fillfactor) VALUES ('raw_payloads', 'day', 100);

GRANT SELECT, INSERT, UPDATE ON runs, checkpoints TO tidemark_worker;
GRANT SELECT, INSERT ON raw_payloads TO tidemark_worker;
GRANT USAGE ON SEQUENCE raw_payload_ids TO tidemark_worker;
GRANT EXECUTE ON FUNCTION checkpoint_advance(smallint, text, text, text, bigint)
    TO tidemark_worker, tidemark_operator;
GRANT EXECUTE ON FUNCTION run_page(bigint, integer, integer, integer, text) TO tidemark_worker;
GRANT SELECT, INSERT, UPDATE ON slots TO tidemark_scheduler;
GRANT SELECT ON schedules, runs, checkpoints TO tidemark_scheduler;
GRANT SELECT ON schedules, slots, runs, checkpoints TO tidemark_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO tidemark_operator;
GRANT INSERT, UPDATE, DELETE ON checkpoints TO tidemark_operator;
