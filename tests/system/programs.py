"""Starts Tidemark's own programs and reads their logs."""
import json
import os
import pathlib
import subprocess

import requests

from ports import free_port
from process import Process
from waiting import accepts, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATHS = {"tidemark-worker": "ingest/worker", "tidemark-scheduler": "ingest/scheduler",
         "tidemark-api": "api", "tidemark-migrate": "schema", "tidemarkctl": "ingest/ctl"}


def build_directory():
    return pathlib.Path(os.environ.get("TIDEMARK_BUILD") or ROOT / "build").resolve()


def program_path(name):
    return build_directory() / PATHS[name] / name


def base_environment():
    """What a program needs of ours; nothing of the machine's settings leaks into a test."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR")
            if name in os.environ}
    kept.update(ASAN_OPTIONS="abort_on_error=0:detect_leaks=1:exitcode=99",
                UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99",
                LSAN_OPTIONS="exitcode=99", LOG_LEVEL=os.environ.get("LOG_LEVEL", "debug"))
    return kept


class Program(Process):
    """A program whose standard error is a log of JSON lines."""

    def __init__(self, name, directory, env, arguments=(), label=None):
        label = label or name
        super().__init__(label, [program_path(name), *arguments],
                         pathlib.Path(directory) / f"{label}.log", env={**base_environment(), **env})

    def log(self, **wanted):
        """The log's entries that have these fields: log(event="ready")."""
        entries = []
        for line in self.text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and all(entry.get(key) == value
                                               for key, value in wanted.items()):
                entries.append(entry)
        return entries

    def wait_log(self, timeout=30, **wanted):
        """The first entry with these fields, once there is one."""
        return wait_for(lambda: f"{self.name} logs {wanted}:\n{self.text()[-4000:]}",
                        lambda: self.log(**wanted), timeout)[0]

    def children(self):
        """The pids of its child processes."""
        path = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children")
        try:
            return [int(word) for word in path.read_text().split()]
        except OSError:
            return []

    def check_sanitizers(self):
        """A sanitizer's report anywhere in the log fails the test."""
        text = self.text()
        for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:"):
            if mark in text:
                at = text.index(mark)
                raise AssertionError(f"{self.name}: {text[max(0, at - 200):at + 6000]}")


class Api(Program):
    def __init__(self, directory, env, label):
        self.port = free_port()
        super().__init__("tidemark-api", directory,
                         {**env, "API_LISTEN": f"127.0.0.1:{self.port}"}, label=label)
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path, **options):
        options.setdefault("timeout", 30)
        return self.session.get(self.url + path, **options)

    def wait_ready(self):
        def is_ready():
            self.must_run()
            return accepts(self.port) and self.get("/readyz").status_code == 200
        wait_for(lambda: f"{self.name} is ready:\n{self.text()[-4000:]}", is_ready)
        return self


def run_program(name, env, *arguments, timeout=60, check=True):
    """Runs a program to its end."""
    done = subprocess.run([program_path(name), *map(str, arguments)], capture_output=True,
                          env={**base_environment(), **env}, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"{name} {' '.join(map(str, arguments))} ended with {done.returncode}:"
                             f"\n{done.stdout}{done.stderr}")
    return done
