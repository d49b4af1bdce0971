"""A private Redis on a free loopback port. Tests get a numbered database each."""
import itertools
import pathlib
import shutil
import signal
import tempfile

import redis

from ports import free_port
from process import Process
from waiting import wait_for

DATABASES = 1024


class Redis:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-redis-"))
        self.port = free_port()
        self.process = None
        self.numbers = itertools.cycle(range(1, DATABASES))

    def start(self):
        self.process = Process("redis", [
            "redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", self.directory,
            "--save", "", "--appendonly", "no", "--databases", DATABASES,
            "--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"], self.directory / "log")
        wait_for(lambda: f"Redis answers: {self.process.text()[-2000:]}", self.answers)
        return self

    def is_running(self):
        return self.process.is_running()

    def answers(self):
        self.process.must_run()
        try:
            return self.connect(0).ping()
        except redis.exceptions.RedisError:
            return False

    def stop(self, how=signal.SIGTERM):
        """Nothing is saved: it comes back empty."""
        self.process.signal(how)
        self.process.wait()
        self.process.kill()

    def restart(self, how=signal.SIGKILL):
        self.stop(how)
        return self.start()

    def remove(self):
        if self.process:
            self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, number):
        return redis.Redis(host="127.0.0.1", port=self.port, db=number, socket_timeout=5)

    def url(self, number):
        return f"redis://127.0.0.1:{self.port}/{number}"
