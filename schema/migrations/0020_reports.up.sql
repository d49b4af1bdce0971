-- Daily reports, made of closed days. A report that was given out is never changed: when its inputs are, and it comes out
-- different, there is another revision.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE reports (
    kind     text        NOT NULL CHECK (kind IN ('market', 'reconciliation')),
    day      date        NOT NULL,
    revision integer     NOT NULL CHECK (revision >= 0),
    rows     integer     NOT NULL,
    made_at  timestamptz NOT NULL,
    run_id   bigint      NOT NULL,
    digest   bytea       NOT NULL CHECK (length(digest) = 32),
    inputs   jsonb       NOT NULL,
    body     jsonb       NOT NULL,
    PRIMARY KEY (kind, day, revision)
);
COMMENT ON COLUMN reports.day IS 'in UTC: from its midnight to the next';
COMMENT ON COLUMN reports.digest IS 'SHA-256 of what it says, rows included';
COMMENT ON COLUMN reports.inputs IS 'what it was made of: how many rows, their fingerprint, when the newest of them was known';

CREATE TABLE report_rows (
    kind     text     NOT NULL,
    day      date     NOT NULL,
    revision integer  NOT NULL,
    place    integer  NOT NULL,
    asset_id integer  NOT NULL,
    quote_id smallint NOT NULL,
    body     jsonb    NOT NULL,
    PRIMARY KEY (kind, day, revision, place)
);
CREATE INDEX report_rows_asset ON report_rows (asset_id, kind, day, revision);
COMMENT ON TABLE report_rows IS 'the full table of a report, in its order';

CREATE TABLE report_days (
    kind        text        NOT NULL,
    day         date        NOT NULL,
    checked_at  timestamptz NOT NULL,
    fingerprint bigint      NOT NULL,
    revision    integer,
    PRIMARY KEY (kind, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE report_days IS 'the days that were looked at, and what their inputs were then';
COMMENT ON COLUMN report_days.revision IS 'the newest; null = there was nothing to report';

GRANT SELECT, INSERT ON reports, report_rows TO tidemark_worker;
GRANT SELECT, INSERT, UPDATE ON report_days TO tidemark_worker;
GRANT SELECT ON reports, report_rows TO tidemark_api;
