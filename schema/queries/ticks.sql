-- name: ticks_upsert
-- One row per source, asset, quote and moment: how many rows that changes; of doubles in the batch the last counts. Identical
-- rows stay untouched. The five minutes of every changed row are marked to be rolled.
-- $1 source_id, $2 run_id, $3 payload_id, $4 known_at, $5 asset_ids, $6 quote_ids, $7 observed_at, $8 prices, $9 volumes_24h,
-- $10 market_caps, $11 changes_24h_percent
WITH written AS (
    INSERT INTO ticks (source_id, run_id, payload_id, known_at, asset_id, quote_id, observed_at, price, volume_24h,
                       market_cap, change_24h_percent)
    SELECT DISTINCT ON (n.asset_id, n.quote_id, n.observed_at)
           $1::smallint, $2::bigint, $3::bigint, $4::timestamptz, n.asset_id, n.quote_id, n.observed_at, n.price,
           n.volume_24h, n.market_cap, n.change_24h_percent
    FROM unnest($5::integer[], $6::smallint[], $7::timestamptz[], $8::numeric[], $9::numeric[], $10::numeric[],
                $11::numeric[])
         WITH ORDINALITY
         AS n (asset_id, quote_id, observed_at, price, volume_24h, market_cap, change_24h_percent, place)
    ORDER BY n.asset_id, n.quote_id, n.observed_at, n.place DESC
    ON CONFLICT (source_id, asset_id, quote_id, observed_at)
    DO UPDATE SET price = excluded.price, volume_24h = excluded.volume_24h, market_cap = excluded.market_cap,
                  change_24h_percent = excluded.change_24h_percent, run_id = excluded.run_id,
                  payload_id = excluded.payload_id, known_at = excluded.known_at
    WHERE (ticks.price, ticks.volume_24h, ticks.market_cap, ticks.change_24h_percent)
          IS DISTINCT FROM (excluded.price, excluded.volume_24h, excluded.market_cap, excluded.change_24h_percent)
    RETURNING asset_id, quote_id, observed_at
), marked AS (
    INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
    SELECT max(rollup_due(bucket, 300)), 300, $1, array_agg(asset_id), array_agg(quote_id), array_agg(bucket)
    FROM (SELECT DISTINCT asset_id, quote_id, rollup_bucket(observed_at, 300) AS bucket FROM written) AS buckets
    HAVING count(*) > 0
)
SELECT count(*) FROM written
