"""Coinbase Exchange: strings in objects, bare numbers in candles, newest first, with gaps."""
import datetime
import json
import re

from . import coins as coin_list
from .answer import Answer, Query, compact, iso, recorded_body
from .digits import fixed, trimmed
from .market import DAY_MS, STEP_MS

GRANULARITIES_S = (300, 900, 3600, 21600, 86400)
ROWS_MAX = 300


class Coinbase:
    name = "coinbase"

    def __init__(self, market):
        self.market = market
        self.pairs = coin_list.coinbase_pairs(market.recorded)

    def answer(self, target, headers, now_ms):
        if not headers.get("user-agent"):
            return refusal(400, "User-Agent header is required.")
        query = Query(target)
        if query.path == "/time":
            return Answer(200, compact({"iso": iso(now_ms), "epoch": now_ms / 1000}))
        if query.path == "/products":
            return self.products(self.pairs.values())
        match = re.fullmatch(r"/products/([^/]+)(?:/(ticker|stats|candles))?", query.path)
        if not match:
            return refusal(404, "Route not found")
        pair = self.pairs.get(match[1].upper())
        if pair is None:
            return refusal(404, "NotFound")
        if match[2] is None:
            return self.products([pair], single=True)
        if match[2] == "candles":
            return self.candles(pair, query, now_ms)
        if pair.halted:
            return refusal(404, "NotFound")
        return (self.ticker if match[2] == "ticker" else self.stats)(pair, now_ms)

    def products(self, pairs, single=False):
        rows = json.loads(recorded_body(self.market.recorded,
                                        "coinbase/products_497_2022-06-20.json"))
        known = {row["id"]: row for row in rows}
        products = []
        for pair in pairs:
            base, quote = pair.symbol.split("-")
            row = {**known.get(pair.symbol, rows[0]), "id": pair.symbol, "base_currency": base,
                   "quote_currency": quote, "display_name": f"{base}/{quote}"}
            row["status"] = "delisted" if pair.halted else "online"
            row["trading_disabled"] = pair.halted
            products.append(row)
        return Answer(200, compact(products[0] if single else products))

    def ticker(self, pair, now_ms):
        instrument = self.market.instrument("coinbase", pair.symbol)
        price = self.market.price(instrument, now_ms)
        volume = sum(candle.volume for candle in self.last_day(pair, now_ms))
        return Answer(200, compact({
            "trade_id": now_ms // 50, "price": fixed(price, instrument.places, 8),
            "size": fixed(1 + now_ms % 10**8, 8),
            "bid": trimmed(max(price - 1, 1), instrument.places),
            "ask": trimmed(price + 1, instrument.places), "volume": trimmed(volume, 8),
            "time": iso(now_ms, 6)}))

    def stats(self, pair, now_ms):
        instrument = self.market.instrument("coinbase", pair.symbol)
        candles = self.last_day(pair, now_ms)
        opened = self.market.price(instrument, now_ms - DAY_MS)
        last = self.market.price(instrument, now_ms)
        volume = sum(candle.volume for candle in candles)

        def price(units):
            return trimmed(units, instrument.places)

        return Answer(200, compact({
            "open": price(opened),
            "high": price(max([opened, last] + [candle.high for candle in candles])),
            "low": price(min([opened, last] + [candle.low for candle in candles])),
            "last": price(last), "volume": trimmed(volume, 8),
            "volume_30day": trimmed(volume * 29, 8)}))

    def last_day(self, pair, now_ms):
        begin = (now_ms - DAY_MS) // STEP_MS * STEP_MS + STEP_MS
        return self.market.candles("coinbase", pair.symbol, 300, begin, now_ms, now_ms)

    # Candles: start and end count only together; a window of more than 300 intervals, both ends
    # counted, is refused; intervals without a trade are not there.

    def candles(self, pair, query, now_ms):
        granularity = query.get("granularity", "60")
        if not granularity.isdigit() or int(granularity) not in GRANULARITIES_S:
            return refusal(400, "Unsupported granularity")
        width = int(granularity) * 1000
        try:
            start, end = moment(query.get("start")), moment(query.get("end"))
        except ValueError:
            return refusal(400, "invalid start or end")
        if start is None or end is None:
            end = now_ms
            start = end - (ROWS_MAX - 1) * width
        elif end < start:
            return refusal(400, "start must be before end")
        elif end - start > (ROWS_MAX - 1) * width:
            return Answer(400, recorded_body(self.market.recorded,
                                             "coinbase/errors/400_granularity.json"))
        if pair.halted:
            return Answer(200, b"[]")
        candles = self.market.candles("coinbase", pair.symbol, width // 1000,
                                      start // width * width, end + 1, now_ms)
        rows = [self.row(pair, candle) for candle in reversed(candles)]
        return Answer(200, ("[" + ",".join(rows) + "]").encode(),
                      constant=end < now_ms - width)

    def row(self, pair, candle):
        places = self.market.instrument("coinbase", pair.symbol).places
        prices = ",".join(trimmed(units, places) for units in
                          (candle.low, candle.high, candle.open, candle.close))
        return f"[{candle.open_ms // 1000},{prices},{noisy(candle)}]"


def noisy(candle):
    """Every eighth volume carries the noise of a double: the value is what eight digits round to."""
    if candle.trades % 8:
        return trimmed(candle.volume, 8)
    if candle.trades % 16:
        return fixed(candle.volume, 8) + "0000001"
    return fixed(candle.volume - 1, 8) + "9999963"


def moment(text):
    """Unix milliseconds of an ISO time or of unix seconds; None stays None."""
    if not text:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds, _, fraction = text.partition(".")
        return int(seconds) * 1000 + int((fraction + "000")[:3])
    parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=datetime.timezone.utc)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (parsed - epoch) // datetime.timedelta(milliseconds=1)


def refusal(status, text):
    return Answer(status, compact({"message": text}))
