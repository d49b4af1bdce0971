"""CoinPaprika v1: all coins in one list, missing values as empty text, little history for nothing."""
import re

from .aggregator import Aggregator, Raw, dump, number
from .answer import Answer, Query, compact, iso, recorded_body
from .coins import FIAT_USD, QUOTE_COINS, coinpaprika_ids
from .market import DAY_MS, HOUR_MS

CURRENCIES = {code.upper() for code in (*FIAT_USD, *QUOTE_COINS)}
# Width of an interval of points, and how far back it is free.
INTERVALS = {"1d": (DAY_MS, 365 * DAY_MS), "24h": (DAY_MS, 365 * DAY_MS), "1h": (HOUR_MS, DAY_MS)}
POINTS_MAX, CANDLES_MAX = 5000, 366


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class CoinPaprika(Aggregator):
    name = "coinpaprika"

    def __init__(self, market):
        super().__init__(market, coinpaprika_ids(market.recorded))

    def answer(self, target, headers, now_ms):
        query = Query(target)
        path = query.path.removeprefix("/v1")
        if path.endswith("/"):
            return Answer(301, recorded_body(self.market.recorded,
                                             "coinpaprika/errors/301_trailing_slash.html"),
                          "text/html; charset=utf-8", {"location": target.rstrip("/")})
        try:
            return Answer(200, dump(self.route(path, query, headers, now_ms)).encode())
        except Refusal as refusal:
            return Answer(refusal.status, compact({"error": str(refusal)}))

    def route(self, path, query, headers, now_ms):
        if path == "/coins":
            return self.coins(now_ms)
        if path == "/global":
            return {"cryptocurrencies_number": len(self.ids), "last_updated": now_ms // 1000}
        if path == "/tickers":
            quotes = currencies(query)
            return [self.ticker(own_id, rank, quotes, now_ms)
                    for rank, own_id in self.ranked(now_ms // 60_000)]
        match = re.fullmatch(r"/(tickers|coins)/([^/]+)(/.*)?", path)
        if not match or match[2] not in self.ids:
            raise Refusal(404, "id not found")
        if match[1] == "tickers" and not match[3]:
            ranks = {own_id: rank for rank, own_id in self.ranked(now_ms // 60_000)}
            return self.ticker(match[2], ranks[match[2]], currencies(query), now_ms)
        if match[1] == "tickers" and match[3] == "/historical":
            return self.points(match[2], query, now_ms)
        if match[1] == "coins" and match[3] == "/ohlcv/historical":
            return self.candles(match[2], query, headers, now_ms)
        raise Refusal(404, "not found")

    def coins(self, now_ms):
        """The coins, and one in five that is long gone."""
        rows = []
        for rank, own_id in self.ranked(now_ms // DAY_MS * 1440):
            coin = self.market.coins[self.ids[own_id]]
            row = {"id": own_id, "name": coin.name, "symbol": coin.symbol.upper(), "rank": rank,
                   "is_new": False, "is_active": True, "type": "coin"}
            rows.append(row)
            if rank % 5 == 0:
                rows.append({**row, "id": own_id + "-old", "name": coin.name + " Old", "rank": 0,
                             "is_active": False})
        return rows

    def ticker(self, own_id, rank, quotes, now_ms):
        coin = self.market.coins[self.ids[own_id]]
        seen_ms = self.market.last_look(coin.id, now_ms) // 1000 * 1000
        return {"id": own_id, "name": coin.name, "symbol": coin.symbol.upper(), "rank": rank,
                "circulating_supply": int(coin.supply),
                "total_supply": whole(coin.row["total_supply"]),
                "max_supply": int(coin.row["max_supply"] or 0),
                "beta_value": Raw("0.9"), "first_data_at": "2010-07-17T00:00:00Z",
                "last_updated": seconds(seen_ms),
                "quotes": {quote.upper(): self.quote(own_id, quote, now_ms) for quote in quotes}}

    def quote(self, own_id, quote, now_ms):
        numbers = self.numbers(own_id, quote, now_ms)
        return {"price": numbers["price"], "volume_24h": numbers["volume_24h"],
                "market_cap": numbers["market_cap"], "percent_change_24h": numbers["change"],
                "ath_price": numbers["ath"], "ath_date": "2021-11-10T16:51:15Z"}

    # Histories.

    def points(self, own_id, query, now_ms):
        width, reach = INTERVALS.get(query.get("interval", "5m"), (0, 0))
        begin, end = window(query, now_ms)
        if begin < now_ms - reach:
            raise Refusal(402, "Getting historical data before "
                          f"{seconds(now_ms - reach)} is not allowed in this plan")
        limit = min(int(query.get("limit", "1000")), POINTS_MAX)
        return [{"timestamp": seconds(at), **self.sample(own_id, query.get("quote", "usd"), at)}
                for at in range(-(-begin // width) * width, end + 1, width)][:limit]

    def candles(self, own_id, query, headers, now_ms):
        """With a key of any plan; the one of today ends now."""
        begin, end = window(query, now_ms)
        if not headers.get("authorization") and begin < now_ms - DAY_MS:
            raise Refusal(402, "Getting historical OHLCV data before "
                          f"{seconds(now_ms - DAY_MS)} is not allowed in this plan")
        width = INTERVALS[query.get("interval", "24h")][0]
        symbol = f"{own_id}/{query.get('quote', 'usd')}"
        places = self.market.instrument(self.name, symbol).places
        found = self.market.candles(self.name, symbol, width // 1000, begin, end + 1, now_ms)
        rows = []
        for candle in found[:min(int(query.get("limit", "1")), CANDLES_MAX)]:
            ended = min(candle.open_ms + width - 1000, now_ms // 60_000 * 60_000)
            prices = {name: number(getattr(candle, name), places)
                      for name in ("open", "high", "low", "close")}
            rows.append({"time_open": seconds(candle.open_ms), "time_close": seconds(ended),
                         **prices, "volume": number(candle.quote_volume, 8),
                         "market_cap": number(candle.close * 10**6, places)})
        return rows


def currencies(query):
    codes = query.list("quotes") or ["USD"]
    if len(codes) > 3 or not set(codes) <= CURRENCIES:
        raise Refusal(400, "invalid parameters")
    return [code.lower() for code in codes]


def window(query, now_ms):
    """Unix seconds only, which is what we send."""
    begin, end = query.get("start", ""), query.get("end", str(now_ms // 1000))
    if not (begin.isdigit() and end.isdigit()) or query.get("quote", "usd") not in ("usd", "btc"):
        raise Refusal(400, "invalid parameters")
    return int(begin) * 1000, min(int(end) * 1000, now_ms)


def whole(value):
    """A supply that is not known is empty text."""
    return "" if value is None else int(value)


def seconds(ms):
    return iso(ms)[:19] + "Z"
