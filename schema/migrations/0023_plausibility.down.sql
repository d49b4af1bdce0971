SET LOCAL ROLE tidemark_migrate;

ALTER TABLE runs DROP COLUMN doubtful;
DROP FUNCTION market_cap_doubt(numeric, numeric);
DROP FUNCTION tick_jump(smallint, integer, smallint, timestamptz, numeric);
DROP FUNCTION price_jump(numeric, timestamptz, numeric, timestamptz);
