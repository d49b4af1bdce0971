"""In what order /data gives latest prices and how many there are: that what is kept follows what workers write, in SQL alone."""
import pytest

from query_database import BINANCE, BTC, COINBASE, ETH, OLD, USD, USDT, connect, template, worker  # noqa: F401

COINGECKO, COINMARKETCAP = 1, 5
ORDER = "SELECT source_id, quote_id, asset_id, place, priority, slug, code FROM data_order ORDER BY asset_id, quote_id, source_id"
COUNTS = "SELECT source_id, sum(rows)::integer FROM data_counts GROUP BY source_id HAVING sum(rows) <> 0 ORDER BY source_id"


def say(session, source, asset=BTC, quote=USD, doubt=0):
    """A price, as a worker would write it."""
    session.execute(
        "INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price, doubt)"
        " VALUES (%s, %s, %s, now(), 1, 1, 'tick', 1, %s)"
        " ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE SET observed_at = now(), doubt = excluded.doubt",
        source, quote, asset, doubt)


def rank(session, source, number, asset=BTC, quote=USD):
    session.execute(
        "INSERT INTO listings (source_id, quote_id, asset_id, rank, observed_at, run_id, payload_id)"
        " VALUES (%s, %s, %s, %s, now(), 1, 1)"
        " ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE SET rank = excluded.rank, observed_at = now()",
        source, quote, asset, number)


@pytest.fixture
def kept(connect):
    """kept() reads both tables, once they are what they would be if they were made anew."""
    owner, api = connect(), connect("api")

    def read():
        found = api.execute(ORDER), api.execute(COUNTS)
        owner.execute("BEGIN")
        owner.execute("SELECT data_order_renew()")
        anew = owner.execute(ORDER), owner.execute(COUNTS)
        owner.execute("ROLLBACK")
        assert found == anew
        return found

    return read


def places(kept):
    return {(source, asset): place for source, _, asset, place, *_ in kept()[0]}


def test_a_price_has_its_place_from_its_own_source_s_listing(worker, kept):
    say(worker, COINGECKO)
    say(worker, COINBASE)
    assert places(kept) == {(COINGECKO, BTC): None, (COINBASE, BTC): None}
    rank(worker, COINGECKO, 7)
    assert places(kept) == {(COINGECKO, BTC): 7, (COINBASE, BTC): None}


RANKED = [
    ("another rank", lambda worker: rank(worker, COINGECKO, 8), 8),
    ("no rank any more", lambda worker: rank(worker, COINGECKO, None), None),
    ("another source's rank", lambda worker: rank(worker, COINMARKETCAP, 9), 7),
    ("its rank in another currency", lambda worker: rank(worker, COINGECKO, 9, quote=USDT), 7),
    ("a market cap that cannot be", lambda worker: say(worker, COINGECKO, doubt=4), None),
    ("a price that leaps", lambda worker: say(worker, COINGECKO, doubt=2), 7),
    ("a price that is newer", lambda worker: say(worker, COINGECKO), 7),
]


@pytest.mark.parametrize("act, place", [pytest.param(act, place, id=name) for name, act, place in RANKED])
def test_a_place_follows(worker, kept, act, place):
    say(worker, COINGECKO)
    rank(worker, COINGECKO, 7)
    act(worker)
    assert places(kept)[COINGECKO, BTC] == place


def test_a_market_cap_that_can_be_again_has_its_place_again(worker, kept):
    say(worker, COINGECKO, doubt=4)
    rank(worker, COINGECKO, 7)
    assert places(kept) == {(COINGECKO, BTC): None}
    say(worker, COINGECKO)
    assert places(kept) == {(COINGECKO, BTC): 7}


def test_a_listing_that_was_first_counts_when_the_price_comes(worker, kept):
    rank(worker, COINGECKO, 7)
    assert kept() == ([], [])
    say(worker, COINGECKO)
    assert places(kept) == {(COINGECKO, BTC): 7}


def test_rows_of_each_source_are_counted(worker, kept):
    for asset in (BTC, ETH, BTC):
        say(worker, COINGECKO, asset)
    say(worker, COINGECKO, BTC, USDT)
    say(worker, BINANCE)
    assert kept()[1] == [(COINGECKO, 3), (BINANCE, 1)]


def test_what_is_taken_away_by_hand_is_counted_no_more(worker, connect, kept):
    for source, asset in ((COINGECKO, BTC), (COINGECKO, ETH), (COINBASE, BTC)):
        say(worker, source, asset)
    rank(worker, COINGECKO, 7)
    connect().execute("DELETE FROM latest_prices WHERE asset_id = %s", ETH)
    assert kept()[1] == [(COINGECKO, 1), (COINBASE, 1)]
    connect().execute("DELETE FROM listings")
    assert places(kept) == {(COINGECKO, BTC): None, (COINBASE, BTC): None}
    connect().execute("TRUNCATE latest_prices")
    assert kept() == ([], [])


def test_a_source_that_is_preferred_now_goes_first(worker, connect, kept):
    say(worker, COINBASE)
    say(worker, COINGECKO)
    connect().execute("UPDATE sources SET priority = 5 WHERE source_id = %s", COINGECKO)
    assert [row[:1] + row[4:5] for row in kept()[0]] == [(COINGECKO, 5), (COINBASE, 10)]


def test_writers_of_new_prices_do_not_wait_for_each_other(connect, kept):
    first, second, third = (connect("worker") for _ in range(3))
    for session, asset in ((first, BTC), (second, ETH), (third, OLD)):
        session.execute("SET lock_timeout = '1s'")
        session.execute("BEGIN")
        say(session, COINGECKO, asset)
    second.execute("COMMIT")
    third.execute("ROLLBACK")
    first.execute("COMMIT")
    assert kept()[1] == [(COINGECKO, 2)]
    say(first, COINGECKO, OLD)
    assert kept()[1] == [(COINGECKO, 3)]
    assert connect().execute("SELECT count(*) FROM data_counts") == [(1,)], "one row is made of all"


@pytest.mark.parametrize("source, symbol", ((None, None), ("coingecko", None), (None, "BTC"), ("coingecko", "BTC")))
def test_a_page_begins_behind_any_row(worker, connect, source, symbol):
    for asset, places in ((BTC, {USD: 2, USDT: 1}), (ETH, {USD: 2}), (OLD, {})):
        for quote in (USD, USDT):
            for one in (COINGECKO, COINBASE, COINMARKETCAP):
                say(worker, one, asset, quote)
            rank(worker, COINGECKO, places.get(quote), asset, quote)
    api = connect("api")
    whole = api.run("data_page", source, symbol, 100, 0, 900, False, *[None] * 4)
    assert len(whole) == whole[0][0] and len({(row[2], row[5], row[6]) for row in whole}) == len(whole)
    for place, row in enumerate(whole[:-1]):
        behind = row[-2], row[2], row[6], row[-1]
        page = api.run("data_page", source, symbol, 3, 0, 900, True, *behind)
        assert [found[2:] for found in page] == [found[2:] for found in whole[place + 1:place + 4]]
    last = whole[-1]
    assert [row[2] for row in api.run("data_page", source, symbol, 3, 0, 900, True, last[-2], last[2], last[6], last[-1])] == [None]
