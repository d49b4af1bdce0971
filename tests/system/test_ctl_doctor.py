"""tidemarkctl doctor: a well system is found well, and each thing that is broken is named."""

import json

import pytest

from programs import run_program
from schedule_rows import add_schedule
from waiting import wait_for


@pytest.fixture
def running(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", COINMARKETCAP_API_KEY="")
    add_schedule(tidemark, "prices", source="binance", args={"symbols": ["BTCUSDT"]}, period=60)
    tidemark.start_worker("*=1")
    tidemark.start_scheduler()
    wait_for("the mark stands", lambda: "jobs.intact" in tidemark.vhost.queues())
    wait_for("a run", lambda: tidemark.query("SELECT 1 FROM runs WHERE status = 'ok'"))
    return tidemark


def doctor(tidemark, **environment):
    done = run_program("tidemarkctl", {**tidemark.environment("operator"), **environment},
                       "doctor", "--json", check=False)
    return done, {row["what"]: row for row in json.loads(done.stdout)}


def level(found, what):
    return found[what]["level"]


def test_a_running_system_is_well(running):
    def well():
        done, found = doctor(running)
        return done.returncode == 0 and found
    found = wait_for(lambda: f"all is well: {doctor(running)[1]}", well)
    text = running.ctl("doctor").stdout

    for what in ("postgresql", "schema", "postgresql locks", "postgresql clock", "redis",
                 "redis clock", "rabbitmq", "queues", "rabbitmq alarms", "scheduler", "partitions",
                 "jobs to publish", "operator's rights", "source binance", "workers of binance",
                 "dead letters", "instruments"):
        assert level(found, what) == "ok", found[what]
    assert "version 3." in found["rabbitmq"]["found"] and "4" not in found["dead letters"]["found"]
    assert all(row["advice"] for row in found.values() if row["level"] != "ok")
    assert text.startswith("ok    postgresql") and "workers of binance" in text


def test_a_system_that_does_nothing_is_not(tidemark):
    """The servers are there, and nothing else."""
    add_schedule(tidemark, "prices", source="binance", args={"symbols": ["BTCUSDT"]}, period=60)
    tidemark.query("INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message,"
                   " inserted_at) VALUES ('x', 'prices', 2, 'x', now(), '{}',"
                   " now() - interval '10 minutes')")

    done, found = doctor(tidemark)

    assert done.returncode == 1 and "checks failed" in done.stderr
    assert level(found, "scheduler") == "fail" and "tidemark-scheduler" in found["scheduler"]["advice"]
    assert level(found, "queues") == "fail" and "missing" in found["queues"]["found"]
    assert level(found, "jobs to publish") == "warn" and found["jobs to publish"]["found"].startswith("1 ")
    assert level(found, "source binance") == "warn" and "never" in found["source binance"]["found"]
    assert level(found, "source kraken") == "ok", "nothing is scheduled there"


def test_servers_that_are_away_are_findings(tidemark):
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
               "REDIS_URL": "redis://127.0.0.1:1/0",
               "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/%2f"}
    unset = {name: "" for name in nowhere}

    done, found = doctor(tidemark, **nowhere)
    also, blank = doctor(tidemark, **unset)

    assert done.returncode == also.returncode == 1
    assert [level(found, what) for what in ("postgresql", "redis", "rabbitmq")] == ["fail"] * 3
    assert [level(blank, what) for what in ("postgresql", "redis", "rabbitmq")] == [
        "fail", "warn", "fail"]


@pytest.mark.parametrize("statement, what, words", [
    ("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)",
     "schema", "tidemark-migrate up"),
    ("REVOKE INSERT ON slots FROM tidemark_operator", "operator's rights", "tidemark_operator"),
    ("DO $$ BEGIN EXECUTE format('DROP TABLE raw_payloads_%%s',"
     " to_char(now() AT TIME ZONE 'UTC' + interval '1 day', 'YYYYMMDD')); END $$",
     "partitions", "scheduler"),
])
def test_what_is_wrong_with_the_database_is_named(tidemark, statement, what, words):
    tidemark.query("SELECT create_partitions_ahead()")
    tidemark.query(statement)

    done, found = doctor(tidemark)

    assert done.returncode == 1 and level(found, what) == "fail"
    assert words in found[what]["advice"]


def test_a_queue_of_another_kind_is_named(running):
    """Somebody has declared it by hand."""
    for program in running.programs:
        program.stop()
    connection = running.vhost.connect()
    channel = connection.channel()
    channel.queue_delete("jobs.binance")
    channel.queue_declare("jobs.binance", durable=True)
    connection.close()

    done, found = doctor(running)

    assert done.returncode == 1 and "jobs.binance" in found["queues"]["found"]
    assert level(found, "workers of binance") == "warn"
    assert level(found, "scheduler") == "fail"


def test_a_source_without_its_key_is_named(running):
    add_schedule(running, "cmc", source="coinmarketcap", args={"symbols": ["1/usd"]}, period=60)
    wait_for("it is skipped", lambda: running.query("SELECT 1 FROM runs WHERE status = 'skipped'"))

    _, found = doctor(running)

    assert level(found, "source coinmarketcap") == "warn"
    assert "without a key" in found["source coinmarketcap"]["found"]
