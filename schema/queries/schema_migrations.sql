-- name: schema_migrations_exists
-- Whether this database was ever migrated.
SELECT to_regclass('public.schema_migrations') IS NOT NULL

-- name: schema_migrations_create
-- The table that remembers what was applied; made by the first migration run.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text        NOT NULL DEFAULT session_user
)

-- name: schema_migrations_list
-- What was applied, oldest first: version, name, checksum, applied_at_ms, applied_by.
SELECT version, name, checksum, (date_part('epoch', applied_at) * 1000)::bigint AS applied_at_ms, applied_by
FROM schema_migrations
ORDER BY version

-- name: schema_migrations_add
-- Remembers a migration, in its own transaction. $1 version, $2 name, $3 checksum
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1::integer, $2::text, $3::text)

-- name: schema_migrations_remove
-- Forgets a migration, in the transaction that undid it. $1 version
DELETE FROM schema_migrations WHERE version = $1::integer

-- name: migration_try_lock
-- True if nobody else migrates this database now; held until the session ends.
SELECT pg_try_advisory_lock(hashtext('tidemark.migrate'))
