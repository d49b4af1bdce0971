"""The daily reports, made on a migrated database by the queries that the worker runs, against an oracle."""
import contextlib
import datetime
import json
import random
import uuid
from decimal import Decimal
from fractions import Fraction

import psycopg2
import psycopg2.extras
import pytest

import report_oracle as oracle
from named_queries import NamedQueries, array
from report_oracle import Candle

UTC = datetime.timezone.utc
DAY = oracle.DAY
TODAY = datetime.datetime(2024, 3, 10, tzinfo=UTC)  # its 91 days have a 29th of February and a change of the year
QUOTES = {"usd": 1, "usdt": 50, "eur": 2, "gbp": 3}
ASSETS = ["bitcoin", "ethereum", "solana", "cardano", "dogecoin", "gapcoin", "newcoin", "wrongcoin", "splitcoin",
          "dustcoin", "gonecoin"]
SYMBOLS = {slug: slug[:4].upper() for slug in ASSETS}


@pytest.fixture(scope="module")
def template(engines):
    """The name of a database with the assets, and the partitions of their candles."""
    engines.make_template()
    name = "reports_template"
    engines.postgres.create_database(name, engines.template)
    with contextlib.closing(engines.postgres.connect(name)) as connection:
        fill = NamedQueries(connection)
        fill.run("assets_apply", array(*ASSETS), array(*(SYMBOLS[slug] for slug in ASSETS)), array(*ASSETS))
        for month in range(9, 17):
            fill.run("partition_ensure", "candles", f"{2023 + (month > 12)}-{(month - 1) % 12 + 1:02}-01")
    yield name
    engines.postgres.drop_database(name)


@pytest.fixture(scope="module")
def new_tables(engines, template):
    @contextlib.contextmanager
    def make():
        name = f"reports_{uuid.uuid4().hex[:12]}"
        with contextlib.closing(psycopg2.connect(engines.postgres.create_database(name, template))) as connection:
            connection.autocommit = True
            yield Tables(connection)
        engines.postgres.drop_database(name)

    return make


@pytest.fixture(scope="module")
def one_for_many(new_tables):
    with new_tables() as tables:
        yield tables


@pytest.fixture
def tables(one_for_many):
    """Without candles and reports."""
    one_for_many.db.execute("RESET ROLE")
    one_for_many.db.execute("TRUNCATE candles, series, reports, report_rows, report_days")
    one_for_many.db.execute("SET ROLE tidemark_worker")
    return one_for_many


class Tables:
    """The candles of a test, and the reports made of them as the worker makes them."""

    def __init__(self, connection):
        self.db = NamedQueries(connection)
        self.ids = dict(self.db.execute("SELECT slug, asset_id FROM assets"))
        self.db.execute("SET ROLE tidemark_worker")
        self.db.utility("report_stage_create")

    def add(self, source, asset, currency, candles, interval_s=86400):
        """Candles of one series; those that are there are replaced."""
        key = oracle.SOURCES[source][0], QUOTES[currency], self.ids[asset], interval_s
        with self.db.connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor,
                "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id,"
                " origin, open, high, low, close, volume, quote_volume, volume_24h, market_cap) VALUES %s"
                " ON CONFLICT (source_id, asset_id, quote_id, interval_s, open_time) DO UPDATE"
                " SET close = excluded.close, payload_id = excluded.payload_id",
                [(*key, 1, one.at, 1, one.payload, 0, 1, 1, 1, one.close, one.volume, one.quote_volume, one.volume_24h,
                  one.market_cap) for one in candles], page_size=1000)
        self.db.run("series_extend", key[0], key[2], key[1], interval_s, min(one.at for one in candles),
                    max(one.at for one in candles))

    def make(self, kind, day=TODAY, now=None, pieces=3):
        """A day as the worker takes it: (revision, made)."""
        now = now or day + 2 * DAY
        for name in ("inputs", "stage", "publish"):  # outside of the transaction
            self.db.prepare(f"report_{kind}_{name}")
        self.db.execute("BEGIN")
        self.db.run("report_lock", kind)
        fingerprint = candles = after = 0
        smallest = () if kind == "market" else (300,)
        while (piece := self.db.run(f"report_{kind}_inputs", day, after, pieces)[0])[0]:
            self.db.run(f"report_{kind}_stage", day, after, piece[0], *smallest)
            after, candles, fingerprint = piece[0], candles + piece[1], fingerprint ^ piece[2]
        (revision, made, _), = self.db.run(f"report_{kind}_publish", day, now, 17, candles, fingerprint,
                                        now, *smallest)
        self.db.run("report_day_checked", kind, day, now, fingerprint, revision)
        self.db.execute("COMMIT")
        return revision, made

    def report(self, kind, day=TODAY):
        """Its newest revision: what it says, and its rows in order."""
        (text, revision), = self.db.execute("SELECT body::text, revision FROM reports WHERE kind = %s AND day = %s"
                                            " ORDER BY revision DESC LIMIT 1", kind, day.date())
        rows = self.db.execute("SELECT body::text FROM report_rows WHERE (kind, day, revision) = (%s, %s, %s)"
                               " ORDER BY place", kind, day.date(), revision)
        return exact(text), [exact(row) for row, in rows]


def exact(text):
    return json.loads(text, parse_float=Decimal, parse_int=lambda digits: int(digits))


def walk(seed, start, days, places=2, wild=0.05, end=TODAY, **beside):
    """A random walk of daily closes up to `end`; `beside` has functions of (random, close) for the other numbers."""
    chance = random.Random(seed)
    price, candles = float(start), []
    for back in range(days - 1, -1, -1):
        price *= 1 + chance.uniform(-wild, wild)
        close = round(Decimal(price), places)
        candles.append(Candle(end - back * DAY, close, payload=chance.randrange(1, 10**6),
                              **{name: make(chance, close) for name, make in beside.items()}))
    return candles


def near(candles, seed, share="0.001", **beside):
    """What another source says of the same days: nearly the same."""
    chance = random.Random(seed)
    return [Candle(one.at, one.close * (1 + Decimal(share) * chance.randrange(-9, 10)), payload=chance.randrange(1, 10**6),
                   **{name: make(chance, one.close) for name, make in beside.items()}) for one in candles]


def traded(chance, close):
    return Decimal(chance.randrange(10**6, 10**9)) / 100


def coins(chance, close):
    return Decimal(chance.randrange(10**5, 10**8)) / 1000


def cap(chance, close):
    return close * 19000000 + Decimal(chance.randrange(1000)) / 7


def market():
    """{(asset, currency): {source: candles}} with every trouble that there is."""
    bitcoin = walk(1, 42000, 120, volume=coins, quote_volume=traded)
    gaps = walk(4, "0.00001234", 120, places=12, volume_24h=traded)
    sol = walk(3, 95, 120, volume=coins)
    dust = walk(18, "0.0001", 91, places=12, volume_24h=lambda *_: Decimal("12.5"))
    dust[-1].close *= 20
    return {
        ("bitcoin", "usd"): {"coinbase": bitcoin, "kraken": near(bitcoin, 11, volume=coins),
                             "coingecko": near(bitcoin, 12, volume_24h=traded, market_cap=cap)},
        ("bitcoin", "usdt"): {"binance": walk(2, 41900, 91, volume=coins, quote_volume=traded)},
        ("ethereum", "usd"): {"coingecko": walk(5, 2300, 100, volume_24h=traded, market_cap=cap),
                              "coinmarketcap": walk(5, 2300, 100, volume_24h=traded, market_cap=cap)},
        # its preferred source has the shorter history, and another one's cap is 0: unknown
        ("solana", "usd"): {"coinbase": near(sol[-20:], 13, volume=coins), "coingecko": near(sol, 14, volume=coins),
                            "coinpaprika": near(sol, 15, market_cap=lambda *_: Decimal(0))},
        ("cardano", "usd"): {"coingecko": walk(6, "0.61", 91, places=6, market_cap=cap)},  # no volume at all
        # a floor in euros by bitcoin's closes, and none in pounds
        ("bitcoin", "eur"): {"kraken": walk(20, 39000, 30, volume=coins)},
        ("dogecoin", "eur"): {"kraken": walk(7, "0.08", 91, places=5, volume=coins)},
        ("dogecoin", "gbp"): {"kraken": walk(21, "0.07", 91, places=5, volume=coins)},
        ("gapcoin", "usd"): {"coingecko": [one for place, one in enumerate(gaps) if place % 5 and place % 16]},
        ("newcoin", "usd"): {"coingecko": walk(8, 3, 4, wild=0.3, volume_24h=traded)},  # too few days
        # one of three says ten times as much; it is the preferred one
        ("wrongcoin", "usd"): {"coinbase": [Candle(one.at, one.close * 10, volume=Decimal(10**9)) for one in sol],
                               "kraken": near(sol, 16, volume=coins), "coingecko": near(sol, 17, volume_24h=traded)},
        ("splitcoin", "usd"): {"coinbase": walk(9, 5, 91, volume=coins), "coingecko": walk(10, 50, 91, market_cap=cap)},
        ("dustcoin", "usd"): {"coingecko": dust},
        ("gonecoin", "usd"): {"coingecko": walk(19, 7, 60, end=TODAY - DAY, volume_24h=traded, market_cap=cap)},
    }


@pytest.fixture(scope="module")
def seeded(new_tables):
    """The whole market, and its report of TODAY; tests only read it, or make reports of other days."""
    with new_tables() as tables:
        for (asset, currency), sources in market().items():
            for source, candles in sources.items():
                tables.add(source, asset, currency, candles)
        assert tables.make("market") == (0, True)
        yield tables


def expected_market(day=TODAY, markets=None):
    rows = [oracle.market_row(asset, SYMBOLS[asset], currency,
                              {source: {one.at: one for one in candles} for source, candles in sources.items()}, day)
            for (asset, currency), sources in (markets or market()).items()]
    return oracle.with_dominance([row for row in rows if row])


def by_name(rows):
    return {(row["asset"], row["currency"]): row for row in rows}


# ---- the market report ----

def test_every_row_of_the_market_equals_the_oracle(seeded):
    got, expected = by_name(seeded.report("market")[1]), by_name(expected_market())
    assert got.keys() == expected.keys()
    for name, row in expected.items():
        assert got[name] == row, name


@pytest.mark.parametrize("currency", ["usd", "usdt", "eur", "gbp"])
def test_movers_are_those_of_the_oracle(seeded, currency):
    closes = {row["currency"]: row["close"] for row in expected_market() if row["asset"] == "bitcoin"}
    floor = {"usd": 50000, "usdt": 50000, "gbp": None,
             "eur": oracle.rounded(50000 * Fraction(closes["eur"]) / Fraction(closes["usd"]))}[currency]
    said = seeded.report("market")[0]["currencies"][currency]
    assert [said["turnover_floor"]] + [[one["asset"] for one in said[side]] for side in ("gainers", "losers")] == [
        floor, oracle.movers(expected_market(), currency, floor, True),
        oracle.movers(expected_market(), currency, floor, False)]


def test_who_is_not_among_the_movers_is_counted_with_the_reason(seeded):
    assert seeded.report("market")[0]["currencies"]["gbp"]["not_ranked"]["no_floor"] == 1
    assert seeded.report("market")[0]["currencies"]["usd"]["not_ranked"] == {
        "disputed": 1, "no_change": 1, "turnover_unknown": 1, "no_floor": 0, "below_floor": 1}


def test_what_is_lacking_is_named(seeded):
    said = seeded.report("market")[0]["currencies"]["usd"]
    assert (said["without_close"], said["disputed"], said["too_few_points"], said["market_cap_unknown"]) == (
        {"count": 1, "first": ["gonecoin"]}, {"count": 1, "first": ["splitcoin"]}, {"7d": 2, "30d": 2, "90d": 3}, 7)


def test_where_nothing_is_lacking_the_lists_are_empty(seeded):
    said = seeded.report("market")[0]["currencies"]["usdt"]
    assert (said["without_close"], said["disputed"]) == ({"count": 0, "first": []}, {"count": 0, "first": []})


def test_shares_add_up_over_the_known_caps(seeded):
    said = seeded.report("market")[0]["currencies"]["usd"]
    rows = [row for row in expected_market() if row["currency"] == "usd" and row["market_cap"] is not None]
    assert Fraction(said["market_cap_sum"]) == sum(Fraction(row["market_cap"]) for row in rows)
    assert [one["asset"] for one in said["dominance"]] == [
        row["asset"] for row in sorted(rows, key=lambda row: -row["market_cap"])]


def test_volumes_are_summed_by_source(seeded):
    said = {one["source"]: one for one in seeded.report("market")[0]["currencies"]["usd"]["volumes"]}
    at_coinbase = [one for row in expected_market() if row["currency"] == "usd" for one in row["sources"]
                   if one["source"] == "coinbase"]
    assert said["coinbase"] == {
        "source": "coinbase", "interval": "1d", "assets": len(at_coinbase), "assets_with_quote_volume": 1,
        "quote_volume": sum(one["quote_volume"] or 0 for one in at_coinbase), "assets_with_volume_24h": 0,
        "volume_24h": None}


@pytest.mark.parametrize("back", [10, 30])
def test_other_days_equal_the_oracle_too(seeded, back):
    """The day before a leap day, and one whose window reaches into the year before."""
    day = TODAY - back * DAY
    seeded.make("market", day)
    assert by_name(seeded.report("market", day)[1]) == by_name(expected_market(day))


# ---- the reconciliation report ----

def slots(seed, start, step_s, count=None, day=TODAY, places=4):
    """A walk over one day's candles of so many seconds."""
    chance, price, candles = random.Random(seed), float(start), {}
    for slot in range(count or 86400 // step_s):
        price *= 1 + chance.uniform(-0.002, 0.002)
        candles[slot] = Candle(day + datetime.timedelta(seconds=slot * step_s), round(Decimal(price), places),
                               payload=chance.randrange(1, 10**6))
    return candles


def follow(candles, slots_later, bias, seed, step_s, without=lambda slot: False, day=TODAY):
    """The same closes so many slots later, a bit higher or lower, with some noise."""
    chance = random.Random(seed)
    return {slot: Candle(day + datetime.timedelta(seconds=slot * step_s),
                         candles[slot - slots_later].close * (1 + Decimal(bias) + Decimal(chance.randrange(-9, 10)) / 10**5),
                         payload=chance.randrange(1, 10**6))
            for slot in candles if slot - slots_later in candles and not without(slot)}


def comparisons():
    """{(asset, symbol, currency): {(source, interval_s): {slot: candle}}}"""
    fine, hours, flat = slots(31, 42000, 300), slots(32, 42000, 3600), slots(33, 2300, 300)
    named = lambda asset, currency: (asset, SYMBOLS[asset], currency)  # noqa: E731
    return {
        named("bitcoin", "usd"): {
            ("coinbase", 300): fine, ("kraken", 300): follow(fine, 2, "0.0008", 34, 300, lambda slot: slot % 7 == 3),
            ("coingecko", 300): follow(fine, -1, "-0.001", 35, 300, lambda slot: slot > 200), ("coinbase", 3600): hours,
            ("kraken", 3600): follow(hours, 0, "0", 36, 3600)},
        named("bitcoin", "usdt"): {("binance", 300): follow(fine, 0, "0.05", 37, 300),  # nobody to compare with
                                   ("binance", 3600): hours},
        # too few fine ones match: hours are compared
        named("ethereum", "usd"): {("coinbase", 300): flat, ("coinmarketcap", 300): follow(flat, 0, "0", 38, 300,
                                                                                             lambda slot: slot % 13),
                                   ("coinbase", 3600): hours, ("coinmarketcap", 3600): follow(hours, 1, "0", 39, 3600)},
        named("solana", "usd"): {("kraken", 300): slots(40, 90, 300, 100), ("coinpaprika", 3600): slots(41, 90, 3600)},
        named("cardano", "usd"): {("kraken", 3600): slots(42, 1, 3600, 10, places=9),  # never at the same time
                                  ("coinpaprika", 3600): {slot + 10: candle for slot, candle in slots(
                                      43, 1, 3600, 10, TODAY + datetime.timedelta(hours=10), 9).items()}},
        # all the same: no shift is better than none
        named("dogecoin", "usd"): {(source, 3600): {slot: Candle(one.at, Decimal("0.1"))
                                                    for slot, one in slots(44, 1, 3600).items()}
                                   for source in ("kraken", "coinbase")},
    }


@pytest.fixture(scope="module")
def compared(new_tables):
    with new_tables() as tables:
        for (asset, _, currency), series in comparisons().items():
            for (source, interval_s), candles in series.items():
                tables.add(source, asset, currency, list(candles.values()), interval_s)
        assert tables.make("reconciliation") == (0, True)
        yield tables


def by_pair(rows):
    return {(row["asset"], row["currency"], row["first"], row["second"]): row for row in rows}


def test_every_pair_of_sources_equals_the_oracle(compared):
    got = by_pair(compared.report("reconciliation")[1])
    expected = by_pair(oracle.reconciliation_rows(comparisons(), TODAY))
    assert got.keys() == expected.keys()
    for name, row in expected.items():
        assert got[name] == row, name


@pytest.mark.parametrize("first, second, lag_s", [("coinbase", "kraken", 600), ("coinbase", "coingecko", -300)])
def test_who_follows_whom_is_found(compared, first, second, lag_s):
    row = by_pair(compared.report("reconciliation")[1])["bitcoin", "usd", first, second]
    assert row["lag_s"] == lag_s and row["lag_gain_percent"] > 50


def test_currencies_are_never_mixed(compared):
    said, rows = compared.report("reconciliation")
    assert {pair["currency"] for pair in said["pairs"]} == {"usd"}
    assert [row["second"] for row in rows if row["currency"] == "usdt"] == [None]
    assert said["single_source"] == {"count": 1, "first": [{"asset": "bitcoin", "currency": "usdt", "source": "binance"}]}


def test_a_pair_of_sources_is_summed_up_over_its_assets(compared):
    pairs = {(pair["first"], pair["second"]): pair for pair in compared.report("reconciliation")[0]["pairs"]}
    rows = [row for row in oracle.reconciliation_rows(comparisons(), TODAY)
            if (row["first"], row["second"]) == ("coinbase", "kraken")]
    pair = pairs["coinbase", "kraken"]
    assert (pair["assets"], pair["assets_matched"], pair["matched"], pair["lagging"], pair["median_bias_percent"]) == (
        2, 2, sum(row["matched"] for row in rows), 1, min(row["bias_percent"] for row in rows))
    assert (pair["worst"]["asset"], pair["worst"]["difference_percent"]) == ("bitcoin", rows[0]["worst"]["difference_percent"])


# ---- when a report is made ----

def short_market(**close):
    days = walk(50, 100, 10, volume=coins)
    for back, value in close.items():
        days[-1 - int(back[1:])].close = Decimal(value)
    return days


def test_equal_inputs_give_no_other_revision(tables):
    tables.add("coinbase", "bitcoin", "usd", short_market())
    assert [tables.make("market"), tables.make("market", pieces=1)] == [(0, True), (0, False)]


def test_a_late_correction_gives_the_next_revision_and_keeps_the_first(tables):
    tables.add("coinbase", "bitcoin", "usd", short_market())
    tables.make("market")
    tables.add("coinbase", "bitcoin", "usd", short_market(d3="123.45"))
    assert tables.make("market", now=TODAY + 35 * DAY) == (1, True)
    assert tables.db.execute("SELECT revision, rows FROM reports ORDER BY 1") == [(0, 1), (1, 1)]
    first, second = (exact(body) for body, in tables.db.execute("SELECT body::text FROM report_rows ORDER BY revision"))
    assert first["windows"]["7d"] != second["windows"]["7d"]
    assert second == expected_market(markets={("bitcoin", "usd"): {"coinbase": short_market(d3="123.45")}})[0]


def test_a_change_that_the_report_does_not_show_gives_no_revision(tables):
    tables.add("coinbase", "bitcoin", "usd", short_market())
    tables.make("market")
    fingerprint = tables.db.execute("SELECT fingerprint FROM report_days")
    tables.add("coinbase", "bitcoin", "usd", [Candle(one.at, one.close, payload=7) for one in short_market()[:-1]])
    assert tables.make("market") == (0, False)
    assert tables.db.execute("SELECT fingerprint FROM report_days") != fingerprint


@pytest.mark.parametrize("kind, end", [("market", TODAY - DAY), ("reconciliation", TODAY - DAY)])
def test_a_day_without_data_has_no_report(tables, kind, end):
    tables.add("coinbase", "bitcoin", "usd", walk(51, 10, 9, end=end), 86400 if kind == "market" else 3600)
    assert tables.make(kind) == (None, False)
    assert tables.db.execute("SELECT count(*) FROM reports") == [(0,)]


def days_due(tables, now, since, kind="market"):
    """The days that one run looks at, in its order."""
    days = []
    while found := tables.db.run("report_day_due", kind, now, since):
        days.append(datetime.datetime.fromtimestamp(found[0][0] / 1000, UTC))
        tables.db.run("report_day_checked", kind, days[-1], now, 1, 0 if days[-1] in tables.reported else None)
    return days


NOON = datetime.timedelta(hours=12)


def test_a_first_run_looks_at_a_month_newest_first(tables):
    tables.reported = set()
    assert days_due(tables, TODAY + NOON, TODAY + NOON) == [TODAY - back * DAY for back in range(1, 32)]


@pytest.mark.parametrize("after_midnight, newest", [("00:59", 2), ("01:00", 1)])
def test_a_day_is_over_for_an_hour_before_it_is_looked_at(tables, after_midnight, newest):
    tables.reported = set()
    now = TODAY + datetime.timedelta(hours=int(after_midnight[:2]), minutes=int(after_midnight[3:]))
    assert days_due(tables, now, now)[0] == TODAY - newest * DAY


@pytest.mark.parametrize("hours, again", [
    (1, {1, 2, 5}),  # yesterday, and what had nothing to report
    (20, {1, 2, 5}), (21, set(range(1, 32))),
])
def test_a_later_run_looks_again_where_something_may_have_changed(tables, hours, again):
    tables.reported = {TODAY - back * DAY for back in range(1, 32)} - {TODAY - 2 * DAY, TODAY - 5 * DAY}
    start = TODAY + datetime.timedelta(hours=2)
    days_due(tables, start, start)
    later = start + datetime.timedelta(hours=hours)
    assert days_due(tables, later, later) == [TODAY - back * DAY for back in sorted(again)]


def test_a_report_that_is_new_is_looked_at_again_soon_and_then_more_and_more_seldom(tables):
    """In a new system a day is reported before the last of its candles has come."""
    day, start = TODAY - 9 * DAY, TODAY + datetime.timedelta(hours=2)
    tables.reported = {day}
    tables.db.execute("INSERT INTO reports VALUES ('market', %s, 0, 1, %s, 1, sha256('x'), '{}', '{}')", day, start)
    runs = [start + datetime.timedelta(minutes=15 * n) for n in range(220)]
    looks = [now for now in runs if day in days_due(tables, now, now)]
    waits = [(later - before) / datetime.timedelta(minutes=15) for before, later in zip(looks, looks[1:])]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 81], "80 are 20 hours"


def test_a_report_is_looked_at_for_a_hundred_days(tables):
    tables.reported = {TODAY - DAY}
    start = TODAY + datetime.timedelta(hours=2)
    days_due(tables, start, start)
    for days, looked_at in ((98, True), (99, True), (100, False)):
        later = start + days * DAY
        assert (TODAY - DAY in days_due(tables, later, later)) == looked_at


# ---- what it costs ----

@pytest.fixture(scope="module")
def crowded(new_tables):
    """Three hundred markets of two sources among which planners have something to choose."""
    with new_tables() as tables:
        tables.db.execute("RESET ROLE")
        tables.db.execute(
            "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id,"
            " origin, open, high, low, close) SELECT source, 1, asset, step, 1, %s::timestamptz - back * step * interval"
            " '1 second', 1, 1, 0, 1, 1, 1, 1 FROM generate_series(1, 300) AS asset, unnest(ARRAY[1, 3]) AS source,"
            " (VALUES (86400, 91), (3600, 24)) AS kind (step, count), generate_series(0, count) AS back", TODAY)
        tables.db.execute("INSERT INTO series SELECT source_id, quote_id, asset_id, interval_s, min(open_time),"
                          " max(open_time) FROM candles GROUP BY source_id, quote_id, asset_id, interval_s")
        tables.db.execute("INSERT INTO report_rows SELECT 'market', '2024-03-10', 0, place, place, 1, '{}'"
                          " FROM generate_series(1, 3000) AS place")
        tables.db.execute("ANALYZE candles, series, report_rows")
        yield tables


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("query, arguments, table", [
    ("report_market_inputs", (TODAY, 100, 20), "candles"),
    ("report_market_stage", (TODAY, 100, 120), "candles"),
    ("report_reconciliation_inputs", (TODAY, 100, 20), "candles"),
    ("report_reconciliation_stage", (TODAY, 100, 120, 300), "candles"),
    ("report_page", ("market", "2024-03-10", 0, 2000, 100, None, None), "report_rows"),
])
def test_rows_are_found_by_their_index(crowded, query, arguments, table, mode):
    crowded.db.execute(f"SET plan_cache_mode = {mode}")
    crowded.db.prepare(query)
    places = ", ".join(["%s"] * len(arguments))
    plan = [line for line, in crowded.db.execute(f"EXPLAIN EXECUTE {query} ({places})", *arguments)]
    assert not [line for line in plan if f"Seq Scan on {table}" in line], plan
