SET LOCAL ROLE tidemark_migrate;

ALTER TABLE latest_prices DROP COLUMN doubt;
ALTER TABLE ticks DROP COLUMN doubt;
