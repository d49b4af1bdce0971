-- name: doctor_server
-- The server itself: version_num, max_locks, standby, now_ms, database_bytes, role.
SELECT current_setting('server_version_num')::integer, current_setting('max_locks_per_transaction')::integer,
       pg_is_in_recovery(), (date_part('epoch', clock_timestamp()) * 1000)::bigint,
       pg_database_size(current_database()), current_user::text

-- name: doctor_schema
-- The newest migration that was applied; NULL = none.
SELECT max(version) FROM schema_migrations

-- name: doctor_rights
-- What an operator's commands need and this role lacks: words for people, NULL = nothing. Only with a schema that is up to date.
SELECT string_agg(lacks.what, ', ')
FROM (VALUES
    ('SELECT on runs',         has_table_privilege('runs', 'SELECT')),
    ('SELECT on raw_payloads', has_table_privilege('raw_payloads', 'SELECT')),
    ('INSERT on slots',        has_table_privilege('slots', 'INSERT')),
    ('UPDATE on sources',      has_table_privilege('sources', 'UPDATE')),
    ('UPDATE on schedules',    has_table_privilege('schedules', 'UPDATE')),
    ('UPDATE on checkpoints',  has_table_privilege('checkpoints', 'UPDATE')),
    ('UPDATE on instruments',  has_table_privilege('instruments', 'UPDATE'))) AS lacks (what, granted)
WHERE NOT lacks.granted

-- name: doctor_partitions
-- Tables that lack the partition for a moment ahead: words for people, NULL = none lacks it.
-- $1 seconds ahead
SELECT string_agg(t.name, ', ')
FROM partitioned_tables t,
     date_trunc(t.width, (now() + $1::integer * interval '1 second') AT TIME ZONE 'UTC') AS first
WHERE to_regclass(t.name || '_' || to_char(first, CASE t.width WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END)) IS NULL

-- name: doctor_leader
-- The scheduler that leads: held (whether any session has the lock), host and pid of the last one that said so.
SELECT EXISTS (SELECT FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objsubid = 1
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND ((classid::bigint << 32) | objid::bigint) = hashtext('tidemark.scheduler')::bigint),
       (SELECT host FROM leader), (SELECT pid FROM leader)

-- name: doctor_slots
-- Jobs that wait for the broker: how many for longer than a while, and the age of the oldest in seconds.
-- $1 seconds
SELECT count(*), coalesce(max(date_part('epoch', now() - inserted_at)), 0)::bigint
FROM slots
WHERE state = 'pending' AND inserted_at < now() - $1::integer * interval '1 second'

-- name: doctor_sources
-- How fresh each source is: name, enabled, schedules (that run), shortest_s (the shortest period of them; NULL = they have
-- cron rules), crons (these rules, one a line; NULL = none has one), success_age_s (since its last good run; NULL = there
-- was none), last_error_code (of its last run).
SELECT s.name, s.enabled, count(d.name), min(d.period_s), string_agg(DISTINCT d.cron, E'\n'),
       (SELECT date_part('epoch', now() - max(r.finished_at))::bigint
        FROM runs r
        WHERE r.source_id = s.source_id AND r.status = 'ok'),
       (SELECT r.error_code
        FROM runs r
        WHERE r.source_id = s.source_id
        ORDER BY r.started_at DESC
        LIMIT 1)
FROM sources s
LEFT JOIN schedules d ON d.source_id = s.source_id AND d.enabled
GROUP BY s.source_id
ORDER BY s.priority, s.source_id
