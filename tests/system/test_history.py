"""Long histories come whole, whatever the provider's pages and gaps are."""
import time

import pytest

from replay.oracle import Oracle, check_tables, make_job, wait_quiescent

DAY_S = 86400


def history(source, symbol, interval, days, period_s=3600):
    slot = int(time.time()) // period_s * period_s
    return make_job(source, "history", f"history/{symbol}/{interval}", slot,
                    {"symbol": symbol, "interval": interval, "lookback_s": days * DAY_S})


@pytest.mark.parametrize("name, jobs", [
    ("a page of a thousand days makes its partitions", [history("binance", "BTCUSDT", "1d", 1500)]),
    ("a year of hours, with the exchange's outages", [history("binance", "ETHUSDT", "1h", 365)]),
    ("thin markets have gaps of hours", [history("coinbase", "DOGE-USD", "5m", 20),
                                         history("coinbase", "XRP-EUR", "1h", 120)]),
    ("no more than what is kept, hours without trades too",
     [history("kraken", "XXBTZUSD", "5m", 20), history("kraken", "XDGUSD", "5m", 1),
      history("kraken", "XXRPZEUR", "1h", 365), history("kraken", "SOLUSD", "1d", 1500)]),
    ("points beyond the ninety days of hours", [history("coingecko", "cardano/usd", "1h", 365),
                                                history("coingecko", "solana/eur", "1d", 365),
                                                history("coingecko", "bitcoin/usd", "5m", 1)]),
    ("samples, as far back as the plan that costs nothing has them",
     [history("coinmarketcap", "1/usd", "5m", 90), history("coinmarketcap", "52/eur", "1h", 365),
      history("coinmarketcap", "74/usd", "1d", 3650), history("coinpaprika", "btc-bitcoin/usd", "1h", 30),
      history("coinpaprika", "xrp-xrp/btc", "1d", 3650)]),
])
def test_a_long_history(tidemark, name, jobs):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000")
    tidemark.start_worker()
    tidemark.vhost.publish(*jobs)

    wait_quiescent(tidemark.connect(), tidemark.vhost.queues, jobs)
    check_tables(tidemark.connect(), Oracle(tidemark.replay.seed), jobs, tidemark.replay.requests())
    assert tidemark.query("SELECT max(attempt) FROM runs") == [(1,)]
