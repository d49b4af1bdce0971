-- Who may ask for what. Secrets are stored as hashes only.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE users (
    user_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text        NOT NULL,
    role          text        NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE api_keys (
    key_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint      REFERENCES users,
    prefix       text        NOT NULL,
    key_hash     bytea       NOT NULL UNIQUE,
    label        text        NOT NULL DEFAULT '',
    role         text        NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);
COMMENT ON COLUMN api_keys.prefix IS 'the first characters of the key, to recognise it by';

CREATE TABLE audit_log (
    entry_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text        NOT NULL,
    action   text        NOT NULL,
    subject  text,
    details  jsonb
);
CREATE INDEX audit_log_at ON audit_log (at);

GRANT SELECT, INSERT, UPDATE ON users, api_keys TO tidemark_api, tidemark_operator;
GRANT INSERT ON audit_log TO tidemark_api, tidemark_scheduler, tidemark_worker, tidemark_operator;
