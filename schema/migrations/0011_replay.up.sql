-- What a payload is normalised again with: where its request went on, the window it asked for, and what the symbols in
-- it meant when its rows were written. NULL markets: no rows were made of it, or it is older than this column.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE raw_payloads
    ADD COLUMN position    text,
    ADD COLUMN window_from timestamptz,
    ADD COLUMN window_to   timestamptz,
    ADD COLUMN markets     jsonb;
COMMENT ON COLUMN raw_payloads.payload_id IS
    'also an order: of two payloads that speak of the same row the higher one came later into the tables';
COMMENT ON COLUMN raw_payloads.position IS 'that the request went on after; NULL = the beginning';
COMMENT ON COLUMN raw_payloads.window_from IS 'history: the first open time asked for';
COMMENT ON COLUMN raw_payloads.window_to IS 'history: the end of what was asked for, exclusive';
COMMENT ON COLUMN raw_payloads.markets IS '{symbol: [asset_id, quote_id]}; a symbol that is missing was not mapped then';
