-- name: report_market_inputs
-- What the next assets bring into the market report of a day: last_asset_id (NULL = there are no more), candles,
-- fingerprint, known_at_ms (of the newest; NULL = of none is it known). Equal fingerprints of all pieces together
-- (exclusive or) mean equal inputs.
-- $1 begin of the day, $2 only assets above this id, $3 how many assets
WITH next_assets AS MATERIALIZED (
    SELECT DISTINCT asset_id
    FROM series
    WHERE asset_id > $2::integer AND interval_s = 86400 AND first_open_time <= $1::timestamptz
      AND last_open_time >= $1::timestamptz - interval '90 days'
    ORDER BY asset_id
    LIMIT $3::integer
), markets AS MATERIALIZED (
    SELECT DISTINCT source_id, asset_id, quote_id
    FROM next_assets
    JOIN series USING (asset_id)
    WHERE interval_s = 86400
)
SELECT (SELECT max(asset_id) FROM next_assets) AS last_asset_id, count(c.open_time) AS candles,
       coalesce(bit_xor(hash_record_extended(
           ROW(c.source_id, c.asset_id, c.quote_id, c.open_time, c.close, c.volume, c.quote_volume, c.volume_24h,
               c.market_cap, c.revision, c.payload_id), 0)), 0) AS fingerprint,
       (date_part('epoch', max(c.known_at)) * 1000)::bigint AS known_at_ms
FROM markets m
JOIN LATERAL (
    SELECT *
    FROM candles c
    WHERE c.source_id = m.source_id AND c.asset_id = m.asset_id AND c.quote_id = m.quote_id AND c.interval_s = 86400
      AND c.open_time BETWEEN $1::timestamptz - interval '90 days' AND $1::timestamptz AND c.final
    LIMIT 91 -- all there can be: it keeps the planner from reading whole partitions instead
) AS c ON true

-- name: report_market_stage
-- Puts the rows of the next assets of a day's market report into the stage, one for each asset and currency with a
-- daily candle in the 91 days up to the day. Returns nothing; walk with report_market_inputs.
-- Everything of a row comes from the final daily candles of one source: of the sources whose close of the day is within 10 % of
-- the median of all sources' closes, the one with most candles; of equals the preferred. "disputed": of two or more
-- closes no two are that near to the median.
--   change_24h_percent  = 100 * (close / close of the day before - 1), a simple return; so is return_percent over N days
--   log return          = ln(close / close of the day before), of days that follow each other, to 24 decimals
--   volatility_percent  = 100 * sample standard deviation of the log returns (divisor n - 1): of a day, not annualised
--   volatility_annualized_percent = volatility_percent * sqrt(365), because these markets trade every day
--                         (J. Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data")
--   max_drawdown_percent = 100 * max over the window of (highest close so far - close) / highest close so far
--                         (M. Magdon-Ismail and A. Atiya, "Maximum drawdown", Risk 17, 2004)
--   turnover            = quote_volume of the candle, else volume * close, else volume_24h: which one is named
-- A window of N days ends with the day; it has at most N returns, and under two thirds of N (of returns, or of closes for
-- the drawdown) the number is NULL. Percentages are rounded to 6 decimals, half away from zero.
-- $1 begin of the day, $2 only assets above this id, $3 up to and with this one
INSERT INTO pg_temp.report_stage (asset_id, quote_id, body)
WITH markets AS MATERIALIZED (
    SELECT DISTINCT source_id, asset_id, quote_id
    FROM series
    WHERE asset_id > $2::integer AND asset_id <= $3::integer AND interval_s = 86400
      AND first_open_time <= $1::timestamptz AND last_open_time >= $1::timestamptz - interval '90 days'
), daily AS MATERIALIZED (
    SELECT s.asset_id, s.quote_id, s.source_id, p.name AS source, p.priority, c.back, c.close, c.volume, c.quote_volume,
           c.volume_24h, c.market_cap, c.origin, c.revision, c.run_id, c.payload_id,
           coalesce(c.quote_volume, c.volume * c.close, c.volume_24h) AS turnover,
           CASE WHEN c.quote_volume IS NOT NULL THEN 'quote_volume' WHEN c.volume IS NOT NULL THEN 'volume * close'
                WHEN c.volume_24h IS NOT NULL THEN 'volume_24h' END AS turnover_is
    FROM markets s
    JOIN sources p USING (source_id)
    JOIN LATERAL (
        SELECT c.*, (date_part('epoch', $1::timestamptz - c.open_time) / 86400)::integer AS back
        FROM candles c
        WHERE c.source_id = s.source_id AND c.asset_id = s.asset_id AND c.quote_id = s.quote_id
          AND c.interval_s = 86400 AND c.open_time BETWEEN $1::timestamptz - interval '90 days' AND $1::timestamptz
          AND c.final AND c.close > 0
        LIMIT 91
    ) AS c ON true
), closing AS MATERIALIZED (
    SELECT * FROM daily WHERE back = 0
), medians AS MATERIALIZED ( -- twice the median, so that nothing is divided
    SELECT asset_id, quote_id, max(of) AS sources, sum(close) * (3 - count(*)) AS twice_median
    FROM (SELECT asset_id, quote_id, close, row_number() OVER (PARTITION BY asset_id, quote_id ORDER BY close) AS place,
                 count(*) OVER (PARTITION BY asset_id, quote_id) AS of
          FROM closing) AS sorted
    WHERE place IN ((of + 1) / 2, (of + 2) / 2)
    GROUP BY asset_id, quote_id
), today AS MATERIALIZED (
    SELECT c.*, m.sources, 10 * abs(2 * c.close - m.twice_median) <= m.twice_median AS agrees
    FROM closing c
    JOIN medians m USING (asset_id, quote_id)
), candidates AS MATERIALIZED (
    SELECT asset_id, quote_id, source_id, source, priority, count(*) AS candles
    FROM daily
    GROUP BY asset_id, quote_id, source_id, source, priority
), chosen AS MATERIALIZED (
    SELECT DISTINCT ON (c.asset_id, c.quote_id) c.asset_id, c.quote_id, c.source_id, c.source,
           max(coalesce(t.sources, 0)) OVER (PARTITION BY c.asset_id, c.quote_id) AS sources,
           count(*) FILTER (WHERE t.agrees) OVER (PARTITION BY c.asset_id, c.quote_id) AS agreeing
    FROM candidates c
    LEFT JOIN today t USING (asset_id, quote_id, source_id)
    ORDER BY c.asset_id, c.quote_id, coalesce(t.agrees, false) DESC, c.candles DESC, c.priority, c.source_id
), steps AS MATERIALIZED (
    SELECT asset_id, quote_id, d.back, d.close, d.turnover,
           CASE WHEN lag(d.back) OVER up = d.back + 1
                THEN ln(nullif(round(d.close * 1.000000000000000000000000 / lag(d.close) OVER up, 24), 0)) END
               AS log_return
    FROM daily d
    JOIN chosen USING (asset_id, quote_id, source_id)
    WINDOW up AS (PARTITION BY asset_id, quote_id ORDER BY d.back DESC)
), windows AS MATERIALIZED (
    SELECT asset_id, quote_id, days, (2 * days + 2) / 3 AS needed, count(*) AS closes, count(log_return) AS returns,
           stddev_samp(log_return) AS deviation, max(100 * (peak - close) / peak) AS drawdown,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY turnover) AS median_turnover
    FROM (SELECT s.*, w.days,
                 max(close) OVER (PARTITION BY s.asset_id, s.quote_id, w.days ORDER BY s.back DESC) AS peak
          FROM (VALUES (7), (30), (90)) AS w (days)
          JOIN steps s ON s.back < w.days) AS peaks
    GROUP BY asset_id, quote_id, days
), ends AS MATERIALIZED (
    SELECT asset_id, quote_id, max(close) FILTER (WHERE back = 0) AS last,
           max(close) FILTER (WHERE back = 1) AS day_before,
           jsonb_object_agg(back, close) FILTER (WHERE back IN (7, 30, 90)) AS first
    FROM steps
    GROUP BY asset_id, quote_id
), risk AS MATERIALIZED (
    SELECT w.asset_id, w.quote_id,
           jsonb_object_agg(w.days || 'd', jsonb_build_object(
               'closes', w.closes, 'returns', w.returns, 'needed', w.needed,
               'return_percent', round(100 * (e.last - f.close) / f.close, 6),
               'volatility_percent', CASE WHEN w.returns >= w.needed THEN round(100 * w.deviation, 6) END,
               'volatility_annualized_percent',
               CASE WHEN w.returns >= w.needed
                    THEN round(100 * w.deviation * sqrt(365.000000000000000000000000), 6) END,
               'max_drawdown_percent', CASE WHEN w.closes >= w.needed THEN round(w.drawdown, 6) END,
               'median_turnover', w.median_turnover)) AS windows
    FROM windows w
    JOIN ends e USING (asset_id, quote_id)
    CROSS JOIN LATERAL (SELECT (e.first ->> w.days::text)::numeric AS close) AS f
    GROUP BY w.asset_id, w.quote_id
), by_source AS MATERIALIZED (
    SELECT asset_id, quote_id,
           jsonb_agg(jsonb_build_object(
               'source', source, 'close', close, 'agrees', agrees, 'volume', volume, 'quote_volume', quote_volume,
               'volume_24h', volume_24h, 'market_cap', market_cap, 'origin', origin, 'revision', revision,
               'run_id', run_id, 'payload_id', payload_id) ORDER BY priority, source_id) AS sources
    FROM today
    GROUP BY asset_id, quote_id
), caps AS MATERIALIZED (
    SELECT DISTINCT ON (asset_id, quote_id) asset_id, quote_id, t.market_cap, t.source
    FROM today t
    JOIN chosen c USING (asset_id, quote_id)
    WHERE t.market_cap > 0 AND t.agrees AND (c.sources = 1 OR c.agreeing >= 2)
    ORDER BY asset_id, quote_id, t.source_id = c.source_id DESC, t.priority, t.source_id
), turnovers AS MATERIALIZED (
    SELECT DISTINCT ON (asset_id, quote_id) asset_id, quote_id, turnover, source, turnover_is
    FROM today
    WHERE turnover IS NOT NULL AND agrees
    ORDER BY asset_id, quote_id, turnover DESC, priority, source_id
)
SELECT c.asset_id, c.quote_id, jsonb_build_object(
    'asset', a.slug, 'symbol', a.symbol, 'currency', q.code, 'source', c.source, 'interval', '1d',
    'close', e.last, 'close_day_before', e.day_before,
    'change_24h_percent', round(100 * (e.last - e.day_before) / e.day_before, 6),
    'sources_with_close', c.sources, 'sources_agreeing', c.agreeing,
    'disputed', c.sources >= 2 AND c.agreeing < 2,
    'market_cap', m.market_cap, 'market_cap_source', m.source,
    'turnover', t.turnover, 'turnover_source', t.source, 'turnover_is', t.turnover_is,
    'windows', r.windows, 'sources', coalesce(n.sources, '[]'))
FROM chosen c
JOIN ends e USING (asset_id, quote_id)
JOIN risk r USING (asset_id, quote_id)
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
LEFT JOIN by_source n USING (asset_id, quote_id)
LEFT JOIN caps m USING (asset_id, quote_id)
LEFT JOIN turnovers t USING (asset_id, quote_id)

-- name: report_market_publish
-- Makes the market report of the staged rows, if there is a close of the day and it says something else than the newest
-- revision. One row: revision (the newest now; NULL = there is no report), made, rows.
-- dominance_percent = 100 * market cap / sum of the market caps that are known, of one currency; the disputed have none.
-- Movers: the ten largest changes up and down among undisputed assets whose turnover is known and at least the floor, so
-- that dust does not lead: 50,000 US dollars; of dollar coins as many, of another currency what they are worth by the day's
-- closes of bitcoin (NULL, and no movers, where it has none).
-- $1 begin of the day, $2 now, $3 run_id, $4 candles read, $5 their fingerprint, $6 when the newest was known
WITH staged AS MATERIALIZED (
    SELECT s.asset_id, s.quote_id, s.body, s.body ->> 'currency' AS currency, s.body ->> 'asset' AS asset,
           (s.body ->> 'close')::numeric AS close, (s.body ->> 'market_cap')::numeric AS cap,
           (s.body ->> 'turnover')::numeric AS turnover, (s.body ->> 'change_24h_percent')::numeric AS change,
           (s.body ->> 'disputed')::boolean AS disputed
    FROM pg_temp.report_stage s
), bitcoin AS (
    SELECT q.quote_id, q.code, q.kind, CASE q.code WHEN 'btc' THEN 1 ELSE s.close END AS close
    FROM quotes q
    LEFT JOIN staged s ON s.quote_id = q.quote_id AND s.asset = 'bitcoin' AND NOT s.disputed
), floors AS (
    SELECT b.quote_id,
           CASE WHEN b.code = 'usd' OR b.kind = 'stable' THEN 50000
                ELSE round(50000 * b.close / (SELECT d.close
                                              FROM bitcoin d
                                              WHERE d.code IN ('usd', 'usdt') AND d.close IS NOT NULL
                                              ORDER BY d.code
                                              LIMIT 1), 6) END AS floor
    FROM bitcoin b
), placed AS MATERIALIZED (
    SELECT asset_id, quote_id, currency, asset, close, cap, turnover, change, disputed, floor,
           row_number() OVER (ORDER BY quote_id, cap DESC NULLS LAST, turnover DESC NULLS LAST, asset) AS place,
           row_number() OVER (PARTITION BY quote_id ORDER BY cap DESC NULLS LAST, asset) AS cap_place,
           round(100 * cap / sum(cap) OVER (PARTITION BY quote_id), 6) AS dominance,
           NOT disputed AND coalesce(turnover >= floor, false) AND change IS NOT NULL AS ranked,
           body || jsonb_build_object('dominance_percent',
                                      round(100 * cap / sum(cap) OVER (PARTITION BY quote_id), 6)) AS body
    FROM staged
    JOIN floors USING (quote_id)
), movers AS (
    SELECT quote_id, rising, rank AS place, jsonb_build_object(
               'asset', asset, 'change_24h_percent', change, 'close', body -> 'close',
               'close_day_before', body -> 'close_day_before', 'source', body -> 'source', 'interval', '1d',
               'turnover', body -> 'turnover', 'turnover_source', body -> 'turnover_source') AS mover
    FROM (SELECT *, change > 0 AS rising,
                 row_number() OVER (PARTITION BY quote_id, change > 0 ORDER BY abs(change) DESC, asset) AS rank
          FROM placed
          WHERE ranked AND change <> 0) AS changed
    WHERE rank <= 10
), volumes AS (
    SELECT quote_id, jsonb_agg(jsonb_build_object(
               'source', source, 'interval', '1d', 'assets', assets, 'assets_with_quote_volume', traded,
               'quote_volume', quote_volume, 'assets_with_volume_24h', rolling, 'volume_24h', volume_24h)
               ORDER BY source) AS sources
    FROM (SELECT p.quote_id, v.source, count(*) AS assets, count(v.quote_volume) AS traded,
                 sum(v.quote_volume) AS quote_volume, count(v.volume_24h) AS rolling, sum(v.volume_24h) AS volume_24h
          FROM placed p
          CROSS JOIN LATERAL jsonb_to_recordset(p.body -> 'sources')
              AS v (source text, quote_volume numeric, volume_24h numeric)
          GROUP BY p.quote_id, v.source) AS sums
    GROUP BY quote_id
), currencies AS (
    SELECT quote_id, currency, jsonb_build_object(
               'assets', count(*), 'assets_with_close', count(close),
               'without_close', jsonb_build_object(
                   'count', count(*) FILTER (WHERE close IS NULL),
                   'first', coalesce(jsonb_path_query_array(
                       jsonb_agg(asset ORDER BY place) FILTER (WHERE close IS NULL), '$[0 to 49]'), '[]')),
               'disputed', jsonb_build_object(
                   'count', count(*) FILTER (WHERE disputed),
                   'first', coalesce(jsonb_path_query_array(
                       jsonb_agg(asset ORDER BY place) FILTER (WHERE disputed), '$[0 to 49]'), '[]')),
               'market_cap_sum', sum(cap), 'market_cap_known', count(cap), 'market_cap_unknown', count(*) - count(cap),
               'dominance', coalesce(jsonb_agg(jsonb_build_object(
                   'asset', asset, 'dominance_percent', dominance, 'market_cap', cap,
                   'source', body -> 'market_cap_source', 'interval', '1d') ORDER BY place)
                   FILTER (WHERE cap IS NOT NULL AND cap_place <= 10), '[]'),
               'turnover_floor', max(floor),
               'not_ranked', jsonb_build_object(
                   'disputed', count(*) FILTER (WHERE disputed),
                   'no_change', count(*) FILTER (WHERE NOT disputed AND change IS NULL),
                   'turnover_unknown', count(*) FILTER (WHERE NOT disputed AND change IS NOT NULL AND turnover IS NULL),
                   'no_floor', count(*) FILTER (
                       WHERE NOT disputed AND change IS NOT NULL AND turnover IS NOT NULL AND floor IS NULL),
                   'below_floor', count(*) FILTER (WHERE NOT disputed AND change IS NOT NULL AND turnover < floor)),
               'too_few_points', jsonb_build_object(
                   '7d', count(*) FILTER (WHERE body #> '{windows,7d,volatility_percent}' = 'null'),
                   '30d', count(*) FILTER (WHERE body #> '{windows,30d,volatility_percent}' = 'null'),
                   '90d', count(*) FILTER (WHERE body #> '{windows,90d,volatility_percent}' = 'null'))) AS body
    FROM placed
    GROUP BY quote_id, currency
), summary AS (
    SELECT jsonb_build_object(
               'currencies', jsonb_object_agg(c.currency, c.body || jsonb_build_object(
                   'gainers', coalesce((SELECT jsonb_agg(m.mover ORDER BY m.place)
                                        FROM movers m WHERE m.quote_id = c.quote_id AND m.rising), '[]'),
                   'losers', coalesce((SELECT jsonb_agg(m.mover ORDER BY m.place)
                                       FROM movers m WHERE m.quote_id = c.quote_id AND NOT m.rising), '[]'),
                   'volumes', coalesce((SELECT v.sources FROM volumes v WHERE v.quote_id = c.quote_id), '[]'))),
               'method', jsonb_build_object(
                   'source', 'All numbers of a row are of the daily candles of its source: of those whose close is within 10 % of the median of all sources'' closes the one with most candles in 91 days, of equals the preferred. disputed: no two of its sources are that near to the median.',
                   'change_24h_percent', '100 * (close / close_day_before - 1), simple; 6 decimals',
                   'return_percent', '100 * (close / close so many days before - 1), simple; 6 decimals',
                   'volatility_percent', '100 * sample standard deviation (n - 1) of the daily log returns, of days that follow each other; not annualised; 6 decimals; null under two thirds of the window',
                   'volatility_annualized_percent', 'volatility_percent * sqrt(365); 6 decimals',
                   'max_drawdown_percent', '100 * max over the window of (highest close so far - close) / highest close so far; 6 decimals; null under two thirds of the window',
                   'dominance_percent', '100 * market_cap / market_cap_sum, of the assets whose market cap is known; 6 decimals',
                   'turnover', 'the largest of the sources that agree: quote_volume of the candle, else volume * close, else volume_24h, as turnover_is says',
                   'movers', 'the ten largest change_24h_percent up and down, of undisputed assets with a turnover of at least turnover_floor: 50,000 US dollars, in other currencies by the day''s closes of bitcoin'))
               AS body
    FROM currencies c
), said AS (
    SELECT s.body, sha256(convert_to(s.body::text || (SELECT string_agg(md5(body::text), '' ORDER BY place) FROM placed),
                                     'UTF8')) AS digest
    FROM summary s
), newest AS (
    SELECT revision, digest
    FROM reports
    WHERE kind = 'market' AND day = ($1::timestamptz AT TIME ZONE 'UTC')::date
    ORDER BY revision DESC
    LIMIT 1
), made AS (
    INSERT INTO reports (kind, day, revision, rows, made_at, run_id, digest, inputs, body)
    SELECT 'market', ($1::timestamptz AT TIME ZONE 'UTC')::date, coalesce((SELECT revision FROM newest) + 1, 0),
           (SELECT count(*) FROM placed), $2::timestamptz, $3::bigint, said.digest,
           jsonb_build_object('intervals', jsonb_build_array('1d'), 'days', 91, 'candles', $4::bigint,
                              'fingerprint', $5::bigint::text, 'newest_known_at', $6::timestamptz),
           said.body
    FROM said
    WHERE EXISTS (SELECT FROM placed WHERE close IS NOT NULL)
      AND said.digest IS DISTINCT FROM (SELECT digest FROM newest)
    RETURNING kind, day, revision
), filled AS (
    INSERT INTO report_rows (kind, day, revision, place, asset_id, quote_id, body)
    SELECT made.kind, made.day, made.revision, p.place, p.asset_id, p.quote_id, p.body
    FROM made
    CROSS JOIN placed p
)
SELECT coalesce((SELECT revision FROM made), (SELECT revision FROM newest)) AS revision,
       EXISTS (SELECT FROM made) AS made, (SELECT count(*) FROM placed) AS rows

-- name: report_market_table
-- What a person reads of a market report, in its order: place, asset, currency, source, close, change_24h_percent, turnover,
-- market_cap, dominance_percent, return, volatility and drawdown over 30 days, in percent, disputed.
-- $1 day, $2 revision, $3 only places after this one, $4 how many at most, $5 slug of an asset or NULL, $6 currency or NULL
SELECT r.place, r.body ->> 'asset', r.body ->> 'currency', r.body ->> 'source', r.body ->> 'close',
       r.body ->> 'change_24h_percent', r.body ->> 'turnover', r.body ->> 'market_cap', r.body ->> 'dominance_percent',
       r.body #>> '{windows,30d,return_percent}', r.body #>> '{windows,30d,volatility_percent}',
       r.body #>> '{windows,30d,max_drawdown_percent}', (r.body ->> 'disputed')::boolean
FROM report_rows r
WHERE r.kind = 'market' AND r.day = $1::date AND r.revision = $2::integer AND r.place > $3::integer
  AND ($5::text IS NULL OR r.asset_id = (SELECT asset_id FROM assets WHERE slug = $5))
  AND ($6::text IS NULL OR r.quote_id = (SELECT quote_id FROM quotes WHERE code = $6))
ORDER BY r.place
LIMIT $4::bigint
