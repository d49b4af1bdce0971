-- name: series_extend
-- What a source gives of a series reaches at least from one candle to another; it never shrinks, and a row that says so already is not touched.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s, $5 first open_time, $6 last open_time
INSERT INTO series AS s (source_id, asset_id, quote_id, interval_s, first_open_time, last_open_time)
VALUES ($1::smallint, $2::integer, $3::smallint, $4::integer, $5::timestamptz, $6::timestamptz)
ON CONFLICT (asset_id, quote_id, interval_s, source_id, rolled)
DO UPDATE SET first_open_time = LEAST(s.first_open_time, excluded.first_open_time),
              last_open_time = GREATEST(s.last_open_time, excluded.last_open_time)
WHERE excluded.first_open_time < s.first_open_time OR excluded.last_open_time > s.last_open_time
