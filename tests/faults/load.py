"""Work for the fault tests: jobs of every kind, and schedules that keep making more."""
import json
import os

import psycopg2

from replay.oracle import Oracle, check_tables, make_job, wait_quiescent
from waiting import wait_for

HOUR_S, DAY_S = 3600, 86400
QUICK = {"UPSTREAM_BUDGET_PERCENT": "1000000", "TIDEMARK_TIERS_MS": "200,400,800"}

LONG = os.environ.get("TIDEMARK_FAULTS") == "long"

# How far back each interval is asked for: a few pages of every provider. The short set asks so for
# the first market of each source, and for less of the others: most of the time of a load is making
# candles, in the replay server and again in the oracle.
FAR_S = {"5m": 3 * DAY_S, "1h": 60 * DAY_S, "1d": 400 * DAY_S}
NEAR_S = FAR_S if LONG else {"5m": 3 * DAY_S, "1h": 14 * DAY_S, "1d": 30 * DAY_S}
MARKETS = {
    "binance": ["BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT", "ADAUSDT", "DOGEUSDT", "ETHBTC",
                "BTCEUR", "SOLUSDC"],
    "coinbase": ["BTC-USD", "ETH-USD", "XRP-USD", "SOL-USD", "ADA-USD", "DOGE-USD", "ETH-BTC"],
    "kraken": ["XXBTZUSD", "XETHZUSD", "XDGUSD"],
    "coingecko": ["bitcoin/usd", "ethereum/usd", "ripple/usd", "solana/eur", "dogecoin/btc"],
}


def make_schedules():
    """(source, kind, stream, args, period in seconds, what becomes of missed slots)"""
    rows = [
        ("binance", "quote", "quote/main", {"symbols": MARKETS["binance"]}, 1, "coalesce"),
        ("coinbase", "quote", "quote/BTC-USD", {"symbols": ["BTC-USD"]}, 2, "catch_up"),
        ("kraken", "quote", "quote/main", {"symbols": MARKETS["kraken"]}, 2, "catch_up"),
        ("coingecko", "quote", "quote/named", {"symbols": ["bitcoin/usd", "dogecoin/usd"]}, 2,
         "catch_up"),
        ("coingecko", "listing", "listing/usd/20/1", {"currency": "usd", "page": 1, "per_page": 20},
         5, "coalesce"),
    ]
    for source, symbols in MARKETS.items():
        for symbol in symbols:
            for interval, lookback_s in (FAR_S if symbol == symbols[0] else NEAR_S).items():
                args = {"symbol": symbol, "interval": interval, "lookback_s": lookback_s}
                rows.append((source, "history", f"history/{symbol}/{interval}", args, 20,
                             "catch_up"))
    return rows


SCHEDULES = make_schedules()


def add_schedules(tidemark):
    for source, kind, stream, args, period, missed in SCHEDULES:
        tidemark.query(
            "INSERT INTO schedules (name, source_id, kind, stream, args, period_s, missed)"
            " SELECT %s, source_id, %s, %s, %s, %s, %s FROM sources WHERE name = %s",
            f"{source} {stream}", kind, stream, json.dumps(args), period, missed, source)


def stop_schedules(tidemark):
    """No more slots; the scheduler still publishes what is in its outbox."""
    tidemark.query("UPDATE schedules SET enabled = false")


def done_count(tidemark):
    """How many jobs are done; None while PostgreSQL is not there."""
    try:
        return tidemark.query("SELECT count(*) FROM runs WHERE status = 'ok'")[0][0]
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return None


def wait_more_done(tidemark, count=5, timeout=90):
    """Waits until so many more jobs are done: the load goes on, also after an outage."""
    counts = []

    def is_reached():
        counts.append(done_count(tidemark))
        known = [number for number in counts if number is not None]
        return known and known[-1] >= known[0] + count

    wait_for(lambda: f"{count} more jobs done: {counts[:1]} to {counts[-1:]}", is_reached, timeout)


def scheduled_jobs(tidemark):
    """The jobs that the slots ask for; skipped ones ask for nothing."""
    return [json.loads(message) for (message,) in tidemark.query(
        "SELECT message FROM slots WHERE state <> 'skipped' ORDER BY job_id")]


def check_slots(tidemark):
    """Each schedule has each slot since its first, once, whatever happened."""
    for source, _, stream, _, period, missed in SCHEDULES:
        rows = tidemark.query(
            "SELECT extract(epoch FROM slot)::bigint, state FROM slots JOIN sources USING"
            " (source_id) WHERE name = %s AND stream = %s ORDER BY slot", source, stream)
        slots = [row[0] for row in rows]
        assert slots == list(range(slots[0], slots[-1] + 1, period)), f"{source}/{stream}"
        if missed == "catch_up":
            assert all(state == "published" for _, state in rows), f"{source}/{stream}"


def check_outcome(tidemark, timeout=120):
    """Waits until all work is done, then compares everything with the oracle."""
    jobs = None
    while jobs != (now := scheduled_jobs(tidemark)):  # a round may have been under way
        jobs = now
        wait_quiescent(tidemark.connect(), tidemark.vhost.queues, jobs, timeout)
    check_slots(tidemark)
    check_tables(tidemark.connect(), Oracle(tidemark.replay.seed), jobs,
                 tidemark.replay.requests())


def check_no_attempt_spent(tidemark):
    """An outage of ours costs no job one of its attempts."""
    spent = tidemark.query("SELECT job_id, attempt, error_code FROM runs WHERE attempt > 1")
    assert not spent, spent
    assert tidemark.vhost.queues().get("dead", 0) == 0
