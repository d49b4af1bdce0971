"""
The scheduler on a machine whose clock is set, or that sleeps: slots are a function of UTC and of the
last slot in the table, so none is left out and none comes twice.
"""
import calendar
import collections
import signal
import time

import pytest

from stepped_clock import SteppedClock
from schedule_rows import add_schedule, declare_queues, messages, slots
from waiting import wait_for

HOUR_S = 3600
PERIODS_S = {"lazy": 1, "eager": 60}  # coalesces, catches up
PLENTY = {"CATCH_UP_PER_MINUTE": "100000"}


@pytest.fixture
def clock(tidemark):
    return SteppedClock(tidemark.directory)


def rows_of(tidemark, name):
    """(state, slot) of one schedule, oldest first."""
    return [(state, slot) for job_id, state, slot, _ in slots(tidemark) if f"/{name}/" in job_id]


def newest(tidemark, name="lazy"):
    return max((slot for state, slot in rows_of(tidemark, name) if state == "published"), default=0)


def start(tidemark, clock, cron=None, begins_at=None, **settings):
    declare_queues(tidemark)
    if begins_at:
        clock.step_to(begins_at - int(time.time()))
    if cron:
        add_schedule(tidemark, "calendar", cron=cron)
    for name, missed in (("lazy", "coalesce"), ("eager", "catch_up")):
        add_schedule(tidemark, name, period=PERIODS_S[name], missed=missed)
    scheduler = tidemark.start_scheduler(**clock.environment(), **PLENTY, **settings)
    wait_newer(tidemark, 0)
    return scheduler


def wait_newer(tidemark, slot):
    """A few more slots after this one."""
    return wait_for(lambda: f"slots after {slot}: {slots(tidemark)[-5:]}",
                    lambda: newest(tidemark) > slot + 2)


def sessions(tidemark):
    """(pid, when it last asked something) of each scheduler's session."""
    return tidemark.query("SELECT pid, query_start FROM pg_stat_activity"
                          " WHERE datname = %s AND application_name = 'tidemark-scheduler'",
                          tidemark.database)


def wait_rounds(tidemark, count):
    """The leader has looked what is due so many times more."""
    seen = set(sessions(tidemark))
    first = len(seen)

    def is_reached():
        seen.update(sessions(tidemark))
        return len(seen) >= first + count

    wait_for(f"{count} rounds", is_reached)


def assert_nothing_left_out_or_doubled(tidemark):
    for name, period_s in PERIODS_S.items():
        times = [slot for _, slot in rows_of(tidemark, name)]
        assert times == list(range(times[0], times[-1] + 1, period_s)), name
    assert {state for state, _ in rows_of(tidemark, "eager")} <= {"published", "pending"}, "skips nothing"
    published = {job_id for job_id, *_ in slots(tidemark, "published")}  # before the messages: more follow
    sent = collections.Counter(job["job_id"] for job in messages(tidemark))
    assert max(sent.values()) == 1 and set(sent) >= published


def test_a_clock_that_is_set_an_hour_ahead_skips_or_catches_up(tidemark, clock):
    start(tidemark, clock)
    before = newest(tidemark)

    clock.step_to(HOUR_S)

    wait_newer(tidemark, before + HOUR_S)
    wait_for("the hour is caught up with", lambda: newest(tidemark, "eager") > before + HOUR_S - 60)
    assert_nothing_left_out_or_doubled(tidemark)
    skipped = [slot for state, slot in rows_of(tidemark, "lazy") if state == "skipped"]
    assert HOUR_S - 60 < len(skipped) <= HOUR_S


@pytest.mark.parametrize("seconds", [1, HOUR_S])
def test_a_clock_that_is_set_back_repeats_nothing(tidemark, clock, seconds):
    """A second back is what some machines do of a leap second."""
    scheduler = start(tidemark, clock)

    clock.step_to(-seconds)
    wait_rounds(tidemark, 3)
    last = slots(tidemark)[-1][2]
    wait_rounds(tidemark, 4)
    assert seconds == 1 or slots(tidemark)[-1][2] == last, "these are made already"
    clock.step_to(0)

    wait_newer(tidemark, last)
    assert_nothing_left_out_or_doubled(tidemark)
    assert len(scheduler.log(event="leader.begins")) == 1


def test_a_machine_that_slept_for_two_hours_makes_up_for_them(tidemark, clock):
    """Two schedulers on it: one leads again, the old sessions are gone."""
    first = start(tidemark, clock)
    second = tidemark.start_scheduler(**clock.environment(), **PLENTY)
    wait_for("both are connected", lambda: len(sessions(tidemark)) == 2)
    asleep = [first, second]
    for scheduler in asleep:
        scheduler.signal(signal.SIGSTOP)
    before = newest(tidemark)
    wait_for("the silent sessions are ended", lambda: not sessions(tidemark))
    clock.step_to(2 * HOUR_S)
    for scheduler in asleep:
        scheduler.signal(signal.SIGCONT)

    wait_newer(tidemark, before + 2 * HOUR_S)
    wait_for("the hours are caught up with",
             lambda: newest(tidemark, "eager") > before + 2 * HOUR_S - 60)
    assert_nothing_left_out_or_doubled(tidemark)
    assert sum(len(scheduler.log(event="leader.begins")) for scheduler in asleep) == 2


@pytest.mark.parametrize("moment, cron, zone", [
    ("2028-01-01 00:00", "0 0 1 1 *", "UTC"),
    ("2028-02-29 00:00", "0 0 29 2 *", "UTC"),
    ("2028-03-01 00:00", "0 0 1 3 *", "Asia/Kolkata"),
    ("2027-03-28 01:00", "0 1 28 3 *", "Europe/Berlin"),   # 02:00 becomes 03:00
    ("2027-10-31 01:00", "0 1 31 10 *", "Europe/Berlin"),  # 03:00 becomes 02:00
], ids=["new year", "leap day", "after leap day", "summer time begins", "summer time ends"])
def test_the_calendar_moves_no_slot(tidemark, clock, moment, cron, zone):
    """Three seconds before the moment it begins, whatever time zone the machine is in."""
    due = calendar.timegm(time.strptime(moment, "%Y-%m-%d %H:%M"))

    start(tidemark, clock, cron, due - 3, TZ=zone)

    wait_for("the moment's slot", lambda: newest(tidemark, "calendar") == due)
    wait_newer(tidemark, due)
    assert_nothing_left_out_or_doubled(tidemark)
    assert len(rows_of(tidemark, "calendar")) <= 2, "and perhaps the one of years ago, when it began"
