"""What providers' own lists make of our instruments: the rules of references.sql, in the order in which a worker runs
them, and as the worker's role."""
import contextlib

import psycopg2
import pytest

from named_queries import NamedQueries, array

SOURCES = {"coingecko": 1, "binance": 2, "coinbase": 3, "coinmarketcap": 5, "coinpaprika": 6, "kraken": 7}


class Lists:
    """A worker's session that stores lists, and an operator's that speaks about them."""

    def __init__(self, worker, operator):
        self.worker = worker
        self.operator = operator
        self.day = 0

    def store(self, source, *entries, whole=True, day=None):
        """Each entry (symbol, ticker, quote, name, active): one list, a day after the one before."""
        self.day = day or self.day + 1
        db, number, seen_at = self.worker, SOURCES[source], f"2026-11-{self.day:02}T00:00:00Z"
        makes_assets = source == "coingecko"
        db.execute("BEGIN")
        db.copy("references_stage_copy", ["\t".join([
            symbol, ticker, quote or "\\N", name or "\\N", symbol if makes_assets else "\\N", "\\N",
            "t" if active else "f"]) for symbol, ticker, quote, name, active in entries])
        db.run("references_lock")
        db.run("references_retire_renamed", number, seen_at)
        db.run("references_upsert", number, self.day, self.day, seen_at)
        if whole:
            db.run("references_end_missing", number, self.day, self.day, seen_at)
        if makes_assets:
            db.run("references_make_assets")
            db.run("references_make_coins", number)
        db.run("references_follow", number)
        db.run("references_map_coins", None if makes_assets else number, None)
        db.run("references_map_markets", None if makes_assets else number)
        unmapped = db.run("references_count_unmapped", number)[0][0]
        db.execute("COMMIT")
        return unmapped

    def coins(self, *coins):
        """(slug, ticker, name) of CoinGecko's list, which is what makes assets."""
        return self.store("coingecko", *((slug, ticker, None, name, True) for slug, ticker, name in coins))

    def quoted(self, source, *symbols):
        """A price of these came: what they are, as far as that is known."""
        self.worker.run("instruments_derive", SOURCES[source], array(*symbols))
        return {row[0]: f"{row[3]}/{row[4]}"
                for row in self.worker.run("instruments_map", SOURCES[source], array(*symbols))}

    def apply(self, source, symbol, slug, quote):
        """As `tidemarkctl schedules apply` does."""
        values = array(source), array(symbol), array(slug)
        self.operator.run("instruments_apply", *values, array(quote))
        self.operator.run("coins_apply", *values)
        self.operator.run("instruments_follow_coins", None, None)

    def instruments(self):
        return {(row[0], row[1]): row[2:] for row in self.worker.execute(
            "SELECT s.name, i.symbol, a.slug, q.code, i.origin, i.status FROM instruments i JOIN sources s"
            " USING (source_id) LEFT JOIN assets a USING (asset_id) LEFT JOIN quotes q USING (quote_id)")}

    def rows(self):
        return self.worker.execute(
            "SELECT 'e', symbol, ctid::text, xmin::text FROM reference_entries UNION ALL"
            " SELECT 'i', symbol, ctid::text, xmin::text FROM instruments UNION ALL"
            " SELECT 'c', symbol, ctid::text, xmin::text FROM coins UNION ALL"
            " SELECT 'a', slug, ctid::text, xmin::text FROM assets ORDER BY 1, 2")


@pytest.fixture
def lists(migrated_database):
    url = migrated_database()
    with contextlib.ExitStack() as sessions:
        def connect(role):
            connection = psycopg2.connect(url)
            sessions.callback(connection.close)
            connection.autocommit = True
            return NamedQueries(connection, f"tidemark_{role}")
        worker = connect("worker")
        worker.utility("references_stage_create")
        yield Lists(worker, connect("operator"))


BITCOIN = ("bitcoin", "btc", "Bitcoin")
ETHEREUM = ("ethereum", "eth", "Ethereum")


def test_coins_whose_ids_are_our_assets_make_them(lists):
    assert lists.coins(BITCOIN, ETHEREUM) == 0
    assert lists.worker.execute("SELECT slug, symbol, name, origin FROM assets ORDER BY 1") == [
        ("bitcoin", "BTC", "Bitcoin", "reference"), ("ethereum", "ETH", "Ethereum", "reference")]
    assert lists.quoted("coingecko", "bitcoin/usd", "bitcoin/eur", "bitcoin/zzz") == {
        "bitcoin/usd": "bitcoin/usd", "bitcoin/eur": "bitcoin/eur"}


def test_markets_are_mapped_by_ticker_and_currency(lists):
    lists.coins(BITCOIN, ETHEREUM)
    markets = [("BTC" + quote, "BTC", quote.lower(), None, True) for quote in ("USD", "USDT", "USDC")]
    assert lists.store("binance", *markets, ("ETHBTC", "ETH", "btc", None, True)) == 0
    assert lists.instruments() == {
        ("binance", "BTCUSD"): ("bitcoin", "usd", "reference", "active"),
        ("binance", "BTCUSDT"): ("bitcoin", "usdt", "reference", "active"),
        ("binance", "BTCUSDC"): ("bitcoin", "usdc", "reference", "active"),
        ("binance", "ETHBTC"): ("ethereum", "btc", "reference", "active")}


def test_what_may_be_several_things_or_nothing_stays_unmapped(lists):
    lists.coins(BITCOIN, ("meta", "meta", "Metadium"), ("metanyx", "META", "Metanyx"))
    assert lists.store("binance", ("METAUSDT", "META", "usdt", None, True), ("NEWUSDT", "NEW", "usdt", None, True),
                       ("BTCIDRT", "BTC", "idrt", None, True)) == 3
    assert lists.instruments() == {}


def test_aggregators_coins_are_mapped_by_ticker_and_name(lists):
    lists.coins(BITCOIN, ("meta", "meta", "Metadium"), ("metanyx", "META", "Metanyx"), ("twin-a", "tw", "Twin"),
                ("twin-b", "TW", "twin"))
    assert lists.store("coinmarketcap", ("1", "BTC", None, "BITCOIN", True), ("7", "META", None, "Metanyx", True),
                       ("8", "BTC", None, "Bitcoin Fake", True), ("9", "TW", None, "Twin", True)) == 2
    assert lists.quoted("coinmarketcap", "1/usd", "1/eur", "7/usd", "8/usd", "9/usd") == {
        "1/usd": "bitcoin/usd", "1/eur": "bitcoin/eur", "7/usd": "metanyx/usd"}


def test_two_coins_of_one_source_are_never_the_same_asset(lists):
    lists.coins(BITCOIN, ETHEREUM)
    assert lists.store("coinpaprika", ("btc-bitcoin", "BTC", None, "Bitcoin", True),
                       ("btc-copy", "BTC", None, "bitcoin", True)) == 2
    lists.store("coinmarketcap", ("1027", "ETH", None, "Ethereum", True))
    assert lists.store("coinmarketcap", ("1027", "ETH", None, "Ethereum Classic", True),
                       ("99999", "ETH", None, "Ethereum", True)) == 1
    assert lists.quoted("coinmarketcap", "1027/usd", "99999/usd") == {"1027/usd": "ethereum/usd"}


def test_two_markets_of_one_source_are_never_the_same_pair(lists):
    lists.coins(BITCOIN)
    assert lists.store("kraken", ("XXBTZUSD", "BTC", "usd", None, True), ("XBTUSD.d", "BTC", "usd", None, True)) == 2
    lists.apply("kraken", "XXBTZUSD", "bitcoin", "usd")
    assert lists.store("kraken", ("XXBTZUSD", "BTC", "usd", None, True), ("XBTUSD.d", "BTC", "usd", None, True)) == 1


def test_what_nobody_could_map_is_mapped_once_the_asset_is_known(lists):
    assert lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, True)) == 1
    assert lists.store("coinmarketcap", ("1", "BTC", None, "Bitcoin", True)) == 1
    lists.coins(BITCOIN)
    assert lists.quoted("binance", "BTCUSDT") == {"BTCUSDT": "bitcoin/usdt"}
    assert lists.quoted("coinmarketcap", "1/usd") == {"1/usd": "bitcoin/usd"}


def test_the_operators_word_wins_and_stays(lists):
    lists.coins(BITCOIN, ("meta", "meta", "Metadium"), ("metanyx", "META", "Metanyx"))
    market = ("METAUSDT", "META", "usdt", None, True)
    lists.store("binance", market, ("BTCUSDT", "BTC", "usdt", None, True))
    lists.apply("binance", "METAUSDT", "metanyx", "usdt")
    lists.apply("binance", "BTCUSDT", "meta", "usdt")
    said = lists.instruments()
    assert said[("binance", "METAUSDT")] == ("metanyx", "usdt", "operator", "active")
    assert lists.store("binance", market, ("BTCUSDT", "BTC", "usdt", None, True)) == 0
    lists.store("binance", ("METAUSDT", "META", "usdt", None, False), ("BTCUSDT", "ETH", "usdt", None, True))
    assert lists.instruments() == said


def test_the_operators_word_about_a_coin_holds_in_every_currency(lists):
    lists.coins(BITCOIN, ETHEREUM)
    lists.store("coinmarketcap", ("1", "BTC", None, "Bitcoin", True))
    assert lists.quoted("coinmarketcap", "1/eur") == {"1/eur": "bitcoin/eur"}
    lists.apply("coinmarketcap", "1/usd", "ethereum", "usd")
    assert lists.quoted("coinmarketcap", "1/usd", "1/eur", "1/gbp") == {
        "1/usd": "ethereum/usd", "1/eur": "ethereum/eur", "1/gbp": "ethereum/gbp"}
    lists.store("coinmarketcap", ("1", "BTC", None, "Bitcoin", True))
    assert lists.quoted("coinmarketcap", "1/usd", "1/eur")["1/eur"] == "ethereum/eur"


def test_a_coin_under_new_names_is_the_same_coin(lists):
    lists.coins(("matic-network", "matic", "Polygon"))
    lists.store("coinmarketcap", ("3890", "MATIC", None, "Polygon", True))
    lists.coins(("matic-network", "pol", "POL (ex-MATIC)"), ("other", "matic", "Polygon"))
    lists.store("coinmarketcap", ("3890", "POL", None, "POL (ex-MATIC)", True))
    assert lists.quoted("coinmarketcap", "3890/usd") == {"3890/usd": "matic-network/usd"}
    assert lists.worker.execute("SELECT symbol FROM assets WHERE slug = 'matic-network'") == [("POL",)]
    assert lists.worker.execute("SELECT ticker FROM reference_entries WHERE symbol = '3890'") == [("POL",)]
    lists.store("binance", ("POLUSDT", "POL", "usdt", None, True))
    assert lists.quoted("binance", "POLUSDT") == {"POLUSDT": "matic-network/usdt"}


def test_the_operators_names_of_an_asset_stay(lists):
    lists.operator.run("assets_apply", array("bitcoin"), array("xbt"), array("My Bitcoin"))
    lists.coins(BITCOIN)
    assert lists.worker.execute("SELECT symbol, name FROM assets") == [("XBT", "My Bitcoin")]


def test_a_market_that_becomes_another_coins_is_mapped_anew(lists):
    lists.coins(("terra-luna", "lunc", "Terra Classic"), ("terra-luna-2", "luna", "Terra"))
    lists.store("binance", ("LUNAUSDT", "LUNC", "usdt", None, True))
    assert lists.quoted("binance", "LUNAUSDT") == {"LUNAUSDT": "terra-luna/usdt"}
    lists.store("binance", ("LUNAUSDT", "LUNA", "usdt", None, True))
    assert lists.quoted("binance", "LUNAUSDT") == {"LUNAUSDT": "terra-luna-2/usdt"}


def test_a_delisted_market_becomes_inactive_and_comes_back(lists):
    lists.coins(BITCOIN)
    lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, True))
    lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, False))
    assert lists.instruments()[("binance", "BTCUSDT")] == ("bitcoin", "usdt", "reference", "inactive")
    assert lists.quoted("binance", "BTCUSDT") == {}
    lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, True))
    assert lists.instruments()[("binance", "BTCUSDT")] == ("bitcoin", "usdt", "reference", "active")


def test_a_coin_that_is_gone_from_a_whole_list_ends_in_every_currency(lists):
    lists.coins(BITCOIN, ETHEREUM)
    bitcoin, ethereum = ("1", "BTC", None, "Bitcoin", True), ("1027", "ETH", None, "Ethereum", True)
    lists.store("coinmarketcap", bitcoin, ethereum)
    lists.quoted("coinmarketcap", "1/usd", "1/eur", "1027/usd")
    lists.store("coinmarketcap", bitcoin, whole=False)
    assert lists.quoted("coinmarketcap", "1027/usd") == {"1027/usd": "ethereum/usd"}, "a page says nothing of others"
    lists.store("coinmarketcap", ethereum)
    assert lists.quoted("coinmarketcap", "1/usd", "1/eur", "1027/usd") == {"1027/usd": "ethereum/usd"}
    lists.store("coinmarketcap", bitcoin, ethereum)
    assert len(lists.quoted("coinmarketcap", "1/usd", "1/eur", "1027/usd")) == 3


def test_a_list_that_lost_most_of_its_entries_ends_nothing(lists):
    markets = [(f"C{i}USDT", f"C{i}", "usdt", None, True) for i in range(10)]
    lists.store("binance", *markets)
    lists.store("binance", *markets[:4])
    assert lists.worker.execute("SELECT count(*) FROM reference_entries WHERE active") == [(10,)]
    lists.store("binance", *markets[:5])
    assert lists.worker.execute("SELECT count(*) FROM reference_entries WHERE active") == [(5,)]


def test_the_same_list_again_touches_nothing(lists):
    def store():
        lists.coins(BITCOIN, ETHEREUM, ("meta", "meta", "Metadium"))
        lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, True), ("OLDUSDT", "OLD", "usdt", None, False))
        lists.store("coinmarketcap", ("1", "BTC", None, "Bitcoin", True))
        lists.quoted("coinmarketcap", "1/usd")

    store()
    before = lists.rows()
    store()
    assert lists.rows() == before


def test_an_older_list_changes_nothing_that_is_newer(lists):
    lists.store("binance", ("BTCUSDT", "BTC", "usdt", None, True), day=9)
    lists.store("binance", ("BTCUSDT", "OLD", "usdt", None, False), ("OLDUSDT", "OLD", "usdt", None, True), day=8)
    assert lists.worker.execute("SELECT symbol, ticker, active FROM reference_entries ORDER BY 1") == [
        ("BTCUSDT", "BTC", True), ("OLDUSDT", "OLD", True)]


def test_a_listing_offers_coins_that_no_list_has_named(lists):
    lists.coins(BITCOIN, ("twin-a", "tw", "Twin"), ("twin-b", "tw", "Twin"))
    number = SOURCES["coinpaprika"]
    for _ in range(2):
        lists.worker.run("references_offer", number, 1, "2026-11-21T00:00:00Z", array("btc-bitcoin", "tw-twin"),
                         array("btc", "tw"), array("Bitcoin", "Twin"), array("1", None))
        lists.worker.run("references_map_coins", number, array("btc-bitcoin", "tw-twin"))
    assert lists.quoted("coinpaprika", "btc-bitcoin/usd", "tw-twin/usd") == {"btc-bitcoin/usd": "bitcoin/usd"}
    assert lists.worker.run("references_count_unmapped", number) == [(1,)]
