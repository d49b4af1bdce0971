"""tidemarkctl dead: what an operator sees of dead letters, and what becomes of them."""

import json
import os
import pty
import signal
import subprocess

import pika
import pytest

from job_kinds import history, quote, slot
from programs import base_environment, program_path
from waiting import wait_for

MANY = 3000


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000",
                             TIDEMARK_TIERS_MS="100,200,400,1500")
    return tidemark


def bury(system, jobs, headers=None, **more):
    """Dead letters as a worker makes them, in the queue that a worker has declared."""
    connection = system.vhost.connect()
    channel = connection.channel()
    for job in jobs:
        body = job if isinstance(job, bytes) else json.dumps(job).encode()
        job_id = "" if isinstance(job, bytes) else job["job_id"]
        channel.basic_publish("tidemark.dead", "binance", body, pika.BasicProperties(
            delivery_mode=2, message_id=job_id,
            headers={"reason": "permanent", "source": "binance", "routing_key": "binance",
                     **(headers or {})}), **more)
    connection.close()


def depth(system, queue, count):
    wait_for(lambda: f"{count} in {queue}: {system.vhost.queues()}",
             lambda: system.vhost.queues().get(queue, 0) == count)


def declared(system):
    """A broker with all queues, and no worker that takes anything from them."""
    worker = system.start_worker("*=1")
    depth(system, "dead", 0)
    assert worker.stop() == 0
    return system


def run_of(system, job):
    return system.query("SELECT status, attempt, records FROM runs WHERE job_id = %s",
                        job["job_id"])


def replay(system, *arguments, **options):
    return system.ctl("dead", "replay", *arguments, "--json", **options)


def test_what_died_of_the_provider_is_replayed_once_it_is_well(system):
    rule = system.replay.rule(status=404, body='{"msg":"gone \\u001b[31m"}',
                              headers={"Content-Type": "application/json"})
    jobs = [quote("binance", ["BTCUSDT"]), quote("coinbase", ["BTC-USD"])]
    system.start_worker()
    system.vhost.publish(*jobs)
    depth(system, "dead", 2)
    shown = json.loads(system.ctl("dead", "show", jobs[0]["job_id"], "--json").stdout)
    text = system.ctl("dead", "show", jobs[0]["job_id"]).stdout
    raw = system.ctl("dead", "show", jobs[0]["job_id"], "--payload").stdout
    system.replay.remove_rules(rule)

    said = json.loads(replay(system, jobs[0]["job_id"]).stdout)

    wait_for("the run is done", lambda: run_of(system, jobs[0]) == [("ok", 1, 1)])
    depth(system, "dead", 1)
    assert said == {"replayed": 1, "malformed": 0, "refused": 0}
    assert shown["payload"]["http_status"] == 404 and shown["payload"]["body"].startswith('{"msg"')
    assert shown["payload"]["target"].startswith("/api/v3/ticker")
    assert "The payload:" in text and "\x1b" not in text
    assert raw == '{"msg":"gone \\u001b[31m"}'
    assert run_of(system, jobs[1])[0][0] == "dead"


def test_thousands_of_letters_leave_as_thousands_of_jobs(system):
    declared(system)
    jobs = [quote("binance", ["BTCUSDT"], at=slot(back=n)) for n in range(MANY)]
    bury(system, jobs)
    depth(system, "dead", MANY)

    said = json.loads(replay(system, "--all", timeout=600).stdout)

    assert said == {"replayed": MANY, "malformed": 0, "refused": 0}
    depth(system, "dead", 0)
    depth(system, "jobs.binance", MANY)
    found = [message["job_id"] for _, message in system.vhost.peek("jobs.binance", MANY + 1)]
    assert found == [job["job_id"] for job in jobs], "each once, and in their order"


def test_one_letter_among_many_is_found_and_the_rest_stays(system):
    declared(system)
    jobs = [quote("binance", ["BTCUSDT"], at=slot(back=n)) for n in range(300)]
    bury(system, jobs)
    depth(system, "dead", 300)

    replay(system, jobs[170]["job_id"])

    depth(system, "jobs.binance", 1)
    depth(system, "dead", 299)
    [(_, message)] = system.vhost.peek("jobs.binance")
    assert message["job_id"] == jobs[170]["job_id"]
    left = sorted(message["job_id"] for _, message in system.vhost.peek("dead"))
    assert left == sorted(job["job_id"] for job in jobs if job is not jobs[170])


def test_a_job_that_dies_again_is_not_replayed_for_ever(system):
    system.replay.rule(status=404)
    jobs = [quote("binance", ["BTCUSDT"], at=slot(back=n)) for n in range(20)]
    system.start_worker()
    system.vhost.wait_queue("dead")
    bury(system, jobs)
    depth(system, "dead", 20)

    said = json.loads(replay(system, "--all").stdout)

    assert said["replayed"] == 20
    wait_for("all of them die again", lambda: len(system.replay.requests()) == 20)
    depth(system, "dead", 20)


def test_killed_between_publishing_and_settling_the_job_is_there_twice_and_done_once(system):
    declared(system)
    job = history("binance", "BTCUSDT", days=3)
    bury(system, [{**job, "attempt": 12, "first_failed_at": 1795262400000}])
    depth(system, "dead", 1)
    system.settings["TIDEMARK_FAULT"] = "after:replay"
    killed = replay(system, "--all", check=False)
    del system.settings["TIDEMARK_FAULT"]
    assert killed.returncode == -signal.SIGKILL, killed
    depth(system, "dead", 1)
    depth(system, "jobs.binance", 1)

    replay(system, "--all")

    depth(system, "jobs.binance", 2)
    assert [message["attempt"] for _, message in system.vhost.peek("jobs.binance")] == [1, 1]
    system.start_worker()
    depth(system, "jobs.binance", 0)
    wait_for("the run is done", lambda: run_of(system, job) == [("ok", 1, 72)])
    assert system.query("SELECT count(*) FROM candles") == [(72,)]


def test_what_is_no_job_cannot_be_replayed_only_discarded(system):
    declared(system)
    job = quote("binance", ["BTCUSDT"])
    bury(system, [b"\xff{", job], {"reason": "malformed"})
    depth(system, "dead", 2)

    replayed = replay(system, "--all", check=False)
    depth(system, "dead", 1)
    refused = system.ctl("dead", "discard", "--all", check=False)
    depth(system, "dead", 1)
    discarded = system.ctl("dead", "discard", "--all", "--reason", "malformed", "--yes", "--json")

    depth(system, "dead", 0)
    depth(system, "jobs.binance", 1)
    assert replayed.returncode == 1 and "only discarded" in replayed.stderr
    assert json.loads(replayed.stdout) == {"replayed": 1, "malformed": 1, "refused": 0}
    assert refused.returncode == 1 and "say --yes" in refused.stderr
    assert json.loads(discarded.stdout)["discarded"] == 1


def test_letters_of_the_broker_s_own_go_back_where_they_came_from(system):
    """A job that was returned too often is buried by the broker, without a word of ours."""
    declared(system)
    job = quote("binance", ["BTCUSDT"])
    connection = system.vhost.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish("tidemark.jobs", "binance.live", json.dumps(job).encode(),
                          pika.BasicProperties(delivery_mode=2, message_id=job["job_id"]))
    depth(system, "jobs.binance.live", 1)
    frame, _, _ = channel.basic_get("jobs.binance.live")
    channel.basic_nack(frame.delivery_tag, requeue=False)
    connection.close()
    depth(system, "dead", 1)

    [letter] = json.loads(system.ctl("dead", "--json", "--source", "binance").stdout)
    replay(system, "--all", "--source", "binance")

    assert (letter["job_id"], letter["reason"]) == (job["job_id"], "rejected")
    depth(system, "jobs.binance.live", 1)
    depth(system, "dead", 0)


def test_a_job_that_no_queue_takes_stays_a_letter(system):
    declared(system)
    job = quote("binance", ["BTCUSDT"])
    stranger = {**job, "source": "mtgox", "job_id": job["job_id"].replace("binance", "mtgox")}
    bury(system, [stranger, job])
    depth(system, "dead", 2)

    done = replay(system, "--all", check=False)

    assert done.returncode == 1 and "did not take 1" in done.stderr
    depth(system, "jobs.binance", 1)
    [(_, message)] = system.vhost.peek("dead")
    assert message["source"] == "mtgox"


@pytest.mark.parametrize("arguments, words", [
    (["replay"], "needs a JOB_ID, or --all"),
    (["replay", "x", "--all"], "needs a JOB_ID, or --all"),
    (["discard"], "needs a JOB_ID, or --all"),
])
def test_which_letters_must_be_said(tidemark, arguments, words):
    done = tidemark.ctl("dead", *arguments, check=False)

    assert done.returncode == 2 and words in done.stderr


def test_a_letter_that_is_not_there(tidemark):
    """Also where no program has ever declared the queue."""
    for arguments in (["replay", "nobody"], ["discard", "nobody", "--yes"], ["show", "nobody"]):
        done = tidemark.ctl("dead", *arguments, check=False)
        assert done.returncode == 1 and "nobody" in done.stderr
    assert json.loads(tidemark.ctl("dead", "--json").stdout) == []


def test_a_terminal_is_asked_before_anything_is_deleted(system):
    declared(system)
    bury(system, [quote("binance", ["BTCUSDT"])])
    depth(system, "dead", 1)

    for answer, left in ((b"n\n", 1), (b"yes\n", 0)):
        terminal, inside = pty.openpty()
        asked = subprocess.Popen([program_path("tidemarkctl"), "dead", "discard", "--all"],
                                 stdin=inside, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 env={**base_environment(), **system.environment("operator")})
        os.close(inside)
        os.write(terminal, answer)
        _, said = asked.communicate(timeout=60)
        os.close(terminal)
        assert b"for good? [y/N]" in said and asked.returncode == left
        depth(system, "dead", left)
