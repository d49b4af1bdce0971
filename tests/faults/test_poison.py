"""A job that kills the process that takes it: it ends among the dead letters, its neighbours are done."""
import pytest

from job_kinds import quote, slot
from load import QUICK
from replay.oracle import Oracle, check_tables, wait_quiescent
from waiting import wait_for

DELIVERY_LIMIT = 20


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(QUICK)
    return tidemark


def test_a_poison_job_is_dead_within_the_delivery_limit_and_its_neighbours_finish(system):
    """A6: a job that aborts its child is dead after at most 21 deliveries; 30 neighbours are done."""
    poison = quote("binance", ["BTCUSDT"], slot(back=50))
    good = [quote("binance", ["ETHUSDT"], slot(back=500 + back)) for back in range(30)]
    worker = system.start_worker("*=0,binance=4", TIDEMARK_FAULT_JOB=poison["job_id"])
    system.vhost.publish(*good[:15], poison, *good[15:])

    wait_quiescent(system.connect(), system.vhost.queues, [poison, *good], timeout=120, dead=1)

    check_tables(system.connect(), Oracle(seed=1), [poison, *good], system.replay.requests(),
                 dead=[poison["job_id"]])
    deaths = worker.log(event="child.died")
    assert 3 <= len(deaths) <= DELIVERY_LIMIT + 1
    assert all(death["restart_ms"] <= 30000 for death in deaths)
    [(headers, message)] = system.vhost.peek("dead")
    assert (headers["reason"], headers["error_code"]) == ("crashes", "job.crashes")
    assert message["job_id"] == poison["job_id"]
    assert system.query("SELECT status, error_code FROM runs WHERE job_id = %s",
                        poison["job_id"]) == [("dead", "job.crashes")]


def test_a_message_that_kills_before_it_is_read_is_left_to_the_broker(system):
    """Nothing of ours gets to judge it: the delivery limit takes it out, and says so."""
    job = quote("binance", ["BTCUSDT"])
    system.start_worker("*=0,binance=8", TIDEMARK_FAULT="after:receive")
    system.vhost.publish(job)

    wait_for("the dead letter", lambda: system.vhost.queues().get("dead") == 1, timeout=120)

    [(headers, _)] = system.vhost.peek("dead")
    assert headers["x-first-death-reason"] == "delivery_limit"
    assert system.query("SELECT count(*) FROM runs") == [(0,)]
