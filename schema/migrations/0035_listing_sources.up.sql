-- Who leads is decided with every price that is written: how often a source is asked stands with the source by now.
SET LOCAL ROLE tidemark_migrate;

CREATE OR REPLACE VIEW listing_sources AS
    SELECT source_id, kind <> 'aggregator' AS is_partial, priority,
           now() - GREATEST(900, 3 * price_period_s) * interval '1 second' AS fresh_from
    FROM sources;
