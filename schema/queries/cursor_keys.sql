-- name: cursor_key_read
-- The key of all cursors, in hex.
SELECT encode(key, 'hex')
FROM cursor_keys
