"""Kraken, /0/public: everything in an envelope, errors too, under status 200; prices as strings."""
import json

from . import coins as coin_list
from .answer import Answer, Query, compact, recorded_body
from .digits import fixed
from .market import DAY_MS, STEP_MS, Candle

MINUTES = (5, 15, 30, 60, 240, 1440)
ROWS_MAX = 720
UNKNOWN_PAIR, BAD_ARGUMENTS = "EQuery:Unknown asset pair", "EGeneral:Invalid arguments"


class Refusal(Exception):
    pass


class Kraken:
    name = "kraken"

    def __init__(self, market):
        self.market = market
        self.pairs = coin_list.kraken_pairs(market.recorded)
        # What it lets one ask for, besides the names it answers with.
        self.spellings = {row.get(name, key): key for key, row in self.listed().items()
                          for name in ("altname", "wsname")}

    def answer(self, target, headers, now_ms):
        query = Query(target)
        route = {"/0/public/Time": self.time, "/0/public/SystemStatus": self.system_status,
                 "/0/public/AssetPairs": self.asset_pairs, "/0/public/Ticker": self.ticker,
                 "/0/public/OHLC": self.ohlc}.get(query.path)
        try:
            if route is None:
                raise Refusal("EGeneral:Unknown method")
            return envelope(route(query, now_ms))
        except Refusal as refusal:
            return Answer(200, compact({"error": [str(refusal)]}))

    def time(self, query, now_ms):
        return {"unixtime": now_ms // 1000}

    def system_status(self, query, now_ms):
        return {"status": "online"}

    def listed(self):
        """AssetPairs as recorded, and the markets that are younger."""
        rows = json.loads(recorded_body(self.market.recorded,
                                        "kraken/AssetPairs_2021-04-17.json"))["result"]
        for symbol, pair in self.pairs.items():
            if symbol not in rows:
                base, quote = self.market.coins[pair.base].symbol.upper(), pair.quote.upper()
                rows[symbol] = {**rows["ADAUSD"], "altname": symbol, "wsname": f"{base}/{quote}",
                                "base": base, "quote": "Z" + quote}
        return rows

    def asset_pairs(self, query, now_ms):
        return self.listed()

    def asked_pair(self, name):
        symbol = self.spellings.get(name, name)
        if symbol not in self.pairs:
            raise Refusal(UNKNOWN_PAIR)
        return symbol

    # Ticker: no time, no change of 24 hours; one unknown market and all fail.

    def ticker(self, query, now_ms):
        asked = query.list("pair") or self.pairs
        return {symbol: self.ticker_row(symbol, now_ms)
                for symbol in map(self.asked_pair, asked)}

    def ticker_row(self, symbol, now_ms):
        instrument = self.market.instrument("kraken", symbol)
        today = self.traded(symbol, now_ms // DAY_MS * DAY_MS, now_ms)
        day = self.traded(symbol, (now_ms - DAY_MS) // STEP_MS * STEP_MS + STEP_MS, now_ms)
        last = self.market.price(instrument, now_ms)
        opened = self.market.price(instrument, now_ms // DAY_MS * DAY_MS)

        def price(units):
            return fixed(units, instrument.places, max(instrument.places, 5))

        def both(of):
            return [of(today), of(day)]

        def edge(choose, name):
            return both(lambda candles: price(choose(
                [last, *(getattr(candle, name) for candle in candles)])))

        return {
            "a": [price(last + 1), "1", "1.000"], "b": [price(max(last - 1, 1)), "2", "2.000"],
            "c": [price(last), fixed(1 + now_ms % 10**8, 8)],
            "v": both(lambda candles: fixed(sum(candle.volume for candle in candles), 8)),
            "p": both(lambda candles: price(average(merged(candles), instrument.places) or last)),
            "t": both(lambda candles: sum(candle.trades for candle in candles)),
            "l": edge(min, "low"), "h": edge(max, "high"), "o": price(opened)}

    def traded(self, symbol, from_ms, now_ms):
        return self.market.candles("kraken", symbol, 300, from_ms, now_ms, now_ms)

    # OHLC: the newest 720 whatever `since` says, the last of them unfinished.

    def ohlc(self, query, now_ms):
        symbol = self.asked_pair(query.get("pair", ""))
        minutes, since = query.get("interval", "1"), query.get("since", "0")
        if not (minutes.isdigit() and int(minutes) in MINUTES and since.isdigit()):
            raise Refusal(BAD_ARGUMENTS)
        width = int(minutes) * 60_000
        newest = now_ms // width * width
        places = self.market.instrument("kraken", symbol).places
        rows = [row_of(candle, places) for candle in
                self.candles(symbol, width // 1000, newest - (ROWS_MAX - 1) * width, newest + 1,
                             now_ms)
                if candle.open_ms > int(since) * 1000]
        return {symbol: rows, "last": (newest - width) // 1000}

    def candles(self, symbol, interval_s, from_ms, to_ms, now_ms):
        """
        Every candle that opens in [from_ms, to_ms) and not after now_ms: a period without a trade
        repeats the last close.
        """
        width, found, close = interval_s * 1000, [], None
        for open_ms in range(-(-from_ms // width) * width, min(to_ms, now_ms + 1), width):
            candle = self.market.candle("kraken", symbol, interval_s, open_ms, now_ms)
            if candle is None:
                close = close or self.last_close(symbol, open_ms)
                candle = Candle(open_ms, close, close, close, close, 0, 0, 0)
            close = candle.close
            found.append(candle)
        return found

    def last_close(self, symbol, before_ms):
        at = before_ms - STEP_MS
        while (candle := self.market.candle("kraken", symbol, 300, at, before_ms)) is None:
            at -= STEP_MS
        return candle.close


def envelope(result):
    return Answer(200, compact({"error": [], "result": result}))


def merged(candles):
    """(volume, quote volume) of all."""
    return sum(candle.volume for candle in candles), sum(candle.quote_volume for candle in candles)


def average(volumes, places):
    """The price per coin, 0 if nothing was traded."""
    volume, quote_volume = volumes
    return quote_volume * 10**places // volume if volume else 0


def row_of(candle, places):
    def price(units):
        return fixed(units, places)

    vwap = average((candle.volume, candle.quote_volume), places)
    return [candle.open_ms // 1000, price(candle.open), price(candle.high), price(candle.low),
            price(candle.close), price(vwap) if vwap else "0.0", fixed(candle.volume, 8),
            candle.trades]
