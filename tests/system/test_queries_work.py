"""What each query about jobs, runs and schedules promises, held against a migrated database, as the role that runs it."""
import concurrent.futures
import contextlib
import hashlib
import random

import psycopg2
import pytest

from named_queries import SQL, array
from query_database import BINANCE, TICK, at, connect, template, worker  # noqa: F401  (the last three are fixtures)
from waiting import wait_for


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


# ---- what they add up to ----

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
    assert status["coinbase"][2:] == (None, None, None, None, None, None, 0)


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
