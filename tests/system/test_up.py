"""scripts/up and scripts/down, as a newcomer runs them, in a copy of the tree."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from programs import build_directory
from waiting import wait_for

pytestmark = pytest.mark.xdist_group("up")  # one installation for all of them
ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("coingecko", "coinmarketcap", "coinpaprika", "binance", "coinbase", "kraken", "csv")
ASSETS = {"bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin"}


def is_running(pid):
    """A zombie is not: in a container nobody may be there to reap it."""
    try:
        return pathlib.Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Installation:
    def __init__(self, folder):
        self.folder = folder
        self.environment = dict(os.environ, TIDEMARK_BUILD=str(build_directory()), ASAN_OPTIONS="detect_leaks=0")
        self.environment.pop("TIDEMARK_PORT", None)

    def script(self, name, *arguments):
        done = subprocess.run([self.folder / "scripts" / name, *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def variables(self):
        """What `. .run/env` gives a shell."""
        printed = subprocess.run(["bash", "-c", ". .run/env && env -0"], cwd=self.folder, text=True, check=True,
                                 capture_output=True).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if line)

    def get(self, path):
        """Beyond the limit, which is that of a newcomer, it waits as long as it is told."""
        while True:
            try:
                with urllib.request.urlopen(self.variables()["TIDEMARK_URL"] + path, timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as refusal:
                if refusal.code != 429:
                    raise
                time.sleep(int(refusal.headers["Retry-After"]))

    def processes(self):
        """Pids of everything whose command line or working directory lies in this copy."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                place = os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(self.folder) in command or place.startswith(str(self.folder)):
                found.append(f"{entry.name} {command}")
        return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up") / "tidemark"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".run", "build*", "__pycache__"))
    running = Installation(folder)
    try:
        running.printed = running.script("up", "--replay", "--seed-days", "3")
        yield running
    finally:
        running.script("down", "--delete-data")


def test_it_prints_the_prices_and_says_that_they_are_not_real(installation):
    for asset in ASSETS:
        assert f"\n{asset} " in installation.printed
    assert "REPLAY" in installation.printed
    assert installation.get("/health")["data_mode"] == "replay"


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_rows_and_a_line(installation, source):
    rows = installation.get(f"/data?source={source}&page_size=5")
    assert rows["metadata"]["total_count"] > 0 and len(rows["data"]) > 0
    assert {row["source"] for row in rows["data"]} == {source}
    assert all(row["current_price"] > 0 for row in rows["data"])
    [line] = [line.split() for line in installation.printed.splitlines() if line.startswith(source + " ")]
    assert int(line[1]) > 0 and line[4] in ("usd", "usdt"), line


def test_it_collects_as_many_days_as_were_asked_for(installation):
    assert "lookback: 3d" in (installation.folder / ".run/schedules.yml").read_text(encoding="utf-8")
    path = "/market_chart?asset=bitcoin&currency=usd&days=30&interval=hourly&source=coinbase"

    def served_days():
        times = [time for time, _ in installation.get(path)["prices"]]
        return (max(times, default=0) - min(times, default=0)) / 86_400_000

    wait_for(lambda: f"three days, not {served_days()}", lambda: served_days() > 2.8, timeout=90, pause=2)
    assert served_days() <= 3.1


def test_prices_and_hourly_history_are_served_through_the_balancer(installation):
    prices = installation.get("/simple_price?assets=bitcoin,ethereum&currencies=usd")
    assert all(prices[asset]["usd"] > 0 for asset in ("bitcoin", "ethereum"))
    chart = installation.get("/market_chart?asset=bitcoin&currency=usd&days=2&interval=hourly")
    times = [time for time, _ in chart["prices"]]
    assert times == sorted(set(times)) and 40 <= len(times) <= 49


def test_the_key_it_made_opens_the_bytes_behind_a_price(installation):
    variables = installation.variables()
    payload = installation.get("/api/v1/lineage?asset=bitcoin&currency=usd&source=coingecko")["payload"]
    request = urllib.request.Request(variables["TIDEMARK_URL"] + payload["download"],
                                     headers={"X-API-Key": variables["ADMIN_API_KEY"]})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == payload["sha256"] == answer.headers["X-Payload-Sha256"]
    assert (installation.folder / ".run" / "env").stat().st_mode & 0o777 == 0o600


def test_starting_again_changes_nothing_that_runs(installation):
    before = installation.variables()["PIDS"]
    installation.script("up", "--replay")
    assert installation.variables()["PIDS"] == before


def test_stopping_leaves_no_process_and_the_data_is_found_again(installation):
    pids = installation.variables()["PIDS"].split()
    rows = installation.get("/data?source=coingecko&page_size=1")["metadata"]["total_count"]
    installation.script("down")
    assert [pid for pid in pids if is_running(pid)] == []
    assert installation.processes() == []
    installation.script("up", "--replay")
    assert installation.get("/data?source=coingecko&page_size=1")["metadata"]["total_count"] >= rows


def test_a_wrong_option_is_refused_by_name(installation):
    done = subprocess.run([installation.folder / "scripts" / "up", "--seed-days", "x"], text=True, capture_output=True)
    assert done.returncode == 2 and "--seed-days takes a number of days" in done.stderr
