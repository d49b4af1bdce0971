"""TradingView's datafeed under /udf, against a chart as strict as the stock adapter."""
import datetime
import time

import pytest
import requests

from market_rows import MarketRows, utc_now
from ports import free_port
from tidemark import Tidemark
from udf_chart import Chart, Rejected
from waiting import accepts, wait_for

pytestmark = pytest.mark.xdist_group("udf")

HOUR, DAY = 3600, 86400


@pytest.fixture(scope="module")
def market(services, replay_server, tmp_path_factory):
    """A database for all tests of this file; each takes an asset of its own, or only looks."""
    system = Tidemark(services, "udf", tmp_path_factory.mktemp("udf"), replay_server)
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum", "dogecoin"))
        rows = MarketRows(system)
        for source, currency, price in (("coinbase", "usd", "25864.63"), ("kraken", "usd", "25864.7"),
                                        ("binance", "usdt", "25870.10000000")):
            rows.set_price("bitcoin", currency, price, source=source, announce=False)
            for interval_s, count in ((300, 700), (HOUR, 400), (DAY, 70)):
                rows.add_candles("bitcoin", currency, range(100, 100 + count), interval_s, source)
        yield system
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(market):
    return market.start_api(RATE_LIMIT_PER_MINUTE="100000")


@pytest.fixture
def chart(api):
    return Chart(api.url + "/udf")


def now():
    return int(time.time())


# What a chart asks first.

def test_a_chart_is_told_what_there_is(chart):
    configuration = chart.configure()
    assert configuration["supports_group_request"] is False
    assert [configuration[f"supports_{name}"] for name in ("search", "marks", "timescale_marks", "time")] == [True] * 4
    assert configuration["supported_resolutions"] == ["5", "15", "30", "60", "240", "1D", "1W", "1M"]
    assert configuration["exchanges"][0] == {"value": "", "name": "All sources", "desc": ""}
    assert {"value": "binance", "name": "binance", "desc": "Binance"} in configuration["exchanges"]
    assert {"USD", "USDT", "USDC", "EUR"} <= set(configuration["currency_codes"])


def test_the_time_is_a_number_as_text(api, chart):
    answer = api.get("/udf/time")
    assert answer.headers["Content-Type"].startswith("text/plain") and answer.text.isdigit()
    assert abs(chart.server_time() - now()) <= 2


@pytest.mark.parametrize("name", ["BTCUSD", "AGG:BTCUSD", "agg:btcusd", "BTC/USD", "COINBASE:BTCUSD", "KRAKEN:BTCUSD"])
def test_a_market_is_found_by_its_names(chart, name):
    symbol = chart.resolve(name)
    exchange = name.partition(":")[0].upper() if ":" in name else "AGG"
    assert (symbol["name"], symbol["exchange"], symbol["listed_exchange"]) == ("BTCUSD", exchange, exchange)
    assert (symbol["description"], symbol["type"]) == ("Bitcoin / US Dollar", "crypto")
    assert (symbol["session"], symbol["timezone"]) == ("24x7", "Etc/UTC")
    assert (symbol["minmov"], symbol["pricescale"]) == (1, 100)
    assert symbol["supported_resolutions"] == ["5", "15", "30", "60", "240", "1D", "1W", "1M"]
    assert symbol["intraday_multipliers"] == ["5", "15", "30", "60", "240"]
    assert (symbol["visible_plots_set"], symbol["volume_precision"]) == ("ohlcv", 8)
    assert chart.resolve(symbol["ticker"]) == symbol, "what it is called finds it again"


def test_the_same_asset_in_another_currency(chart):
    symbol = chart.resolve("AGG:BTCUSD", currency="USDT")
    assert (symbol["name"], symbol["ticker"], symbol["currency_code"]) == ("BTCUSDT", "AGG:BTCUSDT", "USDT")
    assert chart.bars(symbol, "60", 0, now(), count=2)[0]


@pytest.mark.parametrize("name", ["NOPE", "BTCGBP", "BINANCE:BTCUSD", "NASDAQ:BTCUSD", "DOGEUSD", "' OR 1=1", "BTCUSD@ethereum"])
def test_an_unknown_market_is_an_error_that_is_no_symbol(api, chart, name):
    answer = api.get("/udf/symbols", params={"symbol": name})
    assert (answer.status_code, answer.json()) == (404, {"s": "error", "errmsg": "unknown_symbol"})
    with pytest.raises(Rejected):
        chart.resolve(name)


# Bars.

def test_bars_begin_where_they_are_said_to(chart):
    symbol = chart.resolve("BINANCE:BTCUSDT")
    for resolution, count, step in (("5", 12, 300), ("15", 12, 900), ("30", 8, 1800), ("60", 12, HOUR),
                                    ("240", 8, 4 * HOUR), ("1D", 10, DAY), ("1W", 5, 7 * DAY)):
        bars, _ = chart.bars(symbol, resolution, 0, now(), count=count)
        assert len(bars) == count
        assert all((bar["t"] - 4 * DAY) % step == 0 for bar in bars), f"{resolution}: weeks begin on Monday"
        assert {later["t"] - bar["t"] for bar, later in zip(bars[:-1], bars[1:])} == {step}
    months, _ = chart.bars(symbol, "1M", 0, now(), count=2)
    assert [datetime.datetime.fromtimestamp(bar["t"], datetime.timezone.utc).strftime("%d %H:%M:%S")
            for bar in months] == ["01 00:00:00"] * 2


@pytest.mark.parametrize("short, long", [("D", "1D"), ("W", "1W"), ("M", "1M")])
def test_a_resolution_may_leave_out_its_one(api, short, long):
    ask = "/udf/history?symbol=BINANCE:BTCUSDT&countback=3&resolution="
    assert api.get(ask + short).json() == api.get(ask + long).json()


def test_to_is_exclusive_and_countback_wins_over_from(chart):
    symbol = chart.resolve("BINANCE:BTCUSDT")
    whole, _ = chart.bars(symbol, "60", 0, now(), count=100)
    until = whole[-10]["t"]
    ended, _ = chart.bars(symbol, "60", until - HOUR, until, count=20)
    assert ended == whole[-30:-10]
    inside, _ = chart.bars(symbol, "60", until - 3 * HOUR, until)
    assert inside == whole[-13:-10]
    assert chart.bars(symbol, "60", until - 3 * HOUR - 1, until + 1)[0] == whole[-13:-9], "those that begin in it"


def test_numbers_are_exact(api, market):
    rows = MarketRows(market)
    rows.set_price("ethereum", "btc", "0.012345678901234567", source="binance", announce=False)
    rows.add_candles("ethereum", "btc", ["0.012345678901234567", "0.0123456789012345670"], source="binance")
    text = api.get("/udf/history?symbol=BINANCE:ETHBTC&resolution=60&countback=2&to=" + str(now() // HOUR * HOUR)).text
    assert '"c":[0.012345678901234567,0.0123456789012345670]' in text and '"v":[12.5,12.5]' in text


def test_where_nothing_is_older_there_is_no_data(chart):
    symbol = chart.resolve("BINANCE:BTCUSDT")
    assert chart.ask("history", symbol=symbol["ticker"], resolution="60", to=1000000000, countback=300) == {"s": "no_data"}
    assert chart.ask("history", symbol=symbol["ticker"], resolution="60", **{"from": 900000000}, to=1000000000) == {
        "s": "no_data"}


def test_where_something_is_older_it_is_said_when(chart, market):
    MarketRows(market).set_price("ethereum", "usdt", "7", source="binance", age_s=2 * DAY, announce=False)
    end = utc_now() - datetime.timedelta(days=3)
    MarketRows(market).add_candles("ethereum", "usdt", [1, 2, 3], source="binance", end=end)
    last = int(end.timestamp()) // HOUR * HOUR - HOUR
    hours = {"symbol": "BINANCE:ETHUSDT", "resolution": "60", "to": now() - DAY}
    assert chart.ask("history", **hours, **{"from": now() - 2 * DAY}) == {"s": "no_data", "nextTime": last}
    assert chart.ask("history", **hours, countback=2)["t"] == [last - HOUR, last], "a count is answered however far back"


# How a page reaches it.

def test_a_base_with_a_slash_or_a_key_is_the_same(api):
    plain = Chart(api.url + "/udf").resolve("AGG:BTCUSD")
    for base in ("/udf/", "/udf/k/SECRETKEY", "/udf/k/SECRETKEY/"):
        chart = Chart(api.url + base)
        assert chart.configure() and chart.resolve("AGG:BTCUSD") == plain
    assert "SECRETKEY" not in api.text() and "SECRETKEY" not in api.get("/metrics").text
    assert '"/udf/symbols"' in api.get("/metrics").text


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/udf", 404), ("GET", "/udf/nothing", 404), ("GET", "/udf/k/abc/nothing", 404), ("POST", "/udf/config", 405),
    ("GET", "/udf/history?symbol=AGG:BTCUSD", 400), ("GET", "/udf/history?symbol=AGG:BTCUSD&resolution=7&countback=2", 400),
    ("GET", "/udf/history?symbol=AGG:BTCUSD&resolution=60", 400), ("GET", "/udf/symbols", 400),
    ("GET", "/udf/history?symbol=NOPE&resolution=60&countback=2", 404), ("GET", "/udf/../udf", 400),
    ("GET", "/udf/config?x=%00", 400), ("GET", "/udf/" + "a" * 17000, 414),
])
def test_every_error_says_so_in_its_body(api, method, path, status):
    request = requests.Request(method, api.url).prepare()
    request.url = api.url + path  # as it is
    answer = api.session.send(request, timeout=10)
    assert (answer.status_code, answer.json()["s"]) == (status, "error")
    assert answer.json()["errmsg"] and "SECRET" not in answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_window_that_begins_before_time_is_all_there_is(api):
    """A chart that is drawn far to the left asks so."""
    ask = "/udf/history?symbol=BINANCE:BTCUSDT&resolution=1D"
    whole = api.get(f"{ask}&from=-5364662400&to={now()}&countback=0").json()
    assert len(whole["t"]) == 71 and whole == api.get(f"{ask}&countback=5000").json()


def test_the_bar_of_now_keeps_its_time_while_it_grows(api, market):
    """What a poll was told before is not told again once there is a newer price, at any replica, whatever is cached."""
    market.query("SELECT ensure_partition('ticks', now())")
    charts = [Chart(each.url + "/udf") for each in (api, market.start_api(RATE_LIMIT_PER_MINUTE="100000"))]
    for each in market.programs[-2:]:
        wait_for("events", lambda: each.get("/health").json()["rabbitmq"] == "connected")
    symbol = charts[0].resolve("BINANCE:BTCUSDT")
    for price in (5000, 7000, 6000):
        [(version,)] = market.query(
            "INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price)"
            " SELECT source_id, quote_id, asset_id, now(), 1, 1, %s FROM sources, quotes, assets"
            " WHERE sources.name = 'binance' AND code = 'usdt' AND slug = 'bitcoin' RETURNING pg_current_xact_id()::text", price)
        MarketRows(market).announce(version, prices=["bitcoin/usdt"])
        for chart in charts:
            wait_for(lambda: f"{price} in {chart.updates[-1:]}",
                     lambda: chart.pulse(symbol, "240", now()) or chart.updates[-1]["c"] == price)
    for chart in charts:
        times = [update["t"] for update in chart.updates]
        assert times == sorted(times)
        newest = [update for update in chart.updates if update["t"] == times[-1]]
        assert (newest[-1]["h"], newest[-1]["c"]) == (7000, 6000)
        seen = [update["c"] for update in newest if update["c"] in (5000, 6000, 7000)]
        assert seen == sorted(seen, key=[5000, 7000, 6000].index), "never an older price after a newer one"


# Search.

def test_what_is_typed_finds_markets_best_first(chart):
    found = chart.search("btc")
    assert [row["ticker"] for row in found[:5]] == ["AGG:BTCUSD", "COINBASE:BTCUSD", "KRAKEN:BTCUSD", "AGG:BTCUSDT",
                                                    "BINANCE:BTCUSDT"]
    assert found[0] == {"symbol": "BTCUSD", "full_name": "AGG:BTCUSD", "description": "Bitcoin / US Dollar",
                        "exchange": "AGG", "ticker": "AGG:BTCUSD", "type": "crypto"}


@pytest.mark.parametrize("typed, exchange, first", [
    ("BTCUSDT", "", "AGG:BTCUSDT"), ("BTC/USDT", "", "AGG:BTCUSDT"), ("bitcoin", "", "AGG:BTCUSD"), ("BTC", "binance", "BINANCE:BTCUSDT"),
    ("BTC", "AGG", "AGG:BTCUSD"), ("KRAKEN:BTC", "", "KRAKEN:BTCUSD"), ("", "", "AGG:BTCUSD"), ("itco", "", "AGG:BTCUSD"),
])
def test_it_is_found_by_what_people_type(chart, typed, exchange, first):
    assert chart.search(typed, exchange)[0]["ticker"] == first


@pytest.mark.parametrize("typed, exchange, kind", [("NOPE", "", ""), ("BTC", "nasdaq", ""), ("BTC", "", "stock"), ("'%_", "", ""),
                                                   ("\u00e4\u4e2d", "", "")])
def test_where_nothing_is_found_there_is_an_empty_list(chart, typed, exchange, kind):
    assert chart.ask("search", query=typed, exchange=exchange, type=kind, limit=30) == []


def test_of_namesakes_the_one_with_the_better_rank_has_the_name(market, chart):
    rows = MarketRows(market)
    market.insert("INSERT INTO assets (slug, symbol, name) VALUES %s", [("first-twin", "TWIN", "First Twin"),
                                                                        ("second-twin", "TWIN", "Second Twin")])
    for slug, source, price, rank in (("second-twin", "coinbase", "2", 500), ("first-twin", "kraken", "1", 90)):
        rows.set_price(slug, "usd", price, source=source, announce=False)
        market.query("INSERT INTO listings (source_id, quote_id, asset_id, rank, observed_at, run_id, payload_id)"
                     " SELECT 1, 1, asset_id, %s, now(), 1, 1 FROM assets WHERE slug = %s", rank, slug)
    fresh = market.start_api(RATE_LIMIT_PER_MINUTE="100000")  # it reads the catalogue when it starts
    chart = Chart(fresh.url + "/udf")
    assert chart.resolve("TWINUSD")["description"] == "First Twin / US Dollar (first-twin; 1 more is called TWIN)"
    assert chart.resolve("COINBASE:TWINUSD")["description"].startswith("Second Twin"), "who is traded there is meant"
    found = {row["ticker"]: row["description"] for row in chart.search("TWIN")}
    assert found == {"AGG:TWINUSD": "First Twin / US Dollar", "KRAKEN:TWINUSD": "First Twin / US Dollar",
                     "AGG:TWINUSD@second-twin": (by_id := "Second Twin / US Dollar (second-twin)"),
                     "COINBASE:TWINUSD": "Second Twin / US Dollar"}
    assert chart.resolve("AGG:TWINUSD@second-twin")["description"] == by_id
    assert {ticker: chart.resolve(ticker)["description"].split(" /")[0] for ticker in found} == {
        ticker: description.split(" /")[0] for ticker, description in found.items()}


def test_a_group_is_a_table(chart):
    table = chart.ask("symbol_info", group="binance")
    assert table["symbol"][0] == "BTCUSDT" and table["ticker"][0] == "BINANCE:BTCUSDT"
    assert table["exchange-listed"][0] == table["exchange-traded"][0] == "BINANCE"
    assert (table["pricescale"][0], table["session-regular"], table["has-intraday"]) == (100, "24x7", True)
    assert len({len(column) for column in table.values() if isinstance(column, list)} - {8}) == 1


def test_an_unknown_group_is_not_found(api):
    answer = api.get("/udf/symbol_info?group=NYSE")
    assert (answer.status_code, answer.json()["s"]) == (404, "error")


# Quotes.

def test_quotes_say_the_price_and_its_change_since_midnight(chart):
    ours, theirs, unknown = chart.quotes("AGG:BTCUSD", "BINANCE:BTCUSDT", "NOPE")
    assert (ours["s"], ours["n"], theirs["n"]) == ("ok", "AGG:BTCUSD", "BINANCE:BTCUSDT")
    assert unknown == {"s": "error", "n": "AGG:NOPE", "v": {}}
    values = theirs["v"]
    assert (values["short_name"], values["exchange"], values["description"]) == ("BTCUSDT", "BINANCE", "Bitcoin / Tether")
    assert values["lp"] == 25870.1 and values["prev_close_price"] == 169
    assert values["ch"] == pytest.approx(25870.1 - 169) and values["chp"] == pytest.approx((25870.1 - 169) / 1.69, abs=0.01)
    assert values["low_price"] <= values["open_price"] <= values["high_price"] == 25870.1
    assert ours["v"]["lp"] == 25864.665, "what all sources agree on"
    assert "ask" not in ours["v"], "nobody told"


def test_too_many_quotes_are_an_error(api):
    answer = api.get("/udf/quotes?symbols=" + ",".join(["AGG:BTCUSD"] * 51))
    assert (answer.status_code, answer.json()["s"]) == (400, "error")
    assert len(api.get("/udf/quotes?symbols=" + ",".join(["AGG:BTCUSD"] * 50)).json()["d"]) == 50


def test_a_limit_is_an_error_as_well_and_spares_what_a_chart_needs_first(market):
    limited = market.start_api(RATE_LIMIT_PER_MINUTE="1")
    ask = "/udf/symbols?symbol=BTCUSD"
    answers = [limited.get(ask) for _ in range(3)]
    assert answers[-1].status_code == 429 and answers[-1].json()["s"] == "error"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    chart = Chart(limited.url + "/udf")
    with pytest.raises(Rejected):
        chart.resolve("BTCUSD")
    assert chart.configure() and chart.server_time()


def test_without_a_database_a_chart_is_configured_and_told_to_wait(market):
    url, port = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", free_port()
    away = market.start("tidemark-api", "api", DATABASE_URL=url, API_LISTEN=f"127.0.0.1:{port}")
    wait_for("it listens", lambda: accepts(port))
    chart = Chart(f"http://127.0.0.1:{port}/udf")
    assert chart.configure()["exchanges"][0]["value"] == ""
    answer = requests.get(f"{chart.base}/history?symbol=BTCUSD&resolution=60&countback=2", timeout=10)
    assert (answer.status_code, answer.json()["s"]) == (503, "error") and int(answer.headers["Retry-After"]) >= 1
    away.must_run()
