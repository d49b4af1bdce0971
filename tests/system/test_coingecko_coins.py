"""
Coins, their markets and lists of them, as CoinGecko's clients ask for them. One API process for all of the file.
"""
import datetime
import json
import pathlib
import time

import pytest

from coin_rows import CoinRows
from known_rows import NoProviders
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("coingecko_coins")  # one process makes what they share

JSON = "application/json; charset=utf-8"
RECORDED = pathlib.Path(__file__).resolve().parent.parent / "recorded/coingecko"


@pytest.fixture(scope="module")
def rows(services, tmp_path_factory):
    system = Tidemark(services, "coingecko_coins", tmp_path_factory.mktemp("coingecko_coins"), NoProviders())
    try:
        yield CoinRows(system.create())
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(rows):
    rows.add_coins()
    rows.add_coins([(f"filler-{place:03}", f"F{place}", f"Filler {place}") for place in range(260)])
    rows.latest("coingecko", "bitcoin", "usd", "64000", market_cap="1280000000000", volume="30000000000", change="-1.5")
    rows.latest("coinbase", "bitcoin", "usd", "64000", volume="900000000")
    rows.latest("binance", "bitcoin", "usdt", "64010", volume="1000000000")
    rows.latest("kraken", "bitcoin", "usd", "99999")  # an outlier
    rows.latest("coinpaprika", "bitcoin", "usd", "50000", age_s=86400)  # stale
    rows.latest("kraken", "bitcoin", "eur", "58000")
    rows.latest("coingecko", "ethereum", "usd", "3200", market_cap="384000000000", volume="15000000000", change="25")
    rows.latest("coingecko", "tether", "usd", "1", market_cap="110000000000", volume="50000000000", change="0")
    rows.latest("coingecko", "pepe", "usd", "0.00001234")
    rows.latest("kraken", "dogecoin", "eur", "0.1")
    rows.listing("coingecko", "bitcoin", "usd", rank=1, fully_diluted_valuation="1344000000000", high_24h="65000", low_24h="63000",
                 change_24h="-974.62", change_24h_percent="-1.5", circulating_supply="19700000", total_supply="21000000",
                 max_supply="21000000", ath="80000", ath_at="2025-01-20T09:11:54.494Z", atl="64", atl_at="2013-07-05T00:00:00Z")
    rows.listing("coingecko", "ethereum", "usd", rank=2, circulating_supply="120000000")
    rows.listing("coingecko", "tether", "usd", rank=3)
    # The last closed hour costs 63000, an hour before 62999 ...
    rows.candles("coinbase", "bitcoin", "usd", 3600, [63000 - place for place in range(24 * 32)][::-1])
    rows.candles("coinbase", "bitcoin", "usd", 86400, [32000] * 370)
    rows.candles("kraken", "bitcoin", "eur", 3600, [50000] * 30)
    rows.candles("coingecko", "bitcoin", "usd", 3600, [(1, 1, 1, 1, "1250000000000", "24000000000")] * 30)
    rows.candles("coinbase", "pepe", "usd", 3600, ["0.00001"] * 30)
    fillers = [(f"filler-{place:03}", str(1000 + place)) for place in range(260)]
    rows.tidemark.insert("""
        INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price, market_cap)
        SELECT 1, 1, asset_id, now(), 1, 1, 'tick', 1, cap::numeric FROM (VALUES %s) AS v (slug, cap) JOIN assets USING (slug)""",
                         fillers)
    yield rows.tidemark.start_api(RATE_LIMIT_PER_MINUTE="100000")


def get(api, path, status=200):
    answer = api.get("/api/v3" + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON), answer.text
    return answer.json()


def ids(api, query):
    return [row["id"] for row in get(api, "/coins/markets?vs_currency=usd" + query)]


# /coins/markets

def test_a_market_row_is_all_that_is_known(api):
    [row] = get(api, "/coins/markets?vs_currency=usd&ids=bitcoin")
    updated = row.pop("last_updated")
    assert datetime.datetime.fromisoformat(updated.replace("Z", "+00:00")).timestamp() > time.time() - 100 and len(updated) == 24
    assert row == {
        "id": "bitcoin", "symbol": "btc", "name": "Bitcoin", "image": "", "current_price": 64000, "market_cap": 1280000000000,
        "market_cap_rank": 1, "fully_diluted_valuation": 1344000000000, "total_volume": 30000000000, "high_24h": 65000,
        "low_24h": 63000, "price_change_24h": -974.62, "price_change_percentage_24h": -1.5, "market_cap_change_24h": 30000000000,
        "market_cap_change_percentage_24h": 2.4, "circulating_supply": 19700000, "total_supply": 21000000, "max_supply": 21000000,
        "ath": 80000, "ath_change_percentage": -20, "ath_date": "2025-01-20T09:11:54.494Z", "atl": 64,
        "atl_change_percentage": 99900, "atl_date": "2013-07-05T00:00:00.000Z", "roi": None}


@pytest.mark.parametrize("name", ["coins_markets_btc_usd.json", "coins_markets_usd_250rows_2022-02-23.json"])
def test_a_market_row_has_the_members_of_a_recorded_one(api, name):
    recorded = json.loads((RECORDED / name).read_text())
    periods = "&price_change_percentage=1h,24h,7d,14d,30d,200d,1y" if "250" in name else ""
    [row] = get(api, f"/coins/markets?vs_currency=usd&ids=bitcoin{periods}")
    assert set(row) == set(recorded[0])
    seen = {key: {type(each[key]) for each in recorded} for key in recorded[0]}
    for key, value in row.items():
        kinds = {float if kind is int else kind for kind in seen[key]}
        assert value is None or (float if isinstance(value, int) else type(value)) in kinds or kinds == {type(None)}, key


def test_coins_are_ordered_and_those_without_a_market_cap_are_last(api):
    assert ids(api, "&per_page=4") == ["bitcoin", "ethereum", "tether", "filler-259"]
    assert ids(api, "&order=market_cap_asc&per_page=2") == ["filler-000", "filler-001"]
    assert ids(api, "&order=volume_desc&per_page=3") == ["tether", "bitcoin", "ethereum"]
    assert ids(api, "&order=volume_asc&per_page=2") == ["ethereum", "bitcoin"]
    assert ids(api, "&order=id_asc&per_page=2") == ["bitcoin", "ethereum"]
    assert ids(api, "&order=id_desc&per_page=2") == ["tether", "pepe"]
    assert ids(api, "&order=nonsense&per_page=1") == ["bitcoin"]
    assert ids(api, "&page=2&per_page=250")[-1] == "pepe", "it has a price, but nobody knows its market cap"
    euros = [row["id"] for row in get(api, "/coins/markets?vs_currency=eur&page=2&per_page=250")]
    assert euros[-2:] == ["pepe", "dogecoin"], "quoted in this currency alone"


def test_pages_are_complete_and_linked(api):
    seen, path = [], "/api/v3/coins/markets?vs_currency=usd&per_page=100"
    for page in range(1, 5):
        answer = api.get(path + (f"&page={page}" if page > 1 else ""))
        assert (answer.headers["total"], answer.headers["per-page"]) == ("264", "100")
        links = {name: link["url"] for name, link in answer.links.items()}
        assert set(links) == {"first", "last"} | ({"prev"} if page > 1 else set()) | ({"next"} if page < 3 else set())
        seen += [row["id"] for row in answer.json()]
        if page < 3:
            assert [row["id"] for row in api.get(links["next"]).json()] == [
                row["id"] for row in api.get(f"{path}&page={page + 1}").json()]
    assert len(seen) == len(set(seen)) == 264
    assert len(ids(api, "&per_page=9999")) == 250 and len(ids(api, "&per_page=0")) == 1, "clamped, not refused"
    assert ids(api, "&page=99") == []


def test_named_coins_keep_the_order_of_the_sort(api):
    assert ids(api, "&ids=pepe,tether,Bitcoin,nope,silent")[:2] == ["bitcoin", "tether"]
    assert ids(api, "&ids=bitcoin,pepe,tether&order=id_desc") == ["tether", "pepe", "bitcoin"]
    assert ids(api, "&symbols=btc,eth") == ["bitcoin", "ethereum"]
    assert ids(api, "&names=tether,Ethereum") == ["ethereum", "tether"]
    assert ids(api, "&ids=nope") == [] and ids(api, "&ids=bitcoin&category=layer-1") == []
    [silent] = get(api, "/coins/markets?vs_currency=usd&ids=silent")
    assert (silent["current_price"], silent["market_cap"], silent["market_cap_rank"], silent["last_updated"]) == (None,) * 4


def test_another_currency_is_converted_where_nobody_quotes_it(api):
    bitcoin, ether = get(api, "/coins/markets?vs_currency=EUR&ids=bitcoin,ethereum&precision=2")
    assert (bitcoin["current_price"], bitcoin["market_cap"]) == (58000, 1160000000000)
    assert (ether["current_price"], ether["market_cap"], ether["total_volume"]) == (2900, 348000000000, 13593750000)
    assert (ether["high_24h"], ether["price_change_percentage_24h"]) == (None, None), "what a rate of now says nothing of"
    assert bitcoin["fully_diluted_valuation"] == 1218000000000
    [row] = get(api, "/coins/markets?vs_currency=eth&ids=bitcoin")
    assert row["current_price"] == 20


def test_what_nobody_says_of_a_day_is_told_by_what_the_coin_cost_then(api):
    """In euros the sources say no change, but there are candles: of Bitcoin its own, of Pepe those in dollars."""
    bitcoin, pepe = get(api, "/coins/markets?vs_currency=eur&ids=bitcoin,pepe&price_change_percentage=24h")
    assert (bitcoin["price_change_24h"], bitcoin["price_change_percentage_24h"]) == (8000, 16)
    before = 0.00001 * 50000 / 62976
    assert pepe["price_change_24h"] == pytest.approx(pepe["current_price"] - before, rel=1e-3), "another hour may have begun"
    assert pepe["price_change_percentage_24h"] == pytest.approx((pepe["current_price"] / before - 1) * 100, rel=1e-3)
    for row in (bitcoin, pepe):
        assert row["price_change_percentage_24h_in_currency"] == row["price_change_percentage_24h"], "the same number twice"
    told = get(api, "/simple/price?ids=bitcoin,pepe&vs_currencies=eur,usd&include_24hr_change=true")
    assert (told["bitcoin"]["eur_24h_change"], told["bitcoin"]["usd_24h_change"]) == (16, -1.5)
    assert told["pepe"]["eur_24h_change"] == pepe["price_change_percentage_24h"] and told["pepe"]["usd_24h_change"] == pytest.approx(23.4)


def test_a_change_in_percent_is_also_told_as_an_amount(api):
    [ether] = get(api, "/coins/markets?vs_currency=usd&ids=ethereum")
    assert (ether["price_change_24h"], ether["price_change_percentage_24h"]) == (640, 25)


def test_market_caps_are_compared_with_those_of_a_day_ago(api):
    [row] = get(api, "/coins/markets?vs_currency=usd&ids=bitcoin")
    assert (row["market_cap_change_24h"], row["market_cap_change_percentage_24h"]) == (30000000000, 2.4)
    [euros] = get(api, "/coins/markets?vs_currency=eur&ids=bitcoin")
    assert euros["market_cap_change_24h"] == pytest.approx(1160e9 - 1250e9 * 50000 / 62976, rel=1e-3)
    market = get(api, "/coins/bitcoin")["market_data"]
    assert (market["market_cap_change_24h"], market["market_cap_change_percentage_24h_in_currency"]["usd"]) == (30000000000, 2.4)
    assert market["market_cap_change_24h_in_currency"]["eur"] == euros["market_cap_change_24h"]
    assert market["market_cap_fdv_ratio"] == pytest.approx(1280 / 1344)


def test_sparklines_and_changes_come_when_they_are_asked_for(api):
    bitcoin, ether = get(api, "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum&sparkline=true"
                              "&price_change_percentage=1h,24H,7d,30d,1y,5y")
    line = bitcoin["sparkline_in_7d"]["price"]
    assert line[-1] == 63000 and line[0] == 63000 - len(line) + 1 and 167 <= len(line) <= 169, "an hour may have begun"
    assert ether["sparkline_in_7d"] == {"price": []}
    changes = {key: value for key, value in bitcoin.items() if key.endswith("_in_currency")}
    assert set(changes) == {f"price_change_percentage_{period}_in_currency" for period in ("1h", "24h", "7d", "30d", "1y")}
    assert changes["price_change_percentage_24h_in_currency"] == -1.5
    assert changes["price_change_percentage_1y_in_currency"] == 100
    week = changes["price_change_percentage_7d_in_currency"]
    assert week == pytest.approx((64000 / (63000 - 168) - 1) * 100, rel=1e-4)
    assert ether["price_change_percentage_7d_in_currency"] is None
    assert "price_change_percentage_24h_in_currency" not in get(api, "/coins/markets?vs_currency=usd&ids=bitcoin")[0]


# /coins/{id}

def test_a_coin_has_everything_that_clients_look_for(api):
    coin = get(api, "/coins/bitcoin/?sparkline=true")
    for key, kind in {"id": str, "symbol": str, "name": str, "web_slug": str, "platforms": dict, "detail_platforms": dict,
                      "block_time_in_minutes": (int, float), "categories": list, "preview_listing": bool, "additional_notices": list,
                      "has_supply_breakdown": bool, "description": dict, "links": dict, "image": dict, "country_origin": str,
                      "watchlist_portfolio_users": int, "last_updated": str, "localization": dict, "market_data": dict,
                      "tickers": list}.items():
        assert isinstance(coin[key], kind), key
    for key in ("asset_platform_id", "hashing_algorithm", "public_notice", "genesis_date", "sentiment_votes_up_percentage",
                "sentiment_votes_down_percentage", "ico_data", "market_cap_rank_with_rehypothecated"):
        assert coin[key] is None, key
    assert set(coin["image"]) == {"thumb", "small", "large"} and coin["description"] == {"en": ""}
    market = coin["market_data"]
    assert market["current_price"] == {"btc": 1, "eth": 20, "eur": 58000, "usd": 64000, "usdt": 64010}
    assert market["market_cap"]["usd"] == 1280000000000 and market["market_cap"]["eur"] == 1160000000000
    assert (market["ath"], market["ath_change_percentage"], market["ath_date"]) == (
        {"usd": 80000}, {"usd": -20}, {"usd": "2025-01-20T09:11:54.494Z"})
    assert (market["price_change_24h"], market["price_change_percentage_24h"], market["price_change_percentage_1y"]) == (-974.62, -1.5, 100)
    assert market["price_change_percentage_24h_in_currency"] == {"btc": 0, "eur": 16, "usd": -1.5}
    assert (market["circulating_supply"], market["total_supply"], market["market_cap_rank"]) == (19700000, 21000000, 1)
    assert len(market["sparkline_7d"]["price"]) >= 167, "an hour may have begun"


def members(value, path=""):
    """The names of all members, however deep; where there is a currency or a language, one stands for all."""
    for name, each in value.items() if isinstance(value, dict) else ():
        yield f"{path}{name}"
        yield from members({"eur": list(each.values())[0]} if "eur" in each else each, f"{path}{name}.") if isinstance(each, dict) else ()


# Of 2022; CoinGecko's own description of its API does not have them any more.
OF_THE_PAST = {"coingecko_rank", "coingecko_score", "developer_score", "community_score", "liquidity_score", "public_interest_score",
               "public_interest_stats", "public_interest_stats.alexa_rank", "public_interest_stats.bing_matches", "platforms."}


def test_a_coin_has_the_members_of_a_recorded_one_however_deep(api):
    """Clients look at links.homepage[0] and developer_data.code_additions_deletions_4_weeks.additions."""
    recorded = json.loads((RECORDED / "coin_detail_btc_2022-01-31.json").read_text())
    coin = get(api, "/coins/bitcoin?localization=false&tickers=false&sparkline=true")
    per_currency = {name for name in members(recorded) if name.endswith((".usd", ".eur"))}
    assert set(members(recorded)) - per_currency - OF_THE_PAST <= set(members(coin))
    for name in ("homepage", "blockchain_site", "official_forum_url", "chat_url", "announcement_url"):
        assert coin["links"][name] == []


def test_a_days_snapshot_has_the_members_of_a_recorded_one_however_deep(api):
    recorded = json.loads((RECORDED / "coin_history_btc_2017-12-30.json").read_text())
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=100)
    told = get(api, f"/coins/bitcoin/history?date={day:%d-%m-%Y}")
    languages_and_currencies = {name for name in members(recorded) if name.startswith("localization.") or name.count(".") > 1
                                and name.startswith("market_data.")}
    assert set(members(recorded)) - languages_and_currencies <= set(members(told))


def test_parts_of_a_coin_can_be_left_out(api):
    flags = "localization tickers market_data community_data developer_data".split()
    coin = get(api, "/coins/bitcoin?" + "&".join(f"{flag}=false" for flag in flags))
    assert not set(flags) & set(coin) and coin["name"] == "Bitcoin"
    assert "sparkline_7d" not in get(api, "/coins/bitcoin?id=ethereum")["market_data"]
    assert get(api, "/coins/nope", 404) == {"error": "coin not found"}
    silent = get(api, "/coins/silent")
    assert silent["market_data"]["current_price"] == {} and silent["tickers"] == [] and silent["name"] == 'Silent "Coin"'


def test_tickers_say_which_sources_are_not_believed(api):
    answer = get(api, "/coins/bitcoin/tickers")
    assert answer["name"] == "Bitcoin"
    tickers = {(ticker["market"]["identifier"], ticker["target"]): ticker for ticker in answer["tickers"]}
    assert {key: (ticker["is_anomaly"], ticker["is_stale"]) for key, ticker in tickers.items()} == {
        ("coingecko", "USD"): (False, False), ("coinbase", "USD"): (False, False), ("kraken", "USD"): (True, False),
        ("coinpaprika", "USD"): (False, True), ("kraken", "EUR"): (False, False), ("binance", "USDT"): (False, False)}
    ticker = tickers["coinbase", "USD"]
    assert (ticker["base"], ticker["last"], ticker["volume"], ticker["coin_id"]) == ("BTC", 64000, 14062.5, "bitcoin")
    assert ticker["converted_last"] == {"btc": 1, "eth": 20, "usd": 64000}
    assert ticker["converted_volume"]["btc"] == 14062.5
    assert tickers["binance", "USDT"]["target_coin_id"] == "tether" and tickers["kraken", "EUR"]["volume"] is None
    assert set(tickers["kraken", "EUR"]["market"]) == {"name", "identifier", "has_trading_incentive"}
    only = get(api, "/coins/bitcoin/tickers?exchange_ids=binance,nope")["tickers"]
    assert [ticker["market"]["identifier"] for ticker in only] == ["binance"]
    assert api.get("/api/v3/coins/bitcoin/tickers").headers["total"] == "6"
    assert ticker["market"] == {"name": "Coinbase", "identifier": "coinbase", "has_trading_incentive": False}


def test_tickers_by_volume(api):
    def sources(order):
        return [ticker["market"]["identifier"] for ticker in get(api, f"/coins/bitcoin/tickers?order={order}")["tickers"]]
    assert sources("volume_desc")[:3] == ["coingecko", "binance", "coinbase"]
    assert sources("volume_asc")[:3] == ["coinbase", "binance", "coingecko"], "those whose volume is not known are last"
    assert sources("trust_score_desc") == sources("rank_asc") == sources("")


def test_history_is_the_price_at_the_beginning_of_a_day(api):
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=100)
    told = get(api, f"/coins/bitcoin/history?date={day:%d-%m-%Y}")
    assert (told["id"], told["symbol"], told["localization"]) == ("bitcoin", "btc", {"en": "Bitcoin"})
    assert told["market_data"]["current_price"] == {"usd": 32000, "btc": 1}
    assert set(told["market_data"]) >= {"current_price", "market_cap", "total_volume"}
    nothing = get(api, "/coins/bitcoin/history?date=01-01-2015&localization=false")
    assert "market_data" not in nothing and "localization" not in nothing and nothing["id"] == "bitcoin"
    assert get(api, "/coins/bitcoin/history", 422) == {"error": "Missing parameter date"}
    for date in ("31-02-2025", "1-13-2025", "01/02/2025", "20250101", "1--2-2025", "2025-02-31", "-1-1-2025", "1-2-2025-"):
        assert get(api, f"/coins/bitcoin/history?date={date}", 400)["error"].startswith("date:"), date
    for date in (f"{day:%Y-%m-%d}", f"{day.day}-{day.month}-{day.year}"):
        assert get(api, f"/coins/bitcoin/history?date={date}") == told, "not as asked for, but meant"


# Lists, and the whole market.

def test_the_list_of_coins(api):
    coins = get(api, "/coins/list")
    assert {"id": "bitcoin", "symbol": "btc", "name": "Bitcoin"} in coins and [each["id"] for each in coins] == sorted(each["id"] for each in coins)
    assert len(coins) == 265 and "silent" not in {each["id"] for each in coins}, "those that somebody knows of"
    assert {"silent"} < {each["id"] for each in get(api, "/coins/list?status=inactive")}
    assert get(api, "/coins/list?include_platform=true")[0]["platforms"] == {}
    packed = api.get("/api/v3/coins/list", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and packed.json() == coins


def test_the_list_has_the_members_of_a_recorded_one(api):
    recorded = json.loads((RECORDED / "coins_list_2021-05-15.json").read_text())
    assert set(get(api, "/coins/list")[0]) == set(recorded[0])


def test_global(api):
    told = get(api, "/global")["data"]
    assert (told["active_cryptocurrencies"], told["upcoming_icos"], told["ongoing_icos"], told["ended_icos"]) == (264, 0, 0, 0)
    total = 1280000000000 + 384000000000 + 110000000000 + sum(1000 + place for place in range(260))
    assert told["total_market_cap"]["usd"] == total and told["total_market_cap"]["btc"] == pytest.approx(total / 64000)
    assert told["total_volume"]["usd"] == 95000000000
    assert list(told["market_cap_percentage"])[:3] == ["btc", "eth", "usdt"]
    assert told["market_cap_percentage"]["btc"] == pytest.approx(128e12 / total)
    before = 1280e9 / 0.985 + 384e9 / 1.25 + 110e9
    assert told["market_cap_change_percentage_24h_usd"] == pytest.approx((1774e9 / before - 1) * 100)
    assert told["volume_change_percentage_24h_usd"] == 25, "of those whose volume was known then"
    assert isinstance(told["updated_at"], int) and abs(told["updated_at"] - time.time()) < 100


def test_exchange_rates_are_for_one_bitcoin(api):
    rates = get(api, "/exchange_rates")["rates"]
    assert rates["usd"] == {"name": "US Dollar", "unit": "$", "value": 64000, "type": "fiat"}
    assert rates["btc"] == {"name": "Bitcoin", "unit": "BTC", "value": 1, "type": "crypto"}
    assert rates["eth"]["value"] == 20 and rates["eur"]["value"] == 58000 and "jpy" not in rates


def test_search_finds_what_begins_so(api):
    found = get(api, "/search?query=BIT")
    assert list(found) == ["coins", "exchanges", "icos", "categories", "nfts"]
    assert found["coins"] == [{"id": "bitcoin", "name": "Bitcoin", "api_symbol": "bitcoin", "symbol": "BTC", "market_cap_rank": 1,
                               "thumb": "", "large": ""}]
    assert [each["id"] for each in get(api, "/search?query=pepe")["coins"]] == ["pepe", "pepe-fake"], "just that goes first"
    assert get(api, "/search?query=%25")["coins"] == [] and get(api, "/search?query=%D0%B1")["coins"] == []
    assert len(get(api, "/search?query=filler")["coins"]) == 50


def test_what_is_not_here_is_empty(api):
    assert get(api, "/asset_platforms") == get(api, "/coins/categories/list") == []
    assert get(api, "/search/trending") == {"coins": [], "nfts": [], "categories": []}
    assert get(api, "/coins/categories?order=market_cap_desc") == []
    assert {"id": "binance", "name": "Binance"} in get(api, "/exchanges/list")
    key = get(api, "/key?x_cg_pro_api_key=K")
    assert key["rate_limit_request_per_minute"] == 100000 and set(key) == {
        "plan", "rate_limit_request_per_minute", "monthly_call_credit", "current_total_monthly_calls", "current_remaining_monthly_calls"}
    for path in ("/nfts/list", "/derivatives", "/companies/public_treasury/bitcoin", "/coins/bitcoin/contract/0x0", "/onchain/x"):
        assert isinstance(get(api, path, 404)["error"], str)


def test_exchanges_are_pages(api):
    listed = get(api, "/exchanges/list")
    answer = api.get("/api/v3/exchanges?per_page=3&page=2")
    assert [{"id": each["id"], "name": each["name"]} for each in answer.json()] == listed[3:6]
    assert {"trust_score", "trade_volume_24h_btc", "country", "url"} < set(answer.json()[0])
    assert (answer.headers["total"], answer.headers["per-page"]) == (str(len(listed)), "3")
    assert set(answer.links) == {"first", "prev", "next", "last"}
    assert get(api, "/exchanges?page=9") == [] and len(get(api, "/exchanges")) == len(listed)
