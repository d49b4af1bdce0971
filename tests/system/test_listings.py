"""The listings of the market, over HTTP: order, bounds, pages, one asset, its history, the top, and the sources."""
import csv
import datetime
import decimal
import io
import json
import re

import pytest

from market_rows import MarketRows, utc_now
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("listings")

ROOT = "/api/v1/cryptocurrencies"
NUMBERS = {"market_cap": "market_cap", "volume": "total_volume", "price": "source_price",
           "change_24h": "price_change_percentage_24h", "rank": "market_cap_rank"}
WORDS = {"name": "name", "symbol": "symbol"}


class Market:
    """Coins of one currency each test file's part knows: what coingecko says of each, None = nothing."""

    def __init__(self, system):
        self.system, self.rows = system, MarketRows(system)

    def add(self, currency, *coins, source="coingecko", age_s=0, doubt=0):
        """Each (slug, price, market_cap, volume, change, rank)."""
        self.system.insert("INSERT INTO assets (slug, symbol, name) VALUES %s ON CONFLICT DO NOTHING",
                           [(coin[0], coin[0].split("-")[0].upper(), f"The {coin[0]}") for coin in coins])
        self.system.insert(
            "INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price, market_cap,"
            " volume_24h, change_24h_percent, doubt)"
            f" SELECT source_id, quote_id, asset_id, now() - {age_s} * interval '1 second', 1, 1, 'tick', n.price::numeric,"
            f" n.cap::numeric, n.volume::numeric, n.change::numeric, {doubt}"
            " FROM (VALUES %s) AS n (slug, price, cap, volume, change, rank) JOIN assets USING (slug)"
            f" JOIN quotes ON code = '{currency}' JOIN sources ON sources.name = '{source}'"
            " ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE SET price = excluded.price,"
            " market_cap = excluded.market_cap, volume_24h = excluded.volume_24h,"
            " change_24h_percent = excluded.change_24h_percent, observed_at = excluded.observed_at", coins)
        self.system.insert(
            "INSERT INTO listings (source_id, quote_id, asset_id, rank, max_supply, ath, ath_at, observed_at, run_id, payload_id)"
            " SELECT source_id, quote_id, asset_id, n.rank::integer, 21000000.50, 99.5, '2021-11-10T14:24:11Z', now(), 1, 1"
            " FROM (VALUES %s) AS n (slug, price, cap, volume, change, rank) JOIN assets USING (slug)"
            f" JOIN quotes ON code = '{currency}' JOIN sources ON sources.name = '{source}'"
            " ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE SET rank = excluded.rank", coins)


@pytest.fixture(scope="module")
def market(services, replay_server, tmp_path_factory):
    system = Tidemark(services, "listings", tmp_path_factory.mktemp("listings"), replay_server)
    try:
        system.create()
        market = Market(system)
        market.add("usd", *COINS)
        market.add("eur", *COINS[:3])
        yield market
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(market):
    market.system.add_coins(("bitcoin", "ethereum"))
    market.system.insert("INSERT INTO assets (slug, symbol, name) VALUES %s",
                         [("meta-one", "META", "Meta One"), ("meta-two", "META", "Meta Two")])
    fill_prices(market)
    fill_top(market)
    return market.system.start_api(RATE_LIMIT_PER_MINUTE="1000000", ON_DEMAND_PER_MINUTE="0")


# 40 coins, of which some share numbers and some have none.
COINS = [(f"c{number % 30}-{number}", f"{number % 7 + 1}.50", None if number % 5 == 0 else f"{(number * 37 % 40) * 1000}.25",
          None if number % 11 == 3 else f"{number % 13}00", None if number % 4 == 2 else f"{number % 9 - 4}.5",
          None if number % 6 == 1 else number + 1) for number in range(40)]


def get(api, path, **options):
    answer = api.get(ROOT + path, **options)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=decimal.Decimal)


def slugs(rows):
    return [row["coin_id"] for row in rows]


def walk(api, path, between=lambda page: None):
    """All rows of all pages, and how many pages those were."""
    rows, pages, cursor = [], 0, None
    while pages == 0 or cursor:
        body = get(api, path + (f"&cursor={cursor}" if cursor else ""))
        rows, pages, cursor = rows + body["data"], pages + 1, body["next_cursor"]
        between(pages)
    return rows, pages


# Order.

@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", [*NUMBERS, *WORDS])
@pytest.mark.parametrize("source", ["", "&source=coingecko"])
def test_rows_are_ordered_with_those_without_a_value_last(api, sort, order, source):
    rows, pages = walk(api, f"?currency=usd&sort={sort}&order={order}&limit=7{source}&symbol={','.join(c[0] for c in COINS)}")
    member = {**NUMBERS, **WORDS}[sort]
    if source and sort == "price":
        member = "current_price"
    values = [row[member].lower() if sort in WORDS else row[member] for row in rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=order == "desc") and values[len(known):] == [None] * (len(values) - len(known))
    assert sorted(slugs(rows)) == sorted(coin[0] for coin in COINS) and pages == 6


@pytest.mark.parametrize("sort, order", [("market_cap", "desc"), ("change_24h", "desc"), ("rank", "asc"), ("name", "asc")])
def test_without_an_order_the_first_is_the_one_that_is_looked_for(api, sort, order):
    body = get(api, f"?sort={sort}&limit=3")
    assert body["order"] == order and slugs(body["data"]) == slugs(get(api, f"?sort={sort}&order={order}&limit=3")["data"])


def test_the_largest_come_first_unless_something_else_is_asked_for(api):
    body = get(api, "/")
    assert (body["sort"], body["order"], body["currency"], body["source"]) == ("market_cap", "desc", "usd", None)
    caps = [row["market_cap"] for row in body["data"] if row["market_cap"] is not None]
    assert caps == sorted(caps, reverse=True)


# Bounds.

CAP = sorted(decimal.Decimal(coin[2]) for coin in COINS if coin[2])[20]
VOLUME = decimal.Decimal("500")


@pytest.mark.parametrize("bounds, fits", [
    (f"min_market_cap={CAP}", lambda cap, volume: cap is not None and cap >= CAP),
    (f"min_market_cap={CAP}0000001", lambda cap, volume: cap is not None and cap > CAP),
    (f"max_market_cap={CAP}", lambda cap, volume: cap is not None and cap <= CAP),
    (f"min_market_cap={CAP}&max_market_cap={CAP}", lambda cap, volume: cap == CAP),
    ("min_volume=5e2", lambda cap, volume: volume is not None and volume >= VOLUME),
    ("max_volume=500", lambda cap, volume: volume is not None and volume <= VOLUME),
    ("max_volume=499.99999999999999999999", lambda cap, volume: volume is not None and volume < VOLUME),
    ("min_market_cap=0", lambda cap, volume: cap is not None),
    (f"min_market_cap={CAP}&min_volume=500", lambda cap, volume: None not in (cap, volume) and cap >= CAP and volume >= VOLUME),
])
@pytest.mark.parametrize("source", ["", "&source=coingecko"])
def test_bounds_are_exact_and_leave_out_what_is_not_known(api, bounds, fits, source):
    body = get(api, f"?{bounds}{source}&limit=250&symbol={','.join(coin[0] for coin in COINS)}")
    number = {None: None}
    want = [coin[0] for coin in COINS if fits(*(number.get(value, value and decimal.Decimal(value)) for value in coin[2:4]))]
    assert sorted(slugs(body["data"])) == sorted(want) and body["total_count"] == len(want)


@pytest.mark.parametrize("symbol, want", [
    ("C3", {"c3-3", "c3-33"}),
    ("c3", {"c3-3", "c3-33"}),
    ("c3-33", {"c3-33"}),
    ("C3-33", {"c3-33"}),
    ("c15-15,C3", {"c15-15", "c3-3", "c3-33"}),
    ("nobody", set()),
])
def test_symbols_are_tickers_or_ids(api, symbol, want):
    body = get(api, f"?symbol={symbol}")
    assert set(slugs(body["data"])) == want and body["total_count"] == len(want)


def test_a_currency_has_rows_of_its_own(api):
    body = get(api, "?currency=eur")
    assert sorted(slugs(body["data"])) == sorted(coin[0] for coin in COINS[:3])
    assert {row["currency"] for row in body["data"]} == {"eur"}


BAD = [
    ("limit=0", "limit", "parameter.range"),
    ("limit=251", "limit", "parameter.range"),
    ("sort=luck", "sort", "parameter.choice"),
    ("order=up", "order", "parameter.choice"),
    ("currency=zzz", "currency", "parameter.unknown"),
    ("source=zzz", "source", "parameter.unknown"),
    ("min_market_cap=-1", "min_market_cap", "parameter.range"),
    ("min_market_cap=1e40", "min_market_cap", "parameter.range"),
    ("max_volume=1,000", "max_volume", "parameter.malformed"),
    ("min_market_cap=2&max_market_cap=1", "max_market_cap", "parameter.range"),
    ("min_volume=1.0000000000000000000001&max_volume=1", "max_volume", "parameter.range"),
    ("symbol=a%27b", "symbol", "parameter.malformed"),
    ("symbol=" + ",".join(["A"] * 101), "symbol", "parameter.range"),
    ("page=2", "page", "parameter.undeclared"),
]


@pytest.mark.parametrize("query, parameter, code", BAD)
def test_what_cannot_be_is_refused_by_name(api, query, parameter, code):
    answer = api.get(f"{ROOT}?{query}")
    assert (answer.status_code, answer.json()["parameter"], answer.json()["code"]) == (400, parameter, code)


# Pages.

def test_a_walk_sees_each_asset_once_while_others_come_and_change(api, market):
    """Those that are there all the time and keep their value."""
    steady = [(f"steady-{number}", "1", f"{1000 + number // 3}", "1", "1", None) for number in range(24)]
    moving = [(f"moving-{number}", "1", f"{1000 + number}", "1", "1", None) for number in range(6)]
    market.add("gbp", *steady, *moving)

    def between(page):
        if page > 6:
            return  # what runs before the walk for ever is seen for ever
        market.add("gbp", *[(coin[0], "1", f"{900 + 60 * page + number}", "1", "1", None) for number, coin in enumerate(moving)],
                   (f"new-{page}", "1", f"{990 + 3 * page}.5", "1", "1", None), (f"null-{page}", "1", None, None, None, None))

    for order in ("desc", "asc"):
        rows, pages = walk(api, f"?currency=gbp&limit=5&order={order}", between)
        seen = [slug for slug in slugs(rows) if slug.startswith("steady-")]
        assert sorted(seen) == sorted(coin[0] for coin in steady), order
        assert pages >= 6


def test_a_page_says_where_the_next_one_is(api):
    answer = api.get(f"{ROOT}?limit=5&sort=symbol&order=desc&min_volume=100")
    links = dict((rel, target) for target, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"]))
    assert links["first"] == f"{ROOT}?min_volume=100&sort=symbol&order=desc&limit=5"
    following = api.get(links["next"])
    assert following.status_code == 200
    assert not set(slugs(answer.json()["data"])) & set(slugs(following.json()["data"]))
    assert following.json()["total_count"] == answer.json()["total_count"], "counted once"


def test_the_last_page_has_no_next(api):
    body = get(api, "?symbol=C3&limit=2")
    answer = api.get(f"{ROOT}?symbol=C3&limit=2")
    assert body["next_cursor"] is None and len(body["data"]) == 2 and 'rel="next"' not in answer.headers["Link"]


def test_pages_may_be_of_another_size_than_the_first(api):
    first = get(api, "?currency=usd&sort=rank&limit=3")
    rest = get(api, f"?currency=usd&sort=rank&limit=4&cursor={first['next_cursor']}")
    assert [row["market_cap_rank"] for row in first["data"] + rest["data"]] == sorted(
        row["market_cap_rank"] for row in first["data"] + rest["data"]) and len(rest["data"]) == 4


def test_links_go_through_the_caches(api):
    path = f"{ROOT}?limit=2&sort=name&max_volume=100000"
    first, again = api.get(path), api.get(path)
    assert again.headers["Link"] == first.headers["Link"] and "hit" in again.headers["Cache-Status"]


def test_a_cursor_of_another_list_is_refused_before_anything_is_asked(api):
    cursor = get(api, "?limit=2")["next_cursor"]
    altered = cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:]
    metric = "api_database_queries_total"
    before = [line for line in api.get("/metrics").text.splitlines() if line.startswith(metric)]
    for query in (f"limit=2&cursor={altered}", f"limit=2&cursor={cursor[:-1]}", f"cursor={cursor}&sort=name",
                  f"cursor={cursor}&min_volume=1", f"cursor={cursor}&currency=eur", "cursor=AAAA", "cursor=" + "A" * 1401):
        answer = api.get(f"{ROOT}?{query}")
        assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (400, "cursor.invalid", "cursor"), query
    assert api.get(f"{ROOT}/bitcoin/history?cursor={cursor}").json()["code"] == "cursor.invalid"
    assert [line for line in api.get("/metrics").text.splitlines() if line.startswith(metric)] == before


def test_a_walk_may_go_on_at_another_replica(api, market):
    cursor = get(api, "?limit=2")["next_cursor"]
    other = market.system.start_api(ON_DEMAND_PER_MINUTE="0")
    assert get(other, "?limit=2")["next_cursor"] == cursor
    assert slugs(get(other, f"?limit=2&cursor={cursor}")["data"]) == slugs(get(api, f"?limit=2&cursor={cursor}")["data"])


# Forms.

def test_rows_as_csv_and_lines(api):
    rows = get(api, "?sort=symbol&limit=4")["data"]
    lines = api.get(f"{ROOT}?sort=symbol&limit=4&format=csv")
    assert lines.headers["Content-Type"].startswith("text/csv") and 'rel="next"' in lines.headers["Link"]
    table = list(csv.DictReader(io.StringIO(lines.text)))
    assert list(table[0]) == list(rows[0]) and [row["coin_id"] for row in table] == slugs(rows)
    assert [row["stale"] for row in table] == ["false"] * 4
    ndjson = api.get(f"{ROOT}?sort=symbol&limit=4&format=ndjson").text
    assert [json.loads(line)["coin_id"] for line in ndjson.splitlines()] == slugs(rows)


def test_numbers_as_strings(api):
    [row] = get(api, "?symbol=c3-3&numbers=string")["data"]
    assert (row["current_price"], row["market_cap"], row["market_cap_rank"]) == ("4.50", COINS[3][2], 4)


@pytest.mark.parametrize("path", ["", "/", "?limit=3", "/c3-3", "/c3-3/", "/c3-3/history", "/top/market_cap", "/top/losers/"])
def test_an_answer_has_a_tag(api, path):
    got = api.get(ROOT + path)
    head = api.session.head(api.url + ROOT + path, timeout=10)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    again = api.get(ROOT + path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


# Which row is told, and its price.

def fill_prices(market):
    for source, price in (("coinbase", "100.50"), ("kraken", "101"), ("binance", "100.75")):
        market.rows.set_price("bitcoin", "usd", price, source=source, announce=False)
    market.add("usd", ("bitcoin", "99.125", "2000000", "1e6", "-3.25", 1))
    market.add("usd", ("bitcoin", "99.25", "2000001", "1e5", "-3", 2), source="coinmarketcap")
    market.rows.set_price("ethereum", "usd", "7", source="kraken", announce=False)
    market.rows.set_price("meta-one", "usd", "1", announce=False)
    market.rows.set_price("meta-two", "usd", "1", announce=False, age_s=3600)


def test_a_row_has_the_price_of_all_and_the_numbers_of_one(api):
    [row] = get(api, "?symbol=bitcoin")["data"]
    assert (row["current_price"], row["price_state"], row["price_sources"], row["stale"]) == (
        decimal.Decimal("100.50"), "ok", 5, False)
    assert (row["source"], row["source_price"], row["market_cap"], row["price_change_percentage_24h"], row["market_cap_rank"]) == (
        "coingecko", decimal.Decimal("99.125"), 2000000, decimal.Decimal("-3.25"), 1)
    assert row["max_supply"] == decimal.Decimal("21000000.50") and row["doubt"] == [] and row["price_observed_at"]


def test_a_source_s_own_row(api):
    [row] = get(api, "?symbol=bitcoin&source=coinmarketcap")["data"]
    assert (row["source"], row["current_price"], row["market_cap"], row["market_cap_rank"]) == (
        "coinmarketcap", decimal.Decimal("99.25"), 2000001, 2)
    assert get(api, "?symbol=ethereum&source=coinmarketcap")["data"] == []


def test_an_old_price_says_so(api):
    [row] = get(api, "?symbol=meta-two")["data"]
    assert (row["price_state"], row["stale"]) == ("stale", True) and row["age_seconds"] >= 3600


def test_an_asset_with_all_that_sources_say(api):
    body = get(api, "/BTC")
    [row] = get(api, "?symbol=bitcoin")["data"]
    assert {name: body[name] for name in row if name != "age_seconds"} == {
        name: value for name, value in row.items() if name != "age_seconds"}
    assert (body["ath"], body["ath_date"], body["atl"]) == (decimal.Decimal("99.5"), "2021-11-10T14:24:11.000Z", None)
    assert [source["source"] for source in body["sources"]] == ["coinbase", "kraken", "binance", "coingecko", "coinmarketcap"]
    assert [source["source"] for source in body["sources"] if source["leads"]] == ["coingecko"]
    [last] = body["sources"][-1:]
    assert (last["current_price"], last["market_cap_rank"], last["used"], last["reason"], last["stale"], last["kind"]) == (
        decimal.Decimal("99.25"), 2, True, None, False, "aggregator")
    for link in body["links"].values():
        assert api.get(link).status_code in (200, 404), link


def test_an_asset_nobody_has_a_price_of(api):
    body = get(api, "/ethereum?currency=eur")
    assert (body["coin_id"], body["currency"], body["current_price"], body["source"], body["sources"], body["price_state"]) == (
        "ethereum", "eur", None, None, [], None)


@pytest.mark.parametrize("tail", ["", "/history"])
def test_an_unknown_asset_is_not_found(api, tail):
    answer = api.get(f"{ROOT}/nope{tail}")
    assert (answer.status_code, answer.json()["parameter"]) == (404, "symbol")


def test_a_ticker_of_two_assets_is_not_guessed(api):
    answer = api.get(f"{ROOT}/META")
    assert answer.status_code == 409 and answer.json()["allowed"] == ["meta-one", "meta-two"]


# The top.

def fill_top(market):
    """Ten that are traded, one that nobody trades, one without a market cap, one doubted, one of last week."""
    market.add("chf", *[(f"top-{number}", "1", str(1000000 - number), str(1000 + number), str(number - 4), None)
                        for number in range(10)])
    market.add("chf", ("top-idle", "1", "900000", "89", "900", None), ("top-less", "1", None, "5000", "800", None))
    market.add("chf", ("top-odd", "1", "950000", "950000", "700", None), doubt=4)
    market.add("chf", ("top-old", "1", "950001", "950001", "600", None), age_s=7 * 86400)


@pytest.mark.parametrize("category, want", [
    ("gainers", ["top-9", "top-8", "top-7", "top-6", "top-5"]),
    ("losers", ["top-0", "top-1", "top-2", "top-3"]),
    ("market_cap", ["top-0", "top-1", "top-2"]),
    ("volume", ["top-old", "top-less", "top-9"]),
])
def test_the_top_leaves_out_what_cannot_be_trusted(api, category, want):
    body = get(api, f"/top/{category}?currency=chf")
    assert slugs(body["data"])[:len(want)] == want and body["category"] == category
    if category in ("gainers", "losers"):
        assert len(body["data"]) == len(want)
    assert slugs(get(api, f"/top/{category}?currency=chf&limit=2")["data"]) == want[:2]


def test_movers_are_looked_for_among_the_largest(api, market):
    market.add("aud", *[(f"large-{number}", "1", str(5000 - number), "5000", "0.5", None) for number in range(100)],
               ("small", "1", "1", "1", "99", None))
    assert slugs(get(api, "/top/gainers?currency=aud&limit=1")["data"]) == ["small"]
    assert slugs(get(api, "/top/gainers?currency=aud&limit=1&among=100")["data"]) != ["small"]


def test_an_unknown_category_is_refused_with_those_there_are(api):
    answer = api.get(f"{ROOT}/top/luckiest")
    assert answer.status_code == 400
    assert answer.json()["allowed"] == ["market_cap", "volume", "gainers", "losers"]


# History.

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def hours(api, market):
    """Closes 1 to 100 of hours that ended up to an hour that is over."""
    end = utc_now() - datetime.timedelta(minutes=5)
    first = market.rows.add_candles("bitcoin", "usd", range(1, 101), source="kraken", end=end)
    market.rows.add_candles("bitcoin", "usd", range(500, 510), source="binance", end=end)
    return [datetime.datetime.fromtimestamp(first, datetime.timezone.utc) + (place + 1) * HOUR for place in range(100)]


def moment(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def points(api, query):
    return get(api, f"/bitcoin/history?{query}")["data"]


def test_points_ascend_and_stand_at_the_ends_of_their_hours(api, hours):
    body = get(api, f"/bitcoin/history?interval=hourly&from={moment(hours[0])}")
    assert body["source"] == "kraken", "its series covers most of it"
    assert [(point["time"], point["price"]) for point in body["data"]] == [
        (moment(at), place + 1) for place, at in enumerate(hours)]
    assert body["data"][0] == {"time": moment(hours[0]), "price": 1, "volume": decimal.Decimal("12.5"), "total_volume": None,
                               "market_cap": None}


def test_without_a_beginning_a_page_ends_now(api, hours):
    body = get(api, "/BTC/history?interval=hourly&limit=3&source=kraken")
    assert [point["price"] for point in body["data"]][-1:] == [100] and len(body["data"]) <= 3 and body["next_cursor"] is None


@pytest.mark.parametrize("first, until, want", [(10, 20, range(11, 21)), (99, None, [100]), (0, 1, [1])])
def test_from_is_in_it_and_to_is_not(api, hours, first, until, want):
    query = f"interval=hourly&from={moment(hours[first])}" + (f"&to={moment(hours[until])}" if until else "")
    assert [point["price"] for point in points(api, query)] == list(want)


def test_pages_of_a_history_make_the_whole_of_one_source(api, hours, market):
    def between(page):
        if page == 1:  # a series that covers more from now on
            market.rows.add_candles("bitcoin", "usd", range(1000, 1300), source="coinbase", end=utc_now())

    rows, pages = walk(api, f"/bitcoin/history?interval=hourly&from={moment(hours[0])}&to={moment(hours[70])}&limit=30", between)
    assert [row["price"] for row in rows] == list(range(1, 71)) and pages == 3


def test_points_of_longer_intervals_are_rolled(api, hours):
    ends = [at for at in hours if at.hour % 4 == 0]
    rows, pages = walk(api, "/bitcoin/history?interval=4h&source=kraken&limit=5"
                            f"&from={moment(hours[0])}&to={moment(ends[-1] + HOUR)}")
    assert [(row["time"], row["price"]) for row in rows] == [(moment(at), hours.index(at) + 1) for at in ends]
    assert pages == (len(ends) + 4) // 5


def test_an_asset_without_candles_has_no_points(api):
    body = get(api, "/ethereum/history?currency=eur")
    assert (body["data"], body["source"], body["next_cursor"]) == ([], None, None)


@pytest.mark.parametrize("query, parameter", [
    ("from=2026-01-02&to=2026-01-02", "to"), ("from=tomorrow", "from"), ("interval=1s", "interval"), ("limit=5001", "limit")])
def test_a_history_that_cannot_be_is_refused(api, query, parameter):
    answer = api.get(f"{ROOT}/bitcoin/history?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


# Sources.

def test_sources_say_what_they_are_and_how_they_do(api, market):
    body = api.get("/api/v1/sources/")
    assert body.status_code == 200 and api.get("/api/v1/sources", headers={"If-None-Match": body.headers["ETag"]}).status_code in (200, 304)
    told = {source["name"]: source for source in body.json()["data"]}
    assert set(told) == {"coingecko", "binance", "coinbase", "csv", "coinmarketcap", "coinpaprika", "kraken"}
    assert list(told)[:2] == ["coinbase", "kraken"], "preferred first"
    assert {name: source["kind"] for name, source in told.items() if name in ("csv", "kraken", "coingecko")} == {
        "csv": "file", "kraken": "exchange", "coingecko": "aggregator"}
    coingecko = told["coingecko"]
    assert coingecko["prices"] > 50 and coingecko["enabled"] and coingecko["fresh_seconds"] == 900
    assert coingecko["status"] == "never_run" and coingecko["newest_price_at"] and not coingecko["stale"]
    assert told["coinpaprika"]["newest_price_at"] is None and told["coinpaprika"]["stale"]


def test_the_entrance_names_the_listings(api):
    told = api.get("/").json()
    assert told["name"] == "Tidemark" and told["version"]
    paths = {link["href"] for link in told["links"]}
    assert {link["href"] for link in told["links"] if link["method"] == "POST"} == {
        f"{ROOT}/sync", "/api/v1/prices/prefetch/{symbol}"}
    assert {ROOT, f"{ROOT}/{{symbol}}", f"{ROOT}/{{symbol}}/history", f"{ROOT}/top/gainers", "/api/v1/sources"} <= paths
