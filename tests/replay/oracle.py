"""
What the tables must hold after jobs were done against the replay server: computed from the market
(market.py), never from the tables or by Tidemark's own code.

    jobs = [make_job("binance", "history", "history/BTCUSDT/1h", slot,
                     {"symbol": "BTCUSDT", "interval": "1h", "lookback_s": 86400 * 30}), ...]
    tidemark.vhost.publish(*jobs)
    wait_quiescent(connection, tidemark.vhost.queues, jobs)
    check_tables(connection, Oracle(seed=1), jobs, replay.requests())

`connection` is psycopg2's, autocommit, of a role that may read everything.

make_job(source, kind, stream, slot, args, **more)
    A job message as a dict (common/job.h). `slot` in unix seconds.
wait_quiescent(connection, queues, jobs, timeout=60, dead=0)
    Waits until every job has a final run and every queue but `dead` is empty, unsettled messages
    included, and no slot waits to be published. `queues` returns {name: messages}.
check_tables(connection, oracle, jobs, requests, dead=(), expired=(), skipped=())
    Fails with all differences, one sentence each. `requests` is the replay server's log.
    `dead`, `expired` and `skipped`: the job ids that must have ended so; all others must be "ok".
find_differences(...)
    The same, returned as a list.

What is compared, as sets, so that nothing is missing, doubled or invented:
  candles         per market and interval exactly the closed candles from the first job's beginning
                  to the checkpoint, which is not behind the last job's slot
  series          for each market and interval its first and its last candle, and no others
  ticks           exactly one row for each price that a done quote or listing job was served
  latest_prices   the newest of all those, per source, asset and quote
  listings        the newest row of each coin that a done CoinGecko quote or listing job was served
  checkpoints     quote and listing streams: the newest done slot
  runs            one per job, final, as expected; no others
  lineage         every row names a run and a raw payload of that run, whose body has the sha256
                  that is stored, and was served by the replay server with a good status

Oracle(seed) itself can be asked:
  .candles(source, symbol, interval, from_ms, to_ms)  {open_ms: {"open": Decimal, ...}}
  .served(source, target, at_ms)                      the ticks (and listings) of an answer
"""
import time

from .comparison import check_tables, find_differences
from .expected import Oracle, iso, of_iso, to_ms

__all__ = ["Oracle", "check_tables", "find_differences", "iso", "make_job", "of_iso", "to_ms",
           "wait_quiescent"]
TOTALS_LAG_S = 0.8  # the broker counts what is in a queue every 0.5 s


def make_job(source, kind, stream, slot, args, **more):
    return {"v": 1, "job_id": f"{source}/{stream}/{slot}", "kind": kind, "source": source,
            "stream": stream, "args": args, "slot": slot, "not_after": None, "attempt": 1,
            "first_failed_at": None, "traceparent": None, **more}


def unfinished(connection, jobs):
    """The ids of the jobs that have no final run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT job_id FROM runs WHERE status IN ('ok', 'expired', 'skipped', 'dead')")
        final = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT job_id FROM slots WHERE state = 'pending'")
        pending = {row[0] for row in cursor.fetchall()}
    return ({job["job_id"] for job in jobs} - final) | pending


def wait_quiescent(connection, queues, jobs, timeout=60, dead=0):
    deadline = time.monotonic() + timeout
    quiet_since = None
    while True:
        left = unfinished(connection, jobs)
        depths = {} if left else {name: count for name, count in queues().items()
                                  if count and name.startswith(("jobs.", "retry.", "dead"))}
        now = time.monotonic()
        if left or depths.pop("dead", 0) != dead or depths:
            quiet_since = None
        else:
            quiet_since = quiet_since or now
            if now - quiet_since >= TOTALS_LAG_S:
                return
        if now > deadline:
            raise AssertionError(f"not quiet within {timeout} s: {len(left)} jobs unfinished, such "
                                 f"as {sorted(left)[:5]}; queues {queues()}")
        time.sleep(0.1)
