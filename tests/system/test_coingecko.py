"""
CoinGecko's API as their clients ask for it, against rows that are easy to check by eye. One API process
for all of the file.
"""
import decimal
import json
import pathlib
import time

import pytest

from coin_rows import CoinRows
from known_rows import NoProviders
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("coingecko")  # one process makes what they share

JSON = "application/json; charset=utf-8"
RECORDED = pathlib.Path(__file__).resolve().parent.parent / "recorded/coingecko"


@pytest.fixture(scope="module")
def rows(services, tmp_path_factory):
    system = Tidemark(services, "coingecko", tmp_path_factory.mktemp("coingecko"), NoProviders())
    try:
        yield CoinRows(system.create())
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(rows):
    rows.add_coins()
    rows.latest("coinbase", "bitcoin", "usd", "64000.505", age_s=30)
    rows.latest("coingecko", "bitcoin", "usd", "64000.505", market_cap="1300000000000", volume="30000000000", change="-1.5")
    rows.latest("kraken", "bitcoin", "eur", "58000.25")
    rows.latest("coingecko", "ethereum", "usd", "3200", market_cap="380000000000", volume="15000000000", change="2.25", age_s=20)
    rows.latest("binance", "tether", "usd", "1.0004", market_cap="110000000000", volume="50000000000")
    rows.latest("coingecko", "pepe", "usd", "0.000000012345678901234567", market_cap="5000000")
    rows.latest("coingecko", "pepe-fake", "usd", "0.5", market_cap="10")
    rows.latest("coinbase", "dogecoin", "usd", "0.1")
    rows.latest("kraken", "dogecoin", "usd", "0.2")
    yield rows.tidemark.start_api(RATE_LIMIT_PER_MINUTE="100000")


def get(api, path, status=200):
    answer = api.get("/api/v3" + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON), answer.text
    return answer.json()


# /simple

def test_a_price_is_every_digit_that_is_known(api):
    answer = api.get("/api/v3/simple/price?ids=pepe&vs_currencies=usd")
    assert answer.text == '{"pepe":{"usd":0.000000012345678901234567}}\n'


@pytest.mark.parametrize("precision, told", [("full", "64000.505"), ("2", "64000.51"), ("0", "64001"), ("18", "64000.505")])
def test_precision_rounds_half_up(api, precision, told):
    answer = api.get(f"/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&precision={precision}")
    assert answer.text == f'{{"bitcoin":{{"usd":{told}}}}}\n'


def test_what_is_wanted_besides_is_told_and_nothing_else(api):
    now = time.time()
    told = get(api, "/simple/price?ids=bitcoin,pepe&vs_currencies=usd&include_market_cap=true&include_24hr_vol=True"
                    "&include_24hr_change=true&include_last_updated_at=true")
    updated = [told[coin].pop("last_updated_at") for coin in ("bitcoin", "pepe")]
    assert all(isinstance(at, int) and now - 100 < at <= now + 1 for at in updated)
    assert told == {
        "bitcoin": {"usd": 64000.505, "usd_market_cap": 1300000000000, "usd_24h_vol": 30000000000, "usd_24h_change": -1.5},
        "pepe": {"usd": 1.2345678901234567e-08, "usd_market_cap": 5000000, "usd_24h_vol": None, "usd_24h_change": None}}
    assert get(api, "/simple/price?ids=bitcoin&vs_currencies=usd&include_market_cap=false") == {"bitcoin": {"usd": 64000.505}}


def test_names_are_taken_as_clients_write_them(api):
    for ids in ("Bitcoin,ETHEREUM", "bitcoin,%20ethereum", "bitcoin%2Cethereum,nope", " bitcoin , ethereum ,,"):
        assert get(api, f"/simple/price/?ids={ids}&vs_currencies=USD&vs_currencies=Usd,zzz&x=1&ids={ids}") == {
            "bitcoin": {"usd": 64000.505}, "ethereum": {"usd": 3200}}, ids


def test_what_does_not_exist_is_left_out(api):
    assert get(api, "/simple/price?ids=nope,neither&vs_currencies=usd") == {}
    assert get(api, "/simple/price?ids=bitcoin&vs_currencies=zzz") == {"bitcoin": {}}
    assert get(api, "/simple/price?ids=silent&vs_currencies=usd&include_last_updated_at=true") == {"silent": {}}
    assert get(api, "/simple/price?ids=dogecoin&vs_currencies=usd,eur") == {"dogecoin": {}}, "the sources disagree"


def test_coins_by_name_and_by_symbol(api):
    assert get(api, "/simple/price?names=Bitcoin,ethereum&vs_currencies=usd") == {
        "Bitcoin": {"usd": 64000.505}, "ethereum": {"usd": 3200}}
    assert get(api, "/simple/price?symbols=BTC,pepe&vs_currencies=usd&precision=3") == {
        "btc": {"usd": 64000.505}, "pepe": {"usd": 0}}, "the larger one"
    assert set(get(api, "/simple/price?symbols=pepe&vs_currencies=usd&include_tokens=all")) == {"pepe", "pepe-fake"}
    assert set(get(api, "/simple/price?ids=ethereum&names=Bitcoin&symbols=pepe&vs_currencies=usd")) == {"ethereum"}
    assert set(get(api, "/simple/price?names=Bitcoin&symbols=pepe&vs_currencies=usd")) == {"Bitcoin"}


def test_markets_of_several_coins_with_one_symbol_are_the_largests_alone(api):
    def ids(query):
        return [row["id"] for row in get(api, f"/coins/markets?vs_currency=usd&symbols=PEPE,btc{query}")]
    assert ids("") == ids("&include_tokens=top") == ["bitcoin", "pepe"]
    assert ids("&include_tokens=all") == ["bitcoin", "pepe", "pepe-fake"]


def test_prices_are_converted_by_what_bitcoin_costs(api):
    told = api.get("/api/v3/simple/price?ids=ethereum,bitcoin&vs_currencies=eur,btc,usd&include_24hr_change=true&include_market_cap=true")
    bitcoin, ether = told.json()["bitcoin"], told.json()["ethereum"]
    assert (bitcoin["eur"], bitcoin["btc"]) == (58000.25, 1)
    assert ether["usd_24h_change"] == 2.25 and ether["eur_24h_change"] is None, "a change is not converted"
    exact = decimal.Context(prec=18).divide(3200 * decimal.Decimal("58000.25"), decimal.Decimal("64000.505"))
    assert f'"eur":{exact},' in told.text
    assert bitcoin["eur_market_cap"] == pytest.approx(1300000000000 * 58000.25 / 64000.505, rel=1e-15)
    assert ether["btc"] == pytest.approx(3200 / 64000.505, rel=1e-15)
    assert ether["eur_market_cap"] == pytest.approx(380000000000 * 58000.25 / 64000.505, rel=1e-15)
    assert get(api, "/simple/price?ids=bitcoin&vs_currencies=jpy") == {"bitcoin": {}}, "nobody knows that rate"


def test_names_may_be_spelled_in_any_letters(api):
    letters = "%D0%B1,%E2%82%AC"
    assert get(api, f"/simple/price?ids={letters},bitcoin&vs_currencies={letters},usd") == {"bitcoin": {"usd": 64000.505}}
    assert get(api, f"/simple/price?symbols={letters}&vs_currencies=usd") == {}
    assert get(api, f"/coins/markets?vs_currency=usd&ids={letters}&order={letters}&price_change_percentage={letters}") == []
    assert get(api, f"/coins/{letters}", 404) == get(api, f"/coins/{letters}/ohlc?vs_currency=usd&days=1", 404) == {
        "error": "coin not found"}
    assert get(api, f"/coins/markets?vs_currency={letters}", 400) == {"error": "invalid vs_currency"}


@pytest.mark.parametrize("path, status, text", [
    ("/simple/price?ids=bitcoin", 422, "Missing parameter vs_currencies"),
    ("/simple/price?vs_currencies=usd", 422, "Missing parameter ids"),
    ("/simple/price?ids=&vs_currencies=usd", 422, "Missing parameter ids"),
    ("/simple/price", 422, "Missing parameter vs_currencies"),
])
def test_what_is_missing_is_422(api, path, status, text):
    assert get(api, path, status) == {"error": text}


def test_bad_values_name_their_parameter(api):
    for path, name in (("/simple/price?ids=bitcoin&vs_currencies=usd&precision=19", "precision"),
                       ("/simple/price?ids=bitcoin&vs_currencies=usd&include_market_cap=maybe", "include_market_cap")):
        assert get(api, path, 400)["error"].startswith(name + ":")


def test_supported_currencies(api):
    assert get(api, "/simple/supported_vs_currencies") == ["btc", "eth", "eur", "usd", "usdt"], "coins can be converted into"


def test_a_price_is_tagged_and_cached(api):
    first = api.get("/api/v3/simple/price?ids=ethereum&vs_currencies=usd")
    again = api.get("/api/v3/simple/price?ids=ethereum&vs_currencies=usd", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    same = api.get("/api/v3/simple/price?vs_currencies=USD&ids=%20ETHEREUM&x_cg_demo_api_key=K")
    assert same.headers["ETag"] == first.headers["ETag"]


# Beside answers of CoinGecko's own.

def shape(value):
    """Members and types, whatever the values: numbers are numbers, an array is as its first element."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.parametrize("file, path", [
    ("ping.json", "/ping"),
    ("simple_price_btc_usd.json", "/simple/price?ids=bitcoin&vs_currencies=usd"),
    ("simple_price_unknown_vs_currency.json", "/simple/price?ids=bitcoin&vs_currencies=ethereum"),
    ("errors/404_unknown_coin.json", "/coins/btc/"),
    ("errors/422_missing_ids.json", "/simple/price?vs_currencies=usd"),
    ("errors/422_missing_vs_currency.json", "/coins/markets"),
])
def test_an_answer_has_the_shape_of_the_recorded_one(api, file, path):
    assert shape(api.get("/api/v3" + path).json()) == shape(json.loads((RECORDED / file).read_text()))
