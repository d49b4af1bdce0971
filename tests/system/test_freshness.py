"""How fresh an answer is: max-age, Age, ages and flags, and tags that are equal on replicas which read for themselves."""
import re
import time

import pytest

from market_rows import MarketRows
from schedule_rows import add_schedule
from tidemark import Tidemark
from waiting import wait_for

pytestmark = pytest.mark.xdist_group("freshness")  # one process makes what they share

PRICE = "/simple_price?assets=bitcoin&currencies=usdt"
CONSENSUS = "/api/v1/consensus/bitcoin?currency=usdt"
CHART = "/market_chart?asset=bitcoin&currency=usdt&days=2"
DUE_S = {"quote": 55, "history": 150}  # from now; what is told of prices ends at 60


@pytest.fixture(scope="module")
def system(services, tmp_path_factory, replay_server):
    """Bitcoin in usdt and its hours, of Binance: each is loaded hourly, next in DUE_S."""
    system = Tidemark(services, "freshness", tmp_path_factory.mktemp("freshness"), replay_server).create()
    system.add_coins(("bitcoin",))
    system.due_at = {kind: int(time.time()) + seconds for kind, seconds in DUE_S.items()}
    for kind, args in (("quote", {"symbols": ["BTCUSDT"]}), ("history", {"symbol": "BTCUSDT", "interval": "1h"})):
        add_schedule(system, kind, source="binance", kind=kind, args=args, period=3600,
                     offset=system.due_at[kind] % 3600)
    rows = MarketRows(system)
    rows.set_price("bitcoin", "usdt", "64123.5", source="binance", age_s=100, announce=False)
    rows.add_candles("bitcoin", "usdt", range(1, 49))
    system.settings["RATE_LIMIT_PER_MINUTE"] = "1000000"
    yield system
    system.remove()


@pytest.fixture(scope="module")
def replicas(system):
    """Two that share no cache, so that each reads by itself."""
    return [system.start_api(CACHE_NAMESPACE=f"replica{number}") for number in (1, 2)]


def max_age(answer):
    return int(re.fullmatch(r"public, max-age=(\d+)", answer.headers["Cache-Control"]).group(1))


def read_again(system, api, path, reading):
    """Another reading of the same rows, at least a second after the one that `reading` came from."""
    def older():
        MarketRows(system).announce(system.query("SELECT pg_current_xact_id()::text")[0][0], prices=["bitcoin/usdt"])
        answer = api.get(path)
        return answer if answer.headers["Date"] > reading.headers["Date"] and answer.content != reading.content else None
    return wait_for("an older price", older, timeout=5)


def test_max_age_less_age_is_the_time_to_the_next_load(system, replicas):
    for path in (PRICE, CONSENSUS):
        before = system.due_at["quote"] - time.time()
        first, cached = replicas[0].get(path), replicas[0].get(path)
        after = system.due_at["quote"] - time.time()
        assert after - 1 <= max_age(first) <= before + 1, "when it was read"
        assert max_age(cached) == max_age(first) and int(cached.headers["Age"]) >= int(first.headers["Age"])


def test_a_chart_is_loaded_with_the_earlier_of_its_candles_and_its_price(replicas):
    assert 1 <= max_age(replicas[0].get(CHART)) <= DUE_S["quote"]


def test_what_nobody_loads_is_kept_for_seconds(replicas):
    assert max_age(replicas[0].get("/simple_price?assets=bitcoin&currencies=eur")) == 5


@pytest.mark.parametrize("path", [PRICE, CONSENSUS])
def test_replicas_that_read_at_different_moments_give_the_same_tag(system, replicas, path):
    first = replicas[0].get(path)
    later = read_again(system, replicas[1], path, first)
    assert later.headers["ETag"] == first.headers["ETag"] and not later.headers["ETag"].startswith("W/")
    again = replicas[1].get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b"" and "Age" in again.headers


def test_ages_are_those_of_the_reading(replicas):
    answer = replicas[0].get(PRICE)
    told = answer.json()["bitcoin"]
    assert 100 <= told["usdt_age_seconds"] < 160 and told["usdt_stale"] is False and told["usdt_sources"] == 1
    consensus = replicas[0].get(CONSENSUS).json()
    assert 100 <= consensus["age_seconds"] < 160 and consensus["stale"] is False
    chart = replicas[0].get(CHART).json()
    assert 0 <= chart["age_seconds"] < 160 and chart["stale"] is False, "an hour may have ended since"


def test_an_answer_is_read_anew_when_its_price_turns_stale(system, replicas):
    """15 minutes old four seconds from now, long before the cached answer ends."""
    path = "/simple_price?assets=ethereum&currencies=usd"
    system.add_coins(("ethereum",))
    MarketRows(system).set_price("ethereum", "eur", "7")
    wait_for("the asset is known", lambda: replicas[0].get(path).status_code == 200)
    MarketRows(system).set_price("ethereum", "usd", "7", age_s=896)
    answer = wait_for("the price", lambda: (lambda found: "usd_stale" in found.text and found)(replicas[0].get(path)))
    assert answer.json()["ethereum"]["usd_stale"] is False
    turned = wait_for("stale", lambda: (lambda found: found.json()["ethereum"]["usd_stale"] and found)(
        replicas[0].get(path)), timeout=8)
    assert "Warning" not in turned.headers and turned.headers["ETag"] != answer.headers["ETag"]
