"""tidemark-scheduler on real engines: slots, messages, and what is made up for."""

import json
import time

import pytest

from programs import run_program
from schedule_rows import (add_schedule, add_slot, declare_queues, messages, slots,
                           wait_published)
from stepped_clock import SteppedClock
from waiting import wait_for

QUOTES = {"symbols": ["bitcoin/usd", "ethereum/usd"]}


def test_a_new_schedule_runs_at_once_and_its_job_says_everything(tidemark):
    add_schedule(tidemark, "named", args=QUOTES, not_after=600)
    tidemark.start_scheduler()
    before = int(time.time())

    [(job_id, _, slot, publishes)] = wait_published(tidemark, 1)

    [job] = messages(tidemark)
    assert slot % 300 == 0 and before - 300 < slot <= time.time()
    assert job_id == f"coingecko/quote/named/{slot}" and publishes == 1
    assert job["job_id"] == job_id and job["v"] == 1 and job["attempt"] == 1
    assert (job["kind"], job["source"], job["stream"]) == ("quote", "coingecko", "quote/named")
    assert job["args"] == QUOTES and job["slot"] == slot and job["not_after"] == slot + 600
    assert job["traceparent"].startswith("00-") and len(job["traceparent"]) == 55


def test_at_first_prices_come_before_histories(tidemark):
    """Also when all of it waited in the table until there was a broker."""
    for stream in ("history/bitcoin/usd/1h", "reference", "listing/usd/50/1", "quote/named"):
        add_schedule(tidemark, stream.replace("/", "-"), kind=stream.split("/")[0], stream=stream)
    tidemark.start_scheduler()

    wait_published(tidemark, 4)

    assert [job["kind"] for job in messages(tidemark)] == ["quote", "listing", "reference", "history"]


def test_slots_follow_each_other_without_a_hole(tidemark):
    add_schedule(tidemark, "fast", period=1)
    tidemark.start_scheduler()

    rows = wait_for("six slots", lambda: (lambda r: r if len(r) > 5 else None)(slots(tidemark)))

    times = [slot for _, _, slot, _ in rows]
    assert times == list(range(times[0], times[0] + len(times)))


def test_a_cron_rule_makes_the_slots_of_its_moments(tidemark):
    """Every fourth hour: of the last day all that were missed, or the newest alone."""
    declare_queues(tidemark)
    hour = int(time.time()) // 3600
    for name, missed in (("lazy", "coalesce"), ("eager", "catch_up")):
        add_schedule(tidemark, name, cron=f"0 {hour % 4}-23/4 * * *", missed=missed)
        add_slot(tidemark, name, (hour - 24) * 3600)
    tidemark.start_scheduler()

    wait_published(tidemark, 2 + 6 + 1)

    hours = [(hour - back) * 3600 for back in range(24, -1, -4)]
    for name, states in (("eager", ["published"] * 7),
                         ("lazy", ["published"] + ["skipped"] * 5 + ["published"])):
        rows = [row for row in slots(tidemark) if f"/{name}/" in row[0]]
        assert [row[2] for row in rows] == hours and [row[1] for row in rows] == states


def test_a_cron_rule_that_nobody_can_read_stops_nobody_else(tidemark):
    add_schedule(tidemark, "odd", cron="at teatime")
    add_schedule(tidemark, "named")
    scheduler = tidemark.start_scheduler()

    [(job_id, *_)] = wait_published(tidemark, 1)

    assert "/named/" in job_id
    assert scheduler.wait_log(event="schedule.bad_cron")["schedule"] == "odd"


def test_old_slots_are_forgotten_but_the_newest(tidemark):
    """The schedule goes on after its last slot all the same."""
    declare_queues(tidemark)
    add_schedule(tidemark, "rare", period=30 * 86400, missed="catch_up")
    now = int(time.time()) // (30 * 86400) * 30 * 86400
    for back in (2, 3, 4, 5):
        add_slot(tidemark, "rare", now - back * 30 * 86400, "skipped")
    scheduler = tidemark.start_scheduler()

    scheduler.wait_log(event="slots.trimmed")

    left = [row[2] for row in slots(tidemark)]
    assert left[-2:] == [now - 30 * 86400, now] and len(left) <= 3, "caught up, then forgotten"


def test_ingestion_interval_changes_the_rate_at_which_quotes_are_published(tidemark):
    """Of quotes only, and everybody can see it: in the log, and in tidemarkctl."""
    add_schedule(tidemark, "quotes", period=3600, not_after=600)
    add_schedule(tidemark, "at-three", cron="0 3 * * *")
    add_schedule(tidemark, "page", kind="listing", stream="listing/usd/250/1", period=3600)

    def quote_slots():
        return [row[2] for row in slots(tidemark, "published") if row[0].startswith("coingecko/quote/quotes/")]

    def period_shown():
        listed = json.loads(tidemark.ctl("schedules", "list", "--json").stdout)
        return {row["name"]: row["ingestion_interval_s"] for row in listed}

    for interval in (3, 1):
        scheduler = tidemark.start_scheduler(INGESTION_INTERVAL=str(interval))
        assert scheduler.wait_log(event="leader.begins")["ingestion_interval_s"] == interval
        before = len(quote_slots())
        times = wait_for("four more quotes", lambda: (lambda all_of: all_of if len(all_of) >= before + 4 else None)(
            quote_slots()))[-3:]
        assert [later - earlier for earlier, later in zip(times, times[1:])] == [interval] * 2
        assert period_shown() == {"quotes": interval, "at-three": interval, "page": None}
        assert scheduler.stop() == 0
    assert sum("/listing/" in row[0] for row in slots(tidemark)) == 1
    assert sum("/at-three/" in row[0] for row in slots(tidemark)) > 4, "quotes by the calendar as well"

    tidemark.start_scheduler().wait_log(event="leader.begins")
    wait_for("their own periods again", lambda: period_shown() == {"quotes": None, "at-three": None, "page": None})


def test_missed_slots_are_skipped_or_caught_up_with_as_the_schedule_says(tidemark):
    declare_queues(tidemark)
    now = int(time.time()) // 3600 * 3600
    for name, missed in (("lazy", "coalesce"), ("eager", "catch_up")):
        add_schedule(tidemark, name, period=3600, missed=missed)
        add_slot(tidemark, name, now - 4 * 3600)
    tidemark.start_scheduler()

    wait_published(tidemark, 7)

    states = {name: [state for job, state, _, _ in slots(tidemark) if f"/{name}/" in job]
              for name in ("lazy", "eager")}
    assert states["eager"] == ["published"] * 5
    assert states["lazy"] == ["published", "skipped", "skipped", "skipped", "published"]
    assert len(messages(tidemark)) == 5, "what is skipped is not sent"


def test_catching_up_is_limited(tidemark):
    declare_queues(tidemark)
    now = int(time.time()) // 60 * 60
    add_schedule(tidemark, "eager", period=60, missed="catch_up")
    add_slot(tidemark, "eager", now - 6000)
    scheduler = tidemark.start_scheduler(CATCH_UP_PER_MINUTE="10")

    wait_published(tidemark, 11)
    scheduler.stop()

    assert len(slots(tidemark)) <= 13, "the first ten, and what a few seconds earn"


def test_what_a_former_leader_did_not_get_confirmed_is_published(tidemark):
    add_schedule(tidemark, "named")
    add_slot(tidemark, "named", int(time.time()) // 300 * 300, "pending")
    tidemark.start_scheduler()

    wait_published(tidemark, 1)

    assert len(messages(tidemark)) == 1


def test_what_has_no_run_after_two_hours_is_published_again_once(tidemark):
    declare_queues(tidemark)
    add_schedule(tidemark, "named")
    slot = int(time.time()) // 300 * 300
    for at in (slot, slot - 300):
        add_slot(tidemark, "named", at)
    tidemark.query("UPDATE slots SET published_at = now() - interval '2 hours 1 minute'")
    tidemark.query(
        "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status)"
        " SELECT job_id, source_id, 'quote', stream, slot, 1, 'ok' FROM slots"
        " WHERE slot = to_timestamp(%s)", slot - 300)
    tidemark.start_scheduler()

    wait_for("it is published again", lambda: [row for row in slots(tidemark) if row[3] == 1])

    assert [row[3] for row in slots(tidemark)] == [0, 1], "the finished one is left alone"
    assert len(messages(tidemark)) == 1


def test_a_lost_queue_is_declared_and_filled_again(tidemark):
    add_schedule(tidemark, "named", period=86400)
    tidemark.start_scheduler()
    wait_published(tidemark, 1)
    rabbitmq, path = tidemark.services.rabbitmq, tidemark.vhost.path
    wait_for("the mark stands", lambda: "jobs.intact" in tidemark.vhost.queues())

    worker = tidemark.vhost.connect()
    channel = worker.channel()
    channel.queue_delete("jobs.intact")  # what a worker does that finds a jobs queue missing
    rabbitmq.api("DELETE", f"/api/queues/{path}/jobs.coingecko")

    wait_for("the job is in its queue again",
             lambda: tidemark.vhost.queues().get("jobs.coingecko") == 1)
    wait_for("the mark stands again", lambda: "jobs.intact" in tidemark.vhost.queues())


def test_a_publish_to_a_deleted_queue_brings_it_back(tidemark):
    add_schedule(tidemark, "fast", period=1)
    tidemark.start_scheduler()
    wait_published(tidemark, 2)

    tidemark.services.rabbitmq.api("DELETE",
                                   f"/api/queues/{tidemark.vhost.path}/jobs.coingecko")

    wait_for("all unfinished jobs are in the queue", lambda:
             len({job["job_id"] for job in messages_if_any(tidemark)}) ==
             len(slots(tidemark, "published")))


def messages_if_any(tidemark):
    if "jobs.coingecko" not in tidemark.vhost.queues():
        return []
    return messages(tidemark)


def test_only_one_leads_and_a_stopped_leader_hands_over_at_once(tidemark):
    add_schedule(tidemark, "fast", period=1)
    first = tidemark.start_scheduler()
    first.wait_log(event="leader.begins")
    second = tidemark.start_scheduler()
    wait_published(tidemark, 3)
    assert not second.log(event="leader.begins")

    started = time.monotonic()
    assert first.stop() == 0
    second.wait_log(event="leader.begins", timeout=5)

    assert time.monotonic() - started < 5
    wait_published(tidemark, 8)
    times = [slot for _, _, slot, _ in slots(tidemark)]
    assert times == list(range(times[0], times[0] + len(times)))


def test_nothing_is_published_while_the_broker_is_short_of_memory(own_tidemark):
    add_schedule(own_tidemark, "fast", period=1)
    scheduler = own_tidemark.start_scheduler()
    wait_published(own_tidemark, 2)
    rabbitmq = own_tidemark.services.rabbitmq
    rabbitmq.raise_memory_alarm()
    try:
        scheduler.wait_log(event="outbox.not_confirmed", error_code="broker.blocked")
        made = len(slots(own_tidemark))
        wait_for("slots are made all the same", lambda: len(slots(own_tidemark)) >= made + 4,
                 timeout=8)
    finally:
        rabbitmq.clear_memory_alarm()

    wait_for("all are published", lambda: len(slots(own_tidemark, "pending")) == 0)


def test_slots_are_made_while_the_broker_swallows_everything(tidemark, proxy_to):
    """The silent session of the leader ends again and again, but each turn makes what is due."""
    add_schedule(tidemark, "fast", period=1)
    proxy = proxy_to(tidemark.services.rabbitmq.port)
    tidemark.start_scheduler(RABBITMQ_URL=tidemark.vhost.url_through(proxy.port))
    wait_published(tidemark, 2)

    proxy.black_hole()
    made = len(slots(tidemark))
    wait_for("slots are made all the same", lambda: len(slots(tidemark)) >= made + 5)

    proxy.pass_through()
    wait_for("all are published", lambda: len(slots(tidemark, "pending")) == 0)


def test_a_thousand_streams_do_not_fire_in_one_second(tidemark):
    """All of them come at once when they are new; from then on each at its place in the period."""
    symbols = [f"COIN{number}USDT" for number in range(1000)]
    path = tidemark.directory / "thousand.yml"
    path.write_text("\n".join([
        "assets:", "  bitcoin: {symbol: BTC, name: Bitcoin}", "instruments:", "  binance:",
        *(f"    {symbol}: bitcoin/usdt" for symbol in symbols), "schedules:",
        "  all: {source: binance, kind: quote, every: 40s, each: [" + ", ".join(symbols) + "]}"]), encoding="utf-8")
    tidemark.ctl("schedules", "apply", path)
    clock = SteppedClock(tidemark.directory)
    tidemark.start_scheduler(**clock.environment())
    wait_for("the first of each", lambda: len(slots(tidemark, "published")) >= 1000, timeout=60)

    second = max(slot for *_, slot, _ in slots(tidemark)) + 40
    ahead = max(0, int(second - 2 - time.time()))  # nobody has to wait for it: it comes in two seconds
    clock.step_to(ahead)
    wait_for("the second of each", lambda: sum(row[2] == second for row in slots(tidemark, "published")) == 1000,
             timeout=120)

    [(busiest, seconds, early)] = tidemark.query(
        "SELECT max(streams), count(*), sum(early) FROM ("
        " SELECT count(*) AS streams,"
        "        sum((inserted_at + %s * interval '1 second' < slot + offset_s * interval '1 second')::int) AS early"
        " FROM slots JOIN schedules USING (source_id, stream) WHERE slot = to_timestamp(%s)"
        " GROUP BY date_trunc('second', published_at)) AS a_second", ahead, second)
    assert early == 0, "none before its place"
    assert seconds >= 5 and busiest <= 400, "a quarter of the period is ten seconds; on a busy machine some come late"
    assert {row[3] for row in slots(tidemark)} == {1}, "each published once"


def test_a_job_that_no_message_can_carry_does_not_stop_the_others(tidemark):
    add_schedule(tidemark, "long", stream="quote/" + "x" * 255)
    add_schedule(tidemark, "named")
    scheduler = tidemark.start_scheduler()

    wait_published(tidemark, 1)

    assert [message["stream"] for message in messages(tidemark)] == ["quote/named"]
    told = wait_for("the other one is told", lambda: scheduler.log(event="outbox.not_confirmed"))
    assert told[0]["error_code"] == "broker.too_large"


@pytest.mark.parametrize("settings, code, words", [
    ({"RABBITMQ_URL": ""}, 2, "RABBITMQ_URL"),
    ({"INGESTION_INTERVAL": "soon"}, 2, "INGESTION_INTERVAL"),
    ({"INGESTION_INTERVAL": "500ms"}, 2, "whole seconds"),
    ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:{port}/nowhere"}, 75, "database.refused"),
    ({"RABBITMQ_URL": "amqp://guest:secret-canary@127.0.0.1:{amqp}/%2f"}, 75, "broker.auth"),
])
def test_what_cannot_work_ends_with_a_sentence_and_its_code(tidemark, settings, code, words):
    ports = {"port": tidemark.postgres.port, "amqp": tidemark.services.rabbitmq.port}
    add_schedule(tidemark, "named")
    environment = {**tidemark.environment("scheduler"),
                   **{name: value.format(**ports) for name, value in settings.items()}}

    done = run_program("tidemark-scheduler", environment, check=False)

    assert done.returncode == code and words in done.stderr
    assert "secret-canary" not in done.stdout + done.stderr


def test_help_shows_every_setting(tidemark):
    text = run_program("tidemark-scheduler", {}, "--help").stdout

    for name in ("DATABASE_URL", "RABBITMQ_URL", "INGESTION_INTERVAL", "CATCH_UP_PER_MINUTE"):
        assert name in text
