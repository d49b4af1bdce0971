"""A migrated database with a few markets for each test of the queries, and sessions of the roles."""
import contextlib
import datetime

import psycopg2
import psycopg2.extensions
import pytest

from named_queries import NamedQueries, array

TICK = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.timezone.utc)
BINANCE, COINBASE = 2, 3
BTC, ETH, OLD = 1, 2, 3  # asset ids
USD, USDT = 1, 50  # quote ids


@pytest.fixture(scope="module")
def template(engines):
    """The name of a database with two assets, two instruments, and the partitions of TICK."""
    engines.make_template()
    name = "queries_template"
    engines.postgres.create_database(name, engines.template)
    with contextlib.closing(engines.postgres.connect(name)) as connection:
        fill = NamedQueries(connection)
        fill.run("assets_apply", array("bitcoin", "ethereum", "old-bitcoin"), array("btc", "eth", "btc"),
                 array("Bitcoin", "Ethereum", "Old Bitcoin"))
        fill.run("instruments_apply", array("binance", "coinbase"), array("BTCUSDT", "BTC-USD"),
                 array("bitcoin", "bitcoin"), array("usdt", "usd"))
        for moment in ("2026-11-20", "2026-11-21", "2026-11-22"):
            fill.run("partition_ensure", "ticks", moment)
        for moment in ("2026-10-01", "2026-11-01"):
            fill.run("partition_ensure", "candles", moment)
    yield name
    engines.postgres.drop_database(name)


@pytest.fixture
def connect(template, migrated_database):
    """connect("worker") opens a session on the test's own database, acting as that group role."""
    url = migrated_database(template)
    sessions = contextlib.ExitStack()

    def open_session(role=None):
        connection = psycopg2.connect(url)
        sessions.callback(connection.close)
        connection.autocommit = True
        psycopg2.extensions.register_type(AS_TEXT, connection)
        return NamedQueries(connection, role and f"tidemark_{role}")

    with sessions:
        yield open_session


# Decimals as the server spells them.
AS_TEXT = psycopg2.extensions.new_type((1700,), "numeric as text", lambda value, cursor: value)


@pytest.fixture
def worker(connect):
    return connect("worker")


def at(minutes=0):
    return (TICK + datetime.timedelta(minutes=minutes)).isoformat()


def add_ticks(db, *ticks, source=BINANCE, run=1, payload=1):
    """Each (asset, quote, minutes, price[, market_cap[, volume]]). How many ticks and latest prices that changes."""
    columns = [array(*(tick[0] for tick in ticks)), array(*(tick[1] for tick in ticks)),
               array(*(at(tick[2]) for tick in ticks)), array(*(tick[3] for tick in ticks)),
               array(*((tick + (None, None))[5] for tick in ticks)), array(*((tick + (None,))[4] for tick in ticks)),
               array(*(None for _ in ticks))]
    [row] = db.run("ticks_upsert", source, run, payload, at(), *columns)
    return row
