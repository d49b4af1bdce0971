"""What is stored with a doubt, and how a price gets rid of one (migration 0023), as the worker's queries do it."""
import pytest

from query_database import (BINANCE, BTC, COINBASE, ETH, USDT, add_ticks, at,  # noqa: F401
                            connect, template, worker)  # the last three are fixtures

JUMP, LEAP, MARKET_CAP = 1, 2, 4
SERIES = [  # each (minutes, price, doubt)
    ("small steps", [(0, "100", 0), (5, "109", 0), (10, "15", 0)]),
    ("the first is believed", [(0, "100000", 0)]),
    ("a thousandfold", [(0, "100", 0), (5, "100000", JUMP)]),
    ("a thousandth", [(0, "100", 0), (5, "0.1", JUMP)]),
    ("a thousandfold after days", [(0, "100", 0), (9000, "100000", JUMP)]),
    ("but not after more than a week", [(0, "100", 0), (10081, "100000", 0)]),
    ("tenfold within an hour", [(0, "100", 0), (60, "1000", LEAP)]),
    ("tenfold after more than an hour", [(0, "100", 0), (61, "1000", 0)]),
    ("and back", [(0, "100", 0), (5, "1000", LEAP), (10, "101", 0)]),
    ("a level that lasts", [(0, "100", 0), (5, "1000", LEAP), (10, "1100", LEAP), (15, "1900", 0), (20, "1800", 0)]),
    ("not for ten minutes yet", [(0, "100", 0), (1, "1000", LEAP), (2, "1000", LEAP), (10, "1000", LEAP), (11, "1000", 0)]),
    ("levels that do not last", [(0, "100", 0), (5, "1000", LEAP), (10, "5000", LEAP), (15, "1000", LEAP), (20, "1000", LEAP)]),
    ("the old one once more between", [(0, "100", 0), (5, "1000", LEAP), (10, "100", 0), (15, "1000", LEAP), (20, "1000", LEAP)]),
    ("one that comes late", [(0, "100", 0), (20, "101", 0), (10, "1000", LEAP), (21, "100", 0)]),
]


@pytest.mark.parametrize("series", [series for _, series in SERIES], ids=[name for name, _ in SERIES])
def test_a_price_is_judged_by_what_its_source_said_before(connect, worker, series):
    for minutes, _, _ in series:
        connect().run("partition_ensure", "ticks", at(minutes))
    for minutes, price, doubt in series:
        add_ticks(worker, (BTC, USDT, minutes, price), (ETH, USDT, minutes, "7"))
        add_ticks(worker, (BTC, USDT, minutes, "123456789"), source=COINBASE)
        assert (minutes, worker.execute("SELECT doubt FROM ticks WHERE source_id = 2 AND asset_id = 1"
                                        " AND observed_at = %s", at(minutes))) == (minutes, [(doubt,)])
    newest = max(series)
    assert worker.execute("SELECT observed_at = %s, price, doubt FROM latest_prices WHERE source_id = 2 AND asset_id = 1",
                          at(newest[0])) == [(True, newest[1], newest[2])]
    assert worker.execute("SELECT count(*) FROM ticks WHERE doubt <> 0 AND (source_id = 3 OR asset_id = 2)") == [(0,)]


def test_what_is_doubtful_stays_untouched_by_the_same_page(worker):
    add_ticks(worker, (BTC, USDT, 0, "100"))
    for minutes in (5, 10):
        add_ticks(worker, (BTC, USDT, minutes, "1000"))
    assert [add_ticks(worker, (BTC, USDT, minutes, "1000"), run=2, payload=2) for minutes in (5, 10)] == [(0, 0)] * 2


@pytest.mark.parametrize("market_cap, volume, doubt", [
    ("3333370870735", "5.4", MARKET_CAP), ("277800683", "2090", 0), ("20000000", "0", MARKET_CAP), ("9000000", "0", 0),
    ("3333370870735", None, 0), (None, "5.4", 0)])
def test_a_market_cap_that_nobody_trades_is_doubtful(worker, market_cap, volume, doubt):
    add_ticks(worker, (BTC, USDT, 0, "1", market_cap, volume))
    assert worker.execute("SELECT t.doubt, l.doubt FROM ticks t JOIN latest_prices l USING (asset_id)") == [(doubt, doubt)]


def test_a_candle_is_judged_by_the_one_before_it(worker):
    for hour, (price, doubt) in enumerate([("100", 0), ("101", 0), ("2000", LEAP), ("2001", 0)]):
        worker.execute("INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id,"
                       " origin, open, high, low, close) VALUES (2, 50, 1, 3600, 1, %s, 1, 1, 0, %s, %s, %s, %s)",
                       at(60 * hour), price, price, price, price)
        worker.run("latest_prices_candle", BINANCE, 1, 1, BTC, USDT, at(60 * hour), 3600, price, None, None)
        assert worker.execute("SELECT price, doubt FROM latest_prices") == [(price, doubt)]


def test_a_run_counts_what_it_stored_with_a_doubt(worker):
    [(run,)] = worker.execute("INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status)"
                              " VALUES ('a', 2, 'quote', 'q', now(), 1, 'running') RETURNING run_id")
    add_ticks(worker, (BTC, USDT, 0, "1"), (ETH, USDT, 0, "1"), run=run)
    add_ticks(worker, (BTC, USDT, 5, "1000"), (ETH, USDT, 5, "1"), run=run, payload=2)
    worker.run("run_doubts", run, BINANCE, 2)
    assert worker.execute("SELECT doubtful FROM runs") == [(1,)]
