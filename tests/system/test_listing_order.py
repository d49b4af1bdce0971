"""By what listings of the market are ordered: who leads, and that it follows what workers write, in SQL alone."""
import random
import threading

import pytest

from named_queries import array
from query_database import BINANCE, BTC, COINBASE, ETH, OLD, USD, USDT, at, connect, template, worker  # noqa: F401

COINGECKO, CSV, COINMARKETCAP, KRAKEN = 1, 4, 5, 7


def say(worker, source, asset=BTC, quote=USD, price="1", age_s=0, cap=None, volume=None, change=None, doubt=0):
    """The newest price of a source, as a worker would write it."""
    worker.execute(
        "INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price,"
        " market_cap, volume_24h, change_24h_percent, doubt)"
        " VALUES (%s, %s, %s, now() - %s * interval '1 second', 1, 1, 'tick', %s, %s, %s, %s, %s)"
        " ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE SET observed_at = excluded.observed_at,"
        " price = excluded.price, market_cap = excluded.market_cap, volume_24h = excluded.volume_24h,"
        " change_24h_percent = excluded.change_24h_percent, doubt = excluded.doubt",
        source, quote, asset, age_s, price, cap, volume, change, doubt)


def rank(worker, source, number, change=None, asset=BTC):
    worker.execute(
        "INSERT INTO listings (source_id, quote_id, asset_id, rank, change_24h_percent, observed_at, run_id, payload_id)"
        " VALUES (%s, %s, %s, %s, %s, now(), 1, 1) ON CONFLICT (asset_id, quote_id, source_id)"
        " DO UPDATE SET rank = excluded.rank, change_24h_percent = excluded.change_24h_percent",
        source, USD, asset, number, change)


@pytest.fixture
def look(connect):
    """look("source_id, price") reads the one row of bitcoin in usd, as the API."""
    api = connect("api")

    def read(columns):
        rows = api.execute(f"SELECT {columns} FROM listing_order WHERE asset_id = {BTC} AND quote_id = {USD}")
        return rows[0] if rows else None

    return read


def test_the_leader_s_numbers_are_there(worker, look):
    say(worker, COINGECKO, price="64123.50", cap="1.2e12", volume="3e10", change="-1.25")
    assert look("source_id, price, market_cap, volume_24h, change_24h_percent, rank, symbol, name") == (
        COINGECKO, "64123.50", "1200000000000", "30000000000", "-1.25", None, "btc", "bitcoin")


LEADERS = [
    ("an exchange, if nobody else has a price", [(BINANCE, {})], BINANCE),
    ("of exchanges the preferred", [(BINANCE, {}), (COINBASE, {}), (KRAKEN, {})], COINBASE),
    ("an aggregator before an exchange that came first", [(COINBASE, {}), (COINMARKETCAP, {})], COINMARKETCAP),
    ("an aggregator before an exchange that comes later", [(COINMARKETCAP, {}), (COINBASE, {})], COINMARKETCAP),
    ("of aggregators the preferred", [(COINMARKETCAP, {}), (COINGECKO, {}), (COINMARKETCAP, {})], COINGECKO),
    ("a file behind exchanges, as its priority says", [(CSV, {}), (COINBASE, {})], COINBASE),
    ("one that is fresh before one that is not", [(COINGECKO, {"age_s": 901}), (COINMARKETCAP, {})], COINMARKETCAP),
    ("an exchange before an aggregator that is old", [(COINGECKO, {"age_s": 901}), (COINBASE, {})], COINBASE),
    ("of the old ones the preferred", [(COINMARKETCAP, {"age_s": 901}), (COINGECKO, {"age_s": 99999})], COINGECKO),
    ("one without a doubt before a doubted one", [(COINGECKO, {"doubt": 1}), (COINBASE, {})], COINBASE),
    ("nobody who is doubted later", [(COINGECKO, {}), (COINBASE, {}), (COINGECKO, {"doubt": 2})], COINBASE),
    ("one who is not doubted any more", [(COINBASE, {}), (COINGECKO, {"doubt": 4}), (COINGECKO, {})], COINGECKO),
    ("one who is fresh again", [(COINGECKO, {"age_s": 901}), (COINBASE, {}), (COINGECKO, {})], COINGECKO),
]


@pytest.mark.parametrize("said, leader", [pytest.param(said, leader, id=name) for name, said, leader in LEADERS])
def test_who_leads(worker, look, said, leader):
    for number, (source, more) in enumerate(said):
        say(worker, source, price=str(number + 1), **more)
    assert look("source_id") == (leader,)
    [last] = [number + 1 for number, (source, _) in enumerate(said) if source == leader][-1:]
    assert look("price") == (str(last),), "what it said last"


def test_a_period_of_its_schedule_keeps_a_source_fresh_for_longer(worker, connect, look):
    connect().execute("INSERT INTO schedules (name, source_id, kind, stream, period_s, missed)"
                      " VALUES ('all', %s, 'listing', 'all', 3600, 'coalesce')", COINGECKO)
    say(worker, COINGECKO, age_s=3 * 3600 - 60)
    say(worker, COINMARKETCAP)
    assert look("source_id") == (COINGECKO,)


def test_where_all_are_doubted_nothing_orders_the_asset(worker, look):
    say(worker, COINGECKO, cap="5", volume="5", change="5", doubt=1)
    rank(worker, COINGECKO, 1)
    assert look("source_id, price, market_cap, volume_24h, change_24h_percent, rank") == (
        COINGECKO, None, None, None, None, None)


def test_ranks_follow_the_leader_s_listing_only(worker, look):
    say(worker, COINGECKO)
    rank(worker, COINGECKO, 7, change="2.5")
    rank(worker, COINMARKETCAP, 9)
    assert look("rank, change_24h_percent") == ("7", "2.5")
    rank(worker, COINGECKO, 8)
    assert look("rank") == ("8",)


def test_a_price_s_own_change_goes_before_its_listing_s(worker, look):
    say(worker, COINGECKO, change="1")
    rank(worker, COINGECKO, 1, change="2")
    assert look("change_24h_percent") == ("1",)


def test_many_pairs_in_one_statement_each_find_their_leader(worker, connect):
    worker.execute("INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price)"
                   " SELECT s, q, a, now(), 1, 1, 'tick', s FROM unnest(%s) AS s, unnest(%s) AS q, unnest(%s) AS a",
                   [BINANCE, COINGECKO, COINMARKETCAP], [USD, USDT], [BTC, ETH])
    assert connect("api").execute("SELECT source_id, count(*) FROM listing_order GROUP BY 1") == [(COINGECKO, 4)]


def test_names_follow_the_asset_s(worker, connect, look):
    say(worker, COINBASE)
    connect().execute("UPDATE assets SET symbol = 'XBT', name = %s WHERE asset_id = %s", "B" * 200, BTC)
    assert look("symbol, name") == ("xbt", "b" * 60)


def test_a_price_that_is_taken_away_leads_no_more(worker, connect, look):
    say(worker, COINGECKO)
    say(worker, COINBASE)
    connect().execute("DELETE FROM latest_prices WHERE source_id = %s", COINGECKO)
    assert look("source_id") == (COINBASE,)
    connect().execute("DELETE FROM latest_prices")
    assert look("source_id") is None


def test_an_order_can_be_made_anew_from_the_prices(worker, connect, look):
    say(worker, COINGECKO)
    owner = connect()
    owner.execute("DELETE FROM listing_order")
    owner.execute("SELECT listing_order_renew(array_agg(asset_id), array_agg(quote_id)) FROM latest_prices")
    assert look("source_id") == (COINGECKO,)


def test_of_two_transactions_at_a_time_the_preferred_leads(connect, look):
    """The second waits for the first one's row, and looks again then."""
    first, second = connect("worker"), connect("worker")
    say(first, COINBASE)
    first.connection.autocommit = False
    say(first, COINGECKO)
    second.execute("SET lock_timeout = '100ms'")
    with pytest.raises(Exception, match="lock timeout"):
        say(second, COINMARKETCAP)
    first.connection.commit()
    say(second, COINMARKETCAP)
    assert look("source_id") == (COINGECKO,)


# ---- orders by steps ----

NUMBERS = ["0", "1e-40", "0.00000001234", "0.0001", "0.00010001", "0.5", "0.99999", "1", "1.0000000001", "7.3", "99.99", "100",
           "64123.5", "64123.51", "999999999999", "1234567890123.45", "1e35"]


@pytest.mark.parametrize("sort", ["price", "market_cap", "volume", "rank", "change_24h"])
def test_a_step_is_never_lower_for_a_higher_number(connect, sort):
    numbers = NUMBERS + (["-" + number for number in NUMBERS[1:]] if sort == "change_24h" else [])
    [(steps,)] = connect("api").execute(
        "SELECT array_agg(listing_step(%s, number) ORDER BY number) FROM (SELECT unnest(%s::numeric[]) UNION ALL"
        " SELECT (random() * 10 ^ (n %% 20 - 8))::numeric FROM generate_series(1, 5000) AS n) AS numbers (number)", sort, numbers)
    assert steps == sorted(steps) and len(set(steps)) > 10


@pytest.mark.parametrize("sort", ["price", "market_cap", "volume", "rank", "change_24h"])
def test_no_bound_is_behind_or_before_all_steps(connect, sort):
    [row] = connect("api").execute("SELECT listing_step(%s, '-Infinity') <= listing_step(%s, 0), listing_step(%s, 'Infinity')"
                                   " >= listing_step(%s, 1e200), listing_step(%s, NULL) IS NULL", *[sort] * 5)
    assert row == (True, True, True)


def test_a_price_that_moves_little_moves_no_index(worker, connect):
    say(worker, COINGECKO, price="100.01", cap="2000000", volume="30000", change="2.01")
    before = updates(connect, worker)
    say(worker, COINGECKO, price="100.02", cap="2000100", volume="30010", change="2.02")
    after = updates(connect, worker)
    assert (after["n_tup_upd"] - before["n_tup_upd"], after["n_tup_hot_upd"] - before["n_tup_hot_upd"]) == (1, 1)


def updates(connect, worker, table="listing_order"):
    """What the statistics say of a table; a session tells when it is asked to."""
    worker.execute("SELECT pg_stat_force_next_flush()")
    worker.execute("SELECT 1")
    names = ["n_tup_ins", "n_tup_upd", "n_tup_hot_upd", "n_dead_tup"]
    [row] = connect().execute(f"SELECT {', '.join(names)} FROM pg_stat_user_tables WHERE relname = %s", table)
    return dict(zip(names, row))


def store_page(worker, source, rows):
    """As a worker stores a page: each (asset, quote, price, rank)."""
    assets, quotes, prices, ranks = (array(*column) for column in zip(*rows))
    nothing, now = array(*[None] * len(rows)), array(*[at()] * len(rows))
    worker.run("listing_order_hold", assets, quotes)
    worker.run("ticks_upsert", source, 1, 1, at(), assets, quotes, now, prices, nothing, nothing, nothing)
    worker.run("listings_upsert", source, 1, 1, assets, quotes, ranks, now, *[nothing] * 12)


def test_the_same_page_again_leaves_nothing_dead(worker, connect):
    page = [(BTC, USD, "64123.5", 1), (ETH, USD, "3123.5", 2), (OLD, USD, "0.5", 3)]
    tables = ["listing_order", "latest_prices", "listings"]
    store_page(worker, COINGECKO, page)
    before = [updates(connect, worker, table) for table in tables]
    store_page(worker, COINGECKO, page)
    assert [updates(connect, worker, table) for table in tables] == before


def test_whatever_is_said_the_order_is_what_it_would_be_made_anew(worker, connect):
    owner, rng = connect(), random.Random(7)
    read = "SELECT * FROM listing_order ORDER BY quote_id, asset_id"
    for _ in range(150):
        source, asset, quote = rng.choice([COINGECKO, COINMARKETCAP, COINBASE, BINANCE]), rng.choice([BTC, ETH]), USD
        if rng.random() < 0.3:
            rank(worker, source, rng.randrange(1, 100), rng.choice([None, "1.5", "-2"]), asset)
        else:
            say(worker, source, asset, quote, price=str(rng.randrange(1, 1000)), age_s=rng.choice([0, 0, 0, 901, 5000]),
                cap=rng.choice([None, "5"]), change=rng.choice([None, "3", "4"]), doubt=rng.choice([0, 0, 0, 4]))
        if rng.random() < 0.2:
            kept = owner.execute(read)
            owner.execute("DELETE FROM listing_order")
            owner.execute("SELECT listing_order_renew(array_agg(asset_id), array_agg(quote_id)) FROM latest_prices")
            assert owner.execute(read) == kept


# ---- orders of waiting ----

def test_two_sources_that_store_the_same_pairs_in_other_orders_never_wait_in_a_circle(connect):
    """Prices are doubted and not, so that each takes the lead from the other all the time."""
    pairs = [(asset, quote) for asset in (BTC, ETH, OLD) for quote in (USD, USDT)]
    failures = []

    def store(source):
        rng, session = random.Random(source), connect("worker")
        session.connection.autocommit = False
        try:
            for number in range(40):
                some = rng.sample(pairs, 4)
                store_page(session, source, [(*pair, str(rng.choice([1, 1000]) * (number + 1)), number + 1) for pair in some])
                session.connection.commit()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    sources = [threading.Thread(target=store, args=(source,)) for source in (COINGECKO, COINMARKETCAP, COINBASE)]
    for thread in sources:
        thread.start()
    for thread in sources:
        thread.join()
    assert failures == []
