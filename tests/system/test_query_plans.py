"""
The plan of every query that a route of the API asks, as the API asks it (generic plans), over tables as a busy system has,
and what it comes to when it is run: nothing large is read from end to end, skipped, counted or sorted as a whole, and a window
of time leaves other partitions alone. The queries are found in the sources, so that a new one is held to this by itself.
TIDEMARK_FAULTS=long makes the tables as large as those of years: ten million rows of history, and 60,000 assets.
"""
import collections
import contextlib
import os
import re

import pytest

import crowded_tables
from named_queries import NamedQueries, SQL
from programs import ROOT

pytestmark = pytest.mark.xdist_group("query_plans")  # one process makes what they share

# Whole tables that a query does read, and why what it reads cannot grow with the years.
READ_WHOLE = {
    "coins_list": {"assets", "latest_prices"},  # all the coins there are is what it gives, of each whether it has a price
    "coins_page": {"listing_order"},  # counts coins, a row each, for CoinGecko's header `total`
    "coins_page_by_id": {"listing_order"},
    "coins_totals": {"listing_order"},  # adds up the whole market, a row a coin
    "coins_search": {"assets", "listing_order"},  # looks up the coins that begin so, to give the largest of them
}

# Windows of a day of a series that there is (crowded_tables.py), and the largest number of partitions of a table they touch.
SERIES, PAIR, DAY = (3, 2, 1), ("coin-2", "usd"), ("yesterday", "now")
WINDOWS = {
    "chart_points": (*SERIES, 3600, "yesterday", 1000),
    "chart_points_as_of": (*SERIES, 3600, "yesterday", 1000, "now"),
    "chart_points_rolled": (*SERIES, 3600, "yesterday", 1000, "now", 14400),
    "chart_points_rolled_as_of": (*SERIES, 3600, "yesterday", 1000, "now", 14400),
    "market_bars": (*SERIES, 3600, "yesterday", "now", 1000, "now", None, 14400, 1000),
    "market_marks": (*SERIES, 3600, "yesterday", "now", 3600, 200),
    "chart_choose_as_of": (*PAIR, 3600, *DAY),
    "coin_candles": (*SERIES, 3600, 14400, *DAY),
    "coin_points": (2, 1, 3, 3, 2, 1, 3, 1, 3, 3600, *DAY, 1000),
    "price_candles": ("{3}", "{2}", "{1}", "{yesterday}", "now", 100, 3600),
    "price_candles_as_of": ("{3}", "{2}", "{1}", "{yesterday}", "now", 100, 3600, "now"),
    "price_candles_rolled": ("{3}", "{2}", "{1}", "{yesterday}", "now", 100, 3600, 14400),
    "price_ticks": ("{3}", "{2}", "{1}", "{yesterday}", "now", 100),
    "price_ticks_as_of": ("{3}", "{2}", "{1}", "{yesterday}", "now", 100, "now"),
    "price_tick_series_best": (*PAIR, None, *DAY),
    "price_candle_before": (*SERIES, 3600, "now", "yesterday"),
    "price_inputs_as_of": ("{coin-2}", "{usd}", None, 900, "now", "now"),
    "lineage_tick_inputs": (*SERIES, *DAY, "now", "yesterday", 100),
    "lineage_candle_inputs": (*SERIES, 3600, *DAY, "now", 100),
}

# What is asked without a filter, where that takes more than leaving out words.
ASKED = {
    "coins_search": ("coin", 30),
    "data_page": (None, None, 50, 1000, 900, "false", None, None, None, None),
}
# Values that are no plain ones of their types, whatever is asked.
OTHERS = {
    "price_inputs": ('{"{coin-2}","{coin-3}"}', '{"{usd}","{usd}"}', "{NULL,coinbase}", "{900,900}"),
}
PARTITIONS_MAX = 4  # of fourteen

LARGE = 10000  # rows, of tables that this makes large
READ_MAX = 2000  # rows that a node may read, sort or gather, where a page of them is asked for
SCALE = 30 if os.environ.get("TIDEMARK_FAULTS") == "long" else 1

# What the keeper reads for all routes, twice a minute at most.
NOT_OF_ROUTES = {"assets_names"}
OF_ROUTES = sorted({name for path in (ROOT / "api").glob("**/*.c") if path.name != "keeper.c"
                    for name in re.findall(r"\bquery_(\w+)", path.read_text(encoding="utf-8")) if name in SQL})

# A value of each type, for parameters that no query below says otherwise of.
VALUES = {"text": "coin-5", "text[]": "{coin-5,coin-6}", "integer": "5", "smallint": "2", "bigint": "5", "integer[]": "{5,6}",
          "smallint[]": "{2,3}", "bigint[]": "{5,6}", "timestamp with time zone": "yesterday", "numeric": "5",
          "boolean": "true", "date": "yesterday", "timestamp with time zone[]": "{2026-11-21T00:00:00Z}",
          "numeric[]": "{5}", "jsonb": "{}", "bytea": "", "name": "coin-5"}


@pytest.fixture(scope="module")
def crowded(engines):
    engines.make_template()
    engines.postgres.create_database("crowded", engines.template)
    with contextlib.closing(engines.postgres.connect("crowded")) as connection:
        crowded_tables.fill(connection, SCALE)
        db = NamedQueries(connection)
        # Or partitions; those of days and months that are yet to come are empty.
        db.large = {table for table, rows in db.execute(
            "SELECT oid::regclass::text, reltuples * CASE WHEN relispartition THEN %s ELSE 1 END FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace", crowded_tables.DAYS) if rows >= LARGE}
        db.execute("SET plan_cache_mode = force_generic_plan")
        yield db
    engines.postgres.drop_database("crowded")


def explain(db, name, options="ANALYZE, TIMING OFF, FORMAT JSON", bare=False, windows=WINDOWS):
    """The plan as it went, of values of each type; bare = without any filter that can be left out."""
    db.prepare(name)
    [(types,)] = db.execute("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = %s", name)
    values = (windows.get(name) or OTHERS.get(name) or bare and ASKED.get(name)
              or [None if bare and kind in ("text", "text[]") else VALUES[kind] for kind in types])
    places = f" ({', '.join(['%s'] * len(values))})" if values else ""
    db.execute("BEGIN")
    [(plan,)] = db.execute(f"EXPLAIN ({options}) EXECUTE {name}{places}", *[value and str(value) for value in values])
    db.execute("ROLLBACK")
    return plan[0]["Plan"]


def nodes(node, above=()):
    yield node, above
    for child in node.get("Plans", ()):
        yield from nodes(child, (*above, node))


def stops_early(above):
    """Whether a limit ends the walk along an index: nothing between them needs all rows."""
    for node in reversed(above):
        if node["Node Type"] == "Limit":
            return True
        if node["Node Type"] in ("Sort", "Aggregate", "Hash", "Materialize", "WindowAgg"):
            return False
    return False


def rows_read(node):
    return (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]


def offences(db, plan, read_whole=frozenset()):
    for node, above in nodes(plan):
        kind, table = node["Node Type"], node.get("Relation Name")
        if table in db.large - read_whole:
            if kind == "Seq Scan":
                yield f"reads {table} from end to end"
            if kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not stops_early(above):
                yield f"walks all of {node['Index Name']}"
        if table not in read_whole and table and rows_read(node) > READ_MAX:
            yield f"reads {rows_read(node)} rows of {table}"
        if kind in ("Sort", "Hash", "Aggregate") and node["Actual Rows"] > READ_MAX and not read_whole:
            yield f"{kind} of {node['Actual Rows']} rows"
        if kind == "Function Scan" and db.execute("SELECT FROM pg_proc WHERE proname = %s AND pronamespace = 'public'::regnamespace",
                                                  node.get("Function Name", "")):
            yield f"what {node['Function Name']} does is not shown"


@pytest.mark.parametrize("name", OF_ROUTES)
def test_nothing_large_is_read_or_sorted_as_a_whole(crowded, name):
    if name in NOT_OF_ROUTES:
        pytest.skip("the keeper reads it, not a route")
    for bare in (False, True):
        assert list(offences(crowded, explain(crowded, name, bare=bare), READ_WHOLE.get(name, set()))) == []


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_of_a_day_touches_its_partitions_only(crowded, name):
    touched = collections.defaultdict(set)
    plan = explain(crowded, name)
    for node, _ in nodes(plan):
        if re.search(r"_20\d{4,6}$", node.get("Relation Name", "")) and node["Actual Loops"] > 0:
            touched[node["Relation Name"].rpartition("_")[0]].add(node["Relation Name"])
    assert touched and all(len(partitions) <= PARTITIONS_MAX for partitions in touched.values()), touched


def test_what_is_read_whole_is_asked(crowded):
    """An exception that nothing needs any more is none."""
    for name, tables in READ_WHOLE.items():
        found = {node["Relation Name"] for bare in (False, True) for node, _ in nodes(explain(crowded, name, bare=bare))
                 if "Relation Name" in node and ("Index Cond" not in node or rows_read(node) > READ_MAX)}
        assert tables <= found, name


LONG_AGO = "2025-12-01"


@pytest.mark.parametrize("name", sorted(set(WINDOWS) - {"chart_choose_as_of"}))
def test_a_long_window_costs_its_rows_and_not_their_square(crowded, name):
    long = {**WINDOWS, name: tuple(LONG_AGO if value == "yesterday" else "{%s}" % LONG_AGO if value == "{yesterday}" else
                                   100000 if value in (100, 200, 1000) else value for value in WINDOWS[name])}
    plan = explain(crowded, name, windows=long)
    handled = [node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Join Filter", 0)) for node, _ in nodes(plan)]
    assert max(handled) < 200000, f"the window has {plan['Actual Rows']} rows"
