-- How often a source is asked for prices stands with the source: it is needed with every price that is read, and the view
-- over the schedules cost more than the rest of the reading.
SET LOCAL ROLE tidemark_migrate;

ALTER TABLE sources ADD COLUMN price_period_s integer CHECK (price_period_s > 0);
COMMENT ON COLUMN sources.price_period_s IS 'as in price_periods; kept by triggers on schedules and leader';

-- Writers go one after another, so that each counts what the one before has changed.
CREATE FUNCTION price_periods_keep() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tidemark.price_periods'));
    UPDATE sources s
    SET price_period_s = p.period_s
    FROM sources k
    LEFT JOIN price_periods p USING (source_id)
    WHERE k.source_id = s.source_id AND s.price_period_s IS DISTINCT FROM p.period_s;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION price_periods_keep() FROM PUBLIC;

CREATE TRIGGER schedules_price_periods AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON schedules
    FOR EACH STATEMENT EXECUTE FUNCTION price_periods_keep();
CREATE TRIGGER leader_price_periods AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON leader
    FOR EACH STATEMENT EXECUTE FUNCTION price_periods_keep();

UPDATE sources s
SET price_period_s = p.period_s
FROM price_periods p
WHERE p.source_id = s.source_id;
