"""tidemarkctl schedules run: jobs that an operator orders, done by a running system."""

import json
import signal
import subprocess
import time

import pytest

from programs import base_environment, program_path
from schedule_rows import add_schedule, slots
from waiting import wait_for

QUOTE = {"symbols": ["BTCUSDT"]}


@pytest.fixture
def running(tidemark):
    """A scheduler and workers, and nothing that falls due by itself."""
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000",
                             TIDEMARK_TIERS_MS="100,200,400,1500")
    tidemark.start_worker()
    tidemark.start_scheduler()
    return tidemark


def sleeping(tidemark, name, **more):
    """A schedule that is there but never runs by itself."""
    add_schedule(tidemark, name, source="binance", args=QUOTE, period=86400, **more)
    tidemark.query("UPDATE schedules SET enabled = false WHERE name = %s", name)


def test_a_schedule_is_run_at_once_and_waited_for(running):
    sleeping(running, "prices")

    done = running.ctl("schedules", "run", "prices", "--wait", "--json")

    [order] = json.loads(done.stdout)
    assert (order["source"], order["stream"], order["status"]) == ("binance", "quote/prices", "ok")
    assert order["records"] == 1 and order["state"] == "published"
    assert "1 of 1 done" in done.stderr
    assert running.query("SELECT run_id, status FROM runs WHERE job_id = %s",
                         order["job_id"]) == [(order["run_id"], "ok")]


def test_one_entry_of_the_file_is_run_whole(running):
    for name in ("prices/BTCUSDT", "prices/ETHUSDT", "pricesless"):
        sleeping(running, name)

    orders = json.loads(running.ctl("schedules", "run", "prices", "--wait", "--json").stdout)

    assert sorted(order["stream"] for order in orders) == [
        "quote/prices/BTCUSDT", "quote/prices/ETHUSDT"]


def test_what_does_not_end_well_is_no_success(running):
    sleeping(running, "prices")
    running.query("UPDATE schedules SET args = %s", json.dumps({"symbols": ["NO SUCH"]}))

    done = running.ctl("schedules", "run", "prices", "--wait", check=False)

    assert done.returncode == 1 and "is dead" in done.stderr
    assert "job.args" not in done.stdout and "dead" in done.stdout


def test_an_order_leaves_the_schedule_s_own_slots_alone(running):
    add_schedule(running, "prices", source="binance", args=QUOTE, period=3600)
    wait_for("its own slot", lambda: slots(running, "published"))
    [[own, _, slot, _]] = slots(running)

    running.ctl("schedules", "run", "prices", "--wait")
    first = int(time.time())
    wait_for("the next second: two orders of one are one job", lambda: time.time() >= first + 1)
    running.ctl("schedules", "run", "prices", "--wait")

    [schedule] = json.loads(running.ctl("schedules", "--json").stdout)
    assert own in [row[0] for row in slots(running)] and len(slots(running)) == 3
    assert schedule["last_slot"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(slot))


def test_an_order_for_the_second_of_a_slot_becomes_that_slot(tidemark):
    """With a period of a second every order is for a slot's own second."""
    add_schedule(tidemark, "prices", source="binance", args=QUOTE, period=1)
    scheduler = tidemark.start_scheduler()
    for _ in range(3):
        tidemark.ctl("schedules", "run", "prices")
    wait_for("a few more", lambda: len(slots(tidemark, "published")) > 6)
    assert scheduler.stop() == 0

    times = [row[2] for row in slots(tidemark)]
    assert times == list(range(times[0], times[-1] + 1))
    late = tidemark.query("SELECT slot FROM slots WHERE schedule_name = '(operator)'"
                          " AND slot < (SELECT max(slot) FROM slots WHERE schedule_name <> '(operator)')")
    assert late == []


@pytest.mark.parametrize("name, disable, words", [
    ("nothing", False, "there is no schedule \"nothing\""),
    ("prices", True, "sources enable binance"),
])
def test_what_cannot_run_is_refused(tidemark, name, disable, words):
    sleeping(tidemark, "prices")
    tidemark.query("UPDATE sources SET enabled = %s WHERE name = 'binance'", not disable)

    done = tidemark.ctl("schedules", "run", name, check=False)

    assert done.returncode == 1 and words in done.stderr and slots(tidemark) == []


def test_a_wait_that_is_interrupted_leaves_the_job(tidemark):
    sleeping(tidemark, "prices")  # no scheduler runs: it would wait for ever
    waiting = subprocess.Popen([program_path("tidemarkctl"), "schedules", "run", "prices", "--wait"],
                               stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**base_environment(), **tidemark.environment("operator")})
    try:
        said = waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        out, rest = waiting.communicate(timeout=30)
    finally:
        waiting.kill()

    [[job_id, state, _, _]] = slots(tidemark)
    assert "0 of 1 done" in said and out == "" and waiting.returncode == -signal.SIGINT
    assert f"the job goes on; see tidemarkctl runs list --job {job_id}" in rest
    assert state == "pending"
