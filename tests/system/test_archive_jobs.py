"""Archives and retention as jobs of a worker, and what becomes of rows that come too late."""
import datetime

import pytest

from job_kinds import history
from replay.oracle import make_job
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
