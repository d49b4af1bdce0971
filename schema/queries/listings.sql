-- name: listings_upsert
-- The newest market row of each source, asset and quote; identical rows stay untouched.
-- $1 source_id, $2 run_id, $3 payload_id, $4 asset_ids, $5 quote_ids, $6 ranks, $7 observed_at,
-- $8 fully_diluted_valuations, $9 highs_24h, $10 lows_24h, $11 changes_24h, $12 changes_24h_percent,
-- $13 circulating_supplies, $14 total_supplies, $15 max_supplies, $16 aths, $17 ath_at, $18 atls, $19 atl_at
INSERT INTO listings AS l
       (source_id, run_id, payload_id, asset_id, quote_id, rank, observed_at, fully_diluted_valuation, high_24h,
        low_24h, change_24h, change_24h_percent, circulating_supply, total_supply, max_supply, ath, ath_at, atl, atl_at)
SELECT DISTINCT ON (n.asset_id, n.quote_id)
       $1::smallint, $2::bigint, $3::bigint, n.asset_id, n.quote_id, n.rank, n.observed_at, n.fdv, n.high, n.low,
       n.change, n.change_percent, n.circulating, n.total, n.max, n.ath, n.ath_at, n.atl, n.atl_at
FROM unnest($4::integer[], $5::smallint[], $6::integer[], $7::timestamptz[], $8::numeric[], $9::numeric[],
            $10::numeric[], $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[],
            $16::numeric[], $17::timestamptz[], $18::numeric[], $19::timestamptz[])
     WITH ORDINALITY
     AS n (asset_id, quote_id, rank, observed_at, fdv, high, low, change, change_percent, circulating, total, max,
           ath, ath_at, atl, atl_at, place)
ORDER BY n.asset_id, n.quote_id, n.observed_at DESC, n.place DESC
ON CONFLICT (asset_id, quote_id, source_id)
DO UPDATE SET run_id = excluded.run_id, payload_id = excluded.payload_id, rank = excluded.rank,
              observed_at = excluded.observed_at, fully_diluted_valuation = excluded.fully_diluted_valuation,
              high_24h = excluded.high_24h, low_24h = excluded.low_24h, change_24h = excluded.change_24h,
              change_24h_percent = excluded.change_24h_percent, circulating_supply = excluded.circulating_supply,
              total_supply = excluded.total_supply, max_supply = excluded.max_supply, ath = excluded.ath,
              ath_at = excluded.ath_at, atl = excluded.atl, atl_at = excluded.atl_at
WHERE excluded.observed_at >= l.observed_at
  AND (l.rank, l.observed_at, l.fully_diluted_valuation, l.high_24h, l.low_24h, l.change_24h, l.change_24h_percent,
       l.circulating_supply, l.total_supply, l.max_supply, l.ath, l.ath_at, l.atl, l.atl_at)
      IS DISTINCT FROM
      (excluded.rank, excluded.observed_at, excluded.fully_diluted_valuation, excluded.high_24h, excluded.low_24h,
       excluded.change_24h, excluded.change_24h_percent, excluded.circulating_supply, excluded.total_supply,
       excluded.max_supply, excluded.ath, excluded.ath_at, excluded.atl, excluded.atl_at)
