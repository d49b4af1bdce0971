-- Schedules by the calendar; listings whose pages differ in length side by side; who leads; old slots go.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE schedules
    ALTER COLUMN period_s DROP NOT NULL,
    ADD COLUMN cron text CHECK (cron <> ''),
    ADD CONSTRAINT schedules_period_or_cron CHECK (num_nonnulls(period_s, cron) = 1);
COMMENT ON COLUMN schedules.cron IS 'minute, hour, day of month, month, day of week, in UTC';

-- listing/<currency>/<page> becomes listing/<currency>/<per_page>/<page>, and goes on where it was.
UPDATE checkpoints c
SET stream = format('listing/%s/%s/%s', d.args ->> 'currency', d.args ->> 'per_page', d.args ->> 'page')
FROM schedules d
WHERE d.kind = 'listing' AND d.source_id = c.source_id AND d.stream = c.stream
  AND d.stream = format('listing/%s/%s', d.args ->> 'currency', d.args ->> 'page');
UPDATE schedules
SET stream = format('listing/%s/%s/%s', args ->> 'currency', args ->> 'per_page', args ->> 'page')
WHERE kind = 'listing' AND stream = format('listing/%s/%s', args ->> 'currency', args ->> 'page');

CREATE TABLE leader (
    only_one       boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    host           text        NOT NULL,
    pid            integer     NOT NULL,
    leads_since    timestamptz NOT NULL DEFAULT now(),
    quote_period_s integer     CHECK (quote_period_s > 0)
);
COMMENT ON TABLE leader IS 'the scheduler that leads or led last; the lock that decides is no row';
COMMENT ON COLUMN leader.quote_period_s IS 'its INGESTION_INTERVAL; null = quotes go by their schedules';

GRANT SELECT, INSERT, UPDATE ON leader TO tidemark_scheduler;
GRANT SELECT ON leader TO tidemark_api;
GRANT DELETE ON slots TO tidemark_scheduler;
