-- name: reports_list
-- The reports there are, newest day first, each with its newest revision: version, kind, day, revision, rows, made_at_ms.
-- Always at least one row, which carries version; its kind is NULL if there is no report.
-- $1 kind or NULL, $2 only days before this one, or NULL, $3 how many at most
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, r.kind, r.day::text, r.revision, r.rows,
       (date_part('epoch', r.made_at) * 1000)::bigint AS made_at_ms
FROM (SELECT) AS always
LEFT JOIN (
    SELECT DISTINCT ON (r.day, r.kind) r.*
    FROM reports r
    WHERE r.kind = ANY (CASE WHEN $1::text IS NULL THEN ARRAY['market', 'reconciliation'] ELSE ARRAY[$1] END)
      AND ($2::date IS NULL OR r.day < $2)
    ORDER BY r.day DESC, r.kind, r.revision DESC
    LIMIT $3::bigint
) AS r ON true
ORDER BY r.day DESC, r.kind

-- name: report_show
-- One report: version, newest_day (of the kind; NULL = there is none at all), newest_revision (of the day), day (NULL = there
-- is no such report), revision, rows, made_at_ms, run_id, inputs, body. Always one row.
-- $1 kind, $2 day or NULL for the newest, $3 revision or NULL for the newest
WITH wanted AS (
    SELECT max(day) AS newest_day, coalesce($2::date, max(day)) AS day
    FROM reports
    WHERE kind = $1::text
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS version, w.newest_day::text, n.revision AS newest_revision,
       r.day::text, r.revision, r.rows, (date_part('epoch', r.made_at) * 1000)::bigint AS made_at_ms, r.run_id,
       r.inputs::text, r.body::text
FROM wanted w
LEFT JOIN LATERAL (
    SELECT max(revision) AS revision FROM reports WHERE kind = $1 AND day = w.day
) AS n ON true
LEFT JOIN reports r ON r.kind = $1 AND r.day = w.day AND r.revision = coalesce($3::integer, n.revision)

-- name: report_page
-- Rows of one report in its order: place, body. $1 kind, $2 day, $3 revision, $4 only places after this one, $5 how many at
-- most, $6 slug of an asset or NULL, $7 code of a currency or NULL
SELECT place, body::text
FROM report_rows
WHERE kind = $1::text AND day = $2::date AND revision = $3::integer AND place > $4::integer
  AND ($6::text IS NULL OR asset_id = (SELECT asset_id FROM assets WHERE slug = $6))
  AND ($7::text IS NULL OR quote_id = (SELECT quote_id FROM quotes WHERE code = $7))
ORDER BY place
LIMIT $5::bigint

-- name: report_stage_create
-- Where the rows of a report wait until all of them are known; once a connection, before the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS report_stage (
    asset_id integer, quote_id smallint, body jsonb
) ON COMMIT DELETE ROWS

-- name: report_lock
-- One transaction at a time makes reports of a kind. Its queries are planned for what they are asked, each time anew: a
-- plan for any assets and any day takes minutes where these take a second. $1 kind
SELECT pg_advisory_xact_lock(hashtext('tidemark.report'), hashtext($1::text)),
       set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)

-- name: report_day_due
-- The next day to look at, or no row: day_ms, fingerprint (NULL = never looked at), revision (NULL = no report yet).
-- Days that are over for an hour, newest first: those without a report among the last 31, and yesterday, at every
-- run; older reports once in 20 hours, for 100 days, because a day is an input of the 90 days after it.
-- $1 kind, $2 now, $3 since when this run has been at it: what was looked at since is done
SELECT (date_part('epoch', d.day) * 1000)::bigint AS day_ms, seen.fingerprint, seen.revision
FROM generate_series(0, 99) AS ago
CROSS JOIN LATERAL (
    SELECT (($2::timestamptz - interval '25 hours') AT TIME ZONE 'UTC')::date - ago AS day
) AS d
LEFT JOIN report_days seen ON seen.kind = $1::text AND seen.day = d.day
WHERE seen.checked_at IS NULL AND ago < 31
   OR seen.checked_at < $3::timestamptz
      AND (ago = 0 OR ago < 31 AND seen.revision IS NULL
           OR seen.revision IS NOT NULL AND seen.checked_at < $2 - interval '20 hours')
ORDER BY d.day DESC
LIMIT 1

-- name: report_day_checked
-- A day was looked at. $1 kind, $2 begin of the day, $3 now, $4 fingerprint, $5 its newest revision or NULL
INSERT INTO report_days AS d (kind, day, checked_at, fingerprint, revision)
VALUES ($1::text, ($2::timestamptz AT TIME ZONE 'UTC')::date, $3::timestamptz, $4::bigint, $5::integer)
ON CONFLICT (kind, day)
DO UPDATE SET checked_at = excluded.checked_at, fingerprint = excluded.fingerprint,
              revision = coalesce(excluded.revision, d.revision)

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

-- name: report_reconciliation_inputs
-- What the next assets bring into the reconciliation report of a day: last_asset_id (NULL = there are no more), candles,
-- fingerprint, known_at_ms (of the newest), pairs (of sources, by asset and currency, with five-minute candles of the day).
-- $1 begin of the day, $2 only assets above this id, $3 how many assets
WITH next_assets AS MATERIALIZED (
    SELECT DISTINCT asset_id
    FROM series
    WHERE asset_id > $2::integer AND interval_s IN (300, 3600)
      AND first_open_time < $1::timestamptz + interval '1 day' AND last_open_time >= $1::timestamptz
    ORDER BY asset_id
    LIMIT $3::integer
), markets AS MATERIALIZED (
    SELECT DISTINCT source_id, asset_id, quote_id, interval_s
    FROM next_assets
    JOIN series USING (asset_id)
    WHERE interval_s IN (300, 3600)
      AND first_open_time < $1::timestamptz + interval '1 day' AND last_open_time >= $1::timestamptz
), read AS MATERIALIZED (
    SELECT s.asset_id, s.quote_id, s.interval_s, s.source_id, count(*) AS candles, max(c.known_at) AS known_at,
           bit_xor(hash_record_extended(
               ROW(c.source_id, c.asset_id, c.quote_id, c.interval_s, c.open_time, c.close, c.revision, c.payload_id), 0))
               AS fingerprint
    FROM markets s
    JOIN LATERAL (
        SELECT *
        FROM candles c
        WHERE c.source_id = s.source_id AND c.asset_id = s.asset_id AND c.quote_id = s.quote_id
          AND c.interval_s = s.interval_s AND c.final
          AND c.open_time >= $1::timestamptz AND c.open_time < $1::timestamptz + interval '1 day'
        LIMIT 288 -- all there can be: it keeps the planner from reading whole partitions instead
    ) AS c ON true
    GROUP BY s.asset_id, s.quote_id, s.interval_s, s.source_id
)
SELECT (SELECT max(asset_id) FROM next_assets) AS last_asset_id, coalesce(sum(candles), 0)::bigint AS candles,
       coalesce(bit_xor(fingerprint), 0) AS fingerprint,
       (date_part('epoch', max(known_at)) * 1000)::bigint AS known_at_ms,
       (SELECT count(*)
        FROM read a
        JOIN read b USING (asset_id, quote_id, interval_s)
        WHERE a.source_id < b.source_id AND interval_s = 300) AS pairs
FROM read

-- name: report_reconciliation_stage
-- Puts the rows of the next assets of a day's reconciliation report into the stage: one for each asset, currency and pair
-- of sources that have final candles of the day, and one without a second source where only one has. Compared are closes of
-- candles of the same interval and open time: of five minutes if at least 24 of them match, else of an hour if any match,
-- else of five minutes. `first` is the source that is preferred. Prices in different currencies are never compared.
--   difference        = 100 * (second - first) / first, percent
--   bias_percent      = median of the differences
--   spread_percent    = percentiles of their absolute values
--   lag_s             = the shift in whole intervals, at most 6 of five minutes or 3 of an hour either way, for which the
--                       differences of the second's close so much later have the smallest sample standard deviation, so
--                       that a constant bias has no part in it; at least 12 must match; of equals the smallest shift, then
--                       the positive one. Positive: the second follows the first.
--   lag_gain_percent  = by how much that deviation is smaller than without a shift
--   one_sided_percent = 100 * open times that one of the two has alone / open times that any of them has
-- Percentiles, the median among them, are by nearest rank: values that occurred. Rounded to 6 decimals, half away from zero.
-- $1 begin of the day, $2 only assets above this id, $3 up to and with this one, $4 smallest interval in seconds
INSERT INTO pg_temp.report_stage (asset_id, quote_id, body)
WITH markets AS MATERIALIZED (
    SELECT DISTINCT source_id, asset_id, quote_id, interval_s
    FROM series
    WHERE asset_id > $2::integer AND asset_id <= $3::integer AND interval_s IN (300, 3600) AND interval_s >= $4::integer
      AND first_open_time < $1::timestamptz + interval '1 day' AND last_open_time >= $1::timestamptz
), days AS MATERIALIZED ( -- the day of a market as arrays with a place for each open time, so that two of them can be shifted
    SELECT m.asset_id, m.quote_id, m.interval_s, m.source_id, s.name AS source,
           s.priority * 100000 + s.source_id AS preference, d.points, d.closes, d.runs, d.payloads
    FROM markets m
    JOIN sources s USING (source_id)
    CROSS JOIN LATERAL (
        SELECT count(close) AS points, array_agg(close ORDER BY slot) AS closes, array_agg(run_id ORDER BY slot) AS runs,
               array_agg(payload_id ORDER BY slot) AS payloads
        FROM (SELECT slot, max(close) AS close, max(run_id) AS run_id, max(payload_id) AS payload_id
              FROM ((SELECT (date_part('epoch', c.open_time - $1::timestamptz) / m.interval_s)::integer AS slot,
                            c.close, c.run_id, c.payload_id
                     FROM candles c
                     WHERE c.source_id = m.source_id AND c.asset_id = m.asset_id AND c.quote_id = m.quote_id
                       AND c.interval_s = m.interval_s AND c.open_time >= $1::timestamptz
                       AND c.open_time < $1::timestamptz + interval '1 day' AND c.final AND c.close > 0
                     LIMIT 288)
                    UNION ALL
                    SELECT slot, NULL, NULL, NULL FROM generate_series(0, 86400 / m.interval_s - 1) AS slot) AS found
              GROUP BY slot) AS all_slots
    ) AS d
    WHERE d.points > 0
), present AS MATERIALIZED (
    SELECT asset_id, quote_id, source_id, source, preference,
           count(*) OVER (PARTITION BY asset_id, quote_id) AS sources
    FROM (SELECT DISTINCT asset_id, quote_id, source_id, source, preference FROM days) AS each
), compared AS MATERIALIZED (
    SELECT DISTINCT ON (a.asset_id, a.quote_id, a.source_id, b.source_id)
           a.asset_id, a.quote_id, a.source_id AS first_id, b.source_id AS second_id, interval_s,
           a.points AS first_points, b.points AS second_points, t.matched, a.closes AS first, b.closes AS second,
           a.runs AS first_runs, b.runs AS second_runs, a.payloads AS first_payloads, b.payloads AS second_payloads,
           86400 / interval_s AS slots
    FROM days a
    JOIN days b USING (asset_id, quote_id, interval_s)
    CROSS JOIN LATERAL (
        SELECT count(*) AS matched
        FROM unnest(a.closes, b.closes) AS both_closes (x, y)
        WHERE x IS NOT NULL AND y IS NOT NULL
    ) AS t
    WHERE a.preference < b.preference
    ORDER BY a.asset_id, a.quote_id, a.source_id, b.source_id, interval_s = 300 AND t.matched >= 24 DESC,
             interval_s = 3600 AND t.matched > 0 DESC, interval_s
), measured AS MATERIALIZED (
    SELECT c.*, d.*, w.*, l.*
    FROM compared c
    CROSS JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY 100 * (y - x) / x) AS bias,
               percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY abs(100 * (y - x) / x)) AS spread
        FROM unnest(c.first, c.second) AS both_closes (x, y)
        WHERE x IS NOT NULL AND y IS NOT NULL
    ) AS d
    LEFT JOIN LATERAL (
        SELECT 100 * (y - x) / x AS difference, x AS worst_first, y AS worst_second, place::integer AS place
        FROM unnest(c.first, c.second) WITH ORDINALITY AS both_closes (x, y, place)
        WHERE x IS NOT NULL AND y IS NOT NULL
        ORDER BY abs(100 * (y - x) / x) DESC, place
        LIMIT 1
    ) AS w ON true
    LEFT JOIN LATERAL (
        SELECT shift, lag_matched, deviation, max(deviation) FILTER (WHERE shift = 0) OVER () AS unshifted
        FROM generate_series(CASE c.interval_s WHEN 300 THEN -6 ELSE -3 END,
                             CASE c.interval_s WHEN 300 THEN 6 ELSE 3 END) AS shift
        CROSS JOIN LATERAL (
            SELECT count(*) AS lag_matched, round(stddev_samp(100 * (y - x) / x), 12) AS deviation
            FROM unnest(c.first[1 + GREATEST(-shift, 0) : c.slots - GREATEST(shift, 0)],
                        c.second[1 + GREATEST(shift, 0) : c.slots - GREATEST(-shift, 0)]) AS both_closes (x, y)
            WHERE x IS NOT NULL AND y IS NOT NULL
        ) AS shifted
        WHERE lag_matched >= 12
        ORDER BY deviation, abs(shift), shift DESC
        LIMIT 1
    ) AS l ON true
), pairs AS MATERIALIZED (
    SELECT a.asset_id, a.quote_id, a.source_id AS first_id, a.source AS first_name, b.source_id AS second_id,
           b.source AS second_name
    FROM present a
    JOIN present b USING (asset_id, quote_id)
    WHERE a.preference < b.preference
    UNION ALL
    SELECT asset_id, quote_id, source_id, source, NULL, NULL FROM present WHERE sources = 1
)
SELECT p.asset_id, p.quote_id, jsonb_build_object(
    'asset', a.slug, 'symbol', a.symbol, 'currency', q.code, 'first', p.first_name, 'second', p.second_name,
    'interval', CASE m.interval_s WHEN 300 THEN '5m' WHEN 3600 THEN '1h' END,
    'first_points', m.first_points, 'second_points', m.second_points, 'matched', coalesce(m.matched, 0),
    'one_sided_percent', round(100 * (m.first_points + m.second_points - 2 * m.matched)::numeric
                               / (m.first_points + m.second_points - m.matched), 6),
    'bias_percent', round(m.bias, 6),
    'spread_percent', CASE WHEN m.matched > 0 THEN jsonb_build_object(
        'p50', round(m.spread[1], 6), 'p90', round(m.spread[2], 6), 'p99', round(m.spread[3], 6),
        'max', round(abs(m.difference), 6)) END,
    'lag_s', m.shift * m.interval_s, 'lag_matched', m.lag_matched,
    'lag_gain_percent', round(100 * (m.unshifted - m.deviation) / nullif(m.unshifted, 0), 6),
    'worst', CASE WHEN m.matched > 0 THEN jsonb_build_object(
        'open_time', to_char(($1::timestamptz AT TIME ZONE 'UTC') + (m.place - 1) * m.interval_s * interval '1 second',
                             'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'difference_percent', round(m.difference, 6),
        'first', jsonb_build_object('close', m.worst_first, 'run_id', m.first_runs[m.place],
                                    'payload_id', m.first_payloads[m.place]),
        'second', jsonb_build_object('close', m.worst_second, 'run_id', m.second_runs[m.place],
                                     'payload_id', m.second_payloads[m.place])) END)
FROM pairs p
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
LEFT JOIN measured m ON m.asset_id = p.asset_id AND m.quote_id = p.quote_id AND m.first_id = p.first_id
                    AND m.second_id = p.second_id

-- name: report_reconciliation_publish
-- Makes the reconciliation report of the staged rows, if there are any and they say something else than the newest
-- revision. One row: revision (the newest now; NULL = there is no report), made, rows. Rows with the widest spread come first.
-- The summary of a pair of sources and a currency: how many assets, median_bias_percent = the median (nearest rank) of
-- their biases, widest_p90_percent = the largest of their 90th percentiles, lagging = how many have a lag that is not 0.
-- $1 begin of the day, $2 now, $3 run_id, $4 candles read, $5 their fingerprint, $6 when the newest was known, $7 smallest
-- interval in seconds
WITH staged AS MATERIALIZED (
    SELECT s.asset_id, s.quote_id, s.body, s.body ->> 'asset' AS asset, s.body ->> 'currency' AS currency,
           s.body ->> 'first' AS first, s.body ->> 'second' AS second, (s.body ->> 'matched')::bigint AS matched,
           (s.body ->> 'bias_percent')::numeric AS bias, (s.body #>> '{spread_percent,p90}')::numeric AS p90,
           (s.body ->> 'lag_s')::integer AS lag_s
    FROM pg_temp.report_stage s
), placed AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY p90 DESC NULLS LAST, asset, currency, first, second) AS place
    FROM staged
), pairs AS (
    SELECT currency, first, second, jsonb_build_object(
               'first', first, 'second', second, 'currency', currency, 'assets', count(*),
               'assets_matched', count(*) FILTER (WHERE matched > 0), 'matched', sum(matched),
               'median_bias_percent', percentile_disc(0.5) WITHIN GROUP (ORDER BY bias),
               'widest_p90_percent', max(p90), 'lagging', count(*) FILTER (WHERE lag_s <> 0),
               'worst', (SELECT jsonb_build_object('asset', w.asset) || (w.body -> 'worst')
                         FROM placed w
                         WHERE w.currency = p.currency AND w.first = p.first AND w.second = p.second
                           AND w.body -> 'worst' <> 'null'
                         ORDER BY (w.body #>> '{spread_percent,max}')::numeric DESC, w.place
                         LIMIT 1)) AS body
    FROM placed p
    WHERE second IS NOT NULL
    GROUP BY currency, first, second
), summary AS (
    SELECT jsonb_build_object(
               'pairs', coalesce((SELECT jsonb_agg(body ORDER BY currency, first, second) FROM pairs), '[]'),
               'single_source', jsonb_build_object(
                   'count', (SELECT count(*) FROM placed WHERE second IS NULL),
                   'first', coalesce((SELECT jsonb_agg(jsonb_build_object('asset', asset, 'currency', currency,
                                                                          'source', first) ORDER BY place)
                                      FROM (SELECT * FROM placed WHERE second IS NULL ORDER BY place LIMIT 50) AS few),
                                     '[]')),
               'method', jsonb_build_object(
                   'compared', 'closes of candles of the same interval and open time: of five minutes if at least 24 of the day match, else of an hour; only prices in the same currency',
                   'smallest_interval_s', $7::integer,
                   'difference', '100 * (second - first) / first; first is the preferred source; 6 decimals',
                   'bias_percent', 'median of the differences; percentiles are by nearest rank',
                   'spread_percent', 'percentiles of the absolute differences',
                   'lag_s', 'shift of the second in whole intervals (at most 6 of five minutes or 3 of an hour either way) with the smallest sample standard deviation of the differences; positive: the second follows the first; null: fewer than 12 match',
                   'lag_gain_percent', 'by how much that deviation is smaller than without a shift',
                   'one_sided_percent', '100 * open times that one of the two has alone / open times that any of them has'))
               AS body
), said AS (
    SELECT s.body, sha256(convert_to(s.body::text || (SELECT string_agg(md5(body::text), '' ORDER BY place) FROM placed),
                                     'UTF8')) AS digest
    FROM summary s
), newest AS (
    SELECT revision, digest
    FROM reports
    WHERE kind = 'reconciliation' AND day = ($1::timestamptz AT TIME ZONE 'UTC')::date
    ORDER BY revision DESC
    LIMIT 1
), made AS (
    INSERT INTO reports (kind, day, revision, rows, made_at, run_id, digest, inputs, body)
    SELECT 'reconciliation', ($1::timestamptz AT TIME ZONE 'UTC')::date, coalesce((SELECT revision FROM newest) + 1, 0),
           (SELECT count(*) FROM placed), $2::timestamptz, $3::bigint, said.digest,
           jsonb_build_object('intervals', jsonb_build_array('5m', '1h'), 'days', 1, 'candles', $4::bigint,
                              'fingerprint', $5::bigint::text, 'newest_known_at', $6::timestamptz),
           said.body
    FROM said
    WHERE EXISTS (SELECT FROM placed)
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
