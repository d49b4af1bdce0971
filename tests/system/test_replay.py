"""The replay server speaks the providers' dialects, repeats itself exactly, and misbehaves on order."""
import gzip
import json
import pathlib
import socket
import time
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.digits import decimal_of, fixed, float_like, rescale, trimmed, units_of
from replay.market import DAY_MS, Market
from replay.oracle import Oracle, iso, of_iso
from replay_client import Replay

RECORDED = pathlib.Path(__file__).resolve().parent.parent / "recorded"
NOW_MS = 1_795_251_234_567  # 2026-11-21T08:53:54.567Z
HOUR_MS = 3_600_000
KLINES = "/binance/api/v3/klines?symbol={}&interval={}&startTime={}&endTime={}&limit={}"
MARKETS = "/coingecko/api/v3/coins/markets?vs_currency=usd&per_page=250&page={}&precision=full"


@pytest.fixture(scope="module")
def fixed_replay(tmp_path_factory):
    """A server whose clock stands still."""
    server = Replay(tmp_path_factory.mktemp("replay"), seed=7, now_ms=NOW_MS)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def market():
    return Market(7, RECORDED)


def rows(server, path):
    answer = server.get(path)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def recorded(name):
    return json.loads((RECORDED / name).read_text())


# The same question has the same answer.

QUESTIONS = (
    MARKETS.format(1),
    "/coingecko/api/v3/coins/bitcoin/market_chart?vs_currency=eur&days=1",
    "/coingecko/api/v3/coins/dogecoin/market_chart?vs_currency=usd&days=30",
    "/coingecko/api/v3/coins/solana/market_chart?vs_currency=usd&days=365",
    "/coingecko/api/v3/simple/price?ids=bitcoin,cardano&vs_currencies=usd,btc",
    "/coinpaprika/v1/tickers?quotes=USD",
    "/coinpaprika/v1/coins",
    "/binance/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22,%22XRPUSDT%22%5D",
    "/binance/api/v3/klines?symbol=ETHUSDT&interval=5m",
    "/binance/api/v3/exchangeInfo",
    "/coinbase/products",
    "/coinbase/products/BTC-USD/ticker",
    "/coinbase/products/SOL-USD/stats",
    "/coinbase/products/ETH-USD/candles?granularity=3600",
    "/kraken/0/public/AssetPairs",
    "/kraken/0/public/Ticker?pair=XXBTZUSD,XDGUSD",
    "/kraken/0/public/OHLC?pair=XDGUSD&interval=5",
)


def test_another_server_with_the_same_seed_gives_the_same_bytes(fixed_replay, tmp_path):
    other = Replay(tmp_path, seed=7, now_ms=NOW_MS)
    try:
        other.start()
        for path in reversed(QUESTIONS):
            assert other.get(path).content == fixed_replay.get(path).content, path
    finally:
        other.stop()


def test_another_seed_is_another_market(fixed_replay, tmp_path):
    other = Replay(tmp_path, seed=8, now_ms=NOW_MS)
    try:
        other.start()
        path = "/binance/api/v3/ticker/price?symbol=BTCUSDT"
        assert other.get(path).content != fixed_replay.get(path).content
    finally:
        other.stop()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(symbol=st.sampled_from(["BTCUSDT", "DOGEUSDT", "ETHBTC"]),
       interval=st.sampled_from([("5m", 300), ("1h", 3600), ("1d", 86400)]),
       back=st.integers(2, 900), count=st.integers(2, 400), split=st.integers(1, 399))
def test_two_pages_are_one_long_one(fixed_replay, symbol, interval, back, count, split):
    name, width = interval[0], interval[1] * 1000
    begin = NOW_MS // width * width - back * width
    middle, end = begin + min(split, count - 1) * width, begin + count * width - 1
    whole = rows(fixed_replay, KLINES.format(symbol, name, begin, end, 1000))
    first = rows(fixed_replay, KLINES.format(symbol, name, begin, middle - 1, 1000))
    second = rows(fixed_replay, KLINES.format(symbol, name, middle, end, 1000))
    assert first + second == whole


@settings(max_examples=40, deadline=None)
@given(source_symbol=st.sampled_from([("binance", "BTCUSDT"), ("coinbase", "XRP-USD"),
                                      ("binance", "DOGEBTC"), ("coinbase", "ETH-EUR")]),
       day=st.integers(17500, 20700))
def test_a_day_is_its_hours_and_its_hours_their_steps(market, source_symbol, day):
    begin = day * DAY_MS
    one = market.candles(*source_symbol, 86400, begin, begin + DAY_MS, NOW_MS)[0]
    for interval in (3600, 300):
        parts = market.candles(*source_symbol, interval, begin, begin + DAY_MS, NOW_MS)
        assert all(0 < part.low <= min(part.open, part.close) and
                   max(part.open, part.close) <= part.high for part in parts)
        assert (one.open, one.close) == (parts[0].open, parts[-1].close)
        assert one.high == max(part.high for part in parts)
        assert one.low == min(part.low for part in parts)
        assert one.volume == sum(part.volume for part in parts)


@settings(max_examples=60, deadline=None)
@given(units=st.integers(-10**30, 10**30), places=st.integers(0, 24))
def test_numbers_are_exact_text(units, places):
    exact = decimal_of(units, places)
    for text in (fixed(units, places), trimmed(units, places), float_like(units, places)):
        assert Decimal(text) == exact and units_of(text, places) == units, text
    assert rescale(units, places, places + 3) == units * 1000


# What a provider's answer looks like.

def keys_of(row):
    return set(row)


def test_markets_have_the_recorded_keys(fixed_replay):
    wanted = {key for key in recorded("coingecko/coins_markets_usd_250rows_2022-02-23.json")[1]
              if not key.endswith("_in_currency")}
    found = rows(fixed_replay, MARKETS.format(1))
    assert len(found) == 250
    assert all(keys_of(row) == wanted for row in found)


def test_markets_carry_the_traps_of_the_real_thing(fixed_replay):
    text = fixed_replay.get(MARKETS.format(1)).text
    found = json.loads(text)
    assert "e-0" in text, "numbers with exponents"
    assert any(row["max_supply"] is None for row in found)
    assert any(row["high_24h"] is None for row in found)
    assert isinstance(found[0]["market_cap"], int) and isinstance(found[1]["current_price"], float)


def test_pages_end_with_an_empty_one(fixed_replay):
    second = rows(fixed_replay, MARKETS.format(2))
    assert 0 < len(second) < 250
    assert rows(fixed_replay, MARKETS.format(3)) == []


def test_ids_choose_and_unknown_ones_are_left_out(fixed_replay):
    path = MARKETS.format(1) + "&ids=bitcoin,nonsense,ethereum"
    assert [row["id"] for row in rows(fixed_replay, path)] == ["bitcoin", "ethereum"]


@pytest.mark.parametrize("days, count", [(1, 289), (30, 721), (365, 366)])
def test_a_chart_has_as_many_points_as_the_real_one(fixed_replay, days, count):
    path = f"/coingecko/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days={days}"
    chart = rows(fixed_replay, path)
    assert keys_of(chart) == {"prices", "market_caps", "total_volumes"}
    assert all(abs(len(series) - count) <= 1 for series in chart.values())
    assert any(point[0] == NOW_MS for point in chart["prices"][-2:]), "the last point is now"


def test_tickers_have_the_recorded_keys(fixed_replay):
    wanted = recorded("binance/ticker_24hr_two_symbols.json")
    path = "/binance/api/v3/ticker/24hr?symbols=" + quote('["BTCUSDT","ETHUSDT"]')
    found = rows(fixed_replay, path)
    assert [keys_of(row) for row in found] == [keys_of(row) for row in wanted]
    assert all(isinstance(found[0][key], type(wanted[0][key])) for key in wanted[0])


def test_a_halted_pair_has_zeros(fixed_replay):
    row = rows(fixed_replay, "/binance/api/v3/ticker/24hr?symbol=BCCBTC")
    assert (row["lastPrice"], row["count"], row["firstId"]) == ("0.00000000", 0, -1)


def test_klines_have_the_recorded_columns(fixed_replay):
    wanted = recorded("binance/klines_BTCUSDT_5m_24rows.json")[0]
    found = rows(fixed_replay, "/binance/api/v3/klines?symbol=BTCUSDT&interval=5m&limit=1000")
    assert len(found) == 1000
    assert [type(cell) for cell in found[0]] == [type(cell) for cell in wanted]


def test_the_last_kline_is_unfinished(fixed_replay):
    last = rows(fixed_replay, "/binance/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=2")[-1]
    assert last[0] < NOW_MS < last[6]


def test_both_ends_of_a_kline_window_count(fixed_replay):
    begin = NOW_MS // HOUR_MS * HOUR_MS - 100 * HOUR_MS
    path = KLINES.format("BTCUSDT", "1h", begin, begin + 3 * HOUR_MS, 1000)
    assert [row[0] for row in rows(fixed_replay, path)] == [
        begin + i * HOUR_MS for i in range(4)]


def test_from_a_start_the_oldest_come_first(fixed_replay):
    path = "/binance/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=0&limit=2"
    assert [row[0] for row in rows(fixed_replay, path)][0] == 1_483_228_800_000


def test_every_pair_of_the_exchange_has_a_price(fixed_replay):
    info = rows(fixed_replay, "/binance/api/v3/exchangeInfo")
    prices = {row["symbol"]: Decimal(row["price"])
              for row in rows(fixed_replay, "/binance/api/v3/ticker/price")}
    trading = {row["symbol"] for row in info["symbols"] if row["status"] == "TRADING"}
    assert len(trading) > 100 and all(prices[symbol] > 0 for symbol in trading)


@pytest.mark.parametrize("path, file", [
    ("/coinbase/products/BTC-USD", "coinbase/product_ETH-USDT.json"),
    ("/coinbase/products/BTC-USD/ticker", "coinbase/ticker_btc-usd_2017-10-03.json"),
    ("/coinbase/products/BTC-USD/stats", "coinbase/stats_ETH-USDT_2022-06-20.json"),
])
def test_coinbase_objects_have_the_recorded_keys(fixed_replay, path, file):
    assert keys_of(rows(fixed_replay, path)) == keys_of(recorded(file))


def coinbase_candles(server, symbol, begin_ms, end_ms, granularity):
    return server.get(f"/coinbase/products/{symbol}/candles?granularity={granularity}"
                      f"&start={iso(begin_ms)}&end={iso(end_ms)}")


def test_coinbase_candles_are_newest_first_and_have_gaps(fixed_replay):
    begin = NOW_MS // DAY_MS * DAY_MS - 2 * DAY_MS
    times = [row[0] for row in coinbase_candles(
        fixed_replay, "DOGE-USD", begin, begin + 287 * 300_000, 300).json()]
    assert times == sorted(times, reverse=True)
    assert 200 < len(times) < 288


@pytest.mark.parametrize("intervals, status", [(299, 200), (300, 400)])
def test_coinbase_counts_both_ends(fixed_replay, intervals, status):
    begin = NOW_MS // DAY_MS * DAY_MS - 30 * DAY_MS
    answer = coinbase_candles(fixed_replay, "BTC-USD", begin, begin + intervals * HOUR_MS, 3600)
    assert answer.status_code == status
    if status == 200:
        assert len(answer.json()) == 300
    else:
        assert answer.content == (RECORDED / "coinbase/errors/400_granularity.json").read_bytes()


def keyed(server, path):
    """CoinMarketCap's data."""
    answer = server.get("/coinmarketcap" + path, headers={"X-CMC_PRO_API_KEY": "any"})
    assert answer.status_code == 200, answer.text
    body = json.loads(answer.text, parse_float=Decimal)
    assert body["status"]["error_code"] == 0
    return body["data"]


def test_coinmarketcap_gives_nothing_without_a_key(fixed_replay):
    answer = fixed_replay.get("/coinmarketcap/v1/cryptocurrency/map")
    assert (answer.status_code, answer.json()["status"]["error_code"]) == (401, 1002)


def test_coinmarketcap_speaks_its_old_and_new_dialects(fixed_replay):
    path = "/v{}/cryptocurrency/listings/latest?start=3&limit=2&convert=EUR"
    wanted = recorded("coinmarketcap/listings_latest_100rows_2022-01-29.json")["data"][0]
    old, new = keyed(fixed_replay, path.format(1)), keyed(fixed_replay, path.format(3))
    assert [row["cmc_rank"] for row in old] == [3, 4] and set(old[0]) <= set(wanted)
    assert set(old[0]["quote"]["EUR"]) <= set(wanted["quote"]["USD"])
    assert [new[0]["quote"][0][name] for name in ("symbol", "price")] == [
        "EUR", old[0]["quote"]["EUR"]["price"]]
    path = "/v{}/cryptocurrency/quotes/latest?id=1,1027"
    assert set(keyed(fixed_replay, path.format(2))) == {"1", "1027"}
    assert [row["id"] for row in keyed(fixed_replay, path.format(3))] == [1, 1027]


def test_coinmarketcap_samples_come_a_little_late(fixed_replay):
    end = NOW_MS // HOUR_MS * HOUR_MS
    history = keyed(fixed_replay, "/v3/cryptocurrency/quotes/historical?id=74&interval=1h&count=9"
                    f"&time_start={iso(end - 5 * HOUR_MS)}&time_end={iso(end - HOUR_MS + 5000)}")
    late = [of_iso(point["timestamp"]) - end + (5 - i) * HOUR_MS
            for i, point in enumerate(history["quotes"])]
    assert len(late) == 5 and all(0 <= ms < 3000 for ms in late) and any(late)


@pytest.mark.parametrize("path, status, code", [
    ("/v1/nothing", 404, 404),
    ("/v2/cryptocurrency/ohlcv/historical?id=1", 403, 1006),
    ("/v3/cryptocurrency/quotes/latest?id=9999999", 400, 400),
    ("/v3/cryptocurrency/listings/latest?convert=ZZZ", 400, 400),
    ("/v3/cryptocurrency/listings/latest?limit=5001", 400, 400),
    ("/v3/cryptocurrency/quotes/historical?id=1&interval=1h&time_start=2017-01-01T00:00:00.000Z"
     "&time_end=2017-01-02T00:00:00.000Z", 403, 1006),
])
def test_coinmarketcap_says_no_by_number(fixed_replay, path, status, code):
    answer = fixed_replay.get("/coinmarketcap" + path, headers={"X-CMC_PRO_API_KEY": "any"})
    assert (answer.status_code, answer.json()["status"]["error_code"]) == (status, code)


def test_coinpaprika_tickers_look_as_recorded(fixed_replay):
    wanted = recorded("coinpaprika/tickers_btc_2022-04-19.json")
    found = rows(fixed_replay, "/coinpaprika/v1/tickers/btc-bitcoin?quotes=USD,EUR")
    assert set(found) == set(wanted) and set(found["quotes"]) == {"USD", "EUR"}
    assert set(found["quotes"]["USD"]) <= set(wanted["quotes"]["USD"])
    tickers = rows(fixed_replay, "/coinpaprika/v1/tickers")
    assert [row["rank"] for row in tickers] == list(range(1, len(tickers) + 1))
    assert any(row["max_supply"] == 0 for row in tickers), "which means that there is none"
    coins = rows(fixed_replay, "/coinpaprika/v1/coins")
    assert any(row["rank"] == 0 and not row["is_active"] for row in coins)


@pytest.mark.parametrize("path, status", [
    ("/coins/nope", 404), ("/tickers/nope?quotes=USD", 404), ("/tickers?quotes=ZZZ", 400),
    ("/tickers/btc-bitcoin/historical?start=1&interval=1d", 402),
    ("/tickers/btc-bitcoin/historical?start=1795000000&interval=5m", 402),
    ("/coins/btc-bitcoin/ohlcv/historical?start=1795000000&interval=1d", 402),
    ("/tickers/btc-bitcoin/historical?start=yesterday&interval=1d", 400),
])
def test_coinpaprika_says_no_in_words(fixed_replay, path, status):
    answer = fixed_replay.get("/coinpaprika/v1" + path)
    assert answer.status_code == status and answer.json()["error"]


def test_coinpaprika_candles_need_a_key_and_end_with_an_unfinished_one(fixed_replay):
    begin = (NOW_MS // DAY_MS - 3) * DAY_MS // 1000
    found = json.loads(fixed_replay.get(
        f"/coinpaprika/v1/coins/eth-ethereum/ohlcv/historical?start={begin}&limit=9&interval=1d",
        headers={"Authorization": "any"}).text, parse_float=Decimal)
    wanted = recorded("coinpaprika/ohlcv_historical_eth_91rows.json")[0]
    assert len(found) == 4 and set(found[0]) == set(wanted)
    assert [row["time_close"].endswith("23:59:59Z") for row in found] == [True] * 3 + [False]


def test_coinpaprika_redirects_a_slash_at_the_end(fixed_replay):
    answer = fixed_replay.get("/coinpaprika/v1/coins/btc-bitcoin/", allow_redirects=False)
    assert answer.status_code == 301 and answer.headers["Content-Type"].startswith("text/html")


def kraken(server, path):
    answer = rows(server, "/kraken/0/public/" + path)
    assert answer["error"] == []
    return answer["result"]


def test_kraken_answers_under_its_own_names(fixed_replay):
    wanted = recorded("kraken/Ticker_BCHEUR_2017-10-03.json")["result"]["BCHEUR"]
    found = kraken(fixed_replay, "Ticker?pair=XBTUSD,XDGUSD,ETH/XBT")
    assert list(found) == ["XXBTZUSD", "XDGUSD", "XETHXXBT"]
    assert {key: type(value) for key, value in found["XDGUSD"].items()} == {
        key: type(value) for key, value in wanted.items()}


@pytest.mark.parametrize("path", ["OHLC?pair=XDGUSD&interval=5", "OHLC?pair=XDGUSD&interval=5&since=1"])
def test_kraken_keeps_720_candles_the_last_unfinished(fixed_replay, path):
    wanted = recorded("kraken/OHLC_LINKETH_1_720rows_2020-04.json")["result"]["LINKETH"][0]
    result = kraken(fixed_replay, path)
    found, step = result["XDGUSD"], 300
    assert len(found) == 720 and [type(cell) for cell in wanted] == [
        float if isinstance(cell, Decimal) else type(cell) for cell in found[0]]
    assert [row[0] - found[0][0] for row in found] == [i * step for i in range(720)]
    assert found[-1][0] * 1000 < NOW_MS < (found[-1][0] + step) * 1000
    assert result["last"] == found[-2][0]
    quiet = [at for at, row in enumerate(found) if row[7] == 0]
    assert quiet and all(found[at][1:] == [found[at - 1][4]] * 4 + ["0.0", "0.00000000", 0]
                         for at in quiet if at)


def test_kraken_gives_what_is_newer_than_since(fixed_replay):
    begin = NOW_MS // HOUR_MS * HOUR_MS // 1000 - 3 * 3600
    result = kraken(fixed_replay, f"OHLC?pair=XXBTZUSD&interval=60&since={begin}")
    assert [row[0] for row in result["XXBTZUSD"]] == [begin + i * 3600 for i in (1, 2, 3)]


@pytest.mark.parametrize("path, error", [
    ("Ticker?pair=XXBTZUSD,NOPE", "EQuery:Unknown asset pair"),
    ("OHLC?pair=NOPE&interval=60", "EQuery:Unknown asset pair"),
    ("OHLC?pair=XXBTZUSD&interval=7", "EGeneral:Invalid arguments"),
])
def test_kraken_errors_have_status_200(fixed_replay, path, error):
    assert rows(fixed_replay, "/kraken/0/public/" + path) == {"error": [error]}


@pytest.mark.parametrize("path, status, file", [
    ("/kraken/0/public/Ticker?pair=NOPE", 200, "kraken/errors/200_unknown_pair.json"),
    ("/binance/api/v3/klines?symbol=NOPE&interval=1h", 400,
     "binance/errors/400_-1121_invalid_symbol.json"),
    ("/coingecko/api/v3/coins/nope/market_chart?vs_currency=usd&days=1", 404,
     "coingecko/errors/404_unknown_coin.json"),
    ("/coingecko/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=366", 401,
     "coingecko/errors/401_10012_history_range.json"),
    ("/coingecko/api/v3/coins/markets", 422, "coingecko/errors/422_missing_vs_currency.json"),
])
def test_refusals_are_the_recorded_ones(fixed_replay, path, status, file):
    answer = fixed_replay.get(path)
    assert (answer.status_code, answer.content) == (status, (RECORDED / file).read_bytes())


def test_coinbase_wants_a_user_agent(fixed_replay):
    head, body, _ = raw(fixed_replay, "/coinbase/products", user_agent="")
    assert head.startswith("HTTP/1.1 400 ") and b"User-Agent header is required" in body


def test_binance_says_what_was_used(replay):
    used = [int(replay.get("/binance/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"])
            for _ in range(3)]
    assert used[0] < used[2] or used[2] <= 3, "it grows within the minute"


def test_recorded_bytes_come_as_they_are(fixed_replay):
    for path, file in (
            ("/coingecko/api/v3/coins/markets?vs_currency=usd",
             "coingecko/coins_markets_usd_250rows_2022-02-23.json"),
            ("/binance/api/v3/ticker/24hr", "binance/ticker_24hr_all_595_2019-08-22.json"),
            ("/coinbase/products", "coinbase/products_497_2022-06-20.json"),
            ("/coinmarketcap/v1/cryptocurrency/listings/latest",
             "coinmarketcap/listings_latest_100rows_2022-01-29.json"),
            ("/coinpaprika/v1/coins", "coinpaprika/coins_2022-05-30_cut.json"),
            ("/kraken/0/public/OHLC?pair=XXBTZUSD&interval=60",
             "kraken/OHLC_XXBTZUSD_60_720rows_2020-04.json")):
        assert fixed_replay.get("/recorded" + path).content == (RECORDED / file).read_bytes()


def test_the_oracle_agrees_with_what_is_served(fixed_replay):
    oracle = Oracle(7)
    begin = NOW_MS // HOUR_MS * HOUR_MS - 50 * HOUR_MS
    wanted = oracle.candles("binance", "BTCUSDT", "1h", begin, begin + 20 * HOUR_MS)
    found = rows(fixed_replay, KLINES.format("BTCUSDT", "1h", begin, begin + 20 * HOUR_MS - 1, 99))
    assert {row[0]: Decimal(row[4]) for row in found} == {
        at: candle["close"] for at, candle in wanted.items()}
    wanted = oracle.candles("kraken", "XDGUSD", "1h", begin, begin + 20 * HOUR_MS)
    found = {row[0] * 1000: row for row in kraken(
        fixed_replay, "OHLC?pair=XDGUSD&interval=60")["XDGUSD"]}
    assert all(Decimal(found[at][4]) == candle["close"] and found[at][7] == candle["trades"]
               for at, candle in wanted.items())
    for source, symbol in (("coinmarketcap", "1/usd"), ("coinpaprika", "btc-bitcoin/usd")):
        wanted = oracle.candles(source, symbol, "1d", begin - 9 * DAY_MS, begin)
        assert len(wanted) == 9 and all(candle["inputs"] == 1 for candle in wanted.values())
    served = oracle.served("coinbase", "/products/BTC-USD/ticker", NOW_MS)
    price = rows(fixed_replay, "/coinbase/products/BTC-USD/ticker")["price"]
    assert served.ticks["BTC-USD", NOW_MS]["price"] == Decimal(price)


# Misbehaviour, byte by byte.

PING = "/binance/api/v3/ping"


def raw(server, path=PING, timeout=5, user_agent="t"):
    """(head, body, how it ended) as they came over the wire."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {user_agent}\r\n"
                           "Connection: close\r\n\r\n".encode())
        data, ended = b"", "closed"
        try:
            while piece := connection.recv(65536):
                data += piece
        except ConnectionResetError:
            ended = "reset"
        except TimeoutError:
            ended = "open"
    head, _, body = data.partition(b"\r\n\r\n")
    return head.decode(), body, ended


@pytest.mark.parametrize("rule, status, words", [
    ({"status": 429, "headers": {"Retry-After": "-7 garbage"}}, 429,
     ["retry-after: -7 garbage", "-1003"]),
    ({"status": 418}, 418, ["Retry-After: 1", "banned"]),
    ({"status": 503, "body": "busy"}, 503, ["busy"]),
    ({"html": True}, 200, ["text/html", "<!DOCTYPE html>"]),
    ({"body": "[1,"}, 200, ["[1,"]),
    ({"recorded": "binance/errors/451_restricted_location.json"}, 451, ["restricted location"]),
    ({"header_flood": 3}, 200, ["x-flood-2: "]),
    ({"content_length": 7}, 200, ["content-length: 7", "{}"]),
    ({"content_length": 1}, 200, ["content-length: 1", "{}"]),
    ({"continues": 2}, 100, ["100 Continue", "200 OK", "{}"]),
])
def test_what_a_rule_makes_of_an_answer(replay, rule, status, words):
    replay.rule(source="binance", **rule)
    head, body, ended = raw(replay)
    text = head + "\r\n\r\n" + body.decode()
    assert text.startswith(f"HTTP/1.1 {status} ")
    assert all(word.lower() in text.lower() for word in words), text
    assert ended == "closed"


def test_garbage_has_its_length_and_repeats(replay):
    replay.rule(garbage=1000)
    first, second = raw(replay)[1], raw(replay)[1]
    assert len(first) == 1000 and first == second


def test_a_gzip_bomb_inflates(replay):
    replay.rule(gzip_bomb=3 << 20)
    head, body, _ = raw(replay)
    assert "content-encoding: gzip" in head and len(body) < 100_000
    assert len(gzip.decompress(body)) == 3 << 20


@pytest.mark.parametrize("size", [0, 1, 1000])
@pytest.mark.parametrize("rst, ended", [(False, "closed"), (True, "reset")])
def test_cut_after_so_many_bytes(replay, size, rst, ended):
    replay.rule(body="x" * 5000, cut_after=size, rst=rst)
    head, body, how = raw(replay)
    assert "content-length: 5000" in head
    assert (len(body), how) == (size, ended)


def test_a_cut_head(replay):
    replay.rule(cut_head=20)
    assert raw(replay)[0] == "HTTP/1.1 200 OK\r\ndat"


def test_a_cut_in_chunks_has_no_end(replay):
    replay.rule(body="x" * 5000, chunked=True, cut_after=1500)
    body = raw(replay)[1]
    assert body.startswith(b"3e8\r\n") and not body.endswith(b"0\r\n\r\n")


def test_reset_and_hang(replay):
    replay.rule(path="*ping*", reset=True, count=1)
    assert raw(replay) == ("", b"", "reset")
    replay.rule(path="*ping*", hang=True, count=1)
    assert raw(replay, timeout=0.3) == ("", b"", "open")
    assert raw(replay)[1] == b"{}", "the rules are used up"


def test_delay_and_trickle_take_time(replay):
    replay.rule(delay_ms=200, count=1)
    begin = time.monotonic()
    assert raw(replay)[1] == b"{}"
    assert time.monotonic() - begin >= 0.2
    replay.rule(body="abc", trickle={"bytes": 50, "every_ms": 20}, count=1)
    begin = time.monotonic()
    assert raw(replay)[1] == b"abc"
    assert time.monotonic() - begin >= 0.06


def test_skip_every_and_count_choose_requests(replay):
    number = replay.rule(path="*ping*", skip=1, every=2, count=2, status=500)
    found = [replay.get(PING).status_code for _ in range(8)]
    assert found == [200, 500, 200, 500, 200, 200, 200, 200]
    assert replay.rules()[0] == {"id": number, "seen": 8, "acted": 2, "rule": {
        "path": "*ping*", "skip": 1, "every": 2, "count": 2, "status": 500}}
    replay.remove_rules(number)
    assert replay.rules() == []


def test_a_mistaken_rule_is_refused(replay):
    answer = replay.session.post(replay.url + "/control/rules", json={"stauts": 500})
    assert answer.status_code == 400 and "stauts" in answer.json()["error"]


def test_the_log_says_what_was_asked(replay):
    replay.get(PING)
    replay.get("/coinbase/products/BTC-USD/ticker")
    entries = replay.requests()
    assert [(entry["source"], entry["target"], entry["status"]) for entry in entries] == [
        ("binance", "/api/v3/ping", 200), ("coinbase", "/products/BTC-USD/ticker", 200)]
    assert replay.requests(after=entries[0]["n"]) == entries[1:]
    assert replay.counts() == {"binance": 1, "coinbase": 1}


def test_the_clock_can_be_set(replay):
    assert replay.set_clock(now_ms=NOW_MS) == NOW_MS
    assert rows(replay, "/binance/api/v3/time") == {"serverTime": NOW_MS}
    replay.set_clock(offset_ms=-DAY_MS)
    served = rows(replay, "/binance/api/v3/time")["serverTime"]
    assert abs(served - (time.time() * 1000 - DAY_MS)) < 60_000
