"""The rollup as a job: scheduled, killed, done again."""
import os
import random
import signal
import time
from fractions import Fraction

import rollup_oracle
from job_kinds import slot
from replay.oracle import make_job
from rollup_oracle import DAY_MS, FIVE
from rollup_session import VALUES, RollupSession, moment
from tidemark import crew_of
from waiting import wait_for

COINBASE, BTC, USD = 3, 1, 1
ROLLED = "SELECT status, pages, records FROM runs WHERE kind = 'rollup' AND status NOT IN ('running', 'waiting')"


def fill(tidemark, buckets):
    """Ticks of the last days; their partitions of candles are for the rollup to make."""
    tidemark.query("INSERT INTO assets (slug, symbol, name) VALUES ('bitcoin', 'BTC', 'Bitcoin')")
    now_ms = int(time.time() * 1000)
    first = now_ms // FIVE * FIVE - (buckets + 2) * FIVE
    rng = random.Random(8)
    ticks = {first + n * FIVE + rng.randrange(FIVE): (f"{rng.randrange(20, 99)}.5", "7", None) for n in range(buckets)}
    for at in range(first, now_ms, DAY_MS):
        tidemark.query("SELECT ensure_partition('ticks', %s)", moment(at))
    db = RollupSession(tidemark.connect(), now_ms)
    moments = sorted(ticks)
    for at in range(0, buckets, 500):
        db.add_ticks(*((BTC, USD, each, *ticks[each]) for each in moments[at:at + 500]))
    return db, ticks


def assert_rolled(db, ticks):
    """What is over and what is final may change while we look."""
    before = int(time.time() * 1000)
    found = {key[3:]: tuple(None if cell is None else Fraction(cell) for cell in row[:-3])
             for key, row in db.candles(where="final").items()}
    for now_ms in (before, int(time.time() * 1000), before - 60_000, before - 120_000):
        wanted = {key: tuple(candle[name] for name in VALUES)
                  for key, candle in rollup_oracle.roll(ticks, {}, now_ms).items() if candle["final"]}
        if found == wanted:
            return
    assert found == wanted


def test_a_worker_that_is_killed_in_a_piece_and_after_every_piece_makes_the_same_candles(tidemark):
    db, ticks = fill(tidemark, buckets=2500)
    blocker = tidemark.connect()
    blocker.autocommit = False
    blocker.cursor().execute("SELECT pg_advisory_xact_lock(hashtextextended('tidemark.rows/3/1/1', 0))")
    worker = tidemark.start_worker(crew_of("tidemark"), TIDEMARK_FAULT="after:store")
    tidemark.vhost.wait_queue("jobs.tidemark")
    tidemark.vhost.publish(make_job("tidemark", "rollup", "rollup", slot(), {}))

    wait_for("a piece that waits for its turn", lambda: tidemark.query(
        "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND NOT l.granted"
        " AND a.datname = current_database()"))
    os.kill(worker.children()[0], signal.SIGKILL)
    assert tidemark.query("SELECT count(*) FROM candles") == [(0,)]
    blocker.rollback()
    blocker.close()

    [(status, pages, records)] = wait_for("the rollup's end", lambda: tidemark.query(ROLLED), timeout=60)
    assert status == "ok" and pages >= 3 and records >= 2500
    assert_rolled(db, ticks)
    # What ended before the watermark is rolled.
    [(position,)] = tidemark.query("SELECT position::timestamptz FROM checkpoints WHERE stream = 'rollup'")
    assert 120 <= time.time() - position.timestamp() < 900
    db.connection.close()
