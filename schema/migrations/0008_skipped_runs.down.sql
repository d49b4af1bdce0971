SET LOCAL ROLE tidemark_migrate;

UPDATE runs SET status = 'expired' WHERE status = 'skipped';
ALTER TABLE runs
    DROP CONSTRAINT runs_status_check,
    ADD CONSTRAINT runs_status_check
        CHECK (status IN ('running', 'ok', 'failed', 'expired', 'dead', 'waiting'));
