"""Starts the replay server and tells it what to do."""
import pathlib
import tempfile

import requests

from process import Process
from waiting import wait_for

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "replay" / "replay"


class Replay:
    """See `tests/replay/replay --help` for what it can do."""

    def __init__(self, directory=None, seed=1, now_ms=None, offset_ms=0):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="tidemark-replay-"))
        self.seed, self.now_ms, self.offset_ms = seed, now_ms, offset_ms
        self.process, self.port = None, 0
        self.session = requests.Session()
        self.session.trust_env = False

    def start(self):
        port_file = self.directory / "port"
        port_file.unlink(missing_ok=True)
        command = [PROGRAM, "--port", self.port, "--seed", self.seed, "--port-file", port_file,
                   "--offset-ms", self.offset_ms]
        if self.now_ms is not None:
            command += ["--now-ms", self.now_ms]
        self.process = Process("replay", command, self.directory / "replay.log")
        wait_for(lambda: f"the replay server is ready: {self.process.text()}",
                 lambda: self.process.must_run() and port_file.exists())
        self.port = int(port_file.read_text())
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def environment(self):
        """The settings by which the programs find it."""
        return {"COINGECKO_BASE_URL": f"{self.url}/coingecko/api/v3",
                "BINANCE_BASE_URL": f"{self.url}/binance",
                "COINBASE_BASE_URL": f"{self.url}/coinbase",
                "COINMARKETCAP_BASE_URL": f"{self.url}/coinmarketcap",
                "COINMARKETCAP_API_KEY": "replay",
                "COINPAPRIKA_BASE_URL": f"{self.url}/coinpaprika/v1",
                "KRAKEN_BASE_URL": f"{self.url}/kraken",
                "ALLOW_PRIVATE_UPSTREAM": "true", "DATA_MODE": "replay"}

    def get(self, path, **options):
        return self.session.get(self.url + path, timeout=30, **options)

    def control(self, method, path, value=None):
        answer = self.session.request(method, f"{self.url}/control/{path}", json=value, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rule(self, **wanted):
        """Adds a rule (tests/replay/rules.py); returns its id."""
        return self.control("POST", "rules", wanted)["ids"][0]

    def remove_rules(self, number=None):
        self.control("DELETE", "rules" if number is None else f"rules/{number}")

    def rules(self):
        return self.control("GET", "rules")

    def requests(self, source=None, after=0):
        """What was asked so far, oldest first."""
        wanted = f"requests?after={after}" + (f"&source={source}" if source else "")
        return self.control("GET", wanted)["requests"]

    def counts(self):
        return self.control("GET", "requests?counts=1")["counts"]

    def forget(self):
        """What it was told and asked so far."""
        self.control("POST", "forget")

    def set_clock(self, **clock):
        return self.control("POST", "clock", clock)["now_ms"]

    def stop(self):
        if self.process:
            self.process.kill()
        self.session.close()
