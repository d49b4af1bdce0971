"""tidemarkctl sources and checkpoints: what an operator switches and rewinds while workers run."""

import json

import pytest

from job_kinds import history, quote, slot
from programs import run_program
from waiting import wait_for


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000",
                             TIDEMARK_TIERS_MS="100,200,400,1500")
    return tidemark


def source(tidemark, name, **environment):
    rows = json.loads(tidemark.ctl("sources", "--json").stdout)
    return next(row for row in rows if row["name"] == name)


def status_of(system, job):
    return system.query("SELECT status, error_code FROM runs WHERE job_id = %s", job["job_id"])


def wait_status(system, job, status, code=None):
    wait_for(lambda: f"{status}: {status_of(system, job)}",
             lambda: status_of(system, job) == [(status, code)])


# Sources.

def test_every_source_is_shown_with_what_is_known_of_it(system):
    system.start_worker()
    done, failed = quote("binance", ["BTCUSDT"]), quote("coinbase", ["BTC-USD"])
    rule = system.replay.rule(source="coinbase", status=404)
    system.vhost.publish(done, failed)
    wait_status(system, done, "ok")
    wait_status(system, failed, "dead", "provider.not_found")
    system.replay.remove_rules(rule)

    binance, coinbase = source(system, "binance"), source(system, "coinbase")
    text = system.ctl("sources").stdout

    assert (binance["kind"], binance["enabled"], binance["last_status"]) == ("exchange", True, "ok")
    assert binance["last_success"] and binance["breaker"] == "closed"
    assert binance["queued"] == 0 and binance["queued_live"] == 0
    assert (coinbase["last_status"], coinbase["last_success"]) == ("dead", None)
    assert coinbase["last_error_code"] == "provider.not_found"
    assert text.splitlines()[0].startswith("NAME") and len(text.splitlines()) >= 8


def test_servers_that_are_away_cost_their_columns_only(tidemark):
    environment = tidemark.environment("operator")
    for away in ({"REDIS_URL": "", "RABBITMQ_URL": ""},
                 {"REDIS_URL": "redis://127.0.0.1:1/0",
                  "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/%2f"}):
        done = run_program("tidemarkctl", {**environment, **away}, "sources", "--json")
        rows = json.loads(done.stdout)
        assert {row["breaker"] for row in rows} == {"unknown"}
        assert {row["queued"] for row in rows} == {None}
        assert done.stderr.count("unknown:") == 2


def test_a_source_that_is_switched_off_leaves_its_jobs_undone(system):
    jobs = [quote("binance", ["BTCUSDT"], at=slot(back=n)) for n in range(3)]
    other = quote("coinbase", ["BTC-USD"])
    said = json.loads(system.ctl("sources", "disable", "binance", "--json").stdout)
    system.start_worker()
    system.vhost.publish(*jobs, other)
    for job in jobs:
        wait_status(system, job, "skipped", "source.disabled")
    wait_status(system, other, "ok")

    system.ctl("sources", "enable", "binance")
    again = quote("binance", ["BTCUSDT"], at=slot(back=9))
    system.vhost.publish(again)

    wait_status(system, again, "ok")
    assert said == {"name": "binance", "enabled": False}
    assert system.vhost.queues()["dead"] == 0
    assert len(system.replay.requests("binance")) == 1


def test_a_reset_lets_a_limited_source_be_asked_again(system):
    rule = system.replay.rule(source="binance", status=429, headers={"Retry-After": "3000"})
    job = quote("binance", ["BTCUSDT"])
    system.start_worker()
    system.vhost.publish(job)
    wait_for("a cooldown", lambda: source(system, "binance")["cooldown_until"])
    system.replay.remove_rules(rule)
    asked = len(system.replay.requests("binance"))

    system.ctl("sources", "reset", "binance")

    wait_status(system, job, "ok")
    assert asked == 1 and source(system, "binance")["cooldown_until"] is None


@pytest.mark.parametrize("arguments, code, words", [
    (["disable", "mtgox"], 1, "no source \"mtgox\""),
    (["reset", "mtgox"], 1, "no source \"mtgox\""),
    (["disable"], 2, "NAME: is missing"),
])
def test_an_unknown_source_is_refused(tidemark, arguments, code, words):
    done = tidemark.ctl("sources", *arguments, check=False)

    assert done.returncode == code and words in done.stderr


# Checkpoints.

def rewind(system, stream, to, *more, **options):
    return system.ctl("checkpoints", "rewind", "binance", stream, "--to", to, "--yes", "--json",
                      *more, **options)


def position(system, stream):
    done = system.ctl("checkpoints", "show", "binance", stream, "--json", check=False)
    return json.loads(done.stdout)["position"] if done.returncode == 0 else None


def test_a_history_is_rewound_and_fetched_again(system):
    job = history("binance", "BTCUSDT", days=30)
    system.start_worker()
    system.vhost.publish(job)
    wait_status(system, job, "ok")
    before = position(system, job["stream"])
    rows = system.query("SELECT count(*) FROM candles")

    said = json.loads(rewind(system, job["stream"], "10d").stdout)
    rewound = position(system, job["stream"])
    asked = len(system.replay.requests())
    again = history("binance", "BTCUSDT", days=30, at=job["slot"] + 60)
    system.vhost.publish(again)
    wait_status(system, again, "ok")

    assert said["source"] == "binance" and said["old"] == before and said["new"] == rewound
    assert rewound < before and position(system, job["stream"]) == before
    assert system.query("SELECT count(*) FROM candles") == rows
    [request] = system.replay.requests()[asked:]
    assert "startTime=" in request["target"]
    assert system.query("SELECT records FROM runs WHERE job_id = %s",
                        again["job_id"])[0][0] in range(240, 244), "and what overlaps"


def test_a_page_under_way_rolls_back_and_goes_on_from_the_new_position(system):
    system.replay.rule(skip=2, count=1, delay_ms=3000)
    job = history("binance", "BTCUSDT", "5m", days=9)  # three pages
    system.start_worker()
    system.vhost.publish(job)
    wait_for("the third page is asked for", lambda: len(system.replay.requests()) == 3)

    said = json.loads(rewind(system, job["stream"], "beginning").stdout)

    wait_status(system, job, "ok")
    assert said["old"] and said["new"] is None
    targets = [request["target"] for request in system.replay.requests()]
    assert len(targets) == 6 and targets[3:] == targets[:3], "all of it, once more"
    [(count, wanted)] = system.query(
        "SELECT count(*), extract(epoch FROM max(open_time) - min(open_time))::int / 300 + 1"
        " FROM candles")
    assert count == wanted >= 2592


@pytest.mark.parametrize("stream, to, words", [
    ("history/BTCUSDT/1h", "2100-01-01", "what is ahead of it"),
    ("history/ETHUSDT/1h", "2d", "is at the beginning"),
    ("quote/prices", "2d", "only histories"),
    ("history/inbox", "2d", "can only go back to the beginning"),
])
def test_what_cannot_be_rewound_is_refused(tidemark, stream, to, words):
    for name, place in (("history/BTCUSDT/1h", "2026-11-20T00:00:00.000Z"),
                        ("quote/prices", "2026-11-20T00:00:00.000Z"),
                        ("history/inbox", "1763712000123 1048576 17021 Binance_BTCUSDT_d.csv")):
        tidemark.query("SELECT checkpoint_advance(2::smallint, %s, NULL, %s, 1)", name, place)

    done = rewind(tidemark, stream, to, check=False)

    assert done.returncode == 1 and words in done.stderr
    assert tidemark.query("SELECT count(*) FROM checkpoints") == [(3,)]


def test_nobody_to_ask_is_no_yes(tidemark):
    tidemark.query("SELECT checkpoint_advance(2::smallint, 'history/x/1h', NULL,"
                   " '2026-11-20T00:00:00.000Z', 1)")

    done = tidemark.ctl("checkpoints", "rewind", "binance", "history/x/1h", "--to", "beginning",
                        check=False)

    assert done.returncode == 1 and "say --yes" in done.stderr
    assert tidemark.ctl("checkpoints", "rewind", "binance", "x", check=False).returncode == 2
    nobody = tidemark.ctl("checkpoints", "show", "binanse", "history/x/1h", check=False)
    assert nobody.returncode == 1 and 'there is no source "binanse"' in nobody.stderr
