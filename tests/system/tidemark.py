"""One whole Tidemark for one test: a database, a virtual host, a Redis number, and its programs."""
import contextlib
import pathlib
import re
import select
import threading
import uuid

import psycopg2.extras

from programs import Api, Program, run_program
from replay import coins as coin_list

RECORDED = pathlib.Path(__file__).resolve().parent.parent / "recorded"


def crew_of(*sources):
    """WORKERS for a test that needs these sources only: each child costs a start."""
    return ",".join(["*=0", *(f"{source}=1" for source in sources)])


class Tidemark:
    def __init__(self, services, test, directory, replay):
        name = re.sub(r"[^a-z0-9]+", "_", test.lower())[:30] + "_" + uuid.uuid4().hex[:6]
        self.services, self.name, self.directory = services, name, pathlib.Path(directory)
        self.postgres, self.redis = services.postgres, services.redis
        self.replay = replay
        self.database = f"tidemark_{name}"
        self.redis_number = next(services.redis.numbers)
        self.vhost = services.virtual_host(name)
        # For all programs of this test, above everything else. Two delays of retries, not twelve: a
        # queue costs the broker processor time when it is made, at each tick, and when it goes.
        self.settings = {"TIDEMARK_TIERS_MS": "1000,5000"}
        self.programs = []
        self.connection, self.turn = None, threading.Lock()  # of query(), in any thread
        self.crew = "*=1"  # what WORKERS says unless a test does; see crew_of

    def create(self):
        self.postgres.create_database(self.database, self.services.template)
        self.vhost.create()
        return self

    def remove(self):
        """Ends the programs, then looks whether a sanitizer complained."""
        for program in self.programs:
            program.kill()
        if self.connection:
            self.connection.close()
        self.services.forgive(self.vhost.remove)
        self.services.forgive(lambda: self.postgres.drop_database(self.database))
        self.services.forgive(self.redis.connect(self.redis_number).flushdb)
        for program in self.programs:
            program.check_sanitizers()

    # Settings and programs.

    def environment(self, role):
        """The settings of a program that logs in as tidemark_<role>_login."""
        csv = self.directory / "csv"
        csv.mkdir(exist_ok=True)
        return {"DATABASE_URL": self.postgres.url(self.database, f"tidemark_{role}_login"),
                "REDIS_URL": self.redis.url(self.redis_number), "RABBITMQ_URL": self.vhost.url,
                "CACHE_NAMESPACE": f"test-{self.name}", "CSV_FOLDER": str(csv),
                **self.replay.environment(), **self.settings}

    def start(self, name, role, arguments=(), label=None, **more):
        label = label or f"{name}-{len(self.programs)}"
        program = Program(name, self.directory, {**self.environment(role), **more}, arguments,
                          label)
        self.programs.append(program)
        return program

    def start_worker(self, workers=None, **more):
        """With `jobs.<source>` declared: jobs can be published."""
        worker = self.start("tidemark-worker", "worker", WORKERS=workers or self.crew, **more)
        for source in ("coingecko", "coinmarketcap", "coinpaprika", "binance", "coinbase",
                       "kraken"):
            self.vhost.wait_queue(f"jobs.{source}")
        return worker

    def start_scheduler(self, **more):
        return self.start("tidemark-scheduler", "scheduler", **more)

    def start_api(self, **more):
        api = Api(self.directory, {**self.environment("api"), **more},
                  f"tidemark-api-{len(self.programs)}")
        self.programs.append(api)
        return api.wait_ready()

    def ctl(self, *arguments, **options):
        return run_program("tidemarkctl", self.environment("operator"), *arguments, **options)

    # Data.

    def connect(self, user="postgres"):
        """psycopg2, each statement its own transaction."""
        return self.postgres.connect(self.database, user)

    def query(self, statement, *parameters):
        """The rows of a statement, by a connection that is kept: tests ask often."""
        with self.turn:
            if not self.is_connected():
                self.connection = self.connect()
            with self.connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []

    def is_connected(self):
        """Not where the server has closed the kept connection, as one that crashed has."""
        return (self.connection is not None and not self.connection.closed
                and not select.select([self.connection], [], [], 0)[0])

    def add_coins(self, coin_ids=coin_list.NAMED):
        """Assets, and the instruments by which the sources of the replay server know them."""
        coins = coin_list.load_coins(str(RECORDED))
        self.insert("INSERT INTO assets (slug, symbol, name) VALUES %s ON CONFLICT DO NOTHING",
                    [(coins[each].id, coins[each].symbol.upper(), coins[each].name)
                     for each in coin_ids])
        rows = [(source, f"{own_id}/{quote}", coin, quote)
                for source, ids in coin_list.IDS.items()
                for own_id, coin in ids(str(RECORDED)).items() if coin in coin_ids
                for quote in ("usd", "eur", "btc")]
        for source, pairs in coin_list.PAIRS.items():
            rows += [(source, pair.symbol, pair.base, pair.quote)
                     for pair in pairs(str(RECORDED)).values()
                     if pair.base in coin_ids and not pair.halted]
        self.insert("""
            INSERT INTO instruments (source_id, symbol, asset_id, quote_id)
            SELECT source_id, new.symbol, asset_id, quote_id
            FROM (VALUES %s) AS new (source, symbol, slug, code)
                 JOIN sources ON sources.name = source JOIN assets USING (slug)
                 JOIN quotes USING (code)
            ON CONFLICT DO NOTHING""", rows)

    def insert(self, statement, rows):
        """Many rows at once, where the statement says VALUES %s."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, statement, rows, page_size=len(rows))
