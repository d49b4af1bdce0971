"""What the market says should be in the tables (see oracle.py)."""
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from .binance import Binance
from .coinbase import Coinbase
from .coingecko import CoinGecko
from .coinmarketcap import KEY_HEADER, CoinMarketCap
from .coinpaprika import CoinPaprika
from .coins import IDS, PAIRS
from .digits import decimal_of
from .kraken import Kraken
from .market import Market

RECORDED = Path(__file__).resolve().parent.parent / "recorded"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
INTERVALS_S = {"5m": 300, "1h": 3600, "1d": 86400}
CANDLE_FIELDS = ("open", "high", "low", "close", "volume", "quote_volume", "volume_24h",
                 "market_cap", "trades", "inputs")
TICK_FIELDS = ("price", "volume_24h", "market_cap", "change_24h_percent")
LISTING_FIELDS = {"rank": "market_cap_rank", "fully_diluted_valuation": "fully_diluted_valuation",
                  "high_24h": "high_24h", "low_24h": "low_24h", "change_24h": "price_change_24h",
                  "change_24h_percent": "price_change_percentage_24h",
                  "circulating_supply": "circulating_supply", "total_supply": "total_supply",
                  "max_supply": "max_supply", "ath": "ath", "atl": "atl"}


def to_ms(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


def of_iso(text):
    return to_ms(datetime.fromisoformat(text.replace("Z", "+00:00")))


def iso(ms):
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z")


@dataclass
class Served:
    """What one answer says: {(symbol, observed_ms): {field: Decimal or None}}. No time: None."""
    ticks: dict = field(default_factory=dict)
    listings: dict = field(default_factory=dict)


@lru_cache(maxsize=2)
def make_sources(seed, recorded):
    """A market and its sources: what they have worked out serves the next oracle, too."""
    market = Market(seed, recorded)
    sources = (Binance(market), Coinbase(market), CoinGecko(market), CoinMarketCap(market),
               CoinPaprika(market), Kraken(market))
    return market, {source.name: source for source in sources}


class Oracle:
    def __init__(self, seed, recorded=RECORDED):
        self.market, self.sources = make_sources(seed, recorded)
        self.recorded = str(recorded)

    def asset_and_quote(self, source, symbol):
        """("bitcoin", "usd") of a source's own symbol."""
        if source in IDS:
            own_id, quote = symbol.rsplit("/", 1)
            return IDS[source](self.recorded)[own_id], quote
        pair = PAIRS[source](self.recorded)[symbol]
        return pair.base, pair.quote

    # Prices and listings.

    def served(self, source, target, at_ms, fetched_ms=None):
        """What is said at `at_ms`; a price without a time of its own is of when it was fetched."""
        headers = {"user-agent": "oracle", KEY_HEADER: "oracle"}
        answer = self.sources[source].answer(target, headers, at_ms)
        value = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
        found = getattr(self, f"_read_{source}")(target, value)
        moment = at_ms if fetched_ms is None else fetched_ms
        found.ticks = {(symbol, moment if at is None else at): fields
                       for (symbol, at), fields in found.ticks.items()}
        return found

    def _read_binance(self, target, value):
        rows = value if isinstance(value, list) else [value]
        return Served({(row["symbol"], int(row["closeTime"])): {
            "price": Decimal(row["lastPrice"]), "volume_24h": Decimal(row["quoteVolume"]),
            "market_cap": None, "change_24h_percent": Decimal(row["priceChangePercent"]),
        } for row in rows if Decimal(row["lastPrice"]) > 0})

    def _read_coinbase(self, target, value):
        symbol = target.split("/")[2]
        return Served({(symbol, of_iso(value["time"])): {
            "price": Decimal(value["price"]), "volume_24h": None, "market_cap": None,
            "change_24h_percent": None}})

    def _read_kraken(self, target, value):
        return Served({(symbol, None): {
            "price": Decimal(row["c"][0]), "volume_24h": None, "market_cap": None,
            "change_24h_percent": None} for symbol, row in value["result"].items()})

    def _read_coingecko(self, target, value):
        quote = target.split("vs_currency=")[1].split("&")[0]
        found = Served()
        for row in value:
            key = f"{row['id']}/{quote}", of_iso(row["last_updated"])
            found.ticks[key] = {"price": row["current_price"], "volume_24h": row["total_volume"],
                                "market_cap": row["market_cap"],
                                "change_24h_percent": row["price_change_percentage_24h"]}
            found.listings[key] = {ours: row[theirs] for ours, theirs in LISTING_FIELDS.items()}
        return found

    def _read_coinmarketcap(self, target, value):
        found = Served()
        for row in value["data"]:
            quote = row["quote"][0]
            key = f"{row['id']}/{quote['symbol'].lower()}", of_iso(quote["last_updated"])
            found.ticks[key] = {"price": quote["price"], "volume_24h": quote["volume_24h"],
                                "market_cap": quote["market_cap"],
                                "change_24h_percent": quote["percent_change_24h"]}
            found.listings[key] = {
                **dict.fromkeys(LISTING_FIELDS), "rank": row["cmc_rank"],
                "fully_diluted_valuation": quote["fully_diluted_market_cap"],
                "change_24h_percent": quote["percent_change_24h"],
                **{name: row[name] for name in ("circulating_supply", "total_supply",
                                                "max_supply")}}
        return found

    def _read_coinpaprika(self, target, value):
        found = Served()
        for row in value if isinstance(value, list) else [value]:
            code, quote = next(iter(row["quotes"].items()))
            key = f"{row['id']}/{code.lower()}", of_iso(row["last_updated"])
            found.ticks[key] = {"price": quote["price"], "volume_24h": quote["volume_24h"],
                                "market_cap": quote["market_cap"],
                                "change_24h_percent": quote["percent_change_24h"]}
            found.listings[key] = {
                **dict.fromkeys(LISTING_FIELDS), "rank": row["rank"], "ath": quote["ath_price"],
                "change_24h_percent": quote["percent_change_24h"],
                **{name: row[name] or None for name in ("circulating_supply", "total_supply",
                                                        "max_supply")}}
        return found

    @staticmethod
    def wanted_of(job, served):
        """What a job takes of an answer: CoinPaprika gives all coins whatever is asked for."""
        if job["source"] != "coinpaprika":
            return served
        if job["kind"] == "quote":
            asked = set(job["args"]["symbols"])
            keys = {key for key in served.ticks if key[0] in asked}
        else:
            last = job["args"]["page"] * job["args"]["per_page"]
            keys = {key for key, fields in served.listings.items()
                    if last - job["args"]["per_page"] < fields["rank"] <= last}
        return Served({key: served.ticks[key] for key in keys},
                      {key: served.listings[key] for key in keys})

    # Candles.

    def candles(self, source, symbol, interval, from_ms, to_ms):
        """{open_ms: fields} of the candles that open in [from_ms, to_ms), all of them closed."""
        if source in ("coinmarketcap", "coinpaprika"):
            return self._candles_of_samples(source, symbol, INTERVALS_S[interval] * 1000, from_ms,
                                            to_ms)
        if source == "coingecko":
            return self._candles_of_points(symbol, INTERVALS_S[interval], from_ms, to_ms)
        interval_s = INTERVALS_S[interval]
        window = from_ms, to_ms, to_ms + interval_s * 1000
        if source == "kraken":  # has candles also where nothing was traded
            closed = self.sources[source].candles(symbol, interval_s, *window)
        else:
            closed = self.market.candles(source, symbol, interval_s, *window)
        places = self.market.instrument(source, symbol).places
        table = {}
        for candle in closed:
            table[candle.open_ms] = {
                **{name: decimal_of(getattr(candle, name), places)
                   for name in ("open", "high", "low", "close")},
                "volume": decimal_of(candle.volume, 8), "volume_24h": None, "market_cap": None,
                "quote_volume": decimal_of(candle.quote_volume, 8) if source == "binance" else None,
                "trades": None if source == "coinbase" else candle.trades, "inputs": 1}
        return table

    def _candles_of_samples(self, source, symbol, step, from_ms, to_ms):
        """One sample at each boundary, or seconds after it: it closes the candle before it."""
        own_id, quote = symbol.rsplit("/", 1)
        provider, table = self.sources[source], {}
        for open_ms in range(-(-from_ms // step) * step, to_ms, step):
            at = open_ms + step
            if source == "coinmarketcap":
                at = provider.sample_times(own_id, step, at, at + step - 1)[0]
            point = {name: Decimal(text)
                     for name, text in provider.sample(own_id, quote, at).items()}
            table[open_ms] = {
                **dict.fromkeys(("open", "high", "low", "close"), point["price"]),
                "volume": None, "quote_volume": None, "market_cap": point["market_cap"],
                "volume_24h": point["volume_24h"], "trades": None, "inputs": 1}
        return table

    def _candles_of_points(self, symbol, interval_s, from_ms, to_ms):
        """
        An aggregator has no candles, only points, about one in each interval. A point belongs to
        the candle that covers the moment just before it.
        """
        coin, quote = self.asset_and_quote("coingecko", symbol)
        step = interval_s * 1000
        body = self.sources["coingecko"].points(coin, quote, step, from_ms, to_ms, to_ms + 1,
                                                _Everything())
        value = json.loads(body.body, parse_float=Decimal, parse_int=Decimal)
        buckets = defaultdict(list)
        for (at, price), (_, cap), (_, volume) in zip(value["prices"], value["market_caps"],
                                                      value["total_volumes"]):
            buckets[(int(at) - 1) // step * step].append((price, cap, volume))
        return {open_ms: {
            "open": points[0][0], "high": max(point[0] for point in points),
            "low": min(point[0] for point in points), "close": points[-1][0],
            "volume": None, "quote_volume": None, "market_cap": points[-1][1],
            "volume_24h": points[-1][2], "trades": None, "inputs": len(points),
        } for open_ms, points in buckets.items() if from_ms <= open_ms < to_ms}


class _Everything:
    """The parameters of a request that leaves all at the default."""

    @staticmethod
    def get(name, default=None):
        return default
