"""The ledger of completeness on one database, against an oracle that counts buckets in Python sets."""
import collections
import contextlib
import datetime
import json
import random

import psycopg2
import pytest

from named_queries import NamedQueries, array

COINGECKO, BINANCE = 1, 2
USD, USDT = 1, 50
MINUTE, HOUR, DAY = 60, 3600, 86400
GRACE, LATE = 300, 3600
FOREVER = (1000, 100000)  # series and candles that one look may take
NOW = datetime.datetime(2024, 3, 2, 12, 30, tzinfo=datetime.timezone.utc)  # a leap day is behind it

# How a job may end: status, error, tries, whether it ended in time, the verdicts of answers that were kept, what an
# oracle says about a history's candles and about a price's; None = nothing.
ENDINGS = {
    "ok": ("ok", None, 1, True, [], None, "no_trade"),
    "ok with a row refused": ("ok", None, 1, True, ["rejects"], None, None),
    "ok at last": ("ok", None, 3, False, ["transient"], None, "source_down"),
    "ok after a wait": ("ok", None, 1, False, ["limited"], None, "limited"),
    "server error": ("dead", "provider.server_error", 6, True, [], "source_down", "source_down"),
    "no connection": ("failed", "fetch.connect", 2, True, [], "source_down", "source_down"),
    "breaker": ("waiting", "provider.breaker", 1, True, [], "source_down", "source_down"),
    "malformed": ("dead", "payload.shape", 2, True, [], "source_down", "source_down"),
    "limited": ("waiting", "provider.limited", 1, True, ["limited"], "limited", "limited"),
    "cooldown": ("waiting", "provider.cooldown", 1, True, [], "limited", "limited"),
    "expired after a limit": ("expired", None, 1, True, ["limited"], None, "limited"),
    "expired after failures": ("expired", None, 4, True, [], None, "source_down"),
    "our own outage": ("expired", None, 1, True, [], None, None),
    "no such market": ("dead", "provider.not_found", 1, True, [], "lost_upstream", "lost_upstream"),
    "too far back": ("dead", "provider.history_limit", 1, True, [], "expired", "expired"),
    "nobody ran it": None,
    "coalesced": None,
}
GRAVEST = ["source_down", "limited", "expired", "lost_upstream", "no_trade"]


@pytest.fixture(scope="module")
def template(engines):
    """The name of a database with the partitions of half a year, whose Binance has all of history."""
    engines.make_template()
    name = "gaps_template"
    engines.postgres.create_database(name, engines.template)
    with contextlib.closing(engines.postgres.connect(name)) as connection:
        fill = NamedQueries(connection)
        for back in range(6):
            fill.execute("SELECT ensure_partition('candles', %s)", NOW - datetime.timedelta(30 * back))
        fill.execute("SELECT ensure_partition('raw_payloads', %s)", NOW)
        fill.execute("INSERT INTO history_reach VALUES (2, 300, '2009-01-01'), (2, 3600, '2009-01-01'),"
                     " (2, 86400, '2009-01-01')")
    yield name
    engines.postgres.drop_database(name)


@pytest.fixture
def world(template, migrated_database):
    url = migrated_database(template)
    with contextlib.ExitStack() as sessions:
        def connect(role):
            connection = psycopg2.connect(url)
            sessions.callback(connection.close)
            connection.autocommit = True
            return NamedQueries(connection, role)
        yield World(connect(None), connect("tidemark_worker"))


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def seconds(at):
    return int(at.timestamp())


class World:
    """What happened, told to the database; `job` is the session of the program that keeps the ledger."""

    def __init__(self, admin, job):
        self.admin, self.job = admin, job
        self.now = NOW
        self.assets = 0

    def add_market(self, symbols=("BTCUSDT",), source=BINANCE, quote=USDT):
        first = self.assets + 1
        self.assets += len(symbols)
        self.admin.execute("INSERT INTO assets (slug, symbol, name) SELECT lower(s), upper(s), s FROM unnest(%s::text[]) s",
                           array(*symbols))
        self.admin.execute("INSERT INTO instruments (source_id, symbol, asset_id, quote_id)"
                           " SELECT %s, s, asset_id, %s FROM unnest(%s::text[]) s JOIN assets ON slug = lower(s)",
                           source, quote, array(*symbols))
        return list(range(first, self.assets + 1))

    def add_history(self, symbol="BTCUSDT", interval="1h", lookback_s=5 * DAY, period_s=HOUR, source=BINANCE):
        stream = f"history/{symbol}/{interval}"
        self.add_schedule(stream, "history", period_s, {"symbol": symbol, "interval": interval, "lookback_s": lookback_s},
                          source)
        return stream

    def add_schedule(self, stream, kind, period_s, args, source=BINANCE):
        self.admin.execute("INSERT INTO schedules (name, source_id, kind, stream, args, period_s, missed)"
                           " VALUES (%s, %s, %s, %s, %s, %s, 'catch_up')", stream, source, kind, stream, json.dumps(args),
                           period_s)
        return stream

    def add_slot(self, stream, slot, ending="ok", source=BINANCE, late_s=0, kind="history", job_id=None, args=None,
                 schedule="x"):
        job_id = job_id or f"{source}/{stream}/{slot}"
        self.admin.execute("INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message, state, inserted_at)"
                           " VALUES (%s, %s, %s, %s, %s, '', %s, %s) ON CONFLICT DO NOTHING", job_id, schedule, source,
                           stream, moment(slot), "skipped" if ending == "coalesced" else "published",
                           moment(slot + late_s))
        if not ENDINGS[ending]:
            return
        status, code, attempt, in_time, verdicts, _, _ = ENDINGS[ending]
        [(run,)] = self.admin.execute(
            "INSERT INTO runs (job_id, source_id, kind, stream, slot, args, attempt, status, error_code, rejected,"
            " started_at, finished_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING run_id", job_id, source, kind,
            stream, moment(slot), json.dumps(args or {}), attempt, status, code,
            verdicts.count("rejects"), moment(slot),
            moment(slot + (MINUTE if in_time else 2 * DAY)))
        for verdict in verdicts:
            self.add_payload(run, verdict, source)

    def add_payload(self, run, verdict="ok", source=BINANCE):
        self.admin.execute("INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type,"
                           " verdict, sha256, body) VALUES (%s, %s, %s, '/', 200, '', %s, sha256(''), '')",
                           run, source, NOW, verdict)

    def add_candles(self, *open_times, asset=1, interval_s=HOUR, source=BINANCE, quote=USDT):
        self.admin.execute(
            "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin,"
            " open, high, low, close) SELECT %s, %s, %s, %s, 1, to_timestamp(t), 1, 1, 0, 1, 1, 1, 1"
            " FROM unnest(%s::bigint[]) t ON CONFLICT DO NOTHING", source, quote, asset, interval_s, array(*open_times))
        if open_times:
            self.admin.run("series_extend", source, asset, quote, interval_s, moment(min(open_times)),
                           moment(max(open_times)))

    def take_candles(self, *open_times):
        self.admin.execute("DELETE FROM candles WHERE open_time = ANY (SELECT to_timestamp(t) FROM unnest(%s::bigint[]) t)",
                           array(*open_times))

    def look(self, after_s=0):
        """What the job does, up to the planning; some time later."""
        self.now += datetime.timedelta(seconds=after_s)
        self.job.run("coverage_retire")
        self.job.run("coverage_refresh", self.now, GRACE, LATE)
        self.job.run("gaps_settle", self.now)
        while self.job.run("coverage_verify", self.now, *FOREVER) == [(True,)]:
            pass
        self.job.run("gaps_recheck", self.now, 100000, 100000)
        self.job.run("gaps_give_up", self.now, 10)

    def plannable(self, at_once=20, of_one_source=4, span=1000):
        return [(symbol, interval, since // 1000, until // 1000, ids) for _, _, symbol, interval, since, until, ids
                in self.job.run("gaps_plannable", self.now, at_once, of_one_source, span)]

    def plan(self, ending, answers=("ok",)):
        """Every plan there is, asked for and ended."""
        asked = self.plannable()
        for place, (symbol, _, since, until, ids) in enumerate(asked):
            slot = seconds(self.now)
            stream = f"gaps/{symbol}/{since}-{until}"
            job_id = f"{stream}/{slot}/{place}"
            self.job.run("gaps_plan", job_id, BINANCE, stream, self.now, "{}", ids)
            self.admin.execute("UPDATE slots SET inserted_at = slot WHERE job_id = %s", job_id)
            self.add_slot(stream, slot, ending, job_id=job_id, args={"lookback_s": slot - since, "until_s": until})
            for answer in answers:
                [(run,)] = self.admin.execute("SELECT run_id FROM runs WHERE job_id = %s", job_id)
                self.add_payload(run, answer)
        return [row[:4] for row in asked]

    def gaps(self, *columns, asset=None):
        names = ", ".join(("missing_from", "missing_until", *(columns or ("cause",))))
        return [(seconds(row[0]), seconds(row[1]), *row[2:]) for row in self.admin.execute(
            f"SELECT {names} FROM gaps WHERE state <> 'filled' AND asset_id = coalesce(%s, asset_id)"
            " ORDER BY asset_id, interval_s, missing_from", asset)]

    def coverage(self):
        return [tuple(seconds(at) for at in row) for row in self.admin.execute(
            "SELECT expected_from, due_until, verified_until FROM coverage ORDER BY asset_id, interval_s")]


# ---- the oracle ----

def stretches(causes, step):
    """{bucket: cause} as the fewest ranges [from, until) of one cause."""
    found = []
    for bucket, cause in sorted(causes.items()):
        if found and found[-1][1] == bucket and found[-1][2] == cause:
            found[-1] = (found[-1][0], bucket + step, cause)
        else:
            found.append((bucket, bucket + step, cause))
    return found


def has_had_its_chance(slot, ending, now):
    if slot > now - GRACE:
        return False
    over = ending == "coalesced" or (ENDINGS[ending] and (ENDINGS[ending][0] != "waiting" or ENDINGS[ending][1]))
    return over or slot <= now - LATE


def oracle(first, step, slots, stored, now, prices):
    """The ledger of a series that begins at `first`; slots are {moment: ending}."""
    due = max((slot for slot, ending in slots.items() if has_had_its_chance(slot, ending, now)), default=first)
    due = max(due // step * step, min(max(stored, default=first - step) + step, (now - GRACE) // step * step))
    causes = {}
    for bucket in set(range(first, due, step)) - stored:
        if prices:
            told = {ENDINGS[slots[s]][6] for s in slots if bucket <= s < bucket + step and ENDINGS[slots[s]]}
        else:
            behind = min((s for s in slots if s >= bucket + step), default=None)
            told = {ENDINGS[slots[behind]][5]} if behind and ENDINGS[slots[behind]] else set()
        causes[bucket] = next((cause for cause in GRAVEST if cause in told), "unknown")
    return due, stretches(causes, step)


# ---- against it ----

def throw_slots(dice, first, until, period):
    """Long good times, outages of an hour and single mishaps."""
    slots, ending, left = {}, "ok", 0
    for slot in range(first, until + 1, period):
        if left <= 0:
            ending = dice.choice(["ok", "ok", dice.choice(list(ENDINGS))])
            left = dice.choice([period, HOUR, 6 * HOUR])
        slots[slot], left = ending, left - period
    return slots


@pytest.mark.parametrize("seed", range(6))
def test_random_worlds_of_histories(world, seed):
    """Hours or days, gaps inside and at both ends, days without trades, a leap day among them."""
    dice = random.Random(seed)
    worlds = []
    for place, asset in enumerate(world.add_market([f"COIN{n}USDT" for n in range(5)])):
        step = dice.choice([HOUR, HOUR, DAY])
        lookback = dice.choice([2, 5, 40]) * DAY
        end = seconds(NOW) // step * step
        period = step * dice.choice([1, 1, 3])
        slots = throw_slots(dice, (end - 30 * step) // period * period, end, period)
        stream = world.add_history(f"COIN{place}USDT", {HOUR: "1h", DAY: "1d"}[step], lookback, period)
        for slot, ending in slots.items():
            world.add_slot(stream, slot, ending)
        first = (min(slots) - lookback) // step * step
        buckets = set(range(first, end, step))
        for _ in range(dice.randrange(6)):  # what is not there
            begin = dice.choice([first, end - step, dice.randrange(first, end, step)])
            buckets -= set(range(begin, begin + step * dice.choice([1, 3, 24]), step))
        world.add_candles(*buckets, asset=asset, interval_s=step)
        worlds.append((asset, oracle(first, step, slots, buckets, seconds(NOW), prices=False)))
    world.look()
    assert [world.gaps(asset=asset) for asset, _ in worlds] == [ledger for _, (_, ledger) in worlds]
    assert sorted(row[1] for row in world.coverage()) == sorted(due for _, (due, _) in worlds)


@pytest.mark.parametrize("seed", range(4))
def test_random_worlds_of_prices(world, seed):
    dice = random.Random(seed)
    assets = world.add_market([f"COIN{n}USDT" for n in range(3)])
    period = dice.choice([60, 300])
    end = seconds(NOW)
    slots = throw_slots(dice, end - 6 * HOUR, end, period)
    stream = world.add_schedule("quote/test", "quote", period, {"symbols": [f"COIN{n}USDT" for n in range(3)]})
    for slot, ending in slots.items():
        world.add_slot(stream, slot, ending, kind="quote")
    first = -(-min(slots) // 300) * 300
    ledgers = []
    for asset in assets:
        stored = {bucket for bucket in range(first, end, 300) if dice.random() < 0.9
                  and any(slots.get(s) == "ok" for s in range(bucket, bucket + 300))}
        world.add_candles(*stored, asset=asset, interval_s=300)
        ledgers.append(oracle(first, 300, slots, stored, end, prices=True)[1])
    world.look()
    assert [world.gaps(asset=asset) for asset in assets] == ledgers


def test_a_thousand_orders_of_arrival_make_one_ledger(world):
    """Candles, slots and the ends of runs come in any order, with looks in between."""
    dice = random.Random(20240229)
    count, rounds, end = 1000, 3, seconds(NOW)
    symbols = [f"C{n}USDT" for n in range(count)]
    assets = world.add_market(symbols)
    streams = [world.add_schedule(f"quote/{n}", "quote", 300, {"symbols": symbols[n:n + 100]})
               for n in range(0, count, 100)]
    slots = {slot: "server error" if end - 2 * HOUR <= slot < end - HOUR else "ok"
             for slot in range(end - 150 * MINUTE, end + 1, 300)}
    first = min(slots)
    lost = {first} | set(range(end - 2 * HOUR, end - HOUR, 300)) - {end - 90 * MINUTE}
    stored = sorted(set(range(first, end - 300, 300)) - lost)
    arrivals = collections.defaultdict(list)
    for asset in assets:
        for bucket in stored:
            arrivals[dice.randrange(rounds)].append((asset, bucket))
    order = list(slots)
    dice.shuffle(order)
    for turn in range(rounds):
        for stream in streams:
            for slot in order[turn::rounds]:
                world.add_slot(stream, slot, slots[slot], kind="quote")
        world.admin.execute(
            "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin,"
            " open, high, low, close) SELECT 2, 50, a, 300, 1, to_timestamp(t), 1, 1, 0, 1, 1, 1, 1"
            " FROM unnest(%s::int[], %s::bigint[]) AS n (a, t)",
            array(*(a for a, _ in arrivals[turn])), array(*(t for _, t in arrivals[turn])))
        world.admin.execute("INSERT INTO series SELECT 2, 50, a, 300, to_timestamp(%s), to_timestamp(%s)"
                            " FROM unnest(%s::int[]) a ON CONFLICT DO NOTHING", first, stored[-1], array(*assets))
        world.look(after_s=1)
    ledger = oracle(first, 300, slots, set(stored), end, prices=True)[1]
    assert ledger == [(first, first + 300, "no_trade"), (end - 2 * HOUR, end - 90 * MINUTE, "source_down"),
                      (end - 90 * MINUTE + 300, end - HOUR, "source_down")]
    got = collections.Counter(tuple(world.gaps(asset=asset)) for asset in assets[::50])
    assert got == {tuple(ledger): len(assets[::50])}
    assert world.admin.execute("SELECT count(*) FROM gaps WHERE state <> 'filled'") == [(count * len(ledger),)]


# ---- what is done about them ----

OUTAGE = (seconds(NOW) - 2 * HOUR, seconds(NOW) - HOUR)


@pytest.fixture
def outage(world):
    """Prices every five minutes, an hour of them lost, all else there; no look yet."""
    world.add_market()
    stream = world.add_schedule("quote/test", "quote", 300, {"symbols": ["BTCUSDT"]})
    for slot in range(OUTAGE[0] - HOUR, seconds(NOW) + 1, 300):
        lost = OUTAGE[0] <= slot < OUTAGE[1]
        world.add_slot(stream, slot, "server error" if lost else "ok", kind="quote")
        if not lost and slot < seconds(NOW):
            world.add_candles(slot, interval_s=300)
    return world


def test_an_outage_is_asked_for_and_closes_when_it_is_filled(outage):
    outage.look()
    assert outage.gaps("cause", "state", "buckets", "attempts") == [(*OUTAGE, "source_down", "open", 12, 0)]
    assert outage.plan("nobody ran it", answers=()) == [("BTCUSDT", 300, *OUTAGE)]
    outage.look(after_s=60)
    assert outage.gaps("state", "attempts") == [(*OUTAGE, "planned", 1)]
    assert outage.plannable() == []
    outage.add_candles(*range(*OUTAGE, 300), interval_s=300)
    outage.look(after_s=60)
    assert outage.gaps() == []
    assert outage.admin.execute("SELECT cause, state, buckets FROM gaps") == [("source_down", "filled", 12)]


def test_a_part_that_is_filled_leaves_the_rest(outage):
    outage.look()
    middle = OUTAGE[0] + 1800
    outage.add_candles(middle, interval_s=300)
    outage.look(after_s=60)
    assert outage.gaps() == [(OUTAGE[0], middle, "source_down"), (middle + 300, OUTAGE[1], "source_down")]
    assert [row[:4] for row in outage.plannable()] == [("BTCUSDT", 300, *OUTAGE)], "one job for neighbours"
    assert [row[:4] for row in outage.plannable(span=6)] == [("BTCUSDT", 300, OUTAGE[0], middle)]


@pytest.mark.parametrize("ending, answers, after", [
    ("ok", ["ok"], ("no_trade", "given_up", 1)),  # its own word, of exactly this window
    ("ok", [], ("source_down", "open", 1)),  # nothing was asked
    ("ok with a row refused", ["ok"], ("source_down", "open", 1)),  # what was refused may be what is missing
    ("limited", ["limited"], ("source_down", "planned", 1)),  # the job goes on
    ("malformed", ["transient"], ("source_down", "open", 1)),
    ("no such market", ["permanent"], ("lost_upstream", "given_up", 1)),
    ("too far back", ["permanent"], ("expired", "given_up", 1)),
])
def test_only_an_answer_says_that_there_is_nothing(outage, ending, answers, after):
    outage.look()
    outage.plan(ending, answers)
    outage.look(after_s=60)
    assert outage.gaps("cause", "state", "attempts") == [(*OUTAGE, *after)]


def test_tries_that_fail_grow_apart_and_end(outage):
    outage.look()
    waits = []
    for _ in range(10):
        outage.plan("malformed", ["transient"])
        outage.look(after_s=1)
        [(state, again)] = outage.admin.execute("SELECT state, next_try_at FROM gaps")
        waits.append(round((again - outage.now).total_seconds() / MINUTE))
        assert state == "given_up" or outage.plannable() == []
        outage.now = again
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440]
    assert outage.gaps("cause", "state") == [(*OUTAGE, "source_down", "given_up")]


def test_nobody_asks_a_source_that_has_not_answered_since(outage):
    outage.look()
    outage.admin.execute("UPDATE runs SET finished_at = to_timestamp(%s) WHERE finished_at > to_timestamp(%s)",
                         OUTAGE[1] - 1, OUTAGE[1])
    assert outage.plannable() == []


def test_so_many_jobs_at_once_and_no_more(world):
    symbols = [f"COIN{n}USDT" for n in range(6)]
    world.add_market(symbols)
    world.add_schedule("quote/test", "quote", 300, {"symbols": symbols})
    for slot in range(seconds(NOW) - HOUR, seconds(NOW) + 1, 300):
        world.add_slot("quote/test", slot, "ok" if slot >= seconds(NOW) - 1200 else "limited", kind="quote")
    world.look()
    assert len(world.plannable()) == 4
    assert len(world.plannable(at_once=3)) == 3
    world.plan("nobody ran it", answers=())
    assert (len(world.plannable()), len(world.plannable(of_one_source=5))) == (0, 1)


def test_what_the_regular_history_asks_for_next_is_left_to_it(world):
    world.add_market()
    stream = world.add_history(lookback_s=4 * HOUR)
    end = seconds(NOW) // HOUR * HOUR
    for slot in (end - 2 * HOUR, end - HOUR, end):
        world.add_slot(stream, slot)
    world.add_candles(*range(end - 6 * HOUR, end - 2 * HOUR, HOUR))
    world.look()
    assert world.gaps() == [(end - 2 * HOUR, end, "unknown")]
    assert world.plannable() == []
    world.admin.execute("SELECT checkpoint_advance(2::smallint, %s, NULL, to_char(to_timestamp(%s),"
                        " 'YYYY-MM-DD\"T\"HH24:MI:SS.000Z'), 1)", stream, end)
    assert [row[:4] for row in world.plannable()] == [("BTCUSDT", 3600, end - 2 * HOUR, end)], "it went past them"


def test_a_market_that_is_younger_than_the_history_has_no_gap_before_it(world):
    world.add_market()
    end = seconds(NOW) // HOUR * HOUR
    world.add_history(lookback_s=30 * DAY, period_s=DAY)
    world.add_slot("history/BTCUSDT/1h", end)
    listed = end - 5 * DAY
    world.add_candles(*range(listed, end, HOUR))
    world.look()
    assert world.gaps() == [(end - 30 * DAY, listed, "unknown")]
    world.plan("ok")
    world.look(after_s=60)
    assert world.gaps() == [] and world.coverage() == [(listed, end, end)]
    world.take_candles(listed, end - HOUR)
    world.look(after_s=60)
    assert world.gaps() == [(listed, listed + HOUR, "unknown"), (end - HOUR, end, "unknown")], "both ends are watched"


def test_what_lies_further_back_than_the_source_gives_has_expired(outage):
    outage.look()
    outage.admin.execute("UPDATE history_reach SET reaches_to = to_timestamp(%s)", OUTAGE[0] + 1800)
    assert [row[2:4] for row in outage.plannable()] == [(OUTAGE[0] + 1800, OUTAGE[1])]
    outage.admin.execute("UPDATE history_reach SET reaches_to = to_timestamp(%s)", OUTAGE[1])
    assert outage.plannable() == []
    outage.look(after_s=60)
    assert outage.gaps("cause", "state") == [(*OUTAGE, "expired", "given_up")]


def test_a_coin_that_only_a_list_names_is_given_up_when_the_source_is_back(world):
    """A request for each coin of a page would cost more than the page."""
    world.add_market(["bitcoin/usd"], COINGECKO, USD)
    world.admin.execute("INSERT INTO listings (source_id, quote_id, asset_id, rank, observed_at, run_id, payload_id)"
                        " VALUES (1, 1, 1, 1, %s, 1, 1)", NOW)
    world.add_schedule("listing/usd/50/1", "listing", 300, {"currency": "usd", "page": 1, "per_page": 50}, COINGECKO)
    begin, end = seconds(NOW) - HOUR, seconds(NOW)
    for slot in range(begin, end + 1, 300):
        world.add_slot("listing/usd/50/1", slot, "ok" if slot < begin + 600 else "limited", COINGECKO, kind="listing")
    world.add_candles(begin, begin + 300, interval_s=300, source=COINGECKO, quote=USD)
    world.look()
    assert world.gaps("cause", "state") == [(begin + 600, end - 300, "limited", "open")]
    assert world.plannable() == []
    world.add_slot("listing/usd/50/1", end + 300, source=COINGECKO, kind="listing")
    world.look(after_s=HOUR)
    assert ("limited", "given_up") in [row[2:] for row in world.gaps("cause", "state")]


def test_a_late_row_fills_a_gap_that_was_given_up(outage):
    outage.look()
    outage.plan("ok")
    outage.look(after_s=60)
    outage.look(after_s=30 * DAY)
    outage.add_candles(*range(*OUTAGE, 300), interval_s=300)
    outage.look(after_s=2 * HOUR)
    assert outage.gaps() == []


def test_a_source_that_is_not_in_use_owes_nothing(world):
    world.add_market()
    world.add_schedule("quote/test", "quote", 300, {"symbols": ["BTCUSDT"]})
    for slot in range(seconds(NOW) - HOUR, seconds(NOW), 300):
        world.add_slot("quote/test", slot, kind="quote")
    world.admin.execute("UPDATE runs SET status = 'skipped', error_code = 'source.no_key'")
    world.look()
    assert world.coverage() == [] and world.gaps() == []


def test_what_is_complete_is_not_looked_at_again_but_once_a_day(outage):
    outage.look()
    assert outage.coverage()[0][1] == outage.coverage()[0][2]
    outage.admin.execute("ALTER TABLE candles DISABLE TRIGGER coverage_reopen")
    outage.take_candles(OUTAGE[0] - 600)
    outage.look(after_s=60)
    assert len(outage.gaps()) == 1
    outage.look(after_s=DAY)
    assert len(outage.gaps()) == 2


def test_what_retention_has_dropped_is_not_missing(world):
    world.add_market()
    world.add_history(lookback_s=60 * DAY)
    end, kept = seconds(NOW) // HOUR * HOUR, seconds(datetime.datetime(2024, 2, 1, tzinfo=datetime.timezone.utc))
    world.add_slot("history/BTCUSDT/1h", end)
    world.add_candles(*range(end - 60 * DAY, end, HOUR))
    world.look()
    assert world.coverage() == [(end - 60 * DAY, end, end)]
    for (partition,) in world.admin.execute("SELECT partition FROM partitions WHERE parent = 'candles' AND range_to <= %s",
                                            moment(kept)):
        world.admin.execute(f"DROP TABLE {partition}")
    world.admin.execute("INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes,"
                        " archived_at, verified_at, dropped_at, schema_version, plain_sha256, packed_sha256, fingerprint,"
                        " location) VALUES ('candles', 'candles_202401', '2024-01-01', '2024-02-01', 1, 1, 1, now(), now(),"
                        " now(), 1, sha256('a'), sha256('a'), '1/1', 'file:///x')")
    world.look(after_s=DAY)
    assert world.gaps() == [] and world.coverage() == [(kept, end, end)]
