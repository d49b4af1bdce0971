"""
Programs that were written for CoinGecko: its own library and two others, unchanged, in a real node, and the forms of
pycoingecko's requests. What differs is the address alone: as an option where there is one, else by a preload script.
"""
import json
import os
import subprocess
import time

import pytest
import requests

import npm_packages
from coin_rows import CoinRows
from known_rows import NoProviders
from programs import ROOT
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("coingecko_clients")  # one process makes what they share

CLIENTS = ROOT / "tests/clients"
LIBRARIES = ("official", "api", "v3")


@pytest.fixture(scope="module")
def system(services, tmp_path_factory):
    system = Tidemark(services, "clients", tmp_path_factory.mktemp("clients"), NoProviders())
    try:
        rows = CoinRows(system.create())
        rows.add_coins()
        rows.latest("coingecko", "bitcoin", "usd", "64000.5", market_cap="1280000000000", volume="30000000000", change="-1.5")
        rows.latest("coinbase", "bitcoin", "usd", "64000.5")
        rows.latest("kraken", "bitcoin", "eur", "58000")
        rows.latest("coingecko", "ethereum", "usd", "3200", market_cap="384000000000", volume="15000000000", change="2")
        rows.listing("coingecko", "bitcoin", "usd", rank=1, ath="80000", ath_at="2025-01-20T09:11:54.494Z")
        rows.candles("coinbase", "bitcoin", "usd", 3600, [60000] * (24 * 40))
        rows.candles("coinbase", "bitcoin", "usd", 86400, [50000] * 40)
        yield system
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(system):
    return system.start_api(RATE_LIMIT_PER_MINUTE="100000")


def run_client(api, script, *arguments):
    modules = npm_packages.install(CLIENTS)
    done = subprocess.run(["node", "--require", CLIENTS / "redirect.js", CLIENTS / script, modules, *arguments],
                          env={**os.environ, "TIDEMARK_URL": api.url}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=LIBRARIES)
def told(request, api):
    """What every method of one library answered."""
    return run_client(api, "every_method.js", request.param)


def test_every_method_is_answered(told):
    assert {name: each for name, each in told.items() if "error" in each and name not in ("absent", "unknown")} == {}
    assert all(each["answer"] is not None for name, each in told.items() if name not in ("absent", "unknown"))


def test_answers_are_what_was_asked(told):
    answers = {name: each.get("answer") for name, each in told.items()}
    price = answers["price"]
    assert set(price) == {"bitcoin", "ethereum"} and price["bitcoin"]["usd"] == 64000.5 and price["bitcoin"]["eur"] == 58000
    assert price["bitcoin"]["usd_market_cap"] == 1280000000000 and price["bitcoin"]["usd_24h_change"] == -1.5
    assert time.time() - 100 < price["bitcoin"]["last_updated_at"] <= time.time()
    assert {"usd", "eur", "btc"} <= set(answers["currencies"])
    assert {"bitcoin", "ethereum"} <= {coin["id"] for coin in answers["list"]}
    assert [row["id"] for row in answers["markets"]] == ["bitcoin", "ethereum"]
    assert len(answers["markets"][0]["sparkline_in_7d"]["price"]) >= 168
    assert answers["coin"]["market_data"]["current_price"]["usd"] == 64000.5 and "localization" not in answers["coin"]
    assert {ticker["market"]["identifier"] for ticker in answers["tickers"]["tickers"]} >= {"coinbase"}
    assert answers["history"]["id"] == "bitcoin" and "market_data" not in answers["history"]
    assert answers["chart"]["prices"][-1][1] == 64000.5
    assert len(answers["range"]["prices"]) in (480, 481), "hours of twenty days"
    assert answers["global"]["data"]["total_market_cap"]["usd"] == 1280000000000 + 384000000000
    assert answers["rates"]["rates"]["usd"]["value"] == 64000.5
    assert {"id", "name", "trust_score"} <= set(answers["exchange_page"][0])
    if "ohlc" in answers:
        assert len(answers["ohlc"]) == 42 and answers["ohlc"][0][1:] == [60000] * 4
        assert [coin["id"] for coin in answers["search"]["coins"]] == ["bitcoin"]


def test_what_is_not_there_is_an_error_that_they_understand(told):
    assert "404" in told["unknown"]["error"] or told["unknown"]["status"] == 404
    assert "404" in told["absent"]["error"] or told["absent"]["status"] == 404


def test_a_limit_is_not_run_against(system):
    """Without a Retry-After of whole seconds this client sends hundreds of requests in a second."""
    api = system.start_api(RATE_LIMIT_PER_MINUTE="6", RATE_LIMIT_BURST="1", CACHE_NAMESPACE="limited")
    assert 1 <= run_client(api, "limited.js")["asked"] <= 3
    assert [entry["status"] for entry in api.log(event="http.request") if "simple" in entry["target"]][:2] == [200, 429]
    refused = api.get("/api/v3/simple/price?ids=bitcoin&vs_currencies=usd")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["status"]["error_code"] == 429
    assert refused.json()["status"]["error_message"].startswith("You've exceeded the Rate Limit")


# pycoingecko: the forms of its requests, because it is not among the packages of the distribution.

def test_the_forms_of_pycoingecko(api):
    session = requests.Session()
    session.trust_env = False
    base = api.url + "/api/v3/"
    key = "x_cg_demo_api_key=any"
    for form in (f"ping?{key}", f"simple/price?ids=bitcoin%2Cethereum&vs_currencies=usd&include_market_cap=true&{key}",
                 f"coins/bitcoin/?localization=false&{key}", f"coins/list?include_platform=true&{key}",
                 f"coins/markets?vs_currency=usd&per_page=250&{key}", f"coins/bitcoin/tickers?{key}",
                 f"coins/bitcoin/history?date=01-01-2024&localization=false&{key}",
                 f"coins/bitcoin/market_chart?vs_currency=usd&days=1&{key}",
                 f"coins/bitcoin/market_chart/range?vs_currency=usd&from=1392577232&to=1422577232&{key}",
                 f"coins/bitcoin/ohlc?vs_currency=usd&days=7&{key}", f"search?query=bit&{key}", f"global?{key}", f"key?{key}"):
        answer = session.get(base + form, timeout=30)
        assert answer.status_code == 200 and answer.json(), form
    missing = session.get(base + f"coins/nope/?{key}", timeout=30)
    assert missing.status_code == 404 and missing.json() == {"error": "coin not found"}, "it raises what the body says"
