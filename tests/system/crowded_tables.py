"""A database with as many rows as a busy system has, made by the server itself, for tests of plans."""

# Of a scale of one; thirty makes ten million rows of history.
ASSETS, SERIES, DAYS, MONTHS = 4000, 20, 14, 14

FILL = """
SET session_replication_role = replica; -- no triggers: the rows are what they would leave behind
SET synchronous_commit = off;

INSERT INTO assets (asset_id, slug, symbol, name, origin) OVERRIDING SYSTEM VALUE
SELECT n, 'coin-' || n, 'C' || n % 4000, 'Coin ' || n, 'listing' FROM generate_series(1, {assets}) AS n;
INSERT INTO coins (source_id, symbol, asset_id, origin)
SELECT s.source_id, a.slug, a.asset_id, 'listing' FROM sources s CROSS JOIN assets a WHERE s.kind = 'aggregator';
INSERT INTO instruments (source_id, symbol, asset_id, quote_id, origin)
SELECT s.source_id, a.symbol || '-' || a.asset_id || q.code, a.asset_id, q.quote_id, 'listing'
FROM sources s CROSS JOIN assets a CROSS JOIN quotes q WHERE s.source_id <= 4 AND q.code IN ('usd', 'usdt');

INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price, volume_24h, market_cap)
SELECT s.source_id, q.quote_id, a.asset_id, now() - a.asset_id % 900 * interval '1 second', a.asset_id, a.asset_id, 'tick',
       1000.0 / a.asset_id, 5e6 / a.asset_id, 1e12 / a.asset_id
FROM sources s CROSS JOIN assets a CROSS JOIN quotes q
WHERE s.source_id < 8 AND q.code IN ('usd', 'usdt');
INSERT INTO listings (source_id, quote_id, asset_id, rank, observed_at, run_id, payload_id)
SELECT source_id, quote_id, asset_id, asset_id, observed_at, run_id, payload_id FROM latest_prices WHERE source_id IN (1, 5, 6);
SELECT listing_order_renew(array_agg(asset_id), array_agg(quote_id))
FROM (SELECT DISTINCT asset_id, quote_id FROM latest_prices) AS priced;
SELECT data_order_renew();

SELECT ensure_partition(parent, moment)
FROM generate_series(date_trunc('day', now() - {days} * interval '1 day'), now(), interval '1 day') AS moment,
     unnest(ARRAY['ticks', 'raw_payloads']) AS parent;
SELECT ensure_partition(parent, moment)
FROM generate_series(date_trunc('month', now() - {months} * interval '1 month'), now(), interval '1 month') AS moment,
     unnest(ARRAY['candles', 'candle_revisions']) AS parent;

-- Every series has as much of the past.
INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price, known_at)
SELECT 2 + n % 4, 1, 1 + n % {series}, moment, 1 + n, 1 + n, 100 + n % 7, moment
FROM generate_series(1, {series}) AS n,
     generate_series(now() - {days} * interval '1 day', now(), interval '4 minutes') AS moment;
INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin, open, high, low,
                     close, volume, known_at)
SELECT 2 + n % 4, 1, 1 + n % {series}, i.s, 1, moment, 1 + n, 1 + n, 0, 1, 2, 1, 2, 10, moment
FROM generate_series(1, {series}) AS n, (VALUES (3600), (86400)) AS i (s),
     generate_series(date_trunc('day', now() - {months} * interval '1 month') + interval '1 day', now(),
                     i.s * interval '1 second') AS moment;
INSERT INTO candle_revisions (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin, open, high,
                              low, close, known_at, known_until, revision)
SELECT source_id, quote_id, asset_id, interval_s, 1, open_time, run_id, payload_id, 0, 1, 2, 1, 2, known_at,
       known_at + interval '1 hour', 0
FROM candles WHERE date_part('epoch', open_time)::bigint / 3600 % 16 = 0;
INSERT INTO series (source_id, quote_id, asset_id, interval_s, first_open_time, last_open_time, rolled)
SELECT source_id, quote_id, asset_id, interval_s, min(open_time), max(open_time), false
FROM candles GROUP BY source_id, quote_id, asset_id, interval_s;
INSERT INTO series (source_id, quote_id, asset_id, interval_s, first_open_time, last_open_time, rolled)
SELECT source_id, quote_id, asset_id, 86400, now() - interval '1 year', now(), true FROM latest_prices WHERE source_id >= 6;

INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, started_at, finished_at)
SELECT 'binance/quote/' || n % 50 || '/' || n, 2, 'quote', 'quote/' || n % 50, moment, 1, 'ok', moment, moment
FROM generate_series(1, {runs}) AS n, LATERAL (SELECT now() - n * ({days} * interval '1 day') / {runs} AS moment) AS at;
INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message, state)
SELECT job_id, 'quotes', source_id, stream, slot, '{{}}', 'published' FROM runs;
INSERT INTO raw_payloads (payload_id, run_id, source_id, fetched_at, target, http_status, content_type, verdict, sha256, body)
SELECT run_id, run_id, source_id, started_at, '/api', 200, 'application/json', 'ok', decode(repeat('00', 32), 'hex'), '{{}}'
FROM runs;
INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state, first_seen_at,
                  checked_at, next_try_at)
SELECT 2 + n % 4, 1, 1 + n % {assets}, 3600, now() - n * interval '1 hour', now() - n * interval '1 hour' + interval '30 minutes',
       'unknown', 'open', now() - n * interval '1 hour', now(), now()
FROM generate_series(1, {gaps}) AS n;
INSERT INTO coverage (source_id, quote_id, asset_id, interval_s, fed, named, expected_from, due_until, verified_until, looked_until,
                      whole_look_at)
SELECT source_id, quote_id, asset_id, 3600, true, true, now() - interval '1 year', now(), now(), now(), now() FROM latest_prices;
SELECT completeness_renew(true);
INSERT INTO reports (kind, day, revision, rows, made_at, run_id, digest, inputs, body)
SELECT 'market', current_date - n, 0, {report_rows}, now(), 1, decode(repeat('00', 32), 'hex'), '{{}}', '{{}}'
FROM generate_series(1, 60) AS n;
INSERT INTO report_rows (kind, day, revision, place, asset_id, quote_id, body)
SELECT r.kind, r.day, 0, n, n, 1, '{{}}' FROM reports r, generate_series(1, {report_rows}) AS n;
"""


def fill(connection, scale=1):
    """Some 600,000 rows, times the scale: of more series, assets and runs, each with the same past."""
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(assets=min(ASSETS * scale, 60000), series=SERIES * scale, days=DAYS, months=MONTHS,
                                   runs=30000 * scale, gaps=15000 * scale, report_rows=400 * min(scale, 10)))
    connection.commit()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
