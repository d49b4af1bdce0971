"""tidemark-migrate: up and down, alone and in company, on empty and on populated databases."""
import concurrent.futures
import contextlib
import subprocess
import threading
import time

import psycopg2
import pytest

from named_queries import NamedQueries, array
from postgres_server import postgres_server
from programs import ROOT, base_environment, program_path, run_program

MIGRATIONS = sorted(path.name[:4] for path in (ROOT / "schema/migrations").glob("*.up.sql"))
NEWEST = len(MIGRATIONS)


@pytest.fixture
def url(new_database):
    return new_database()


def migrate(url, *arguments, **options):
    return run_program("tidemark-migrate", {"DATABASE_URL": url}, *arguments, **options)


@contextlib.contextmanager
def session(url):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        yield NamedQueries(connection)
    finally:
        connection.close()


def versions(url):
    with session(url) as db:
        return [row[0] for row in db.execute("SELECT version FROM schema_migrations ORDER BY 1")]


def relations(url):
    with session(url) as db:
        return {row[0] for row in db.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')")}


def populate(url):
    """A row in every table."""
    with session(url) as db:
        db.execute("INSERT INTO assets (slug, symbol, name) VALUES ('bitcoin', 'BTC', 'Bitcoin')")
        db.execute("INSERT INTO instruments (source_id, symbol, asset_id, quote_id) VALUES (2, 'BTCUSDT', 1, 50)")
        db.execute("INSERT INTO reference_entries (source_id, symbol, ticker, quote, active, seen_at, run_id)"
                   " VALUES (2, 'BTCUSDT', 'BTC', 'usdt', true, now(), 1)")
        db.execute("INSERT INTO coins (source_id, symbol, asset_id, origin) VALUES (1, 'bitcoin', 1, 'listing')")
        db.execute("INSERT INTO schedules (name, source_id, kind, stream, period_s, missed)"
                   " VALUES ('a', 2, 'quote', 'quote/a', 300, 'coalesce')")
        db.execute("INSERT INTO schedules (name, source_id, kind, stream, cron, missed)"
                   " VALUES ('b', 2, 'quote', 'quote/b', '0 3 * * *', 'coalesce')")
        db.run("leader_record", "host", 1, 60)
        db.execute("INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)"
                   " VALUES ('binance/quote/a/0', 'a', 2, 'quote/a', now(), '{}')")
        db.execute("INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status)"
                   " VALUES ('binance/quote/a/0', 2, 'quote', 'quote/a', now(), 1, 'ok')")
        db.execute("SELECT checkpoint_advance(2::smallint, 'quote/a', NULL, 'x', 1)")
        db.execute("INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type,"
                   " verdict, sha256, body) VALUES (1, 2, now(), '/', 200, '', 'ok', sha256('a'), 'a')")
        for parent in ("ticks", "candles", "candle_revisions"):
            db.execute("SELECT ensure_partition(%s, '2021-05-01')", parent)
        db.run("ticks_upsert", 2, 1, 1, "2021-05-01", array(1), array(50), array("2021-05-01"), array("1.5"), array(None),
               array(None), array(None))
        db.execute("INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id,"
                   " payload_id, origin, open, high, low, close)"
                   " VALUES (2, 50, 1, 3600, 1, '2021-05-01', 1, 1, 0, 1, 1, 1, 1)")
        db.execute("INSERT INTO candle_revisions (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id,"
                   " payload_id, known_until, revision, origin, open, high, low, close)"
                   " VALUES (2, 50, 1, 3600, 1, '2021-05-01', 1, 1, now(), 0, 0, 1, 1, 1, 1)")
        db.run("rollup_marks_add", 2, 1, 50, 86400, array("2021-05-01"))
        db.run("series_extend", 2, 1, 50, 3600, "2021-05-01", "2021-05-01")
        db.execute("INSERT INTO listings (source_id, quote_id, asset_id, observed_at, run_id, payload_id)"
                   " VALUES (2, 50, 1, now(), 1, 1)")
        db.run("retention_record", 30, 1825, "file:///archive")
        db.run("archive_record", "ticks", "ticks_20210501", "2021-05-01", "2021-05-02", 1, 9, 9, "2021-06-01", 1, "ab" * 32,
               "cd" * 32, "1/2", "file:///archive/ticks/x.csv.gz")
        db.execute("INSERT INTO reports VALUES ('market', '2021-05-01', 0, 1, now(), 1, sha256('a'), '{}', '{}')")
        db.execute("INSERT INTO report_rows VALUES ('market', '2021-05-01', 0, 1, 1, 50, '{}')")
        db.run("report_day_checked", "market", "2021-05-01", "2021-05-02", 1, 0)
        db.execute("SELECT coverage_refresh(now(), interval '5 minutes', interval '1 hour')")
        db.execute("INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,"
                   " first_seen_at, checked_at, next_try_at) VALUES (2, 50, 1, 3600, '2021-05-02', '2021-05-03',"
                   " 'unknown', 'open', now(), now(), now())")
        db.execute("INSERT INTO history_reach VALUES (2, 3600, '2009-01-01')")
        db.execute("INSERT INTO users (name, password_hash) VALUES ('a', 'x')")
        db.execute("INSERT INTO api_keys (user_id, prefix, key_hash) VALUES (1, 'tm_', 'x')")
        db.execute("INSERT INTO audit_log (actor, action) VALUES ('a', 'b')")


def test_an_empty_database_becomes_a_usable_one(url):
    assert "missing" in migrate(url, "status").stdout
    migrate(url, "up")
    assert versions(url) == list(range(1, NEWEST + 1))
    assert "missing" not in migrate(url, "status").stdout
    assert "queries fit" in migrate(url, "check").stdout
    populate(url)


def test_a_second_run_finds_nothing_to_do(url):
    migrate(url, "up")
    before = relations(url)
    assert "nothing to do" in migrate(url, "up").stdout
    assert relations(url) == before


def test_two_at_once_share_the_work(url):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: migrate(url, "up"), range(4)))
    applied = [line for run in done for line in run.stdout.splitlines() if line.startswith("up ")]
    assert len(applied) == NEWEST
    assert versions(url) == list(range(1, NEWEST + 1))


@pytest.fixture
def fresh_server():
    with postgres_server() as fresh:
        yield fresh


def test_many_databases_of_a_fresh_cluster_at_once(fresh_server):
    """Roles belong to the cluster: all of them want to make the same ones."""
    urls = [fresh_server.create_database() for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=6) as pool:
        list(pool.map(lambda one: migrate(one, "up"), urls))
    for one in urls:
        assert versions(one) == list(range(1, NEWEST + 1))


def test_a_populated_database_goes_down_and_up_again(url):
    migrate(url, "up")
    full = relations(url)
    populate(url)
    migrate(url, "down", "--to", "0")
    assert relations(url) == {"schema_migrations"}
    assert versions(url) == []
    migrate(url, "up")
    assert relations(url) == full
    populate(url)


def test_each_step_can_be_undone_and_done_again(url):
    for version in range(1, NEWEST + 1):
        migrate(url, "up", "--to", version)
        after = relations(url)
        migrate(url, "down")
        assert versions(url) == list(range(1, version))
        migrate(url, "up", "--to", version)
        assert relations(url) == after


def test_a_skipped_run_stays_a_run_on_the_way_down(url):
    migrate(url, "up")
    populate(url)
    with session(url) as db:
        db.execute("UPDATE runs SET status = 'skipped'")
    migrate(url, "down", "--to", 7)
    with session(url) as db:
        assert db.execute("SELECT status FROM runs") == [("expired",)]


def test_a_listing_goes_on_under_its_new_stream(url):
    migrate(url, "up", "--to", 11)
    with session(url) as db:
        db.execute("INSERT INTO schedules (name, source_id, kind, stream, args, period_s, missed) VALUES ('l', 1, 'listing',"
                   """ 'listing/usd/2', '{"currency":"usd","page":2,"per_page":250}', 3600, 'coalesce')""")
        db.execute("INSERT INTO checkpoints (source_id, stream, position, run_id) VALUES (1, 'listing/usd/2', 'here', 1)")
    migrate(url, "up")
    with session(url) as db:
        assert db.execute("SELECT s.stream, c.position FROM schedules s JOIN checkpoints c USING (source_id, stream)") == [
            ("listing/usd/250/2", "here")]


def test_an_edited_migration_is_refused(url):
    migrate(url, "up", "--to", NEWEST - 1)
    with session(url) as db:
        db.execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 2")
    done = migrate(url, "up", check=False)
    assert done.returncode == 1
    assert "migration 2 (markets) was edited" in done.stderr
    assert versions(url) == list(range(1, NEWEST))


def test_a_database_ahead_of_the_program_is_left_alone(url):
    migrate(url, "up")
    with session(url) as db:
        db.execute("INSERT INTO schema_migrations VALUES (%s, 'later', 'x')", NEWEST + 1)
    for direction in ("up", "down"):
        done = migrate(url, direction, check=False)
        assert done.returncode == 1
        assert "use a newer one" in done.stderr


def test_a_failed_migration_leaves_nothing_behind(url):
    migrate(url, "up", "--to", 1)
    with session(url) as db:
        db.execute("CREATE TABLE quotes (in_the_way boolean)")
    before = relations(url)
    done = migrate(url, "up", check=False)
    assert done.returncode == 1
    assert "up 2 (markets)" in done.stderr
    assert relations(url) == before
    assert versions(url) == [1]


def test_traffic_in_the_way_is_let_through(url):
    """A reader holds a table for longer than lock_timeout: the migration steps back and comes again."""
    migrate(url, "up")
    reader = psycopg2.connect(url)
    reader.cursor().execute("SELECT * FROM users")  # its transaction stays open
    worker = subprocess.Popen([program_path("tidemark-migrate"), "down"], stdout=subprocess.PIPE, text=True,
                              env={**base_environment(), "DATABASE_URL": url})
    release = threading.Timer(3, reader.close)
    release.start()
    output, _ = worker.communicate(timeout=60)
    release.join()
    assert worker.returncode == 0
    assert f"down {NEWEST:04}" in output


def test_a_waiting_migration_gives_up_in_time(url):
    with session(url) as db:
        db.execute("SELECT pg_advisory_lock(hashtext('tidemark.migrate'))")
        started = time.monotonic()
        done = run_program("tidemark-migrate", {"DATABASE_URL": url, "MIGRATE_WAIT": "1s"}, "up", check=False)
        assert done.returncode == 75
        assert "another tidemark-migrate is at work" in done.stderr
        assert time.monotonic() - started < 20


def test_no_superuser_is_needed(fresh_server):
    """Whoever owns the database and may create roles can migrate it, a second member of the group as well."""
    server = fresh_server
    url = server.create_database()
    name = url.rsplit("/", 1)[1]
    with session(server.url()) as db:
        for login in ("plain_owner", "plain_other"):
            db.execute(f"CREATE ROLE {login} LOGIN CREATEROLE")
        db.execute(f"ALTER DATABASE {name} OWNER TO plain_owner")
    migrate(server.url(name, "plain_owner"), "up", "--to", 4)
    with session(server.url()) as db:
        db.execute("GRANT tidemark_migrate TO plain_other")
    migrate(server.url(name, "plain_other"), "up")
    migrate(server.url(name, "plain_owner"), "check")
    migrate(server.url(name, "plain_owner"), "down", "--to", 0)


def test_check_names_the_query_that_no_longer_fits(url):
    migrate(url, "up")
    with session(url) as db:
        db.execute("ALTER TABLE checkpoints RENAME COLUMN moved_at TO moved")
    done = migrate(url, "check", check=False)
    assert done.returncode == 1
    assert "checkpoints_list" in done.stderr


@pytest.mark.parametrize("arguments, code, says", [
    ((), 2, "usage:"),
    (("sideways",), 2, "usage:"),
    (("up", "--to"), 2, "usage:"),
    (("up", "--to", "three"), 2, "usage:"),
    (("up", "--to", "-1"), 2, "usage:"),
    (("status", "--to", "3"), 2, "usage:"),
    (("up", "--to", "9999"), 1, "cannot go up to 9999"),
])
def test_wrong_use_is_told(url, arguments, code, says):
    done = migrate(url, *arguments, check=False)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize("address, code", [
    ("postgresql://postgres:hunter2@127.0.0.1:1/nothing", 75),
    ("postgresql://postgres:hunter2@127.0.0.1:{port}/nothing", 1),
    ("", 2),
])
def test_a_database_that_is_not_there(engines, address, code):
    done = migrate(address.format(port=engines.postgres.port), "up", check=False)
    assert done.returncode == code, done.stderr
    assert "hunter2" not in done.stderr


# ---- what the migrated schema promises ----

@pytest.fixture(scope="module")
def migrated(engines):
    name = "migrated"
    url = engines.postgres.create_database(name)
    migrate(url, "up")
    yield url
    engines.postgres.drop_database(name)


@pytest.mark.parametrize("parent, moment, made", [
    ("ticks", "2021-11-21T23:59:59Z", "ticks_20211121"),
    ("raw_payloads", "2021-11-22T00:00:00Z", "raw_payloads_20211122"),
    ("candles", "2021-11-30T23:00:00-05:00", "candles_202112"),
    ("candles", "2009-01-01T00:00:00Z", "candles_200901"),
])
def test_a_partition_is_made_once(migrated, parent, moment, made):
    with session(migrated) as db:
        db.execute("SET ROLE tidemark_worker")
        db.execute("SET timezone = 'America/New_York'")  # its bounds are UTC all the same
        assert db.run("partition_ensure", parent, moment) == [(True,)]
        assert db.run("partition_ensure", parent, moment) == [(False,)]
        assert db.execute("SELECT to_regclass(%s) IS NOT NULL", made) == [(True,)]


@pytest.mark.parametrize("moment", ["2008-12-31T23:59:59Z", "2262-01-01", "infinity", None])
def test_no_partition_for_a_moment_that_cannot_be(migrated, moment):
    with session(migrated) as db, pytest.raises(psycopg2.errors.DatetimeFieldOverflow):
        db.run("partition_ensure", "ticks", moment)


def test_no_partition_of_another_table(migrated):
    with session(migrated) as db, pytest.raises(psycopg2.errors.UndefinedTable):
        db.run("partition_ensure", "users", "2021-01-01")


def test_workers_that_race_for_a_partition_make_one(migrated):
    def ensure(_):
        with session(migrated) as db:
            return db.run("partition_ensure", "ticks", "2016-02-29")[0][0]
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        assert sorted(pool.map(ensure, range(8))) == [False] * 7 + [True]


def test_making_a_partition_waits_for_no_writer(migrated):
    """ATTACH, not CREATE ... PARTITION OF: a transaction that writes to the table is not in its way."""
    writer = psycopg2.connect(migrated)
    writer.cursor().execute("LOCK TABLE ticks IN ROW EXCLUSIVE MODE")
    with session(migrated) as db:
        db.execute("SET lock_timeout = '1s'")
        assert db.run("partition_ensure", "ticks", "2016-03-01") == [(True,)]
    writer.close()


def test_partitions_are_there_a_month_ahead(migrated):
    with session(migrated) as db:
        assert db.run("partitions_create_ahead") == [(0,)]
        for parent in ("ticks", "candles", "raw_payloads"):
            for days in (0, 31):
                assert db.execute("SELECT ensure_partition(%s, now() + %s * interval '1 day')", parent, days) == [
                    (False,)]


@pytest.mark.parametrize("role, statement", [
    ("worker", "CREATE TABLE public.mine ()"),
    ("worker", "DELETE FROM ticks"),
    ("worker", "TRUNCATE candles"),
    ("worker", "UPDATE sources SET enabled = false"),
    ("worker", "UPDATE assets SET slug = 'x'"),
    ("worker", "DELETE FROM instruments"),
    ("worker", "UPDATE coins SET asset_id = 1"),
    ("api", "DELETE FROM coins"),
    ("operator", "DELETE FROM reference_entries"),
    ("worker", "SELECT * FROM users"),
    ("worker", "UPDATE reports SET body = '{}'"),
    ("worker", "DELETE FROM report_rows"),
    ("api", "INSERT INTO reports SELECT * FROM reports"),
    ("worker", "INSERT INTO slots SELECT * FROM slots"),
    ("scheduler", "UPDATE runs SET status = 'ok'"),
    ("scheduler", "UPDATE schedules SET enabled = false"),
    ("scheduler", "DELETE FROM runs"),
    ("worker", "DELETE FROM slots"),
    ("scheduler", "SELECT * FROM api_keys"),
    ("api", "INSERT INTO ticks SELECT * FROM ticks"),
    ("api", "UPDATE latest_prices SET price = 0"),
    ("api", "DELETE FROM listings"),
    ("api", "UPDATE checkpoints SET position = ''"),
    ("api", "CREATE TEMPORARY TABLE mine ()"),
    ("api", "SELECT ensure_partition('ticks', now())"),
    ("operator", "UPDATE ticks SET price = 0"),
    ("operator", "DROP TABLE ticks"),
])
def test_a_role_may_not(migrated, role, statement):
    with session(migrated) as db:
        db.execute(f"SET ROLE tidemark_{role}")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            db.execute(statement)


def test_operators_may_read_partitions_made_later(migrated):
    with session(migrated) as db:
        db.run("partition_ensure", "ticks", "2016-05-05")
        db.execute("SET ROLE tidemark_operator")
        assert db.execute("SELECT count(*) FROM ticks_20160505") == [(0,)]
