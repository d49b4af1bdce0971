-- Schedules by the calendar go: applying a file of the older version brings back what it knows.
SET LOCAL ROLE tidemark_migrate;

REVOKE DELETE ON slots FROM tidemark_scheduler;
DROP TABLE leader;
DELETE FROM schedules WHERE cron IS NOT NULL;
ALTER TABLE schedules
    DROP CONSTRAINT schedules_period_or_cron,
    DROP COLUMN cron,
    ALTER COLUMN period_s SET NOT NULL;
