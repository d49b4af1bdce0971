"""What each named query promises, held against a migrated database, as the role that runs it."""
import concurrent.futures
import contextlib
import datetime
import decimal
import hashlib
import random

import psycopg2
import psycopg2.extensions
import pytest

from named_queries import SQL, NamedQueries, array
from waiting import wait_for

TICK = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.timezone.utc)
BINANCE, COINBASE = 2, 3
BTC, ETH, OLD = 1, 2, 3  # asset ids
USD, USDT = 1, 50  # quote ids


@pytest.fixture(scope="module")
def template(engines):
    """The name of a database with two assets, two instruments, and the partitions of TICK."""
    engines.make_template()
    name = "queries_template"
    engines.postgres.create_database(name, engines.template)
    with contextlib.closing(engines.postgres.connect(name)) as connection:
        fill = NamedQueries(connection)
        fill.run("assets_apply", array("bitcoin", "ethereum", "old-bitcoin"), array("btc", "eth", "btc"),
                 array("Bitcoin", "Ethereum", "Old Bitcoin"))
        fill.run("instruments_apply", array("binance", "coinbase"), array("BTCUSDT", "BTC-USD"),
                 array("bitcoin", "bitcoin"), array("usdt", "usd"))
        for moment in ("2026-11-20", "2026-11-21", "2026-11-22"):
            fill.run("partition_ensure", "ticks", moment)
        for moment in ("2026-10-01", "2026-11-01"):
            fill.run("partition_ensure", "candles", moment)
    yield name
    engines.postgres.drop_database(name)


@pytest.fixture
def connect(template, migrated_database):
    """connect("worker") opens a session on the test's own database, acting as that group role."""
    url = migrated_database(template)
    sessions = contextlib.ExitStack()

    def open_session(role=None):
        connection = psycopg2.connect(url)
        sessions.callback(connection.close)
        connection.autocommit = True
        psycopg2.extensions.register_type(AS_TEXT, connection)
        return NamedQueries(connection, role and f"tidemark_{role}")

    with sessions:
        yield open_session


# Decimals as the server spells them.
AS_TEXT = psycopg2.extensions.new_type((1700,), "numeric as text", lambda value, cursor: value)


@pytest.fixture
def worker(connect):
    return connect("worker")


def at(minutes=0):
    return (TICK + datetime.timedelta(minutes=minutes)).isoformat()


def add_ticks(db, *ticks, source=BINANCE, run=1, payload=1):
    """Each (asset, quote, minutes, price[, market_cap]); as a worker does: ticks, then the latest prices."""
    columns = [array(*(tick[0] for tick in ticks)), array(*(tick[1] for tick in ticks)),
               array(*(at(tick[2]) for tick in ticks)), array(*(tick[3] for tick in ticks)),
               array(*(None for _ in ticks)), array(*((tick + (None,))[4] for tick in ticks)),
               array(*(None for _ in ticks))]
    [(changed,)] = db.run("ticks_upsert", source, run, payload, at(), *columns)
    moved = db.run("latest_prices_upsert", source, run, payload, "tick", *columns)
    return changed, moved


def test_every_query_can_be_prepared_by_hand_too(connect):
    """`tidemark-migrate check` prepares them all; here those that SQL's PREPARE takes, once more by name."""
    db = connect()
    db.utility("candles_stage_create")
    db.utility("references_stage_create")
    db.utility("rollup_stage_create")
    db.utility("rollup_rolled_create")
    db.utility("report_stage_create")
    for name, sql in SQL.items():
        if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            db.prepare(name)


# ---- ticks and latest prices ----

def test_a_price_keeps_its_digits(worker):
    for minutes, text in enumerate(["0.000000012345678901234567", "64123.50", "1e3", "123456789012345678901234567890"]):
        add_ticks(worker, (BTC, USDT, minutes, text))
    got = [row[0] for row in worker.execute("SELECT price FROM ticks ORDER BY observed_at")]
    assert got == ["0.000000012345678901234567", "64123.50", "1000", "123456789012345678901234567890"]


def test_identical_ticks_are_left_untouched(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.5"), (ETH, USDT, 0, "2.5"))
    before = worker.execute("SELECT ctid, xmin::text FROM ticks UNION ALL SELECT ctid, xmin::text FROM latest_prices")
    assert add_ticks(worker, (ETH, USDT, 0, "2.5"), (BTC, USDT, 0, "1.5"), run=2, payload=2) == (0, [])
    assert worker.execute(
        "SELECT ctid, xmin::text FROM ticks UNION ALL SELECT ctid, xmin::text FROM latest_prices") == before


def test_a_corrected_tick_takes_its_new_run_along(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.5"))
    assert add_ticks(worker, (BTC, USDT, 0, "1.6"), run=2, payload=9) == (1, [(BTC, USDT)])
    for table in ("ticks", "latest_prices"):
        assert worker.execute(f"SELECT price, run_id, payload_id FROM {table}") == [("1.6", 2, 9)]


def test_of_doubles_in_a_batch_the_last_counts(worker):
    add_ticks(worker, (BTC, USDT, 0, "1"), (BTC, USDT, 5, "2"), (BTC, USDT, 5, "3"), (BTC, USDT, 0, "4"))
    assert worker.execute("SELECT price FROM ticks ORDER BY observed_at") == [("4",), ("3",)]
    assert worker.execute("SELECT price FROM latest_prices") == [("3",)]


def test_an_older_observation_never_replaces_a_newer(worker):
    add_ticks(worker, (BTC, USDT, 5, "2"))
    assert add_ticks(worker, (BTC, USDT, 0, "1")) == (1, [])
    assert worker.execute("SELECT price, observed_at = %s FROM latest_prices", at(5)) == [("2", True)]


def latest_of_candle(db, minutes, price):
    return db.run("latest_prices_upsert", BINANCE, 1, 1, "candle", array(BTC), array(USDT), array(at(minutes)),
                  array(price), array(None), array(None), array(None))


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
    assert latest_of_candle(worker, 5, "2") == [(BTC, USDT)]
    assert worker.execute("SELECT price, origin FROM latest_prices") == [("2", "candle")]


def test_a_tick_without_partition_is_told_apart_from_a_bad_one(worker):
    with pytest.raises(psycopg2.errors.CheckViolation) as missing:
        add_ticks(worker, (BTC, USDT, -60 * 24 * 365, "1"))
    assert missing.value.diag.constraint_name is None
    with pytest.raises(psycopg2.errors.CheckViolation) as bad:
        add_ticks(worker, (BTC, USDT, 0, "0"))
    assert bad.value.diag.constraint_name


# ---- runs, checkpoints, payloads ----

def claim(db, job="binance/quote/a/0", attempt=1):
    return db.run("run_claim", job, BINANCE, "quote", "quote/a", at(), "{}", attempt, "w1", None)


def test_a_run_is_claimed_until_it_is_ok(worker):
    [(run,)] = claim(worker)
    assert claim(worker) == [(run,)]  # redelivered
    for status in ("waiting", "failed", "dead", "expired", "skipped"):
        worker.run("run_finish", run, status, "x", "y", 500)
        assert claim(worker, attempt=2) == [(run,)]
    worker.run("run_page", run, 1, 0, 0, '{"v":1}')
    worker.run("run_finish", run, "ok", None, None, 200)
    assert claim(worker) == []
    [(found, status, event, version, error_code)] = worker.run("run_find", "binance/quote/a/0")
    assert (found, status, event, error_code) == (run, "ok", '{"v":1}', None)
    assert int(version) > 0


def test_a_run_that_is_ok_stays_so(worker):
    [(run,)] = claim(worker)
    worker.run("run_finish", run, "ok", None, None, 200)
    worker.run("run_finish", run, "dead", "late", "a double that failed", 404)
    assert worker.run("run_find", "binance/quote/a/0")[0][1] == "ok"


def test_a_run_that_is_ok_takes_no_more_pages(connect):
    one, other = connect("worker"), connect("worker")
    [(run,)] = claim(one)
    other.prepare("run_page")
    one.execute("BEGIN")
    one.run("run_page", run, 1, 0, 0, "{}")
    one.run("run_finish", run, "ok", None, None, 200)
    other.execute("SET lock_timeout = '200ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        other.run("run_page", run, 1, 0, 0, "{}")
    one.execute("COMMIT")
    with pytest.raises(psycopg2.Error) as finished:
        other.run("run_page", run, 1, 0, 0, "{}")
    assert finished.value.pgcode == "TM001"


def test_pages_add_up(worker):
    [(run,)] = claim(worker)
    for _ in range(3):
        worker.run("run_page", run, 1000, 2, 1, "{}")
    assert worker.execute("SELECT pages, records, rejected, unmapped FROM runs") == [(3, 3000, 6, 3)]


def test_a_checkpoint_moves_only_from_where_it_is(worker):
    worker.run("checkpoint_advance", BINANCE, "s", None, "a", 1)
    worker.run("checkpoint_advance", BINANCE, "s", "a", "b", 2)
    for old in (None, "a", "c"):
        with pytest.raises(psycopg2.Error) as moved:
            worker.run("checkpoint_advance", BINANCE, "s", old, "x", 3)
        assert moved.value.pgcode == "TM001"
    assert worker.run("checkpoint_read", BINANCE, "s") == [("b",)]
    assert worker.run("checkpoint_read", BINANCE, "other") == []


def test_two_workers_cannot_both_move_a_checkpoint(connect):
    one, other = connect("worker"), connect("worker")
    one.run("checkpoint_advance", BINANCE, "s", None, "a", 1)
    other.prepare("checkpoint_advance")
    one.execute("BEGIN")
    one.run("checkpoint_advance", BINANCE, "s", "a", "b", 1)
    other.execute("SET lock_timeout = '200ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        other.run("checkpoint_advance", BINANCE, "s", "a", "c", 2)
    one.execute("COMMIT")
    with pytest.raises(psycopg2.Error) as moved:
        other.run("checkpoint_advance", BINANCE, "s", "a", "c", 2)
    assert moved.value.pgcode == "TM001"


def test_a_payload_comes_back_byte_for_byte(connect, worker):
    body = bytes(range(256)) * 1000
    connect().run("partition_ensure", "raw_payloads", at())
    [(payload,)] = worker.run("raw_payload_insert", 7, BINANCE, at(), "/x", 200, "application/json", "ok", None,
                              psycopg2.Binary(body), '[{"where":"[0]"}]', at(-60), at(-60), at(), '{"BTCUSDT": [1, 50]}')
    [row] = connect("operator").run("raw_payload_find", payload)
    assert (row[0], row[1], row[3], bytes(row[8])) == (7, "binance", "/x", body)
    [(digest,)] = worker.execute("SELECT sha256 FROM raw_payloads")
    assert bytes(digest) == hashlib.sha256(body).digest()


def test_those_who_write_the_same_rows_take_turns_and_ids_follow_them(connect):
    one, other, third = connect("worker"), connect("worker"), connect("worker")
    for db in (one, other, third):
        db.execute("BEGIN")
        db.execute("SET LOCAL lock_timeout = '200ms'")
    one.run("raw_payload_turn", "tidemark.rows/2/1/50")
    third.run("raw_payload_turn", "tidemark.rows/2/1/1")  # another market does not wait
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        other.run("raw_payload_turn", "tidemark.rows/2/1/50")
    one.execute("COMMIT")
    other.execute("ROLLBACK")
    other.run("raw_payload_turn", "tidemark.rows/2/1/50")


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

def inputs(api, slug="bitcoin", code="usd", source=None, fresh_s=900):
    """(price, source, kind, fresh_ms) of each source that has one."""
    rows = api.run("price_inputs", array(slug), array(code), source, fresh_s)
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


def test_each_asked_pair_has_a_row_in_the_order_asked(connect, worker):
    add_ticks(worker, (BTC, USD, 0, "1.50"), source=COINBASE)
    rows = connect("api").run("price_inputs", array("nothing", "bitcoin"), array("usdt", "usd"), None, 900)
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("nothing", "usdt", None), ("nothing", "usd", None), ("bitcoin", "usdt", None), ("bitcoin", "usd", "1.50")]


def test_a_version_says_what_a_reader_has_seen(connect, worker):
    """A reader's version is above the id of every commit that it saw, and not above one that it did not."""
    api = connect("api")
    worker.execute("BEGIN")
    add_ticks(worker, (BTC, USD, 0, "1.50"), source=COINBASE)
    [(commit,)] = worker.run("transaction_version")
    [row] = api.run("price_inputs", array("bitcoin"), array("usd"), None, 900)
    assert (row[4], int(row[13]) <= int(commit)) == (None, True)
    worker.execute("COMMIT")
    [row] = api.run("price_inputs", array("bitcoin"), array("usd"), None, 900)
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
        rows = api.run("data_page", source, symbol, size, skip)
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


def test_status_names_the_last_run_and_the_last_success(connect, worker):
    [(run,)] = claim(worker, "binance/quote/a/0")
    worker.run("run_finish", run, "ok", None, None, 200)
    [(run,)] = claim(worker, "binance/quote/a/300")
    worker.run("run_finish", run, "dead", "provider.status_404", "gone", 404)
    status = {row[0]: row for row in connect("api").run("etl_status")}
    assert status["binance"][2] == "dead"
    assert status["binance"][5] == "provider.status_404"
    assert status["binance"][6] is not None
    assert status["binance"][7] is not None
    assert status["coinbase"][2:] == (None, None, None, None, None, None)


TOTALS_OF_RUNS = """
    SELECT s.name, r.status, count(*), sum(r.records)::bigint, count(r.finished_at),
           coalesce(sum(extract(epoch FROM r.finished_at - r.started_at) * 1000000), 0)::bigint
    FROM runs r JOIN sources s USING (source_id) GROUP BY 1, 2 ORDER BY 1, 2"""


def test_the_totals_are_what_the_runs_add_up_to(connect, worker):
    """Whatever happens to a run: begun, paged, ended, tried again, given another source, removed; and what rolls back."""
    luck, superuser, reader = random.Random(17), connect(None), connect("api")
    sessions, ids = [worker, *(connect("worker") for _ in range(3))], []
    for number in range(400):
        session, step = luck.choice(sessions), luck.random()
        if step < 0.3 or not ids:
            [(run,)] = claim(session, f"binance/quote/a/{number}")
            ids.append(run)
        elif step < 0.6:
            session.run("run_finish", luck.choice(ids), luck.choice(["ok", "dead", "waiting", "failed", "skipped"]),
                        None, None, None)
        elif step < 0.8:
            session.execute("BEGIN")
            with contextlib.suppress(psycopg2.Error):  # the run is ok: the transaction rolls back
                session.run("run_page", luck.choice(ids), luck.randrange(1000), 0, 0, None)
            session.execute(luck.choice(["COMMIT", "COMMIT", "ROLLBACK"]))
        elif step < 0.9:
            superuser.execute("UPDATE runs SET source_id = %s WHERE run_id = %s", luck.randrange(1, 4), luck.choice(ids))
        elif step < 0.95:
            superuser.execute("DELETE FROM runs WHERE run_id = %s", ids.pop(luck.randrange(len(ids))))
        else:
            session.execute("UPDATE runs SET error_text = 'x', started_at = started_at - interval '1.000001s'")
        if number % 20 == 0:
            assert reader.run("run_totals") == superuser.execute(TOTALS_OF_RUNS), number
    assert reader.run("run_totals") == superuser.execute(TOTALS_OF_RUNS)
    superuser.execute("TRUNCATE runs")
    assert reader.run("run_totals") == []


def test_workers_whose_sums_meet_do_not_wait_in_a_circle(connect):
    """One ends its page and then its run, the other only its run: both add to the same rows of run_counters."""
    watcher, lanes = connect(None), {}
    while True:  # sessions of one lane
        session = connect("worker")
        [(pid,)] = session.execute("SELECT pg_backend_pid()")
        if pid % 32 in lanes:
            break
        lanes[pid % 32] = session
    first, second = lanes[pid % 32], session
    [(run,)], [(other,)] = claim(first, "binance/quote/a/1"), claim(second, "binance/quote/a/2")
    first.execute("BEGIN")
    first.run("run_page", run, 10, 0, 0, None)
    with concurrent.futures.ThreadPoolExecutor(1) as pool, contextlib.closing(first.connection):
        ending = pool.submit(second.run, "run_finish", other, "ok", None, None, None)
        wait_for("the other waits", lambda: watcher.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", pid))
        first.run("run_finish", run, "ok", None, None, None)
        first.execute("COMMIT")
        ending.result(timeout=10)
    assert connect("api").run("run_totals") == watcher.execute(TOTALS_OF_RUNS)


# ---- schedules and slots ----

def apply(db, name, stream="quote/a", period=300, source="binance", cron=None):
    db.run("schedule_apply", name, source, "quote", stream, '{"symbols":["A"]}', None if cron else period, 0,
           "coalesce", 900, True, cron)
    return db.affected


def test_schedules_become_what_the_file_says(connect):
    db = connect("operator")
    assert [apply(db, "a"), apply(db, "b", "quote/b"), apply(db, "c", "quote/c", source="nope")] == [1, 1, 0]
    assert [apply(db, "a"), apply(db, "a", period=600)] == [0, 1]
    assert db.run("schedules_remove_others", array("a"), array("binance"), array("quote/a")) == [("b",)]
    assert [(row[0], row[2], row[6], row[11]) for row in db.run("schedules_list", True)] == [
        ("a", "binance", 600, None)]


def test_a_schedule_has_a_period_or_a_cron_rule(connect):
    db = connect("operator")
    assert [apply(db, "a", cron="0 3 * * *"), apply(db, "a", cron="0 3 * * *")] == [1, 0]
    assert [(row[6], row[12]) for row in db.run("schedules_list", True)] == [(None, "0 3 * * *")]
    assert apply(db, "a") == 1
    assert [(row[6], row[12]) for row in db.run("schedules_list", True)] == [(300, None)]
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.execute("UPDATE schedules SET cron = '@daily'")


def test_the_leaders_period_of_quotes_is_listed(connect):
    db = connect("operator")
    apply(db, "a")
    assert [row[13] for row in db.run("schedules_list", True)] == [None]
    for host, instead in (("one", 60), ("two", None)):
        connect("scheduler").run("leader_record", host, 1, instead)
        assert [row[13] for row in db.run("schedules_list", True)] == [instead]
    assert db.execute("SELECT host, pid FROM leader") == [("two", 1)]


def test_a_stream_may_change_its_schedule(connect):
    """Removing goes first, so that the unique stream is free for its new name."""
    db = connect("operator")
    apply(db, "a")
    db.run("schedules_remove_others", array("b"), array("binance"), array("quote/a"))
    assert apply(db, "b") == 1


def test_two_schedules_may_change_their_streams_for_one_another(connect):
    db = connect("operator")
    apply(db, "a", "quote/a"), apply(db, "b", "quote/b"), apply(db, "c", "quote/c")
    streams = array("quote/b", "quote/a", "quote/c")
    assert db.run("schedules_remove_others", array("a", "b", "c"), array(*["binance"] * 3), streams) == []
    assert [apply(db, "a", "quote/b"), apply(db, "b", "quote/a"), apply(db, "c", "quote/c")] == [1, 1, 0]


def test_a_slot_is_inserted_once_and_published_until_done(connect, worker):
    apply(connect("operator"), "a")
    db = connect("scheduler")
    columns = [array("binance/quote/a/1", "binance/quote/a/2"), array("a", "a"), array(BINANCE, BINANCE),
               array("quote/a", "quote/a"), array(at(), at(5)), array("m1", "m2"), array("pending", "skipped")]
    assert db.run("slots_insert", *columns) == [("binance/quote/a/1",), ("binance/quote/a/2",)]
    assert db.run("slots_insert", *columns) == []
    assert db.run("slots_pending", 10) == [("binance/quote/a/1", "binance", "m1")]
    assert [row[11] for row in db.run("schedules_list", True)] == [int((TICK.timestamp() + 300))]
    db.run("slots_mark_published", array("binance/quote/a/1"))
    assert db.run("slots_pending", 10) == []
    assert db.run("slots_unfinished", 7200, "2009-01-01", 10) == []
    assert db.run("slots_unfinished", 0, "2009-01-01", 10) == [("binance/quote/a/1", "binance", "m1")]
    [(run,)] = claim(worker, "binance/quote/a/1")
    assert len(db.run("slots_unfinished", 0, "2009-01-01", 10)) == 1
    worker.run("run_finish", run, "ok", None, None, 200)
    assert db.run("slots_unfinished", 0, "2009-01-01", 10) == []


def test_one_session_leads(connect):
    one, other = connect("scheduler"), connect("scheduler")
    assert one.run("leader_try_lock") == [(True,)]
    assert other.run("leader_try_lock") == [(False,)]
    one.connection.close()
    for _ in range(100):  # the server notices the end of the session a moment later
        if other.run("leader_try_lock") == [(True,)]:
            return
    pytest.fail("nobody leads")


def test_decimals_are_compared_by_value_not_by_text(worker):
    add_ticks(worker, (BTC, USDT, 0, "1.50"))
    assert add_ticks(worker, (BTC, USDT, 0, "1.5")) == (0, [])
    assert decimal.Decimal(worker.execute("SELECT price FROM ticks")[0][0]) == decimal.Decimal("1.5")


def test_a_slot_whose_run_waits_for_its_next_try_is_not_published_again(connect, worker):
    apply(connect("operator"), "a")
    db = connect("scheduler")
    db.run("slots_insert", array("binance/quote/a/1"), array("a"), array(BINANCE), array("quote/a"),
           array(at()), array("m1"), array("published"))
    db.connection.cursor().execute("UPDATE slots SET published_at = now() - interval '3 hours'")
    assert len(db.run("slots_unfinished", 7200, "2009-01-01", 10)) == 1
    [(run,)] = claim(worker, "binance/quote/a/1")
    worker.run("run_finish", run, "failed", "fetch.timeout", "no answer", None)
    assert db.run("slots_unfinished", 7200, "2009-01-01", 10) == [], "its message is in a tier"


def test_a_source_with_a_full_queue_does_not_hide_the_others(connect):
    db = connect("scheduler")
    ids = [f"binance/quote/a/{n}" for n in range(5)] + ["csv/history/inbox/9"]
    columns = [array(*ids), array(*"aaaaab"), array(*[BINANCE] * 5, 4),
               array(*["quote/a"] * 5, "history/inbox"), array(*[at()] * 6), array(*"mmmmmn"),
               array(*["pending"] * 6)]
    db.run("slots_insert", *columns)
    found = [row[0] for row in db.run("slots_pending", 2)]
    assert len(found) == 3 and "csv/history/inbox/9" in found


def test_old_slots_are_forgotten_when_they_are_done_with(connect, worker):
    """Kept are the newest of a schedule, what has no final run, and what is not old; of an operator's orders nothing else."""
    db = connect("scheduler")
    rows = [("ok", "a", "quote/a", 0, "published"), ("skipped", "a", "quote/a", 1, "skipped"),
            ("running", "a", "quote/a", 2, "published"), ("lost", "a", "quote/a", 3, "published"),
            ("pending", "a", "quote/a", 4, "pending"), ("dead", "a", "quote/a", 5, "published"),
            ("newest", "a", "quote/a", 6, "published"), ("by hand", "(operator)", "quote/a", 7, "published"),
            ("window", "(operator)", "backfill/a", 7, "published"), ("waits", "(operator)", "backfill/b", 7, "pending"),
            ("gone schedule", "b", "quote/b", 0, "published"), ("recent", "c", "quote/c", 9, "published"),
            ("more recent", "c", "quote/c", 10, "published")]
    ids, names, streams, minutes, states = zip(*rows)
    db.run("slots_insert", array(*ids), array(*names), array(*[BINANCE] * len(rows)), array(*streams),
           array(*[at(n) for n in minutes]), array(*["m"] * len(rows)), array(*states))
    for job_id in set(ids) - {"lost", "pending", "skipped", "waits"}:
        [(run,)] = claim(worker, job_id)
        if job_id != "running":
            worker.run("run_finish", run, "dead" if job_id == "dead" else "ok", None, None, 200)

    forgotten = []
    for _ in range(4):
        db.run("slots_trim", at(8), 2)
        forgotten.append(db.affected)

    assert forgotten == [2, 2, 1, 0], "so many at once, the oldest first"
    left = {row[0] for row in db.execute("SELECT job_id FROM slots")}
    assert set(ids) - left == {"ok", "skipped", "dead", "by hand", "window"}
