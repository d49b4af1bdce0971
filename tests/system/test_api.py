"""tidemark-api against real engines: answers, bad input, limits, caches, and parts that are away."""
import datetime

import pytest

from market_rows import MarketRows, utc_now


@pytest.fixture
def rows(tidemark):
    tidemark.add_coins(("bitcoin", "ethereum"))
    return MarketRows(tidemark)


def test_prices_charts_and_rows_are_served(tidemark, rows):
    rows.set_price("bitcoin", "usd", "0.000000012345678901234567", announce=False)
    rows.set_price("bitcoin", "usd", "777", source="binance", age_s=60, announce=False)
    rows.add_candles("bitcoin", "usd", range(1, 101), end=utc_now() - datetime.timedelta(minutes=5))
    api = tidemark.start_api()
    price = api.get("/simple_price?assets=bitcoin,ethereum&currencies=usd")
    assert '"usd":0.000000012345678901234567,' in price.text, "every digit as it was stored"
    assert price.json()["bitcoin"]["usd_source"] == "coinbase"
    assert price.json()["ethereum"] == {"usd": None}
    chart = api.get("/market_chart?asset=bitcoin&currency=usd&days=3&interval=hourly").json()
    assert [value for _, value in chart["prices"]][-2:] == [100, 777], "candles, then the latest"
    assert 72 <= len(chart["prices"]) <= 73
    assert sorted(chart["prices"]) == chart["prices"]
    page = api.get("/data?source=coinbase&symbol=btc").json()
    assert page["metadata"]["total_count"] == 1 and page["data"][0]["coin_id"] == "bitcoin"
