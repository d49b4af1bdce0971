-- name: rollup_marks_add
-- Candles of one series that are to be rolled, because what they are made of is new.
-- $1 source_id, $2 asset_id, $3 quote_id, $4 interval_s of the candles to roll, $5 their open times
INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
VALUES (now(), $4::integer, $1::smallint, array_fill($2::integer, ARRAY[cardinality($5::timestamptz[])]),
        array_fill($3::smallint, ARRAY[cardinality($5)]), $5)

-- name: rollup_stage_create
-- Where a piece of the rollup keeps the buckets that it works on; once a connection, before the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_stage (
    source_id smallint, asset_id integer, quote_id smallint, interval_s integer, open_time timestamptz
) ON COMMIT DELETE ROWS

-- name: rollup_rolled_create
-- And what came out of them. inputs = 0: there is nothing to make this candle of.
CREATE TEMPORARY TABLE IF NOT EXISTS rollup_rolled (
    source_id smallint, asset_id integer, quote_id smallint, interval_s integer, open_time timestamptz, origin smallint,
    run_id bigint, payload_id bigint, known_at timestamptz, open numeric, high numeric, low numeric, close numeric,
    volume numeric, quote_volume numeric, volume_24h numeric, market_cap numeric, trades bigint, inputs integer
) ON COMMIT DELETE ROWS

-- name: rollup_take
-- Takes the oldest marks that are due and that no other worker has, of about $1 buckets, into the stage: how many buckets.
-- Left out is what cannot be rolled any more, because the ticks or the candles of that time were archived and dropped.
-- $1 buckets
WITH due AS (
    SELECT mark_id, due_at, cardinality(open_times) AS buckets
    FROM rollup_marks
    WHERE due_at <= now()
    ORDER BY due_at, mark_id
    LIMIT 200
    FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM rollup_marks
    WHERE mark_id = ANY (ARRAY(
        SELECT mark_id
        FROM (SELECT mark_id, sum(buckets) OVER (ORDER BY due_at, mark_id) - buckets AS before FROM due) AS counted
        WHERE before < $1::bigint))
    RETURNING source_id, interval_s, asset_ids, quote_ids, open_times
), staged AS (
    INSERT INTO pg_temp.rollup_stage (source_id, asset_id, quote_id, interval_s, open_time)
    SELECT DISTINCT t.source_id, n.asset_id, n.quote_id, t.interval_s, n.open_time
    FROM taken t, unnest(t.asset_ids, t.quote_ids, t.open_times) AS n (asset_id, quote_id, open_time)
    WHERE n.open_time >= (SELECT coalesce(max(range_to), '-infinity') FROM archives WHERE dropped_at IS NOT NULL)
       OR NOT EXISTS (SELECT FROM archives a
                      WHERE a.dropped_at IS NOT NULL AND n.open_time >= a.range_from AND n.open_time < a.range_to
                        AND (a.parent IN ('candles', 'candle_revisions') OR a.parent = 'ticks' AND t.interval_s = 300))
    RETURNING 1
)
SELECT count(*) FROM staged

-- name: rollup_turn
-- Waits until nobody else writes candles of the staged series, and keeps them to this transaction: the turn of
-- raw_payload_turn. What is read after it is all that there is. All who take several take them in this order.
SELECT count(pg_advisory_xact_lock(key))
FROM (SELECT DISTINCT hashtextextended(format('tidemark.rows/%s/%s/%s', source_id, asset_id, quote_id), 0) AS key
      FROM pg_temp.rollup_stage ORDER BY key OFFSET 0) AS keys

-- name: rollup_ticks
-- Rolls the staged five minutes from ticks that nothing speaks against. The volume that a tick has is of 24 hours, so what was
-- traded in five minutes is unknown.
INSERT INTO pg_temp.rollup_rolled
       (source_id, asset_id, quote_id, interval_s, open_time, origin, run_id, payload_id, known_at, open, high, low,
        close, volume_24h, market_cap, inputs)
SELECT b.source_id, b.asset_id, b.quote_id, 300, b.open_time, 2, last.run_id, last.payload_id, whole.known_at, first.price,
       whole.high, whole.low, last.price, last.volume_24h, last.market_cap, whole.inputs
FROM (SELECT * FROM pg_temp.rollup_stage WHERE interval_s = 300) AS b
CROSS JOIN LATERAL (
    SELECT count(*) AS inputs, max(price) AS high, min(price) AS low, max(known_at) AS known_at
    FROM ticks t
    WHERE t.source_id = b.source_id AND t.asset_id = b.asset_id AND t.quote_id = b.quote_id
      AND t.observed_at >= b.open_time AND t.observed_at < b.open_time + interval '5 minutes' AND t.doubt = 0
) AS whole
LEFT JOIN LATERAL (
    SELECT price
    FROM ticks t
    WHERE t.source_id = b.source_id AND t.asset_id = b.asset_id AND t.quote_id = b.quote_id
      AND t.observed_at >= b.open_time AND t.observed_at < b.open_time + interval '5 minutes' AND t.doubt = 0
    ORDER BY observed_at
    LIMIT 1
) AS first ON true
LEFT JOIN LATERAL (
    SELECT price, volume_24h, market_cap, run_id, payload_id
    FROM ticks t
    WHERE t.source_id = b.source_id AND t.asset_id = b.asset_id AND t.quote_id = b.quote_id
      AND t.observed_at >= b.open_time AND t.observed_at < b.open_time + interval '5 minutes' AND t.doubt = 0
    ORDER BY observed_at DESC
    LIMIT 1
) AS last ON true

-- name: rollup_candles
-- Rolls the staged candles of an interval from final shorter ones, whoever made those. A sum with an unknown in it is unknown.
-- $1 interval_s of the shorter ones, $2 interval_s
INSERT INTO pg_temp.rollup_rolled
       (source_id, asset_id, quote_id, interval_s, open_time, origin, run_id, payload_id, known_at, open, high, low,
        close, volume, quote_volume, volume_24h, market_cap, trades, inputs)
SELECT b.source_id, b.asset_id, b.quote_id, $2::integer, b.open_time, 3, last.run_id, last.payload_id, whole.known_at,
       first.open, whole.high, whole.low, last.close, whole.volume, whole.quote_volume, last.volume_24h, last.market_cap,
       whole.trades, whole.inputs
FROM (SELECT DISTINCT * FROM pg_temp.rollup_stage WHERE interval_s = $2) AS b
CROSS JOIN LATERAL (
    SELECT count(*) AS inputs, max(high) AS high, min(low) AS low, max(known_at) AS known_at,
           CASE WHEN count(volume) = count(*) THEN sum(volume) END AS volume,
           CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
           CASE WHEN count(trades) = count(*) THEN sum(trades) END AS trades
    FROM candles c
    WHERE c.source_id = b.source_id AND c.asset_id = b.asset_id AND c.quote_id = b.quote_id AND c.interval_s = $1::integer
      AND c.open_time >= b.open_time AND c.open_time < b.open_time + make_interval(secs => $2) AND c.final
) AS whole
LEFT JOIN LATERAL (
    SELECT open
    FROM candles c
    WHERE c.source_id = b.source_id AND c.asset_id = b.asset_id AND c.quote_id = b.quote_id AND c.interval_s = $1
      AND c.open_time >= b.open_time AND c.open_time < b.open_time + make_interval(secs => $2) AND c.final
    ORDER BY open_time
    LIMIT 1
) AS first ON true
LEFT JOIN LATERAL (
    SELECT close, volume_24h, market_cap, run_id, payload_id
    FROM candles c
    WHERE c.source_id = b.source_id AND c.asset_id = b.asset_id AND c.quote_id = b.quote_id AND c.interval_s = $1
      AND c.open_time >= b.open_time AND c.open_time < b.open_time + make_interval(secs => $2) AND c.final
    ORDER BY open_time DESC
    LIMIT 1
) AS last ON true

-- name: rollup_store
-- Makes candles of what was rolled for an interval, where that says something else than what stands there: of each market
-- whose final candles changed, slug, code, how many, how many of them were final before. A source's own candle stays.
-- Final values that are replaced, or that nothing speaks for any more, go to candle_revisions. Longer candles that
-- are made of these are staged for the same transaction. A candle that is not final yet is marked for when it will be.
-- $1 interval_s, $2 interval_s of the candles that are made of these, NULL = none
WITH changed AS MATERIALIZED (
    SELECT n.*, rollup_due(n.open_time, $1::integer) <= now() OR coalesce(known.final, false) AS final,
           known.open_time IS NULL AS new, n.inputs = 0 AS gone,
           coalesce(known.final, false)
           AND (known.open, known.high, known.low, known.close, known.volume, known.quote_volume, known.volume_24h,
               known.market_cap, known.trades)
               IS DISTINCT FROM
               (n.open, n.high, n.low, n.close, n.volume, n.quote_volume, n.volume_24h, n.market_cap, n.trades)
           AS revises
    FROM pg_temp.rollup_rolled n
    LEFT JOIN LATERAL ( -- one look into the index a bucket, whatever the planner believes of a table that it knows nothing of
        SELECT *
        FROM candles c
        WHERE c.source_id = n.source_id AND c.asset_id = n.asset_id AND c.quote_id = n.quote_id AND c.interval_s = $1
          AND c.open_time = n.open_time
        OFFSET 0
    ) AS known ON true
    WHERE n.interval_s = $1
      AND CASE WHEN known.open_time IS NULL THEN n.inputs > 0
               ELSE known.origin > 1
                    AND (known.open, known.high, known.low, known.close, known.volume, known.quote_volume,
                        known.volume_24h, known.market_cap, known.trades, known.inputs, known.run_id, known.payload_id,
                        known.final)
                        IS DISTINCT FROM
                        (n.open, n.high, n.low, n.close, n.volume, n.quote_volume, n.volume_24h, n.market_cap, n.trades,
                        n.inputs, n.run_id, n.payload_id, known.final OR rollup_due(n.open_time, $1) <= now())
               END
), revised AS (
    INSERT INTO candle_revisions
           (source_id, asset_id, quote_id, interval_s, open_time, revision, known_at, known_until, origin, run_id,
            payload_id, open, high, low, close, volume, quote_volume, volume_24h, market_cap, trades, inputs)
    SELECT c.source_id, c.asset_id, c.quote_id, c.interval_s, c.open_time, c.revision, c.known_at,
           coalesce(n.known_at, now()), c.origin, c.run_id, c.payload_id, c.open, c.high, c.low, c.close, c.volume,
           c.quote_volume, c.volume_24h, c.market_cap, c.trades, c.inputs
    FROM changed n
    JOIN candles c ON c.source_id = n.source_id AND c.asset_id = n.asset_id AND c.quote_id = n.quote_id
                  AND c.interval_s = $1 AND c.open_time = n.open_time
    WHERE n.revises
), deleted AS (
    DELETE FROM candles c
    USING changed n
    WHERE n.gone AND c.source_id = n.source_id AND c.asset_id = n.asset_id AND c.quote_id = n.quote_id
      AND c.interval_s = $1 AND c.open_time = n.open_time
    RETURNING c.source_id, c.asset_id, c.quote_id, c.open_time, c.final
), written AS (
    INSERT INTO candles AS c
           (source_id, asset_id, quote_id, interval_s, open_time, origin, run_id, payload_id, known_at, open, high, low,
            close, volume, quote_volume, volume_24h, market_cap, trades, inputs, final, revision)
    SELECT source_id, asset_id, quote_id, interval_s, open_time, origin, run_id, payload_id, known_at, open, high, low,
           close, volume, quote_volume, volume_24h, market_cap, trades, inputs, final,
           -- It may have been there and have gone.
           CASE WHEN new THEN (SELECT coalesce(max(r.revision) + 1, 0)
                               FROM candle_revisions r
                               WHERE r.source_id = n.source_id AND r.asset_id = n.asset_id AND r.quote_id = n.quote_id
                                 AND r.interval_s = $1 AND r.open_time = n.open_time)
           ELSE revises::integer END -- added to what stands there
    FROM changed n
    WHERE NOT gone
    ON CONFLICT (source_id, asset_id, quote_id, interval_s, open_time)
    DO UPDATE SET origin = excluded.origin, run_id = excluded.run_id, payload_id = excluded.payload_id,
                  -- The same values were known before.
                  known_at = CASE WHEN (c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.volume_24h, c.market_cap, c.trades)
                                       IS DISTINCT FROM
                                       (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
                       excluded.quote_volume, excluded.volume_24h, excluded.market_cap, excluded.trades)
                                  THEN excluded.known_at ELSE c.known_at END,
                  open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
                  volume = excluded.volume, quote_volume = excluded.quote_volume, volume_24h = excluded.volume_24h,
                  market_cap = excluded.market_cap, trades = excluded.trades, inputs = excluded.inputs,
                  final = excluded.final, revision = c.revision + excluded.revision
    RETURNING source_id, asset_id, quote_id, open_time, final
), extended AS (
    INSERT INTO series AS s (source_id, asset_id, quote_id, interval_s, rolled, first_open_time, last_open_time)
    SELECT source_id, asset_id, quote_id, $1, true, min(open_time), max(open_time)
    FROM written w
    GROUP BY source_id, asset_id, quote_id
    HAVING NOT EXISTS ( -- a conflict would lock the row, also one that stays as it is
        SELECT FROM series known
        WHERE known.asset_id = w.asset_id AND known.quote_id = w.quote_id AND known.interval_s = $1
          AND known.source_id = w.source_id AND known.rolled
          AND known.first_open_time <= min(w.open_time) AND known.last_open_time >= max(w.open_time))
    ON CONFLICT (asset_id, quote_id, interval_s, source_id, rolled)
    DO UPDATE SET first_open_time = LEAST(s.first_open_time, excluded.first_open_time),
                  last_open_time = GREATEST(s.last_open_time, excluded.last_open_time)
    WHERE excluded.first_open_time < s.first_open_time OR excluded.last_open_time > s.last_open_time
), marked AS (
    INSERT INTO rollup_marks (due_at, interval_s, source_id, asset_ids, quote_ids, open_times)
    SELECT rollup_due(open_time, $1), $1, source_id, array_agg(asset_id), array_agg(quote_id), array_agg(open_time)
    FROM changed
    WHERE new AND NOT final
    GROUP BY source_id, open_time
), moved AS (
    SELECT * FROM written WHERE final UNION ALL SELECT * FROM deleted WHERE final
), staged AS (
    INSERT INTO pg_temp.rollup_stage (source_id, asset_id, quote_id, interval_s, open_time)
    SELECT DISTINCT source_id, asset_id, quote_id, $2::integer, rollup_bucket(open_time, $2)
    FROM moved
    WHERE $2 IS NOT NULL
)
SELECT a.slug, q.code, sum(m.candles)::bigint, sum(m.revised)::bigint
FROM (SELECT asset_id, quote_id, count(*) AS candles, 0 AS revised FROM moved GROUP BY 1, 2
      UNION ALL
      SELECT asset_id, quote_id, 0, count(*) FROM changed WHERE revises GROUP BY 1, 2) AS m
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
GROUP BY a.slug, q.code

-- name: rollup_partitions
-- Makes every partition that the next piece may need: how many were missing. $1 buckets
SELECT count(*) FILTER (WHERE ensure_partition(parent.name, day.open_time))
FROM (SELECT DISTINCT rollup_bucket(n.open_time, 86400) AS open_time
      FROM (SELECT open_times, sum(cardinality(open_times)) OVER (ORDER BY due_at, mark_id)
                               - cardinality(open_times) AS before
            FROM (SELECT * FROM rollup_marks WHERE due_at <= now() ORDER BY due_at, mark_id LIMIT 200) AS due) AS counted,
           unnest(open_times) AS n (open_time)
      WHERE before < $1::bigint) AS day,
     (VALUES ('candles'), ('candle_revisions')) AS parent (name)

-- name: rollup_left
-- Whether there are marks that are due.
SELECT EXISTS (SELECT FROM rollup_marks WHERE due_at <= now())

-- name: rollup_state
-- How the rollup stands: marks that are due and not rolled, for how long the oldest of them is due (ms; 0 = none is).
SELECT count(*), coalesce((date_part('epoch', now() - min(due_at)) * 1000)::bigint, 0)
FROM rollup_marks
WHERE due_at <= now()

-- name: rollup_watermark_move
-- When no mark is due, in nobody's hands either: moves the checkpoint of the rollup to the end of the last five minutes that
-- had to be rolled by now. It never goes back.
-- $1 source name, $2 stream, $3 run_id
INSERT INTO checkpoints AS c (source_id, stream, position, run_id)
SELECT s.source_id, $2::text,
       to_char(rollup_bucket(now() - (rollup_due(now(), 300) - now()), 300) + interval '5 minutes',
               'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), $3::bigint
FROM sources s
WHERE s.name = $1::text AND NOT EXISTS (SELECT FROM rollup_marks WHERE due_at <= now())
ON CONFLICT (source_id, stream)
DO UPDATE SET position = excluded.position, moved_at = now(), run_id = excluded.run_id
WHERE c.position < excluded.position
