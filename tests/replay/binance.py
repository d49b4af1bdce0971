"""Binance spot, /api/v3: prices as strings with eight places, times in milliseconds."""
import json
import re
from functools import lru_cache

from . import coins as coin_list
from .answer import Answer, Query, compact, recorded_body
from .digits import fixed, rescale
from .market import DAY_MS, LISTED_MS, STEP_MS, VOLUME_PLACES

INTERVALS_S = {"5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400,
               "6h": 21600, "8h": 28800, "12h": 43200, "1d": 86400}
ROWS_MAX, ROWS_DEFAULT = 1000, 500
CONTENT_TYPE = "application/json;charset=UTF-8"


class Refusal(Exception):
    def __init__(self, status, code, text):
        super().__init__(text)
        self.answer = Answer(status, compact({"code": code, "msg": text}), CONTENT_TYPE)


class Binance:
    name = "binance"

    def __init__(self, market):
        self.market = market
        self.pairs = coin_list.binance_pairs(market.recorded)
        self.day_rows = lru_cache(maxsize=8192)(self._day_rows)

    def answer(self, target, headers, now_ms):
        query = Query(target)
        route = {"/api/v3/ping": self.ping, "/api/v3/time": self.time,
                 "/api/v3/exchangeInfo": self.exchange_info, "/api/v3/klines": self.klines,
                 "/api/v3/ticker/24hr": self.ticker_24hr,
                 "/api/v3/ticker/price": self.ticker_price}.get(query.path)
        if route is None:
            return Answer(404, b"<html><body><h2>404 Not found</h2></body></html>", "text/html")
        try:
            return route(query, now_ms)
        except Refusal as refusal:
            return refusal.answer

    def ping(self, query, now_ms):
        return Answer(200, b"{}", CONTENT_TYPE)

    def time(self, query, now_ms):
        return Answer(200, compact({"serverTime": now_ms}), CONTENT_TYPE)

    def exchange_info(self, query, now_ms):
        wanted = set(self.asked_symbols(query) or self.pairs)
        info = json.loads(recorded_body(self.market.recorded,
                                        "binance/exchangeInfo_2021-10-12_cut.json"))
        model = info["symbols"][0]
        known = {row["symbol"]: row for row in info["symbols"]}
        info["serverTime"] = now_ms
        info["rateLimits"][0]["limit"] = 6000
        info["symbols"] = []
        for symbol, pair in self.pairs.items():
            if symbol in wanted:
                base = self.market.coins[pair.base].symbol.upper()
                info["symbols"].append({**known.get(symbol, model), "symbol": symbol,
                                        "status": "BREAK" if pair.halted else "TRADING",
                                        "baseAsset": base, "quoteAsset": pair.quote.upper()})
        return Answer(200, compact(info), CONTENT_TYPE, weight=20)

    # Klines: oldest first; both ends of the window count, by open time.

    def klines(self, query, now_ms):
        symbol = query.get("symbol")
        if not symbol:
            raise Refusal(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, "
                                      "or malformed.")
        if symbol not in self.pairs:
            raise Refusal(400, -1121, "Invalid symbol.")
        interval_s = INTERVALS_S.get(query.get("interval"))
        if interval_s is None:
            raise Refusal(400, -1120, "Invalid interval.")
        start, end = self.whole(query, "startTime"), self.whole(query, "endTime")
        limit = min(self.whole(query, "limit") or ROWS_DEFAULT, ROWS_MAX)
        if start is not None and end is not None and end < start:
            return Answer(200, b"[]", CONTENT_TYPE, weight=2)
        if self.pairs[symbol].halted:
            return Answer(200, b"[]", CONTENT_TYPE, weight=2)
        rows, last_open = self.window(symbol, interval_s, start, end, limit, now_ms)
        whole = len(rows) == limit or (end is not None and end < now_ms - interval_s * 1000)
        constant = start is not None and whole and last_open + interval_s * 1000 <= now_ms
        return Answer(200, b"[" + b",".join(rows) + b"]", CONTENT_TYPE, weight=2,
                      constant=constant)

    def window(self, symbol, interval_s, start, end, limit, now_ms):
        """Rows as JSON, and the open time of the last."""
        width = interval_s * 1000
        newest = min(now_ms if end is None else end, now_ms) // width * width
        if start is None:
            return self.collect(symbol, interval_s, newest, LISTED_MS, -width, limit, now_ms)
        oldest = max(-(-start // width) * width, LISTED_MS)
        return self.collect(symbol, interval_s, oldest, newest, width, limit, now_ms)

    def collect(self, symbol, interval_s, at, stop, width, limit, now_ms):
        rows, last_open = [], 0
        while len(rows) < limit and (at <= stop if width > 0 else at >= stop):
            if at + interval_s * 1000 > now_ms:
                candle = self.market.candle("binance", symbol, interval_s, at, now_ms)
                row = candle and self.row(symbol, interval_s, candle)
            else:
                day, rest = divmod(at, DAY_MS)
                row = self.day_rows(symbol, interval_s, day)[rest // (interval_s * 1000)]
            if row:
                rows.append(row)
                last_open = max(last_open, at)
            at += width
        return (rows if width > 0 else rows[::-1]), last_open

    def _day_rows(self, symbol, interval_s, day):
        """The rendered candles of a finished part of a day; never kept beyond what is closed."""
        rows, width = [], interval_s * 1000
        for open_ms in range(day * DAY_MS, (day + 1) * DAY_MS, width):
            candle = self.market.candle("binance", symbol, interval_s, open_ms, open_ms + width)
            rows.append(candle and self.row(symbol, interval_s, candle))
        return rows

    def row(self, symbol, interval_s, candle):
        places = self.market.instrument("binance", symbol).places
        prices = ",".join(f'"{fixed(price, places, 8)}"' for price in candle[1:5])
        taker = candle.volume * (40 + candle.trades % 21) // 100
        taker_quote = candle.quote_volume * (40 + candle.trades % 21) // 100
        return (f'[{candle.open_ms},{prices},"{fixed(candle.volume, 8)}",'
                f'{candle.open_ms + interval_s * 1000 - 1},"{fixed(candle.quote_volume, 8)}",'
                f'{candle.trades},"{fixed(taker, 8)}","{fixed(taker_quote, 8)}","0"]').encode()

    # Tickers.

    def ticker_price(self, query, now_ms):
        return self.tickers(query, now_ms, self.price_row, weights=(2, 4))

    def ticker_24hr(self, query, now_ms):
        return self.tickers(query, now_ms, self.day_row, weights=(2, 80))

    def tickers(self, query, now_ms, make_row, weights):
        asked = self.asked_symbols(query)
        rows = [make_row(symbol, now_ms) for symbol in asked or self.pairs]
        one = query.get("symbol") is not None
        weight = weights[0] if asked and len(asked) <= 20 else weights[1]
        return Answer(200, compact(rows[0] if one else rows), CONTENT_TYPE, weight=weight)

    def price_row(self, symbol, now_ms):
        if self.pairs[symbol].halted:
            return {"symbol": symbol, "price": fixed(0, 8)}
        instrument = self.market.instrument("binance", symbol)
        return {"symbol": symbol,
                "price": fixed(self.market.price(instrument, now_ms), instrument.places, 8)}

    def day_row(self, symbol, now_ms):
        if self.pairs[symbol].halted:
            return halted_row(symbol, now_ms)
        instrument = self.market.instrument("binance", symbol)
        places, width = instrument.places, 8
        opened = self.market.price(instrument, now_ms - DAY_MS)
        last = self.market.price(instrument, now_ms)
        begin = (now_ms - DAY_MS) // STEP_MS * STEP_MS + STEP_MS
        candles = self.market.candles("binance", symbol, 300, begin, now_ms, now_ms)
        volume = sum(candle.volume for candle in candles)
        quote_volume = sum(candle.quote_volume for candle in candles)
        trades = sum(candle.trades for candle in candles)
        # How many trades there were since the beginning: ids that grow with time.
        last_id = now_ms // 20
        change = last - opened
        percent = rescale(change * 10**9 // opened, 7, 3)

        def price(units):
            return fixed(units, places, width)

        return {
            "symbol": symbol, "priceChange": price(change),
            "priceChangePercent": fixed(percent, 3),
            "weightedAvgPrice": fixed(quote_volume * 10**VOLUME_PLACES // volume, 8),
            "prevClosePrice": price(opened), "lastPrice": price(last),
            "lastQty": fixed(candles[-1].volume // candles[-1].trades + 1, 8),
            "bidPrice": price(max(last - 1, 1)), "bidQty": fixed(candles[-1].volume // 7 + 1, 8),
            "askPrice": price(last + 1), "askQty": fixed(candles[-1].volume // 5 + 1, 8),
            "openPrice": price(opened),
            "highPrice": price(max([opened, last] + [candle.high for candle in candles])),
            "lowPrice": price(min([opened, last] + [candle.low for candle in candles])),
            "volume": fixed(volume, 8), "quoteVolume": fixed(quote_volume, 8),
            "openTime": now_ms - DAY_MS, "closeTime": now_ms,
            "firstId": last_id - trades + 1, "lastId": last_id, "count": trades}

    # Parameters.

    def asked_symbols(self, query):
        """The symbols asked for; None = all."""
        one, several = query.get("symbol"), query.get("symbols")
        if one is not None and several is not None:
            raise Refusal(400, -1128, "Combination of optional parameters invalid.")
        if one is None and several is None:
            return None
        if several is not None and not re.fullmatch(r'\["[^"\s]+"(,"[^"\s]+")*\]', several):
            raise Refusal(400, -1100, "Illegal characters found in parameter 'symbols'; legal range"
                                      " is '^\\[(\"[\\w\\-._&&[^a-z]]{1,50}\"){0,1}(,\"[\\w\\-._&&"
                                      "[^a-z]]{1,50}\"){0,}\\]$'.")
        symbols = [one] if several is None else json.loads(several)
        if not all(symbol in self.pairs for symbol in symbols):
            raise Refusal(400, -1121, "Invalid symbol.")
        return symbols

    def whole(self, query, name):
        text = query.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,20}", text):
            raise Refusal(400, -1100, f"Illegal characters found in parameter '{name}'; legal range"
                                      " is '^[0-9]{1,20}$'.")
        return int(text)


def halted_row(symbol, now_ms):
    zeros = ("priceChange", "weightedAvgPrice", "prevClosePrice", "lastPrice", "lastQty",
             "bidPrice", "bidQty", "askPrice", "askQty", "openPrice", "highPrice", "lowPrice",
             "volume", "quoteVolume")
    row = {"symbol": symbol, "priceChangePercent": "0.000"}
    row.update({name: "0.00000000" for name in zeros})
    row.update(openTime=now_ms - DAY_MS, closeTime=now_ms, firstId=-1, lastId=-1, count=0)
    return row
