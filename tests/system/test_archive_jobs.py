"""Archives and retention as jobs of a worker, and what becomes of rows that come too late."""
import datetime
import gzip
import os
import signal

import pytest

from job_kinds import history
from replay.oracle import make_job
from s3_server import S3Store
from tidemark import crew_of
from waiting import wait_for

NOW = datetime.datetime.now(datetime.timezone.utc)


def midnight(ago):
    return (NOW - datetime.timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)


def job(kind, number=0):
    return make_job("tidemark", kind, kind, int(NOW.timestamp()) - number, {})


@pytest.fixture
def system(tidemark):
    tidemark.add_coins(["bitcoin"])
    tidemark.crew = crew_of("tidemark")
    tidemark.settings.update(TIDEMARK_TIERS_MS="100,200", ARCHIVE_URL=f"file://{tidemark.directory}/archive")
    return tidemark


def add_ticks(system, ago):
    system.query("SELECT ensure_partition('ticks', %s)", midnight(ago))
    system.query("INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price)"
                 " SELECT 2, 50, 1, %s::timestamptz + n * interval '1 hour', 1, 1, n + 0.50 FROM generate_series(1, 20) AS n",
                 midnight(ago))


def run(system, work):
    """The job's last word: status and records."""
    system.vhost.wait_queue(f"jobs.{work['source']}")
    system.vhost.publish(work)
    return wait_for(lambda: f"the end of {work['job_id']}: {system.programs[0].text()[-3000:]}", lambda: system.query(
        "SELECT status, records FROM runs WHERE job_id = %s AND status IN ('ok', 'dead')", work["job_id"]), timeout=60)[0]


def old_ticks(system):
    return [name for name, in system.query("SELECT partition FROM partitions WHERE parent = 'ticks' AND range_to < now()"
                                           " ORDER BY 1")]


def test_what_is_old_is_archived_and_then_dropped(system):
    for ago in (40, 50, 20):
        add_ticks(system, ago)
    young = f"ticks_{midnight(20):%Y%m%d}"
    system.start_worker()
    assert run(system, job("retain")) == ("ok", 0)  # nothing is archived yet
    assert run(system, job("archive")) == ("ok", 2)
    assert run(system, job("retain", 1)) == ("ok", 2)
    assert [name for name in old_ticks(system) if name <= young] == [young]
    assert system.query("SELECT count(*), sum(row_count)::int FROM archives WHERE dropped_at IS NOT NULL") == [(2, 40)]
    assert len(list(system.directory.glob("archive/ticks/*.csv.gz"))) == 2


@pytest.mark.parametrize("place", ["after:archive_rows", "after:archive_data", "after:archive_manifest", "after:store"])
def test_a_worker_that_is_killed_while_it_archives_leaves_nothing_half(system, tmp_path, place):
    """And what it leaves does not count: the next one makes the whole."""
    add_ticks(system, 40)
    system.query("INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price)"
                 " SELECT 3, 50, 1, %s::timestamptz + n * interval '1 second', 1, 1, n FROM generate_series(1, 3000) AS n",
                 midnight(40))
    worker = system.start_worker(TIDEMARK_FAULT=place, TIDEMARK_FAULT_ONCE=tmp_path / "died")
    assert run(system, job("archive")) == ("ok", 1)
    worker.wait_log(event="child.died")
    assert system.query("SELECT count(*), sum(row_count)::int FROM archives WHERE verified_at IS NOT NULL") == [(1, 3020)]
    [data] = system.directory.glob("archive/ticks/*.csv.gz")
    assert len(gzip.decompress(data.read_bytes()).splitlines()) == 3021
    assert not list(system.directory.glob("archive/.draft*"))
    assert run(system, job("retain")) == ("ok", 1)


def test_a_worker_that_is_killed_in_an_upload_leaves_nothing_in_the_store(system):
    """Half an object is no object, and the database says nothing of it."""
    store = S3Store()
    try:
        store.start()
        add_ticks(system, 40)
        store.behave("PUT", "hold")
        worker = system.start_worker(**store.settings("x"), ARCHIVE_SPOOL=str(system.directory))
        work = job("archive")
        system.vhost.publish(work)
        assert store.held.wait(30)
        os.kill(worker.children()[0], signal.SIGKILL)
        assert store.objects() == {} and system.query("SELECT count(*) FROM archives") == [(0,)]
        wait_for("the job's end", lambda: system.query("SELECT 1 FROM runs WHERE job_id = %s AND status = 'ok'", work["job_id"]),
                 timeout=60)
        assert len(store.objects()) == 2
        assert run(system, job("retain")) == ("ok", 1)
        assert not list(system.directory.glob("tidemark-archive-*")), "nothing stays in the spool folder"
    finally:
        store.remove()


def test_nothing_is_dropped_whose_archive_is_not_what_it_was(system):
    """An archive that was read back long ago is read again before the drop; the next night archives anew."""
    for ago in (40, 41, 42):
        add_ticks(system, ago)
    worker = system.start_worker()
    assert run(system, job("archive")) == ("ok", 3)
    changed, gone, _ = sorted(system.directory.glob("archive/ticks/*.csv.gz"))
    changed.write_bytes(gzip.compress(gzip.decompress(changed.read_bytes()).replace(b"1.50", b"7.50"), mtime=0))
    gone.unlink()
    system.query("UPDATE archives SET verified_at = now() - interval '13 hours'")
    assert run(system, job("retain")) == ("ok", 1)  # the one that is whole
    assert len(worker.log(event="archive.damaged")) == 2
    assert system.query("SELECT count(*) FILTER (WHERE dropped_at IS NULL AND changed_at IS NOT NULL),"
                        " count(*) FILTER (WHERE dropped_at IS NOT NULL) FROM archives") == [(2, 1)]
    assert system.query("SELECT count(*) FROM ticks") == [(40,)]
    assert run(system, job("archive", 1)) == ("ok", 2)
    assert run(system, job("retain", 1)) == ("ok", 2)
    assert system.query("SELECT count(*) FROM ticks") == [(0,)]


def test_without_a_place_for_archives_nothing_is_dropped(system):
    add_ticks(system, 40)
    worker = system.start_worker(ARCHIVE_URL="")
    assert run(system, job("archive")) == ("ok", 0)
    assert run(system, job("retain")) == ("ok", 0)
    assert worker.log(event="archive.nowhere", setting="ARCHIVE_URL")
    assert system.query("SELECT count(*) FROM ticks") == [(20,)]
    assert system.query("SELECT archive FROM retention_state") == [("",)]


def test_rows_of_what_was_dropped_are_refused_and_counted(system):
    """The rest of their page is stored."""
    system.crew = crew_of("binance")
    month = (midnight(0).replace(day=1) - datetime.timedelta(days=40)).replace(day=1)
    following = (month + datetime.timedelta(days=32)).replace(day=1)
    system.query("INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes,"
                 " archived_at, verified_at, dropped_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)"
                 " VALUES ('candles', %s, %s, %s, 0, 0, 0, now(), now(), now(), 1, sha256(''), sha256(''), '', '')",
                 f"candles_{month:%Y%m}", month, following)
    system.start_worker()
    late = history("binance", "BTCUSDT", "1d", days=200)
    assert run(system, late)[0] == "ok"
    days = (following - month).days
    assert system.query("SELECT rejected, records + rejected >= 199 FROM runs") == [(days, True)]
    assert system.query("SELECT count(*) FROM candles WHERE open_time >= %s AND open_time < %s", month, following) == [(0,)]
    assert system.query("SELECT to_regclass(%s) IS NULL", f"candles_{month:%Y%m}") == [(True,)]
    assert system.query("SELECT DISTINCT r ->> 'reason' FROM raw_payloads, jsonb_array_elements(rejects) AS r") == [
        ("time.expired",)]
