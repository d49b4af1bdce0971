"""For benchmarks of a worker: private engines, nginx in the provider's place, and a worker with one child. One durable PostgreSQL
(fsync on), so that a commit costs what it costs in life."""
import io
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system")]
os.environ.setdefault("TIDEMARK_BUILD", str(ROOT / "build-release"))

import services as service_module  # noqa: E402  (the path must be set first)
from ports import free_port  # noqa: E402
from programs import Program  # noqa: E402
from waiting import accepts, wait_for  # noqa: E402

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

NGINX = """
worker_processes 1; daemon off; master_process off; pid {dir}/pid; error_log {dir}/error;
events {{ worker_connections 64; }}
http {{
  access_log off; tcp_nodelay on; keepalive_timeout 75; keepalive_requests 1000000;
  default_type application/json;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; root {dir}; {location} }}
}}
"""


def start_nginx(directory, location):
    """Serves the files of a directory; returns (process, url)."""
    port = free_port()
    (directory / "conf").write_text(NGINX.format(dir=directory, port=port, location=location))
    os.chmod(directory, 0o755)
    process = subprocess.Popen(["nginx", "-p", directory, "-c", directory / "conf", "-e", directory / "error"])
    wait_for("nginx", lambda: accepts(port))
    return process, f"http://127.0.0.1:{port}"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


class WorkerBench:
    """start_engines(), start_worker(), then any number of do(); stop() in any case."""

    def __init__(self, directory):
        self.directory = directory
        service_module.POSTGRES_SETTINGS = "shared_buffers = 512MB\nmax_wal_size = 8GB\nautovacuum = off\n" \
            "track_commit_timestamp = on\n"
        self.services = service_module.Services()
        self.worker = self.connection = None

    def start_engines(self):
        self.services.start_all()
        self.postgres = self.services.postgres
        self.postgres.create_database("bench", self.services.template)
        self.vhost = self.services.virtual_host("bench")
        self.vhost.create()
        self.connection = self.postgres.connect("bench")
        self.run("CREATE EXTENSION pgstattuple")

    def run(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def start_worker(self, source, **settings):
        """One child, for one source."""
        self.worker = Program("tidemark-worker", self.directory, {
            "DATABASE_URL": self.postgres.url("bench", "tidemark_worker_login"), "RABBITMQ_URL": self.vhost.url,
            "ALLOW_PRIVATE_UPSTREAM": "true", "UPSTREAM_BUDGET_PERCENT": "1000000", "LOG_LEVEL": "info",
            "WORKERS": f"{source}=1", **settings})
        self.vhost.wait_queue(f"jobs.{source}")

    def do(self, job, rows, records_a_row=1):
        """From the claim of a job to its last commit: (rows a second, child's CPU, server's CPU, seconds)."""
        before = self.cpu()
        self.vhost.publish(job)
        found = wait_for(lambda: self.worker.text()[-2000:], lambda: self.run(
            "SELECT status, records, extract(epoch FROM pg_xact_commit_timestamp(xmin) - started_at)::float8 FROM runs"
            " WHERE job_id = %s AND status NOT IN ('running', 'waiting')", job["job_id"]), 60, 0.02)
        status, records, seconds = found[0]
        assert (status, records) == ("ok", rows * records_a_row), (found, self.worker.text()[-2000:])
        return rows / seconds, *(b - a for a, b in zip(before, self.cpu())), seconds

    def cpu(self):
        """Of the child and of its server process; of the idle ones there is none to speak of."""
        backends = [row[0] for row in self.run(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tidemark-worker'")]
        return sum(map(cpu_seconds, self.worker.children())), sum(map(cpu_seconds, backends))

    def copy(self, statement, text, rows):
        """(rows a second, server's CPU)"""
        backend = self.run("SELECT pg_backend_pid()")[0][0]
        before, since = cpu_seconds(backend), time.monotonic()
        with self.connection.cursor() as cursor:
            cursor.copy_expert(statement, io.StringIO(text))
        return rows / (time.monotonic() - since), cpu_seconds(backend) - before

    def dead_rows(self, tables):
        """Of tables whose names match a pattern of SIMILAR TO, counted: statistics come late."""
        return self.run("SELECT coalesce(sum(d.dead_tuple_count), 0)::integer FROM pg_class c, pgstattuple(c.oid) AS d"
                        " WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relname SIMILAR TO %s", tables)[0][0]

    def stop(self):
        if self.worker:
            self.worker.stop()
        if self.connection:
            self.connection.close()
        self.services.stop()
