"""Rows as workers commit them, each with the moment at which it became known, for tests of lineage and of as_of."""
import datetime
import json

from named_queries import NamedQueries, array
from rollup_session import PIECE


class NoProviders:
    """What a Tidemark wants of a replay server, where nothing is fetched."""

    def environment(self):
        return {}


class KnownRows:
    """Writes by the worker's own queries. Moments are datetimes; payloads are kept with what they say."""

    def __init__(self, tidemark):
        self.tidemark = tidemark
        self.db = NamedQueries(tidemark.connect())
        self.runs = 0

    def id_of(self, table, column, name_column, name):
        return self.tidemark.query(f"SELECT {column} FROM {table} WHERE {name_column} = %s", name)[0][0]

    def market(self, source, asset, currency):
        return (self.id_of("sources", "source_id", "name", source), self.id_of("assets", "asset_id", "slug", asset),
                self.id_of("quotes", "quote_id", "code", currency))

    def payload(self, source, fetched_at, body, markets=None):
        """(run_id, payload_id) of an answer that a run of its own got."""
        self.runs += 1
        source_id = self.id_of("sources", "source_id", "name", source)
        [(run_id,)] = self.tidemark.query(
            "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, started_at, finished_at, worker)"
            " VALUES (%s, %s, 'quote', 'quote/test', %s, 1, 'ok', %s, %s, 'w1') RETURNING run_id",
            f"{source}/quote/test/{self.runs}", source_id, fetched_at, fetched_at, fetched_at)
        self.db.run("partition_ensure", "raw_payloads", fetched_at)
        [(payload_id,)] = self.db.run(
            "raw_payload_insert", run_id, source_id, fetched_at, "/test", 200, "application/json", "ok", None,
            body.encode(), None, None, None, None, markets and json.dumps(markets))
        return run_id, payload_id

    def tick(self, source, asset, currency, observed_at, price, known_at=None):
        """A tick and, if it is the newest, the latest price."""
        source_id, asset_id, quote_id = self.market(source, asset, currency)
        known_at = known_at or observed_at
        run_id, payload_id = self.payload(source, known_at, f'{{"price":{price}}}', {"SYMBOL": [asset_id, quote_id]})
        self.db.run("partition_ensure", "ticks", observed_at)
        columns = [array(asset_id), array(quote_id), array(observed_at.isoformat()), array(price), array(None),
                   array(None), array(None)]
        self.db.run("ticks_upsert", source_id, run_id, payload_id, known_at, *columns)
        return payload_id

    def candles(self, source, asset, currency, first_open, closes, known_at, interval_s=3600):
        """A page of the provider's own candles, one after the other."""
        source_id, asset_id, quote_id = self.market(source, asset, currency)
        run_id, payload_id = self.payload(source, known_at, json.dumps(closes), {"SYMBOL": [asset_id, quote_id]})
        moments = [first_open + datetime.timedelta(seconds=place * interval_s) for place in range(len(closes))]
        for moment in moments:
            for table in ("candles", "candle_revisions"):
                self.db.run("partition_ensure", table, moment)
        self.db.utility("candles_stage_create")
        self.db.execute("BEGIN")
        self.db.copy("candles_stage_copy", [
            "\t".join([moment.isoformat(), *[close] * 4, "5", "\\N", "\\N", "\\N", "\\N", "1"])
            for moment, close in zip(moments, closes)])
        self.db.run("candles_upsert", source_id, asset_id, quote_id, interval_s, 0, run_id, payload_id, known_at, None)
        self.db.run("series_extend", source_id, asset_id, quote_id, interval_s, moments[0], moments[-1])
        self.db.execute("COMMIT")
        return payload_id

    def roll(self, *days):
        """Makes the candles of everything that is marked, as the worker's rollup does; `days` have partitions then."""
        for day in days:
            for table in ("candles", "candle_revisions"):
                self.db.run("partition_ensure", table, day)
        for name in ("rollup_stage_create", "rollup_rolled_create"):
            self.db.utility(name)
        taken = 1
        while taken:
            self.db.execute("BEGIN")
            [(taken,)] = self.db.run("rollup_take", 1000)
            for name, *values in PIECE if taken else ():
                self.db.run(name, *values)
            self.db.execute("COMMIT")
