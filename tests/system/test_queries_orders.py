"""What the queries behind orders promise, held against a migrated database, as the API's role."""
import re

import pytest

from named_queries import array
from programs import ROOT
from query_database import at, connect, template  # noqa: F401  (the last two are fixtures)

WAYS = "order_ways"


@pytest.fixture(name="rows")
def filled(connect):  # noqa: F811
    """bitcoin is a market of two exchanges (query_database.py), and a coin of two aggregators."""
    db = connect()
    db.execute("""
        INSERT INTO coins (source_id, asset_id, symbol, origin)
        SELECT source_id, asset_id, coin, 'reference'
        FROM (VALUES ('coingecko', 'bitcoin'), ('coinpaprika', 'btc-bitcoin')) AS new (source, coin)
             JOIN sources ON name = source, assets
        WHERE slug = 'bitcoin'""")
    return db


def ways(connect, slug, code, source=None):  # noqa: F811
    """[(source, symbol)] by which the API would have it fetched."""
    return [(row[1], row[4]) for row in connect("api").run(WAYS, array(slug), array(code), array(source))]


def test_a_price_comes_from_markets_and_from_coins_that_have_no_instrument_yet(rows, connect):  # noqa: F811
    assert ways(connect, "bitcoin", "usd") == [("coinbase", "BTC-USD"), ("coingecko", "bitcoin/usd"),
                                               ("coinpaprika", "btc-bitcoin/usd")]
    assert ways(connect, "bitcoin", "eur") == [("coingecko", "bitcoin/eur"), ("coinpaprika", "btc-bitcoin/eur")]
    assert ways(connect, "bitcoin", "usdt") == [("binance", "BTCUSDT")], "aggregators price in no stable coin"
    assert ways(connect, "bitcoin", "usd", "coingecko") == [("coingecko", "bitcoin/usd")], "the source that is asked for"
    assert ways(connect, "ethereum", "usd") == [], "nobody knows it"


GONE = {
    "a source that is switched off": "UPDATE sources SET enabled = false WHERE name = 'coingecko'",
    "a coin that the operator has refused": "UPDATE coins SET asset_id = NULL, origin = 'operator' WHERE symbol = 'bitcoin'",
    "an instrument that the operator has refused": """
        INSERT INTO instruments (source_id, symbol, status, origin)
        SELECT source_id, 'bitcoin/eur', 'inactive', 'operator' FROM sources WHERE name = 'coingecko'""",
    "a coin that was taken off the list": """
        INSERT INTO reference_entries (source_id, active, seen_at, run_id, symbol, ticker)
        SELECT source_id, false, now(), 1, 'bitcoin', 'BTC' FROM sources WHERE name = 'coingecko'""",
}


@pytest.mark.parametrize("why", GONE)
def test_what_is_gone_is_no_way(rows, connect, why):  # noqa: F811
    rows.execute(GONE[why])
    assert ways(connect, "bitcoin", "eur") == [("coinpaprika", "btc-bitcoin/eur")]


def test_ways_come_in_the_order_asked_each_pair_by_itself(rows, connect):  # noqa: F811
    found = connect("api").run(WAYS, array("ethereum", "bitcoin", "bitcoin"), array("usd", "usdt", "usd"),
                               array(None, None, "coinbase"))
    assert [(int(row[0]), row[1], row[2], int(row[3]), row[4]) for row in found] == [
        (2, "binance", "exchange", 100, "BTCUSDT"), (3, "coinbase", "exchange", 1, "BTC-USD")]


def test_the_table_knows_how_many_symbols_one_request_of_a_source_prices(rows):
    """As its file below ingest/sources says; Coinbase prices one market a call."""
    limits = {"coinbase": 1}
    for path in (ROOT / "ingest/sources").glob("*.[ch]"):
        for name in re.findall(r"args_read_quote\(\S+, ([A-Z]\w+)", path.read_text()):
            for other in (ROOT / "ingest/sources").glob(f"{path.stem.split('_')[0]}.[ch]"):
                found = re.search(rf"\b{name} = (\d+)", other.read_text())
                if found:
                    limits[path.stem.split("_")[0]] = int(found[1])
    assert dict(rows.execute("SELECT name, quote_symbols FROM sources WHERE quote_symbols > 0")) == limits


def test_market_pages_are_of_aggregators_preferred_first(rows, connect):  # noqa: F811
    rows.execute("UPDATE sources SET enabled = false WHERE name = 'coinmarketcap'")
    assert connect("api").run("order_listings", None) == [("coingecko", True), ("coinmarketcap", False), ("coinpaprika", True)]
    assert connect("api").run("order_listings", "binance") == []


def test_a_job_is_looked_for_among_runs_and_slots(rows, connect):  # noqa: F811
    rows.execute(f"""
        INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)
        VALUES ('binance/quote/a/1', 'a', 2, 'quote/a', '{at()}', '{{}}');
        INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, error_code)
        VALUES ('binance/quote/b/1', 2, 'quote', 'quote/b', '{at()}', 3, 'dead', 'provider.error')""")
    def look(job):
        return [(row[0], row[1], row[2], row[5], row[8], row[9], row[16]) for row in connect("api").run("job_look", job)]
    assert look("binance/quote/a/1") == [("binance", None, "quote/a", "pending", None, None, None)]
    assert look("binance/quote/b/1") == [("binance", "quote", "quote/b", None, "dead", 3, "provider.error")]
    assert look("binance/quote/c/1") == []
