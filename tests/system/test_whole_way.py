"""A price goes the whole way: from a provider's bytes to what a client reads, on every replica."""
import datetime
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from job_kinds import quote, slot
from waiting import wait_for

NAMED = ("bitcoin", "ethereum")
LONG = "0.000000012345678901234567"


def utc_text(milliseconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def ticker_of_coinbase(price):
    return json.dumps({"trade_id": 1, "price": price, "size": "1", "bid": price, "ask": price, "volume": "1",
                       "time": utc_text()})


def market_of_coingecko(price):
    """The number stands bare, as CoinGecko sends it."""
    row = json.dumps({"id": "bitcoin", "symbol": "btc", "name": "Bitcoin", "market_cap": None, "market_cap_rank": None,
                      "total_volume": None, "current_price": "@", "last_updated": utc_text()})
    return "[" + row.replace('"@"', price) + "]"


def listing_of_coinmarketcap(price):
    row = json.dumps({"id": 1, "name": "Bitcoin", "symbol": "BTC", "quote": [
        {"symbol": "USD", "price": "@", "last_updated": utc_text()}]})
    return '{"status":{"error_code":"0"},"data":[' + row.replace('"@"', price) + "]}"


def ticker_of_coinpaprika(price):
    row = json.dumps({"id": "btc-bitcoin", "name": "Bitcoin", "symbol": "BTC", "rank": 1, "last_updated": utc_text(),
                      "quotes": {"USD": {"price": "@", "volume_24h": "", "market_cap": None}}})
    return row.replace('"@"', price)


def ticker_of_kraken(price):
    return json.dumps({"error": [], "result": {"XXBTZUSD": {"c": [price, "1"], "t": [1, 1]}}})


SOURCES = {
    "coinbase": (ticker_of_coinbase, ["BTC-USD"]),
    "coingecko": (market_of_coingecko, ["bitcoin/usd"]),
    "coinmarketcap": (listing_of_coinmarketcap, ["1/usd"]),
    "coinpaprika": (ticker_of_coinpaprika, ["btc-bitcoin/usd"]),
    "kraken": (ticker_of_kraken, ["XXBTZUSD"]),
}


class Way:
    """Worker and API of one system; each price sent is a job of its own."""

    def __init__(self, tidemark):
        tidemark.add_coins(NAMED)
        tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", RATE_LIMIT_PER_MINUTE="1000000")
        self.system = tidemark
        self.replicas = [tidemark.start_api() for _ in range(2)]
        self.worker = tidemark.start_worker()
        self.slot = slot(back=1000)

    def send(self, source, price):
        body, symbols = SOURCES[source]
        rule = self.system.replay.rule(source=source, body=body(price), headers={"Content-Type": "application/json"})
        self.slot += 300
        job = quote(source, symbols, at=self.slot)
        self.system.vhost.publish(job)
        wait_for("the run is over", lambda: self.system.query(
            "SELECT 1 FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]))
        self.system.replay.remove_rules(rule)

    def served(self, replica, source):
        """The text of the price, never read as a number."""
        answer = replica.get(f"/simple_price?assets=bitcoin&currencies=usd&source={source}")
        assert answer.status_code == 200, answer.text
        return answer.text.partition('"usd":')[2].partition(",")[0]


@pytest.fixture(name="way")
def running_way(tidemark):
    return Way(tidemark)


@pytest.mark.parametrize("source", SOURCES)
def test_a_long_decimal_keeps_its_digits(way, source):
    way.send(source, LONG)
    assert [way.served(replica, source) for replica in way.replicas] == [LONG, LONG]


def test_an_exponent_becomes_the_digits_it_means(way):
    way.send("coingecko", "3.447e-09")
    assert way.served(way.replicas[0], "coingecko") == "0.000000003447"


def consensus(replica):
    """(state, price, {source: why it was not used, or None})."""
    told = replica.get("/api/v1/consensus/bitcoin?currency=usd").json()
    return told["state"], told["price"], {one["source"]: one["reason"] for one in told["inputs"]}


def test_one_source_at_ten_times_the_price_moves_nothing_and_two_that_crash_are_followed(way):
    for source, price in (("coingecko", "100"), ("coinpaprika", "101"), ("kraken", "100.5"), ("coinbase", "1005")):
        way.send(source, price)
    hold = {"coinbase": None, "kraken": None, "coingecko": None, "coinpaprika": None}

    def every():
        return [consensus(one) for one in way.replicas]

    wait_for("it was wrong from the start: an outlier", lambda: every() == [
        ("ok", 100.5, {**hold, "coinbase": "outlier"})] * 2)
    way.send("coinbase", "100.7")
    wait_for("all agree", lambda: every() == [("ok", 100.6, hold)] * 2)
    way.send("coingecko", "1005")
    wait_for("it was right until now: doubtful", lambda: every() == [
        ("ok", 100.7, {**hold, "coingecko": "doubtful"})] * 2)
    way.send("kraken", "70")
    wait_for("one alone is no crash", lambda: every() == [
        ("ok", 100.7, {**hold, "coingecko": "doubtful", "kraken": "outlier"})] * 2)
    way.send("coinbase", "70.5")
    wait_for("two are", lambda: every() == [
        ("ok", 70.25, {**hold, "coingecko": "doubtful", "coinpaprika": "outlier"})] * 2)
    assert way.system.query("SELECT sum(doubtful)::integer FROM runs") == [(1,)]


# What a provider may write: digits, a point, trailing zeros, up to 64 characters, more than zero.
DECIMALS = st.from_regex(r"(0|[1-9][0-9]{0,24})(\.[0-9]{1,36})?", fullmatch=True).filter(
    lambda text: any(digit in text for digit in "123456789"))


def test_any_decimal_comes_back_as_it_was_written(way):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(DECIMALS)
    def hold(price):
        way.send("coinbase", price)
        wait_for(f"{price} is served", lambda: way.served(way.replicas[0], "coinbase") == price)

    hold()


def test_a_reader_never_sees_an_older_price_after_a_newer_one_on_a_replica(way):
    way.send("coinbase", "1000")
    for number in range(1001, 1021):
        way.send("coinbase", str(number))
        until = time.monotonic() + 5
        for replica in way.replicas:
            seen = []
            while not seen or (seen[-1] != number and time.monotonic() < until):
                seen.append(int(way.served(replica, "coinbase")))
            assert seen == sorted(seen) and seen[-1] == number
