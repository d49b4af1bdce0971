"""What the documented calls (api/openapi/operations/*.json) want to find."""
import contextlib
import datetime

from coin_rows import CoinRows
from known_rows import KnownRows
from report_oracle import Candle
from test_reports import Tables

ADMIN = "an-administrators-key-of-a-test"
UTC = datetime.timezone.utc
DAY, HOUR, MINUTE = (datetime.timedelta(seconds=seconds) for seconds in (86400, 3600, 60))
REPORT_DAY = datetime.datetime(2026, 11, 20, tzinfo=UTC)


def fill(system):
    """bitcoin and ethereum in US dollars: prices and hours up to now of several sources, and the reports of a day."""
    system.add_coins(("bitcoin", "ethereum"))
    rows = KnownRows(system)
    now = datetime.datetime.now(UTC).replace(microsecond=0)
    for asset, price in (("bitcoin", "26186.48000000"), ("ethereum", "4588.977597749")):
        for place, source in enumerate(("coinbase", "kraken", "coingecko")):
            rows.tick(source, asset, "usd", now - (place + 1) * MINUTE, price)
        rows.tick("kraken", asset, "eur", now - MINUTE, "24179.4")  # what is asked for is there: nothing is fetched for it
        closes = [f"{int(float(price)) - hour}.5" for hour in range(48, 0, -1)]
        rows.candles("coinbase", asset, "usd", now.replace(minute=0, second=0) - 48 * HOUR, closes, now)
    coins = CoinRows(system)
    for asset, price, rank in (("bitcoin", "26186.48", 1), ("ethereum", "4588.97", 2)):
        coins.listing("coingecko", asset, "usd", rank=rank, high_24h=price, low_24h=price, circulating_supply=19)
    say_of_market(system, "bitcoin", "521836472813", "11270981233.5", "1.25")
    say_of_market(system, "ethereum", "548955678131.25", "27011809085", "-3.85946")
    add_gap(system, now.replace(minute=0, second=0) - 50 * HOUR)
    with contextlib.closing(system.connect()) as connection:
        make_reports(Tables(connection))
    system.query(
        "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, finished_at, pages, records)"
        " SELECT 'coinbase/quote/BTC-USD/1795248000', source_id, 'quote', 'quote/BTC-USD', to_timestamp(1795248000), 1, 'ok',"
        " now(), 1, 1 FROM sources WHERE name = 'coinbase'")
    open_lanes(system, "coinbase", "coingecko")


def open_lanes(system, *sources):
    """Where orders go, as workers declare it; nobody takes them up."""
    with contextlib.closing(system.vhost.connect()) as connection:
        channel = connection.channel()
        channel.exchange_declare("tidemark.jobs", "direct", durable=True)
        for source in sources:
            channel.queue_declare(f"jobs.{source}.live", durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_bind(f"jobs.{source}.live", "tidemark.jobs", f"{source}.live")


def say_of_market(system, asset, market_cap, volume, change):
    """What coingecko says of the whole market."""
    system.query(
        "UPDATE latest_prices SET market_cap = %s, volume_24h = %s, change_24h_percent = %s FROM sources, assets"
        " WHERE sources.source_id = latest_prices.source_id AND sources.name = 'coingecko'"
        " AND assets.asset_id = latest_prices.asset_id AND slug = %s", market_cap, volume, change, asset)


def add_gap(system, until):
    """Two hours of coinbase's bitcoin that nobody has."""
    system.query(
        "INSERT INTO coverage SELECT source_id, quote_id, asset_id, 3600, true, true, %s, now(), now(), now(), now(), 'BTC-USD'"
        " FROM sources, quotes, assets WHERE sources.name = 'coinbase' AND code = 'usd' AND slug = 'bitcoin'", until - 2 * HOUR)
    system.query(
        "INSERT INTO gaps (source_id, quote_id, asset_id, interval_s, missing_from, missing_until, cause, state,"
        " first_seen_at, checked_at, next_try_at) SELECT source_id, quote_id, asset_id, interval_s, %s, %s, 'source_down',"
        " 'open', now(), now(), now() FROM coverage", until - 2 * HOUR, until)
    system.query("SELECT completeness_renew(true)")


def make_reports(tables):
    for name in ("candles", "candle_revisions"):
        for moment in (REPORT_DAY - 10 * DAY, REPORT_DAY):
            tables.db.run("partition_ensure", name, moment)
    for source, step in (("coinbase", 0), ("kraken", 1)):
        for asset, start in (("bitcoin", 26000), ("ethereum", 4500)):
            tables.add(source, asset, "usd", [Candle(REPORT_DAY - back * DAY, start - back * 10 + step, volume=5)
                                              for back in range(9, -1, -1)])
            tables.add(source, asset, "usd", [Candle(REPORT_DAY + hour * HOUR, start + hour + step, volume=5)
                                              for hour in range(24)], 3600)
    for kind in ("market", "reconciliation"):
        tables.make(kind, REPORT_DAY)
