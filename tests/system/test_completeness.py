"""What /api/v1/completeness asks: pages and sums, in SQL alone, against the plain words of the ledger (gap_list, coverage)."""
import itertools
import json

import pytest

from named_queries import NamedQueries
from query_database import BINANCE, BTC, COINBASE, ETH, OLD, USD, USDT, template  # noqa: F401

SOURCES = {BINANCE: "binance", COINBASE: "coinbase"}
ASSETS = {BTC: "bitcoin", ETH: "ethereum", OLD: "old-bitcoin"}
CODES = {USD: "usd", USDT: "usdt"}
INTERVALS = {300: "5m", 3600: "1h", 86400: "1d"}
CAUSES = ("source_down", "limited", "no_trade", "not_yet_due", "expired", "lost_upstream", "unknown")
STATES = (None, "open", "planned", "filled", "given_up")

FILL = """
INSERT INTO coverage (source_id, quote_id, asset_id, interval_s, fed, named, expected_from, due_until, verified_until, looked_until,
                      whole_look_at)
SELECT s, q, a, i, a < 3, true, '2026-05-01', '2026-05-03', '2026-05-02', '2026-05-02', now()
FROM unnest(ARRAY[2, 3]) AS s, unnest(ARRAY[1, 50]) AS q, unnest(ARRAY[1, 2, 3]) AS a, unnest(ARRAY[3600, 86400]) AS i
WHERE (s, q) <> (3, 50);
INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state, first_seen_at, checked_at,
                  next_try_at, ended_at, plan_job_id)
SELECT source_id, quote_id, asset_id, 3600, f.moment, f.moment + n % 3 * interval '1 hour' + interval '1 hour',
       (ARRAY['source_down', 'no_trade', 'unknown'])[1 + n % 3], state, now(), now(), now(),
       CASE WHEN state IN ('filled', 'given_up') THEN now() END, CASE WHEN state = 'planned' THEN 'job' END
FROM coverage, generate_series(0, 7) AS n,
     LATERAL (SELECT expected_from + (5 * n + asset_id) * interval '1 hour' AS moment) AS f,
     LATERAL (SELECT (ARRAY['open', 'planned', 'filled', 'given_up'])[1 + (n + source_id) % 4] AS state) AS k
WHERE interval_s = 3600 AND (asset_id, quote_id) <> (3, 1);
"""
GAPS = """
SELECT source_id, asset_id, quote_id, interval_s, cause, state, buckets, (date_part('epoch', missing_from) * 1000)::bigint
FROM gap_list ORDER BY missing_from DESC, source_id, asset_id, quote_id, interval_s, missing_until
"""
SERIES = """
SELECT source_id, asset_id, quote_id, interval_s, (extract(epoch FROM due_until - expected_from) / interval_s)::integer,
       (extract(epoch FROM due_until - LEAST(verified_until, due_until)) / interval_s)::integer
FROM coverage
"""
FILTERS = [dict(zip(("source", "asset", "quote", "interval"), values)) for values in itertools.product(
    (None, BINANCE), (None, BTC, OLD), (None, USD), (None, 3600)) if not (values[0] and values[2])]


@pytest.fixture(scope="module")
def ledger(template, engines):  # noqa: F811
    """What the API may read, what there is in truth, at one moment."""
    engines.postgres.create_database("completeness", template)
    connection = engines.postgres.connect("completeness")
    db = NamedQueries(connection)
    db.execute(FILL)
    db.connection.autocommit = False  # all of it at one moment: what is not yet due grows
    db.execute("SELECT completeness_renew(true)")
    db.gaps, db.series = db.execute(GAPS), db.execute(SERIES)
    db.execute("SET ROLE tidemark_api")
    yield db
    connection.close()
    engines.postgres.drop_database("completeness")


def agrees(row, asked):
    return all(asked[name] in (None, value) for name, value in zip(("source", "asset", "quote", "interval"), row))


def values(asked, cause=None, state=None, rows=1000, skip=0):
    return (SOURCES.get(asked["source"]), ASSETS.get(asked["asset"]), CODES.get(asked["quote"]), asked["interval"], cause, state, rows,
            skip)


def name_of(row):
    return SOURCES[row[0]], ASSETS[row[1]], CODES[row[2]], INTERVALS[row[3]]


@pytest.mark.parametrize("asked", FILTERS, ids=lambda asked: ",".join(f"{k}={v}" for k, v in asked.items() if v) or "all")
def test_sums_are_those_of_the_ledger(ledger, asked):
    lacking = [gap for gap in ledger.gaps if agrees(gap, asked) and gap[5] != "filled"]
    series = [one for one in ledger.series if agrees(one, asked)]
    expected, unverified = (sum(one[column] for one in series) for column in (4, 5))
    due = [gap for gap in lacking if gap[4] != "not_yet_due"]
    missing = sum(gap[6] for gap in due)
    for query in ("completeness_gaps", "completeness_series"):
        assert json.loads(ledger.run(query, *values(asked))[0][2]) == {
            "series": len(series), "expected": expected, "stored": expected - unverified - missing, "unverified": unverified,
            "missing": missing, "open": sum(gap[6] for gap in due if gap[5] in ("open", "planned")),
            "causes": {cause: sum(gap[6] for gap in lacking if gap[4] == cause) for cause in CAUSES}}


@pytest.mark.parametrize("cause", (None, *CAUSES))
def test_gaps_are_those_of_the_ledger_newest_first(ledger, cause):
    for asked, state in itertools.product(FILTERS, STATES):
        want = [(*name_of(gap), gap[7], gap[6], gap[4], gap[5]) for gap in ledger.gaps
                if agrees(gap, asked) and cause in (None, gap[4]) and (gap[5] == state if state else gap[5] != "filled")]
        rows = ledger.run("completeness_gaps", *values(asked, cause, state))
        assert [(*row[3:8], *row[9:12]) for row in rows if row[3]] == want and rows[0][0] == len(want)


@pytest.mark.parametrize("cause", (None, *CAUSES))
def test_series_are_those_that_lack_such(ledger, cause):
    for asked, state in itertools.product(FILTERS, STATES):
        want = []
        for one in ledger.series:
            own = [gap for gap in ledger.gaps if gap[:4] == one[:4] and gap[5] != "filled"]
            if agrees(one, asked) and (not (cause or state) or any(
                    cause in (None, gap[4]) and state in (None, gap[5]) for gap in own)):
                missing = sum(gap[6] for gap in own if gap[4] != "not_yet_due")
                causes = {c: sum(gap[6] for gap in own if gap[4] == c) for c in CAUSES if any(gap[4] == c for gap in own)}
                want.append((-missing, one[:4], (*name_of(one), one[4], one[4] - one[5] - missing, one[5], missing, causes)))
        rows = ledger.run("completeness_series", *values(asked, cause, state))
        assert [(*row[3:7], *row[10:14], json.loads(row[14])) for row in rows if row[3]] == [row for _, _, row in sorted(
            want, key=lambda row: row[:2])] and rows[0][0] == len(want)


@pytest.mark.parametrize("query", ("completeness_gaps", "completeness_series"))
@pytest.mark.parametrize("asset", (None, BTC))
def test_pages_follow_each_other(ledger, query, asset):
    asked = {"source": None, "asset": asset, "quote": None, "interval": None}
    [(total, *_), *_] = whole = ledger.run(query, *values(asked))
    pages = [ledger.run(query, *values(asked, rows=2, skip=skip)) for skip in range(0, total + 2, 2)]
    assert [row for page in pages[:-1] for row in page] == whole and total > 4
    assert [(row[0], row[3]) for row in pages[-1]] == [(total, None)], "behind the last one"
