"""Recorded bytes exactly as they came: which file answers which target."""
import fnmatch
import re

from .answer import Answer, Query, recorded_body

# (source, path pattern, {parameter: pattern}, file). The first row that fits answers.
FILES = (
    ("coingecko", "*/ping", {}, "ping.json"),
    ("coingecko", "*/coins/list", {}, "coins_list_2021-05-15.json"),
    ("coingecko", "*/coins/markets", {"page": "[02-9]*"}, None),
    ("coingecko", "*/coins/markets", {"vs_currency": "usd"}, "coins_markets_usd_250rows_2022-02-23.json"),
    ("coingecko", "*/coins/markets", {"vs_currency": "eth"}, "coins_markets_btc_eth_in_eth.json"),
    ("coingecko", "*/coins/markets", {}, "errors/422_missing_vs_currency.json"),
    ("coingecko", "*/coins/bitcoin/market_chart", {"days": "1"}, "market_chart_btc_usd_days1_5min.json"),
    ("coingecko", "*/coins/bitcoin/market_chart", {"interval": "daily"}, "market_chart_btc_usd_days90_daily.json"),
    ("coingecko", "*/coins/bitcoin/market_chart", {}, "market_chart_btc_usd_days30_hourly.json"),
    ("coingecko", "*/simple/price", {"include_market_cap": "true"}, "simple_price_with_market_cap.json"),
    ("coingecko", "*/simple/price", {"ids": "*"}, "simple_price_btc_usd.json"),
    ("coingecko", "*/simple/price", {}, "errors/422_missing_ids.json"),
    ("coingecko", "*", {}, "errors/404_unknown_coin.json"),
    ("coinmarketcap", "*/listings/latest", {"limit": "25"}, "listings_latest_25rows_2021-06-30.json"),
    ("coinmarketcap", "*/listings/latest", {}, "listings_latest_100rows_2022-01-29.json"),
    ("coinmarketcap", "*/global-metrics/quotes/latest", {}, "global_metrics_latest_2023-09-20.json"),
    ("coinmarketcap", "*", {}, "errors/403_1006_plan.json"),
    ("coinpaprika", "*/coins", {}, "coins_2022-05-30_cut.json"),
    ("coinpaprika", "*/coins/*/ohlcv/historical", {}, "ohlcv_historical_eth_91rows.json"),
    ("coinpaprika", "*/coins/*/markets", {}, "coin_markets_eth_cut.json"),
    ("coinpaprika", "*/coins/*/exchanges", {}, "coin_exchanges_eth.json"),
    ("coinpaprika", "*/coins/eth-ethereum", {}, "coin_detail_eth.json"),
    ("coinpaprika", "*/search", {}, "search_ethereum.json"),
    ("coinpaprika", "*/tickers/btc-bitcoin", {}, "tickers_btc_2022-04-19.json"),
    ("coinpaprika", "*/", {}, "errors/301_trailing_slash.html"),
    ("coinpaprika", "*", {}, "errors/402_ohlcv_history_plan.json"),
    ("binance", "*/ping", {}, "ping.json"),
    ("binance", "*/time", {}, "time.json"),
    ("binance", "*/exchangeInfo", {}, "exchangeInfo_2021-10-12_cut.json"),
    ("binance", "*/ticker/24hr", {"symbols": "*"}, "ticker_24hr_two_symbols.json"),
    ("binance", "*/ticker/24hr", {}, "ticker_24hr_all_595_2019-08-22.json"),
    ("binance", "*/ticker/price", {}, "ticker_price_BTCUSDT.json"),
    ("binance", "*/klines", {"symbol": "BTCUSDT", "interval": "5m"}, "klines_BTCUSDT_5m_2026-01_cut.json"),
    ("binance", "*/klines", {"symbol": "BTCUSDT", "interval": "1h"}, "klines_BTCUSDT_1h_1000rows_full_page_2020-05.json"),
    ("binance", "*/klines", {"symbol": "BTCUSDT", "interval": "1d"}, "klines_BTCUSDT_1d_500rows_2022-09-22.json"),
    ("binance", "*/klines", {"symbol": "ETHUSDT", "interval": "5m"}, "klines_ETHUSDT_5m_page1.json"),
    ("binance", "*/klines", {"symbol": "ETHUSDT", "interval": "1d"}, "klines_ETHUSDT_1d_1000rows.json"),
    ("binance", "*", {}, "errors/400_-1121_invalid_symbol.json"),
    ("coinbase", "/products", {}, "products_497_2022-06-20.json"),
    ("coinbase", "/products/*/ticker", {}, "ticker_btc-usd_2017-10-03.json"),
    ("coinbase", "/products/*/stats", {}, "stats_ETH-USDT_2022-06-20.json"),
    ("coinbase", "/products/BTC-USDT/candles", {"granularity": "3600"}, "candles_BTC-USDT_3600_226rows.json"),
    ("coinbase", "/products/*/candles", {"granularity": "3600"}, "candles_ETH-USD_3600_page1.json"),
    ("coinbase", "/products/*/candles", {"granularity": "60"}, "candles_BTC-USD_60_page1.json"),
    ("coinbase", "/products/*/candles", {}, "errors/400_granularity.json"),
    ("coinbase", "/products/*", {}, "product_ETH-USDT.json"),
    ("kraken", "*/Time", {}, "Time.json"),
    ("kraken", "*/SystemStatus", {}, "SystemStatus.json"),
    ("kraken", "*/Assets", {}, "Assets_2022.json"),
    ("kraken", "*/AssetPairs", {}, "AssetPairs_2021-04-17.json"),
    ("kraken", "*/Ticker", {"pair": "*BCHEUR"}, "Ticker_BCHEUR_2017-10-03.json"),
    ("kraken", "*/Ticker", {"pair": "XXBTZEUR"}, "Ticker_xchange.json"),
    ("kraken", "*/OHLC", {"pair": "X*BT*USD", "interval": "5"}, "OHLC_XXBTZUSD_5_720rows_2020-04.json"),
    ("kraken", "*/OHLC", {"pair": "X*BT*USD", "interval": "60"}, "OHLC_XXBTZUSD_60_720rows_2020-04.json"),
    ("kraken", "*/OHLC", {"pair": "XXRPZUSD", "interval": "60"}, "OHLC_XXRPZUSD_60_720rows_2020-04.json"),
    ("kraken", "*", {}, "errors/200_unknown_pair.json"),
)


def file_answer(recorded, name):
    """`name` is relative to the recordings; the status is in the name of an error's file."""
    status = re.search(r"/errors/(\d{3})_", "/" + name)
    kind = "text/html; charset=utf-8" if name.endswith(".html") else "application/json; charset=utf-8"
    return Answer(int(status[1]) if status else 200, recorded_body(recorded, name), kind)


def find(recorded, source, target):
    query = Query(target)
    for row_source, pattern, parameters, file in FILES:
        if row_source == source and fnmatch.fnmatchcase(query.path, pattern) and all(
                name in query.parameters and fnmatch.fnmatchcase(query.get(name), wanted)
                for name, wanted in parameters.items()):
            return Answer(200, b"[]") if file is None else file_answer(recorded, f"{source}/{file}")
    return Answer(404, b"{}")
