"""as_of: what was known at a moment, from prices and charts of one system whose rows came early, late and corrected."""
import datetime

import pytest

from known_rows import KnownRows, NoProviders
from market_rows import utc_now
from named_queries import NamedQueries
from tidemark import Tidemark

HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
# Two days ago, so that nothing of it is about to change.
NOON = utc_now().replace(minute=0, second=0, microsecond=0) - 48 * HOUR


def ms(moment):
    return int(moment.timestamp() * 1000)


def fill(rows):
    """
    bitcoin: hourly candles of binance from eight hours before noon, known five minutes after the last; the one of 11:00
    corrected twice. coinbase's candles of the same hours, and more, came a day later. ethereum: ticks of two sources.
    """
    rows.candles("binance", "bitcoin", "usd", NOON - 8 * HOUR, ["1", "2", "3", "4", "5", "6", "7", "8"],
                 known_at=NOON + 5 * MINUTE)
    rows.candles("binance", "bitcoin", "usd", NOON - HOUR, ["8.1"], known_at=NOON + 20 * MINUTE)
    rows.candles("binance", "bitcoin", "usd", NOON - HOUR, ["8.2"], known_at=NOON + 40 * MINUTE)
    rows.candles("coinbase", "bitcoin", "usd", NOON - 20 * HOUR, [f"10{hour}" for hour in range(20)],
                 known_at=NOON + 24 * HOUR)
    rows.tick("coinbase", "ethereum", "usd", NOON, "100")
    rows.tick("coinbase", "ethereum", "usd", NOON + 10 * MINUTE, "110", known_at=NOON + 12 * MINUTE)
    rows.tick("coinbase", "ethereum", "usd", NOON + 5 * MINUTE, "105", known_at=NOON + 30 * MINUTE)  # late
    rows.tick("binance", "ethereum", "usd", NOON + 2 * MINUTE, "102")
    rows.tick("coinbase", "ethereum", "usd", NOON + 40 * HOUR, "400")
    # ripple's ticks are not kept any more: an hour of the provider's candles is.
    rows.candles("binance", "ripple", "usd", NOON - 3 * HOUR, ["0.5", "0.6"], known_at=NOON - HOUR + MINUTE)
    rows.tick("binance", "ripple", "usd", NOON + 40 * HOUR, "0.9")


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "as_of", tmp_path_factory.mktemp("as_of"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum", "ripple"))
        fill(KnownRows(system))
        running = system.start_api(RATE_LIMIT_PER_MINUTE="100000")
        running.system = system
        yield running
    finally:
        system.remove()


def chart(api, as_of, **more):
    query = "&".join(f"{name}={value}" for name, value in {"days": 1, "interval": "hourly", **more}.items())
    answer = api.get(f"/market_chart?asset=bitcoin&currency=usd&as_of={ms(as_of)}&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def price(api, asset, as_of, source=None):
    answer = api.get(f"/simple_price?assets={asset}&currencies=usd&as_of={ms(as_of)}"
                     + (f"&source={source}" if source else ""))
    assert answer.status_code == 200, answer.text
    return answer.json()[asset]


# Charts.

@pytest.mark.parametrize("minutes, close", [(5, 8), (19, 8), (20, 8.1), (39, 8.1), (40, 8.2), (600, 8.2)])
def test_a_candle_corrected_twice_is_served_in_each_of_its_states(api, minutes, close):
    drawn = chart(api, NOON + minutes * MINUTE, source="binance")
    assert dict(map(tuple, drawn["prices"]))[ms(NOON)] == close
    assert drawn["as_of"].startswith((NOON + minutes * MINUTE).strftime("%Y-%m-%dT%H:%M"))


def test_before_a_page_was_fetched_nothing_of_it_is_known(api):
    assert chart(api, NOON + 4 * MINUTE, source="binance")["prices"] == []


def test_a_chart_of_the_past_ends_there(api):
    drawn = chart(api, NOON + 5 * MINUTE, source="binance")
    assert [value for _, value in drawn["prices"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert chart(api, NOON + 30 * HOUR, source="coinbase")["prices"][-1] == [ms(NOON), 1019]


@pytest.mark.parametrize("minutes, prices", [(10, ["6", "7", "8"]), (30, ["6", "7", "8.1"]), (50, ["6", "7", "8.2"])])
def test_an_assets_history_is_what_was_known_then(api, minutes, prices):
    answer = api.get(f"/api/v1/cryptocurrencies/bitcoin/history?interval=hourly&limit=3&numbers=string"
                     f"&as_of={ms(NOON + minutes * MINUTE)}")

    assert [point["price"] for point in answer.json()["data"]] == prices


def test_the_pages_of_a_history_are_of_one_moment(api):
    first = api.get(f"/api/v1/cryptocurrencies/bitcoin/history?interval=hourly&limit=7&numbers=string"
                    f"&from={ms(NOON - 8 * HOUR)}&as_of={ms(NOON + 10 * MINUTE)}")

    second = api.get(first.links["next"]["url"])

    assert second.json()["as_of"] == first.json()["as_of"]
    assert [point["price"] for page in (first, second) for point in page.json()["data"]] == list("12345678")


def test_the_series_of_a_chart_is_chosen_among_those_that_were_known(api):
    assert chart(api, NOON + HOUR)["source"] == "binance"
    assert chart(api, NOON + 24 * HOUR, days=2)["source"] == "coinbase", "it reaches farther, and is known by then"


# Prices.

@pytest.mark.parametrize("minutes, price_then", [(0, 100), (11, 100), (12, 110), (31, 110)])
def test_a_price_between_two_ticks_is_the_one_known_then(api, minutes, price_then):
    found = price(api, "ethereum", NOON + minutes * MINUTE, "coinbase")
    assert (found["usd"], found["usd_source"], found["usd_granularity"]) == (price_then, "coinbase", "tick")
    assert found["usd_stale"] == (minutes > 25)


@pytest.mark.parametrize("minutes, price_then, state", [(1, 100, "single_source"), (11, 101, "ok"),
                                                        (12, None, "disagreement"), (50, 110, "stale")])
def test_the_price_of_all_sources_is_what_they_said_then(api, minutes, price_then, state):
    found = price(api, "ethereum", NOON + minutes * MINUTE)
    assert (found["usd"], found["usd_state"]) == (price_then, state)
    answer = api.get(f"/api/v1/consensus/ethereum?as_of={ms(NOON + minutes * MINUTE)}").json()
    assert (answer["price"], answer["state"]) == (price_then, state)
    assert answer["as_of"].startswith((NOON + minutes * MINUTE).strftime("%Y-%m-%dT%H:%M"))


def test_a_late_tick_is_known_from_when_it_was_fetched(api):
    rows = KnownRows(api.system)
    rows.tick("kraken", "ethereum", "usd", NOON + 60 * MINUTE, "160", known_at=NOON + 90 * MINUTE)
    assert price(api, "ethereum", NOON + 89 * MINUTE, "kraken")["usd"] is None
    assert price(api, "ethereum", NOON + 90 * MINUTE, "kraken")["usd"] == 160


def test_one_source_of_the_past(api):
    assert price(api, "ethereum", NOON + 5 * MINUTE, "binance")["usd"] == 102
    assert price(api, "ethereum", NOON - MINUTE, "binance")["usd"] is None, "nothing was known yet"


def test_where_no_tick_is_kept_a_candles_close_stands_in_and_says_so(api):
    found = price(api, "ripple", NOON)
    assert (found["usd"], found["usd_granularity"]) == (0.6, "1h")
    assert found["usd_observed_at"].startswith((NOON - HOUR).strftime("%Y-%m-%dT%H:%M"))


# What is refused, and how long an answer may be kept.

@pytest.mark.parametrize("value", ["tomorrow", "1763712000", "2026-13-01", "in an hour", "2008-01-01"])
@pytest.mark.parametrize("path", ["/simple_price?assets=bitcoin&currencies=usd",
                                  "/market_chart?asset=bitcoin&currency=usd&days=1",
                                  "/api/v1/consensus/bitcoin?currency=usd",
                                  "/api/v1/lineage?asset=bitcoin&currency=usd"])
def test_moments_that_cannot_be_answered_are_refused(api, path, value):
    # Made here, because the names of tests must be the same in every test process.
    moment = ms(utc_now() + HOUR) if value == "in an hour" else value
    answer = api.get(f"{path}&as_of={moment}")
    assert answer.status_code == 400 and answer.json()["parameter"] == "as_of", answer.text


def test_a_settled_answer_may_be_kept_longer(api):
    kept = [api.get(f"/market_chart?asset=bitcoin&currency=usd&days=1&as_of={ms(moment)}").headers["Cache-Control"]
            for moment in (NOON, utc_now() - HOUR)]
    assert kept == ["public, max-age=604800", "public, max-age=30"]


# How it is found.

SLUGS, USD, WHEN = "{bitcoin,ethereum}", "{usd}", NOON.isoformat()
ASKED = {
    "price_inputs_as_of": (SLUGS, USD, None, 900, WHEN, WHEN),
    "chart_choose_as_of": ("bitcoin", "usd", 3600, (NOON - 24 * HOUR).isoformat(), WHEN),
    "chart_source_as_of": ("bitcoin", "usd", "binance", WHEN),
    "chart_points_as_of": (2, 1, 1, 3600, (NOON - 24 * HOUR).isoformat(), 1000, WHEN),
    "lineage_latest": ("bitcoin", "usd", None, 900),
    "lineage_then": ("bitcoin", "usd", None, 900, WHEN, WHEN),
    "lineage_tick": (2, 1, 1, WHEN),
    "lineage_candle": ("bitcoin", "usd", None, 3600, WHEN, WHEN),
    "lineage_rolled": ("bitcoin", "usd", None, 3600, (NOON - 4 * HOUR).isoformat(), WHEN, WHEN),
    "lineage_tick_inputs": (2, 1, 1, WHEN, (NOON + HOUR).isoformat(), WHEN, WHEN, 10),
    "lineage_candle_inputs": (2, 1, 1, 3600, (NOON - 4 * HOUR).isoformat(), WHEN, WHEN, 10),
    "lineage_origin": (1, 1, 1, 1, WHEN),
    "lineage_run_payloads": (1, 0, 10),
    "raw_payload_bytes": (1,),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_large_table_is_read_from_end_to_end(api, name):
    """With sequential scans made dear, one that is left has no index that could stand in for it."""
    db = NamedQueries(api.system.connect(), "tidemark_api")
    db.execute("SET enable_seqscan = off")
    db.execute("SET plan_cache_mode = force_generic_plan")
    db.prepare(name)
    places = ", ".join(["%s"] * len(ASKED[name]))
    plan = [line for (line,) in db.execute(f"EXPLAIN EXECUTE {name} ({places})", *ASKED[name])]
    assert [line for line in plan if "Seq Scan" in line
            and any(table in line for table in ("ticks", "candle", "raw_payloads", "runs"))] == []
