SET LOCAL ROLE tidemark_migrate;

DROP TABLE coins;
DROP TABLE reference_entries;
-- The operator's word that a market is none of ours has no place any more.
DELETE FROM instruments WHERE asset_id IS NULL;
ALTER TABLE instruments
    DROP CONSTRAINT instruments_mapped,
    DROP COLUMN origin,
    ALTER COLUMN asset_id SET NOT NULL,
    ALTER COLUMN quote_id SET NOT NULL;
ALTER TABLE assets DROP COLUMN origin;
DROP FUNCTION instrument_coin(text);
DROP FUNCTION instrument_currency(text);
REVOKE UPDATE (asset_id, quote_id, status) ON instruments FROM tidemark_worker;
REVOKE DELETE ON instruments FROM tidemark_operator;
