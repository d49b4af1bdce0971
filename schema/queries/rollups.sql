-- name: rollup_marks_add
-- Candles of one series that are to be rolled, because what they are made of is new.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s of the candles to roll, $5 their open times
INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
VALUES (now(), $4::integer, $1::smallint, array_fill($2::integer, ARRAY[cardinality($5::timestamptz[])]),
        array_fill($3::smallint, ARRAY[cardinality($5)]), $5)
