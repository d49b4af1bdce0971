"""The daily reports from job to answer: what the worker makes, and what the API and tidemarkctl give out."""
import datetime
import json
import os
import signal

import pytest

from job_kinds import HOUR_S, slot
from market_rows import MarketRows, utc_now
from programs import run_program
from replay.oracle import make_job
from tidemark import crew_of
from waiting import wait_for

DAY = datetime.timedelta(days=1)


@pytest.fixture
def rows(tidemark):
    tidemark.add_coins(("bitcoin", "ethereum"))
    return MarketRows(tidemark)


def run_report(tidemark, kind, at):
    """Has a report job done; its run: (pages, records)."""
    job = make_job("tidemark", "report", f"report/{kind}", at, {"report": kind})
    tidemark.vhost.publish(job)
    return wait_for(f"the report job {at}", lambda: tidemark.query(
        "SELECT pages, records FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]))[0]


def newest_day():
    return (utc_now() - datetime.timedelta(hours=25)).date()


def test_a_job_makes_the_days_that_are_missing_and_later_those_that_changed(tidemark, rows):
    """Ten days of candles; then a correction of the fourth last, which the last four show."""
    rows.add_candles("bitcoin", "usd", range(100, 110), 86400, "coinbase")
    rows.add_candles("bitcoin", "usd", range(100, 148), HOUR_S, "coinbase")
    rows.add_candles("bitcoin", "usd", range(101, 149), HOUR_S, "kraken")
    newest = newest_day()
    days = tidemark.query("SELECT count(*) FROM candles WHERE interval_s = 86400 AND open_time < %s + 1", newest)[0][0]
    api = tidemark.start_api()
    assert api.get("/api/v1/reports?kind=market").json() == {"reports": []}  # and that is in the cache
    tidemark.start_worker(crew_of("tidemark"))
    assert run_report(tidemark, "market", slot(HOUR_S, 2)) == (32, days), "31 days are looked at"
    served(api, newest, revision=0)
    pages, records = run_report(tidemark, "reconciliation", slot(HOUR_S, 2))
    assert (pages, records) == (32, tidemark.query("SELECT sum(rows) FROM reports WHERE kind = 'reconciliation'")[0][0])
    assert tidemark.query("SELECT max(day), min(run_id) > 0 FROM reports") == [(newest, True)]

    tidemark.query("UPDATE candles SET close = 200 WHERE interval_s = 86400 AND open_time = %s::date", newest - 3 * DAY)
    tidemark.query("UPDATE report_days SET checked_at = checked_at - interval '1 day'")
    run_report(tidemark, "market", slot(HOUR_S, 1))
    assert tidemark.query("SELECT day FROM reports WHERE revision = 1 ORDER BY day") == [
        (newest - back * DAY,) for back in (3, 2, 1, 0)]
    served(api, newest, revision=1)


def served(api, day, revision):
    """At once, because the commit said so: the answers may be kept for a minute and an hour."""
    wait_for(f"revision {revision} of {day} in the list", lambda: {
        "kind": "market", "day": f"{day}", "revision": revision}.items() <= next(iter(
            api.get("/api/v1/reports?kind=market").json()["reports"]), {}).items(), timeout=10)
    wait_for(f"revision {revision} of {day}", lambda: api.get(f"/api/v1/reports/market/{day}").json()["revision"] == revision,
             timeout=10)


def test_a_worker_that_is_killed_in_a_report_and_after_every_day_makes_the_same_reports(tidemark, rows):
    rows.add_candles("bitcoin", "usd", range(100, 110), 86400, "coinbase")
    newest = newest_day()
    tidemark.query("INSERT INTO report_days SELECT 'market', %s - n, now(), 0, NULL FROM generate_series(3, 99) AS n", newest)
    blocker = tidemark.connect()
    blocker.autocommit = False
    blocker.cursor().execute("LOCK TABLE reports IN SHARE MODE")  # so that nothing is written, though all is worked out
    worker = tidemark.start_worker(crew_of("tidemark"), TIDEMARK_FAULT="after:store")
    job = make_job("tidemark", "report", "report/market", slot(HOUR_S, 2), {"report": "market"})
    tidemark.vhost.publish(job)
    wait_for("the report is written", lambda: tidemark.query(
        "SELECT 1 FROM pg_locks WHERE relation = 'reports'::regclass AND NOT granted"))
    os.kill(worker.children()[0], signal.SIGKILL)
    assert tidemark.query("SELECT count(*) FROM report_days WHERE day > %s", newest - 3 * DAY) == [(0,)]
    blocker.rollback()
    blocker.close()

    [(pages,)] = wait_for("the job's end", lambda: tidemark.query(
        "SELECT pages FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]), timeout=60)
    assert pages >= 4
    whole = ("SELECT r.day, r.revision, r.rows, r.digest, r.body, json_agg(x.body ORDER BY x.place)::text"
             " FROM reports r JOIN report_rows x USING (kind, day, revision) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2")
    after_kills = tidemark.query(whole)
    assert [row[:2] for row in after_kills] == [(newest - back * DAY, 0) for back in (2, 1, 0)]
    worker.stop()
    tidemark.query("TRUNCATE reports, report_rows")
    tidemark.query("DELETE FROM report_days WHERE day > %s", newest - 3 * DAY)
    tidemark.start_worker(crew_of("tidemark"))
    run_report(tidemark, "market", slot(HOUR_S, 1))
    assert tidemark.query(whole) == after_kills


def add_report(tidemark, kind, day, revision, count):
    tidemark.query("INSERT INTO reports VALUES (%s, %s, %s, %s, '2026-11-21 02:00Z', 17, sha256('x'),"
                   """ '{"candles": 5}', '{"method": {"a": "b"}}')""", kind, day, revision, count)
    tidemark.query("INSERT INTO report_rows SELECT %s, %s, %s, place, 1 + place %% 2, 1,"
                   """ jsonb_build_object('place', place, 'close', '0.10'::numeric) FROM generate_series(1, %s) AS place""",
                   kind, day, revision, count)


def test_reports_are_served(tidemark, rows):
    add_report(tidemark, "market", "2026-11-19", 0, 2)
    add_report(tidemark, "market", "2026-11-19", 1, 5)
    add_report(tidemark, "market", "2026-11-18", 0, 1)
    add_report(tidemark, "reconciliation", "2026-11-17", 0, 0)
    api = tidemark.start_api()

    listed = api.get("/api/v1/reports").json()["reports"]
    assert [(one["kind"], one["day"], one["revision"], one["rows"]) for one in listed] == [
        ("market", "2026-11-19", 1, 5), ("market", "2026-11-18", 0, 1), ("reconciliation", "2026-11-17", 0, 0)]
    assert listed[0]["path"] == "/api/v1/reports/market/2026-11-19"
    listed = api.get("/api/v1/reports?kind=market&before=2026-11-19&limit=1").json()["reports"]
    assert [one["day"] for one in listed] == ["2026-11-18"]

    answer = api.get("/api/v1/reports/market/latest?limit=2")
    page = answer.json()
    assert '"close":0.10' in answer.text.replace(" ", ""), "every digit as it was stored"
    assert (page["day"], page["revision"], page["row_count"], page["summary"]) == (
        "2026-11-19", 1, 5, {"method": {"a": "b"}})
    assert page["inputs"] == {"candles": 5} and page["made_at"] == "2026-11-21T02:00:00.000Z"
    places = []
    while True:
        places += [row["place"] for row in page["rows"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()
        assert "summary" not in page
    assert places == [1, 2, 3, 4, 5]
    again = api.get("/api/v1/reports/market/latest?limit=2", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert api.get("/api/v1/reports/latest").json()["rows"] == api.get("/api/v1/reports/market/2026-11-19").json()["rows"]
    assert api.get("/api/v1/reports/market/2026-11-19?revision=0").json()["row_count"] == 2
    ethereum = api.get("/api/v1/reports/market/latest?asset=ETH&currency=usd").json()["rows"]
    assert [row["place"] for row in ethereum] == [1, 3, 5]


def test_an_operator_reads_the_same_reports(tidemark, rows):
    add_report(tidemark, "market", "2026-11-19", 0, 2)
    add_report(tidemark, "market", "2026-11-19", 1, 5)
    add_report(tidemark, "reconciliation", "2026-11-17", 0, 1)

    def listed(*options):
        return [(one["kind"], one["day"], one["revision"], one["row_count"])
                for one in json.loads(tidemark.ctl("reports", *options, "--json").stdout)]

    assert listed() == [("market", "2026-11-19", 1, 5), ("reconciliation", "2026-11-17", 0, 1)]
    assert listed("--kind", "reconciliation") == [("reconciliation", "2026-11-17", 0, 1)]
    assert listed("list", "--before", "2026-11-17") == []

    said = tidemark.ctl("reports", "show", "market", "--json", "--limit", "2", "--after", "1").stdout
    assert '"close": 0.10' in said, "every digit as it was stored"
    shown = json.loads(said)
    assert {name: shown[name] for name in ("kind", "day", "revision", "newest_revision", "row_count", "summary", "inputs")} == {
        "kind": "market", "day": "2026-11-19", "revision": 1, "newest_revision": 1, "row_count": 5,
        "summary": {"method": {"a": "b"}}, "inputs": {"candles": 5}}
    assert [row["place"] for row in shown["rows"]] == [2, 3]
    old = json.loads(tidemark.ctl("reports", "show", "market", "2026-11-19", "--revision", "0", "--json").stdout)
    assert (old["revision"], old["newest_revision"], len(old["rows"])) == (0, 1, 2)
    text = tidemark.ctl("reports", "show", "market", "--limit", "2").stdout
    assert "DOMINANCE %" in text and "0.10" in text and "more: --after 2" in text
    assert "SPREAD P90 %" in tidemark.ctl("reports", "show", "reconciliation", "--asset", "ethereum").stdout


@pytest.mark.parametrize("arguments, code, says", [
    (["market"], 1, "there is no market report yet"),
    (["weekly"], 2, "weekly is none of market, reconciliation"),
    (["market", "2026-02-30"], 2, "2026-02-30 is no day"),
    (["market", "--revision", "-1"], 2, "--revision takes a number from 0 on, not -1"),
])
def test_an_operator_is_told_what_there_is_not(engines, migrated_database, arguments, code, says):
    url = migrated_database()
    done = run_program("tidemarkctl", {"DATABASE_URL": url}, "reports", "show", *arguments, check=False)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


MISSING = [
    ("/api/v1/reports/market/2026-11-20", 404, "the newest is of 2026-11-19"),
    ("/api/v1/reports/market/2026-11-18?revision=7", 404, "the newest is 0"),
    ("/api/v1/reports/market/2026-02-30", 400, "not a day of the calendar"),
    ("/api/v1/reports/weekly/latest", 400, "not one of the choices"),
]


def test_what_there_is_not_is_a_problem_that_says_what_there_is(tidemark, rows):
    api = tidemark.start_api()
    assert "no market report yet" in api.get("/api/v1/reports/latest").json()["detail"]
    add_report(tidemark, "market", "2026-11-19", 1, 5)
    add_report(tidemark, "market", "2026-11-18", 0, 1)
    for path, status, says in MISSING:
        answer = api.get(path)
        assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text
