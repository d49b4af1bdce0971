"""Bars and marks of markets: which source draws them, what the newest is made of, what is marked."""
import datetime
import decimal

import pytest

from query_database import BINANCE, BTC, COINBASE, USD, connect, template  # noqa: F401  (fixtures)

COINGECKO, CSV, COINPAPRIKA, KRAKEN = 1, 4, 6, 7
FIVE, HOUR, DAY = 300, 3600, 86400


@pytest.fixture
def db(connect):  # noqa: F811
    """A session that reads as the API does, in a database of its own with partitions around now."""
    session = connect()
    session.now = session.execute("SELECT date_part('epoch', now())::bigint")[0][0]
    for back in (0, 10, 20, 30, 40):
        at = datetime.datetime.fromtimestamp(session.now - back * DAY, datetime.timezone.utc)
        session.execute("SELECT ensure_partition(name, %s) FROM unnest('{candles,candle_revisions}'::text[]) AS name", at)
    for back in (0, 1):
        session.execute("SELECT ensure_partition('ticks', now() - %s * interval '1 day')", back)
    return session


def bucket(session, interval_s, back=0):
    return session.now // interval_s * interval_s - back * interval_s


def set_price(session, source, price="100"):
    session.execute(
        "INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price)"
        " VALUES (%s, %s, %s, now(), 1, 1, 'tick', %s) ON CONFLICT DO NOTHING", source, USD, BTC, price)


def add_candle(session, source, interval_s, at, numbers, volume="1", final=True, rolled=False):
    """`numbers`: open, high, low, close."""
    set_price(session, source)
    session.execute(
        "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin,"
        " final, open, high, low, close, volume)"
        " VALUES (%s, %s, %s, %s, 1, to_timestamp(%s), 1, 1, %s, %s, %s, %s, %s, %s, %s)",
        source, USD, BTC, interval_s, at, 2 if rolled else 0, final, *numbers.split(), volume)
    session.execute(
        "INSERT INTO series (source_id, quote_id, asset_id, interval_s, rolled, first_open_time, last_open_time)"
        " VALUES (%s, %s, %s, %s, %s, to_timestamp(%s), to_timestamp(%s)) ON CONFLICT DO NOTHING",
        source, USD, BTC, interval_s, rolled, at, at)


def add_tick(session, source, at, price, doubt=0):
    set_price(session, source)
    session.execute(
        "INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price, doubt)"
        " VALUES (%s, %s, %s, to_timestamp(%s), 1, 1, %s, %s)", source, USD, BTC, at, price, doubt)


def bars(session, interval_s, source=None, since=0, until=None, limit=100, live=None, resolution=None):
    """at_s: (open, high, low, close, volume, source)."""
    stored = interval_s
    rows = session.run("market_bars", source, BTC, USD, stored, at(since),
                       at(until or session.now + 40 * DAY), limit * 31, at(bucket(session, stored, 1)), live,
                       stored if resolution is None else resolution, limit)
    return {row[0]: tuple(row[1:7]) for row in rows}


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


# Which source.

def test_each_bar_is_of_the_preferred_source_that_has_one(db):
    first, second = bucket(db, HOUR, 10), bucket(db, HOUR, 9)
    add_candle(db, COINBASE, HOUR, first, "1 1 1 1")
    add_candle(db, KRAKEN, HOUR, first, "2 2 2 2")
    add_candle(db, KRAKEN, HOUR, second, "3 3 3 3")
    assert {time: row[5] for time, row in bars(db, HOUR).items()} == {first: "coinbase", second: "kraken"}


def test_sources_whose_candles_say_most_go_first(db):
    day, order = bucket(db, DAY, 10), []
    add_candle(db, COINBASE, DAY, day, "1 1 1 1", rolled=True)  # of its prices
    add_candle(db, KRAKEN, DAY, day, "2 2 2 2", rolled=True)  # of its own hours
    add_candle(db, KRAKEN, HOUR, day, "2 2 2 2")
    add_candle(db, COINGECKO, DAY, day, "3 3 3 3")
    add_candle(db, CSV, DAY, day, "4 4 4 4")
    add_candle(db, COINPAPRIKA, DAY, day, "5 5 5 5", rolled=True)
    while found := bars(db, DAY):
        order.append(found[day][5])
        db.execute("DELETE FROM candles USING sources WHERE sources.source_id = candles.source_id AND name = %s", order[-1])
    assert order == ["kraken", "csv", "coinbase", "coingecko", "coinpaprika"]


def test_a_bar_is_the_same_however_it_is_asked_for(db):
    for back in range(3, 40):
        add_candle(db, COINBASE if back % 3 else KRAKEN, HOUR, bucket(db, HOUR, back), f"{back} {back} {back} {back}")
        if back % 2:
            add_candle(db, BINANCE, HOUR, bucket(db, HOUR, back), "7 7 7 7", rolled=True)
    whole = bars(db, HOUR)
    for limit in (1, 2, 5, 36):
        part = bars(db, HOUR, limit=limit)
        assert part == dict(list(whole.items())[-limit:])
    until = bucket(db, HOUR, 20)
    assert bars(db, HOUR, until=until, limit=4) == {t: row for t, row in whole.items() if until - 4 * HOUR <= t < until}
    assert len(whole) == 37


def test_one_source_alone_is_asked_for(db):
    first = bucket(db, HOUR, 10)
    add_candle(db, COINBASE, HOUR, first, "1 1 1 1")
    add_candle(db, KRAKEN, HOUR, first, "2 2 2 2")
    assert bars(db, HOUR, source=KRAKEN)[first][5] == "kraken"


# What is longer than what is stored.

def test_weeks_begin_on_monday_and_months_on_their_first(db):
    days = [bucket(db, DAY, back) for back in range(30, 1, -1)]
    for number, day in enumerate(days):
        add_candle(db, COINBASE, DAY, day, f"{number} {number + 5} {number - 5} {number + 1}", volume="2")
    weeks = bars(db, DAY, resolution=7 * DAY)
    assert all(datetime.datetime.fromtimestamp(week, datetime.timezone.utc).weekday() == 0 for week in weeks)
    week = list(weeks)[1]
    first = days.index(week)
    assert weeks[week] == tuple(map(str, (first, first + 11, first - 5, first + 7, 14))) + ("coinbase",)
    months = bars(db, DAY, resolution=0)
    assert {datetime.datetime.fromtimestamp(month, datetime.timezone.utc).day for month in months} == {1}
    assert sum(decimal.Decimal(row[4]) for row in months.values()) == 2 * len(days)


def test_a_volume_with_an_unknown_in_it_is_unknown(db):
    hour = bucket(db, 4 * HOUR, 3)
    for number, volume in enumerate(("1", None, "3")):
        add_candle(db, COINBASE, HOUR, hour + number * HOUR, "1 1 1 1", volume=volume)
    assert bars(db, HOUR, resolution=4 * HOUR)[hour][4] is None


def test_high_and_low_are_around_open_and_close(db):
    hour = bucket(db, HOUR, 5)
    add_candle(db, COINBASE, HOUR, hour, "10 9 11 12")
    assert bars(db, HOUR)[hour][:4] == ("10", "12", "10", "12")


# The newest.

def test_the_bar_of_now_is_made_of_what_there_is(db):
    hour = bucket(db, HOUR)
    add_candle(db, COINBASE, HOUR, hour - HOUR, "1 2 1 2", volume="7")
    add_candle(db, COINBASE, FIVE, hour, "5 9 4 6", volume="0.5")
    add_tick(db, COINBASE, max(hour + FIVE, db.now - 5), "3.50")
    add_tick(db, COINBASE, max(hour + FIVE, db.now - 4), "999", doubt=1)
    newest = bars(db, HOUR, limit=2)
    assert list(newest) == [hour - HOUR, hour], "two bars, whatever is over"
    assert newest[hour] == ("5", "9", "3.50", "3.50", "0.5", "coinbase")
    assert newest[hour - HOUR] == ("1", "2", "1", "2", "7", "coinbase")


def test_a_bar_that_is_over_is_made_of_its_parts_until_it_is_final(db):
    hour = bucket(db, HOUR, 1)
    add_candle(db, COINBASE, HOUR, hour, "1 2 1 2", final=False, rolled=True)
    add_candle(db, COINBASE, FIVE, hour + 11 * FIVE, "2 8 2 8", final=False, rolled=True)
    assert bars(db, HOUR)[hour][:4] == ("1", "8", "1", "8")
    db.execute("UPDATE candles SET final = true WHERE interval_s = 3600")
    assert bars(db, HOUR)[hour][:4] == ("1", "2", "1", "2")


def test_a_source_that_does_not_count_now_does_not_draw_the_newest_bar(db):
    hour = bucket(db, HOUR)
    add_tick(db, COINBASE, max(hour, db.now - 5), "1000")
    add_tick(db, KRAKEN, max(hour, db.now - 5), "100")
    assert bars(db, HOUR)[hour][5] == "coinbase"
    assert bars(db, HOUR, live="{kraken,binance}")[hour][3:] == ("100", None, "kraken")


def test_the_volume_of_the_bar_of_now_is_unknown_where_volumes_are(db):
    hour = bucket(db, HOUR)
    for source, volume in ((COINBASE, "7"), (COINGECKO, None)):
        add_candle(db, source, HOUR, hour - HOUR, "1 1 1 1", volume=volume)
        add_tick(db, source, max(hour, db.now - 5), "1")
    assert bars(db, HOUR, source=COINBASE)[hour][4] == "0", "nothing that we know of yet"
    assert bars(db, HOUR, source=COINGECKO)[hour][4] is None


def test_the_bar_of_now_of_a_day_is_of_the_hours_before(db):
    day = bucket(db, DAY)
    add_candle(db, COINBASE, DAY, day - DAY, "1 1 1 1")
    if db.now - day > 2 * HOUR:  # else there is no hour of it yet
        add_candle(db, COINBASE, HOUR, day, "4 6 3 5", volume="2")
        assert bars(db, DAY)[day] == ("4", "6", "3", "5", "2", "coinbase")


# Marks.

def marks(session, interval_s, since, until, source=None):
    return session.run("market_marks", source, BTC, USD, interval_s, at(since), at(until), interval_s, 200)


def add_gap(session, source, interval_s, since, until, cause="source_down", state="open"):
    session.execute(
        "INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,"
        " first_seen_at, checked_at, next_try_at, ended_at) VALUES (%s, %s, %s, %s, to_timestamp(%s), to_timestamp(%s),"
        " %s, %s, now(), now(), now(), CASE WHEN %s IN ('filled', 'given_up') THEN now() END)",
        source, USD, BTC, interval_s, since, until, cause, state, state)


def test_a_gap_is_marked_at_the_bar_before_it(db):
    times = [bucket(db, HOUR, back) for back in range(20, 2, -1)]
    for time in times[:5] + times[8:]:
        add_candle(db, COINBASE, HOUR, time, "1 1 1 1")
    add_gap(db, COINBASE, HOUR, times[5], times[8])
    add_gap(db, COINBASE, HOUR, times[10], times[11], state="filled")
    [mark] = marks(db, HOUR, times[0], db.now)
    assert (mark[0], mark[2], mark[3], mark[4], mark[5], mark[6]) == (
        "gap", times[4], "coinbase", times[5] * 1000, times[8] * 1000, "source_down")


def test_a_gap_that_another_source_fills_is_marked_where_it_begins(db):
    times = [bucket(db, HOUR, back) for back in range(20, 2, -1)]
    for time in times:
        add_candle(db, KRAKEN if time == times[5] else COINBASE, HOUR, time, "1 1 1 1")
    add_gap(db, COINBASE, HOUR, times[5], times[6])
    assert [mark[2] for mark in marks(db, HOUR, times[0], db.now)] == [times[5]]


def test_a_gap_before_every_bar_is_marked_at_the_first(db):
    times = [bucket(db, HOUR, back) for back in range(20, 2, -1)]
    for time in times[5:]:
        add_candle(db, COINBASE, HOUR, time, "1 1 1 1")
    add_gap(db, COINBASE, HOUR, times[0], times[5])
    assert [mark[2] for mark in marks(db, HOUR, times[0], db.now)] == [times[5]]


def test_corrections_and_doubts_are_marked_at_their_bars(db):
    hour = bucket(db, HOUR, 1)
    add_candle(db, COINBASE, HOUR, hour, "1 1 1 2.50")
    db.execute("INSERT INTO candle_revisions SELECT source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id,"
               " payload_id, trades, now(), now(), 0, origin, open, high, low, 2.40, volume, quote_volume, volume_24h,"
               " market_cap FROM candles")
    add_tick(db, COINBASE, hour + 10, "999", doubt=1)
    told = marks(db, HOUR, hour, db.now)
    assert [(mark[0], mark[2], mark[8], mark[9]) for mark in told] == [
        ("doubt", hour, "999", None), ("revision", hour, "2.40", "2.50")]


def test_a_bar_has_ten_marks_at_most(db):
    hour = bucket(db, HOUR, 1)
    add_candle(db, COINBASE, HOUR, hour, "1 1 1 1")
    for second in range(15):
        add_tick(db, COINBASE, hour + second, "999", doubt=1)
    assert len(marks(db, HOUR, hour, db.now)) == 10
