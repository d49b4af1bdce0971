"""What happens to the scheduler's promise (every slot once, none missing) when parts of it fail."""

import collections
import os
import pathlib
import signal
import time

import pytest

from schedule_rows import add_schedule, messages, slots, wait_published
from waiting import wait_for

FAILOVER_S = 15
# How long a leader is paused after another has taken over: a slot a second is made meanwhile.
PAUSED_SLOTS = 60 if os.environ.get("TIDEMARK_FAULTS") == "long" else 2


def assert_every_slot_once(tidemark):
    """One schedule with a slot a second: as a row there are all of them, in some state."""
    times = [slot for _, _, slot, _ in slots(tidemark)]
    assert times == list(range(times[0], times[0] + len(times)))


def wait_newer(tidemark, slot, timeout=30):
    """A slot later than this one is published."""
    return wait_for(lambda: f"a published slot after {slot}: {slots(tidemark)[-5:]}",
                    lambda: [row for row in slots(tidemark, "published") if row[2] > slot],
                    timeout)


def two_schedulers(tidemark, **first_settings):
    add_schedule(tidemark, "fast", period=1)
    first = tidemark.start_scheduler(**first_settings)
    first.wait_log(event="leader.begins")
    second = tidemark.start_scheduler()
    wait_published(tidemark, 3)
    return first, second


def assert_takes_over(second, since):
    second.wait_log(event="leader.begins", timeout=FAILOVER_S + 5)
    assert time.monotonic() - since <= FAILOVER_S


def test_a_killed_leader_is_replaced(tidemark):
    first, second = two_schedulers(tidemark)

    since = time.monotonic()
    first.kill()

    assert_takes_over(second, since)
    wait_newer(tidemark, slots(tidemark)[-1][2])
    assert_every_slot_once(tidemark)


@pytest.mark.parametrize("point, copies", [
    ("after:slots", 1),    # in the table, not yet sent
    ("after:confirm", 2),  # sent, and nobody has written that down: it is sent again
])
def test_a_leader_killed_between_two_steps_leaves_nothing_undone(tidemark, point, copies):
    add_schedule(tidemark, "daily", period=86400)
    killed = tidemark.start_scheduler(TIDEMARK_FAULT=point)
    assert killed.wait() == -signal.SIGKILL
    assert len(slots(tidemark, "pending")) == 1

    tidemark.start_scheduler()

    [(job_id, *_)] = wait_published(tidemark, 1)
    assert [job["job_id"] for job in messages(tidemark)] == [job_id] * copies


def state_of(program):
    """"T" while it is stopped."""
    return pathlib.Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[0]


def assert_sent_once(tidemark, but_for=()):
    """Each message once, but that what a leader had inserted when it was paused may come twice."""
    published = {row[0] for row in slots(tidemark, "published")}
    sent = collections.Counter(job["job_id"] for job in messages(tidemark))
    assert {job_id for job_id, count in sent.items() if count > 1} <= set(but_for)
    assert max(sent.values()) <= 2
    assert set(sent) >= published


def assert_makes_none_beside(first, second):
    """Once another leads. The time of making counts: a paused process may write its log later."""
    begun = second.log(event="leader.begins")[0]["timestamp"]
    assert [entry for entry in first.log(event="slots.made")
            if entry["new"] > 0 and entry["timestamp"] > begun] == []


def assert_wakes_harmlessly(tidemark, first, second, inserted):
    """`first` goes on after `second` has led for a while. It had not yet published `inserted`."""
    awake_since = slots(tidemark)[-1][2]
    first.signal(signal.SIGCONT)
    first.wait_log(event="leader.lost")
    wait_newer(tidemark, awake_since + 3)
    assert_every_slot_once(tidemark)
    assert_sent_once(tidemark, inserted)
    assert len(first.log(event="leader.begins")) == 1
    assert_makes_none_beside(first, second)


def test_a_paused_leader_is_replaced_and_can_do_no_harm_when_it_wakes(tidemark):
    """Wherever it was; it publishes at most the slot it had inserted."""
    first, second = two_schedulers(tidemark)
    since = time.monotonic()
    first.signal(signal.SIGSTOP)
    paused_at = slots(tidemark)[-1]

    assert_takes_over(second, since)
    wait_newer(tidemark, paused_at[2] + PAUSED_SLOTS, timeout=PAUSED_SLOTS + 30)

    assert_wakes_harmlessly(tidemark, first, second, [paused_at[0]])


@pytest.mark.parametrize("point", ["after:slots", "after:confirm"])
def test_a_leader_paused_between_two_steps_can_do_no_harm_when_it_wakes(tidemark, tmp_path, point):
    """In the table and not yet sent; sent, and nobody has written that down."""
    once = tmp_path / "paused"
    once.touch()
    first, second = two_schedulers(tidemark, TIDEMARK_FAULT=point, TIDEMARK_FAULT_ONCE=str(once),
                                   TIDEMARK_FAULT_SIGNAL="STOP")
    once.unlink()
    wait_for("it is paused", lambda: state_of(first) == "T", pause=0.01)
    since = time.monotonic()
    [inserted] = [row[0] for row in slots(tidemark, "pending")]

    assert_takes_over(second, since)
    wait_newer(tidemark, slots(tidemark)[-1][2] + PAUSED_SLOTS, timeout=PAUSED_SLOTS + 30)

    assert_wakes_harmlessly(tidemark, first, second, [inserted])


def test_a_leader_without_its_database_publishes_nothing_new(tidemark, proxy_to):
    proxy = proxy_to(tidemark.postgres.port)
    url = tidemark.environment("scheduler")["DATABASE_URL"]
    first, second = two_schedulers(
        tidemark, DATABASE_URL=url.replace(f":{tidemark.postgres.port}/", f":{proxy.port}/"))
    since = time.monotonic()
    proxy.black_hole()
    inserted = slots(tidemark)[-1][0]

    assert_takes_over(second, since)
    wait_newer(tidemark, slots(tidemark)[-1][2] + PAUSED_SLOTS, timeout=PAUSED_SLOTS + 30)
    first.wait_log(event="leader.lost")
    assert_makes_none_beside(first, second)
    assert_every_slot_once(tidemark)
    assert_sent_once(tidemark, [inserted])


def test_a_broker_that_crashes_costs_nothing_but_time(own_tidemark):
    add_schedule(own_tidemark, "fast", period=1)
    own_tidemark.start_scheduler()
    wait_published(own_tidemark, 3)
    rabbitmq = own_tidemark.services.rabbitmq
    rabbitmq.stop(signal.SIGKILL)
    wait_for("slots wait for the broker", lambda: len(slots(own_tidemark, "pending")) >= 3)
    rabbitmq.start()

    wait_newer(own_tidemark, slots(own_tidemark, "pending")[-1][2], timeout=60)

    wait_for("all are published", lambda: len(slots(own_tidemark, "pending")) == 0)
    assert_every_slot_once(own_tidemark)
    published = {row[0] for row in slots(own_tidemark, "published")}  # before the messages: more follow
    assert published <= {job["job_id"] for job in messages(own_tidemark)}


def test_a_broker_that_loses_its_data_is_filled_again(own_tidemark):
    add_schedule(own_tidemark, "daily", period=86400)
    add_schedule(own_tidemark, "market", kind="listing", stream="listing/usd/250/1", period=86400)
    own_tidemark.start_scheduler()
    wait_published(own_tidemark, 2)
    rabbitmq = own_tidemark.services.rabbitmq
    rabbitmq.stop(signal.SIGKILL)
    rabbitmq.forget()
    rabbitmq.start()
    own_tidemark.vhost.create()

    wait_for("both jobs are in their queue again",
             lambda: own_tidemark.vhost.queues().get("jobs.coingecko") == 2, timeout=60)


def test_a_database_that_crashes_costs_nothing_but_time(own_tidemark):
    add_schedule(own_tidemark, "fast", period=1)
    scheduler = own_tidemark.start_scheduler()
    wait_published(own_tidemark, 3)
    own_tidemark.postgres.stop("immediate")
    scheduler.wait_log(event="leader.lost")
    own_tidemark.postgres.start()

    wait_newer(own_tidemark, slots(own_tidemark)[-1][2])
    assert_every_slot_once(own_tidemark)
