"""Prices that nobody has fetched yet, or not lately: a client's request has a worker fetch them."""
import concurrent.futures
import time

import pytest

from tidemark import crew_of
from waiting import wait_for

PRICE = "/simple_price?assets={}&currencies=usd"


class OnDemand:
    """An API, and a worker for one aggregator and one exchange; nothing is scheduled."""

    def __init__(self, tidemark):
        tidemark.add_coins(("bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin"))
        tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", RATE_LIMIT_PER_MINUTE="1000000",
                                 ON_DEMAND_PER_MINUTE="1000")
        self.system = tidemark
        self.worker = tidemark.start_worker(crew_of("coingecko", "kraken"))
        tidemark.query("UPDATE sources SET enabled = name IN ('coingecko', 'kraken')")
        self.api = tidemark.start_api()
        self.api.wait_log(event="orders.connected")

    def price(self, asset, api=None):
        return (api or self.api).get(PRICE.format(asset))

    def runs(self):
        return self.system.query("SELECT job_id, status FROM runs ORDER BY run_id")


@pytest.fixture(name="demand")
def running(tidemark):
    return OnDemand(tidemark)


def test_a_price_that_nobody_has_is_fetched_for_the_first_who_asks_and_cached_for_the_second(demand):
    first = demand.price("solana")
    assert first.status_code == 200, first.text
    assert first.json()["solana"]["usd"] > 0
    [(job_id, status)] = demand.runs()
    assert (job_id.rpartition("/")[0], status) == ("kraken/live/SOLUSD", "ok")
    reads = demand.api.get("/metrics").text
    assert demand.price("solana").text == first.text
    hits = 'api_cache_lookups_total{layer="l1",result="fresh"}'
    assert hits + " 0" in reads and hits + " 1" in demand.api.get("/metrics").text
