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

-- name: report_reconciliation_table
-- What a person reads of a reconciliation report, in its order: place, asset, currency, first, second, interval, matched,
-- bias_percent, spread (90th percentile, and the largest) in percent, lag_s, one_sided_percent, time of the worst difference.
-- $1 day, $2 revision, $3 only places after this one, $4 how many at most, $5 slug of an asset or NULL, $6 currency or NULL
SELECT r.place, r.body ->> 'asset', r.body ->> 'currency', r.body ->> 'first', r.body ->> 'second', r.body ->> 'interval',
       r.body ->> 'matched', r.body ->> 'bias_percent', r.body #>> '{spread_percent,p90}', r.body #>> '{spread_percent,max}',
       r.body ->> 'lag_s', r.body ->> 'one_sided_percent', r.body #>> '{worst,open_time}'
FROM report_rows r
WHERE r.kind = 'reconciliation' AND r.day = $1::date AND r.revision = $2::integer AND r.place > $3::integer
  AND ($5::text IS NULL OR r.asset_id = (SELECT asset_id FROM assets WHERE slug = $5))
  AND ($6::text IS NULL OR r.quote_id = (SELECT quote_id FROM quotes WHERE code = $6))
ORDER BY r.place
LIMIT $4::bigint
