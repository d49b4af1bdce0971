"""common/broker.h against a real RabbitMQ, driven through tests/system/broker_probe.c."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from process import freeze
from waiting import wait_for

BUILD = pathlib.Path(os.environ.get("TIDEMARK_BUILD",
                                    pathlib.Path(__file__).parents[2] / "build"))

FREED_S = 60

pytestmark = pytest.mark.xdist_group("broker")  # one virtual host for all of them


@pytest.fixture(scope="module")
def rabbitmq(engines):
    """Its first virtual host, which no other file uses."""
    yield engines.rabbitmq
    engines.heal()
    engines.rabbitmq.empty()


class Answer(dict):
    """The fields of one answer; `code` is "ok" or the error's code."""

    def __init__(self, line):
        code, *fields = line.rstrip("\n").split("\t")
        super().__init__(field.split("=", 1) for field in fields if "=" in field)
        self.code = code
        self.ms = int(self["ms"])


class Probe:
    def __init__(self, url, *sources):
        self.process = subprocess.Popen(
            [BUILD / "tests/system/broker_probe", url, *sources],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return Answer(self.process.stdout.readline())

    def ok(self, line):
        answer = self(line)
        assert answer.code == "ok", (line, answer.code, answer)
        return answer

    def ok_soon(self, line):
        """Repeats a command until it works, as every program's loop does."""
        return wait_for(line, lambda: (lambda a: a if a.code == "ok" else None)(self(line)))

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20)


@pytest.fixture
def probe(rabbitmq, request):
    """Starts probes on a source of the test's own, so that tests do not see each other's queues."""
    source = request.node.name.removeprefix("test_")[:40]
    started = []

    def start(url=rabbitmq.url):
        started.append(Probe(url, source))
        return started[-1]

    start.source = source
    start.queue = f"jobs.{source}"
    yield start
    for each in started:
        assert each.close() == 0, "the probe ends cleanly, also under the sanitizers"


def test_a_message_arrives_with_its_id_and_headers_and_is_gone_after_the_ack(rabbitmq, probe):
    one = probe()
    one.ok(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    one.ok(f"consume {probe.queue}")

    message = one.ok("next 5000")
    one.ok("ack")

    assert message["id"] == "job-1" and message["body"] == "{}"
    assert message["reason"] == "a test" and message["attempt"] == "3"
    assert message["redelivered"] == "0" and message["count"] == "0"
    assert "id" not in one.ok("next 300")


def test_a_killed_consumer_s_message_comes_back_and_says_so(rabbitmq, probe):
    one, two = probe(), probe()
    one.ok(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    one.ok(f"consume {probe.queue}")
    one.ok("next 5000")
    one.ok(f"consume {probe.queue}")  # a new connection in the place of the old one

    again = one.ok("next 5000")

    assert again["id"] == "job-1" and again["redelivered"] == "1" and again["count"] == "1"
    one.ok("requeue")
    two.ok("connect-publisher")


def test_only_one_message_is_out_at_a_time(rabbitmq, probe):
    one = probe()
    one.ok(f"publish-all tidemark.jobs {probe.source} 3 100")
    one.ok(f"consume {probe.queue}")
    one.ok("next 5000")

    assert "id" not in one.ok("next 300")
    one.ok("ack")
    assert one.ok("next 5000")["id"] == "message-1"


def test_what_no_queue_takes_is_an_error(rabbitmq, probe):
    assert probe()("publish tidemark.jobs nowhere job-1 {}").code == "broker.unroutable"


def test_among_many_the_unroutable_ones_are_told_apart(rabbitmq, probe):
    answer = probe().ok(f"publish-all tidemark.jobs {probe.source}+lost 700 300")

    assert answer["confirmed"] == "600" and answer["unroutable"] == "100"
    assert answer["misplaced"] == "0"


def test_an_event_nobody_listens_to_is_no_error(rabbitmq, probe):
    probe().ok("event tidemark.events - event-1 {}")


def test_listeners_hear_an_event_each(rabbitmq, probe):
    one, two = probe(), probe()
    one.ok("connect-publisher")
    one.ok("listen tidemark.events")
    two.ok("listen tidemark.events")

    one.ok("event tidemark.events - event-1 {}")

    assert one.ok("next 5000")["id"] == "event-1"
    assert two.ok("next 5000")["id"] == "event-1"


def test_a_full_queue_refuses_and_the_message_is_not_in_it(rabbitmq, probe):
    one = probe()
    one.ok("connect-publisher")
    rabbitmq.api("PUT", f"/api/policies/%2f/{probe.source}",
                 {"pattern": f"^{probe.queue}$", "definition": {"max-length": 5},
                  "apply-to": "queues"})

    # The limit is approximate, because the queue tells the publisher's channel a moment later.
    answers = []
    wait_for("it refuses", lambda: answers.append(
        one.ok(f"publish-all tidemark.jobs {probe.source} 50 100")) or
        int(answers[-1]["nacked"]) > 0)

    assert int(answers[-1]["nacked"]) + int(answers[-1]["confirmed"]) == 50
    confirmed = sum(int(answer["confirmed"]) for answer in answers)
    wait_for("the queue holds what was confirmed, and no more",
             lambda: rabbitmq.ready(probe.queue) == confirmed)


def test_a_rejected_message_goes_to_the_dead_letters_and_looking_leaves_it_there(rabbitmq, probe):
    one = probe()
    one.ok(f"publish tidemark.jobs {probe.source} dead-job {{}}")
    one.ok(f"consume {probe.queue}")
    one.ok("next 5000")
    one.ok("drop")

    wait_for("it is dead", lambda: "dead-job" in one.ok("peek dead 50")["ids"])
    assert "dead-job" in one.ok("peek dead 50")["ids"]


def test_a_retry_comes_home_with_its_key(rabbitmq, probe):
    one = probe()
    one.ok(f"publish tidemark.retry.5 {probe.source} later {{}}")
    one.ok(f"consume {probe.queue}")

    home = one.ok("next 15000")

    assert home["id"] == "later" and home["key"] == probe.source
    assert home.ms > 4000


def test_a_queue_deleted_under_a_consumer_is_noticed_and_declared_anew(rabbitmq, probe):
    one = probe()
    one.ok(f"consume {probe.queue}")
    rabbitmq.delete_queue(probe.queue)

    answer = one("next 20000")

    assert answer.code == "broker.away" and answer.ms < 5000
    one.ok_soon("connect-consumer")
    one.ok(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    assert one.ok("next 5000")["id"] == "job-1"


def test_a_consumer_that_was_subscribed_to_the_new_queue_in_silence_frees_its_message(rabbitmq, probe):
    """A channel that hears of a deletion only after the queue is there again subscribes by itself, and drops what comes."""
    one, other = probe(), probe()
    one.ok(f"consume {probe.queue}")
    rabbitmq.freeze_consumers(probe.queue)
    rabbitmq.delete_queue(probe.queue)
    other.ok("connect-publisher")  # declares it anew
    rabbitmq.thaw_channels()
    other.ok_soon(f"publish tidemark.jobs {probe.source} job-1 {{}}")

    def message():
        answer = one("next 1000")
        if answer.code == "broker.away":
            one.ok_soon("connect-consumer")
        return answer.get("id")

    assert wait_for("the message comes", message, timeout=FREED_S) == "job-1"


def test_a_scheduler_learns_of_a_lost_queue_even_if_a_worker_was_quicker(rabbitmq, probe):
    scheduler, worker = probe(), probe()
    assert scheduler.ok("connect-publisher")["lost"] == "1", "a new queue counts as a lost one"
    assert scheduler.ok("mark-intact")["lost"] == "0"
    worker.ok(f"consume {probe.queue}")
    assert worker.ok("connect-publisher")["lost"] == "0"
    rabbitmq.delete_queue(probe.queue)
    wait_for("the worker notices", lambda: worker("service-consumer").code == "broker.away")
    worker.ok_soon("connect-consumer")

    late_scheduler = probe()

    assert late_scheduler.ok("connect-publisher")["lost"] == "1"


def test_after_a_cancel_what_was_not_handed_out_is_back_in_the_queue(rabbitmq, probe):
    one = probe()
    one.ok(f"publish-all tidemark.jobs {probe.source} 2 100")
    one.ok(f"consume {probe.queue}")
    wait_for("a message has come", lambda: one.ok("service-consumer") and
             rabbitmq.ready(probe.queue) == 1)

    one.ok("cancel")

    wait_for("it is back", lambda: rabbitmq.ready(probe.queue) == 2)
    assert "id" not in one.ok("next 300")


def test_a_closed_connection_is_noticed_and_replaced(rabbitmq, probe):
    one = probe()
    one.ok("connect-publisher")
    one.ok(f"consume {probe.queue}")

    rabbitmq.close_connections("broker_probe", lambda: one("next 500").code == "broker.away")

    one.ok_soon("connect-consumer")
    one.ok_soon(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    assert one.ok("next 5000")["id"] == "job-1"


def test_an_ack_over_a_new_connection_is_refused_here(rabbitmq, probe):
    one = probe()
    one.ok(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    one.ok(f"consume {probe.queue}")
    one.ok("next 5000")
    rabbitmq.close_connections("broker_probe", lambda: one("service-consumer").code == "broker.away")
    one.ok_soon("connect-consumer")

    assert one("ack").code == "broker.away", "an old tag means another message on a new channel"
    assert one.ok("next 5000")["id"] == "job-1"


def test_a_memory_alarm_neither_blocks_nor_lies_and_acks_go_on(rabbitmq, probe):
    one = probe()
    one.ok(f"publish-all tidemark.jobs {probe.source} 10 100")
    one.ok(f"consume {probe.queue}")
    one.ok("next 5000")
    rabbitmq.raise_memory_alarm()
    try:
        for _ in range(3):
            refused = one(f"publish tidemark.jobs {probe.source} late {{}}")
            assert refused.code == "broker.blocked" and refused.ms < 1000
        many = one.ok(f"publish-all tidemark.jobs {probe.source} 1000 60000")
        assert many["blocked"] == "1000" and many.ms < 1000
        one.ok("ack")
        assert one.ok("next 5000")["id"] == "message-1", "the ack has reached the broker"
    finally:
        rabbitmq.clear_memory_alarm()
    wait_for("the alarm is over", lambda: one.ok("service-publisher")["blocked"] == "0")
    one.ok(f"publish tidemark.jobs {probe.source} after {{}}")


def test_a_broker_that_hangs_is_given_up_after_the_confirm_s_deadline(rabbitmq, probe):
    one = probe()
    one.ok("connect-publisher")
    freeze(rabbitmq.pid)
    try:
        answer = one(f"publish tidemark.jobs {probe.source} job-1 {{}}")
    finally:
        os.kill(rabbitmq.pid, signal.SIGCONT)

    assert answer.code == "broker.away" and 9000 < answer.ms < 15000
    one.ok_soon(f"publish tidemark.jobs {probe.source} job-1 {{}}")


def test_confirmed_messages_survive_a_crash_of_the_broker(rabbitmq, probe):
    one = probe()
    one.ok(f"publish-all tidemark.jobs {probe.source} 200 300")
    rabbitmq.stop(signal.SIGKILL)
    assert one(f"publish tidemark.jobs {probe.source} x {{}}").code == "broker.away"
    rabbitmq.start()

    one.ok_soon(f"consume {probe.queue}")
    seen = set()
    for _ in range(200):
        seen.add(one.ok("next 10000")["id"])
        one.ok("ack")

    assert seen == {f"message-{i}" for i in range(200)}


@pytest.mark.parametrize("change, code, words", [
    (lambda url: url.replace("guest:guest", "guest:wrong"), "broker.auth", "log in as guest"),
    (lambda url: url.replace("%2f", "nowhere"), "broker.auth", "nowhere"),
    (lambda url: url.replace("amqp://", "http://"), "broker.url", "amqp://user:password@host"),
    (lambda url: url.replace("amqp://", "amqps://"), "broker.url", "TLS"),
    (lambda url: "amqp://guest:guest@127.0.0.1:1/%2f", "broker.away", "127.0.0.1:1"),
], ids=["password", "virtual host", "scheme", "TLS", "nobody there"])
def test_what_is_wrong_with_the_address_is_said(rabbitmq, probe, change, code, words):
    answer = probe(change(rabbitmq.url))("connect-publisher")

    assert answer.code == code and words in answer["message"]
    assert "wrong" not in answer["message"], "a password is never repeated"


def test_a_queue_with_other_arguments_is_fatal_and_named(rabbitmq, probe):
    rabbitmq.api("PUT", f"/api/queues/%2f/{probe.queue}",
                 {"durable": True, "arguments": {"x-queue-type": "quorum", "x-max-length": 7}})

    answer = probe()("connect-publisher")

    assert answer.code == "broker.topology" and probe.queue in answer["message"]
    assert rabbitmq.queue(probe.queue)["arguments"]["x-max-length"] == 7, "and left alone"


def test_attempts_to_connect_are_spread(rabbitmq, probe):
    one = probe("amqp://guest:guest@127.0.0.1:1/%2f")
    started = time.monotonic()
    tries = 0
    while time.monotonic() - started < 2:
        tries += "waiting" not in one("connect-publisher")["message"]
        time.sleep(0.01)

    assert 2 <= tries <= 12
