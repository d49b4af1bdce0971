"""The ledger of a whole system: an hour without two sources, and what becomes of it when they are back."""
import json
import time

import pytest

from job_kinds import quote
from schedule_rows import add_schedule
from tidemark import crew_of
from waiting import wait_for

STEP, HOUR = 300, 3600


@pytest.fixture
def system(tidemark):
    tidemark.add_coins(("bitcoin",))
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", TIDEMARK_TIERS_MS="100,200,400,1500")
    add_schedule(tidemark, "gaps", source="tidemark", kind="gaps", period=2)
    return tidemark


def add_hour(system, source, symbol, begin):
    """Prices every five minutes, whose jobs fall due one after the other and wait for a broker."""
    jobs = [quote(source, [symbol], slot) for slot in range(begin, begin + HOUR + 1, STEP)]
    add_schedule(system, source, source=source, stream=jobs[0]["stream"], args={"symbols": [symbol]}, period=STEP)
    for job in jobs:
        system.query("INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message, inserted_at)"
                     " SELECT %s, %s, source_id, %s, to_timestamp(%s), %s, to_timestamp(%s) FROM sources WHERE name = %s",
                     job["job_id"], source, job["stream"], job["slot"], json.dumps(job), job["slot"], source)


def gaps(system, *arguments):
    return json.loads(system.ctl("gaps", *arguments, "--json").stdout)


def open_gaps(system):
    return system.query("SELECT s.name, g.cause, g.buckets FROM gaps g JOIN sources s USING (source_id)"
                        " WHERE g.state IN ('open', 'planned') ORDER BY 1")


def test_an_outage_is_listed_with_its_cause_and_heals_with_nobody_s_help(system):
    begin = int(time.time()) // STEP * STEP - 2 * HOUR
    for source, symbol, status in (("binance", "BTCUSDT", 503), ("coinbase", "BTC-USD", 429)):
        add_hour(system, source, symbol, begin)
        system.replay.rule(source=source, status=status)
    system.start_worker(crew_of("binance", "coinbase", "tidemark"))
    system.start_scheduler()
    wait_for(lambda: f"two outages, not {open_gaps(system)}",
             lambda: open_gaps(system) == [("binance", "source_down", 12), ("coinbase", "limited", 12)], 60)
    listed = gaps(system)
    assert [(row["source"], row["asset"], row["quote"], row["interval_s"], row["cause"], row["buckets"], row["state"])
            for row in sorted(listed, key=lambda row: row["source"])] == [
        ("binance", "bitcoin", "usdt", 300, "source_down", 12, "open"),
        ("coinbase", "bitcoin", "usd", 300, "limited", 12, "open")]
    assert {(row["from"], row["until"]) for row in listed} == {tuple(
        time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)) for at in (begin, begin + HOUR))}

    system.replay.remove_rules()

    wait_for(lambda: f"nothing, not {open_gaps(system)}", lambda: open_gaps(system) == [], 90)
    assert gaps(system) == []
    stored = system.query("SELECT s.name, count(*) FROM candles c JOIN sources s USING (source_id) WHERE c.interval_s = 300"
                          " AND c.open_time >= to_timestamp(%s) AND c.open_time < to_timestamp(%s) GROUP BY 1 ORDER BY 1",
                          begin, begin + HOUR)
    told = {(row["source"], row["cause"]): row["buckets"] for row in gaps(system, "--state", "given_up")}
    assert {cause for _, cause in told} <= {"no_trade"}
    assert {source: count + told.get((source, "no_trade"), 0) for source, count in stored} == {
        "binance": 12, "coinbase": 12}
    assert system.query("SELECT count(*) FROM slots WHERE schedule_name = '(gaps)'") == [(2,)], "a job for each"
