"""A worker child killed after any step of a job, of any kind: nothing is lost, nothing doubled."""
import re

import pytest

from job_kinds import EVERY_KIND
from programs import ROOT
from replay.oracle import Oracle, check_tables, wait_quiescent

STEPS = re.findall(r'#define STEP_\w+ "(after:\w+)"',
                   (ROOT / "ingest/worker/steps.h").read_text())


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="200,400,800")
    return tidemark


def compare(system, jobs):
    wait_quiescent(system.connect(), system.vhost.queues, jobs, timeout=25)
    check_tables(system.connect(), Oracle(seed=1), jobs, system.replay.requests())


def test_there_are_nine_steps():
    assert len(STEPS) == 9


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_kill_after_any_step_changes_nothing(system, kind):
    jobs = []
    for number, step in enumerate(STEPS):
        died = system.directory / f"died-{number}"
        jobs.append(EVERY_KIND[kind](number))
        worker = system.start_worker(TIDEMARK_FAULT=step, TIDEMARK_FAULT_ONCE=str(died))
        system.vhost.publish(jobs[-1])
        compare(system, jobs)
        assert died.exists(), f"nobody died {step}"
        assert worker.stop() == 0
