"""
What the tables must hold after jobs were done against the replay server: computed from the market
(market.py), never from the tables or by Tidemark's own code.

    jobs = [make_job("binance", "history", "history/BTCUSDT/1h", slot,
                     {"symbol": "BTCUSDT", "interval": "1h", "lookback_s": 86400 * 30}), ...]
    tidemark.vhost.publish(*jobs)
    wait_quiescent(connection, tidemark.vhost.queues, jobs)
    check_tables(connection, Oracle(seed=1), jobs, replay.requests())

`connection` is psycopg2's, autocommit, of a role that may read everything.

make_job(source, kind, stream, slot, args, **more)
    A job message as a dict (common/job.h). `slot` in unix seconds.
wait_quiescent(connection, queues, jobs, timeout=60, dead=0)
    Waits until every job has a final run and every queue but `dead` is empty, unsettled messages
    included, and no slot waits to be published. `queues` returns {name: messages}.
check_tables(connection, oracle, jobs, requests, dead=(), expired=())
    Fails with all differences, one sentence each. `requests` is the replay server's log.
    `dead` and `expired`: the job ids that must have ended so; all others must be "ok".
find_differences(...)
    The same, returned as a list.

What is compared, as sets, so that nothing is missing, doubled or invented:
  candles         per market and interval exactly the closed candles from the first job's beginning
                  to the checkpoint, which is not behind the last job's slot
  ticks           exactly one row for each price that a done quote or listing job was served
  latest_prices   the newest of all those, per source, asset and quote
  listings        the newest row of each coin that a done listing job was served
  checkpoints     quote and listing streams: the newest done slot
  runs            one per job, final, as expected; no others
  lineage         every row names a run and a raw payload of that run, whose body has the sha256
                  that is stored, and was served by the replay server with a good status

Oracle(seed) itself can be asked:
  .candles(source, symbol, interval, from_ms, to_ms)  {open_ms: {"open": Decimal, ...}}
  .served(source, target, at_ms)                      the ticks (and listings) of an answer
"""
import hashlib
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from .binance import Binance
from .coinbase import Coinbase
from .coingecko import CoinGecko
from .coins import binance_pairs, coinbase_pairs
from .digits import decimal_of
from .market import LISTED_MS, Market

RECORDED = Path(__file__).resolve().parent.parent / "recorded"
TOTALS_LAG_S = 0.5  # the broker counts what is in a queue every 0.2 s
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
INTERVALS_S = {"5m": 300, "1h": 3600, "1d": 86400}
CANDLE_FIELDS = ("open", "high", "low", "close", "volume", "quote_volume", "volume_24h",
                 "market_cap", "trades", "inputs")
TICK_FIELDS = ("price", "volume_24h", "market_cap", "change_24h_percent")
LISTING_FIELDS = {"rank": "market_cap_rank", "fully_diluted_valuation": "fully_diluted_valuation",
                  "high_24h": "high_24h", "low_24h": "low_24h", "change_24h": "price_change_24h",
                  "change_24h_percent": "price_change_percentage_24h",
                  "circulating_supply": "circulating_supply", "total_supply": "total_supply",
                  "max_supply": "max_supply", "ath": "ath", "atl": "atl"}


def make_job(source, kind, stream, slot, args, **more):
    return {"v": 1, "job_id": f"{source}/{stream}/{slot}", "kind": kind, "source": source,
            "stream": stream, "args": args, "slot": slot, "not_after": None, "attempt": 1,
            "first_failed_at": None, "traceparent": None, **more}


def to_ms(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


def of_iso(text):
    return to_ms(datetime.fromisoformat(text.replace("Z", "+00:00")))


def iso(ms):
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z")


@dataclass
class Served:
    """What one answer says: {(symbol, observed_ms): {field: Decimal or None}}."""
    ticks: dict = field(default_factory=dict)
    listings: dict = field(default_factory=dict)


class Oracle:
    def __init__(self, seed, recorded=RECORDED):
        self.market = Market(seed, recorded)
        self.recorded = str(recorded)
        self.sources = {"binance": Binance(self.market), "coinbase": Coinbase(self.market),
                        "coingecko": CoinGecko(self.market)}

    def asset_and_quote(self, source, symbol):
        """("bitcoin", "usd") of a source's own symbol."""
        if source == "coingecko":
            return tuple(symbol.rsplit("/", 1))
        pairs = binance_pairs if source == "binance" else coinbase_pairs
        pair = pairs(self.recorded)[symbol]
        return pair.base, pair.quote

    # Prices and listings.

    def served(self, source, target, at_ms):
        headers = {"user-agent": "oracle"}
        answer = self.sources[source].answer(target, headers, at_ms)
        value = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
        return getattr(self, f"_read_{source}")(target, value)

    def _read_binance(self, target, value):
        rows = value if isinstance(value, list) else [value]
        return Served({(row["symbol"], int(row["closeTime"])): {
            "price": Decimal(row["lastPrice"]), "volume_24h": Decimal(row["quoteVolume"]),
            "market_cap": None, "change_24h_percent": Decimal(row["priceChangePercent"]),
        } for row in rows if Decimal(row["lastPrice"]) > 0})

    def _read_coinbase(self, target, value):
        symbol = target.split("/")[2]
        return Served({(symbol, of_iso(value["time"])): {
            "price": Decimal(value["price"]), "volume_24h": None, "market_cap": None,
            "change_24h_percent": None}})

    def _read_coingecko(self, target, value):
        quote = target.split("vs_currency=")[1].split("&")[0]
        found = Served()
        for row in value:
            key = f"{row['id']}/{quote}", of_iso(row["last_updated"])
            found.ticks[key] = {"price": row["current_price"], "volume_24h": row["total_volume"],
                                "market_cap": row["market_cap"],
                                "change_24h_percent": row["price_change_percentage_24h"]}
            found.listings[key] = {ours: row[theirs] for ours, theirs in LISTING_FIELDS.items()}
        return found

    # Candles.

    def candles(self, source, symbol, interval, from_ms, to_ms, width=None):
        """{open_ms: fields} of the candles that open in [from_ms, to_ms), all of them closed."""
        if source == "coingecko":
            return self._candles_of_points(symbol, INTERVALS_S[interval], from_ms, to_ms, width)
        interval_s = INTERVALS_S[interval]
        closed = self.market.candles(source, symbol, interval_s, from_ms, to_ms,
                                     to_ms + interval_s * 1000)
        places = self.market.instrument(source, symbol).places
        table = {}
        for candle in closed:
            table[candle.open_ms] = {
                **{name: decimal_of(getattr(candle, name), places)
                   for name in ("open", "high", "low", "close")},
                "volume": decimal_of(candle.volume, 8), "volume_24h": None, "market_cap": None,
                "quote_volume": decimal_of(candle.quote_volume, 8) if source == "binance" else None,
                "trades": candle.trades if source == "binance" else None, "inputs": 1}
        return table

    def _candles_of_points(self, symbol, interval_s, from_ms, to_ms, width):
        """
        An aggregator has no candles, only points every `width` ms (default: the interval). A point
        belongs to the candle that covers the moment just before it.
        """
        coin, quote = self.asset_and_quote("coingecko", symbol)
        step = interval_s * 1000
        begin, end = from_ms // step * step, to_ms
        body = self.sources["coingecko"].points(coin, quote, width or step, begin, end, end + 1,
                                                _Everything())
        value = json.loads(body.body, parse_float=Decimal, parse_int=Decimal)
        buckets = defaultdict(list)
        for (at, price), (_, cap), (_, volume) in zip(value["prices"], value["market_caps"],
                                                      value["total_volumes"]):
            buckets[(int(at) - 1) // step * step].append((price, cap, volume))
        return {open_ms: {
            "open": points[0][0], "high": max(point[0] for point in points),
            "low": min(point[0] for point in points), "close": points[-1][0],
            "volume": None, "quote_volume": None, "market_cap": points[-1][1],
            "volume_24h": points[-1][2], "trades": None, "inputs": len(points),
        } for open_ms, points in buckets.items() if from_ms <= open_ms < to_ms}


class _Everything:
    """The parameters of a request that leaves all at the default."""

    @staticmethod
    def get(name, default=None):
        return default


# Waiting.

def unfinished(connection, jobs):
    """The ids of the jobs that have no final run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT job_id FROM runs WHERE status IN ('ok', 'expired', 'dead')")
        final = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT job_id FROM slots WHERE state = 'pending'")
        pending = {row[0] for row in cursor.fetchall()}
    return ({job["job_id"] for job in jobs} - final) | pending


def wait_quiescent(connection, queues, jobs, timeout=60, dead=0):
    deadline = time.monotonic() + timeout
    quiet_since = None
    while True:
        left = unfinished(connection, jobs)
        depths = {} if left else {name: count for name, count in queues().items()
                                  if count and name.startswith(("jobs.", "retry.", "dead"))}
        now = time.monotonic()
        if left or depths.pop("dead", 0) != dead or depths:
            quiet_since = None
        else:
            quiet_since = quiet_since or now
            if now - quiet_since >= TOTALS_LAG_S:
                return
        if now > deadline:
            raise AssertionError(f"not quiet within {timeout} s: {len(left)} jobs unfinished, such "
                                 f"as {sorted(left)[:5]}; queues {queues()}")
        time.sleep(0.1)


# Comparing.

def check_tables(connection, oracle, jobs, requests, dead=(), expired=()):
    problems = find_differences(connection, oracle, jobs, requests, dead, expired)
    if problems:
        shown = "\n".join(problems[:40])
        raise AssertionError(f"{len(problems)} differences from the oracle:\n{shown}")


def find_differences(connection, oracle, jobs, requests, dead=(), expired=()):
    comparison = Comparison(connection, oracle, jobs, requests, dead, expired)
    comparison.compare_runs()
    comparison.compare_candles()
    comparison.compare_prices()
    comparison.compare_checkpoints()
    comparison.compare_lineage()
    return comparison.problems


class Comparison:
    def __init__(self, connection, oracle, jobs, requests, dead, expired):
        self.connection, self.oracle = connection, oracle
        self.jobs = {job["job_id"]: job for job in jobs}  # a job delivered ten times is one job
        self.requests = requests
        self.dead, self.expired = set(dead), set(expired)
        self.done = [job for job in self.jobs.values()
                     if job["job_id"] not in self.dead | self.expired]
        self.problems = []
        self.closes = {}  # (source, asset, quote): {observed_ms: price} of candles
        self.instruments = {(source, symbol) for source, symbol in self.rows(
            "SELECT sources.name, symbol FROM instruments JOIN sources USING (source_id)")}

    def rows(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def say(self, problem):
        self.problems.append(problem)

    def compare_fields(self, what, found, wanted):
        """`what` names the row; both are {field: value}."""
        for name, value in wanted.items():
            if found[name] != value:
                self.say(f"{what}: {name} is {found[name]}, must be {value}")

    def compare_sets(self, what, found, wanted):
        """Both are {key: fields}."""
        for key in wanted.keys() - found.keys():
            self.say(f"{what} {self.name_key(key)} is missing")
        for key in found.keys() - wanted.keys():
            self.say(f"{what} {self.name_key(key)} must not be there")
        for key in found.keys() & wanted.keys():
            self.compare_fields(f"{what} {self.name_key(key)}", found[key], wanted[key])

    @staticmethod
    def name_key(key):
        return " ".join(iso(part) if isinstance(part, int) and part > 10**11 else str(part)
                        for part in key)

    # Runs.

    def compare_runs(self):
        runs = dict(self.rows("SELECT job_id, status FROM runs"))
        for job_id in self.jobs:
            wanted = "dead" if job_id in self.dead else \
                "expired" if job_id in self.expired else "ok"
            if job_id not in runs:
                self.say(f"job {job_id} has no run")
            elif runs[job_id] != wanted:
                self.say(f"the run of {job_id} is {runs[job_id]}, must be {wanted}")
        for job_id in runs.keys() - self.jobs.keys():
            self.say(f"there is a run of {job_id}, which nobody asked for")

    # Candles.

    def compare_candles(self):
        streams = defaultdict(list)
        for job in self.done:
            if job["kind"] == "history" and job["source"] != "csv":
                streams[job["source"], job["stream"]].append(job)
        wanted = {}
        for (source, stream), jobs in streams.items():
            wanted.update(self.wanted_candles(source, stream, jobs))
        found = self.found_candles()
        for key in found.keys() - wanted.keys():
            self.say(f"candle {self.name_key(key)} must not be there")
        for key in wanted.keys() - found.keys():
            self.say(f"candle {self.name_key(key)} is missing")
        for key in found.keys() & wanted.keys():
            self.compare_fields(f"candle {self.name_key(key)}", found[key], wanted[key])

    def wanted_candles(self, source, stream, jobs):
        args = jobs[0]["args"]
        if (source, args["symbol"]) not in self.instruments:
            return {}
        step = INTERVALS_S[args["interval"]] * 1000
        begin = min(job["slot"] * 1000 - job["args"]["lookback_s"] * 1000 for job in jobs)
        begin = max(begin // step * step, LISTED_MS)
        slot = max(job["slot"] for job in jobs) * 1000 // step * step
        position = self.rows("SELECT position FROM checkpoints JOIN sources USING (source_id)"
                             " WHERE name = %s AND stream = %s", source, stream)
        if not position:
            self.say(f"the checkpoint of {source}/{stream} is missing")
            return {}
        end = of_iso(position[0][0])
        if end % step:
            self.say(f"the checkpoint of {source}/{stream} is {iso(end)}: not on the grid")
        after = self.oracle.candles(source, args["symbol"], args["interval"], end, slot)
        if after:
            self.say(f"the checkpoint of {source}/{stream} is {iso(end)}, but the last job's slot "
                     f"is {iso(slot)}")
        candles = self.oracle.candles(source, args["symbol"], args["interval"], begin, end)
        pair = self.oracle.asset_and_quote(source, args["symbol"])
        closes = self.closes.setdefault((source, *pair), {})
        for open_ms, fields in candles.items():
            closes[open_ms + step] = fields["close"]
        return {(source, *pair, step // 1000, open_ms): fields
                for open_ms, fields in candles.items()}

    def found_candles(self):
        rows = self.rows(f"""
            SELECT sources.name, slug, code, interval_s, open_time, {', '.join(CANDLE_FIELDS)}
            FROM candles JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id) WHERE sources.name <> 'csv'""")
        return {(*row[:4], to_ms(row[4])): dict(zip(CANDLE_FIELDS, row[5:])) for row in rows}

    # Prices.

    def compare_prices(self):
        ticks, listings = {}, {}
        for source, kind, served in self.served_answers():
            for (symbol, at), fields in served.ticks.items():
                if (source, symbol) not in self.instruments and kind != "listing":
                    continue
                key = source, *self.oracle.asset_and_quote(source, symbol)
                ticks[(*key, at)] = fields
                if kind == "listing" and at >= listings.get(key, (0,))[0]:
                    listings[key] = at, served.listings[symbol, at]
        self.compare_sets("tick", self.found_ticks(), ticks)
        self.compare_sets("listing", self.found_listings(),
                          {key: {"observed_at": at, **fields}
                           for key, (at, fields) in listings.items()})
        self.compare_sets("latest price", self.found_latest(), self.wanted_latest(ticks))

    def served_answers(self):
        """What the done quote and listing jobs were told: (source, kind, Served)."""
        log = defaultdict(list)
        for entry in self.requests:
            log[entry["source"], entry["target"], entry["sha256"]].append(entry)
        payloads = defaultdict(list)
        for row in self.rows("""
                SELECT job_id, sources.name, target, encode(sha256, 'hex') FROM raw_payloads
                JOIN runs USING (run_id) JOIN sources ON sources.source_id = raw_payloads.source_id
                WHERE verdict = 'ok' AND kind IN ('quote', 'listing')"""):
            payloads[row[0]].append(row[1:])
        for job in self.done:
            if job["kind"] not in ("quote", "listing"):
                continue
            rows = payloads[job["job_id"]]
            if len(rows) != 1:
                self.say(f"job {job['job_id']} has {len(rows)} good payloads, must have 1")
            for source, target, digest in rows:
                entries = log[source, target, digest]
                if not entries:
                    self.say(f"the payload of {job['job_id']} was never served")
                    continue
                served = self.oracle.served(source, target, entries[0]["now_ms"])
                self.compare_asked(job, served)
                yield source, job["kind"], served

    def compare_asked(self, job, served):
        """The answer is about what the job asks for, so the request was the right one."""
        if job["kind"] == "quote":
            asked, told = set(job["args"]["symbols"]), {symbol for symbol, _ in served.ticks}
            if asked != told:
                self.say(f"job {job['job_id']} asks for {sorted(asked)}, was told {sorted(told)}")

    def found_ticks(self):
        rows = self.rows(f"""
            SELECT sources.name, slug, code, observed_at, {', '.join(TICK_FIELDS)}
            FROM ticks JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id)""")
        return {(*row[:3], to_ms(row[3])): dict(zip(TICK_FIELDS, row[4:])) for row in rows}

    def found_latest(self):
        rows = self.rows("""
            SELECT sources.name, slug, code, observed_at, price
            FROM latest_prices JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id) WHERE sources.name <> 'csv'""")
        return {row[:3]: {"observed_at": to_ms(row[3]), "price": row[4]} for row in rows}

    def wanted_latest(self, ticks):
        prices = {key: dict(closes) for key, closes in self.closes.items() if closes}
        for (source, asset, quote, at), fields in ticks.items():
            prices.setdefault((source, asset, quote), {})[at] = fields["price"]
        return {key: {"observed_at": max(table), "price": table[max(table)]}
                for key, table in prices.items()}

    def found_listings(self):
        rows = self.rows(f"""
            SELECT sources.name, slug, code, observed_at, {', '.join(LISTING_FIELDS)}
            FROM listings JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id)""")
        return {row[:3]: {"observed_at": to_ms(row[3]), **dict(zip(LISTING_FIELDS, row[4:]))}
                for row in rows}

    # Checkpoints and lineage.

    def compare_checkpoints(self):
        newest = {}
        for job in self.done:
            if job["kind"] in ("quote", "listing"):
                key = job["source"], job["stream"]
                newest[key] = max(newest.get(key, 0), job["slot"] * 1000)
        found = {(source, stream): position for source, stream, position in self.rows(
            "SELECT name, stream, position FROM checkpoints JOIN sources USING (source_id)")}
        for (source, stream), slot in newest.items():
            if found.get((source, stream)) != iso(slot):
                self.say(f"the checkpoint of {source}/{stream} is {found.get((source, stream))}, "
                         f"must be {iso(slot)}")

    def compare_lineage(self):
        served = {entry["sha256"] for entry in self.requests if entry["status"] == 200}
        for table in ("ticks", "candles", "latest_prices", "listings"):
            for number, run, payload in self.rows(f"""
                    SELECT count(*), a.run_id, a.payload_id FROM {table} AS a
                    LEFT JOIN runs USING (run_id)
                    LEFT JOIN raw_payloads AS p USING (payload_id)
                    WHERE p.payload_id IS NULL OR runs.run_id IS NULL OR p.run_id <> a.run_id
                    GROUP BY 2, 3"""):
                self.say(f"{number} rows of {table} do not lead to their run {run} and payload "
                         f"{payload}")
        for payload, target, digest, body, verdict, source in self.rows("""
                SELECT payload_id, target, sha256, body, verdict, name
                FROM raw_payloads JOIN sources USING (source_id)"""):
            actual = hashlib.sha256(body).digest()
            if actual != bytes(digest):
                self.say(f"payload {payload} ({target}): its body does not have the stored hash")
            elif verdict == "ok" and source != "csv" and actual.hex() not in served:
                self.say(f"payload {payload} ({target}) was never served so")
