"""A private PostgreSQL for tests: loopback, a free port, its own directory, gone afterwards.

    with postgres_server() as server:
        url = server.create_database()        # superuser url of a new, empty database
"""
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2

from ports import free_port
from scratch import make_directory

SETTINGS = """
listen_addresses = '127.0.0.1'
shared_buffers = 128MB
max_wal_size = 256MB
max_connections = 100
max_locks_per_transaction = 256
jit = off
log_min_messages = warning
log_line_prefix = '%m [%p] %a '
"""


def programs():
    """The newest installed PostgreSQL's directory of programs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max(versions, key=lambda path: int(path.parent.parent.name)).parent


def as_server_user():
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


class PostgresServer:
    """One running cluster; every test takes a database of its own in it."""

    def __init__(self, settings=""):
        self.directory = make_directory("tmpg-")
        self.data = self.directory / "data"
        self.port = free_port()
        self.names = itertools.count(1)
        self.extra_settings = settings
        os.chmod(self.directory, 0o755)
        self.data.mkdir(mode=0o700)
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            shutil.chown(self.data, "postgres", "postgres")

    def run(self, program, *arguments, check=True):
        return subprocess.run([*as_server_user(), programs() / program, *arguments], cwd="/", check=check,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    def start(self):
        if not (self.data / "PG_VERSION").exists():
            self.run("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                     "--auth=trust", "--no-sync")
            with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
                conf.write(SETTINGS + f"port = {self.port}\nunix_socket_directories = '{self.directory}'\n"
                           + self.extra_settings)
        # After a SIGKILL the children hold the old shared memory for a moment longer.
        for attempts_left in reversed(range(50)):
            done = self.run("pg_ctl", "-D", self.data, "-l", self.directory / "log", "-w", "-t", "30",
                            "start", check=attempts_left == 0)
            if done.returncode == 0:
                return
            time.sleep(0.1)

    def pid(self):
        """Of the postmaster: what its file says, which outlives a killed one."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def is_running(self):
        try:
            os.kill(self.pid(), 0)
        except (FileNotFoundError, ProcessLookupError):
            return False
        return True

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    def kill(self):
        """What a power cut does to it: SIGKILL, to the postmaster only; its children notice."""
        os.kill(self.pid(), signal.SIGKILL)

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database="postgres", user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres", user="postgres"):
        """psycopg2, each statement its own transaction."""
        connection = psycopg2.connect(self.url(database, user), connect_timeout=5)
        connection.autocommit = True
        return connection

    def execute(self, statement, database="postgres"):
        with contextlib.closing(self.connect(database)) as connection:
            connection.cursor().execute(statement)

    def create_database(self, name=None, template="template0"):
        name = name or f"test_{os.getpid()}_{next(self.names)}"
        # Copying the files is less work than writing what is in them to the log, too.
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def drop_database(self, name):
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run_file(self, path, **variables):
        """A psql script, as the superuser."""
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        subprocess.run(["psql", "-X", "-q", *words, "-f", str(path), self.url()], check=True,
                       capture_output=True)

    def restart(self, mode="immediate"):
        self.stop(mode)
        self.start()


@contextlib.contextmanager
def postgres_server(settings=""):
    server = PostgresServer(settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()
