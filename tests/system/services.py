"""The engines of a test session, private ones, started side by side."""
import concurrent.futures
import signal
import sys

from postgres_server import PostgresServer
from programs import ROOT, run_program
from rabbitmq_server import RabbitMQ
from redis_server import Redis
from virtual_host import VirtualHost
from waiting import wait_for

# A killed server loses nothing by fsync = off, only a killed machine does.
POSTGRES_SETTINGS = "fsync = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\nmax_connections = 200\n"


class Services:
    """
    One PostgreSQL, Redis and RabbitMQ. Each is started when it is first asked for, or all
    together by start_all; a migrated database is kept as the template of the tests' own.
    """

    template = "tidemark_template"

    def __init__(self):
        self.started = {}
        self.has_template = False

    def _get(self, name, make):
        if name not in self.started:
            self.started[name] = make()
        return self.started[name]

    @property
    def postgres(self):
        return self._get("postgres", start_postgres)

    @property
    def redis(self):
        return self._get("redis", lambda: Redis().start())

    @property
    def rabbitmq(self):
        return self._get("rabbitmq", lambda: RabbitMQ().start())

    def start_all(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for future in [pool.submit(getattr, self, name)
                           for name in ("rabbitmq", "postgres")]:
                future.result()
        self.redis.answers()  # from this thread: a Process ends with the thread that started it
        self.make_template()
        return self

    def heal(self):
        """Starts again what a test has left dead."""
        for server in self.started.values():
            if not server.is_running():
                server.start()

    def renew_broker(self):
        """
        Instead of a broker whose quorum queues did not outlive what a test did to it: one has been
        seen that ran, answered, and ended every publication with an internal error.
        """
        rabbitmq = self.rabbitmq
        try:
            wait_for("the broker takes a message", rabbitmq.takes_messages, timeout=20)
        except AssertionError:
            print(rabbitmq.last_words(), file=sys.stderr)
            rabbitmq.stop(signal.SIGKILL)
            rabbitmq.forget()
            rabbitmq.start()

    def make_template(self):
        if self.has_template:
            return
        self.postgres.create_database(self.template)
        self.postgres.execute(f"ALTER DATABASE {self.template} OWNER TO tidemark_migrate")
        run_program("tidemark-migrate", {
            "DATABASE_URL": self.postgres.url(self.template, "tidemark_migrate")}, "up")
        self.has_template = True

    def virtual_host(self, name):
        return VirtualHost(self.rabbitmq, name)

    def stop(self):
        for server in self.started.values():
            self.forgive(server.remove)

    @staticmethod
    def forgive(act):
        """Cleaning up goes on: a server may be down because a test left it so."""
        try:
            act()
        except Exception as error:  # whatever it is, the rest must be cleaned up too
            print(f"while cleaning up: {error!r}", file=sys.stderr)


def start_postgres():
    server = PostgresServer(POSTGRES_SETTINGS)
    try:
        server.start()
        passwords = {f"{role}_password": "secret"
                     for role in ("migrate", "worker", "scheduler", "api", "operator")}
        server.run_file(ROOT / "schema/server.sql", **passwords)
    except BaseException:
        server.remove()
        raise
    return server
