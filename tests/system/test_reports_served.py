"""The daily reports from job to answer: what the worker makes, and what the API gives out."""
import datetime

import pytest

from job_kinds import HOUR_S, slot
from market_rows import MarketRows, utc_now
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
    tidemark.start_worker(crew_of("tidemark"))
    assert run_report(tidemark, "market", slot(HOUR_S, 2)) == (32, days), "31 days are looked at"
    pages, records = run_report(tidemark, "reconciliation", slot(HOUR_S, 2))
    assert (pages, records) == (32, tidemark.query("SELECT sum(rows) FROM reports WHERE kind = 'reconciliation'")[0][0])
    assert tidemark.query("SELECT max(day), min(run_id) > 0 FROM reports") == [(newest, True)]

    tidemark.query("UPDATE candles SET close = 200 WHERE interval_s = 86400 AND open_time = %s::date", newest - 3 * DAY)
    tidemark.query("UPDATE report_days SET checked_at = checked_at - interval '1 day'")
    run_report(tidemark, "market", slot(HOUR_S, 1))
    assert tidemark.query("SELECT day FROM reports WHERE revision = 1 ORDER BY day") == [
        (newest - back * DAY,) for back in (3, 2, 1, 0)]


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
