"""Jobs as tests publish them: one of every kind and source."""
import time

from replay.oracle import make_job

HOUR_S = 3600
BINANCE = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
COINBASE = ("BTC-USD", "ETH-USD", "ADA-USD")
COINMARKETCAP = ("1/usd", "1027/usd", "52/usd")
COINPAPRIKA = ("btc-bitcoin/usd", "eth-ethereum/usd", "xrp-xrp/usd",
               "sol-solana/usd", "ada-cardano/usd", "doge-dogecoin/usd")
KRAKEN = ("XXBTZUSD", "XETHZUSD", "XDGUSD")
COINGECKO = ("bitcoin/usd", "ethereum/usd", "ripple/usd")


def slot(period_s=300, back=0):
    """A slot that is over: `back` periods before the newest."""
    return int(time.time()) // period_s * period_s - back * period_s


def quote(source, symbols, at=None, **more):
    name = "/".join(symbols) if source == "coinbase" else "test"
    return make_job(source, "quote", f"quote/{name}", at or slot(), {"symbols": list(symbols)},
                    **more)


def listing(page=1, at=None, source="coingecko", **more):
    return make_job(source, "listing", f"listing/usd/50/{page}", at or slot(),
                    {"currency": "usd", "page": page, "per_page": 50}, **more)


def history(source, symbol, interval="1h", days=30, at=None, **more):
    return make_job(source, "history", f"history/{symbol}/{interval}", at or slot(HOUR_S),
                    {"symbol": symbol, "interval": interval, "lookback_s": days * 86400}, **more)


# By name, the n-th job of a kind: each n is another slot, or another stream of three pages.
EVERY_KIND = {
    "coingecko quote": lambda n=0: quote("coingecko", COINGECKO[:2], slot(back=20 - n)),
    "coingecko listing": lambda n=0: listing(at=slot(back=20 - n)),
    "coingecko history": lambda n=0: history("coingecko", COINGECKO[n % 3],
                                             ("1h", "1d", "5m")[n // 3], (30, 200, 1)[n // 3]),
    "coinmarketcap quote": lambda n=0: quote("coinmarketcap", COINMARKETCAP[:2], slot(back=20 - n)),
    "coinmarketcap history": lambda n=0: history("coinmarketcap", COINMARKETCAP[n % 3],
                                                 ("1h", "1d", "5m")[n // 3], (30, 200, 1)[n // 3]),
    "coinpaprika quote": lambda n=0: quote("coinpaprika", COINPAPRIKA[:1 + n % 2],
                                           slot(back=20 - n)),
    "coinpaprika history": lambda n=0: history("coinpaprika", COINPAPRIKA[n % 3 + n // 6 * 3],
                                               ("1d", "1h", "1d")[n // 3], (400, 1, 200)[n // 3]),
    "coinmarketcap listing": lambda n=0: listing(source="coinmarketcap", at=slot(back=20 - n)),
    "coinpaprika listing": lambda n=0: listing(source="coinpaprika", at=slot(back=20 - n)),
    "binance quote": lambda n=0: quote("binance", BINANCE[:2], slot(back=20 - n)),
    "binance history": lambda n=0: history("binance", BINANCE[n % 3], ("1h", "5m", "1d")[n // 3],
                                           (100, 9, 1000)[n // 3]),
    "coinbase quote": lambda n=0: quote("coinbase", COINBASE[:1], slot(back=20 - n)),
    "coinbase history": lambda n=0: history("coinbase", COINBASE[n % 3],
                                            ("1h", "5m", "1d")[n // 3], (30, 3, 700)[n // 3]),
    "kraken quote": lambda n=0: quote("kraken", KRAKEN, slot(back=20 - n)),
    "kraken history": lambda n=0: history("kraken", KRAKEN[n % 3], ("1h", "5m", "1d")[n // 3],
                                          (30, 2, 700)[n // 3]),
}
