-- What retention has dropped is not missing.
SET LOCAL ROLE tidemark_migrate;

-- Series, and what is expected of them, begin where the newest partition of candles that was dropped ended. As its
-- owner, because where they begin is otherwise only ever moved back.
CREATE FUNCTION coverage_retire() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    kept_from timestamptz;
BEGIN
    SELECT max(a.range_to) INTO kept_from
    FROM archives a
    WHERE a.parent = 'candles' AND a.dropped_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM partitions p WHERE p.parent = 'candles' AND p.range_to <= a.range_to);
    DELETE FROM series WHERE last_open_time < kept_from;
    UPDATE series SET first_open_time = kept_from WHERE first_open_time < kept_from;
    DELETE FROM coverage WHERE due_until <= kept_from;
    UPDATE coverage
    SET expected_from = kept_from, verified_until = GREATEST(verified_until, kept_from),
        looked_until = GREATEST(looked_until, kept_from)
    WHERE expected_from < kept_from;
    DELETE FROM gaps WHERE missing_until <= kept_from;
    UPDATE gaps SET missing_from = kept_from WHERE missing_from < kept_from AND state <> 'filled';
END
$$;
COMMENT ON COLUMN series.first_open_time IS 'of the first candle ever stored, or where the oldest partition that is left begins';

GRANT EXECUTE ON FUNCTION coverage_retire() TO tidemark_worker;
