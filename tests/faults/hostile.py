"""Providers at their worst: what tests/faults does to all of them at once, in one running worker."""
import concurrent.futures

from job_kinds import quote, slot
from waiting import wait_for

CANARY = "canary-4711-8e1f"
KEYS = {f"{source}_API_KEY": f"{CANARY}-{source.lower()}"
        for source in ("COINGECKO", "COINMARKETCAP", "COINPAPRIKA")}
ATTEMPTS_MAX = 6  # of a quote: a job that has failed five times is dead with the next failure


class Hostile:
    """
    A Tidemark whose providers misbehave. Every job is a quote of one market in a slot of its own,
    on its last attempt unless told otherwise, so that a fault shows at once how a job ends.
    """

    MARKETS = {"coingecko": "bitcoin/usd", "binance": "BTCUSDT", "coinbase": "BTC-USD",
               "kraken": "XXBTZUSD", "coinmarketcap": "1/usd", "coinpaprika": "btc-bitcoin/usd"}

    def __init__(self, tidemark):
        self.tidemark, self.replay = tidemark, tidemark.replay
        known = self.replay.environment()
        self.sources = [source for source in self.MARKETS if f"{source.upper()}_BASE_URL" in known]
        self.slots = dict.fromkeys(self.MARKETS, 0)

    def job(self, source, attempt=ATTEMPTS_MAX, **more):
        self.slots[source] += 1
        return quote(source, [self.MARKETS[source]], slot(back=2000 - self.slots[source]),
                     attempt=attempt, **more)

    def publish(self, *jobs):
        self.tidemark.vhost.publish(*jobs)
        return jobs

    def runs(self, *jobs):
        """{job_id: the run as a dict} of those that have one."""
        names = "status attempt pages records error_code error_text http_status".split()
        rows = self.tidemark.query(f"SELECT job_id, {', '.join(names)} FROM runs"
                                   " WHERE job_id = ANY(%s)", [job["job_id"] for job in jobs])
        return {row[0]: dict(zip(names, row[1:])) for row in rows}

    def wait_runs(self, jobs, statuses=("ok", "dead", "expired", "skipped"), timeout=60):
        """The runs of these jobs, in their order, once each has one of the statuses."""
        def found():
            runs = self.runs(*jobs)
            return len(runs) == len(jobs) and all(run["status"] in statuses for run in runs.values()) and runs

        runs = wait_for(lambda: f"runs with {statuses}: {self.runs(*jobs)}", found, timeout)
        return [runs[job["job_id"]] for job in jobs]

    def warm_up(self):
        """One good answer of each source, which takes the replay server longer than any after it."""
        jobs = self.publish(*(self.job(source, attempt=1) for source in self.sources))
        assert all(run["status"] == "ok" for run in self.wait_runs(jobs))

    def in_turn(self, faults, look):
        """
        `faults` are (name, rule or None, source or None): each is done to a source, the next that
        is free if none is named, and `look(name, source, job, run)` is called with what came of it.
        Two jobs that go well follow each, so that no breaker opens.
        """
        todo = list(faults)
        while todo:
            round_of, left = {}, []
            for fault in todo:
                place = fault[2] or next((each for each in self.sources if each not in round_of), None)
                if place is None or place in round_of:
                    left.append(fault)
                else:
                    round_of[place] = fault
            self.do_round(round_of, look)
            todo = left

    def do_round(self, round_of, look):
        rules = {source: self.replay.rule(source=source, count=1, **fault[1])
                 for source, fault in round_of.items()}
        jobs = {source: [self.job(source) for _ in range(3)] for source in round_of}
        self.publish(*(job for group in jobs.values() for job in group))
        for source, fault in round_of.items():
            bad, *good = jobs[source]
            run, = self.wait_runs([bad], ("dead", "waiting", "ok", "skipped"))
            for other in self.wait_runs(good):
                assert other["status"] == "ok", (fault[0], source, other)
            look(fault[0], source, bad, run)
            self.replay.remove_rules(rules[source])

    def letters(self):
        """{job_id: the headers} of the dead letters."""
        return {headers["job_id"]: headers for headers, _ in self.tidemark.vhost.peek("dead")}


def said_everywhere(tidemark):
    """All that Tidemark has written down or says about this test, as (where, text)."""
    for api in (program for program in tidemark.programs if program.name == "tidemark-api"):
        for path in ("/health", "/stats", "/metrics", "/data?limit=100"):
            answer = api.get(path)
            yield f"API {path}", f"{answer.headers} {answer.text}"
    for program in tidemark.programs:
        yield f"log of {program.name}", program.text()
    for row in tidemark.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                              " AND tablename NOT LIKE 'candles%%'"):  # these hold numbers only
        for line, in tidemark.query(f'SELECT t::text FROM "{row[0]}" t'):
            yield f"table {row[0]}", line
    for body, in tidemark.query("SELECT body FROM raw_payloads"):
        yield "raw payload", bytes(body).decode("latin-1")
    letters = tidemark.vhost.peek("dead") if "dead" in tidemark.vhost.queues() else ()
    for headers, message in letters:
        yield "dead letter", f"{headers} {message}"
    redis = tidemark.redis.connect(tidemark.redis_number)
    for key in redis.keys("*"):
        kind = redis.type(key).decode()
        value = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers,
                 "list": lambda name: redis.lrange(name, 0, -1),
                 "zset": lambda name: redis.zrange(name, 0, -1)}.get(kind, repr)(key)
        yield f"Redis {key!r}", repr(value)
    for request in tidemark.replay.requests():
        yield "target of a request", request["target"]


def check_no_secret(tidemark):
    """No canary stands anywhere; the upstream's own log shows that they were sent."""
    for where, text in said_everywhere(tidemark):
        assert CANARY not in text, f"{where}: ...{text[max(0, text.index(CANARY) - 200):][:300]}"


def at_once(*calls):
    """The results of functions that run side by side."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
