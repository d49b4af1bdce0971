"""/api/v1/prices: candles and ticks, by one symbol and by any filter, from one API over known rows."""
import csv
import datetime
import io
import json

import pytest

from known_rows import KnownRows, NoProviders
from market_rows import utc_now
from tidemark import Tidemark

HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
# Two days ago, at midnight, so that nothing of it is about to change.
DAY = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - 48 * HOUR
DIGITS = "0.000000012345678901234567"


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def ms(moment):
    return int(moment.timestamp() * 1000)


def fill(rows):
    """
    bitcoin/usd: binance has hours 0 to 11, the fifth corrected later, kraken 6 to 11; five minutes of binance over two hours, four of
    them missing. bitcoin/eur: coinbase's hours 0 to 3. ethereum: ticks of two sources, and one candle with many digits.
    """
    rows.candles("binance", "bitcoin", "usd", DAY, [str(100 + hour) for hour in range(12)], known_at=DAY + 13 * HOUR)
    rows.candles("binance", "bitcoin", "usd", DAY + 5 * HOUR, ["105.500"], known_at=DAY + 14 * HOUR)
    rows.candles("kraken", "bitcoin", "usd", DAY + 6 * HOUR, ["1", "2", "3", "4", "5", "6"], known_at=DAY + 13 * HOUR)
    rows.candles("coinbase", "bitcoin", "eur", DAY, ["10", "20", "30", "40"], known_at=DAY + 13 * HOUR)
    rows.candles("binance", "bitcoin", "usd", DAY, [str(place) for place in range(1, 11)], known_at=DAY + 13 * HOUR,
                 interval_s=300)
    rows.candles("binance", "bitcoin", "usd", DAY + 70 * MINUTE, [str(place) for place in range(15, 25)],
                 known_at=DAY + 13 * HOUR, interval_s=300)
    rows.candles("binance", "ethereum", "usd", DAY, [DIGITS], known_at=DAY + HOUR)
    for minute in range(0, 50, 10):
        rows.tick("coinbase", "ethereum", "usd", DAY + minute * MINUTE, f"{200 + minute}.50")
        rows.tick("kraken", "ethereum", "usd", DAY + minute * MINUTE, f"{300 + minute}")


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "prices", tmp_path_factory.mktemp("prices"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum", "solana"))
        rows = KnownRows(system)
        fill(rows)
        running = system.start_api(RATE_LIMIT_PER_MINUTE="100000")
        running.system, running.rows = system, rows
        yield running
    finally:
        system.remove()


def window(start=DAY, end=DAY + 24 * HOUR, **more):
    query = {"start_time": ms(start), "end_time": iso(end), **more}
    return "&".join(f"{name}={value}" for name, value in query.items())


def ask(api, target, status=200):
    answer = api.get(target)
    assert answer.status_code == status, answer.text
    return answer.json()


def of_csv(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def pages(api, target):
    """All rows of all pages, and how many pages there are."""
    rows, count, cursor = [], 0, ""
    while cursor is not None:
        answer = ask(api, target + (f"&cursor={cursor}" if cursor else ""))
        rows += answer["rows"]
        count, cursor = count + 1, answer["next_cursor"]
    return rows, count


# One symbol.

def test_candles_are_those_of_the_source_that_covers_most(api):
    answer = ask(api, f"/api/v1/prices/BTC?{window()}")
    assert (answer["asset"], answer["currency"], answer["granularity"], answer["source"]) == ("bitcoin", "usd", "1h", "binance")
    assert [row["time"] for row in answer["rows"]] == [iso(DAY + hour * HOUR) for hour in range(12)]
    assert answer["rows"][5]["close"] == 105.5 and answer["rows"][5]["revision"] == 1
    first = answer["rows"][0]
    assert (first["origin"], first["final"], first["revision"], first["inputs"]) == ("provider", True, 0, 1)
    assert first["run_id"] > 0 and first["payload_id"] > 0 and first["trades"] is None
    assert answer["next_cursor"] is None


@pytest.mark.parametrize("start, end, hours", [(0, 3, [0, 1, 2]), (2, 3, [2]), (11, 24, [11]), (12, 24, [])])
def test_windows_are_half_open(api, start, end, hours):
    rows = ask(api, f"/api/v1/prices/bitcoin?{window(DAY + start * HOUR, DAY + end * HOUR)}")["rows"]
    assert [row["time"] for row in rows] == [iso(DAY + hour * HOUR) for hour in hours]


def test_one_source_can_be_asked_for(api):
    answer = ask(api, f"/api/v1/prices/bitcoin?{window()}&source=kraken")
    assert (answer["source"], [row["close"] for row in answer["rows"]]) == ("kraken", [1, 2, 3, 4, 5, 6])
    assert ask(api, f"/api/v1/prices/bitcoin?{window()}&source=coinpaprika")["rows"] == []


def test_a_price_of_before_is_what_was_known_then(api):
    then = ask(api, f"/api/v1/prices/bitcoin?{window()}&as_of={ms(DAY + 13.5 * HOUR)}")
    assert [row["close"] for row in then["rows"]] == [100 + hour for hour in range(12)]
    assert ask(api, f"/api/v1/prices/bitcoin?{window()}&as_of={ms(DAY + 12.5 * HOUR)}")["rows"] == []


@pytest.mark.parametrize("granularity", ["1h", "4h", "tick"])
def test_many_series_of_before_are_what_each_of_them_was(api, granularity):
    moment = ms(DAY + 13.5 * HOUR) if granularity != "tick" else ms(DAY + 25 * MINUTE)
    query = f"{window()}&granularity={granularity}&as_of={moment}"
    listed, count = pages(api, f"/api/v1/prices?{query}&limit=2")
    single = {}
    for row in listed:
        single.setdefault((row["asset"], row["currency"], row["source"]), []).append({
            name: value for name, value in row.items() if name not in ("asset", "currency", "granularity")})
    assert len(single) == (4 if granularity != "tick" else 2) and count == (len(listed) + 1) // 2
    for (asset, currency, source), rows in single.items():
        assert rows == ask(api, f"/api/v1/prices/{asset}?{query}&currency={currency}&source={source}")["rows"]


def test_what_was_not_known_then_is_passed_over(api):
    """Of the series of the window only the last one was known, and no page before it is empty."""
    listed, count = pages(api, f"/api/v1/prices?{window()}&as_of={ms(DAY + 12.5 * HOUR)}&limit=1")
    assert [(row["asset"], row["source"], row["time"]) for row in listed] == [("ethereum", "binance", iso(DAY))] and count == 1
    assert pages(api, f"/api/v1/prices?{window()}&as_of={ms(DAY + 0.5 * HOUR)}&limit=1") == ([], 1)


def test_all_rows_of_before_are_those_of_the_pages(api):
    query = f"{window()}&as_of={ms(DAY + 13.5 * HOUR)}&numbers=string"
    listed, _ = pages(api, f"/api/v1/prices?{query}&limit=7")
    lines = of_csv(api.get(f"/api/v1/prices?{query}&format=csv"))
    assert [(line["asset"], line["source"], line["time"], line["close"]) for line in lines] == [
        (row["asset"], row["source"], row["time"], row["close"]) for row in listed]
    assert "105.500" not in [line["close"] for line in lines], "that was known half an hour later"


@pytest.mark.parametrize("moment, kept", [(DAY + 13.5 * HOUR, 604800), (utc_now() - HOUR, 10)], ids=["settled", "not yet"])
def test_what_many_series_were_may_be_kept_once_it_is_settled(api, moment, kept):
    answer = api.get(f"/api/v1/prices?{window()}&as_of={ms(moment)}")
    assert answer.headers["Cache-Control"] == f"public, max-age={kept}"
    assert answer.json()["as_of"].startswith(moment.strftime("%Y-%m-%dT%H:%M"))


def test_what_is_not_stored_is_rolled(api):
    rows = ask(api, f"/api/v1/prices/bitcoin?{window()}&granularity=15m")["rows"]
    assert [row["time"] for row in rows] == [iso(DAY + minutes * MINUTE) for minutes in (0, 15, 30, 45, 60, 75, 90, 105)]
    first, fourth = rows[0], rows[3]
    assert (first["open"], first["high"], first["low"], first["close"]) == (1, 3, 1, 3)
    assert (first["volume"], first["inputs"], first["origin"], first["final"]) == (15, 3, "candles", True)
    assert (fourth["inputs"], fourth["close"]) == (1, 10)
    paged, count = pages(api, f"/api/v1/prices/bitcoin?{window()}&granularity=15m&limit=3")
    assert (paged, count) == (rows, 3)


def test_ticks_are_of_one_source_too(api):
    answer = ask(api, f"/api/v1/prices/ETH?granularity=tick&{window()}")
    assert answer["source"] == "coinbase" and len(answer["rows"]) == 5
    assert answer["rows"][1]["price"] == 210.5 and answer["rows"][1]["time"] == iso(DAY + 10 * MINUTE)
    rows, count = pages(api, f"/api/v1/prices/ETH?granularity=tick&{window()}&limit=2")
    assert (rows, count) == (answer["rows"], 3)


def test_pages_are_all_of_it_once(api):
    whole = ask(api, f"/api/v1/prices/bitcoin?{window()}")["rows"]
    for limit, wanted in ((1, 12), (5, 3), (6, 2), (12, 1)):
        assert pages(api, f"/api/v1/prices/bitcoin?{window()}&limit={limit}") == (whole, wanted), limit


def test_a_page_says_where_the_next_one_is(api):
    answer = api.get(f"/api/v1/prices/bitcoin?{window()}&limit=5&format=csv")
    target = answer.links["next"]["url"]
    assert [row["close"] for row in of_csv(api.get(target))] == ["105.500", "106", "107", "108", "109"]


def test_digits_stay_as_they_are(api):
    target = f"/api/v1/prices/ethereum?{window()}"
    assert f'"close":{DIGITS},' in api.get(target).text
    assert ask(api, target + "&numbers=string")["rows"][0]["high"] == DIGITS
    assert of_csv(api.get(target + "&format=csv&limit=9"))[0]["low"] == DIGITS


def test_without_a_window_the_newest_are_served(api):
    assert ask(api, "/api/v1/prices/bitcoin?limit=3")["rows"] == [], "three hours before now there was none"
    assert len(ask(api, "/api/v1/prices/bitcoin")["rows"]) == 12


def test_charts_take_what_lwc_is(api):
    points = ask(api, f"/api/v1/prices/bitcoin?{window()}&format=lwc")
    assert points[5] == {"time": ms(DAY + 5 * HOUR) // 1000, "open": 105.5, "high": 105.5, "low": 105.5, "close": 105.5}
    assert ask(api, f"/api/v1/prices/bitcoin?{window()}&format=lwc&source=coinpaprika") == []


# The latest.

def test_the_latest_price_says_whose_it_is_and_how_old(api):
    answer = api.get("/api/v1/prices/latest/ETH?source=kraken")
    found = answer.json()
    assert list(found) == ["asset", "currency", "price", "source", "state", "sources", "observed_at", "age_seconds", "stale", "doubt"]
    assert (found["asset"], found["price"], found["source"], found["state"]) == ("ethereum", 340, "kraken", "stale")
    assert found["observed_at"] == iso(DAY + 40 * MINUTE) and found["age_seconds"] > 86400 and found["stale"]
    assert api.get("/api/v1/prices/latest/ETH?source=kraken").headers["Cache-Status"] == "tidemark;hit"
    [row] = of_csv(api.get("/api/v1/prices/latest/ETH?source=kraken&format=csv"))
    assert (row["price"], row["state"], row["stale"]) == ("340", "stale", "true")
    assert ask(api, "/api/v1/prices/latest/ETH?source=kraken&numbers=string")["price"] == "340"


def test_the_price_of_before_is_one_of_two_that_disagree(api):
    found = ask(api, f"/api/v1/prices/latest/ethereum?as_of={ms(DAY + 41 * MINUTE)}")
    assert (found["price"], found["source"], found["state"]) == (None, None, "disagreement")


@pytest.mark.parametrize("granularity, opens, close, inputs", [("1h", 11 * HOUR, 111, 1), ("4h", 8 * HOUR, 111, 4),
                                                               ("15m", 105 * MINUTE, 24, 3)])
def test_the_latest_candle_is_the_last_one(api, granularity, opens, close, inputs):
    found = ask(api, f"/api/v1/prices/latest/bitcoin?granularity={granularity}&source=binance")
    assert (found["time"], found["close"], found["inputs"], found["source"]) == (iso(DAY + opens), close, inputs, "binance")
    assert found["stale"] and found["age_seconds"] > 0 and found["granularity"] == granularity


def test_a_candle_that_nobody_has_is_null(api):
    found = ask(api, "/api/v1/prices/latest/ethereum?granularity=1d")
    assert (found["asset"], found["granularity"], found["source"], found["time"], found["close"]) == ("ethereum", "1d", None, None, None)
    assert found["stale"] is False and found["age_seconds"] is None


# fill=previous.

MISSING = [iso(DAY + minutes * MINUTE) for minutes in (50, 55, 60, 65)]


def test_what_is_missing_between_candles_is_filled_and_says_so(api):
    rows = ask(api, f"/api/v1/prices/bitcoin?{window()}&granularity=5m&fill=previous")["rows"]
    assert [row["time"] for row in rows] == [iso(DAY + 5 * place * MINUTE) for place in range(24)]
    assert [row["time"] for row in rows if row["filled"]] == MISSING
    filled = rows[10]
    assert (filled["open"], filled["close"], filled["volume"], filled["final"]) == (10, 10, None, False)
    assert "filled" not in ask(api, f"/api/v1/prices/bitcoin?{window()}&granularity=5m")["rows"][0]


def test_every_window_is_a_stretch_of_the_filled_series(api):
    whole = ask(api, f"/api/v1/prices/bitcoin?{window()}&granularity=5m&fill=previous")["rows"]
    for start, end in ((11, 13), (11, 24), (0, 12), (10, 14), (12, 13)):
        part = window(DAY + start * 5 * MINUTE, DAY + end * 5 * MINUTE)
        answer = ask(api, f"/api/v1/prices/bitcoin?{part}&granularity=5m&fill=previous")
        assert (answer["rows"], answer["next_cursor"]) == (whole[start:end], None), start
    for limit in (1, 7, 11):
        assert pages(api, f"/api/v1/prices/bitcoin?{window()}&granularity=5m&fill=previous&limit={limit}")[0] == whole, limit


def test_nobody_traded_is_a_volume_of_zero(api):
    api.system.query(
        "INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,"
        " first_seen_at, checked_at, next_try_at) SELECT source_id, quote_id, asset_id, 300, %s, %s, 'no_trade', 'open', now(),"
        " now(), now() FROM series WHERE interval_s = 300 RETURNING 1", DAY + 50 * MINUTE, DAY + 60 * MINUTE)
    rows = ask(api, f"/api/v1/prices/bitcoin?{window(end=DAY + 23 * HOUR)}&granularity=5m&fill=previous")["rows"]
    assert [row["volume"] for row in rows if row["filled"]] == [0, 0, None, None]


# Any filter.

def test_rows_of_everything_come_by_series_then_by_time(api):
    answer = ask(api, f"/api/v1/prices?{window()}")
    assert [(row["asset"], row["currency"], row["source"]) for row in answer["rows"]] == (
        [("bitcoin", "usd", "binance")] * 12 + [("bitcoin", "usd", "kraken")] * 6 + [("bitcoin", "eur", "coinbase")] * 4
        + [("ethereum", "usd", "binance")])
    assert list(answer["rows"][0])[:9] == ["asset", "currency", "granularity", "source", "time", "open", "high", "low", "close"]
    for limit in (1, 5, 12, 18, 22):
        rows, _ = pages(api, f"/api/v1/prices?{window()}&limit={limit}")
        assert rows == answer["rows"], limit


@pytest.mark.parametrize("query, wanted", [
    ("asset=BTC", 22), ("asset=bitcoin,eth", 23), ("quote=eur", 4), ("currency=eur,usd", 23), ("source=kraken", 6),
    ("source=kraken,coinbase", 10), ("asset=ethereum&source=kraken", 0), ("asset=bitcoin&quote=usd&source=binance", 12),
    ("granularity=4h", 7), ("granularity=5m", 20), ("granularity=tick", 10), ("granularity=tick&source=kraken", 5),
    ("granularity=1w", 0)])
def test_any_combination_filters(api, query, wanted):
    rows = ask(api, f"/api/v1/prices?{window()}&{query}")["rows"]
    assert len(rows) == wanted
    assert pages(api, f"/api/v1/prices?{window()}&{query}&limit=4")[0] == rows


@pytest.mark.parametrize("query", ["granularity=5m&fill=previous", "granularity=15m", f"as_of={ms(DAY + 13.5 * HOUR)}", "granularity=tick",
                                   f"as_of={ms(DAY + 13.5 * HOUR)}&granularity=4h"])
def test_all_rows_are_those_of_the_pages(api, query):
    target = f"/api/v1/prices/bitcoin?{window(end=DAY + 22 * HOUR)}&{query}"  # a window of its own in the cache
    rows = ask(api, target)["rows"]
    assert [json.loads(line) for line in api.get(target + "&format=ndjson").text.splitlines()] == rows
    assert pages(api, target + "&limit=3")[0] == rows


def test_rows_are_lines_as_well(api):
    rows = ask(api, f"/api/v1/prices?{window()}")["rows"]
    answer = api.get(f"/api/v1/prices?{window()}&format=ndjson&limit=100")
    assert [json.loads(line) for line in answer.text.splitlines()] == rows


# What is refused, before anything is asked.

@pytest.mark.parametrize("target, parameter, code", [
    ("/api/v1/prices/bitcoin?start_time=1763712000", "start_time", "parameter.range"),  # seconds
    ("/api/v1/prices/bitcoin?start_time=2026-01-02&end_time=2026-01-02", "end_time", "parameter.range"),
    ("/api/v1/prices/bitcoin?start_time=2099-01-01", "start_time", "parameter.range"),
    ("/api/v1/prices/bitcoin?as_of=2099-01-01", "as_of", "parameter.range"),
    ("/api/v1/prices/bitcoin?granularity=5m&start_time=2010-01-01&as_of=2026-01-01", "start_time", "parameter.range"),
    ("/api/v1/prices/bitcoin?limit=5001", "limit", "parameter.range"),
    ("/api/v1/prices/bitcoin?limit=0", "limit", "parameter.range"),
    ("/api/v1/prices/bitcoin?granularity=2h", "granularity", "parameter.choice"),
    ("/api/v1/prices/bitcoin?granularity=tick&fill=previous", "fill", "parameter.conflict"),
    ("/api/v1/prices/bitcoin?granularity=tick&format=lwc", "granularity", "parameter.conflict"),
    ("/api/v1/prices/bitcoin?numbers=string&format=lwc", "numbers", "parameter.conflict"),
    ("/api/v1/prices/bitcoin?cursor=abc", "cursor", "cursor.invalid"),
    ("/api/v1/prices?cursor=abc", "cursor", "cursor.invalid"),
    ("/api/v1/prices?asset=", "asset", "parameter.empty"),
    ("/api/v1/prices?asset=bitcoin,", "asset", "parameter.empty"),
    ("/api/v1/prices?source=binance,nobody", "source", "parameter.unknown"),
    ("/api/v1/prices?quote=usd&currency=eur", "currency", "parameter.conflict"),
    ("/api/v1/prices?format=lwc", "format", "parameter.choice"),
    ("/api/v1/prices?as_of=2099-01-01", "as_of", "parameter.range"),
    ("/api/v1/prices?as_of=2026-11-20&start_time=2009-01-01", "start_time", "parameter.range"),
    ("/api/v1/prices?as_of=2026-11-20&format=csv", "start_time", "parameter.range"),
    ("/api/v1/prices/latest/bitcoin?granularity=tick", "granularity", "parameter.choice"),
    ("/api/v1/prices/latest/bitcoin?granularity=1h&as_of=2026-01-01", "as_of", "parameter.conflict")])
def test_bad_input_names_the_parameter(api, target, parameter, code):
    answer = ask(api, target, 400)
    assert (answer["parameter"], answer["code"]) == (parameter, code) and answer["allowed"]


def test_a_cursor_belongs_to_what_it_was_given_for(api):
    cursor = ask(api, f"/api/v1/prices?{window()}&limit=2")["next_cursor"]
    assert ask(api, f"/api/v1/prices?{window()}&limit=3&cursor={cursor}")["rows"]
    assert ask(api, f"/api/v1/prices?{window()}&source=binance&limit=2&cursor={cursor}", 400)["code"] == "cursor.invalid"


def test_each_row_comes_once_whatever_is_stored_meanwhile(api):
    """Before every page two sources get a candle more, at their beginning and at their end."""
    rows, start = api.rows, DAY - 240 * HOUR
    for source in ("coinbase", "kraken"):
        rows.candles(source, "solana", "usd", start + 20 * HOUR, [str(n) for n in range(10)], known_at=DAY)
    target = f"/api/v1/prices?asset=solana&{window(start, start + 100 * HOUR)}&limit=4"
    first = ask(api, target)
    found, cursor, turn = first["rows"], first["next_cursor"], 0
    known = {(source, iso(start + (20 + n) * HOUR)) for source in ("coinbase", "kraken") for n in range(10)}
    while cursor:
        turn += 1
        for source in ("coinbase", "kraken", "binance"):
            rows.candles(source, "solana", "usd", start + (20 - turn) * HOUR, ["5"], known_at=DAY)
            rows.candles(source, "solana", "usd", start + (29 + turn) * HOUR, ["6"], known_at=DAY)
        page = ask(api, f"{target}&cursor={cursor}")
        found, cursor = found + page["rows"], page["next_cursor"]
    keys = [(row["source"], row["time"]) for row in found]
    assert len(set(keys)) == len(keys) and known <= set(keys)
