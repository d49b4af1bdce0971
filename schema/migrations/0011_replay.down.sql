SET LOCAL ROLE tidemark_migrate;

ALTER TABLE raw_payloads
    DROP COLUMN position,
    DROP COLUMN window_from,
    DROP COLUMN window_to,
    DROP COLUMN markets;
COMMENT ON COLUMN raw_payloads.payload_id IS NULL;
