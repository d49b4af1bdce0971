-- name: transaction_version
-- The id of this transaction, for the event that follows its commit. Queue it before the commit.
SELECT pg_current_xact_id()::text

-- name: snapshot_version
-- Every transaction with an id below this one is visible to what is read from now on.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text
