"""What each query about markets and prices promises, held against a migrated database, as the role that runs it."""
import datetime
import decimal

import psycopg2
import pytest

from named_queries import array
from query_database import (BINANCE, BTC, COINBASE, ETH, OLD, TICK, USD, USDT, add_ticks, at,  # noqa: F401
                            connect, template, worker)  # the last three are fixtures


# ---- ticks and latest prices ----

def test_a_price_keeps_its_digits(worker):
    for minutes, text in enumerate(["0.000000012345678901234567", "64123.50", "1e3", "123456789012345678901234567890"]):
        add_ticks(worker, (BTC, USDT, minutes, text))
    got = [row[0] for row in worker.execute("SELECT price FROM ticks ORDER BY observed_at")]
    assert got == ["0.000000012345678901234567", "64123.50", "1000", "123456789012345678901234567890"]


def test_identical_ticks_are_left_untouched(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.5"), (ETH, USDT, 0, "2.5"))
    before = worker.execute("SELECT ctid, xmin::text FROM ticks UNION ALL SELECT ctid, xmin::text FROM latest_prices")
    assert add_ticks(worker, (ETH, USDT, 0, "2.5"), (BTC, USDT, 0, "1.5"), run=2, payload=2) == (0, 0)
    assert worker.execute(
        "SELECT ctid, xmin::text FROM ticks UNION ALL SELECT ctid, xmin::text FROM latest_prices") == before


def test_a_corrected_tick_takes_its_new_run_along(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.5"))
    assert add_ticks(worker, (BTC, USDT, 0, "1.6"), run=2, payload=9) == (1, 1)
    for table in ("ticks", "latest_prices"):
        assert worker.execute(f"SELECT price, run_id, payload_id FROM {table}") == [("1.6", 2, 9)]


def test_of_doubles_in_a_batch_the_last_counts(worker):
    add_ticks(worker, (BTC, USDT, 0, "1"), (BTC, USDT, 5, "2"), (BTC, USDT, 5, "3"), (BTC, USDT, 0, "4"))
    assert worker.execute("SELECT price FROM ticks ORDER BY observed_at") == [("4",), ("3",)]
    assert worker.execute("SELECT price FROM latest_prices") == [("3",)]


def test_an_older_observation_never_replaces_a_newer(worker):
    add_ticks(worker, (BTC, USDT, 5, "2"))
    assert add_ticks(worker, (BTC, USDT, 0, "1")) == (1, 0)
    assert worker.execute("SELECT price, observed_at = %s FROM latest_prices", at(5)) == [("2", True)]


def latest_of_candle(db, minutes, price):
    db.run("latest_prices_candle", BINANCE, 1, 1, BTC, USDT, at(minutes - 60), 3600, price, None, None)


@pytest.mark.parametrize("order", [("tick", "candle"), ("candle", "tick")])
def test_at_the_same_moment_a_tick_wins_over_a_candle_in_any_order(worker, order):
    for kind in order:
        if kind == "tick":
            add_ticks(worker, (BTC, USDT, 0, "1"))
        else:
            latest_of_candle(worker, 0, "2")
    assert worker.execute("SELECT price, origin FROM latest_prices") == [("1", "tick")]


def test_a_later_candle_moves_the_latest_price(worker):
    add_ticks(worker, (BTC, USDT, 0, "1"))
    latest_of_candle(worker, 5, "2")
    assert worker.affected == 1
    assert worker.execute("SELECT price, origin FROM latest_prices") == [("2", "candle")]


def test_a_tick_without_partition_is_told_apart_from_a_bad_one(worker):
    with pytest.raises(psycopg2.errors.CheckViolation) as missing:
        add_ticks(worker, (BTC, USDT, -60 * 24 * 365, "1"))
    assert missing.value.diag.constraint_name is None
    with pytest.raises(psycopg2.errors.CheckViolation) as bad:
        add_ticks(worker, (BTC, USDT, 0, "0"))
    assert bad.value.diag.constraint_name


def test_decimals_are_compared_by_value_not_by_text(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.50"))
    assert add_ticks(worker, (BTC, USDT, 0, "1.5")) == (0, 0)
    assert decimal.Decimal(worker.execute("SELECT price FROM ticks")[0][0]) == decimal.Decimal("1.5")


# ---- instruments ----

def test_symbols_are_mapped_and_unknown_ones_left_out(worker):
    assert worker.run("instruments_map", BINANCE, array("BTCUSDT", "NOPE")) == [("BTCUSDT", BTC, USDT, "bitcoin", "usdt")]


def test_a_listing_makes_assets_and_instruments_once(worker):
    for _ in range(2):
        worker.run("assets_ensure", array("bitcoin", "dogecoin", "dogecoin"), array("btc", "doge", "doge"),
                   array("Other name", "Dogecoin", "Dogecoin"))
        worker.run("coins_ensure", 1, array("bitcoin", "dogecoin"), array("bitcoin", "dogecoin"))
        worker.run("instruments_derive", 1, array("bitcoin/usd", "dogecoin/usd", "dogecoin/zzz", "nope/usd"))
    assert worker.execute("SELECT slug, symbol, name FROM assets WHERE slug IN ('bitcoin', 'dogecoin') ORDER BY 1") == [
        ("bitcoin", "BTC", "Bitcoin"), ("dogecoin", "DOGE", "Dogecoin")]
    assert [row[3] for row in worker.run("instruments_map", 1, array("bitcoin/usd", "dogecoin/usd"))] == [
        "bitcoin", "dogecoin"]
    assert worker.execute("SELECT max(asset_id) FROM assets") == [(4,)]  # no id spent on known ones


def test_a_schedules_file_that_names_unknown_things_is_told(connect):
    assert connect("operator").run("instruments_unknown", array("binance", "nope", "binance", "binance"),
                                   array("A", "B", "C", "D"), array("bitcoin", "bitcoin", "nope", "bitcoin"),
                                   array("usd", "usd", "usd", "nope")) == [
        ("nope", "B", "source"), ("binance", "C", "asset"), ("binance", "D", "quote")]


def test_words_mean_slugs_before_symbols_and_the_better_ranked_of_those(connect, worker):
    worker.run("listings_upsert", 1, 1, 1, array(OLD, BTC), array(USD, USD), array(900, 1), array(at(), at()),
               *[array(None, None)] * 12)
    found = connect("api").run("assets_find", array("btc", "ethereum", "nothing"))
    assert [(row[0], row[2]) for row in found] == [("btc", "bitcoin"), ("ethereum", "ethereum"), ("nothing", None)]


# ---- candles and charts ----

def stage_line(hour, close, volume="5"):
    moment = (TICK - datetime.timedelta(hours=hour)).isoformat()
    return "\t".join([moment, close, close, close, close, volume, "\\N", "\\N", "\\N", "\\N", "1"])


def store_staged(db, lines, source=BINANCE, asset=BTC, quote=USDT, run=1):
    db.utility("candles_stage_create")
    db.execute("BEGIN")
    db.copy("candles_stage_copy", lines)
    [(changed,)] = db.run("candles_upsert", source, asset, quote, 3600, 0, run, run, at(run), 86400)
    moments = [line.split("\t")[0] for line in lines]
    db.run("series_extend", source, asset, quote, 3600, min(moments), max(moments))
    db.execute("COMMIT")
    return changed


def test_a_staged_page_leaves_identical_candles_untouched(worker):
    page = [stage_line(3, "1.10"), stage_line(2, "1.20"), stage_line(1, "1.30")]
    assert store_staged(worker, page) == 3
    assert store_staged(worker, page, run=2) == 0
    page[1] = stage_line(2, "1.25")
    assert store_staged(worker, page, run=3) == 1
    assert worker.execute("SELECT close, run_id FROM candles ORDER BY open_time") == [
        ("1.10", 1), ("1.25", 3), ("1.30", 1)]


def test_a_window_is_known_to_hold_candles(worker):
    store_staged(worker, [stage_line(5, "1")])
    hour = lambda n: (TICK - datetime.timedelta(hours=n)).isoformat()
    for first, last, there in [(9, 6, False), (9, 5, True), (5, 5, True), (5, 1, True), (4, 1, False)]:
        assert worker.run("candles_any", BINANCE, BTC, USDT, 3600, hour(first), hour(last)) == [(there,)]
    assert worker.run("candles_any", BINANCE, BTC, USD, 3600, hour(9), hour(1)) == [(False,)]


def test_a_page_copied_straight_is_the_same_as_a_staged_one(connect, worker):
    store_staged(worker, [stage_line(2, "1.20")])
    moment = (TICK - datetime.timedelta(hours=1)).isoformat()
    line = "\t".join(["2", "1", "50", "3600", moment, *["1.30"] * 4, "5", "\\N", "\\N", "\\N", "\\N", "1", "0", "1", "1", at()])
    worker.copy("candles_copy", [line])
    with pytest.raises(psycopg2.errors.UniqueViolation):
        worker.copy("candles_copy", [line])
    assert store_staged(worker, [stage_line(2, "1.20"), stage_line(1, "1.30")]) == 0


def test_a_series_grows_and_never_shrinks(worker):
    hour = lambda n: TICK - datetime.timedelta(hours=n)
    for what, first, last, touched, reach in [
            ("the first page makes it", 5, 4, 1, (5, 4)),
            ("the same page again leaves it alone", 5, 4, 0, (5, 4)),
            ("a page inside leaves it alone", 4, 4, 0, (5, 4)),
            ("a newer page moves its end", 3, 2, 1, (5, 2)),
            ("an older page moves its beginning", 9, 8, 1, (9, 2)),
            ("a page around it moves both", 10, 1, 1, (10, 1))]:
        worker.run("series_extend", BINANCE, BTC, USDT, 3600, hour(first).isoformat(), hour(last).isoformat())
        assert worker.affected == touched, what
        assert worker.execute("SELECT first_open_time, last_open_time FROM series") == [
            (hour(reach[0]), hour(reach[1]))], what


def chart(db, first="2026-11-01", code="usdt", slug="bitcoin"):
    [row] = db.run("chart_choose", slug, code, 3600, first)
    return row


def test_a_chart_comes_from_the_source_that_covers_most_of_the_window(connect, worker):
    api = connect("api")
    assert chart(api)[2:4] == (None, None)
    store_staged(worker, [stage_line(hour, "1") for hour in (5, 4, 3)], source=BINANCE)
    assert chart(api)[2:4] == (BINANCE, "binance")
    store_staged(worker, [stage_line(hour, "1") for hour in (4, 3, 2)], source=COINBASE)
    assert chart(api)[3] == "coinbase"  # as many, but preferred
    store_staged(worker, [stage_line(hour, "1") for hour in (7, 6)], source=BINANCE)
    assert chart(api)[3] == "binance"
    assert chart(api, first=(TICK - datetime.timedelta(hours=3)).isoformat())[3] == "coinbase"
    assert chart(api, first=(TICK - datetime.timedelta(hours=1)).isoformat())[3] is None
    assert chart(api, slug="nothing")[0] is None
    assert int(chart(api)[4]) > 0


def test_a_chart_has_closed_candles_at_their_close(connect, worker):
    now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    moments = [now - datetime.timedelta(hours=hours) for hours in (2, 1, 0)]  # the last is still open
    for moment in moments:
        connect().run("partition_ensure", "candles", moment.isoformat())
    store_staged(worker, [stage_line((TICK - moment).total_seconds() / 3600, "1.50") for moment in moments])
    points = connect("api").run("chart_points", BINANCE, BTC, USDT, 3600, moments[0].isoformat(), 9)
    assert [(row[0], row[1]) for row in points] == [
        (int(moment.timestamp() * 1000) + 3600000, "1.50") for moment in moments[:2]]


# ---- what the API reads ----

def price_question(slugs, codes, source=None, fresh_s=900):
    """The parameters of price_inputs for one question."""
    return [array(each) for each in (slugs, codes, source, fresh_s)]


def inputs(api, slug="bitcoin", code="usd", source=None, fresh_s=900):
    """(price, source, kind, fresh_ms) of each source that has one."""
    rows = api.run("price_inputs", *price_question(array(slug), array(code), source, fresh_s))
    return [(row[4], row[2], row[3], row[9]) for row in rows if row[2]]


def test_every_source_says_its_price_the_preferred_first(connect, worker):
    api = connect("api")
    assert inputs(api) == []
    add_ticks(worker, (BTC, USD, 5, "2"), source=BINANCE)
    add_ticks(worker, (BTC, USD, 0, "1"), source=COINBASE)
    assert inputs(api) == [("1", "coinbase", "exchange", 900000), ("2", "binance", "exchange", 900000)]
    assert inputs(api, source="binance") == [("2", "binance", "exchange", 900000)]
    assert inputs(api, source="csv") == []
    assert inputs(api, code="usdt") == [], "another currency"


def test_a_source_that_is_asked_seldom_is_fresh_for_longer(connect, worker):
    add_ticks(worker, (BTC, USD, 0, "1"), source=COINBASE)
    connect().execute("INSERT INTO schedules (name, source_id, kind, stream, period_s, missed) VALUES"
                      " ('a', 3, 'quote', 'quote/a', 1200, 'coalesce'), ('b', 3, 'quote', 'quote/b', 600, 'coalesce'),"
                      " ('c', 3, 'history', 'history/c', 60, 'coalesce')")
    api = connect("api")
    assert inputs(api)[0][3] == 1800000, "three periods of its most frequent schedule of prices"
    assert inputs(api, fresh_s=3600)[0][3] == 3600000, "but not less than asked"
    connect("scheduler").run("leader_record", "host", 1, 1800)
    assert inputs(api)[0][3] == 5400000, "INGESTION_INTERVAL goes before the schedules"
    operator = connect("operator")
    operator.execute("UPDATE schedules SET enabled = false WHERE name IN ('a', 'b')")
    assert inputs(api)[0][3] == 900000, "what is not enabled loads nothing"
    operator.execute("INSERT INTO schedules (name, source_id, kind, stream, period_s, missed)"
                     " VALUES ('d', 3, 'listing', 'listing/d', 1200, 'coalesce')")
    assert inputs(api)[0][3] == 3600000, "a listing has prices too, and its own period"
    operator.execute("DELETE FROM schedules WHERE name = 'd'")
    assert inputs(api)[0][3] == 900000


def test_each_asked_pair_has_a_row_in_the_order_asked(connect, worker):
    add_ticks(worker, (BTC, USD, 0, "1.50"), source=COINBASE)
    rows = connect("api").run("price_inputs", *price_question(array("nothing", "bitcoin"), array("usdt", "usd")))
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("nothing", "usdt", None), ("nothing", "usd", None), ("bitcoin", "usdt", None), ("bitcoin", "usd", "1.50")]


def test_questions_that_are_asked_together_are_answered_as_if_each_were_alone(connect, worker):
    add_ticks(worker, (BTC, USD, 0, "1.50"), (ETH, USD, 0, "2.50"), source=COINBASE)
    add_ticks(worker, (BTC, USD, 0, "1.25"), source=BINANCE)
    api = connect("api")
    questions = [(array("ethereum", "bitcoin"), array("usd", "usdt"), None, 900), (array("bitcoin"), array("usd"), "binance", 3600),
                 (array("bitcoin"), array("nothing"), None, 900), (array("bitcoin"), array("usd"), "nobody", 900),
                 (array('no"body\\'), array("usd"), None, 900)]
    alone = [api.run("price_inputs", *price_question(*each)) for each in questions]
    together = api.run("price_inputs", *[array(*column) for column in zip(*questions)])
    assert [row[16] for row in together] == sorted(row[16] for row in together)
    moment = slice(12, 13)  # now_ms
    for number, rows in enumerate(alone, 1):
        own = [list(row) for row in together if row[16] == number]
        expected = [[*row[:16], number] for row in rows]
        for row in own + expected:
            row[moment] = ["now"]
        assert own == expected


def test_a_version_says_what_a_reader_has_seen(connect, worker):
    """A reader's version is above the id of every commit that it saw, and not above one that it did not."""
    api = connect("api")
    worker.execute("BEGIN")
    add_ticks(worker, (BTC, USD, 0, "1.50"), source=COINBASE)
    [(commit,)] = worker.run("transaction_version")
    [row] = api.run("price_inputs", *price_question(array("bitcoin"), array("usd")))
    assert (row[4], int(row[13]) <= int(commit)) == (None, True)
    worker.execute("COMMIT")
    [row] = api.run("price_inputs", *price_question(array("bitcoin"), array("usd")))
    assert (row[4], int(row[13]) > int(commit)) == ("1.50", True)
    [(version,)] = api.run("snapshot_version")
    assert int(version) > int(commit)


def test_pages_of_data_do_not_overlap_and_know_the_total(connect, worker):
    add_ticks(worker, (BTC, USD, 0, "1", "10"), (ETH, USD, 0, "2", "20"), (OLD, USD, 0, "3"), source=1)
    add_ticks(worker, (BTC, USD, 0, "4"), source=COINBASE)
    worker.run("listings_upsert", 1, 1, 1, array(ETH, BTC), array(USD, USD), array(2, 1), array(at(), at()),
               *[array(None, None)] * 12)
    api = connect("api")

    def page(source=None, symbol=None, size=2, skip=0):
        rows = api.run("data_page", source, symbol, size, skip, 900, False, *[None] * 4)
        assert len({row[0] for row in rows}) == 1
        return rows[0][0], [(row[2], row[5]) for row in rows if row[2]]

    assert page() == (4, [("bitcoin", "coingecko"), ("ethereum", "coingecko")])
    assert page(skip=2) == (4, [("bitcoin", "coinbase"), ("old-bitcoin", "coingecko")])
    assert page(skip=4) == (4, [])
    assert page(source="coinbase") == (1, [("bitcoin", "coinbase")])
    assert page(symbol="BTC", size=9)[0] == 3
    assert page(symbol="Ethereum", size=9) == (1, [("ethereum", "coingecko")])
    assert page(symbol="'; --") == (0, [])


def test_a_listing_never_goes_back_in_time(worker):
    def upsert(rank, minutes):
        worker.run("listings_upsert", 1, 1, 1, array(BTC), array(USD), array(rank), array(at(minutes)),
                   *[array(None)] * 12)
        return worker.affected
    assert [upsert(1, 5), upsert(2, 0), upsert(1, 5), upsert(3, 5)] == [1, 0, 0, 1]
