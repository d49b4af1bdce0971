-- Our own work on what is stored is scheduled, queued and counted as the jobs of a source are.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE sources
    DROP CONSTRAINT sources_kind_check,
    ADD CONSTRAINT sources_kind_check CHECK (kind IN ('exchange', 'aggregator', 'file', 'internal'));
INSERT INTO sources (source_id, name, kind, priority) VALUES (100, 'tidemark', 'internal', 100);
