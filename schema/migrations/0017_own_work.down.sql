SET LOCAL ROLE tidemark_migrate;

DELETE FROM schedules WHERE source_id = 100;
DELETE FROM slots WHERE source_id = 100;
DELETE FROM runs WHERE source_id = 100;
DELETE FROM run_counters WHERE source_id = 100;
DELETE FROM checkpoints WHERE source_id = 100;
DELETE FROM sources WHERE source_id = 100;
ALTER TABLE sources
    DROP CONSTRAINT sources_kind_check,
    ADD CONSTRAINT sources_kind_check CHECK (kind IN ('exchange', 'aggregator', 'file'));
