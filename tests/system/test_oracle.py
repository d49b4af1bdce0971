"""The oracle accepts tables that are right, and says what is wrong with those that are not."""
import hashlib
import json
import time

import psycopg2.extras
import pytest

from replay.oracle import Oracle, find_differences, iso, make_job

HOUR = 3600
SLOT = int(time.time()) // HOUR * HOUR
NOW_MS = SLOT * 1000 + 60_000
JOBS = [
    make_job("binance", "history", "history/BTCUSDT/1h", SLOT,
             {"symbol": "BTCUSDT", "interval": "1h", "lookback_s": 48 * HOUR}),
    make_job("coingecko", "history", "history/bitcoin/usd/1d", SLOT,
             {"symbol": "bitcoin/usd", "interval": "1d", "lookback_s": 10 * 86400}),
    make_job("binance", "quote", "quote/main", SLOT, {"symbols": ["BTCUSDT", "ETHUSDT"]}),
    make_job("coinbase", "quote", "quote/BTC-USD", SLOT, {"symbols": ["BTC-USD"]}),
    make_job("kraken", "quote", "quote/dollars", SLOT, {"symbols": ["XXBTZUSD"]}),
    make_job("kraken", "history", "history/XETHZUSD/1h", SLOT,
             {"symbol": "XETHZUSD", "interval": "1h", "lookback_s": 24 * HOUR}),
    make_job("coingecko", "listing", "listing/usd/10/1", SLOT,
             {"currency": "usd", "page": 1, "per_page": 10}),
]
TARGETS = {
    "quote/main": "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D",
    "quote/BTC-USD": "/products/BTC-USD/ticker",
    "quote/dollars": "/0/public/Ticker?pair=XXBTZUSD",
    "listing/usd/10/1": "/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=10&page=1"
                     "&precision=full",
}


class Writer:
    """Fills the tables as they should be; nothing of it is Tidemark's own code."""

    def __init__(self, tidemark, oracle):
        self.oracle, self.query = oracle, tidemark.query
        self.connection = tidemark.connect()
        self.requests = []
        coins = {symbol.split("/")[0] for symbol, _ in
                 oracle.served("coingecko", TARGETS["listing/usd/10/1"], NOW_MS).ticks}
        tidemark.add_coins(sorted(coins | {"bitcoin", "ethereum"}))

    def insert(self, table, rows):
        names = list(rows[0])
        with self.connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor, f"INSERT INTO {table} ({', '.join(names)}) VALUES %s",
                [[row[name] for name in names] for row in rows])

    def ids(self, source, symbol):
        row = self.query("SELECT source_id, asset_id, quote_id FROM instruments JOIN sources USING"
                         " (source_id) WHERE name = %s AND symbol = %s", source, symbol)[0]
        return dict(zip(("source_id", "asset_id", "quote_id"), row))

    def write(self, job):
        self.query("INSERT INTO runs (job_id, source_id, kind, stream, slot, args, attempt, status)"
                   " SELECT %s, source_id, %s, %s, to_timestamp(%s), %s, 1, 'ok' FROM sources"
                   " WHERE name = %s", job["job_id"], job["kind"], job["stream"], job["slot"],
                   json.dumps(job["args"]), job["source"])
        run = self.query("SELECT run_id FROM runs WHERE job_id = %s", job["job_id"])[0][0]
        target = TARGETS.get(job["stream"], "/history")
        answer = self.oracle.sources[job["source"]].answer(target, {"user-agent": "t"}, NOW_MS)
        self.requests.append({
            "source": job["source"], "target": target, "now_ms": NOW_MS, "status": 200,
            "sha256": hashlib.sha256(answer.body).hexdigest()})
        payload = self.query(
            "INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status,"
            " content_type, verdict, sha256, body) SELECT %s, source_id, to_timestamp(%s), %s, 200,"
            " '', 'ok', sha256(%s), %s FROM sources WHERE name = %s RETURNING payload_id", run,
            NOW_MS / 1000, target, answer.body, answer.body, job["source"])[0][0]
        lineage = {"run_id": run, "payload_id": payload}
        if job["kind"] == "history":
            position = self.write_candles(job, lineage)
        else:
            position = job["slot"] * 1000
            self.write_prices(job, target, lineage)
        self.query("INSERT INTO checkpoints (source_id, stream, position, run_id) SELECT source_id,"
                   " %s, %s, %s FROM sources WHERE name = %s", job["stream"], iso(position), run,
                   job["source"])

    def write_candles(self, job, lineage):
        args = job["args"]
        step = {"1h": HOUR, "1d": 86400}[args["interval"]] * 1000
        end = SLOT * 1000 // step * step
        begin = (SLOT - args["lookback_s"]) * 1000 // step * step
        candles = self.oracle.candles(job["source"], args["symbol"], args["interval"], begin, end)
        ids = self.ids(job["source"], args["symbol"])
        self.query("SELECT ensure_partition('candles', to_timestamp(%s))", begin / 1000)
        self.insert("candles", [
            {**ids, **lineage, "interval_s": step // 1000, "open_time": iso(at), "origin": 0,
             **fields} for at, fields in candles.items()])
        self.insert("series", [{**ids, "interval_s": step // 1000, "first_open_time": iso(min(candles)),
                                "last_open_time": iso(max(candles))}])
        last = candles[end - step]
        self.write_latest({**ids, **lineage, "observed_at": iso(end), "price": last["close"],
                           "volume_24h": last["volume_24h"], "market_cap": last["market_cap"],
                           "change_24h_percent": None, "origin": "candle"})
        return end

    def write_prices(self, job, target, lineage):
        served = self.oracle.served(job["source"], target, NOW_MS)
        for (symbol, at), fields in served.ticks.items():
            row = {**self.ids(job["source"], symbol), **lineage, "observed_at": iso(at), **fields}
            self.insert("ticks", [row])
            self.write_latest({**row, "origin": "tick"})
        for (symbol, at), fields in served.listings.items():
            self.insert("listings", [{**self.ids(job["source"], symbol), **lineage,
                                      "observed_at": iso(at), **fields}])

    def write_latest(self, row):
        self.query("DELETE FROM latest_prices WHERE (source_id, asset_id, quote_id) = (%s, %s, %s)"
                   " AND observed_at <= %s", row["source_id"], row["asset_id"], row["quote_id"],
                   row["observed_at"])
        if not self.query("SELECT FROM latest_prices WHERE (source_id, asset_id, quote_id) ="
                          " (%s, %s, %s)", row["source_id"], row["asset_id"], row["quote_id"]):
            self.insert("latest_prices", [row])


@pytest.fixture(scope="module")
def oracle():
    return Oracle(1)


@pytest.fixture
def written(tidemark, oracle):
    """Tables that are right: (tidemark, the requests that were served)."""
    writer = Writer(tidemark, oracle)
    for job in JOBS:
        writer.write(job)
    return tidemark, writer.requests


def differences(written, oracle, jobs=JOBS, **expected):
    tidemark, requests = written
    return find_differences(tidemark.connect(), oracle, jobs, requests, **expected)


MISTAKES = [
    ("a lost candle", "DELETE FROM candles WHERE open_time = (SELECT max(open_time) - interval '5h'"
     " FROM candles)", "candle", "is missing"),
    ("an invented candle", "INSERT INTO candles SELECT * FROM (SELECT source_id, quote_id, asset_id,"
     " interval_s, inputs, open_time + interval '1h', run_id, payload_id, trades, origin, open,"
     " high, low, close, volume, quote_volume, volume_24h, market_cap, revision,"
     " final, known_at FROM candles ORDER BY open_time DESC LIMIT 1) AS c", "candle", "must not be there"),
    ("a series that begins too late", "UPDATE series SET first_open_time = first_open_time + interval"
     " '1d' WHERE interval_s = 86400", "series", "86400: first_open_time is"),
    ("a series that ends too early", "UPDATE series SET last_open_time = last_open_time - interval"
     " '1h' WHERE interval_s = 3600", "series", "3600: last_open_time is"),
    ("a lost series", "DELETE FROM series", "series", "is missing"),
    ("a wrong last digit", "UPDATE candles SET close = close + 0.00000001 WHERE interval_s = 86400",
     "close is", "must be"),
    ("a lost volume", "UPDATE candles SET volume = NULL WHERE interval_s = 3600", "volume is None",
     ""),
    ("a lost tick", "DELETE FROM ticks WHERE market_cap IS NULL", "tick", "is missing"),
    ("a doubled tick", "INSERT INTO ticks SELECT source_id, quote_id, asset_id, observed_at + "
     "interval '1ms', run_id, payload_id, price, volume_24h, market_cap, change_24h_percent FROM"
     " ticks LIMIT 1", "tick", "must not be there"),
    ("an old latest price", "UPDATE latest_prices SET price = price * 2", "latest price", "price"),
    ("a lost latest price", "DELETE FROM latest_prices", "latest price", "is missing"),
    ("a wrong rank", "UPDATE listings SET rank = rank + 1", "listing", "rank"),
    ("a checkpoint that ran ahead", "UPDATE checkpoints SET position = to_char(position::timestamptz"
     " + interval '3h', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') WHERE stream LIKE 'history/%%1h'",
     "candle", "is missing"),
    ("a checkpoint that stayed behind", "UPDATE checkpoints SET position = to_char("
     "position::timestamptz - interval '3h', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
     " WHERE stream LIKE 'quote/%%'", "the checkpoint of", "must be"),
    ("a run that never ended", "UPDATE runs SET status = 'running' WHERE kind = 'quote'",
     "the run of", "is running"),
    ("a lost run", "DELETE FROM runs WHERE kind = 'quote'", "has no run", ""),
    ("a row without its run", "UPDATE candles SET run_id = 999999", "do not lead to their run", ""),
    ("a changed payload", "UPDATE raw_payloads SET body = body || 'x'", "does not have the stored"
     " hash", ""),
    ("a payload from nowhere", "UPDATE raw_payloads SET body = 'x', sha256 = sha256('x')",
     "was never served", ""),
]


def test_right_tables_are_right(written, oracle):
    assert differences(written, oracle) == []


def test_every_mistake_is_said(written, oracle):
    tidemark, requests = written
    connection = tidemark.connect()
    connection.autocommit = False
    for name, statement, *words in MISTAKES:
        with connection.cursor() as cursor:
            cursor.execute(statement.replace("%%", "%"))
            assert cursor.rowcount > 0, name
            found = find_differences(connection, oracle, JOBS, requests)
            connection.rollback()
        assert any(all(word in problem for word in words) for problem in found), (name, found[:5])


def test_jobs_that_are_expected_to_fail(written, oracle):
    broken = make_job("binance", "quote", "quote/other", SLOT, {"symbols": ["NOPE"]})
    jobs = [*JOBS, broken]
    assert differences(written, oracle, jobs) == [
        f"job {broken['job_id']} has no run",
        f"job {broken['job_id']} has 0 good payloads, must have 1",
        f"the checkpoint of binance/quote/other is None, must be {iso(SLOT * 1000)}"]
    written[0].query("INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status)"
                     " VALUES (%s, 2, 'quote', 'quote/other', now(), 1, 'dead')", broken["job_id"])
    assert differences(written, oracle, jobs, dead=[broken["job_id"]]) == []
