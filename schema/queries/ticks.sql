-- name: ticks_upsert
-- One row per source, asset, quote and moment; of doubles in the batch the last counts. Identical rows stay untouched.
-- $1 source_id, $2 run_id, $3 payload_id, $4 asset_ids, $5 quote_ids, $6 observed_at, $7 prices, $8 volumes_24h,
-- $9 market_caps, $10 changes_24h_percent
INSERT INTO ticks (source_id, run_id, payload_id, asset_id, quote_id, observed_at, price, volume_24h, market_cap,
                   change_24h_percent)
SELECT DISTINCT ON (n.asset_id, n.quote_id, n.observed_at)
       $1::smallint, $2::bigint, $3::bigint, n.asset_id, n.quote_id, n.observed_at, n.price, n.volume_24h,
       n.market_cap, n.change_24h_percent
FROM unnest($4::integer[], $5::smallint[], $6::timestamptz[], $7::numeric[], $8::numeric[], $9::numeric[],
            $10::numeric[])
     WITH ORDINALITY
     AS n (asset_id, quote_id, observed_at, price, volume_24h, market_cap, change_24h_percent, place)
ORDER BY n.asset_id, n.quote_id, n.observed_at, n.place DESC
ON CONFLICT (source_id, asset_id, quote_id, observed_at)
DO UPDATE SET price = excluded.price, volume_24h = excluded.volume_24h, market_cap = excluded.market_cap,
              change_24h_percent = excluded.change_24h_percent, run_id = excluded.run_id,
              payload_id = excluded.payload_id
WHERE (ticks.price, ticks.volume_24h, ticks.market_cap, ticks.change_24h_percent)
      IS DISTINCT FROM (excluded.price, excluded.volume_24h, excluded.market_cap, excluded.change_24h_percent)
