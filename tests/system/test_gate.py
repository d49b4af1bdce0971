"""The workers of a fleet keep to one budget, one cooldown and one breaker of each provider."""
import calendar
import json
import signal
import time

import pika
import pytest

from job_kinds import history, quote, slot
from replay.oracle import wait_quiescent
from waiting import wait_for


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(TIDEMARK_TIERS_MS="100,200,400,1500")
    return tidemark


def quotes(count, source="coinbase", symbol="BTC-USD"):
    return [quote(source, [symbol], slot(back=n + 10)) for n in range(count)]


def arrivals(system, source="coinbase"):
    """When the provider was asked, in seconds of its own clock."""
    return [entry["at_ms"] / 1000 for entry in system.replay.requests(source)]


def done(system):
    return system.query("SELECT count(*) FROM runs WHERE status = 'ok'")[0][0]


def check_pace(asked, budget, calls_more=0):
    """
    In any t seconds at most a tenth of the budget and what flows in meanwhile: so in 60 s all of it. A call may arrive
    half a second after it was granted, on a busy machine, and the next one at once.
    """
    for first in range(len(asked)):
        for last in range(first, len(asked)):
            most = budget * (0.1 + 0.9 * (asked[last] - asked[first] + 0.5) / 60) + calls_more
            assert last - first + 1 <= most + 1, (asked[first], asked[last])


def upstream_of(api, source):
    return api.get("/health").json()["etl_status"]["sources"][source]["upstream"]


def test_eight_workers_on_two_hosts_keep_to_one_budget(system):
    system.replay.rule(source="coinbase", every=3, delay_ms=700)
    for _ in range(2):
        system.start_worker("coinbase=4", COINBASE_RATE_LIMIT="240")
    system.vhost.publish(*quotes(80))
    wait_for("twenty seconds' worth of calls", lambda: done(system) >= 70, timeout=60)
    check_pace(arrivals(system), 240)


def test_redis_dies_and_comes_back_and_nothing_is_exceeded_or_lost(own_tidemark):
    own_tidemark.add_coins()
    own_tidemark.settings.update(TIDEMARK_TIERS_MS="100,200,400,1500")
    jobs = quotes(90)
    worker = own_tidemark.start_worker("coinbase=8", COINBASE_RATE_LIMIT="240")
    own_tidemark.vhost.publish(*jobs)
    wait_for("calls that Redis grants", lambda: done(own_tidemark) >= 20)
    own_tidemark.redis.stop(signal.SIGKILL)
    worker.wait_log(event="upstream.alone")
    wait_for("calls without it", lambda: done(own_tidemark) >= 50)
    own_tidemark.redis.start()
    worker.wait_log(event="upstream.shared")
    wait_for("all is done", lambda: done(own_tidemark) == 90, timeout=60)
    # A call that Redis granted and could not say so was asked for twice, and eight may look at once.
    check_pace(arrivals(own_tidemark), 240, calls_more=8)
    assert own_tidemark.query("SELECT max(attempt) FROM runs") == [(1,)]


def test_without_redis_the_children_of_a_worker_share_one_budget(system):
    system.start_worker("coinbase=8", COINBASE_RATE_LIMIT="240", REDIS_URL="")
    system.vhost.publish(*quotes(50))
    wait_for("the calls", lambda: done(system) >= 45, timeout=60)
    check_pace(arrivals(system), 240)
    assert not system.redis.connect(system.redis_number).keys("up:*")


def test_a_share_of_the_budget_is_used_where_others_are_expected(system):
    system.start_worker("coinbase=4", COINBASE_RATE_LIMIT="240", WORKERS_EXPECTED="2", REDIS_URL="")
    system.vhost.publish(*quotes(30))
    wait_for("the calls", lambda: done(system) >= 25, timeout=60)
    check_pace(arrivals(system), 120)


def test_a_cooldown_outlives_the_worker_and_holds_for_all(system):
    system.replay.rule(source="binance", count=1, status=429, headers={"Retry-After": "12"})
    first = quote("binance", ["BTCUSDT"])
    worker = system.start_worker("binance=2,coinbase=1")
    api = system.start_api()
    system.vhost.publish(first)
    limited = wait_for("the 429", lambda: system.replay.requests("binance"))[0]["at_ms"]
    state = wait_for("the cooldown is shown", lambda: (upstream_of(api, "binance") or {}).get("cooldown_until")
                     and upstream_of(api, "binance"))
    assert state["breaker"] == "closed" and state["budget_per_minute"] == 4800
    assert 'tidemark_upstream_limited_total{source="binance"} 1' in api.get("/metrics").text
    assert worker.stop() == 0
    system.start_worker("binance=4,coinbase=1")
    system.vhost.publish(*quotes(5, "binance", "ETHUSDT"), quote("coinbase", ["BTC-USD"]))
    wait_for("another provider's price meanwhile", lambda: system.replay.requests("coinbase"))
    wait_for("all is done", lambda: done(system) == 7, timeout=60)
    asked = [entry["at_ms"] for entry in system.replay.requests("binance")]
    assert asked[1] - limited >= 12_000
    assert system.replay.requests("coinbase")[0]["at_ms"] < limited + 12_000
    assert system.query("SELECT max(attempt) FROM runs") == [(1,)]


def test_a_ban_holds_for_as_long_as_it_says(system):
    until_ms = int(time.time() * 1000) + 7_200_000
    body = {"code": -1003, "msg": f"Way too much request weight used; IP banned until {until_ms}. Please use WebSocket"}
    system.replay.rule(source="binance", status=418, body=json.dumps(body),
                       headers={"Content-Type": "application/json", "Retry-After": None})
    system.start_worker("binance=2")
    api = system.start_api()
    system.vhost.publish(*quotes(3, "binance", "BTCUSDT"))
    state = wait_for("the ban is shown", lambda: (upstream_of(api, "binance") or {}).get("cooldown_until"))
    shown = time.strptime(state[:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(calendar.timegm(shown) - until_ms / 1000) < 5
    waiting = system.query("SELECT error_code FROM runs WHERE status = 'waiting'")
    assert len(system.replay.requests("binance")) <= 2 and waiting


def test_a_provider_that_is_down_is_probed_by_one_and_found_when_it_is_up(system):
    down = system.replay.rule(source="coinbase", status=503)
    system.start_worker("coinbase=8", BREAKER_OPEN="1s")
    api = system.start_api()
    jobs = quotes(12)
    system.vhost.publish(*jobs)
    wait_for("the breaker is open", lambda: (upstream_of(api, "coinbase") or {}).get("open_until"))
    assert upstream_of(api, "coinbase")["breaker"] in ("open", "half_open")
    assert 'tidemark_upstream_breaker_state{source="coinbase",state="closed"} 0' in api.get("/metrics").text
    opened = 'tidemark_upstream_breaker_openings_total{source="coinbase"} 4'
    wait_for("three probes failed", lambda: opened in api.get("/metrics").text, timeout=60)
    asked = arrivals(system)  # up to twelve before it opened, then one in 1, 2 and 4 s, a quarter less at most
    assert all(later - sooner > least for sooner, later, least in zip(asked[-4:], asked[-3:], (0.7, 1.4, 2.9))), asked
    system.replay.remove_rules(down)
    wait_for("all are done", lambda: done(system) == 12, timeout=90)
    wait_for("the breaker is closed", lambda: upstream_of(api, "coinbase")["breaker"] == "closed")


def test_live_work_comes_before_backfill_at_an_empty_bucket(system):
    """Three children fetch histories as fast as the budget allows; a client's job is next all the same."""
    system.start_worker("binance=3", BINANCE_RATE_LIMIT="60")
    backfill = [history("binance", symbol, days=300) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")]
    system.vhost.publish(*backfill)
    wait_for("a used up budget", lambda: len(arrivals(system, "binance")) >= 6)
    job = quote("binance", ["BTCUSDT"])
    published = time.time()
    connection = system.vhost.connect()
    connection.channel().basic_publish("tidemark.jobs", "binance.live", json.dumps(job).encode(),
                                       pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.close()
    asked = wait_for("the live call", lambda: [entry["at_ms"] / 1000 for entry in system.replay.requests("binance")
                                               if "ticker" in entry["target"]])[0]
    assert asked - published < 2.5  # a call of weight 2 flows in within 2.2 s
    assert [at for at in arrivals(system, "binance") if published < at < asked] == []


def test_a_key_is_shown_nowhere(system):
    key = "canary-4711-0123456789"
    system.replay.rule(source="coingecko", count=2, status=500)
    worker = system.start_worker("coingecko=2", COINGECKO_API_KEY=key)
    api = system.start_api()
    job = quote("coingecko", ["bitcoin/usd"])
    system.vhost.publish(job)
    wait_quiescent(system.connect(), system.vhost.queues, [job])
    redis = system.redis.connect(system.redis_number)
    wait_for("it is shown", lambda: upstream_of(api, "coingecko"))
    names = [name.decode() for name in redis.keys("up:*")]
    assert len(names) == 2 and max(len(name) for name in names) == len("up:{coingecko}:0123456789ab")
    said = str([(name, redis.hgetall(name)) for name in names]) + str(redis.slowlog_get(1000))
    said += worker.text() + api.text() + api.get("/health").text + api.get("/metrics").text + api.get("/stats").text
    assert "canary" not in said
