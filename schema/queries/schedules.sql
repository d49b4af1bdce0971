-- name: schedule_apply
-- A schedule as the file spells it. $1 name, $2 source name, $3 kind, $4 stream, $5 args, $6 period_s or NULL, $7 offset_s,
-- $8 missed, $9 not_after_s or NULL, $10 enabled, $11 cron or NULL. No row affected = unchanged, or the source is unknown.
INSERT INTO schedules (name, source_id, kind, stream, args, period_s, offset_s, missed, not_after_s, enabled,
                       cron)
SELECT $1::text, s.source_id, $3::text, $4::text, $5::jsonb, $6::integer, $7::integer, $8::text, $9::integer,
       $10::boolean, $11::text
FROM sources s
WHERE s.name = $2::text
ON CONFLICT (name)
DO UPDATE SET source_id = excluded.source_id, kind = excluded.kind, stream = excluded.stream, args = excluded.args,
              period_s = excluded.period_s, offset_s = excluded.offset_s, missed = excluded.missed,
              not_after_s = excluded.not_after_s, enabled = excluded.enabled, cron = excluded.cron,
              changed_at = now()
WHERE (schedules.source_id, schedules.kind, schedules.stream, schedules.args, schedules.period_s, schedules.offset_s,
       schedules.missed, schedules.not_after_s, schedules.enabled, schedules.cron)
      IS DISTINCT FROM
      (excluded.source_id, excluded.kind, excluded.stream, excluded.args, excluded.period_s, excluded.offset_s,
       excluded.missed, excluded.not_after_s, excluded.enabled, excluded.cron)

-- name: schedules_remove_others
-- Forgets schedules that the file no longer names, and returns their names; also those that are of another stream there,
-- because a stream has one schedule. Run it before schedule_apply, in the same transaction.
-- $1 names that stay, $2 their sources, $3 their streams
WITH removed AS (
    DELETE FROM schedules d
    USING sources s
    WHERE s.source_id = d.source_id
      AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[], $3::text[]) AS n (name, source, stream)
                      WHERE n.name = d.name AND n.source = s.name AND n.stream = d.stream)
    RETURNING d.name
)
SELECT name
FROM removed
WHERE name <> ALL ($1::text[])
ORDER BY name

-- name: schedules_list
-- name, source_id, source, kind, stream, args, period_s, offset_s, missed, not_after_s, enabled, last_slot_s (unix
-- seconds of the newest slot of its stream that no operator ordered, NULL = none yet), cron, instead_s (the period that
-- quotes get from the leading scheduler's INGESTION_INTERVAL; NULL = their own). Either period_s or cron is NULL.
-- $1 only enabled ones of enabled sources
SELECT d.name, d.source_id, s.name, d.kind, d.stream, d.args, d.period_s, d.offset_s, d.missed, d.not_after_s,
       d.enabled AND s.enabled AS enabled, date_part('epoch', newest.slot)::bigint AS last_slot_s,
       d.cron, CASE WHEN d.kind = 'quote' THEN (SELECT quote_period_s FROM leader) END AS instead_s
FROM schedules d
JOIN sources s USING (source_id)
LEFT JOIN LATERAL (
    SELECT max(slot) AS slot
    FROM slots
    WHERE slots.source_id = d.source_id AND slots.stream = d.stream AND slots.schedule_name <> '(operator)'
) AS newest ON true
WHERE NOT $1::boolean OR (d.enabled AND s.enabled)
-- In this order they are published: at the first start nobody should wait for a price behind a year of history.
ORDER BY array_position(ARRAY['quote', 'listing', 'reference', 'history'], d.kind), d.name

-- name: schedules_named
-- A schedule, or all that one entry of the file made ("name/BTCUSDT"): name, source_id, source, kind, stream, args,
-- not_after_s, source_enabled.
-- $1 name
SELECT d.name, d.source_id, s.name, d.kind, d.stream, d.args, d.not_after_s, s.enabled AS source_enabled
FROM schedules d
JOIN sources s USING (source_id)
WHERE d.name = $1::text OR starts_with(d.name, $1::text || '/')
ORDER BY d.name

-- name: schedules_loads
-- When what the API serves is expected to be loaded: source, kind, interval (of candles, "1h"; NULL = any, or prices), slug and
-- code (NULL = any asset, any currency), stream, period_s, cron, offset_s, not_after_s, instead_s. The last ones as in
-- schedules_list. A row for each market that a schedule names, one for a page of a listing and for a folder of files.
SELECT s.name, d.kind, d.args ->> 'interval', a.slug, coalesce(q.code, d.args ->> 'currency'), d.stream, d.period_s, d.cron,
       d.offset_s, d.not_after_s, CASE WHEN d.kind = 'quote' THEN (SELECT quote_period_s FROM leader) END AS instead_s
FROM schedules d
JOIN sources s USING (source_id)
LEFT JOIN LATERAL (
    SELECT jsonb_array_elements_text(coalesce(d.args -> 'symbols', jsonb_build_array(d.args -> 'symbol'))) AS symbol
) AS named ON d.args ?| ARRAY['symbols', 'symbol']
LEFT JOIN instruments i ON i.source_id = d.source_id AND i.symbol = named.symbol
LEFT JOIN assets a USING (asset_id)
LEFT JOIN quotes q ON q.quote_id = i.quote_id
WHERE d.enabled AND s.enabled AND d.kind IN ('quote', 'listing', 'history')
  AND (named.symbol IS NULL OR i.asset_id IS NOT NULL) -- nobody knows what an unmapped market is
ORDER BY s.name, d.name, a.slug, q.code
