"""What the database itself holds about dropping: nothing goes that was not archived as it is now."""
import contextlib
import datetime
import json
import threading

import psycopg2
import pytest

from archive_database import AGGREGATE_DAYS, RAW_DAYS, ArchiveDatabase, day, ticks_of
from named_queries import array
from programs import run_program

OLD, OLDER, YOUNG = 40, 41, 20


@pytest.fixture
def database(engines, migrated_database):
    with contextlib.closing(ArchiveDatabase(engines.postgres, migrated_database())) as one:
        yield one


@pytest.fixture
def worker(database):
    return database.connect("worker")


def drop(db, archive_id, before=None):
    return db.run("partition_drop", archive_id, before or day(RAW_DAYS))[0][0]


def due(db, limit=10):
    return [row[1] for row in db.run("archives_due", RAW_DAYS, AGGREGATE_DAYS, limit)]


def test_only_what_is_old_as_a_whole_is_due(database, worker):
    for ago in (OLD, OLDER, RAW_DAYS, YOUNG):
        database.add_ticks(ago)
    assert due(worker) == [ticks_of(OLDER), ticks_of(OLD)]


def test_each_kind_of_data_has_its_own_limit(database, worker):
    for ago in (OLD, 2000):
        database.owner.run("partition_ensure", "candles", day(ago))
    assert due(worker) == [f"candles_{day(2000):%Y%m}"]


def test_nothing_is_due_where_all_is_kept_for_ever(database, worker):
    database.add_ticks(OLD)
    assert worker.run("archives_due", 0, 0, 10) == []


def test_an_archived_partition_is_dropped(database, worker):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    assert [row[:2] for row in worker.run("archives_droppable", RAW_DAYS, AGGREGATE_DAYS, 10)] == [
        (archive_id, ticks_of(OLD))]
    assert drop(worker, archive_id) == "dropped"
    assert database.partitions() == []


def test_dropping_again_finds_it_gone(database, worker):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    drop(worker, archive_id)
    assert drop(worker, archive_id) == "gone"


def test_there_is_no_drop_without_an_archive(database, worker):
    database.add_ticks(OLD)
    with pytest.raises(psycopg2.Error, match="there is no archive"):
        drop(worker, 4711)


def test_an_archive_that_was_read_back_long_ago_does_not_count(database, worker):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD), verified_ago="25 hours")
    with pytest.raises(psycopg2.Error, match="was last read back"):
        drop(worker, archive_id)
    assert database.count("ticks") == 3


def test_what_is_young_is_not_dropped_whoever_asks(database, worker):
    database.add_ticks(YOUNG)
    archive_id = database.archive(ticks_of(YOUNG))
    with pytest.raises(psycopg2.Error, match="not old enough"):
        drop(worker, archive_id)


CHANGES = {
    "a late row": "INSERT INTO ticks SELECT source_id, quote_id, 2, observed_at, run_id, payload_id, price FROM ticks LIMIT 1",
    "a correction": "UPDATE ticks SET price = 9 WHERE observed_at = (SELECT min(observed_at) FROM ticks)",
    "a row less": "DELETE FROM ticks WHERE observed_at = (SELECT min(observed_at) FROM ticks)",
    "one for another": "WITH gone AS (DELETE FROM ticks WHERE observed_at = (SELECT min(observed_at) FROM ticks)"
                       " RETURNING *) INSERT INTO ticks SELECT * FROM gone",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_after_the_archive_keeps_the_partition(database, worker, change):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    database.owner.execute(change)
    before = database.count("ticks")
    assert drop(worker, archive_id) == "changed"
    assert database.count("ticks") == before
    assert due(worker) == [ticks_of(OLD)]  # to be archived once more


def test_a_row_on_its_way_in_is_waited_for(database, worker):
    """Its transaction has not ended: nobody can know yet what is in the partition."""
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    writer = database.connect("worker")
    writer.connection.autocommit = False
    database.insert_ticks(OLD, first=10, db=writer)
    assert drop(worker, archive_id) == "busy"
    writer.connection.commit()
    assert drop(worker, archive_id) == "changed"


def test_a_long_reader_stops_neither_readers_nor_writers_nor_for_ever_the_drop(database, worker):
    """The drop steps back before it would make others queue behind it."""
    database.add_ticks(OLD)
    database.add_ticks(YOUNG)
    archive_id = database.archive(ticks_of(OLD))
    reader = database.connect("api")
    reader.connection.autocommit = False
    reader.execute("SELECT * FROM ticks")
    outcome = []
    dropping = threading.Thread(target=lambda: outcome.append(drop(worker, archive_id)))
    dropping.start()
    writer = database.connect("worker")
    writer.execute("SET statement_timeout = '500ms'")
    written = 0
    while dropping.is_alive():
        database.insert_ticks(YOUNG, first=100 + written, db=writer)
        assert writer.execute("SELECT count(*) FROM ticks") == [(6 + written + 1,)]
        written += 1
    dropping.join()
    assert outcome == ["busy"]
    assert written > 10
    reader.connection.rollback()
    assert drop(worker, archive_id) == "dropped"


def test_a_late_row_does_not_bring_a_dropped_partition_back(database, worker):
    database.add_ticks(OLD)
    drop(worker, database.archive(ticks_of(OLD)))
    with pytest.raises(psycopg2.Error) as expired:
        worker.run("partition_ensure", "ticks", day(OLD))
    assert expired.value.pgcode == "TM002"
    moments = array(day(OLD), day(OLDER))
    assert [start for start, _ in worker.run("partitions_expired", "ticks", moments)] == [day(OLD).timestamp() * 1000]
    assert worker.run("partitions_ensure", "ticks", moments) == [(1,)]
    assert database.partitions() == [ticks_of(OLDER)]


def test_a_restored_partition_is_kept_for_as_long_as_was_asked(database, worker):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    drop(worker, archive_id)
    operator = database.connect("operator")
    assert operator.run("partition_restore", archive_id, 3600) == [(True,)]
    assert operator.run("partition_restore", archive_id, 3600) == [(False,)]
    assert worker.run("archives_droppable", RAW_DAYS, AGGREGATE_DAYS, 10) == []
    assert drop(worker, archive_id) == "kept"
    database.owner.execute("UPDATE archives SET keep_until = now()")
    assert drop(worker, archive_id) == "changed"  # its rows were not put back


def test_a_restored_partition_is_dropped_again_without_another_archive(database, worker):
    database.add_ticks(OLD)
    archive_id = database.archive(ticks_of(OLD))
    drop(worker, archive_id)
    operator = database.connect("operator")
    operator.connection.autocommit = False
    operator.run("partition_restore", archive_id, 0)
    database.insert_ticks(OLD, count=3, db=operator)
    operator.run("partition_restored", archive_id)
    operator.connection.commit()
    assert due(worker) == []
    assert drop(worker, archive_id) == "dropped"


def test_a_worker_cannot_drop_or_restore_by_itself(database, worker):
    database.add_ticks(OLD)
    for statement in (f"DROP TABLE {ticks_of(OLD)}", "SELECT partition_restore(1, '1 day')",
                      "UPDATE archives SET row_count = 0", "DELETE FROM archives", "DELETE FROM runs"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            worker.execute(statement)


def test_runs_go_when_nothing_kept_can_lead_to_them(database, worker):
    database.owner.execute("DROP TABLE " + ", ".join(row[0] for row in database.owner.execute(
        "SELECT partition FROM partitions WHERE range_to <= now()")) if database.partitions() else "SELECT")
    database.add_ticks(100)
    database.owner.execute(
        "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, started_at, finished_at)"
        " SELECT n::text, 2, 'quote', 'q', now(), 1, s, now() - n * interval '1 day', now() - n * interval '1 day'"
        " FROM (VALUES (150, 'ok'), (151, 'failed'), (152, 'ok'), (153, 'dead'), (102, 'ok'), (95, 'ok')) AS r (n, s)")
    database.owner.execute("SELECT checkpoint_advance(2::smallint, 'q', NULL, 'x',"
                           " (SELECT run_id FROM runs WHERE job_id = '152'))")
    assert worker.run("runs_trim", 90, 10) == [(3,)]  # 150, 153 and 102
    left = {row[0] for row in database.owner.execute("SELECT job_id FROM runs")}
    assert left == {"151", "152", "95"}  # may go on, is where a stream stands, and the ticks may be of it
    assert worker.run("runs_trim", 90, 10) == [(0,)]


def add_report(database, ago, kind="market", revision=0):
    database.owner.execute("INSERT INTO reports VALUES (%s, %s, %s, 2, now(), 1, sha256('x'), '{}', '{}')",
                           kind, day(ago).date(), revision)
    database.owner.execute("INSERT INTO report_rows SELECT %s, %s, %s, place, 1, 1, '{}' FROM generate_series(1, 2) AS place",
                           kind, day(ago).date(), revision)
    database.owner.execute("INSERT INTO report_days VALUES (%s, %s, now(), 1, %s) ON CONFLICT DO NOTHING",
                           kind, day(ago).date(), revision)


def reports_left(database):
    rows = database.owner.execute("SELECT kind, day, revision FROM reports ORDER BY day DESC, kind, revision")
    for table in ("report_rows", "report_days"):
        assert set(database.owner.execute(f"SELECT DISTINCT kind, day FROM {table}")) == {row[:2] for row in rows}
    return [(kind, (day(0).date() - found).days, revision) for kind, found, revision in rows]


def test_reports_go_after_the_candles_they_were_made_of(database, worker):
    """Those of the days of one month stay for as long as its candles do; so without archives all stay."""
    month = (day(AGGREGATE_DAYS).replace(day=1) - datetime.timedelta(days=40)).replace(day=15)
    ago = (day(0) - month).days
    add_report(database, ago)
    add_report(database, ago, revision=1)
    add_report(database, ago, "reconciliation")
    add_report(database, AGGREGATE_DAYS - 1)
    database.owner.run("partition_ensure", "candles", month)
    assert worker.run("reports_trim", AGGREGATE_DAYS, 10) == [(0,)]
    database.owner.execute(f"DROP TABLE candles_{month:%Y%m}")
    assert worker.run("reports_trim", AGGREGATE_DAYS, 2) == [(2,)]
    assert worker.run("reports_trim", AGGREGATE_DAYS, 10) == [(1,)]
    assert reports_left(database) == [("market", AGGREGATE_DAYS - 1, 0)]


def test_reports_of_days_that_are_looked_at_again_stay_whatever_the_limit(database, worker):
    """Else the next job would make them anew."""
    database.owner.execute("DROP TABLE " + ", ".join(row[0] for row in database.owner.execute(
        "SELECT partition FROM partitions WHERE parent = 'candles'")))
    for ago in (98, 102):
        add_report(database, ago)
    assert worker.run("reports_trim", 1, 10) == [(1,)]
    assert reports_left(database) == [("market", 98, 0)]


def test_what_waits_is_there_to_be_seen(database, worker):
    api = database.connect("api")
    assert api.run("retention_look")[0][:4] == (None, None, None, 0)
    database.add_ticks(OLD)
    database.add_ticks(OLDER)
    worker.run("retention_record", RAW_DAYS, AGGREGATE_DAYS, "")
    seen = api.run("retention_look")[0]
    assert seen[:5] == (RAW_DAYS, AGGREGATE_DAYS, "", 2, ticks_of(OLDER))
    assert 0 <= seen[5] < 600  # what has just been fetched is not late, however old it is
    database.owner.execute("UPDATE partition_births SET made_at = made_at - interval '5 days'")
    assert 5 * 86400 <= api.run("retention_look")[0][5] < 5 * 86400 + 600
    database.owner.execute("DELETE FROM partition_births")  # made before births were written down
    assert 10 * 86400 <= api.run("retention_look")[0][5] < 12 * 86400


def test_the_doctor_is_quiet_about_old_data_that_has_just_come(database, worker):
    """A fresh system with a seeded history has days that are too old: the next night's job takes them."""
    for ago in (OLD, OLDER):
        database.add_ticks(ago)
    worker.run("retention_record", RAW_DAYS, AGGREGATE_DAYS, "file:///archive")

    def says():
        done = run_program("tidemarkctl", {"DATABASE_URL": database.url("operator")}, "doctor", "--json", check=False)
        [found] = [row for row in json.loads(done.stdout) if row["what"] == "retention"]
        return found["level"], found["found"]

    assert says() == ("ok", "2 partitions are due")
    database.owner.execute("UPDATE partition_births SET made_at = made_at - interval '4 days'")
    state, found = says()
    assert state == "warn" and found.startswith("2 partitions should be archived and dropped by now")
