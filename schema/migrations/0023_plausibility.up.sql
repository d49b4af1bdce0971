-- Which prices look wrong beside what the same source said before, and how many of those a run has brought.
SET LOCAL ROLE tidemark_migrate;

-- 1 (jump): a thousandth of the sound price or less, or a thousand times as much. 2 (leap): the same by ten, if the two
-- are an hour apart at most. 0: neither.
CREATE FUNCTION price_jump(price numeric, at timestamptz, sound_price numeric, sound_at timestamptz) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN price >= sound_price * 1000 OR price * 1000 <= sound_price THEN 1
                WHEN (price >= sound_price * 10 OR price * 10 <= sound_price) AND at - sound_at <= interval '1 hour' THEN 2
                ELSE 0
           END;

-- The jump of a price from the last one of the same source, of seven days at most, that was none itself. A level that
-- lasts becomes the sound one: the third observation in a row within half and twice the price is no jump any more, if the
-- first of them is ten minutes old. Reads ticks alone, which a source writes in turns, so that the same payloads in the
-- order of their ids give the same.
CREATE FUNCTION tick_jump(source smallint, asset integer, quote smallint, this_at timestamptz, this_price numeric)
    RETURNS smallint
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    sound record;
    jump  smallint;
    level record;
BEGIN
    SELECT t.price, t.observed_at INTO sound
    FROM ticks t
    WHERE t.source_id = source AND t.asset_id = asset AND t.quote_id = quote
      AND t.observed_at >= this_at - interval '7 days' AND t.observed_at < this_at AND t.doubt & 3 = 0
    ORDER BY t.observed_at DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    jump := price_jump(this_price, this_at, sound.price, sound.observed_at);
    IF jump = 0 THEN
        RETURN 0;
    END IF;
    SELECT count(*) AS observations, min(t.observed_at) AS since INTO level
    FROM ticks t
    WHERE t.source_id = source AND t.asset_id = asset AND t.quote_id = quote
      AND t.observed_at > sound.observed_at AND t.observed_at < this_at
      AND t.observed_at > ALL (SELECT off.observed_at
                               FROM ticks off
                               WHERE off.source_id = source AND off.asset_id = asset AND off.quote_id = quote
                                 AND off.observed_at > sound.observed_at AND off.observed_at < this_at
                                 AND (off.price * 2 < this_price OR off.price > this_price * 2));
    RETURN CASE WHEN level.observations >= 2 AND this_at - level.since >= interval '10 minutes' THEN 0 ELSE jump END;
END
$$;

-- 4 (market_cap): more than ten million times what was traded in 24 hours, in whatever currency: nobody could have paid
-- it. The dearest coin that really exists and is traded least is a hundred times below that.
CREATE FUNCTION market_cap_doubt(market_cap numeric, volume_24h numeric) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN market_cap > 10000000 * GREATEST(volume_24h, 1) AND volume_24h IS NOT NULL THEN 4 ELSE 0 END;

ALTER TABLE runs ADD COLUMN doubtful integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN runs.doubtful IS 'prices that were stored with a doubt';

GRANT EXECUTE ON FUNCTION price_jump(numeric, timestamptz, numeric, timestamptz),
    tick_jump(smallint, integer, smallint, timestamptz, numeric), market_cap_doubt(numeric, numeric) TO tidemark_worker;
