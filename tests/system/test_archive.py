"""Partitions into a folder and into a real S3 store, read back, dropped, and brought back."""
import contextlib
import csv
import datetime
import gzip
import hashlib
import io
import json
import pathlib

import psycopg2
import pytest

from archive_database import RAW_DAYS, ArchiveDatabase, day, ticks_of
from programs import run_program
from s3_server import S3Store

OLD = 40


@pytest.fixture(scope="module")
def store():
    s3 = S3Store()
    try:
        yield s3.start()
    finally:
        s3.remove()


@pytest.fixture
def database(engines, migrated_database):
    with contextlib.closing(ArchiveDatabase(engines.postgres, migrated_database())) as one:
        yield one


class Archive:
    """tidemarkctl archive on one database, with a folder or a store."""

    def __init__(self, database, settings, files):
        self.database, self.settings = database, settings
        self.files = files  # () -> {name: bytes}: what is there
        self.worker = database.connect("worker")

    def ctl(self, *arguments, code=0, **more):
        environment = {"DATABASE_URL": self.database.url("operator"), **self.settings, **more}
        done = run_program("tidemarkctl", environment, "archive", *arguments, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *arguments, **options):
        return json.loads(self.ctl(*arguments, "--json", **options).stdout)

    def drop(self, partition):
        [(archive_id,)] = self.database.owner.execute(
            "SELECT max(archive_id) FROM archives WHERE partition = %s AND changed_at IS NULL", partition)
        return self.worker.run("partition_drop", archive_id, day(RAW_DAYS))[0][0]

    def data(self):
        """The one data file: name, bytes, and what its manifest says."""
        files = self.files()
        [name] = [name for name in files if name.endswith(".csv.gz")]
        return name, files[name], json.loads(files[name.replace(".csv.gz", ".json")])


@pytest.fixture
def folder(database, tmp_path):
    place = tmp_path / "archive"
    return Archive(database, {"ARCHIVE_URL": f"file://{place}", "ARCHIVE_SPOOL": str(tmp_path)},
                   lambda: {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()})


@pytest.fixture
def bucket(database, store, tmp_path):
    prefix = database.name
    store.behaviour.clear()
    return Archive(database, {**store.settings(prefix), "ARCHIVE_SPOOL": str(tmp_path)},
                   lambda: {key[len(prefix) + 1:]: body for key, body in store.objects().items() if key.startswith(prefix)})


@pytest.fixture(params=["folder", "bucket"])
def archive(request):
    return request.getfixturevalue(request.param)


def rows_of(database, table="ticks"):
    return database.owner.execute(f"SELECT t.* FROM {table} t ORDER BY t::text")


# What is written.

def test_a_partition_becomes_a_csv_and_a_manifest(database, archive):
    """Read with Python's gzip, csv and hashlib, not with ours."""
    database.add_ticks(OLD, count=500)
    [done] = archive.json("run", ticks_of(OLD))
    assert (done["state"], done["rows"]) == ("archived", 500)
    name, packed, manifest = archive.data()
    plain = gzip.decompress(packed)
    rows = list(csv.reader(io.StringIO(plain.decode())))
    columns = [name for name, in database.owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'ticks'::regclass AND attnum > 0 ORDER BY attnum")]
    assert rows[0] == columns == [column["name"] for column in manifest["columns"]]
    assert len(rows) - 1 == manifest["rows"] == 500
    assert [row[columns.index("price")] for row in rows[1:3]] == ["1.50", "2.50"]
    assert name == f"ticks/{ticks_of(OLD)}-{hashlib.sha256(plain).hexdigest()[:16]}.csv.gz"
    assert done["location"] == f"{archive.settings['ARCHIVE_URL']}/{name}"
    assert {key: manifest[key] for key in ("table", "partition", "file", "bytes", "gzip_bytes", "sha256", "gzip_sha256")} == {
        "table": "ticks", "partition": ticks_of(OLD), "file": name.split("/")[1], "bytes": len(plain),
        "gzip_bytes": len(packed), "sha256": hashlib.sha256(plain).hexdigest(),
        "gzip_sha256": hashlib.sha256(packed).hexdigest()}
    assert manifest["from"] == f"{day(OLD):%Y-%m-%dT00:00:00.000Z}"


def test_the_same_rows_make_the_same_file(database, folder):
    database.add_ticks(OLD, count=100)
    folder.ctl("run", ticks_of(OLD))
    first = folder.data()
    database.owner.execute(f"CLUSTER {ticks_of(OLD)} USING {ticks_of(OLD)}_pkey")
    folder.ctl("run", ticks_of(OLD))
    assert folder.data()[:2] == first[:2]
    assert len(folder.files()) == 2
    assert database.count("archives") == 1


def test_quotes_newlines_nulls_and_bytes_come_back(database, folder):
    body = bytes(range(256)) * 50
    database.owner.run("partition_ensure", "raw_payloads", day(OLD))
    for text in ('a,"b"\n\r\nc', "", "\\N", "é\U0001f600"):
        database.owner.execute(
            "INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type, verdict, sha256, body,"
            " rejects) VALUES (1, 2, %s, %s, 200, '', 'ok', sha256(%s), %s, '[{\"a\": \"\\\\u0001\\n\"}]')",
            day(OLD), text, body, psycopg2.Binary(body))
    before = database.owner.execute("SELECT * FROM raw_payloads ORDER BY payload_id")
    name = f"raw_payloads_{day(OLD):%Y%m%d}"
    assert folder.json("run", name)[0]["rows"] == 4
    assert folder.drop(name) == "dropped"
    folder.ctl("restore", name)
    assert database.owner.execute("SELECT * FROM raw_payloads ORDER BY payload_id") == before


def test_an_empty_partition_is_an_archive_too(database, archive):
    database.add_ticks(OLD, count=0)
    assert archive.json("run", ticks_of(OLD))[0]["rows"] == 0
    assert archive.drop(ticks_of(OLD)) == "dropped"


# Back again.

def test_a_dropped_partition_comes_back_row_for_row(database, archive):
    database.add_ticks(OLD, count=2000)
    before = rows_of(database)
    archive.ctl("run", ticks_of(OLD))
    assert archive.drop(ticks_of(OLD)) == "dropped"
    assert rows_of(database) == []
    assert archive.json("restore", ticks_of(OLD))[0]["state"] == "restored"
    assert rows_of(database) == before
    assert archive.drop(ticks_of(OLD)) == "kept"


def test_restoring_twice_is_restoring_once(database, folder):
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    folder.drop(ticks_of(OLD))
    folder.ctl("restore", ticks_of(OLD))
    assert folder.json("restore", ticks_of(OLD))[0]["state"] == "there"
    assert database.count("ticks") == 3


def test_rows_can_go_into_a_table_of_ones_own(database, folder):
    database.add_ticks(OLD)
    database.owner.execute("CREATE TABLE mine (LIKE ticks)")
    database.owner.execute("GRANT INSERT ON mine TO tidemark_operator")
    folder.ctl("run", ticks_of(OLD))
    folder.ctl("restore", ticks_of(OLD), "--into", "mine")
    assert rows_of(database, "mine") == rows_of(database)
    done = folder.ctl("restore", ticks_of(OLD), "--into", "no_such_table", code=1)
    assert "there is no table no_such_table" in done.stderr


def test_an_archive_of_an_older_schema_can_be_restored(database, folder):
    """Columns that came since get their defaults."""
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    folder.drop(ticks_of(OLD))
    database.owner.execute("ALTER TABLE ticks ADD COLUMN later smallint NOT NULL DEFAULT 7")
    folder.ctl("restore", ticks_of(OLD))
    assert database.owner.execute("SELECT DISTINCT later, count(*) FROM ticks GROUP BY 1") == [(7, 3)]


# The database is lost, the files are there.

@pytest.fixture
def other_database(engines, migrated_database):
    """One that was just migrated."""
    with contextlib.closing(ArchiveDatabase(engines.postgres, migrated_database())) as one:
        yield one


def add_assets(database, *slugs):
    for slug in slugs:
        database.owner.execute("INSERT INTO assets (slug, symbol, name) VALUES (%s, upper(%s), %s)", slug, slug[:3], slug)


def add_candles(database, ago):
    """Of asset 2: three hours of Binance, and one that we rolled."""
    database.owner.run("partition_ensure", "candles", day(ago))
    database.owner.execute(
        "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin,"
        " open, high, low, close) SELECT 2, 50, 2, 3600, 1, %s::timestamptz + n * interval '1 hour', 7, 9, n / 3 * 2,"
        " 1, 1, 1, 1.50 FROM generate_series(0, 3) AS n", day(ago))
    return f"candles_{day(ago):%Y%m}"


def test_files_alone_make_a_new_database_whole_again(database, other_database, archive):
    """Into one that has only been migrated: rows, what they are of, and what charts find them by."""
    add_assets(database, "ethereum", "bitcoin", "solana")
    database.owner.execute("SELECT setval('raw_payload_ids', 500)")
    database.add_ticks(OLD, count=2000)
    candles = add_candles(database, 400)
    archive.ctl("run", ticks_of(OLD), candles)
    ticks_before, candles_before = rows_of(database), rows_of(database, "candles")

    new = Archive(other_database, archive.settings, archive.files)
    assert new.json("list") == []
    adopted = new.json("adopt")
    assert sorted((one["partition"], one["rows"], one["state"]) for one in adopted) == [
        (candles, 4, "adopted"), (ticks_of(OLD), 2000, "adopted")]
    assert {one["state"] for one in new.json("list")} == {"dropped"}
    assert {one["state"] for one in new.json("verify")} == {"whole"}
    assert {one["state"] for one in new.json("restore", "--all")} == {"restored"}
    assert (rows_of(other_database), rows_of(other_database, "candles")) == (ticks_before, candles_before)
    assert other_database.owner.execute("SELECT asset_id, slug, symbol FROM assets ORDER BY 1") == [
        (1, "ethereum", "ETH"), (2, "bitcoin", "BIT")]
    assert other_database.owner.execute("SELECT rolled, last_open_time - first_open_time FROM series ORDER BY 1") == [
        (False, datetime.timedelta(hours=2)), (True, datetime.timedelta(0))]
    assert {one["state"] for one in new.json("adopt")} == {"known"}
    # What comes now gets numbers that no restored row names.
    add_assets(other_database, "cardano")
    assert other_database.owner.execute("SELECT asset_id FROM assets WHERE slug = 'cardano'") == [(3,)]
    assert other_database.owner.execute("SELECT nextval('raw_payload_ids') > 500") == [(True,)]


def test_an_archive_is_not_taken_on_where_its_numbers_mean_something_else(database, other_database, folder):
    """Silently wrong histories would be worse than none."""
    add_assets(database, "bitcoin")
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    add_assets(other_database, "dogecoin")
    new = Archive(other_database, folder.settings, folder.files)
    done = new.ctl("adopt", "--json", code=1)
    [refused] = json.loads(done.stdout)
    assert refused["state"] == "refused" and "asset 1 is bitcoin, here 1 is dogecoin" in refused["error"]
    assert new.json("list") == []


def test_a_manifest_that_is_none_and_one_of_before_are_named(database, other_database, folder):
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    name, _, manifest = folder.data()
    place = pathlib.Path(folder.settings["ARCHIVE_URL"][len("file://"):])
    (place / "ticks/half.json").write_text('{"format": 1, "table": "ti', encoding="utf-8")
    del manifest["assets"]
    (place / name.replace(".csv.gz", ".json")).write_text(json.dumps(manifest), encoding="utf-8")
    new = Archive(other_database, folder.settings, folder.files)
    states = {one["partition"]: (one["state"], one["error"]) for one in json.loads(new.ctl("adopt", "--json", code=1).stdout)}
    assert states["ticks/half.json"][0] == "damaged"
    assert states[ticks_of(OLD)] == ("refused", "it was made before manifests said which assets its numbers mean")


def test_of_two_archives_of_a_partition_the_last_is_taken_on(database, other_database, folder):
    add_assets(database, "bitcoin")
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    database.insert_ticks(OLD, first=10)
    folder.ctl("run", ticks_of(OLD))
    new = Archive(other_database, folder.settings, folder.files)
    assert [one["rows"] for one in new.json("adopt")] == [3, 4]
    new.ctl("restore", ticks_of(OLD))
    assert rows_of(other_database) == rows_of(database)


@pytest.mark.parametrize("arguments", [[], ["--all", "ticks_20200101"], ["--all", "--into", "mine"]])
def test_what_to_restore_must_be_said(folder, arguments):
    assert "name partitions, or say --all" in folder.ctl("restore", *arguments, code=2).stderr


# What is not whole does not count.

def spoil(body):
    return body[:len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1:]


def repack(body):
    """Whole gzip and whole CSV, but of other rows."""
    return gzip.compress(gzip.decompress(body).replace(b"2.50", b"9.50"), mtime=0)


DAMAGE = {
    "one bit": spoil,
    "cut off": lambda body: body[:-1],
    "longer": lambda body: body + b"\0",
    "another row": repack,
    "empty": lambda body: b"",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_archive_is_found_and_restores_nothing(database, folder, damage):
    database.add_ticks(OLD)
    folder.ctl("run", ticks_of(OLD))
    folder.drop(ticks_of(OLD))
    name, body, _ = folder.data()
    place = folder.settings["ARCHIVE_URL"][len("file://"):]
    with open(f"{place}/{name}", "wb") as file:
        file.write(damage(body))
    done = folder.ctl("verify", "--json", code=1)
    assert json.loads(done.stdout)[0]["state"] == "damaged"
    folder.ctl("restore", ticks_of(OLD), code=1)
    assert database.count("ticks") == 0


def test_an_object_that_changed_in_the_store_is_found(database, bucket, store):
    database.add_ticks(OLD)
    bucket.ctl("run", ticks_of(OLD))
    name, body, _ = bucket.data()
    store.paths()[f"{database.name}/{name}"].write_bytes(spoil(body))
    assert json.loads(bucket.ctl("verify", "--json", code=1).stdout)[0]["state"] == "damaged"


def test_an_archive_that_is_gone_is_found(database, archive):
    database.add_ticks(OLD)
    archive.ctl("run", ticks_of(OLD))
    done = archive.ctl("verify", code=1, ARCHIVE_URL=archive.settings["ARCHIVE_URL"] + "2")
    assert "is not below ARCHIVE_URL" in done.stdout


# The store says no, or nothing.

@pytest.mark.parametrize("setting, value, says", [
    ("ARCHIVE_S3_SECRET_KEY", "wrong", "SignatureDoesNotMatch"),
    ("ARCHIVE_S3_ACCESS_KEY", "nobody", "InvalidAccessKeyId"),
    ("ARCHIVE_S3_REGION", "mars-1", "AuthorizationHeaderMalformed"),
    ("ARCHIVE_URL", "s3://nobucket/x", "NoSuchBucket"),
])
def test_a_store_that_refuses_is_named_and_nothing_is_archived(database, bucket, setting, value, says):
    database.add_ticks(OLD)
    done = bucket.ctl("run", ticks_of(OLD), code=1, **{setting: value})
    assert says in done.stderr
    assert "wrong" not in done.stderr
    assert database.count("archives") == 0


@pytest.mark.parametrize("method, how", [("PUT", 503), ("PUT", "cut"), ("GET", 500), ("GET", "cut")])
def test_trouble_on_the_way_is_worth_another_try(database, bucket, store, method, how):
    database.add_ticks(OLD, count=5000)
    store.behave(method, None, how)  # the second: of PUT the manifest, of GET the data
    bucket.ctl("run", ticks_of(OLD), code=75)
    assert database.count("archives") == 0
    bucket.ctl("run", ticks_of(OLD))
    assert len(bucket.files()) == 2
    assert bucket.drop(ticks_of(OLD)) == "dropped"


def test_what_is_too_large_for_a_store_is_refused_before_anything_is_sent(database, bucket, store):
    database.add_ticks(OLD, count=5000)
    store.requests.clear()
    done = bucket.ctl("run", ticks_of(OLD), code=1, TIDEMARK_OBJECT_MAX="1000")
    assert "more than 1000 bytes" in done.stderr and "ARCHIVE_URL=file:///folder" in done.stderr
    assert (store.requests, database.count("archives")) == ([], 0)


def test_nothing_listens(database, bucket):
    database.add_ticks(OLD)
    done = bucket.ctl("run", ticks_of(OLD), code=75, ARCHIVE_S3_ENDPOINT="http://127.0.0.1:1")
    assert "onnect" in done.stderr


@pytest.mark.parametrize("settings, says", [
    ({}, "ARCHIVE_URL is not set"),
    ({"ARCHIVE_URL": "ftp://x"}, "file:///folder or s3://bucket/prefix"),
    ({"ARCHIVE_URL": "file://relative"}, "file:///folder or s3://bucket/prefix"),
    ({"ARCHIVE_URL": "s3://bucket/a b"}, "letters, digits"),
    ({"ARCHIVE_URL": "s3://bucket/x"}, "ARCHIVE_S3_ACCESS_KEY"),
])
def test_a_wrong_setting_is_named(settings, says):
    done = run_program("tidemarkctl", {"DATABASE_URL": "postgresql://127.0.0.1:1/none", **settings}, "archive", "verify", check=False)
    assert done.returncode == 2
    assert says in done.stderr
