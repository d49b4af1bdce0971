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


def add_ledger(system):
    """Two series of a day of hours: one lacks three hours of which two are given up, the other none."""
    system.query("INSERT INTO coverage (source_id, quote_id, asset_id, interval_s, fed, named, expected_from, due_until,"
                 " verified_until, looked_until, whole_look_at)"
                 " SELECT source_id, quote_id, asset_id, 3600, false, true, '2026-05-01', '2026-05-02', '2026-05-02',"
                 " '2026-05-02', now() FROM instruments WHERE symbol IN ('BTCUSDT', 'BTC-USD') AND source_id IN (2, 3)")
    for hour, hours, cause, state in ((3, 1, "source_down", "open"), (7, 2, "no_trade", "given_up"),
                                      (12, 1, "limited", "filled")):
        system.query("INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,"
                     " first_seen_at, checked_at, next_try_at, ended_at) SELECT 2, quote_id, asset_id, 3600,"
                     " timestamptz '2026-05-01' + %s * interval '1 hour',"
                     " timestamptz '2026-05-01' + %s * interval '1 hour', %s, %s, now(), now(), now(), %s"
                     " FROM instruments WHERE symbol = 'BTCUSDT' AND source_id = 2", hour, hour + hours, cause, state,
                     None if state == "open" else "2026-05-02")
    system.query("SELECT completeness_renew(true)")


def test_the_ledger_is_served_and_measured(tidemark):
    tidemark.add_coins(("bitcoin",))
    add_ledger(tidemark)
    api = tidemark.start_api()

    answer = api.get("/api/v1/completeness").json()

    assert answer["metadata"]["total_count"] == 2
    assert [(row["source"], row["asset"], row["currency"], row["interval"], row["from"], row["missing"], row["cause"],
             row["state"]) for row in answer["data"]] == [
        ("binance", "bitcoin", "usdt", "1h", "2026-05-01T07:00:00.000Z", 2, "no_trade", "given_up"),
        ("binance", "bitcoin", "usdt", "1h", "2026-05-01T03:00:00.000Z", 1, "source_down", "open")]
    assert answer["summary"] == {
        "series": 2, "expected": 48, "stored": 45, "unverified": 0, "missing": 3, "open": 1,
        "causes": {"source_down": 1, "limited": 0, "no_trade": 2, "not_yet_due": 0, "expired": 0, "lost_upstream": 0,
                   "unknown": 0}}
    for query, causes in (("cause=no_trade", ["no_trade"]), ("state=open", ["source_down"]), ("state=filled", ["limited"]),
                          ("page_size=1&page=2", ["source_down"]), ("source=coinbase", []), ("interval=5m", []),
                          ("asset=BTC&currency=usdt&source=binance", ["no_trade", "source_down"])):
        assert [row["cause"] for row in api.get(f"/api/v1/completeness?{query}").json()["data"]] == causes, query
    series = api.get("/api/v1/completeness?rows=series").json()
    assert series["summary"] == answer["summary"]
    assert [(row["source"], row["expected"], row["stored"], row["missing"], row["causes"]) for row in series["data"]] == [
        ("binance", 24, 21, 3, {"no_trade": 2, "source_down": 1}), ("coinbase", 24, 24, 0, {})]
    assert len(api.get("/api/v1/completeness?rows=series&cause=limited").json()["data"]) == 0
    assert api.get("/api/v1/completeness?cause=bad_luck").status_code == 400
    metrics = api.get("/metrics").text
    assert 'tidemark_gap_buckets{source="binance",cause="no_trade"} 2\n' in metrics
    assert 'tidemark_gap_buckets{source="kraken",cause="limited"} 0\n' in metrics


def test_an_operator_looks_at_gaps_and_has_them_asked_for_again(tidemark):
    tidemark.add_coins(("bitcoin",))
    add_ledger(tidemark)
    tidemark.query("INSERT INTO history_reach VALUES (2, 3600, '2009-01-01')")
    [(number,)] = tidemark.query("SELECT gap_id FROM gaps WHERE state = 'given_up'")

    assert [row["state"] for row in gaps(tidemark)] == ["open"]
    assert [row["state"] for row in gaps(tidemark, "--all")] == ["filled", "given_up", "open"]
    assert "1 given up" in tidemark.ctl("gaps").stdout
    [summary] = gaps(tidemark, "summary", "--source", "binance")
    assert (summary["expected"], summary["stored"], summary["missing"], summary["no_trade"]) == (24, 21, 3, 2)
    assert json.loads(tidemark.ctl("gaps", "show", str(number), "--json").stdout)["source_has_from"].startswith("2009")
    tidemark.ctl("gaps", "retry", str(number))
    assert sorted(row["cause"] for row in gaps(tidemark)) == ["no_trade", "source_down"]
    refused = tidemark.ctl("gaps", "retry", "999", check=False)
    assert refused.returncode == 1 and "cannot be asked for" in refused.stderr
