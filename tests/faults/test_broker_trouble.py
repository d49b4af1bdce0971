"""
RabbitMQ in trouble without dying: queues deleted, full, unbound, memory short. It is noticed, it is
healed, and the tables end as if nothing had been.
"""
import json
import time

import pytest

from load import (QUICK, add_schedules, check_no_attempt_spent, check_outcome, stop_schedules,
                  wait_more_done)
from replay.oracle import Oracle, check_tables, wait_quiescent
from schedule_rows import add_schedule, slots
from tidemark import crew_of
from waiting import wait_for

NOTICED_S = 5


def make_busy(system):
    """Under load: scheduler and workers, and providers that take their time."""
    system.add_coins()
    system.settings.update(QUICK)
    system.replay.rule(delay_ms=20)
    add_schedules(system)
    worker = system.start_worker("*=2")
    scheduler = system.start_scheduler(CATCH_UP_PER_MINUTE="10000")
    wait_more_done(system, 10)
    return worker, scheduler


def finish(system):
    wait_more_done(system, 10)
    stop_schedules(system)
    check_outcome(system)
    check_no_attempt_spent(system)
    for program in system.programs:
        assert program.is_running(), f"{program.name} ended:\n{program.text()[-3000:]}"


def delete_queue(system, name):
    system.services.rabbitmq.api("DELETE", f"/api/queues/{system.vhost.path}/{name}")


def test_queues_deleted_under_their_consumers_are_back_in_seconds(tidemark):
    """A12: a deleted queue is noticed within 5 s, declared anew, its jobs published again."""
    make_busy(tidemark)
    for source in ("binance", "coinbase"):
        name = f"jobs.{source}"
        delete_queue(tidemark, name)
        since = time.monotonic()
        wait_for(f"{name} is there again", lambda: name in tidemark.vhost.queues(), 2 * NOTICED_S)
        assert time.monotonic() - since <= NOTICED_S + 1
        wait_more_done(tidemark)
    finish(tidemark)


def set_policy(system, name, pattern, **definition):
    system.services.rabbitmq.api("PUT", f"/api/policies/{system.vhost.path}/{name}", {
        "pattern": pattern, "definition": definition, "apply-to": "queues"})


def add_quotes(system, numbers):
    for number in numbers:
        add_schedule(system, f"quote-{number}", source="binance", period=86400,
                     args={"symbols": ["BTCUSDT"]})


def test_a_full_queue_holds_jobs_back_and_loses_none(tidemark):
    """A13: jobs that a full queue refuses stay in the outbox and follow when there is room."""
    tidemark.add_coins()
    tidemark.settings.update(QUICK)
    worker = tidemark.start_worker()
    assert worker.stop() == 0
    set_policy(tidemark, "small", "^jobs\\.binance$", **{"max-length": 5, "overflow": "reject-publish"})
    add_quotes(tidemark, range(20))
    scheduler = tidemark.start_scheduler()
    # The limit is approximate: what comes at once may all get in.
    wait_for("the queue is full", lambda: len(slots(tidemark, "published")) >= 5)
    add_quotes(tidemark, range(20, 40))
    refused = wait_for("the scheduler says that it is full", lambda: [
        entry for entry in scheduler.log() if "broker.nacked" in json.dumps(entry)])
    assert refused[0]["level"] == "warn"
    wait_for("all slots are made", lambda: len(slots(tidemark)) == 40)
    assert slots(tidemark, "pending")

    tidemark.start_worker()

    jobs = [json.loads(row[0]) for row in tidemark.query("SELECT message FROM slots")]
    wait_quiescent(tidemark.connect(), tidemark.vhost.queues, jobs, timeout=120)
    check_tables(tidemark.connect(), Oracle(seed=1), jobs, tidemark.replay.requests())
    assert scheduler.is_running()


def test_a_job_that_no_queue_takes_is_an_error_and_heals(tidemark):
    """A14: with a binding gone a publish fails within 10 s, is said, counted, and comes through later."""
    tidemark.add_coins()
    tidemark.settings.update(QUICK)
    tidemark.crew = crew_of("binance")
    tidemark.start_worker()
    scheduler = tidemark.start_scheduler()
    scheduler.wait_log(event="broker.connected")  # and has declared all there is, as has every child that consumes
    wait_for("both children consume", lambda: all(tidemark.vhost.consumers("jobs.binance", "jobs.binance.live")))
    tidemark.services.rabbitmq.api(
        "DELETE", f"/api/bindings/{tidemark.vhost.path}/e/tidemark.jobs/q/jobs.binance/binance")
    since = time.monotonic()
    add_schedule(tidemark, "orphan", source="binance", period=86400, args={"symbols": ["BTCUSDT"]})

    refused = wait_for(lambda: f"the scheduler says it: {scheduler.text()[-2000:]}", lambda: [
        entry for entry in scheduler.log() if "unroutable" in json.dumps(entry)])
    assert time.monotonic() - since <= 10
    assert refused[0]["level"] in ("warning", "warn", "error")

    jobs = [json.loads(row[0]) for row in tidemark.query("SELECT message FROM slots")]
    wait_quiescent(tidemark.connect(), tidemark.vhost.queues, jobs, timeout=60)
    check_tables(tidemark.connect(), Oracle(seed=1), jobs, tidemark.replay.requests())


def test_a_memory_alarm_stops_publishing_and_nothing_else(own_tidemark):
    """A11: under a memory alarm slots are made, jobs are settled; all is well 30 s after it ends."""
    system = own_tidemark
    _, scheduler = make_busy(system)
    system.services.rabbitmq.raise_memory_alarm()
    try:
        before = len(slots(system))
        wait_for("slots are made all the same",
                 lambda: len(slots(system)) > before and len(slots(system, "pending")) >= 10, 60)
    finally:
        system.services.rabbitmq.clear_memory_alarm()
    since = time.monotonic()
    wait_for("the outbox is empty again",
             lambda: not [row for row in slots(system, "pending") if row[2] < time.time() - 2], 60)
    assert time.monotonic() - since <= 30
    assert scheduler.is_running()
    finish(system)
