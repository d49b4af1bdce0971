-- What speaks against a price, decided by the transaction that writes it from what the same source has said before: so
-- that the same payloads in the order of their ids give the same again. It is stored and shown, and kept out of what
-- several sources are asked to agree on. 0 = nothing speaks against it.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE ticks ADD COLUMN doubt smallint NOT NULL DEFAULT 0;
ALTER TABLE latest_prices ADD COLUMN doubt smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ticks.doubt IS 'sum of 1 = jump, 2 = leap, 4 = market_cap; 0 = nothing';
COMMENT ON COLUMN latest_prices.doubt IS 'as in ticks';
