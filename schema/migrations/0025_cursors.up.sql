-- What pages of lists are continued with is told to clients in a form that they cannot make: sealed with this key, which
-- every replica reads here, so that there is nothing to configure and a page may be continued on any of them.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE cursor_keys (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key      bytea   NOT NULL CHECK (length(key) = 32)
);
COMMENT ON TABLE cursor_keys IS 'one row; another key makes all cursors that were given out invalid, and does no other harm';

-- Each has 122 bits of the strong random source of the server.
INSERT INTO cursor_keys (key)
SELECT sha256(string_agg(gen_random_uuid()::text, '')::bytea)
FROM generate_series(1, 4);

GRANT SELECT ON cursor_keys TO tidemark_api;
