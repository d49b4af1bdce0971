"""Compares the tables with what they should hold (see oracle.py)."""
import hashlib
from collections import defaultdict
from functools import cached_property

from .expected import (CANDLE_FIELDS, INTERVALS_S, LISTING_FIELDS, TICK_FIELDS, iso, of_iso, to_ms)
from .market import LISTED_MS

DAY = 86_400_000
# How far back some sources' history of an interval reaches.
REACH_MS = {
    "coingecko": {"5m": 86_400_000, "1h": 364 * 86_400_000 + 82_800_000,
                  "1d": 364 * 86_400_000 + 82_800_000},
    "coinmarketcap": {"5m": 28 * DAY, "1h": 28 * DAY, "1d": 364 * DAY},
    "coinpaprika": {"1h": DAY - 300_000, "1d": 364 * DAY},
    "kraken": {name: 720 * step * 1000 for name, step in INTERVALS_S.items()},
}


def check_tables(connection, oracle, jobs, requests, dead=(), expired=(), skipped=()):
    problems = find_differences(connection, oracle, jobs, requests, dead, expired, skipped)
    if problems:
        shown = "\n".join(problems[:40])
        raise AssertionError(f"{len(problems)} differences from the oracle:\n{shown}")


def find_differences(connection, oracle, jobs, requests, dead=(), expired=(), skipped=()):
    ended = {"dead": dead, "expired": expired, "skipped": skipped}
    comparison = Comparison(connection, oracle, jobs, requests, ended)
    comparison.compare_runs()
    comparison.compare_candles()
    comparison.compare_series()
    comparison.compare_prices()
    comparison.compare_checkpoints()
    comparison.compare_lineage()
    return comparison.problems


class Comparison:
    def __init__(self, connection, oracle, jobs, requests, ended):
        self.connection, self.oracle = connection, oracle
        self.jobs = {job["job_id"]: job for job in jobs}  # a job delivered ten times is one job
        self.requests = requests
        self.ended = {job_id: status for status, ids in ended.items() for job_id in ids}
        self.done = [job for job in self.jobs.values() if job["job_id"] not in self.ended]
        self.problems = []
        self.prices = {}  # (source, asset, quote): {observed_ms: [fields]}, ticks first
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
            wanted = self.ended.get(job_id, "ok")
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
        found = self.found_candles
        for key in found.keys() - wanted.keys():
            self.say(f"candle {self.name_key(key)} must not be there")
        for key in wanted.keys() - found.keys():
            self.say(f"candle {self.name_key(key)} is missing")
        for key in found.keys() & wanted.keys():
            self.compare_fields(f"candle {self.name_key(key)}", found[key], wanted[key])

    def compare_series(self):
        """Says of every market, CSV files' too, what its candles say."""
        sides = [{row[:4]: dict(zip(("first_open_time", "last_open_time"), row[4:]))
                  for row in self.rows(f"""
                      SELECT sources.name, slug, code, interval_s, {first}, {last}
                      FROM {table} JOIN sources USING (source_id) JOIN assets USING (asset_id)
                           JOIN quotes USING (quote_id) {group}""")}
                 for table, first, last, group in (
                     ("series", "min(first_open_time)", "max(last_open_time)", "GROUP BY 1, 2, 3, 4"),
                     ("candles", "min(open_time)", "max(open_time)", "GROUP BY 1, 2, 3, 4"))]
        self.compare_sets("series", *sides)

    def wanted_candles(self, source, stream, jobs):
        args = jobs[0]["args"]
        if (source, args["symbol"]) not in self.instruments:
            return {}
        step = INTERVALS_S[args["interval"]] * 1000
        end = self.position_of(source, stream, step)
        if end is None:
            return {}
        slot = max(job["slot"] for job in jobs) * 1000 // step * step
        if self.oracle.candles(source, args["symbol"], args["interval"], end, slot):
            self.say(f"the checkpoint of {source}/{stream} is {iso(end)}, but the last job's slot "
                     f"is {iso(slot)}")
        begin = self.beginning_of(source, stream, step, jobs)
        candles = self.oracle.candles(source, args["symbol"], args["interval"], begin, end)
        pair = self.oracle.asset_and_quote(source, args["symbol"])
        for open_ms, fields in candles.items():
            self.note_price((source, *pair), open_ms + step, {
                "price": fields["close"], "volume_24h": fields["volume_24h"],
                "market_cap": fields["market_cap"], "change_24h_percent": None})
        return {(source, *pair, step // 1000, open_ms): fields
                for open_ms, fields in candles.items()}

    def position_of(self, source, stream, step):
        rows = self.rows("SELECT position FROM checkpoints JOIN sources USING (source_id)"
                         " WHERE name = %s AND stream = %s", source, stream)
        if not rows:
            self.say(f"the checkpoint of {source}/{stream} is missing")
            return None
        end = of_iso(rows[0][0])
        if end % step:
            self.say(f"the checkpoint of {source}/{stream} is {iso(end)}: not on the grid")
        return end

    def first_done(self, jobs):
        """
        Of a stream's jobs the one whose page came first: the others go on from its checkpoint. That need not be the
        earliest: a queue that is made anew changes their order.
        """
        found = self.rows("""
            SELECT job_id FROM raw_payloads JOIN runs USING (run_id)
            WHERE job_id = ANY(%s) AND verdict = 'ok' ORDER BY fetched_at LIMIT 1""", [job["job_id"] for job in jobs])
        first = found[0][0] if found else min(jobs, key=lambda job: job["slot"])["job_id"]
        return next(job for job in jobs if job["job_id"] == first)

    def beginning_of(self, source, stream, step, jobs):
        first = self.first_done(jobs)
        begin = (first["slot"] - first["args"]["lookback_s"]) * 1000 // step * step
        if source not in REACH_MS:
            return max(begin, LISTED_MS)
        # It gives no more than so far back from the moment it was asked, which is in no job.
        asked = to_ms(self.rows("""
            SELECT min(fetched_at) FROM raw_payloads JOIN runs USING (run_id)
            WHERE stream = %s AND verdict = 'ok'""", stream)[0][0])
        reach = -(-(asked - REACH_MS[source][jobs[0]["args"]["interval"]]) // step) * step
        pair = self.oracle.asset_and_quote(source, jobs[0]["args"]["symbol"])
        if (source, *pair, step // 1000, reach - step) in self.found_candles:
            reach -= step  # planned before the last step ended
        return max(begin, reach)

    def note_price(self, key, at, fields):
        self.prices.setdefault(key, {}).setdefault(at, []).append(fields)

    @cached_property
    def found_candles(self):
        rows = self.rows(f"""
            SELECT sources.name, slug, code, interval_s, open_time, {', '.join(CANDLE_FIELDS)}
            FROM candles JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id) WHERE sources.name <> 'csv' AND candles.origin <= 1""")
        return {(*row[:4], to_ms(row[4])): dict(zip(CANDLE_FIELDS, row[5:])) for row in rows}

    # Prices.

    def compare_prices(self):
        ticks, listings = {}, {}
        for source, served in self.served_answers():
            for (symbol, at), fields in served.ticks.items():
                if source != "coingecko" and (source, symbol) not in self.instruments:
                    continue
                key = source, *self.oracle.asset_and_quote(source, symbol)
                ticks.setdefault((*key, at), []).append(fields)
                if served.listings and at >= listings.get(key, (0,))[0]:
                    listings[key] = at, served.listings[symbol, at]
        for (*key, at), told in ticks.items():
            # At one moment a tick wins over a candle.
            self.prices.setdefault(tuple(key), {})[at] = told
        found = self.found_ticks()
        # Two answers of one millisecond that bear no time of their own are one tick: either's.
        self.compare_sets("tick", found, {
            key: found[key] if found.get(key) in told else told[-1] for key, told in ticks.items()})
        self.compare_sets("listing", self.found_listings(),
                          {key: {"observed_at": at, **fields}
                           for key, (at, fields) in listings.items()})
        self.compare_latest()

    def compare_latest(self):
        found = self.found_latest()
        for key in self.prices.keys() ^ found.keys():
            self.say(f"latest price {self.name_key(key)} " +
                     ("is missing" if key in self.prices else "must not be there"))
        for key in self.prices.keys() & found.keys():
            at = max(self.prices[key])
            # Candles of several intervals may close at one moment.
            wanted = [{"observed_at": at, **fields} for fields in self.prices[key][at]]
            if found[key] not in wanted:
                self.compare_fields(f"latest price {self.name_key(key)}", found[key], wanted[-1])

    def served_answers(self):
        """What the done quote and listing jobs were told: (source, Served)."""
        log = defaultdict(list)
        for entry in self.requests:
            # A payload's target is what is added to the configured address.
            target = entry["target"]
            target = target.removeprefix({"coingecko": "/api/v3", "coinpaprika": "/v1"}.get(
                entry["source"], ""))
            log[entry["source"], target, entry["sha256"]].append(entry)
        payloads = defaultdict(list)
        for row in self.rows("""
                SELECT job_id, sources.name, target, encode(sha256, 'hex'), fetched_at
                FROM raw_payloads
                JOIN runs USING (run_id) JOIN sources ON sources.source_id = raw_payloads.source_id
                WHERE verdict = 'ok' AND runs.kind IN ('quote', 'listing')"""):
            payloads[row[0]].append(row[1:])
        for job in self.done:
            if job["kind"] not in ("quote", "listing"):
                continue
            rows = payloads[job["job_id"]]
            if len(rows) != 1:
                self.say(f"job {job['job_id']} has {len(rows)} good payloads, must have 1")
            for source, target, digest, fetched_at in rows:
                entries = log[source, target, digest]
                if not entries:
                    self.say(f"the payload of {job['job_id']} was never served")
                    continue
                served = self.oracle.served(source, target, entries[0]["now_ms"],
                                            to_ms(fetched_at))
                served = self.oracle.wanted_of(job, served)
                self.compare_asked(job, served)
                yield source, served

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
        rows = self.rows(f"""
            SELECT sources.name, slug, code, observed_at, {', '.join(TICK_FIELDS)}
            FROM latest_prices JOIN sources USING (source_id) JOIN assets USING (asset_id)
                 JOIN quotes USING (quote_id) WHERE sources.name <> 'csv'""")
        return {row[:3]: {"observed_at": to_ms(row[3]), **dict(zip(TICK_FIELDS, row[4:]))}
                for row in rows}

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
