"""
RabbitMQ, PostgreSQL and Redis die and come back while the system works. Afterwards the tables are
exactly what they would have been, and no job has paid for it.
"""
import os
import shutil
import signal
import time

import pytest

from load import (QUICK, add_schedules, check_no_attempt_spent, check_outcome, stop_schedules,
                  wait_more_done)
from waiting import wait_for

TIMES = 20 if os.environ.get("TIDEMARK_FAULTS") == "long" else 1


@pytest.fixture
def busy(own_tidemark):
    """A system under load: scheduler and workers, and providers that take their time."""
    own_tidemark.add_coins()
    own_tidemark.settings.update(QUICK)
    own_tidemark.replay.rule(delay_ms=20)
    add_schedules(own_tidemark)
    own_tidemark.start_worker("*=2")
    own_tidemark.start_scheduler(CATCH_UP_PER_MINUTE="10000")
    wait_more_done(own_tidemark, 10)
    return own_tidemark


def finish(busy):
    wait_more_done(busy, 10)
    stop_schedules(busy)
    check_outcome(busy)
    check_no_attempt_spent(busy)
    for program in busy.programs:
        assert program.is_running(), f"{program.name} ended:\n{program.text()[-3000:]}"


def test_rabbitmq_is_killed_and_restarted(busy):
    for _ in range(TIMES):
        busy.services.rabbitmq.stop(signal.SIGKILL)
        busy.services.rabbitmq.start()
        wait_more_done(busy)
    finish(busy)


def test_rabbitmq_loses_its_disk(busy):
    busy.services.rabbitmq.stop(signal.SIGKILL)
    shutil.rmtree(busy.services.rabbitmq.directory / "mnesia")
    busy.services.rabbitmq.start()
    busy.vhost.create()
    wait_more_done(busy)
    finish(busy)


@pytest.mark.parametrize("how", ["immediate", "postmaster killed"])
def test_postgresql_crashes_and_restarts(busy, how):
    for _ in range(TIMES):
        if how == "immediate":
            busy.postgres.stop("immediate")
        else:
            busy.postgres.kill()
        busy.postgres.start()
        wait_more_done(busy)
    finish(busy)


def test_postgresql_backends_are_killed(busy):
    """One SIGKILL makes the server throw out every session and recover."""
    for _ in range(TIMES):
        rows = wait_for("a session of a worker", lambda: busy.query(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tidemark-worker'"
            " AND datname = %s ORDER BY state_change DESC LIMIT 1", busy.database))
        os.kill(rows[0][0], signal.SIGKILL)
        wait_more_done(busy)
    finish(busy)


def test_redis_is_killed_and_restarted(busy):
    for _ in range(TIMES):
        busy.redis.restart(signal.SIGKILL)
        wait_more_done(busy)
    finish(busy)


def test_everything_is_killed_at_once(busy):
    busy.services.rabbitmq.stop(signal.SIGKILL)
    busy.postgres.kill()
    busy.redis.stop(signal.SIGKILL)
    down_since = time.monotonic()
    busy.postgres.start()
    busy.redis.start()
    busy.services.rabbitmq.start()
    wait_more_done(busy)
    assert time.monotonic() - down_since < 60
    finish(busy)
