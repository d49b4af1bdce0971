"""
Charts and candles of the CoinGecko routes: which points there are, whose values, and at which times. One API
process for all of the file.
"""
import datetime
import json
import pathlib
import time

import pytest

from coin_rows import CoinRows
from known_rows import NoProviders
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("coingecko_charts")  # one process makes what they share

MINUTES_MS, HOUR_MS, DAY_MS = 5 * 60 * 1000, 3600 * 1000, 86400 * 1000


RECORDED = pathlib.Path(__file__).resolve().parent.parent / "recorded/coingecko"


@pytest.fixture(scope="module")
def rows(services, tmp_path_factory):
    system = Tidemark(services, "coingecko_charts", tmp_path_factory.mktemp("coingecko_charts"), NoProviders())
    try:
        yield CoinRows(system.create())
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(rows):
    rows.add_coins()
    rows.candles("coinbase", "bitcoin", "usd", 300, [60000 + place for place in range(600)])
    rows.candles("coinbase", "bitcoin", "usd", 3600, [50000 + place for place in range(24 * 95)])
    rows.candles("coinbase", "bitcoin", "usd", 86400, [40000 + place for place in range(400)])
    # The aggregator knows market caps, of a part of it.
    rows.candles("coingecko", "bitcoin", "usd", 3600, [(1, 1, 1, 1, 1000 + place, 500 + place) for place in range(48)])
    rows.candles("kraken", "bitcoin", "eur", 86400, [30000] * 100)
    rows.candles("coingecko", "ethereum", "usd", 86400, [(1, 1, 1, "3000.5", 3000, 30) for _ in range(100)])
    rows.latest("coinbase", "bitcoin", "usd", "64000.5", age_s=1)
    rows.latest("coingecko", "bitcoin", "usd", "64000.5", market_cap="1300000", volume="300", age_s=2)
    yield rows.tidemark.start_api(RATE_LIMIT_PER_MINUTE="100000")


def get(api, path, status=200):
    answer = api.get("/api/v3/coins/" + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json; charset=utf-8"), answer.text
    return answer.json()


def chart(api, path):
    """The points, checked for what every chart promises: three arrays of the same ascending times."""
    told = get(api, path)
    assert list(told) == ["prices", "market_caps", "total_volumes"]
    times = [at for at, _ in told["prices"]]
    assert times == sorted(set(times))
    for name in ("market_caps", "total_volumes"):
        assert [at for at, _ in told[name]] == times
    return told, times


@pytest.mark.parametrize("days, step_ms, count", [
    ("1", MINUTES_MS, 288), ("2", HOUR_MS, 48), ("90", HOUR_MS, 2160), ("91", DAY_MS, 91), ("365", DAY_MS, 365), ("max", DAY_MS, 400)])
def test_points_are_as_far_apart_as_the_span_says(api, days, step_ms, count):
    told, times = chart(api, f"bitcoin/market_chart?vs_currency=usd&days={days}")
    assert len(times) in (count, count + 1), "closed ones and the current"
    assert all(at % step_ms == 0 for at in times[:-1]), "at the ends of intervals, days at 00:00 UTC"
    assert {later - at for at, later in zip(times, times[1:-1])} == {step_ms}
    assert told["prices"][-1][1] == 64000.5 and time.time() * 1000 - 60000 < times[-1] <= time.time() * 1000, "now, at its own time"
    assert (told["market_caps"][-1][1], told["total_volumes"][-1][1]) == (1300000, 300)


def test_an_interval_may_be_asked_for(api):
    for days, interval, step_ms in ((1, "daily", DAY_MS), (1, "Hourly", HOUR_MS), (2, "5m", MINUTES_MS)):
        _, times = chart(api, f"bitcoin/market_chart?vs_currency=usd&days={days}&interval={interval}")
        assert {later - at for at, later in zip(times, times[1:-1])} <= {step_ms} and len(times) == days * DAY_MS // step_ms + 1


def test_market_caps_are_an_aggregators_where_the_series_has_none(api):
    told, times = chart(api, "bitcoin/market_chart?vs_currency=usd&days=3")
    assert [value for _, value in told["market_caps"][-49:-1]] == [1000 + place for place in range(48)]
    assert [value for _, value in told["total_volumes"][-49:-1]] == [500 + place for place in range(48)]
    assert {value for _, value in told["market_caps"][:-49]} == {None}, "unknown is not 0"
    assert told["prices"][-2][1] == 50000 + 24 * 95 - 1, "the price is still the first source's"


def test_a_currency_that_nobody_quotes_is_converted_by_bitcoins_candles(api):
    told, times = chart(api, "ethereum/market_chart?vs_currency=eur&days=91")
    bitcoin, _ = chart(api, "bitcoin/market_chart?vs_currency=usd&days=91")
    dollars = dict(bitcoin["prices"])
    assert len(times) >= 90
    for at, euros in told["prices"]:
        assert euros == pytest.approx(3000.5 * 30000 / dollars[at], rel=1e-15)
    assert told["market_caps"][0][1] == pytest.approx(3000 * 30000 / dollars[times[0]], rel=1e-15)


def test_a_currency_that_is_a_coin_is_converted_by_the_coins_candles(api):
    dollars = dict(chart(api, "bitcoin/market_chart?vs_currency=usd&days=91")[0]["prices"])
    told, times = chart(api, "ethereum/market_chart?vs_currency=btc&days=91")
    assert len(times) >= 90
    for (at, bitcoins), (_, market_cap) in zip(told["prices"], told["market_caps"]):
        assert bitcoins == pytest.approx(3000.5 / dollars[at], rel=1e-15) and market_cap == pytest.approx(3000 / dollars[at], rel=1e-15)
    ethers, times = chart(api, "bitcoin/market_chart?vs_currency=eth&days=91")
    assert len(times) >= 90
    for at, price in ethers["prices"][:-1]:
        assert price == pytest.approx(dollars[at] / 3000.5, rel=1e-15)
    assert {price for _, price in chart(api, "bitcoin/market_chart?vs_currency=btc&days=7")[0]["prices"]} == {1}


def test_nothing_known_is_empty_arrays(api):
    empty = {"prices": [], "market_caps": [], "total_volumes": []}
    assert get(api, "silent/market_chart?vs_currency=usd&days=7") == empty
    assert get(api, "bitcoin/market_chart/range?vs_currency=usd&from=0&to=1000") == empty
    assert get(api, "silent/ohlc?vs_currency=usd&days=7") == []


@pytest.mark.parametrize("file, query", [
    ("market_chart_btc_usd_days1_5min.json", "days=1"), ("market_chart_btc_usd_days30_hourly.json", "days=30"),
    ("market_chart_btc_usd_days90_daily.json", "days=90&interval=daily")])
def test_a_chart_is_as_dense_as_a_recorded_one(api, file, query):
    recorded = json.loads((RECORDED / file).read_text())
    told, times = chart(api, f"bitcoin/market_chart?vs_currency=usd&{query}")
    assert list(told) == list(recorded) and abs(len(times) - len(recorded["prices"])) <= 2
    assert all(isinstance(at, int) for at in times)


# Ranges.

def test_a_range_has_the_points_between_its_ends(api):
    now = int(time.time())
    midnight = now // 86400 * 86400
    told, times = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={midnight - 200 * 86400}&to={midnight - 10 * 86400}.5")
    assert [times[0], times[-1]] == [(midnight - 200 * 86400) * 1000, (midnight - 10 * 86400) * 1000] and len(times) == 191
    hourly, times = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={midnight - 5 * 86400}&to={midnight - 4 * 86400}")
    assert {later - at for at, later in zip(times, times[1:])} == {HOUR_MS}, "a day in the past is hourly"
    _, times = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={now - 3600}&to={now + 10}")
    assert {later - at for at, later in zip(times[:-1], times[1:-1])} == {MINUTES_MS}, "an hour up to now is not"
    told, _ = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={now - 3600}&to={now + 10}")
    assert told["prices"][-1][1] == 64000.5


def test_a_range_may_be_dates(api):
    def day(days_ago):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days_ago * 86400))
    _, times = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={day(120)}&to={day(20)}T00:00")
    assert len(times) == 101
    same, _ = chart(api, f"bitcoin/market_chart/range?vs_currency=usd&from={times[0] // 1000}&to={times[-1] // 1000}")
    assert [at for at, _ in same["prices"]] == times


# Candles.

def test_candles_are_rolled_exactly_and_told_by_their_close(rows, api):
    # From 09:00 to 17:00 in steps of an hour, in a series of its own.
    day_close = int(time.time()) // 14400 * 14400
    end = datetime.datetime.fromtimestamp(day_close, datetime.timezone.utc)
    shapes = [("10", "15", "9", "11", None, None), ("11", "12", "8", "10.5", None, None),
              ("10.5", "19.123456789012345678", "10", "12", None, None), ("12", "13", "11", "11.5", None, None)]
    rows.candles("coinbase", "pepe", "usd", 3600, shapes * 3, end)
    answer = api.get("/api/v3/coins/pepe/ohlc?vs_currency=usd&days=3")
    candles = answer.json()
    assert [at for at, *_ in candles][-3:] == [(day_close - 28800) * 1000, (day_close - 14400) * 1000, day_close * 1000][-len(candles):]
    assert candles[0][1:] == [10, 19.123456789012345678, 8, 11.5]
    assert f"[{(day_close - 14400) * 1000},10,19.123456789012345678,8,11.5]" in answer.text, "every digit"
    rounded = api.get("/api/v3/coins/pepe/ohlc?vs_currency=usd&days=3&precision=2").text
    assert f"[{(day_close - 14400) * 1000},10,19.12,8,11.5]" in rounded


@pytest.mark.parametrize("days, step_ms, count", [("1", 6 * MINUTES_MS, 48), ("7", 4 * HOUR_MS, 42), ("30", 4 * HOUR_MS, 180), ("90", 4 * DAY_MS, 22), ("max", 4 * DAY_MS, 100)])
def test_candles_are_as_long_as_the_span_says(api, days, step_ms, count):
    candles = get(api, f"bitcoin/ohlc?vs_currency=usd&days={days}")
    times = [at for at, *_ in candles]
    assert {later - at for at, later in zip(times, times[1:])} == {step_ms}
    assert all(at <= time.time() * 1000 for at in times) and abs(len(times) - count) <= 1
    assert all(len(candle) == 5 and candle[3] <= min(candle[1], candle[4]) and candle[2] >= max(candle[1], candle[4]) for candle in candles)


def test_candles_in_another_currency_are_made_of_the_charts_prices(api):
    prices = dict(chart(api, "ethereum/market_chart?vs_currency=eur&days=91")[0]["prices"])
    candles = get(api, "ethereum/ohlc?vs_currency=eur&days=90&precision=8")
    assert len(candles) in (22, 23) and {later[0] - each[0] for each, later in zip(candles, candles[1:])} == {4 * DAY_MS}
    for end, *values in candles[1:]:
        days = [prices[end - back * DAY_MS] for back in (4, 3, 2, 1, 0)]
        assert values == pytest.approx([days[0], max(days), min(days), days[-1]], abs=1e-8)
    assert {tuple(values) for _, *values in get(api, "bitcoin/ohlc?vs_currency=btc&days=90")} == {(1, 1, 1, 1)}
    assert get(api, "silent/ohlc?vs_currency=eur&days=90") == get(api, "pepe/ohlc?vs_currency=jpy&days=90") == []


@pytest.mark.parametrize("path, status, text", [
    ("bitcoin/market_chart?days=1", 422, "Missing parameter vs_currency"),
    ("bitcoin/market_chart?vs_currency=usd", 422, "Missing parameter days"),
    ("bitcoin/market_chart/range?vs_currency=usd&from=1", 422, "Missing parameter to"),
    ("bitcoin/ohlc?vs_currency=usd", 422, "Missing parameter days"),
    ("bitcoin/market_chart?vs_currency=zzz&days=1", 400, "invalid vs_currency"),
    ("nope/market_chart?vs_currency=usd&days=1", 404, "coin not found"),
    ("nope/ohlc?vs_currency=usd&days=1", 404, "coin not found"),
    ("bitcoin/market_chart?vs_currency=usd&days=x", 400, "days: not a whole number"),
    ("bitcoin/market_chart/range?vs_currency=usd&from=2&to=1", 400, "from: is later than to"),
])
def test_what_is_refused(api, path, status, text):
    assert get(api, path, status) == {"error": text}


def test_what_retention_has_dropped_is_not_told_as_empty(rows, api):
    path = "bitcoin/market_chart/range?vs_currency=usd&from=1514764800&to=1517356800"  # of 2018
    assert get(api, path)["prices"] == []
    rows.tidemark.query("""
        INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes, archived_at,
                              verified_at, dropped_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)
        VALUES ('candles', 'candles_201912', '2019-12-01', '2020-01-01', 0, 0, 0, now(), now(), now(), 1,
                sha256(''), sha256(''), '', '')""")
    refused = get(api, path.replace("1514764800", "1514764801"), 401)["error"]["status"]
    assert refused["error_code"] == 10012 and "2020-01-01" in refused["error_message"] and refused["timestamp"].endswith("Z")
    assert get(api, "bitcoin/history?date=30-12-2018", 401)["error"]["status"]["error_code"] == 10012
    assert "market_data" not in get(api, "bitcoin/history?date=30-12-2021"), "nobody has that, but it was not dropped"
