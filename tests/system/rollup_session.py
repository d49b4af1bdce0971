"""A session that writes ticks and candles and rolls them up by the product's own queries, at a time of the test's choice."""
import datetime
import io

from named_queries import NamedQueries, array

UTC = datetime.timezone.utc
# What one piece of a rollup asks, in order: in ingest/rollup.c the same.
PIECE = [("rollup_turn",), ("rollup_ticks",), ("rollup_store", 300, 3600), ("rollup_candles", 300, 3600),
         ("rollup_store", 3600, 86400), ("rollup_candles", 3600, 86400), ("rollup_store", 86400, None)]
VALUES = ("open", "high", "low", "close", "volume", "quote_volume", "volume_24h", "market_cap", "trades")
NULL = "\\N"

# now() of queries prepared with this in front of pg_catalog is what the test says.
CLOCK = """
    CREATE SCHEMA test_clock;
    CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE
        RETURN current_setting('test.now')::timestamptz;
    GRANT USAGE ON SCHEMA test_clock TO PUBLIC;
"""


def moment(at_ms):
    return datetime.datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def ms(text):
    return round(datetime.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


class RollupSession(NamedQueries):
    def __init__(self, connection, now_ms):
        super().__init__(connection, "tidemark_worker")
        self.execute("SET search_path = test_clock, pg_catalog, public")
        for name in ("candles_stage_create", "rollup_stage_create", "rollup_rolled_create"):
            self.utility(name)
        self.payload = 0
        self.set_now(now_ms)

    def set_now(self, now_ms):
        self.now_ms = now_ms
        self.execute("SELECT set_config('test.now', %s, false)", moment(now_ms))

    def add_ticks(self, *ticks, source=3):
        """Each (asset, quote, at_ms, price, volume_24h, market_cap); a page: how many were new or changed."""
        self.payload += 1
        columns = [array(*column) for column in zip(*((asset, quote, moment(at), *values)
                                                      for asset, quote, at, *values in ticks))]
        [(changed, _)] = self.run("ticks_upsert", source, self.payload, self.payload, moment(self.now_ms), *columns,
                                array(*(None for _ in ticks)))
        return changed

    def add_candles(self, asset, quote, interval_s, candles, source=2, origin=0):
        """candles: {open_ms: {name: text}}; the page of a provider: how many were new or changed."""
        self.payload += 1
        lines = ["\t".join([moment(at), *(candle.get(name) or NULL for name in VALUES), "1"])
                 for at, candle in sorted(candles.items())]
        self.execute("BEGIN")
        self.run("raw_payload_turn", f"tidemark.rows/{source}/{asset}/{quote}")
        self.copy("candles_stage_copy", lines)
        [(changed,)] = self.run("candles_upsert", source, asset, quote, interval_s, origin, self.payload, self.payload,
                                moment(self.now_ms), {300: 3600, 3600: 86400}.get(interval_s))
        self.execute("COMMIT")
        return changed

    def piece(self, buckets=1000, steps=len(PIECE)):
        """The first steps of a piece, in a transaction of the caller's: how many buckets it took."""
        [(taken,)] = self.run("rollup_take", buckets)
        for name, *values in PIECE[:steps] if taken else ():
            self.run(name, *values)
        return taken

    def roll(self, buckets=1000):
        """Until nothing is left; how many buckets were taken."""
        total = 0
        while True:
            self.execute("BEGIN")
            taken = self.piece(buckets)
            self.execute("COMMIT")
            total += taken
            if not taken:
                return total

    def candles(self, columns="final", where="true"):
        """{(source, asset, quote, interval_ms, open_ms): (values ..., inputs, origin, columns ...)}, decimals as text."""
        output = io.StringIO()
        with self.connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY (SELECT source_id, asset_id, quote_id, interval_s * 1000::bigint,"
                " (date_part('epoch', open_time) * 1000)::bigint, " + ", ".join(VALUES) + f", inputs, origin, {columns}"
                f" FROM candles WHERE {where}) TO STDOUT", output)
        rows = (line.split("\t") for line in output.getvalue().splitlines())
        return {tuple(map(int, row[:5])): tuple(None if cell == NULL else cell for cell in row[5:]) for row in rows}
