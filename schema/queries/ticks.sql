-- name: ticks_upsert
-- Stores observations, with what speaks against each: in ticks one row per source, asset, quote and moment (of doubles in
-- the batch the last counts), in latest_prices the newest of each source, asset and quote. Identical rows stay untouched,
-- and an older observation never replaces a newer one; at the same moment a tick wins over a candle. So any order of jobs
-- ends in the same rows. The five minutes of every changed tick are marked to be rolled.
-- Most prices need no look into ticks (tick_jump): the latest price is the last sound one, and near.
-- Says how many ticks that changes, and how many latest prices.
-- $1 source_id, $2 run_id, $3 payload_id, $4 known_at, $5 asset_ids, $6 quote_ids, $7 observed_at, $8 prices, $9 volumes_24h,
-- $10 market_caps, $11 changes_24h_percent
WITH judged AS MATERIALIZED (
    SELECT n.*, market_cap_doubt(n.market_cap, n.volume_24h)
                | CASE WHEN l.origin = 'tick' AND l.observed_at = n.observed_at AND l.price = n.price THEN l.doubt & 3
                       WHEN l.origin = 'tick' AND l.doubt & 3 = 0 AND l.observed_at < n.observed_at
                            AND l.observed_at >= n.observed_at - interval '7 days'
                            AND n.price < l.price * 10 AND n.price * 10 > l.price THEN 0
                       ELSE tick_jump($1::smallint, n.asset_id, n.quote_id, n.observed_at, n.price)
                  END AS doubt
    FROM unnest($5::integer[], $6::smallint[], $7::timestamptz[], $8::numeric[], $9::numeric[], $10::numeric[],
                $11::numeric[])
         WITH ORDINALITY
         AS n (asset_id, quote_id, observed_at, price, volume_24h, market_cap, change_24h_percent, place)
    LEFT JOIN latest_prices l
        ON l.asset_id = n.asset_id AND l.quote_id = n.quote_id AND l.source_id = $1::smallint
), written AS (
    INSERT INTO ticks (source_id, run_id, payload_id, known_at, asset_id, quote_id, observed_at, price, volume_24h,
                       market_cap, change_24h_percent, doubt)
    SELECT DISTINCT ON (asset_id, quote_id, observed_at)
           $1::smallint, $2::bigint, $3::bigint, $4::timestamptz, asset_id, quote_id, observed_at, price, volume_24h,
           market_cap, change_24h_percent, doubt
    FROM judged
    ORDER BY asset_id, quote_id, observed_at, place DESC
    ON CONFLICT (source_id, asset_id, quote_id, observed_at)
    DO UPDATE SET price = excluded.price, volume_24h = excluded.volume_24h, market_cap = excluded.market_cap,
                  change_24h_percent = excluded.change_24h_percent, run_id = excluded.run_id,
                  payload_id = excluded.payload_id, known_at = excluded.known_at, doubt = excluded.doubt
    WHERE (ticks.price, ticks.volume_24h, ticks.market_cap, ticks.change_24h_percent)
          IS DISTINCT FROM (excluded.price, excluded.volume_24h, excluded.market_cap, excluded.change_24h_percent)
    RETURNING asset_id, quote_id, observed_at
), marked AS (
    INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
    SELECT max(rollup_due(bucket, 300)), 300, $1, array_agg(asset_id), array_agg(quote_id), array_agg(bucket)
    FROM (SELECT DISTINCT asset_id, quote_id, rollup_bucket(observed_at, 300) AS bucket FROM written) AS buckets
    HAVING count(*) > 0
), moved AS (
    INSERT INTO latest_prices AS l
           (source_id, run_id, payload_id, origin, asset_id, quote_id, observed_at, price, volume_24h, market_cap,
            change_24h_percent, doubt)
    SELECT DISTINCT ON (asset_id, quote_id)
           $1::smallint, $2::bigint, $3::bigint, 'tick', asset_id, quote_id, observed_at, price, volume_24h, market_cap,
           change_24h_percent, doubt
    FROM judged
    ORDER BY asset_id, quote_id, observed_at DESC, place DESC
    ON CONFLICT (asset_id, quote_id, source_id)
    DO UPDATE SET price = excluded.price, volume_24h = excluded.volume_24h, market_cap = excluded.market_cap,
                  change_24h_percent = excluded.change_24h_percent, observed_at = excluded.observed_at,
                  run_id = excluded.run_id, payload_id = excluded.payload_id, origin = excluded.origin,
                  doubt = excluded.doubt
    WHERE excluded.observed_at >= l.observed_at
      AND (l.observed_at, l.origin, l.price, l.volume_24h, l.market_cap, l.change_24h_percent)
          IS DISTINCT FROM (excluded.observed_at, excluded.origin, excluded.price, excluded.volume_24h,
                            excluded.market_cap, excluded.change_24h_percent)
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM moved)
