-- A job of a source that is not in use (no key, switched off) ends as skipped: nothing was asked, and it is no failure.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE runs
    DROP CONSTRAINT runs_status_check,
    ADD CONSTRAINT runs_status_check
        CHECK (status IN ('running', 'ok', 'failed', 'expired', 'skipped', 'dead', 'waiting'));
