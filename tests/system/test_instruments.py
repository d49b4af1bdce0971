"""Reference jobs the whole way, and what an operator says about their coins and markets with tidemarkctl."""
import json

import pytest

from job_kinds import quote, slot
from replay.oracle import make_job
from waiting import wait_for


@pytest.fixture
def system(tidemark):
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="100,200,400,1500")
    return tidemark


class Slots:
    """Each job a slot of its own, the newest one last."""

    def __init__(self):
        self.back = 100

    def next(self):
        self.back -= 1
        return slot(back=self.back)


def run(system, *jobs):
    system.vhost.publish(*jobs)
    for job in jobs:
        wait_for(f"{job['job_id']} is done", lambda: system.query(
            "SELECT 1 FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]))


def reference(source, at):
    return make_job(source, "reference", "reference", at, {})


def ctl(system, *arguments, **options):
    return system.ctl("instruments", *arguments, **options)


def listed(system, *options):
    """{symbol: row} of `instruments list`."""
    rows = json.loads(ctl(system, "list", "--json", "--limit", 10000, *options).stdout)
    return {row["symbol"]: row for row in rows}


def mapped(system, source):
    return dict(system.query(
        "SELECT i.symbol, a.slug || '/' || q.code FROM instruments i JOIN sources s USING (source_id) JOIN assets a"
        " USING (asset_id) JOIN quotes q USING (quote_id) WHERE s.name = %s AND i.status = 'active'", source))


def coins(system, rows):
    """What CoinGecko's list says from now on."""
    system.replay.remove_rules()
    system.replay.rule(source="coingecko", path="*/coins/list*", body=json.dumps(
        [{"id": slug, "symbol": ticker, "name": name} for slug, ticker, name in rows]))


BITCOIN, METADIUM, METANYX = (
    ("bitcoin", "btc", "Bitcoin"), ("metadium", "meta", "Metadium"), ("metanyx", "meta", "Metanyx"))


def add_entries(system, source, *entries):
    """(symbol, ticker, quote, name): as a list of the source would have left them."""
    for symbol, ticker, quoted, name in entries:
        system.query("INSERT INTO reference_entries (source_id, symbol, ticker, quote, name, active, seen_at, run_id)"
                     " SELECT source_id, %s, %s, %s, %s, true, now(), 1 FROM sources WHERE name = %s",
                     symbol, ticker, quoted, name, source)


def add_assets(system, *rows):
    for slug, ticker, name in rows:
        system.query("INSERT INTO assets (slug, symbol, name, origin) VALUES (%s, %s, %s, 'reference')",
                     slug, ticker.upper(), name)


# Jobs.

def test_lists_of_all_sources_make_instruments_by_which_prices_are_stored(system):
    slots = Slots()
    system.start_worker()
    run(system, reference("coingecko", slots.next()))
    run(system, *(reference(source, slots.next()) for source in ("binance", "coinbase", "kraken")))

    assert mapped(system, "binance")["BTCUSDT"] == "bitcoin/usdt"
    assert mapped(system, "coinbase")["BTC-USD"] == "bitcoin/usd"
    assert mapped(system, "kraken")["XXBTZUSD"] == "bitcoin/usd"
    halted = system.query("SELECT symbol FROM reference_entries e JOIN sources s USING (source_id)"
                          " WHERE s.name = 'binance' AND NOT active")
    assert halted and not set(mapped(system, "binance")) & {row[0] for row in halted}
    run(system, quote("binance", ["BTCUSDT"], slots.next()), quote("kraken", ["XXBTZUSD"], slots.next()),
        quote("coingecko", ["bitcoin/eur"], slots.next()))
    assert system.query("SELECT s.name, a.slug, q.code FROM latest_prices JOIN sources s USING (source_id)"
                        " JOIN assets a USING (asset_id) JOIN quotes q USING (quote_id) ORDER BY 1") == [
        ("binance", "bitcoin", "usdt"), ("coingecko", "bitcoin", "eur"), ("kraken", "bitcoin", "usd")]


def test_the_same_list_twice_leaves_no_dead_rows(system):
    def changes():
        system.query("SELECT pg_stat_force_next_flush()")
        return system.query("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relname IN"
                            " ('reference_entries', 'coins', 'assets', 'instruments') ORDER BY 1")

    slots = Slots()
    worker = system.start_worker()
    run(system, *(reference(source, slots.next()) for source in ("binance", "coinbase", "kraken")))
    run(system, reference("coingecko", slots.next()))
    rows = system.query("SELECT xmin::text, ctid::text FROM reference_entries ORDER BY source_id, symbol")
    run(system, *(reference(source, slots.next()) for source in ("coingecko", "binance", "coinbase", "kraken")))
    assert system.query("SELECT xmin::text, ctid::text FROM reference_entries ORDER BY source_id, symbol") == rows
    worker.stop()  # its session tells what it counted when it ends
    assert all(updated == deleted == 0 for _, _, updated, deleted in changes())
    assert {name for name, inserted, _, _ in changes() if inserted} == {
        "reference_entries", "coins", "assets", "instruments"}


def test_what_an_operator_says_wins_and_survives_the_next_list(system):
    slots = Slots()
    system.start_worker()
    run(system, reference("binance", slots.next()))
    coins(system, (BITCOIN, METADIUM))
    run(system, reference("coingecko", slots.next()))
    assert mapped(system, "binance")["BTCUSDT"] == "bitcoin/usdt"

    ctl(system, "map", "binance", "BTCUSDT", "metadium/usdt")
    ctl(system, "unmap", "binance", "BTCBUSD", check=False)
    run(system, reference("binance", slots.next()))
    assert mapped(system, "binance")["BTCUSDT"] == "metadium/usdt"
    ctl(system, "release", "binance", "BTCUSDT")
    assert mapped(system, "binance")["BTCUSDT"] == "bitcoin/usdt", "by the list as it was seen last"


def test_a_coin_that_leaves_the_list_ends_and_keeps_its_data(system):
    slots = Slots()
    system.start_worker()
    coins(system, (BITCOIN, METADIUM))
    run(system, reference("coingecko", slots.next()))
    run(system, quote("coingecko", ["bitcoin/usd"], slots.next()))
    coins(system, (METADIUM,))
    run(system, reference("coingecko", slots.next()))
    assert mapped(system, "coingecko") == {}
    assert system.query("SELECT count(*) FROM latest_prices") == [(1,)]


# tidemarkctl instruments

def test_what_is_not_mapped_is_listed_with_the_reason(system):
    add_assets(system, BITCOIN, METADIUM, METANYX)
    add_entries(system, "binance", ("METAUSDT", "META", "usdt", None), ("BTCIDRT", "BTC", "idrt", None),
                ("NEWUSDT", "NEW", "usdt", None), ("AAA", "BTC", "usd", None), ("BBB", "BTC", "usd", None))
    add_entries(system, "coinmarketcap", ("1", "BTC", None, "Bitcoin Token"))
    system.query("INSERT INTO coins SELECT source_id, asset_id, 'btc-bitcoin', 'reference' FROM sources, assets"
                 " WHERE sources.name = 'coinpaprika' AND slug = 'bitcoin'")
    add_entries(system, "coinpaprika", ("btc-bitcoin", "BTC", None, "Bitcoin!"), ("btc-2", "BTC", None, "Bitcoin"))

    rows = listed(system)
    assert {symbol: (row["reason"], row["candidates"]) for symbol, row in rows.items()} == {
        "METAUSDT": ("ambiguous", ["metadium", "metanyx"]), "BTCIDRT": ("unknown quote", ["bitcoin"]),
        "NEWUSDT": ("unknown", []), "AAA": ("ambiguous", ["bitcoin"]), "BBB": ("ambiguous", ["bitcoin"]),
        "1": ("name differs", ["bitcoin"]), "btc-bitcoin": ("mapped", []), "btc-2": ("taken", ["bitcoin"])}
    assert rows["btc-bitcoin"]["asset"] == "bitcoin" and rows["METAUSDT"]["quote"] == "usdt"
    assert set(listed(system, "--unmapped")) == set(rows) - {"btc-bitcoin"}
    assert set(listed(system, "--ambiguous")) == {"METAUSDT", "AAA", "BBB", "btc-2"}
    assert set(listed(system, "--ambiguous", "--source", "coinpaprika")) == {"btc-2"}
    table = ctl(system, "list", "--ambiguous").stdout
    assert "CANDIDATES" in table and '["metadium", "metanyx"]' in table


def test_an_aggregators_coin_is_mapped_for_every_currency(system):
    add_assets(system, BITCOIN, METADIUM)
    system.query("INSERT INTO instruments (source_id, symbol, asset_id, quote_id, origin) SELECT source_id, '7/eur',"
                 " asset_id, 2, 'reference' FROM sources, assets WHERE sources.name = 'coinmarketcap' AND slug = 'metadium'")
    said = ctl(system, "map", "coinmarketcap", "7", "bitcoin", "--json").stdout
    assert json.loads(said) == {"source": "coinmarketcap", "symbol": "7", "asset": "bitcoin", "quote": None}
    assert mapped(system, "coinmarketcap") == {"7/eur": "bitcoin/eur"}
    assert "7: stays unmapped" in ctl(system, "unmap", "coinmarketcap", "7/usd").stdout
    assert mapped(system, "coinmarketcap") == {} and listed(system)["7"]["reason"] == "refused"
    ctl(system, "map", "coinmarketcap", "7/usd", "bitcoin/usd")
    assert mapped(system, "coinmarketcap") == {"7/eur": "bitcoin/eur"}
    ctl(system, "release", "coinmarketcap", "7")
    assert listed(system) == {}


def test_a_market_is_mapped_with_its_currency_or_that_of_its_list(system):
    add_assets(system, METADIUM, METANYX)
    add_entries(system, "binance", ("METAUSDT", "META", "usdt", None))
    assert ctl(system, "map", "binance", "METAUSDT", "metanyx").stdout == "binance METAUSDT: is metanyx/usdt\n"
    ctl(system, "map", "csv", "METAUSD", "metadium/usd")
    assert mapped(system, "binance") == {"METAUSDT": "metanyx/usdt"}
    assert mapped(system, "csv") == {"METAUSD": "metadium/usd"}


@pytest.mark.parametrize("arguments, words", [
    (("map", "nobody", "X", "bitcoin/usd"), 'there is no source "nobody"'),
    (("map", "binance", "BTCUSDT", "bitcoi/usdt"), 'there is no asset "bitcoi"; did you mean bitcoin'),
    (("map", "binance", "BTCUSDT", "BTC/usdt"), 'there is no asset "BTC"; did you mean bitcoin'),
    (("map", "binance", "", "bitcoin/usdt"), '"" is no symbol: it must have 1 to 100 bytes'),
    (("map", "coingecko", "x" * 101, "bitcoin"), "is no symbol: it must have 1 to 100 bytes"),
    (("map", "binance", "BTCUSDT", "bitcoin"), "say the currency of BTCUSDT as well, such as bitcoin/usd"),
    (("map", "binance", "BTCUSDT", "bitcoin/zzz"), 'there is no currency "zzz"'),
    (("map", "coinmarketcap", "1", "bitcoin/usd"), "mapped for every currency: leave /usd out"),
    (("release", "binance", "BTCUSDT"), "nobody has mapped or unmapped binance BTCUSDT by hand"),
])
def test_what_cannot_be_done_is_said(system, arguments, words):
    add_assets(system, BITCOIN)
    done = ctl(system, *arguments, check=False)
    assert done.returncode == 1 and words in done.stderr
    assert system.query("SELECT count(*) FROM instruments") == [(0,)]
