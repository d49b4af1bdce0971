SET LOCAL ROLE tidemark_migrate;

CREATE OR REPLACE VIEW listing_sources AS
    SELECT s.source_id, s.kind <> 'aggregator' AS is_partial, s.priority,
           now() - GREATEST(900, 3 * p.period_s) * interval '1 second' AS fresh_from
    FROM sources s
    LEFT JOIN price_periods p USING (source_id);
