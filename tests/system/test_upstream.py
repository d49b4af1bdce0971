"""What workers share in Redis of each provider: the script against a real server, and beside it
what a host that is alone decides, which is to be the same."""
import concurrent.futures
import random
import signal
import subprocess
import threading
import time

import pytest

from programs import ROOT, base_environment, build_directory
from redis_server import Redis
from waiting import wait_for

SCRIPT = (ROOT / "common/upstream.lua").read_text()
CLOCK = "local time = redis.call('TIME')"
SECOND = 1_000_000


@pytest.fixture(scope="module")
def server():
    redis = Redis().start()
    try:
        yield redis
    finally:
        redis.remove()


@pytest.fixture
def client(server):
    connection = server.connect(1)
    connection.flushdb()
    return connection


class Upstream:
    """The script as upstream.c calls it; with a clock of the test's own if it is given a time."""

    def __init__(self, client, bucket="free"):
        self.client, self.bucket = client, bucket
        assert CLOCK in SCRIPT
        self.script = client.register_script(SCRIPT)
        self.timed = client.register_script(
            SCRIPT.replace(CLOCK, "local given = table.remove(ARGV)\nlocal time = "
                                  "{math.floor(given / 1000000), given % 1000000}"))

    def run(self, *arguments, now_us=None):
        keys = ["up:{test}", f"up:{{test}}:{self.bucket}"]
        if now_us is None:
            return self.script(keys, arguments)
        return self.timed(keys, [*arguments, now_us])

    def ask(self, name, budget=480, weight=1, backfill=0, again=0, memory=(0, 0, 0, 0), now_us=None):
        word, wait_ms, _ = self.run("ask", name, self.bucket, budget, weight, backfill, again, *memory,
                                    now_us=now_us)
        return word.decode(), wait_ms

    def report(self, name, result="good", cooldown_ms=0, left=-1, budget=480, open_ms=15000, number=0.5,
               now_us=None):
        self.run("report", name, budget, result, cooldown_ms, left, open_ms, number, now_us=now_us)

    def show(self, now_us=None):
        names = ("breaker open_until_ms cooldown_until_ms budget tokens in_flight granted cooldown breaker_refused"
                 " budget_refused limited failed opened retried postponed").split()
        found = self.run("show", now_us=now_us)
        return dict(zip(names, [found[0].decode(), *found[1:]])) if found else None


class Probe:
    """gate_probe: a line in, a line out."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([build_directory() / "tests/system/gate_probe", *arguments], text=True,
                                        bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=base_environment())

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        return self.process.stdout.readline().split()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0


@pytest.fixture
def probe():
    probes = []

    def start(*arguments):
        probes.append(Probe(*arguments))
        return probes[-1]

    yield start
    for each in probes:
        each.end()


# The script and its twin.

def random_step(numbers, flying):
    """What a caller does next: who it is, and a report if its call is on its way."""
    caller = numbers.randrange(8)
    if caller in flying and numbers.random() < 0.95:
        result = numbers.choices(["good", "failed", "limited", "nothing"], [60, 35, 3, 2])[0]
        left = numbers.choice([-1, -1, -1, numbers.randrange(100)])
        return caller, ("report", result, numbers.randrange(1, 20000), left)
    return caller, ("ask", numbers.choice([1, 1, 2, 40]), numbers.randrange(2), numbers.randrange(2))


@pytest.mark.parametrize("budget", [1, 10, 30, 480, 4800])
def test_a_host_that_is_alone_decides_like_the_script(client, probe, budget):
    """The same calls at the same moments, thousands of them, with the same answers."""
    numbers, shared, alone = random.Random(budget), Upstream(client), probe("state")
    now_us, flying, words = 1_800_000_000 * SECOND, set(), set()
    for step in range(3000):
        now_us += int(numbers.expovariate(1) * numbers.choice([0.01, 0.3, 3]) * SECOND)
        caller, (act, *what) = random_step(numbers, flying)
        if act == "report":
            result, cooldown_ms, left = what
            number = numbers.random()
            shared.report(caller, result, cooldown_ms, left, budget, 1500, number, now_us=now_us)
            alone.say("report", caller, budget, result, cooldown_ms, left, 1500, number, now_us)
            flying.discard(caller)
            if result == "failed":
                soon = shared.run("retry", now_us=now_us)
                assert alone.say("retry", now_us) == [str(soon)], step
            continue
        word, wait_ms = shared.ask(caller, budget, *what, now_us=now_us)
        other, other_ms = alone.say("ask", caller, budget, *what, now_us)
        assert (word, step) == (other, step)
        assert abs(wait_ms - int(other_ms)) <= 1, step
        words.add(word)
        if word == "granted":
            flying.add(caller)
    assert words == {"granted", "cooldown", "breaker", "budget"} or budget < 30  # too few calls


# The bucket.

def test_many_clients_at_once_never_exceed_burst_and_flow(server, client):
    """Any window of t seconds has at most a tenth of the budget and what flows in meanwhile."""
    budget, granted, lock = 1200, [], threading.Lock()
    end = time.monotonic() + 4

    def hammer(name):
        upstream = Upstream(server.connect(1))
        while time.monotonic() < end:
            asked = time.monotonic()
            word, wait_ms = upstream.ask(name, budget)
            if word == "granted":
                with lock:
                    granted.append((asked, time.monotonic()))  # it was granted between these two
                upstream.report(name, budget=budget)
            else:
                time.sleep(wait_ms / 1000)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(hammer, f"client-{i}") for i in range(8)]:
            future.result()
    granted.sort()
    for first, (begin, _) in enumerate(granted):
        for count, end in enumerate(sorted(answered for _, answered in granted[first:]), 1):
            assert count <= budget * (0.1 + 0.9 * (end - begin) / 60) + 1, "so many within these seconds"
    assert len(granted) > budget * 0.9 * 4 / 60 * 0.7
    assert Upstream(client).show()["granted"] == len(granted)


def test_live_work_has_a_reserve(client):
    upstream, now_us = Upstream(client), 1_800_000_000 * SECOND
    upstream.ask("a", now_us=now_us)
    now_us += 3600 * SECOND
    taken = 0
    while upstream.ask("backfill", backfill=1, now_us=now_us)[0] == "granted":
        upstream.report("backfill", now_us=now_us)
        taken += 1
    assert taken == 38
    assert upstream.ask("live", now_us=now_us)[0] == "granted"


def test_a_clock_that_steps_back_gives_and_takes_nothing(client):
    upstream, now_us = Upstream(client), 1_800_000_000 * SECOND
    upstream.ask("a", now_us=now_us)
    upstream.report("a", "limited", 20_000, now_us=now_us)
    back_us = now_us - 3600 * SECOND
    assert upstream.ask("a", now_us=back_us) == ("cooldown", 20_001)
    shown = upstream.show(now_us=back_us)
    assert shown["cooldown_until_ms"] == (back_us + 20 * SECOND) // 1000
    assert upstream.ask("a", now_us=back_us + 21 * SECOND)[0] == "granted"


def test_each_key_has_a_bucket_of_its_own_and_all_one_cooldown(client):
    free, paid = Upstream(client), Upstream(client, "0123456789ab")
    now_us = 1_800_000_000 * SECOND
    free.ask("a", 30, now_us=now_us)
    paid.ask("b", 3000, now_us=now_us)
    now_us += 60 * SECOND
    for _ in range(3):
        assert free.ask("a", 30, now_us=now_us)[0] == "granted"
        free.report("a", budget=30, now_us=now_us)
    assert free.ask("a", 30, now_us=now_us)[0] == "budget"
    assert paid.ask("b", 3000, now_us=now_us)[0] == "granted"
    paid.report("b", "limited", 5000, budget=3000, now_us=now_us)
    assert free.ask("a", 30, now_us=now_us)[0] == "cooldown"


# The breaker.

def test_one_probe_goes_out_among_eight_and_a_lost_one_is_followed_by_another(client):
    upstream, now_us = Upstream(client), 1_800_000_000 * SECOND
    for _ in range(5):
        upstream.ask("a", 0, now_us=now_us)
        upstream.report("a", "failed", budget=0, now_us=now_us)
    assert upstream.ask("a", 0, now_us=now_us) == ("breaker", 15_001)
    assert upstream.show(now_us=now_us)["breaker"] == "open"
    now_us += 15 * SECOND
    assert upstream.show(now_us=now_us)["breaker"] == "half_open"
    for _ in range(3):  # nothing is heard of two of them
        words = [upstream.ask(f"child-{i}", 0, now_us=now_us)[0] for i in range(8)]
        assert sorted(words) == ["breaker"] * 7 + ["granted"]
        now_us += 60 * SECOND
    now_us -= 60 * SECOND
    upstream.report("child-0", "good", budget=0, now_us=now_us)
    assert upstream.show(now_us=now_us)["breaker"] == "closed"


# What is lost, and what is kept.

def test_what_a_host_remembers_comes_back_into_an_empty_redis(client):
    upstream, now_us = Upstream(client), 1_800_000_000 * SECOND
    assert upstream.ask("a", memory=(0, 9000, 0, 0), now_us=now_us) == ("cooldown", 9001)
    client.flushdb()
    assert upstream.ask("a", memory=(0, 0, 9000, 2), now_us=now_us) == ("breaker", 9001)
    client.flushdb()
    upstream.ask("a", now_us=now_us)
    now_us += 3600 * SECOND
    assert upstream.ask("a", memory=(0, 0, 0, 0, -4), now_us=now_us)[0] == "budget"


def test_a_reset_is_stronger_than_what_hosts_remember(client):
    upstream = Upstream(client)
    upstream.ask("a")
    upstream.report("a", "limited", 60_000)
    assert upstream.ask("a")[0] == "cooldown"
    assert upstream.run("reset") == 1
    assert upstream.ask("a", memory=(0, 60_000, 0, 0))[0] != "cooldown"


def test_every_key_is_of_one_slot_and_expires(client):
    upstream = Upstream(client)
    upstream.ask("a")
    upstream.report("a", "limited", 3 * 86_400_000)
    assert sorted(client.keys()) == [b"up:{test}", b"up:{test}:free"]
    assert client.pttl("up:{test}") > 3 * 86_400_000
    assert 0 < client.pttl("up:{test}:free") <= 86_400_000


# The waiting way to Redis.

def test_it_never_waits_long_and_comes_back_by_itself(probe):
    redis = Redis().start()
    try:
        link = probe("redis", redis.url(1))
        assert link.say("show", "test")[0] == "unknown"
        redis.connect(0).script_flush()
        assert link.say("reset", "test")[0] == "ok"  # by EVAL
        redis.process.signal(signal.SIGSTOP)
        answers = [link.say("show", "test") for _ in range(20)]
        redis.process.signal(signal.SIGCONT)
        assert {answer[0] for answer in answers} == {"redis.away"}
        assert sum(int(answer[1]) for answer in answers) < 20 * 50  # most are not even tried
        wait_for("it is back", lambda: link.say("show", "test")[0] == "unknown")
        redis.stop(signal.SIGKILL)
        assert link.say("show", "test")[0] == "redis.away"
        redis.start()
        wait_for("it is back", lambda: link.say("show", "test")[0] == "unknown")
    finally:
        redis.remove()


def test_a_connection_that_was_closed_meanwhile_is_not_an_outage(server, client, probe):
    """Redis was started again, or a proxy gave up an idle connection: the next call makes a new one."""
    link = probe("redis", server.url(1))
    for _ in range(5):
        assert link.say("show", "test")[0] == "unknown"
        client.client_kill_filter(_type="normal", skipme=True)


def test_a_password_that_is_wrong_is_said_without_it(server, client, probe):
    client.config_set("requirepass", "right")
    try:
        link = probe("redis", f"redis://:canary-4711@127.0.0.1:{server.port}/1")
        assert link.say("show", "test")[0] == "redis.away"
        link = probe("redis", f"redis://:right@127.0.0.1:{server.port}/1")
        assert link.say("show", "test")[0] == "unknown"
    finally:
        client.config_set("requirepass", "")
