"""A worker child killed after any step of a job, of any kind: nothing is lost, nothing doubled."""
import os
import re
import shutil
import time

import pytest

from job_kinds import EVERY_KIND, history, slot
from programs import ROOT
from replay.oracle import Oracle, check_tables, make_job, wait_quiescent
from tidemark import crew_of
from waiting import wait_for

STEPS = re.findall(r'#define STEP_\w+ "(after:\w+)"',
                   (ROOT / "ingest/worker/steps.h").read_text())
LONG = os.environ.get("TIDEMARK_FAULTS") == "long"


def some_steps(kind):
    """All nine in the long set; in the short one three, and others for the next source."""
    alike = [each for each in EVERY_KIND if each.split()[1] == kind.split()[1]]
    return STEPS if LONG else STEPS[alike.index(kind) % 3::3]


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="200,400,800")
    return tidemark


def compare(system, jobs):
    wait_quiescent(system.connect(), system.vhost.queues, jobs, timeout=60)
    check_tables(system.connect(), Oracle(seed=1), jobs, system.replay.requests())


def test_there_are_nine_steps():
    """And the short set, too, kills after each of them, in a quote, a listing and a history."""
    assert len(STEPS) == 9
    for word in ("quote", "listing", "history"):
        kinds = [kind for kind in EVERY_KIND if kind.endswith(word)]
        assert {step for kind in kinds for step in some_steps(kind)} == set(STEPS), word


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_kill_after_any_step_changes_nothing(system, kind):
    system.crew = crew_of(kind.split()[0])
    jobs = []
    for number, step in enumerate(some_steps(kind)):
        died = system.directory / f"died-{number}"
        jobs.append(EVERY_KIND[kind](number))
        worker = system.start_worker(TIDEMARK_FAULT=step, TIDEMARK_FAULT_ONCE=str(died))
        system.vhost.publish(jobs[-1])
        compare(system, jobs)
        assert died.exists(), f"nobody died {step}"
        assert worker.stop() == 0


def test_a_child_that_dies_after_every_commit_still_gets_to_the_end(system):
    """Each delivery commits one page more; the sixth finds the run finished and kills nobody."""
    system.crew = crew_of("coinbase")
    job = history("coinbase", "BTC-USD", days=60)
    worker = system.start_worker(TIDEMARK_FAULT="after:store")
    system.vhost.publish(job)
    compare(system, [job])
    pages, = system.query("SELECT pages FROM runs")[0]
    assert pages >= 5
    assert len(worker.log(event="child.died")) == pages


CSV_ROWS = "SELECT open_time, open, high, low, close, volume FROM candles ORDER BY open_time"


def put_csv_file(system, number):
    """One more file into the folder; number 0 is the first and only one."""
    folder = system.directory / "csv"
    if number == 0:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    name = ("cdd_Binance_BTCUSDT_d_2021.csv", "tradingview_seed_BTCUSDT_1d.csv")[number % 2]
    shutil.copy(ROOT / "tests/recorded/csv" / name, folder / f"{number}_{name}")


def do_csv_job(system, number, **fault):
    """The job that takes the file that has been put there; the next one is put there when that is done."""
    worker = system.start_worker(**fault)
    wait_for("a file that was left alone", lambda: time.time() > 2 + max(
        entry.stat().st_ctime for entry in os.scandir(system.directory / "csv")))
    job = make_job("csv", "history", "history/inbox", slot(back=20 - number), {})
    system.vhost.publish(job)
    wait_for("the run", lambda: system.query("SELECT 1 FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]))
    put_csv_file(system, number + 1)
    wait_quiescent(system.connect(), system.vhost.queues, [job])
    assert worker.stop() == 0


def test_a_kill_after_any_step_of_a_csv_job_changes_nothing(system):
    system.crew = crew_of("csv")
    system.query("INSERT INTO instruments (source_id, symbol, asset_id, quote_id)"
                 " SELECT 4, 'BTCUSDT', asset_id, quote_id FROM assets, quotes"
                 " WHERE slug = 'bitcoin' AND code = 'usdt'")
    put_csv_file(system, 0)
    do_csv_job(system, 0)
    do_csv_job(system, 1)
    undisturbed = system.query(CSV_ROWS)
    system.query("TRUNCATE candles, series, latest_prices, checkpoints, runs, raw_payloads")
    put_csv_file(system, 0)
    for number, step in enumerate(STEPS):
        died = system.directory / f"died-{number}"
        do_csv_job(system, number, TIDEMARK_FAULT=step, TIDEMARK_FAULT_ONCE=str(died))
        assert died.exists(), f"nobody died {step}"
    assert system.query(CSV_ROWS) == undisturbed
    assert len(undisturbed) > 100
