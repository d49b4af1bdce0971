"""The worker does every kind of job end to end, and what fails ends where the rules say."""
import time

import pytest

from replay.oracle import Oracle, check_tables, make_job, wait_quiescent

HOUR_S = 3600


def slot(period_s=300, back=0):
    return int(time.time()) // period_s * period_s - back * period_s


def quote(source, symbols, at=None, **more):
    at = at or slot()
    name = "/".join(symbols) if source == "coinbase" else "test"
    return make_job(source, "quote", f"quote/{name}", at, {"symbols": symbols}, **more)


def listing(page=1, at=None, **more):
    return make_job("coingecko", "listing", f"listing/usd/{page}", at or slot(),
                    {"currency": "usd", "page": page, "per_page": 50}, **more)


def history(source, symbol, interval="1h", days=30, at=None, **more):
    return make_job(source, "history", f"history/{symbol}/{interval}", at or slot(HOUR_S),
                    {"symbol": symbol, "interval": interval, "lookback_s": days * 86400}, **more)


EVERY_KIND = {
    "coingecko quote": lambda: quote("coingecko", ["bitcoin/usd", "ethereum/usd"]),
    "coingecko listing": lambda: listing(),
    "coingecko history": lambda: history("coingecko", "bitcoin/usd"),
    "binance quote": lambda: quote("binance", ["BTCUSDT", "ETHUSDT"]),
    "binance history": lambda: history("binance", "BTCUSDT", days=100),
    "coinbase quote": lambda: quote("coinbase", ["BTC-USD"]),
    "coinbase history": lambda: history("coinbase", "BTC-USD"),
}


@pytest.fixture
def system(tidemark):
    """Markets are known; budgets and delays are no part of these tests."""
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="200,400,800")
    return tidemark


def settle(system, jobs, **expected):
    wait_quiescent(system.connect(), system.vhost.queues, jobs,
                   dead=len(expected.get("dead", ())))
    check_tables(system.connect(), Oracle(seed=1), jobs, system.replay.requests(), **expected)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_job_of_each_kind_fills_the_tables(system, kind):
    job = EVERY_KIND[kind]()
    system.start_worker()
    system.vhost.publish(job)
    settle(system, [job])
