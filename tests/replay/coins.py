"""The coins and markets that exist, read from the recorded answers of the providers."""
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

NAMED = ("bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin")

# What a unit of each quote currency is worth in USD. The coins among them have a price path of
# their own; the rest move a little (market.py).
FIAT_USD = {
    "usd": "1", "eur": "1.0832", "gbp": "1.2711", "jpy": "0.006612", "chf": "1.1243",
    "cad": "0.7314", "aud": "0.6524", "cny": "0.1378", "inr": "0.01187", "brl": "0.1765",
}
STABLE_COINS = {"usdt": "tether", "usdc": "usd-coin", "dai": "dai"}
KRAKEN_TICKERS = {"XBT": "btc", "XDG": "doge"}
QUOTE_COINS = {"btc": "bitcoin", "eth": "ethereum", "bnb": "binancecoin"} | STABLE_COINS

MARKET_FILES = (
    "coingecko/coins_markets_usd_250rows_2022-02-23.json",
    "coingecko/coins_markets_usd_100rows_2021-06-24.json",
    "coingecko/coins_markets_nft_50rows_2022-01-18.json",
    "coingecko/coins_markets_stablecoins_50rows_2022-01-18.json",
)


@dataclass(frozen=True)
class Coin:
    id: str
    symbol: str  # lower case
    name: str
    price: Decimal  # in USD, as recorded: the level of its path
    volume: Decimal  # in USD, 24 hours
    supply: Decimal
    row: dict  # the recorded row, numbers as Decimal; what the market does not make comes from here

    @property
    def is_stable(self):
        return self.id in STABLE_COINS.values() or Decimal("0.98") < self.price < Decimal("1.02")


@dataclass(frozen=True)
class Pair:
    """A market of an exchange."""
    symbol: str
    base: str  # coin id
    quote: str  # code, lower case
    halted: bool = False


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)


@lru_cache(maxsize=None)
def load_coins(recorded):
    """{id: Coin}, in the order of the recorded lists."""
    coins = {}
    for file in MARKET_FILES:
        path = Path(recorded) / file
        for row in read_json(path) if path.exists() else ():
            price, supply = row["current_price"], row["circulating_supply"]
            if row["id"] in coins or not price or not supply:
                continue
            coins[row["id"]] = Coin(row["id"], row["symbol"].lower(), row["name"], Decimal(price),
                                    Decimal(row["total_volume"] or 1), Decimal(supply), row)
    return coins


@lru_cache(maxsize=None)
def by_symbol(recorded):
    """{symbol: Coin}: of several coins with one symbol, the first listed has it on exchanges."""
    table = {}
    for coin in load_coins(recorded).values():
        table.setdefault(coin.symbol, coin)
    return table


@lru_cache(maxsize=None)
def binance_pairs(recorded):
    """{symbol: Pair}: the recorded USDT markets, and the named coins in more currencies."""
    path = Path(recorded) / "binance/exchangeInfo_2021-10-12_cut.json"
    rows = read_json(path)["symbols"] if path.exists() else ()
    coins, pairs = by_symbol(recorded), {}
    for row in rows:
        base, quote = row["baseAsset"].lower(), row["quoteAsset"].lower()
        if quote == "usdt" and base in coins:
            pairs[row["symbol"]] = Pair(row["symbol"], coins[base].id, quote,
                                        halted=row["status"] != "TRADING")
    for coin_id in NAMED:
        coin = load_coins(recorded)[coin_id]
        for quote in ("usdt", "usdc", "eur", "btc"):
            if quote != coin.symbol:
                symbol = (coin.symbol + quote).upper()
                pairs[symbol] = Pair(symbol, coin.id, quote)
    pairs["BCCBTC"] = Pair("BCCBTC", "bitcoin-cash", "btc", halted=True)
    return pairs


@lru_cache(maxsize=None)
def coinbase_pairs(recorded):
    """{symbol: Pair}: the recorded products whose coin is known, and the named coins in more."""
    path = Path(recorded) / "coinbase/products_497_2022-06-20.json"
    coins, pairs = by_symbol(recorded), {}
    for row in read_json(path) if path.exists() else ():
        base, quote = row["base_currency"].lower(), row["quote_currency"].lower()
        if base in coins and (quote in FIAT_USD or quote in QUOTE_COINS):
            pairs[row["id"]] = Pair(row["id"], coins[base].id, quote,
                                    halted=row["status"] == "delisted")
    for coin_id in NAMED:
        coin = load_coins(recorded)[coin_id]
        for quote in ("usd", "eur", "usdt", "usdc", "btc"):
            if quote != coin.symbol:
                symbol = f"{coin.symbol}-{quote}".upper()
                pairs[symbol] = Pair(symbol, coin.id, quote)
    return pairs


@lru_cache(maxsize=None)
def kraken_pairs(recorded):
    """{symbol: Pair}: the recorded markets whose coin is known, without dark pools, and Solana's."""
    path = Path(recorded) / "kraken/AssetPairs_2021-04-17.json"
    coins, pairs = by_symbol(recorded), {}
    for symbol, row in read_json(path)["result"].items() if path.exists() else ():
        base, _, quote = row.get("wsname", "").partition("/")
        base, quote = (KRAKEN_TICKERS.get(part, part.lower()) for part in (base, quote))
        if base in coins and (quote in FIAT_USD or quote in QUOTE_COINS):
            pairs[symbol] = Pair(symbol, coins[base].id, quote)
    for quote in ("usd", "eur"):
        symbol = f"SOL{quote}".upper()
        pairs[symbol] = Pair(symbol, "solana", quote)
    return pairs


@lru_cache(maxsize=None)
def coinmarketcap_ids(recorded):
    """{CoinMarketCap's number: coin id}: as recorded; a coin that is not gets a large one."""
    path = Path(recorded) / "coinmarketcap/listings_latest_100rows_2022-01-29.json"
    rows = read_json(path)["data"] if path.exists() else ()
    known = {(row["symbol"].lower(), row["name"].lower()): str(row["id"]) for row in rows}
    return {known.get((coin.symbol, coin.name.lower()), str(100_000 + place)): coin.id
            for place, coin in enumerate(load_coins(recorded).values())}


@lru_cache(maxsize=None)
def coinpaprika_ids(recorded):
    """{CoinPaprika's id: coin id}: "btc-bitcoin"."""
    ids = {}
    for coin in load_coins(recorded).values():
        words = re.sub(r"[^a-z0-9]+", "-", f"{coin.symbol} {coin.name.lower()}").strip("-")
        ids.setdefault(words, coin.id)
    return ids


@lru_cache(maxsize=None)
def coingecko_ids(recorded):
    return {coin: coin for coin in load_coins(recorded)}


# What aggregators call a coin.
IDS = {"coingecko": coingecko_ids, "coinmarketcap": coinmarketcap_ids,
       "coinpaprika": coinpaprika_ids}
PAIRS = {"binance": binance_pairs, "coinbase": coinbase_pairs, "kraken": kraken_pairs}
