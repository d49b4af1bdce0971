"""The worker does every kind of job end to end, and a job that fails ends where the rules say."""
import datetime
import json
import os
import random
import shutil
import signal
import time

import pika
import pytest

from job_kinds import EVERY_KIND, history, listing, quote, slot
from programs import ROOT
from replay.oracle import Oracle, check_tables, make_job, wait_quiescent
from tidemark import crew_of
from waiting import wait_for


@pytest.fixture
def system(tidemark):
    """Markets are known; budgets and delays are no part of these tests."""
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000",
                             TIDEMARK_TIERS_MS="100,200,400,1500")
    tidemark.crew = crew_of("binance", "coinbase", "coingecko")
    return tidemark


def wait_done(system, jobs, **expected):
    wait_quiescent(system.connect(), system.vhost.queues, jobs, dead=len(expected.get("dead", ())))
    check_tables(system.connect(), Oracle(seed=1), jobs, system.replay.requests(), **expected)


def run_of(system, job):
    """The run of a job as {column: value}."""
    names = "status, attempt, pages, records, rejected, unmapped, error_code, http_status"
    rows = system.query(f"SELECT {names} FROM runs WHERE job_id = %s", job["job_id"])
    assert len(rows) == 1, rows
    return dict(zip(names.split(", "), rows[0]))


def kept_payloads(system):
    """(verdict, error code, size) of every payload."""
    return system.query("SELECT verdict, error_code, length(body) FROM raw_payloads"
                        " ORDER BY payload_id")


# What goes well.

@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_job_of_each_kind_fills_the_tables(system, kind):
    job = EVERY_KIND[kind]()
    system.crew = crew_of(kind.split()[0])
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])


def dead_share(system, *tables):
    """Rows that were replaced or rolled back, of all that are there, over the tables' partitions."""
    [(dead, live)] = system.query(
        "SELECT sum(dead_tuple_count), sum(tuple_count) FROM unnest(%s) AS name, pg_partition_tree(name::regclass),"
        " pgstattuple(relid) WHERE isleaf", list(tables))
    return dead / live


def test_jobs_delivered_ten_times_in_random_order_are_done_once(system):
    jobs = [EVERY_KIND[kind](number) for kind in EVERY_KIND for number in range(3)]
    deliveries = jobs * 10
    random.Random(1).shuffle(deliveries)
    system.query("CREATE EXTENSION pgstattuple")
    system.start_worker("*=2")
    system.vhost.publish(*deliveries)
    wait_done(system, jobs)
    assert system.query("SELECT max(pages) FROM runs WHERE kind <> 'history'") == [(1,)]
    assert dead_share(system, "ticks", "candles", "raw_payloads") <= 0.01
    assert dead_share(system, "candles") == 0


def test_a_client_s_job_comes_by_a_queue_of_its_own(system):
    job = quote("binance", ["BTCUSDT"])
    system.start_worker()
    system.vhost.wait_queue("jobs.binance.live")
    connection = system.vhost.connect()
    connection.channel().basic_publish("tidemark.jobs", "binance.live", json.dumps(job).encode(),
                                       pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.close()
    wait_done(system, [job])


def test_a_csv_file_becomes_candles(system):
    system.crew = crew_of("csv")
    system.query("INSERT INTO instruments (source_id, symbol, asset_id, quote_id)"
                 " SELECT 4, 'BTCUSDT', asset_id, quote_id FROM assets, quotes"
                 " WHERE slug = 'bitcoin' AND code = 'usdt'")
    name = "cdd_Binance_BTCUSDT_d_2021.csv"
    rows = len((ROOT / "tests/recorded/csv" / name).read_text().splitlines())
    system.start_worker()
    shutil.copy(ROOT / "tests/recorded/csv" / name, system.directory / "csv" / name)
    time.sleep(2.1)  # a file must have been left alone for two seconds
    job = make_job("csv", "history", "history/inbox", slot(), {})
    system.vhost.publish(job)
    wait_for(lambda: f"the csv run: {run_of(system, job)}",
             lambda: system.query("SELECT 1 FROM runs WHERE status = 'ok'"))
    found = system.query("SELECT count(*), count(DISTINCT payload_id) FROM candles"
                         " WHERE source_id = 4 AND interval_s = 86400")
    assert found[0][1] == 1 and 0 < rows - found[0][0] <= 2  # a banner and a header are no rows


def test_an_event_follows_each_commit(system):
    system.start_worker()
    connection = system.vhost.connect()
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "tidemark.events")
    job = history("binance", "BTCUSDT", days=100)
    system.vhost.publish(job)
    wait_done(system, [job])
    events = []
    while True:
        frame, _, body = channel.basic_get(queue, auto_ack=True)
        if frame is None:
            break
        events.append(json.loads(body))
    connection.close()
    assert len(events) == run_of(system, job)["pages"]
    assert all(event["candles"] == ["bitcoin/usdt/1h"] for event in events)
    assert [int(event["version"]) for event in events] == sorted(
        int(event["version"]) for event in events)


def test_a_market_that_nobody_knows_is_counted_and_left_out(system):
    job = quote("binance", ["BTCUSDT", "LTCUSDT"])
    system.query("DELETE FROM instruments WHERE symbol = 'LTCUSDT'")
    system.start_worker()
    system.vhost.publish(job)
    wait_for("the run", lambda: system.query("SELECT 1 FROM runs WHERE status = 'ok'"))
    run = run_of(system, job)
    assert (run["records"], run["unmapped"]) == (1, 1)


def test_the_trace_of_a_job_is_kept(system):
    job = listing(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    assert system.query("SELECT traceparent FROM runs") == [(job["traceparent"],)]


# What heals.

HEALING = {  # more of them are in tests/faults/test_hostile.py
    "a server error": {"status": 503},
    "a body cut short": {"cut_after": 200},
    "a connection reset in its head": {"cut_head": 60, "rst": True},
}


@pytest.mark.parametrize("fault", HEALING)
def test_what_may_heal_is_tried_again_and_leaves_no_row_behind(system, fault):
    system.replay.rule(count=2, **HEALING[fault])
    job = quote("binance", ["BTCUSDT", "ETHUSDT"])
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    assert run_of(system, job)["attempt"] == 3
    assert len(system.replay.requests()) == 3
    assert system.query("SELECT count(DISTINCT payload_id) FROM ticks") == [(1,)]


def test_a_bad_payload_is_kept_with_its_verdict(system):
    system.replay.rule(count=1, html=True)
    system.replay.rule(count=1, cut_after=200)
    job = quote("coinbase", ["BTC-USD"])
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    kept = kept_payloads(system)
    assert [row[0] for row in kept] == ["transient", "ok"] or \
        [row[0] for row in kept] == ["transient", "transient", "ok"]
    assert all(row[1] for row in kept[:-1])


def test_a_provider_that_hangs_or_trickles_is_given_up_in_time(system):
    system.replay.rule(source="binance", count=1, hang=True)
    system.replay.rule(source="coingecko", count=1, trickle={"bytes": 5, "every_ms": 200})
    jobs = [quote("binance", ["BTCUSDT"]), quote("coingecko", ["bitcoin/usd"]),
            quote("coinbase", ["BTC-USD"])]
    since = time.monotonic()
    worker = system.start_worker(UPSTREAM_TIMEOUT="3s")
    system.vhost.publish(*jobs)
    wait_for("the third provider's price", lambda: system.query("SELECT 1 FROM ticks"), timeout=8)
    wait_done(system, jobs)
    assert time.monotonic() - since < 20
    failed = {entry["job_id"]: entry["error_code"] for entry in worker.log(event="job.run",
                                                                           outcome="transient")}
    assert failed == {jobs[0]["job_id"]: "fetch.timeout", jobs[1]["job_id"]: "fetch.timeout"}


def test_a_limited_job_spends_no_attempt_and_leaves_the_provider_alone(system):
    system.replay.rule(source="binance", count=3, status=429, headers={"Retry-After": "1"})
    jobs = [quote("binance", ["BTCUSDT"]), quote("coinbase", ["BTC-USD"])]
    system.start_worker("*=2")
    system.vhost.publish(*jobs)
    wait_done(system, jobs)
    assert run_of(system, jobs[0])["attempt"] == 1
    asked = [entry["at_ms"] for entry in system.replay.requests("binance")]
    assert len(asked) == 4
    assert min(b - a for a, b in zip(asked, asked[1:])) >= 990
    assert len(system.replay.requests("coinbase")) == 1


def test_a_limit_that_names_its_end_under_status_200_is_kept(system):
    until = int(time.time()) + 3
    system.replay.rule(source="kraken", count=1, body=json.dumps(
        {"error": ["WGeneral:Slow down", f"EService:Throttled: {until}"]}))
    job = quote("kraken", ["XXBTZUSD"])
    system.crew = crew_of("kraken")
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    assert run_of(system, job)["attempt"] == 1
    first, second = [entry["at_ms"] for entry in system.replay.requests("kraken")]
    assert first < until * 1000 <= second + 10


def test_a_history_goes_on_where_it_failed(system):
    system.replay.rule(source="binance", skip=2, count=1, status=500)
    job = history("binance", "ETHUSDT", days=150)
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    assert run_of(system, job)["attempt"] == 2
    targets = [entry["target"] for entry in system.replay.requests()]
    assert len(targets) == len(set(targets)) + 1  # only the failed page was asked for twice


# What never heals.

def dead_letter(system, job, **expected):
    """The letter of a job that is expected to be the only dead one."""
    wait_done(system, [job], dead=[job["job_id"]])
    (headers, message), = system.vhost.peek("dead")
    assert message == job
    for name, value in expected.items():
        assert headers[name] == value, headers
    return headers


def test_a_quote_that_fails_six_times_is_dead(system):
    system.replay.rule(status=500)
    system.start_worker()
    job = quote("binance", ["BTCUSDT"])
    system.vhost.publish(job)
    wait_for("the dead letter", lambda: system.vhost.queues().get("dead"))
    (headers, message), = system.vhost.peek("dead")
    assert headers["reason"] == "attempts" and headers["attempt"] == 6
    assert headers["http_status"] == 500 and headers["payload_id"] > 0
    assert headers["first_failed_at"] < headers["failed_at"]
    assert message["job_id"] == job["job_id"] and message["attempt"] == 6
    assert len(system.replay.requests()) == 6
    assert run_of(system, job)["status"] == "dead"


NEVER = {
    "not found": ({"status": 404}, 404),
    "a small body that inflates without end": ({"gzip_bomb": 200 << 20}, 200),
}


@pytest.mark.parametrize("fault", NEVER)
def test_what_never_heals_is_dead_at_once(system, fault):
    rule, status = NEVER[fault]
    system.replay.rule(**rule)
    system.start_worker()
    job = quote("coinbase", ["BTC-USD"])
    system.vhost.publish(job)
    dead_letter(system, job, reason="permanent", http_status=status, attempt=1, source="coinbase",
                kind="quote", job_id=job["job_id"], routing_key="coinbase")
    assert len(system.replay.requests()) == 1
    assert system.query("SELECT count(*) FROM ticks") == [(0,)]


def test_a_shape_that_is_wrong_twice_in_a_row_is_dead(system):
    system.replay.rule(body='{"unexpected": true}', headers={"Content-Type": "application/json"})
    system.start_worker()
    job = history("binance", "BTCUSDT")
    system.vhost.publish(job)
    wait_for("the dead letter", lambda: system.vhost.queues().get("dead"))
    assert run_of(system, job) == {"status": "dead", "attempt": 2, "pages": 0, "records": 0,
                                   "rejected": 0, "unmapped": 0, "error_code": "payload.shape",
                                   "http_status": 200}


def test_prices_of_which_none_can_be_taken_are_no_price_of_nobody(system):
    """Not an "ok" with nothing in it: it is tried again, and then given up, with the first and why."""
    system.replay.rule(source="binance", body='[{"symbol": "BTCUSDT", "lastPrice": null, "closeTime": 1}]')
    system.start_worker()
    job = quote("binance", ["BTCUSDT"])
    system.vhost.publish(job)
    wait_for("the dead letter", lambda: system.vhost.queues().get("dead"))
    ended = run_of(system, job)
    assert (ended["status"], ended["attempt"], ended["error_code"]) == ("dead", 2, "payload.rejected")
    [(text,)] = system.query("SELECT error_text FROM runs")
    assert "none can be taken" in text and "[0].lastPrice field.missing" in text
    assert [verdict for verdict, _, _ in kept_payloads(system)] == ["transient", "permanent"]


def test_a_provider_that_is_closed_for_a_while_is_left_alone_for_it_but_has_failed(system):
    """A 503 with Retry-After is waited for like a limit, and counts as the failure it is."""
    system.replay.rule(source="binance", count=1, status=503, headers={"Retry-After": "1"})
    job = quote("binance", ["BTCUSDT"])
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job])
    assert run_of(system, job)["attempt"] == 2
    first, second = [entry["at_ms"] for entry in system.replay.requests("binance")]
    assert second - first >= 990


def test_arguments_that_make_no_sense_are_dead_without_a_request(system):
    job = history("binance", "BTCUSDT")
    job["args"]["interval"] = "7m"
    system.start_worker()
    system.vhost.publish(job)
    dead_letter(system, job, reason="permanent", error_code="job.args", http_status=0)
    assert system.replay.requests() == []


MALFORMED = {
    "no JSON": (b"{", "job.malformed"),
    "no job": (b"[]", "job.malformed"),
    "another version": (json.dumps({**quote("binance", ["BTCUSDT"]), "v": 2}).encode(),
                        "job.version"),
    "another source's job": (json.dumps(quote("coinbase", ["BTC-USD"])).encode(), "job.source"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_message_that_is_no_job_is_dead_with_its_bytes(system, fault):
    body, code = MALFORMED[fault]
    system.start_worker()
    connection = system.vhost.connect()
    connection.channel().basic_publish("tidemark.jobs", "binance", body,
                                       pika.BasicProperties(delivery_mode=2))
    wait_for("the dead letter", lambda: system.vhost.queues().get("dead"))
    _, properties, found = connection.channel().basic_get("dead")
    connection.close()
    assert found == body
    assert properties.headers["reason"] == "malformed"
    assert properties.headers["error_code"] == code
    assert system.query("SELECT count(*) FROM runs") == [(0,)]


def test_a_job_that_nobody_needs_any_more_is_expired(system):
    job = quote("binance", ["BTCUSDT"], not_after=int(time.time()) - 1)
    system.start_worker()
    system.vhost.publish(job)
    wait_done(system, [job], expired=[job["job_id"]])
    assert system.replay.requests() == []


def test_a_source_without_the_key_that_it_needs_is_skipped(system):
    jobs = [quote("coinmarketcap", ["1/usd"]), history("coinmarketcap", "1/usd", "1d", 10)]
    system.crew = crew_of("coinmarketcap")
    worker = system.start_worker(COINMARKETCAP_API_KEY="")
    api = system.start_api()
    system.vhost.publish(*jobs)
    wait_done(system, jobs, skipped=[job["job_id"] for job in jobs])
    assert system.replay.requests() == []
    for job in jobs:
        run = run_of(system, job)
        assert (run["error_code"], run["attempt"], run["http_status"]) == ("source.no_key", 1, None)
    assert {line["outcome"] for line in worker.log(event="job.run")} == {"skipped"}
    shown = system.ctl("runs", "--status", "skipped", "--json").stdout
    assert shown.count("source.no_key") == 2
    wait_for("health that says so", lambda: api.get("/health").json()["etl_status"]["sources"][
        "coinmarketcap"]["status"] == "no_key")
    assert api.get("/health").json()["etl_status"]["status"] == "never_run", "and is no failure"


def test_an_address_of_a_private_network_is_refused(system):
    job = quote("binance", ["BTCUSDT"], attempt=6)
    system.start_worker(ALLOW_PRIVATE_UPSTREAM="false")
    system.vhost.publish(job)
    dead_letter(system, job, reason="attempts", error_code="fetch.private_address")
    assert system.replay.requests() == []


def test_what_a_provider_sends_cannot_carry_the_key_or_control_bytes_along(system):
    system.replay.rule(status=403, body='{"error": "key canary-4711 is \\u0007 wrong"}',
                       headers={"Content-Type": "application/json; \x07\xff"})
    job = quote("coingecko", ["bitcoin/usd"])
    worker = system.start_worker(COINGECKO_API_KEY="canary-4711")
    system.vhost.publish(job)
    headers = dead_letter(system, job, reason="permanent")
    said = json.dumps(headers) + worker.text() + str(system.query("SELECT error_text FROM runs"))
    said += str([bytes(row[0]) for row in system.query("SELECT body FROM raw_payloads")])
    assert "canary-4711" not in said and "key *********** is" in said
    assert system.query("SELECT content_type FROM raw_payloads")[0][0].isprintable()


# Our own trouble.

def test_a_database_that_was_away_costs_no_attempt(own_tidemark):
    own_tidemark.add_coins()
    own_tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="100,200")
    own_tidemark.start_worker()
    first = quote("binance", ["ETHUSDT"], at=1795240200)
    own_tidemark.vhost.publish(first)
    wait_done(own_tidemark, [first])  # one that has no database yet would take no message
    jobs = [EVERY_KIND[kind]() for kind in EVERY_KIND]
    own_tidemark.postgres.kill()
    own_tidemark.vhost.publish(*jobs)
    wait_for("a worker that waits", lambda: own_tidemark.programs[0].log(event="store.retry"))
    own_tidemark.postgres.start()
    wait_done(own_tidemark, [first, *jobs])
    assert own_tidemark.query("SELECT max(attempt) FROM runs") == [(1,)]


def test_a_worker_takes_no_message_before_it_has_a_database(own_tidemark):
    """Or each of its starts in a long outage would cost the message one of its deliveries."""
    own_tidemark.add_coins()
    own_tidemark.start_worker("binance=1").stop()
    job = quote("binance", ["BTCUSDT"])
    own_tidemark.postgres.kill()
    own_tidemark.vhost.publish(job)
    worker = own_tidemark.start("tidemark-worker", "worker", WORKERS="binance=1")
    worker.wait_log(event="database.away")
    assert not worker.log(event="store.retry")
    own_tidemark.postgres.start()
    wait_done(own_tidemark, [job])


def test_a_lock_on_the_table_is_waited_for(system):
    job = quote("binance", ["BTCUSDT"])
    system.start_worker()
    connection = system.connect()
    connection.autocommit = False
    connection.cursor().execute("LOCK TABLE ticks")
    system.vhost.publish(job)
    wait_for("a worker that waits", lambda: system.programs[0].log(event="store.retry"))
    connection.rollback()
    wait_done(system, [job])
    assert run_of(system, job)["attempt"] == 1


def test_a_missing_partition_is_made(system):
    today = datetime.datetime.now(datetime.timezone.utc)
    system.query(f"DROP TABLE raw_payloads_{today:%Y%m%d}")
    job = history("binance", "BTCUSDT", "1d", days=900)
    system.start_worker("*=2")
    system.vhost.publish(job, quote("binance", ["BTCUSDT"]))
    wait_done(system, [job, quote("binance", ["BTCUSDT"])])


def test_a_retry_queue_that_is_gone_is_declared_anew(system):
    """A child whose publisher is up learns of it only when no queue takes the message."""
    worker = system.start_worker()
    first, second = quote("binance", ["BTCUSDT"]), quote("binance", ["BTCUSDT"], slot(back=2))
    system.vhost.publish(first)
    wait_done(system, [first])
    connection = system.vhost.connect()
    for queue in [name for name in system.vhost.queues() if name.startswith("retry.")]:
        connection.channel().queue_delete(queue)
    connection.close()
    system.replay.rule(count=1, status=500)
    system.vhost.publish(second)
    wait_done(system, [first, second])
    assert len(system.replay.requests()) == 3
    assert {"retry.100ms", "retry.1500ms"} <= set(system.vhost.queues())
    assert worker.log(event="child.died")[0]["exit_code"] == 75


def test_an_event_is_said_again_by_who_waited_for_the_run_that_it_wanted(system):
    system.start_worker("binance=1")
    job = quote("binance", ["BTCUSDT"])
    said = {"v": 1, "job_id": job["job_id"], "source": "binance", "kind": "quote", "run_id": 1,
            "version": "1", "committed_at": "2026-11-21T08:00:00.000Z", "prices": ["bitcoin/usdt"],
            "candles": [], "listings": False}
    system.query("INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status) VALUES"
                 " (%s, 2, 'quote', 'quote/test', now(), 1, 'running')", job["job_id"])
    broker = system.vhost.connect()
    channel = broker.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "tidemark.events")
    other = system.connect()
    other.autocommit = False
    other.cursor().execute("UPDATE runs SET status = 'ok', event = %s", (json.dumps(said),))
    system.vhost.publish(job)
    wait_for("a claim that waits for the lock", lambda: system.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND application_name = 'tidemark-worker'"))
    other.commit()
    event = wait_for("the event", lambda: channel.basic_get(queue, auto_ack=True)[2])
    broker.close()
    assert json.loads(event)["prices"] == ["bitcoin/usdt"]
    assert system.replay.requests() == []


def test_stopping_lets_the_running_job_finish(system):
    system.replay.rule(delay_ms=1500)
    jobs = [quote("binance", ["BTCUSDT"]), quote("binance", ["ETHUSDT"], at=1795240200)]
    worker = system.start_worker()
    system.vhost.publish(*jobs)
    wait_for("the provider is asked", system.replay.requests)
    assert worker.stop() == 0
    assert len(system.query("SELECT 1 FROM runs WHERE status = 'ok'")) == 1
    wait_for("one job left", lambda: sum(system.vhost.queues().values()) == 1)


def test_a_child_that_dies_is_replaced(system):
    worker = system.start_worker("binance=1")
    before = set(worker.children())
    os.kill(min(before), signal.SIGKILL)
    wait_for("another child", lambda: len(set(worker.children()) - before) == 1
             and len(worker.children()) == 2)
    assert worker.log(event="child.died")[0]["signal"] == 9


def test_a_broker_url_that_is_none_ends_it(system):
    worker = system.start("tidemark-worker", "worker", RABBITMQ_URL="nonsense")
    assert worker.wait() == 2
    assert "RABBITMQ_URL" in worker.text()


def test_settings_that_make_no_sense_end_it_at_once(system):
    for workers in ("binance", "binance=x", "nobody=1", "*=0", "binance=1,binance=2",
                    "binance=65", "binance=1,"):
        worker = system.start("tidemark-worker", "worker", WORKERS=workers)
        assert worker.wait() == 2, workers
        assert "WORKERS" in worker.text()
