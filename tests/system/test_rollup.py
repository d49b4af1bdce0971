"""Candles of our own equal those of an oracle that shares nothing with the product, whatever came in whichever order."""
import concurrent.futures
import contextlib
import csv
import json
import math
import random
from fractions import Fraction

import psycopg2
import pytest

import rollup_oracle
from named_queries import NamedQueries, array
from programs import ROOT
from rollup_oracle import DAY_MS, FIVE, HOUR_MS, MINUTE_MS
from rollup_session import CLOCK, PIECE, VALUES, RollupSession, moment, ms

COINBASE, BINANCE = 3, 2
BTC, USD = 1, 1
LEAP = ms("2024-02-29T00:00:00")
LATER = ms("2024-03-20T00:00:00")  # when everything around the leap day is long over
DAYS = [LEAP + day * DAY_MS for day in range(-1, 5)]


@pytest.fixture(scope="module")
def template(engines):
    """The name of a database with a thousand assets, and the partitions of DAYS."""
    engines.make_template()
    name = "rollup_template"
    engines.postgres.create_database(name, engines.template)
    with contextlib.closing(engines.postgres.connect(name)) as connection:
        fill = NamedQueries(connection)
        fill.execute(CLOCK)
        fill.execute("INSERT INTO assets (slug, symbol, name) SELECT 'coin-' || n, 'C' || n, 'Coin ' || n"
                     " FROM generate_series(1, 1000) AS n")
        for table, moments in [("ticks", DAYS), ("candles", [LEAP, DAYS[-1]]), ("candle_revisions", [LEAP, DAYS[-1]])]:
            for each in moments:
                fill.run("partition_ensure", table, moment(each))
    yield name
    engines.postgres.drop_database(name)


@pytest.fixture
def connect(template, migrated_database):
    """connect() opens a worker's session on the test's own database, its clock set to LATER."""
    url = migrated_database(template)
    with contextlib.ExitStack() as sessions:
        def open_session(now_ms=LATER):
            connection = psycopg2.connect(url)
            sessions.callback(connection.close)
            connection.autocommit = True
            return RollupSession(connection, now_ms)
        yield open_session


@pytest.fixture
def db(connect):
    return connect()


def spelled(row):
    """What the oracle says of a candle, as the session reads it."""
    return tuple(row[name] for name in VALUES) + (Fraction(row["inputs"]), Fraction(row["origin"]), row["final"])


def read(db, where="true"):
    return {key: tuple(None if cell is None else Fraction(cell) for cell in row[:-1]) + (row[-1] == "t",)
            for key, row in db.candles(where=where).items()}


def wanted(markets, now_ms):
    """markets: {(source, asset, quote): (ticks, own candles)}"""
    return {(*market, *key): spelled(candle) for market, (ticks, own) in markets.items()
            for key, candle in rollup_oracle.roll(ticks, own, now_ms).items()}


def some_ticks(rng, count, days=DAYS[:3] + DAYS[4:]):
    """Some of them on the edges of buckets; never on the fourth day. {at_ms: (price, volume_24h, market_cap)}"""
    ticks = {}
    while len(ticks) < count:
        day = rng.choice(days)
        at = day + rng.choice([0, DAY_MS - 1, FIVE - 1, FIVE, HOUR_MS, HOUR_MS - 1, rng.randrange(DAY_MS),
                               12 * HOUR_MS + rng.randrange(FIVE), 12 * HOUR_MS + rng.randrange(FIVE)])
        ticks[at] = some_values(rng)
    return ticks


def some_values(rng):
    """Prices stay within ten times of each other: further apart they are stored with a doubt, and left out."""
    return (f"{rng.randrange(2 * 10**5, 10**6)}.{rng.randrange(10**8):08}", rng.choice([None, str(rng.randrange(10**9))]),
            rng.choice([None, f"{rng.randrange(10**9)}.5"]))


# ---- any order ----

def test_a_thousand_orders_end_in_the_same_candles(db):
    """Ticks around a leap day, one twice, some corrected, and a day without any: each asset gets them in an order of its own."""
    rng = random.Random(4)
    ticks = list(some_ticks(rng, 20).items())
    ticks += [ticks[0]] + [(at, some_values(rng)) for at, _ in rng.sample(ticks, 4)]
    orders = {asset: rng.sample(ticks, len(ticks)) for asset in range(1, 1001)}
    for step in range(len(ticks)):
        db.add_ticks(*((asset, USD, order[step][0], *order[step][1]) for asset, order in orders.items()))
        if rng.random() < 0.25:
            db.roll()
    db.roll()
    # Of two that speak of one moment the later one counts.
    expected = wanted({(COINBASE, asset, USD): (dict(order), {}) for asset, order in orders.items()}, LATER)
    assert len(expected) > 30_000 and not any(key[4] == DAYS[3] for key in expected)
    assert read(db) == expected
    assert db.execute("SELECT count(*) FROM rollup_marks") == [(0,)]
    assert db.execute("SELECT count(*) FROM candles c LEFT JOIN (SELECT asset_id, interval_s, open_time, count(*) AS before"
                      " FROM candle_revisions GROUP BY 1, 2, 3) AS r USING (asset_id, interval_s, open_time)"
                      " WHERE revision <> coalesce(before, 0)") == [(0,)]


def test_a_sources_own_candles_win_in_any_order(connect):
    rng = random.Random(5)
    db = connect()
    markets = {}
    for asset in range(1, 21):
        ticks = some_ticks(rng, 20)
        pages = [("tick", at) for at in ticks]
        own = {}
        for at in rng.sample(sorted(ticks), 6):
            for length in rng.sample([FIVE, HOUR_MS, DAY_MS], 2):
                own[length, at // length * length] = {name: f"{rng.randrange(1, 10**4)}.5" for name in VALUES[:8]} | {
                    "trades": rng.choice([None, "7"]), "volume": rng.choice([None, "0.125"])}
        pages += [("candle", key) for key in own] * 2
        for kind, key in rng.sample(pages, len(pages)):
            if kind == "tick":
                db.add_ticks((asset, USD, key, *ticks[key]))
            else:
                db.add_candles(asset, USD, key[0] // 1000, {key[1]: own[key]}, source=COINBASE)
            if rng.random() < 0.2:
                db.roll()
        markets[COINBASE, asset, USD] = ticks, {
            key: {**{name: rollup_oracle.number(candle[name]) for name in VALUES}, "inputs": 1, "origin": 0}
            for key, candle in own.items()}
    db.roll()
    assert read(db) == wanted(markets, LATER)


@pytest.mark.parametrize("hours", [0.2, 1.03, 5, 23.99, 24.04, 24.08, 30])
def test_an_open_candle_is_never_final_and_becomes_so_when_its_time_is_over(db, hours):
    """Ticks come as time goes by; every now and then somebody rolls."""
    rng = random.Random(hours)
    ticks = {at: some_values(rng) for at in sorted(rng.sample(range(LEAP, LEAP + int(hours * HOUR_MS)), 40))}
    end = LEAP + int(hours * HOUR_MS)
    for at, values in ticks.items():
        db.set_now(at)
        if rng.random() < 0.5:
            db.roll()
        db.add_ticks((BTC, USD, at, *values))
    db.set_now(end)
    db.roll()
    assert read(db) == wanted({(COINBASE, BTC, USD): (ticks, {})}, end)
    # Nothing came late, so nothing was revised; and time alone makes the rest final.
    assert db.execute("SELECT max(revision) FROM candles") in ([(0,)], [(None,)])
    db.set_now(LEAP + 3 * DAY_MS)
    db.roll()
    assert read(db) == wanted({(COINBASE, BTC, USD): (ticks, {})}, LEAP + 3 * DAY_MS)
    assert db.execute("SELECT count(*) FILTER (WHERE final) = count(*), max(revision) FROM candles") == [(True, 0)]
    assert db.execute("SELECT count(*) FROM rollup_marks") == [(0,)]


# ---- late and corrected ----

def places(db):
    """Where each candle is on the disk: changes when its row does."""
    return {row[:2]: row[2:] for row in db.execute("SELECT interval_s, open_time, tableoid, ctid, xmin::text FROM candles")}


def touched(db, before):
    after = places(db)
    return {(interval_s, round(open_time.timestamp() * 1000)) for (interval_s, open_time), place in after.items()
            if before.get((interval_s, open_time)) != place}


@pytest.fixture
def filled(db):
    """Two days, a tick each minute."""
    ticks = {LEAP + minute * MINUTE_MS: (f"{1000 + minute % 7}.10", "5", "9") for minute in range(2 * 24 * 60)}
    db.add_ticks(*((BTC, USD, at, *values) for at, values in ticks.items()))
    db.roll()
    db.ticks = ticks
    return db


def test_a_late_row_rolls_its_own_buckets_and_no_others(filled):
    before = places(filled)
    late = LEAP + 13 * HOUR_MS + 7 * MINUTE_MS + 30_000
    filled.set_now(LATER + 30 * DAY_MS)
    filled.ticks[late] = ("2000.5", None, None)
    filled.add_ticks((BTC, USD, late, *filled.ticks[late]))
    assert filled.roll() == 1
    buckets = {(300, LEAP + 13 * HOUR_MS + FIVE), (3600, LEAP + 13 * HOUR_MS), (86400, LEAP)}
    assert touched(filled, before) == buckets
    assert read(filled) == wanted({(COINBASE, BTC, USD): (filled.ticks, {})}, filled.now_ms)
    rows = filled.execute("SELECT interval_s, revision, known_at, final FROM candles WHERE revision > 0")
    assert {row[0] for row in rows} == {300, 3600, 86400}
    assert all(row[1] == 1 and row[2].timestamp() * 1000 == filled.now_ms and row[3] for row in rows)
    # What stood there before is there, and until when it was believed.
    old = filled.execute("SELECT interval_s, revision, high, known_until = %s FROM candle_revisions ORDER BY 1",
                         moment(filled.now_ms))
    assert [(row[0], row[1], str(row[2]), row[3]) for row in old] == [
        (300, 0, "1005.10", True), (3600, 0, "1006.10", True), (86400, 0, "1006.10", True)]


def test_a_late_row_that_changes_no_value_raises_no_revision(filled):
    late = LEAP + 13 * HOUR_MS + 2 * MINUTE_MS + 30_000
    filled.set_now(LATER + DAY_MS)
    filled.add_ticks((BTC, USD, late, "1004.1", "5", "9"))  # between what was the lowest and the highest, and not the last
    before = places(filled)
    filled.roll()
    assert touched(filled, before) == {(300, LEAP + 13 * HOUR_MS)}  # has one input more
    assert filled.execute("SELECT max(revision), max(known_at) FROM candles")[0] == (
        0, filled.execute("SELECT min(known_at) FROM candles")[0][0])
    assert filled.execute("SELECT count(*) FROM candle_revisions") == [(0,)]


def test_what_is_said_again_marks_nothing(filled):
    assert filled.add_ticks(*((BTC, USD, at, *values) for at, values in filled.ticks.items())) == 0
    assert filled.roll() == 0


def test_a_correction_is_rolled_and_taken_back(filled):
    for revision, price in [(1, "1.5"), (2, "1000.10"), (2, "1000.1")]:
        filled.add_ticks((BTC, USD, LEAP, price, "5", "9"))
        filled.roll()
        assert filled.execute("SELECT DISTINCT revision, open::text FROM candles WHERE open_time = %s", moment(LEAP)) == [
            (revision, price if revision == 1 else "1000.10")]
    assert [str(row[0]) for row in filled.execute(
        "SELECT low FROM candle_revisions WHERE interval_s = 86400 ORDER BY revision")] == ["1000.10", "1.5"]


def test_a_doubted_tick_is_left_out_and_a_candle_of_nothing_goes(db):
    """What is gone is kept as it was, and counts on when it comes back."""
    def doubt(bits):
        db.execute("UPDATE ticks SET doubt = %s", bits)
        db.run("rollup_marks_add", COINBASE, BTC, USD, 300, array(moment(LEAP)))
        db.roll()
        return db.execute("SELECT interval_s, revision FROM candles ORDER BY 1")
    db.add_ticks((BTC, USD, LEAP + 1000, "1.5", None, None))
    assert doubt(0) == [(300, 0), (3600, 0), (86400, 0)]
    assert doubt(1) == []
    assert db.execute("SELECT interval_s, revision FROM candle_revisions ORDER BY 1") == [(300, 0), (3600, 0), (86400, 0)]
    assert doubt(0) == [(300, 1), (3600, 1), (86400, 1)]


def test_volume_is_unknown_where_one_of_its_parts_is(db):
    candle = {name: "10" for name in VALUES}
    db.add_candles(BTC, USD, 300, {LEAP: {**candle, "volume": "0.50"}, LEAP + FIVE: {**candle, "volume": None},
                                   LEAP + HOUR_MS: candle})
    db.roll()
    assert db.execute("SELECT interval_s, volume::text, quote_volume::text, trades, inputs FROM candles WHERE origin = 3"
                      " ORDER BY 1, open_time") == [
        (3600, None, "20", 20, 2), (3600, "10", "10", 10, 1), (86400, None, "30", 30, 2)]


# ---- intervals that are not stored ----

def points_on_read(db, stored_s, interval_s, first=DAYS[0] - 30 * DAY_MS):
    now, then = (db.run(name, COINBASE, BTC, USD, stored_s, moment(first), 1000, moment(db.now_ms), interval_s)
                 for name in ("chart_points_rolled", "chart_points_rolled_as_of"))
    assert then in (now, []), "as it was known then: the same, or nobody knew anything yet"
    return [(row[0], *(cell and str(cell) for cell in row[1:])) for row in now]


def test_a_quarter_of_an_hour_is_there_when_its_last_five_minutes_are(filled):
    for over, count in [(16, 0), (17, 1), (31, 1), (32, 2)]:
        filled.set_now(LEAP + over * MINUTE_MS)
        found = points_on_read(filled, 300, 900)
        assert found == [(LEAP + (n + 1) * 900_000, f"{1000 + (15 * n + 14) % 7}.10", None, "5", "9") for n in range(count)]


def test_four_hours_and_weeks_that_begin_on_monday(db):
    """2024-02-29 is a Thursday."""
    candle = {name: "10" for name in VALUES}
    days = {LEAP + day * DAY_MS: {**candle, "close": str(day + 50), "volume": None if day == 6 else "0.5"}
            for day in range(-7, 10) if day != 0}
    db.run("partition_ensure", "candles", moment(LEAP - 7 * DAY_MS))
    db.add_candles(BTC, USD, 86400, days, source=COINBASE)
    monday = LEAP - 3 * DAY_MS
    db.set_now(monday + 14 * DAY_MS + 4 * MINUTE_MS)
    assert points_on_read(db, 86400, 7 * 86400) == [
        (monday, "46", "2.0", "10", "10"), (monday + 7 * DAY_MS, "53", "3.0", "10", "10"),
        (monday + 14 * DAY_MS, "59", None, "10", "10")]
    db.set_now(db.now_ms - MINUTE_MS)
    assert len(points_on_read(db, 86400, 7 * 86400)) == 2
    hours = {LEAP + hour * HOUR_MS: {**candle, "close": str(hour + 1)} for hour in range(9)}
    db.add_candles(BTC, USD, 3600, hours, source=COINBASE)
    assert [(at, close, volume) for at, close, volume, *_ in points_on_read(db, 3600, 4 * 3600)] == [
        (LEAP + 4 * HOUR_MS, "4", "40"), (LEAP + 8 * HOUR_MS, "8", "40"), (LEAP + 12 * HOUR_MS, "9", "10")]


# ---- killed and in company ----

def test_a_rollup_that_is_killed_anywhere_leaves_the_same_tables(connect):
    rng = random.Random(6)
    db = connect()
    ticks = some_ticks(rng, 60)
    db.add_ticks(*((BTC, USD, at, *values) for at, values in ticks.items()))
    db.add_candles(BTC, USD, 3600, {LEAP: {name: "10" for name in VALUES}}, source=COINBASE)
    own = {(HOUR_MS, LEAP): {**{name: Fraction(10) for name in VALUES}, "inputs": 1, "origin": 0}}
    before = db.execute("SELECT count(*), sum(cardinality(open_times)) FROM rollup_marks")
    for steps in range(len(PIECE) + 1):
        db.execute("BEGIN")
        assert db.piece(steps=steps) > 0
        db.execute("ROLLBACK")
        assert db.execute("SELECT count(*), sum(cardinality(open_times)) FROM rollup_marks") == before
        assert len(db.candles()) == 1
    # With a commit now and then in between.
    while db.execute("SELECT EXISTS (SELECT FROM rollup_marks)") == [(True,)]:
        db.execute("BEGIN")
        db.piece(buckets=5, steps=rng.randrange(len(PIECE)))
        db.execute("ROLLBACK")
        db.execute("BEGIN")
        db.piece(buckets=5)
        db.execute("COMMIT")
    assert read(db) == wanted({(COINBASE, BTC, USD): (ticks, own)}, LATER)


def test_several_workers_at_once_make_the_same_candles(connect):
    """Two write, three roll, all of the same few markets."""
    rng = random.Random(7)
    markets = {(COINBASE, asset, USD): (some_ticks(rng, 60), {}) for asset in (1, 2)}
    rolling = [connect() for _ in range(3)]
    writing = {market: connect() for market in markets}

    def write(market):
        for at, values in random.Random(market[1]).sample(sorted(markets[market][0].items()), 60):
            writing[market].add_ticks((market[1], USD, at, *values))
            if values[1] is None:
                writing[market].add_ticks((market[1], USD, at, "1", None, None))  # a mistake, and its correction
                writing[market].add_ticks((market[1], USD, at, *values))

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        written = [pool.submit(write, market) for market in markets]

        def roll(db):
            while not all(each.done() for each in written):
                db.roll(buckets=3)
            db.roll(buckets=3)
        rolled = [pool.submit(roll, db) for db in rolling]
        for each in written + rolled:
            each.result()
    assert read(rolling[0]) == wanted(markets, LATER)


def test_a_provider_and_a_rollup_write_the_same_candle_one_after_the_other(connect):
    """Whoever is second sees what the first one did."""
    one, other = connect(), connect()
    one.add_ticks((BTC, USD, LEAP, "1.5", None, None))
    one.execute("BEGIN")
    one.piece()
    other.execute("SET lock_timeout = '200ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        other.add_candles(BTC, USD, 300, {LEAP: {name: "10" for name in VALUES}}, source=COINBASE)
    other.execute("ROLLBACK")
    one.execute("COMMIT")
    other.add_candles(BTC, USD, 300, {LEAP: {name: "10" for name in VALUES}}, source=COINBASE)
    other.roll()
    assert other.execute("SELECT interval_s, origin, revision, close::text FROM candles ORDER BY 1") == [
        (300, 0, 1, "10"), (3600, 3, 1, "10"), (86400, 3, 1, "10")]


# ---- what Binance says ----

def recorded_klines(*names):
    rows = [row for name in names for row in json.loads((ROOT / "tests/recorded/binance" / name).read_text())]
    return {row[0]: dict(zip(("open", "high", "low", "close", "volume", "quote_volume", "trades"),
                             [*row[1:6], row[7], str(row[8])])) for row in rows}


def recorded_lines(name, columns, at):
    """{open_ms: candle} of a CSV file; `columns` says which of its columns is which of ours."""
    with open(ROOT / "tests/recorded/csv" / name, encoding="utf-8") as lines:
        return {at(row): {ours: row[theirs] for ours, theirs in columns.items()} for row in csv.DictReader(lines)
                if row["open"]}


def prices(volume, quote_volume, trades):
    return {**{name: name for name in VALUES[:4]}, "volume": volume, "quote_volume": quote_volume, "trades": trades}


RECORDED = {
    "BTCUSDT 2020": (
        lambda: recorded_klines("klines_BTCUSDT_1h_1000rows_full_page_2020-05.json",
                                "klines_BTCUSDT_1h_468rows_next_page_2020-06.json"),
        lambda: recorded_lines("cdd_Binance_BTCUSDT_d_2021.csv", prices("Volume BTC", "Volume USDT", "tradecount"),
                               lambda row: int(float(row["unix"]))), 60),
    "ADAUSDT 2021": (
        lambda: recorded_lines("cdd_Binance_ADAUSDT_1h_2021_cut.csv", prices("Volume ADA", "Volume USDT", "tradecount"),
                               lambda row: int(row["unix"])),
        lambda: recorded_lines("binance_klines_ADAUSDT_1d_dupcols.csv", prices("volume", "quote_asset_volume", "trades"),
                               lambda row: int(row["close_time"]) - DAY_MS + 1), 41),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_hours_make_the_recorded_days(connect, name):
    hours, days, count = RECORDED[name]
    hours, days = hours(), days()
    db = connect(now_ms=ms("2026-11-21T00:00:00"))
    db.execute("SELECT ensure_partition('candles', to_timestamp(at / 1000)) FROM unnest(%s) AS at", list(hours))
    db.add_candles(BTC, USD, 3600, hours)
    db.roll()
    compared = 0
    for (*_, open_ms), row in db.candles(where="interval_s = 86400").items():
        ours = dict(zip(VALUES, row)) | {"inputs": row[len(VALUES)]}
        if ours["inputs"] != "24":
            continue
        for field, text in days[open_ms].items():
            # One of the files was written by a program that reads numbers as doubles, and not quite right.
            error = 2 * math.ulp(float(text)) if name.startswith("ADA") and "volume" in field else 0
            assert abs(Fraction(ours[field]) - Fraction(text)) <= error, (moment(open_ms), field, ours[field], text)
        compared += 1
    assert compared == count
