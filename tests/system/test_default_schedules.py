"""deploy/schedules.yml, from the file to the tables: every schedule it makes has a run that is ok."""

import pathlib
import shutil

from programs import ROOT
from waiting import wait_for

RECORDED = ROOT / "tests/recorded/csv/cdd_Binance_BTCUSDT_d_2021.csv"


def test_each_default_schedule_runs_at_once_and_ends_well(tidemark):
    text = (ROOT / "deploy/schedules.yml").read_text(encoding="utf-8")
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
