"""A migrated database with a few days of ticks, for tests of archives and retention."""
import contextlib
import datetime

import psycopg2

from named_queries import NamedQueries

BINANCE, USDT = 2, 50
NOW = datetime.datetime.now(datetime.timezone.utc)
RAW_DAYS, AGGREGATE_DAYS = 30, 1825


def day(ago):
    """Midnight (UTC) so many days ago."""
    return (NOW - datetime.timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)


def ticks_of(ago):
    """The name of the partition of the ticks of that day."""
    return f"ticks_{day(ago):%Y%m%d}"


class ArchiveDatabase:
    """A migrated database, and sessions on it."""

    def __init__(self, server, url):
        self.server, self.name = server, url.rsplit("/", 1)[1]
        self.sessions = contextlib.ExitStack()
        self.owner = self.connect()

    def url(self, role):
        return self.server.url(self.name, f"tidemark_{role}_login")

    def connect(self, role=None):
        """A session acting as that group role; None: as the superuser."""
        connection = psycopg2.connect(self.server.url(self.name))
        connection.autocommit = True
        self.sessions.callback(connection.close)
        return NamedQueries(connection, role and f"tidemark_{role}")

    def close(self):
        self.sessions.close()
        self.server.drop_database(self.name)

    def add_ticks(self, ago, count=3, first=0):
        """Ticks of one day, a second apart, with their partition."""
        self.owner.run("partition_ensure", "ticks", day(ago))
        self.insert_ticks(ago, count, first)

    def insert_ticks(self, ago, count=1, first=0, db=None):
        """The same where the partition is not made."""
        (db or self.owner).execute(
            "INSERT INTO ticks (source_id, quote_id, asset_id, observed_at, run_id, payload_id, price)"
            " SELECT %s, %s, 1, %s::timestamptz + n * interval '1 second', 1, 1, 1.50 + n"
            " FROM generate_series(%s, %s) AS n", BINANCE, USDT, day(ago), first, first + count - 1)

    def partitions(self):
        """Those of ticks that are past."""
        return [name for name, in self.owner.execute(
            "SELECT partition FROM partitions WHERE parent = 'ticks' AND range_to <= now() ORDER BY 1")]

    def count(self, table):
        [(count,)] = self.owner.execute(f"SELECT count(*) FROM {table}")
        return count

    def archive(self, name, verified_ago="0 seconds"):
        """Says that a partition is archived as it is now, without doing it; its id."""
        [(parent, _, start_ms, end_ms)] = self.owner.run("archive_subject", name)
        [(rows, fingerprint)] = self.owner.run("archive_fingerprint", name)
        [(archive_id,)] = self.owner.execute(
            "INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes,"
            " archived_at, verified_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)"
            " VALUES (%s, %s, to_timestamp(%s), to_timestamp(%s), %s, 1, 1, now(), now() - %s::interval, 1,"
            " sha256(%s::bytea), sha256('x'), %s, 'nowhere') RETURNING archive_id",
            parent, name, start_ms / 1000, end_ms / 1000, rows, verified_ago, fingerprint.encode(), fingerprint)
        return archive_id
