"""
deploy/schedules.yml, from the file to the tables: every schedule it makes has a run that is ok, and
all together ask no provider for more than it gives for nothing.
"""

import collections
import json
import pathlib
import re
import shutil

from programs import ROOT
from waiting import wait_for

FILE = ROOT / "deploy/schedules.yml"
MONTH_S = 31 * 86400
# A request costs one call; of CoinMarketCap a credit for so many rows or coins, and none for its list.
ROWS_A_CREDIT = {"listing": 200, "quote": 100}
RECORDED = ROOT / "tests/recorded/csv/cdd_Binance_BTCUSDT_d_2021.csv"


def test_each_default_schedule_runs_at_once_and_ends_well(tidemark):
    text = FILE.read_text(encoding="utf-8")
    path = pathlib.Path(tidemark.directory) / "schedules.yml"
    path.write_text(text.replace("lookback: 365d", "lookback: 10d"), encoding="utf-8")
    shutil.copy(RECORDED, tidemark.environment("worker")["CSV_FOLDER"])
    tidemark.ctl("schedules", "apply", path)
    tidemark.start_worker("*=1", UPSTREAM_BUDGET_PERCENT="100000")
    tidemark.start_scheduler()

    def unfinished():
        return tidemark.query(
            "SELECT d.name, r.status, r.error_text FROM schedules d"
            " LEFT JOIN runs r USING (source_id, stream) WHERE NOT EXISTS ("
            " SELECT FROM runs ok WHERE ok.source_id = d.source_id AND ok.stream = d.stream"
            " AND ok.status = 'ok')")

    wait_for(lambda: f"no schedule is without a good run: {unfinished()}",
             lambda: not unfinished(), timeout=120)

    assert tidemark.query("SELECT job_id, error_text FROM runs WHERE status = 'dead'") == []
    prices = tidemark.query(
        "SELECT DISTINCT sources.name, assets.slug FROM latest_prices"
        " JOIN sources USING (source_id) JOIN assets USING (asset_id)")
    named = ("bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin")
    for source in ("coingecko", "coinmarketcap", "coinpaprika", "binance", "coinbase",
                   "kraken"):
        assert {(source, asset) for asset in named} <= set(prices)

    # Now that the lists are known, rows of other aggregators' pages find their coins by ticker and name.
    for source, count in (("coinmarketcap", 190), ("coinpaprika", 190)):
        tidemark.ctl("schedules", "run", f"{source}-top-200")
        wait_for(lambda: f"{count} coins of {source}, not {listed(tidemark, source)}",
                 lambda: listed(tidemark, source) >= count)


def listed(tidemark, source):
    return tidemark.query("SELECT count(*) FROM listings JOIN sources USING (source_id)"
                          " WHERE name = %s", source)[0][0]


def slots_a_month(schedule):
    """The most that a month can have of a period, or of a cron rule of each day or of days of the week."""
    if schedule["cron"] is None:
        return MONTH_S // schedule["period_s"]
    days = re.fullmatch(r"\d+ \d+ \* \* (\*|\w{3})", schedule["cron"]).group(1)
    return 31 if days == "*" else 5


def cost(schedule):
    """Of one slot, once the past has been fetched."""
    args, kind = schedule["args"], schedule["kind"]
    if schedule["source"] != "coinmarketcap" or kind == "history":
        return 1
    count = {"listing": args.get("per_page", 0), "quote": len(args.get("symbols", ())), "reference": 0}[kind]
    return -(-count // ROWS_A_CREDIT.get(kind, 1))


def test_the_default_schedules_stay_within_what_is_free(tidemark):
    """And the file's own arithmetic is right."""
    tidemark.ctl("schedules", "apply", FILE)
    costs = collections.Counter()
    for schedule in json.loads(tidemark.ctl("schedules", "list", "--json").stdout):
        costs[schedule["source"]] += slots_a_month(schedule) * cost(schedule)

    told = re.findall(r"#   (\w+) .*\n#\s+= ([\d,]+) of ([\d,]+) ", FILE.read_text(encoding="utf-8"))
    stated = {source: tuple(int(number.replace(",", "")) for number in numbers) for source, *numbers in told}

    assert {source: costs[source] for source in stated} == {source: total for source, (total, _) in stated.items()}
    assert {source: free for source, (_, free) in stated.items()} == {
        "coingecko": 10_000, "coinmarketcap": 10_000, "coinpaprika": 20_000}
    assert all(total < free for total, free in stated.values())
