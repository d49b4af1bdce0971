"""
PostgreSQL, Redis and RabbitMQ in every bad state, one by one and together, for one API that reaches them through proxies: it
answers what it can and at once, says so, and is itself again within five seconds.
"""
import contextlib
import itertools
import socketserver
import threading
import time

import pytest

from market_rows import MarketRows
from test_api import metric
from tcp_proxy import TcpProxy
from tidemark import Tidemark
from waiting import wait_for

pytestmark = pytest.mark.xdist_group("parts_away")

CACHED = "/simple_price?assets=bitcoin&currencies=usd"
HEALTHY = {"status": "healthy", "database": "connected", "redis": "connected", "rabbitmq": "connected"}
AT_ONCE_S = 0.1  # of the best of several: a busy machine may delay one, not all
BACK_S = 5
CURRENCIES = ("eur", "gbp", "jpy", "chf", "cad", "aud", "nzd", "cny", "hkd", "sgd", "krw", "inr")


class Saying(socketserver.BaseRequestHandler):
    """Answers each command with the same error, as a Redis does that cannot work."""
    def handle(self):
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                commands = sum(line.startswith(b"*") for line in data.split(b"\r\n"))
                self.request.sendall(self.server.error * commands)


@contextlib.contextmanager
def redis_that_says(error):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Saying) as server:
        server.daemon_threads = True
        server.error = error
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address
        server.shutdown()


@pytest.fixture(scope="module")
def parts(services, tmp_path_factory, replay_server):
    """A proxy before each engine, rows, and an API that knows the price of bitcoin."""
    system = Tidemark(services, "parts_away", tmp_path_factory.mktemp("parts_away"), replay_server)
    proxies = {}
    try:
        system.create()
        system.add_coins(("bitcoin",))
        rows = MarketRows(system)
        rows.set_price("bitcoin", "usd", "64123.5", announce=False)
        environment = system.environment("api")
        for name, setting, port in (("postgres", "DATABASE_URL", system.postgres.port), ("redis", "REDIS_URL", system.redis.port),
                                    ("broker", "RABBITMQ_URL", services.rabbitmq.port)):
            proxies[name] = TcpProxy(port).start()
            system.settings[setting] = environment[setting].replace(str(port), str(proxies[name].port))
        system.settings.update(RATE_LIMIT_PER_MINUTE="10000000", ON_DEMAND_PER_MINUTE="0")
        proxies["api"] = system.start_api()
        proxies["rows"] = rows
        # Each is asked once: nobody has it cached.
        proxies["fresh"] = (f"{CACHED},{','.join(others)}" for others in itertools.combinations(CURRENCIES, 2))
        yield proxies
    finally:
        for name in ("postgres", "redis", "broker"):
            if name in proxies:
                proxies[name].stop()
        system.remove()


def wait_health(api, wanted, timeout=15):
    def matches():
        found = api.get("/health").json()
        return all(found[key] == value for key, value in wanted.items())
    wait_for(lambda: f"{wanted} in {api.get('/health').text}", matches, timeout)


def timed(api, path):
    started = time.monotonic()
    answer = api.get(path)
    return answer, time.monotonic() - started


def all_at_once(api, paths, status=200):
    """Each answer is right and the best of them came at once; none took longer than a client waits."""
    answers = [timed(api, path) for path in paths]
    assert {answer.status_code for answer, _ in answers} == {status}, [answer.text for answer, _ in answers]
    assert status != 200 or {answer.json()["bitcoin"]["usd"] for answer, _ in answers} == {64123.5}
    assert min(took for _, took in answers) < AT_ONCE_S and max(took for _, took in answers) < 2, [took for _, took in answers]
    return [answer for answer, _ in answers]


def take(paths, count=4):
    return [next(paths) for _ in range(count)]


@contextlib.contextmanager
def back_within_five_seconds(parts):
    wait_health(parts["api"], HEALTHY)
    assert parts["api"].get(CACHED).json()["bitcoin"]["usd"] == 64123.5
    try:
        yield
    finally:
        for name in ("postgres", "redis", "broker"):
            parts[name].pass_through()
    wait_health(parts["api"], HEALTHY, BACK_S)
    wait_for("an answer that nobody had", lambda: parts["api"].get(next(parts["fresh"])).status_code == 200, BACK_S)


REDIS_STATES = [("silent", None, 0), ("five seconds late", None, 5),
                ("loading", b"-LOADING Redis is loading the dataset in memory\r\n", 0),
                ("out of memory", b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", 0),
                ("read only", b"-READONLY You can't write against a read only replica.\r\n", 0)]


@pytest.mark.parametrize("state, error, delay", REDIS_STATES, ids=[state for state, _, _ in REDIS_STATES])
def test_with_a_redis_that_is_no_help(parts, state, error, delay):
    """All reads are right: from memory, and from PostgreSQL what is not there."""
    api, redis = parts["api"], parts["redis"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(back_within_five_seconds(parts))
        if error:
            real, redis.target = redis.target, stack.enter_context(redis_that_says(error))[::-1]
            stack.callback(redis.cut)
            stack.callback(setattr, redis, "target", real)
            redis.cut()
        elif delay:
            redis.delay(delay)
        else:
            redis.black_hole()
        timed(api, next(parts["fresh"]))  # finds out
        all_at_once(api, [CACHED] * 4)
        all_at_once(api, take(parts["fresh"]))
        if not error:
            wait_health(api, {"status": "degraded", "redis": "disconnected", "database": "connected"}, BACK_S)


@pytest.mark.parametrize("state", ["silent", "cut off"])
def test_without_postgresql(parts, state):
    """What is known is served and says how old it is; what is not is refused at once; the process is well."""
    api, postgres = parts["api"], parts["postgres"]
    with back_within_five_seconds(parts):
        if state == "silent":
            postgres.black_hole()
        else:
            postgres.refuse()
            postgres.cut()
        timed(api, next(parts["fresh"]))  # finds out
        wait_health(api, {"status": "unhealthy", "database": "disconnected", "redis": "connected"}, BACK_S)
        all_at_once(api, [CACHED] * 4)
        for answer in all_at_once(api, take(parts["fresh"], 6), 503):
            assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["code"]
        for path in ("/livez", "/readyz", "/metrics", "/"):
            assert api.get(path).status_code == 200
        assert api.get("/health").status_code == 503
        parts["rows"].announce(10 ** 12, prices=["bitcoin/usd"])
        stale = wait_for("the change that cannot be read", lambda: (
            lambda answer: "111" in answer.headers.get("Warning", "") and answer)(api.get(CACHED)), BACK_S)
        assert stale.json()["bitcoin"]["usd_stale"] is True


def test_without_rabbitmq(parts):
    """Reads are what the database says, a second late at most, because nobody tells of changes."""
    api, rows = parts["api"], parts["rows"]
    with back_within_five_seconds(parts):
        parts["broker"].refuse()
        parts["broker"].cut()
        wait_health(api, {"status": "degraded", "rabbitmq": "disconnected", "database": "connected"}, BACK_S)
        rows.set_price("bitcoin", "usd", "64124.5", announce=False)
        wait_for("the new price", lambda: api.get(CACHED).json()["bitcoin"]["usd"] == 64124.5, 2.5)
        rows.set_price("bitcoin", "usd", "64123.5", announce=False)
        wait_for("the newer price", lambda: api.get(CACHED).json()["bitcoin"]["usd"] == 64123.5, 2.5)
        all_at_once(api, take(parts["fresh"], 2))


def test_without_any_of_them(parts):
    api = parts["api"]
    with back_within_five_seconds(parts):
        for name in ("postgres", "redis", "broker"):
            parts[name].refuse()
            parts[name].cut()
        wait_health(api, {"status": "unhealthy", "database": "disconnected", "redis": "disconnected", "rabbitmq": "disconnected"},
                    BACK_S)
        for answer in all_at_once(api, [CACHED] * 4):
            assert int(answer.headers["Age"]) >= 0
        all_at_once(api, take(parts["fresh"], 4), 503)
        assert [api.get(path).status_code for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]


def test_a_flushed_redis_costs_no_wrong_answer_and_no_more_readings_than_changes(tidemark):
    """Two replicas, readers, a price that only rises, and a Redis that forgets everything again and again."""
    rows, rounds = MarketRows(tidemark), 12
    tidemark.add_coins(("bitcoin",))
    rows.set_price("bitcoin", "usd", "1", announce=False)
    tidemark.settings["RATE_LIMIT_PER_MINUTE"] = "10000000"
    replicas = [tidemark.start_api(), tidemark.start_api()]
    store, stop, seen = tidemark.redis.connect(tidemark.redis_number), threading.Event(), [[], []]

    def read(api, prices):
        while not stop.is_set():
            prices.append(api.get(CACHED).json()["bitcoin"]["usd"])

    readers = [threading.Thread(target=read, args=pair) for pair in zip(replicas, seen)]
    for reader in readers:
        reader.start()
    try:
        for price in range(2, rounds + 2):
            store.flushdb()
            rows.set_price("bitcoin", "usd", str(price))
            store.flushdb()
            for api in replicas:
                wait_for(f"{price} on both", lambda api=api: api.get(CACHED).json()["bitcoin"]["usd"] == price, 3)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    for prices in seen:
        assert prices == sorted(prices), "never an older one after a newer one"
    # A change is read once by each replica, and once more where a reader overtook it.
    assert sum(metric(api, "api_database_reads_total") for api in replicas) <= 2 * 2 * (rounds + 1)
